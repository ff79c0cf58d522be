"""Bytes to values that have no inner values, and past them."""

from __future__ import annotations

import struct
from collections.abc import Callable
from dataclasses import replace
from typing import Any, Final, TypeVar, assert_never
from uuid import UUID

from avrogen.codec import conversions, plan
from avrogen.codec.brief import shortened_name
from avrogen.codec.checked.cursor import Cursor
from avrogen.codec.checked.paths import Trouble
from avrogen.codec.values import Duration, LocalTimestampNanos, TimestampNanos

__all__ = ["read_leaf", "skip_leaf"]

_REAL: Final = {32: struct.Struct("<f"), 64: struct.Struct("<d")}
_DURATION: Final = struct.Struct("<3I")

V = TypeVar("V")


def read_leaf(operation: plan.Operation, cursor: Cursor) -> Any:
    """What an operation without inner operations reads."""
    start = cursor.position
    match operation:
        case plan.NullOperation():
            return None
        case plan.BooleanOperation():
            byte = cursor.take(1)[0]
            if byte > 1:
                raise Trouble(f"a boolean is 0 or 1, not {byte}", start)
            return byte == 1
        case plan.IntegerOperation(bits):
            return cursor.integer(bits)
        case plan.RealOperation(bits):
            return _REAL[bits].unpack(cursor.take(bits // 8))[0]
        case plan.PromotedOperation(written, bits):
            return conversions.nearest_float(cursor.integer(written), bits)
        case plan.BytesOperation():
            return cursor.take(cursor.length())
        case plan.StringOperation():
            return cursor.string()
        case plan.FixedOperation(_, size, class_):
            content = cursor.take(size)
            return content if class_ is bytes else bytes.__new__(class_, content)
        case plan.EnumOperation():
            return _symbol(operation, cursor)
        case plan.DecimalOperation():
            return _decimal(operation, cursor)
        case plan.UuidOperation(binary):
            if binary:
                return UUID(bytes=cursor.take(16))
            text = cursor.take(cursor.length())
            return _converted(lambda: conversions.uuid_from_text(text), start)
        case plan.DateOperation():
            days = cursor.integer(32)
            return _converted(lambda: conversions.date_from_days(days), start)
        case plan.TimeOperation(unit, bits):
            units = cursor.integer(bits)
            return _converted(lambda: conversions.time_from_units(units, unit), start)
        case plan.TimestampOperation(unit, local, bits):
            units = cursor.integer(bits)
            convert = conversions.timestamp_from_units
            return _converted(lambda: convert(units, unit, local=local), start)
        case plan.NanosOperation(local, bits, unit):
            units = cursor.integer(bits)
            nanos = _converted(lambda: conversions.nanos_from_units(units, unit), start)
            return LocalTimestampNanos(nanos) if local else TimestampNanos(nanos)
        case plan.DurationOperation():
            return Duration(*_DURATION.unpack(cursor.take(12)))
        case plan.UnreadableOperation(reasons):
            raise Trouble("it cannot be read", start, reasons())
        case (
            plan.ArrayOperation()
            | plan.MapOperation()
            | plan.UnionOperation()
            | plan.Call()
            | plan.SkipOperation()
        ):
            raise AssertionError("not a leaf")
        case _:
            assert_never(operation)


def skip_leaf(operation: plan.Operation, cursor: Cursor) -> None:
    """Go past what an operation without inner operations reads. It has no logical type."""
    match operation:
        case plan.NullOperation():
            pass
        case plan.BooleanOperation():
            cursor.take(1)
        case plan.IntegerOperation(bits):
            cursor.integer(bits)
        case plan.EnumOperation():
            cursor.integer(32)
        case plan.RealOperation(bits):
            cursor.take(bits // 8)
        case plan.BytesOperation() | plan.StringOperation():
            cursor.take(cursor.length())
        case plan.FixedOperation(_, size):
            cursor.take(size)
        case _:
            raise AssertionError("nothing else is skipped as a leaf")


def _symbol(enum: plan.EnumOperation, cursor: Cursor) -> str:
    start = cursor.position
    index = cursor.integer(32)
    if not 0 <= index < len(enum.values):
        raise Trouble(f"{shortened_name(enum.name)} has no symbol {index}", start)
    value = enum.values[index]
    if value is None:
        symbol = f"[{enum.symbols[index]}]"
        reasons = tuple(replace(reason, message=symbol) for reason in enum.reasons())
        raise Trouble("it cannot be read", start, reasons)
    return value


def _decimal(operation: plan.DecimalOperation, cursor: Cursor) -> Any:
    start = cursor.position
    content = cursor.take(cursor.length() if operation.size is None else operation.size)
    number = int.from_bytes(content, "big", signed=True)
    precision, scale, written = operation.precision, operation.scale, operation.written_scale
    if written is None:
        convert = conversions.decimal_from_unscaled
        return _converted(lambda: convert(number, precision, scale), start)
    return _converted(lambda: conversions.rescaled(number, written, precision, scale), start)


def _converted(convert: Callable[[], V], start: int) -> V:
    try:
        return convert()
    except ValueError as error:
        raise Trouble(str(error), start) from None
