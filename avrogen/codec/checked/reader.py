"""Bytes to values, step by step."""

from __future__ import annotations

import struct
from collections.abc import Callable, Iterator
from typing import Any, Final, Literal, TypeVar, assert_never

from avrogen.avro.model import TimeUnit
from avrogen.codec import conversions, plan
from avrogen.codec.checked.paths import Trouble, index_step, key_step, name_step
from avrogen.codec.checked.sizes import least_sizes
from avrogen.codec.conversions import uuid_from_text
from avrogen.codec.limits import MAX_DEPTH, MAX_EMPTY_ITEMS
from avrogen.codec.values import Duration, LocalTimestampNanos, TimestampNanos
from avrogen.codec.varints import read_varint
from avrogen.errors import DecodeError

__all__ = ["CheckedReader"]

_REAL: Final = {32: struct.Struct("<f"), 64: struct.Struct("<d")}
_DURATION: Final = struct.Struct("<3I")

V = TypeVar("V")


class CheckedReader:
    """Reads values of one plan."""

    def __init__(self, plan_: plan.Plan) -> None:
        self._plan = plan_
        self._least_sizes = least_sizes(plan_)

    def read(self, data: bytes) -> Any:
        """A datum, which is all of ``data``.

        Raises:
            DecodeError: with the path and the offset of what is wrong.
        """
        cursor = _Cursor(data)
        try:
            value = self._read(self._plan.root, cursor, 0)
            if cursor.position != len(data):
                raise Trouble(f"{len(data) - cursor.position} bytes remain", cursor.position)
            return value
        except Trouble as trouble:
            error = DecodeError(trouble.message, trouble.path(), trouble.offset)
        except RecursionError:
            error = DecodeError("nested too deeply", offset=cursor.position)
        # Raised out here, it does not drag along what was tried before.
        raise error from None

    def read_part(
        self, operation: plan.Operation, data: bytes, position: int, depth: int
    ) -> tuple[Any, int]:
        """What one operation reads, and the position after it."""
        cursor = _Cursor(data, position)
        return self._read(operation, cursor, depth), cursor.position

    def _read(self, operation: plan.Operation, cursor: _Cursor, depth: int) -> Any:
        match operation:
            case plan.ArrayOperation(item):
                items: list[Any] = []
                for _ in self._blocks(operation, cursor):
                    with_step = index_step(len(items))
                    items.append(self._step(with_step, item, cursor, depth))
                return items
            case plan.MapOperation(inner):
                entries: dict[str, Any] = {}
                for _ in self._blocks(operation, cursor):
                    key = cursor.string()
                    entries[key] = self._step(key_step(key), inner, cursor, depth)
                return entries
            case plan.UnionOperation(branches):
                start = cursor.position
                index = cursor.integer(32)
                if not 0 <= index < len(branches):
                    raise Trouble(f"a union of {len(branches)} has no branch {index}", start)
                return self._read(branches[index].operation, cursor, depth)
            case plan.Call(key):
                record = self._plan.records[key]
                depth += record.recursive
                if depth > MAX_DEPTH:
                    raise Trouble(f"nested more than {MAX_DEPTH} levels deep", cursor.position)
                return self._read_record(record, cursor, depth)
            case _:
                return _leaf(operation, cursor)

    def _step(self, step: str, operation: plan.Operation, cursor: _Cursor, depth: int) -> Any:
        try:
            return self._read(operation, cursor, depth)
        except Trouble as trouble:
            trouble.steps.append(step)
            raise

    def _read_record(self, record: plan.RecordOperation, cursor: _Cursor, depth: int) -> Any:
        values = [
            self._step(name_step(f.attribute or f.name), f.operation, cursor, depth)
            for f in record.fields
        ]
        if record.type is None:
            return {f.name: value for f, value in zip(record.fields, values, strict=True)}
        instance = object.__new__(record.type)
        for field, value in zip(record.fields, values, strict=True):
            assert field.attribute is not None, "a record with a class has attributes"
            object.__setattr__(instance, field.attribute, value)
        return instance

    def _blocks(
        self, operation: plan.ArrayOperation | plan.MapOperation, cursor: _Cursor
    ) -> Iterator[None]:
        """As many times as there are items (specification, "Arrays", "Maps").

        The size of a block is there for who skips it. Every library that reads the items passes
        over a wrong one, and so does this one, as long as it stays within the bytes.
        """
        least = self._least_sizes.of_item(operation)
        while True:
            start = cursor.position
            count = cursor.integer(64)
            if count < 0:
                count = -count
                cursor.length()
            if count == 0:
                return
            if least == 0:
                cursor.empty_items += count
                if cursor.empty_items > MAX_EMPTY_ITEMS:
                    raise Trouble(f"more than {MAX_EMPTY_ITEMS} items without content", start)
            elif count * least > cursor.remaining():
                raise Trouble(f"{count} items cannot be in what remains", start)
            for _ in range(count):
                yield


class _Cursor:
    """A position in the bytes."""

    def __init__(self, data: bytes, position: int = 0) -> None:
        self.data = data
        self.position = position
        self.empty_items = 0

    def remaining(self) -> int:
        return len(self.data) - self.position

    def take(self, size: int) -> bytes:
        if size > self.remaining():
            raise Trouble(f"{size} bytes are expected, {self.remaining()} remain", self.position)
        start = self.position
        self.position += size
        return self.data[start : self.position]

    def integer(self, bits: Literal[32, 64]) -> int:
        try:
            value, self.position = read_varint(self.data, self.position, bits)
        except DecodeError as error:
            raise Trouble(error.message, error.offset) from None
        return value

    def length(self) -> int:
        start = self.position
        size = self.integer(64)
        if size < 0:
            raise Trouble(f"a length of {size}", start)
        if size > self.remaining():
            raise Trouble(f"{size} bytes are announced, {self.remaining()} remain", start)
        return size

    def string(self) -> str:
        size = self.length()
        start = self.position
        try:
            return self.take(size).decode()
        except UnicodeDecodeError as error:
            raise Trouble(f"invalid UTF-8: {error.reason}", start + error.start) from None


def _leaf(operation: plan.Operation, cursor: _Cursor) -> Any:
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
        case plan.BytesOperation():
            return cursor.take(cursor.length())
        case plan.StringOperation():
            return cursor.string()
        case plan.FixedOperation(_, size, class_):
            content = cursor.take(size)
            return content if class_ is bytes else bytes.__new__(class_, content)
        case plan.EnumOperation(name, _, values):
            index = cursor.integer(32)
            if not 0 <= index < len(values):
                raise Trouble(f"{name} has no symbol {index}", start)
            return values[index]
        case plan.DecimalOperation(precision, scale, size):
            content = cursor.take(cursor.length() if size is None else size)
            number = int.from_bytes(content, "big", signed=True)
            return _converted(
                lambda: conversions.decimal_from_unscaled(number, precision, scale), start
            )
        case plan.UuidOperation(binary):
            return _uuid(cursor, binary)
        case plan.DateOperation():
            days = cursor.integer(32)
            return _converted(lambda: conversions.date_from_days(days), start)
        case plan.TimeOperation(unit):
            units = cursor.integer(32 if unit is TimeUnit.MILLIS else 64)
            return _converted(lambda: conversions.time_from_units(units, unit), start)
        case plan.TimestampOperation(unit, local):
            units = cursor.integer(64)
            convert = conversions.timestamp_from_units
            return _converted(lambda: convert(units, unit, local=local), start)
        case plan.NanosOperation(local):
            nanos = cursor.integer(64)
            return LocalTimestampNanos(nanos) if local else TimestampNanos(nanos)
        case plan.DurationOperation():
            return Duration(*_DURATION.unpack(cursor.take(12)))
        case plan.ArrayOperation() | plan.MapOperation() | plan.UnionOperation() | plan.Call():
            raise AssertionError("not a leaf")
        case _:
            assert_never(operation)


def _converted(convert: Callable[[], V], start: int) -> V:
    try:
        return convert()
    except ValueError as error:
        raise Trouble(str(error), start) from None


def _uuid(cursor: _Cursor, binary: bool) -> Any:
    from uuid import UUID

    start = cursor.position
    if binary:
        return UUID(bytes=cursor.take(16))
    text = cursor.take(cursor.length())
    return _converted(lambda: uuid_from_text(text), start)
