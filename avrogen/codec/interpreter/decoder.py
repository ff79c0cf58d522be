"""Interpreted decoding: bytes to values, and skipping, with every check."""

from __future__ import annotations

import struct
from collections.abc import Iterator, Mapping
from dataclasses import replace
from typing import Any, Final, assert_never

from avrogen.codec import conversions, plan
from avrogen.codec.interpreter.cursor import Cursor
from avrogen.codec.interpreter.path_errors import (
    TOO_DEEP,
    TOO_DEEP_FOR_PYTHON,
    TOO_MANY,
    TOO_MANY_VALUES,
    PathError,
    index_step,
    key_step,
    name_step,
)
from avrogen.codec.limits import VALUES_PER_BYTE, Limits, current_limits
from avrogen.codec.plan_analysis import MinimumSizes
from avrogen.errors import DecodeError, ResolutionError
from avrogen.message_text import shortened_name

__all__ = ["InterpretedDecoder", "read_leaf", "skip_leaf"]


_FRAMINGS: Final = (
    (
        b"\x00",
        5,
        "the data look like Confluent's wire format (0 and schema id {id}): decode them with a "
        "typed consumer or avrogen.kafka.Deserializer, or leave out the first 5 bytes",
    ),
    (
        b"\x01",
        17,
        "the data look like Confluent's wire format (1 and a schema's GUID): decode them with a "
        "typed consumer or avrogen.kafka.Deserializer, or leave out the first 17 bytes",
    ),
    (
        b"\xc3\x01",
        10,
        "the data look like single-object encoding: decode them with from_single_object",
    ),
)
"""Prefixes that a datum may have: the first bytes, the size, and a description."""

_SMALL_ID: Final = b"\x00\x00\x00"
"""Beginning of data with a schema id up to 65535, which data of other schemas seldom have."""


class InterpretedDecoder:
    """Decodes values of one plan."""

    def __init__(self, plan_: plan.Plan) -> None:
        self._plan = plan_
        self._minimum_sizes = MinimumSizes(plan_)

    def read(self, data: bytes, limits: Limits | None = None) -> Any:
        """Decode a datum, which is all of ``data``.

        Raises:
            DecodeError: with the path and the offset of the fault.
        """
        try:
            return self._datum(self._plan.root, data, limits)
        except ResolutionError:
            raise
        except DecodeError as error:
            framing = self._framing(data, limits)
            if framing is not None:
                error.message = f"{error.message}; {framing}"
                error.args = (error.message, error.path)
            raise

    def read_default(self, default: plan.DefaultField) -> Any:
        """Return a new value of a default.

        Raises:
            DecodeError: Python has no such value: a date in the year 12000.
        """
        return self._datum(default.operation, default.data, None)

    def read_part(self, operation: plan.Operation, data: bytes, position: int) -> tuple[Any, int]:
        """Decode a value without inner values. Return it and the position after it."""
        cursor = Cursor(data, position)
        return read_leaf(operation, cursor), cursor.position

    def _framing(self, data: bytes, limits: Limits | None) -> str | None:
        """Describe what is in front of a datum; None: nothing that is known."""
        for prefix, size, description in _FRAMINGS:
            if data.startswith(prefix) and len(data) >= size:
                id_ = int.from_bytes(data[1:5], "big")
                if not (data.startswith(_SMALL_ID) and id_):
                    try:
                        self._datum(self._plan.root, data[size:], limits)
                    except DecodeError:
                        continue
                return description.format(id=id_)
        return None

    def _datum(self, operation: plan.Operation, data: bytes, limits: Limits | None) -> Any:
        limits = limits or current_limits()
        cursor = Cursor(data)
        values = limits.max_values + VALUES_PER_BYTE * len(data)
        decoding = _Decoding(self._plan.records, self._minimum_sizes, cursor, limits, values)
        error: DecodeError
        cause: BaseException | None = None
        try:
            value = decoding.read(operation, limits.max_depth)
            if cursor.remaining():
                raise PathError(_trailing(cursor.remaining()), cursor.position)
            return value
        except PathError as fault:
            if fault.reasons:
                error = ResolutionError(fault.reasons, fault.path(), fault.offset)
            else:
                error = DecodeError(fault.message, fault.path(), fault.offset)
            cause = fault.cause
        except RecursionError:
            error = DecodeError(TOO_DEEP_FOR_PYTHON, offset=cursor.position)
        # Raised out here, it does not drag along what was tried before.
        raise error from cause


class _Decoding:
    """The decoding of one datum.

    A record within a record costs two calls only, as Python's stack is limited. ``left`` is the
    number of further levels of recursive records.
    """

    def __init__(
        self,
        records: Mapping[str, plan.RecordOperation],
        minimum_sizes: MinimumSizes,
        cursor: Cursor,
        limits: Limits,
        values_left: int,
    ) -> None:
        self._records = records
        self._minimum_sizes = minimum_sizes
        self._cursor = cursor
        self._limits = limits
        self._made = 0
        self._values_left = values_left

    def read(self, operation: plan.Operation, left: int) -> Any:
        """Decode the value of an operation."""
        self._values_left -= 1
        if self._values_left < 0:
            raise PathError(TOO_MANY_VALUES, self._cursor.position)
        if isinstance(operation, plan.UnionOperation):
            operation = self._branch(operation)
        if isinstance(operation, plan.NamedOperation):
            return operation.name, self.read(operation.operation, left)
        match operation:
            case plan.Call(key):
                return self._record(self._records[key], left)
            case plan.ArrayOperation():
                return self._array(operation, left)
            case plan.MapOperation():
                return self._map(operation, left)
            case plan.SkipOperation(skipped):
                return self._skip(skipped, left)
            case plan.LogicalOperation(plan.Call(key)):
                start = self._cursor.position
                return _converted(operation, self._record(self._records[key], left), start)
            case _:
                return read_leaf(operation, self._cursor)

    def _branch(self, union: plan.UnionOperation) -> plan.Operation:
        start = self._cursor.position
        index = self._cursor.integer(32)
        if not 0 <= index < len(union.branches):
            count = len(union.branches)
            raise PathError(f"union branch {index} does not exist, there are {count}", start)
        return union.branches[index].operation

    def _record(self, record: plan.RecordOperation, left: int) -> Any:
        left = self._deeper(record, left)
        self._made += 1
        if self._made > self._limits.max_empty_items + self._cursor.position:
            raise PathError(TOO_MANY, self._cursor.position)
        values: dict[int, Any] = {}
        for field in record.fields:
            try:
                value = self.read(field.operation, left)
            except PathError as fault:
                fault.steps.append(name_step(field.attribute or field.name))
                raise
            if field.position is not None:
                values[field.position] = value
        for default in record.defaults:
            values[default.position] = self._default(default)
        return _instance(record, values)

    def _default(self, default: plan.DefaultField) -> Any:
        cursor = Cursor(default.data)
        decoding = _Decoding(
            self._records, self._minimum_sizes, cursor, self._limits, self._values_left
        )
        value = decoding.read(default.operation, self._limits.max_depth)
        self._values_left = decoding._values_left
        return value

    def _deeper(self, record: plan.RecordOperation, left: int) -> int:
        left -= record.recursive
        if left < 0:
            raise PathError(TOO_DEEP, self._cursor.position)
        return left

    # --- blocks ----------------------------------------------------------------------------------

    def _array(self, operation: plan.ArrayOperation, left: int) -> list[Any]:
        items: list[Any] = []
        for count, _ in self._blocks(operation):
            for _ in range(count):
                try:
                    items.append(self.read(operation.item, left))
                except PathError as fault:
                    fault.steps.append(index_step(len(items)))
                    raise
        return items

    def _map(self, operation: plan.MapOperation, left: int) -> dict[str, Any]:
        entries: dict[str, Any] = {}
        for count, _ in self._blocks(operation):
            for _ in range(count):
                key = self._cursor.string()
                try:
                    entries[key] = self.read(operation.value, left)
                except PathError as fault:
                    fault.steps.append(key_step(key))
                    raise
        return entries

    def _blocks(
        self, operation: plan.ArrayOperation | plan.MapOperation
    ) -> Iterator[tuple[int, int | None]]:
        """Yield the item count of each block, and its size in bytes if the block has it.

        The size serves to skip a block (specification, "Arrays", "Maps"). Like other libraries,
        this one ignores a wrong size when it reads the items, if it is within the data.
        """
        cursor = self._cursor
        least = self._minimum_sizes.of_item(operation)
        while True:
            start = cursor.position
            count = cursor.integer(64)
            size = None
            if count < 0:
                count = -count
                size = cursor.length()
            if count == 0:
                return
            if least == 0:
                cursor.empty_items += count
                if cursor.empty_items > self._limits.max_empty_items:
                    raise PathError(TOO_MANY, start)
            elif count * least > cursor.remaining():
                remaining = cursor.remaining()
                raise PathError(
                    f"truncated: a block of {count} items, only {remaining} bytes left", start
                )
            yield count, size

    # --- skipping --------------------------------------------------------------------------------

    def _skip(self, operation: plan.Operation, left: int) -> None:
        if isinstance(operation, plan.UnionOperation):
            operation = self._branch(operation)
        match operation:
            case plan.Call(key):
                record = self._records[key]
                left = self._deeper(record, left)
                for field in record.fields:
                    try:
                        self._skip(field.operation, left)
                    except PathError as fault:
                        fault.steps.append(name_step(field.name))
                        raise
            case plan.ArrayOperation() | plan.MapOperation():
                for count, size in self._blocks(operation):
                    if size is not None:
                        self._cursor.take(size)
                    else:
                        self._skip_items(operation, count, left)
            case _:
                skip_leaf(operation, self._cursor)

    def _skip_items(
        self, operation: plan.ArrayOperation | plan.MapOperation, count: int, left: int
    ) -> None:
        for index in range(count):
            if isinstance(operation, plan.MapOperation):
                self._cursor.take(self._cursor.length())
            try:
                self._skip(_inner(operation), left)
            except PathError as fault:
                fault.steps.append(index_step(index))
                raise


def _inner(operation: plan.ArrayOperation | plan.MapOperation) -> plan.Operation:
    return operation.item if isinstance(operation, plan.ArrayOperation) else operation.value


def _instance(record: plan.RecordOperation, values: dict[int, Any]) -> Any:
    """Return a record of values by position."""
    ordered = [values[position] for position in sorted(values)]
    if record.type is None:
        return {part.name: value for part, value in zip(record.parts, ordered, strict=True)}
    instance = object.__new__(record.type)
    for part, value in zip(record.parts, ordered, strict=True):
        assert part.attribute is not None, "a record with a class has attributes"
        object.__setattr__(instance, part.attribute, value)
    return instance


_FLOATS: Final = {32: struct.Struct("<f"), 64: struct.Struct("<d")}


def read_leaf(operation: plan.Operation, cursor: Cursor) -> Any:
    """Decode a value without inner values."""
    start = cursor.position
    match operation:
        case plan.NullOperation():
            return None
        case plan.BooleanOperation():
            byte = cursor.take(1)[0]
            if byte > 1:
                raise PathError(f"a boolean must be 0 or 1, got {byte}", start)
            return byte == 1
        case plan.IntegerOperation(bits):
            return cursor.integer(bits)
        case plan.FloatOperation(bits):
            return _FLOATS[bits].unpack(cursor.take(bits // 8))[0]
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
        case plan.LogicalOperation(base):
            return _converted(operation, read_leaf(base, cursor), start)
        case plan.UnreadableOperation(reasons):
            raise PathError("unreadable", start, reasons())
        case (
            plan.ArrayOperation()
            | plan.MapOperation()
            | plan.UnionOperation()
            | plan.Call()
            | plan.SkipOperation()
            | plan.NamedOperation()
        ):
            raise AssertionError("not a leaf")
        case _:
            assert_never(operation)


def _converted(operation: plan.LogicalOperation, raw: Any, start: int) -> Any:
    try:
        return operation.kind.from_base(raw)
    except ValueError as error:
        fault = PathError(str(error), start)
        fault.cause = error.__cause__
        raise fault from None


def skip_leaf(operation: plan.Operation, cursor: Cursor) -> None:
    """Skip a value without inner values, of a type without a logical type."""
    match operation:
        case plan.NullOperation():
            pass
        case plan.BooleanOperation():
            cursor.take(1)
        case plan.IntegerOperation(bits):
            cursor.integer(bits)
        case plan.EnumOperation():
            cursor.integer(32)
        case plan.FloatOperation(bits):
            cursor.take(bits // 8)
        case plan.BytesOperation() | plan.StringOperation():
            cursor.take(cursor.length())
        case plan.FixedOperation(_, size):
            cursor.take(size)
        case _:
            raise AssertionError("not a leaf that is skipped")


def _trailing(count: int) -> str:
    return f"{count} trailing byte{'s' if count != 1 else ''} after the value"


def _symbol(enum: plan.EnumOperation, cursor: Cursor) -> str:
    start = cursor.position
    index = cursor.integer(32)
    if not 0 <= index < len(enum.values):
        name, count = shortened_name(enum.name), len(enum.values)
        raise PathError(f"symbol {index} of {name} does not exist, there are {count}", start)
    value = enum.values[index]
    if value is None:
        symbol = f"[{enum.symbols[index]}]"
        reasons = tuple(replace(reason, message=symbol) for reason in enum.reasons())
        raise PathError("unreadable", start, reasons)
    return value
