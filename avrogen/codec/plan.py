"""The plan: what is written and read, in which order, as which Python values.

A plan is all that a backend needs to know. It says nothing of Python source, tables or functions;
whoever writes another backend starts here. Operations name the encoding of the specification
("Binary Encoding") and the Python value at the other end; nothing in a plan is text to be placed
in code, apart from ``FieldOperation.attribute``, which is a proven identifier.

Operations refer to records through :class:`Call`, never directly, so that plans of recursive
schemas are finite. A backend is free to expand calls in place.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal, TypeAlias

from avrogen.avro.model import TimeUnit

__all__ = [
    "ArrayOperation",
    "BooleanOperation",
    "BranchOperation",
    "BytesOperation",
    "Call",
    "DateOperation",
    "DecimalOperation",
    "DurationOperation",
    "EnumOperation",
    "FieldOperation",
    "FixedOperation",
    "IntegerOperation",
    "MapOperation",
    "NanosOperation",
    "NullOperation",
    "Operation",
    "Plan",
    "RealOperation",
    "RecordOperation",
    "StringOperation",
    "TimeOperation",
    "TimestampOperation",
    "UnionOperation",
    "UuidOperation",
]


@dataclass(frozen=True, slots=True)
class NullOperation:
    """No bytes. ``None``."""


@dataclass(frozen=True, slots=True)
class BooleanOperation:
    """One byte, 0 or 1. ``bool``."""


@dataclass(frozen=True, slots=True)
class IntegerOperation:
    """A zigzag varint that holds so many bits. ``int``."""

    bits: Literal[32, 64]


@dataclass(frozen=True, slots=True)
class RealOperation:
    """An IEEE 754 number, little-endian. ``float``; ``int`` is written too."""

    bits: Literal[32, 64]


@dataclass(frozen=True, slots=True)
class BytesOperation:
    """Length (a 64-bit varint) and bytes. ``bytes``."""


@dataclass(frozen=True, slots=True)
class StringOperation:
    """Length in bytes and UTF-8. ``str``."""


@dataclass(frozen=True, slots=True)
class FixedOperation:
    """``size`` bytes. ``type``: ``bytes``, or the subclass for this fixed type.

    Attributes:
        type: the subclass can be made by ``bytes.__new__(type, ...)`` once the size is checked.
    """

    name: str
    size: int
    type: type[bytes]


@dataclass(frozen=True, slots=True)
class EnumOperation:
    """A 32-bit varint, the position of the symbol. The value at that position of ``values``.

    Attributes:
        type: of the values: ``str``, or the StrEnum for this enum.
    """

    name: str
    symbols: tuple[str, ...]
    values: tuple[str, ...]
    type: type[str]


@dataclass(frozen=True, slots=True)
class DecimalOperation:
    """Big-endian two's complement of ``value * 10**scale``. ``decimal.Decimal``.

    Attributes:
        size: of the fixed that it fills; None: as few bytes as hold it, after their number.
    """

    precision: int
    scale: int
    size: int | None


@dataclass(frozen=True, slots=True)
class UuidOperation:
    """36 characters as a string, or 16 bytes (``binary``). ``uuid.UUID``."""

    binary: bool


@dataclass(frozen=True, slots=True)
class DateOperation:
    """A 32-bit varint: days since 1970-01-01. ``datetime.date``."""


@dataclass(frozen=True, slots=True)
class TimeOperation:
    """Units since midnight: a varint, 32 bits for milliseconds, 64 for microseconds.

    A ``datetime.time`` without time zone. What is finer than the unit is dropped when writing.
    """

    unit: TimeUnit


@dataclass(frozen=True, slots=True)
class TimestampOperation:
    """A 64-bit varint: units (milliseconds, microseconds) since 1970. ``datetime.datetime``.

    What is finer than the unit is dropped when writing: the result is never later.

    Attributes:
        local: naive and counted from 1970 wherever that is; otherwise aware, in UTC.
    """

    unit: TimeUnit
    local: bool


@dataclass(frozen=True, slots=True)
class NanosOperation:
    """A 64-bit varint. ``LocalTimestampNanos`` if ``local``, ``TimestampNanos`` otherwise.

    Any int is written.
    """

    local: bool


@dataclass(frozen=True, slots=True)
class DurationOperation:
    """Months, days, milliseconds: unsigned, 32 bits each, little-endian. ``Duration``."""


@dataclass(frozen=True, slots=True)
class ArrayOperation:
    """Blocks: a count (64-bit varint) and so many items; the last has count 0. ``list``.

    A negative count is followed by the number of bytes in the block, and means its opposite.
    """

    item: Operation


@dataclass(frozen=True, slots=True)
class MapOperation:
    """As an array; an item is a string and a value. ``dict``; the last of equal keys counts."""

    value: Operation


@dataclass(frozen=True, slots=True)
class BranchOperation:
    """A branch of a union. ``name`` is what forces it, among plain values."""

    name: str
    operation: Operation


@dataclass(frozen=True, slots=True)
class UnionOperation:
    """A 32-bit varint, the position of the branch, and the branch. Its value.

    Which branch a value is written as is said in :mod:`avrogen.codec.unions`.
    """

    branches: tuple[BranchOperation, ...]


@dataclass(frozen=True, slots=True)
class Call:
    """What the record of this key in ``Plan.records`` does."""

    key: str


Operation: TypeAlias = (
    NullOperation
    | BooleanOperation
    | IntegerOperation
    | RealOperation
    | BytesOperation
    | StringOperation
    | FixedOperation
    | EnumOperation
    | DecimalOperation
    | UuidOperation
    | DateOperation
    | TimeOperation
    | TimestampOperation
    | NanosOperation
    | DurationOperation
    | ArrayOperation
    | MapOperation
    | UnionOperation
    | Call
)


@dataclass(frozen=True, slots=True)
class FieldOperation:
    """A field of a record.

    Attributes:
        name: in the schema, and in plain values.
        attribute: of the class; a proven identifier. None if the record has no class.
    """

    name: str
    attribute: str | None
    operation: Operation


@dataclass(frozen=True, slots=True)
class RecordOperation:
    """Its fields, one after the other, in the order they have on the wire.

    Attributes:
        type: the dataclass; None: a dict by field names.
        recursive: whether a value can hold another value of this record.
    """

    name: str
    fields: tuple[FieldOperation, ...]
    type: type[object] | None
    recursive: bool


@dataclass(frozen=True, slots=True)
class Plan:
    """What to do for one schema.

    Attributes:
        root: what a whole datum is.
        records: every record that is called, by key.
        plain: whether ``("full.Name", value)`` forces a union branch (values without classes).
    """

    root: Operation
    records: Mapping[str, RecordOperation]
    plain: bool
