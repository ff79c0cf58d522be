"""Avro schemas as values: what the specification calls "schema", in the specification's words.

A type is one of a closed union of frozen classes, so that a ``match`` over it can be checked for
completeness with :func:`typing.assert_never`. Named types are held once, by full name; wherever
one is used stands a :class:`Reference`. That keeps recursive schemas plain, finite values.

Every class keeps the attributes that the specification does not define ("custom attributes") as
the source has them, at their place. Attributes of logical types are among them: ``logical`` is
what they mean where they are valid, ``attributes`` is what was written.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import Enum, StrEnum
from typing import Final, Literal, TypeAlias

from avrogen.avro.source import Origin

__all__ = [
    "NO_DEFAULT",
    "Array",
    "Attributes",
    "AvroType",
    "Date",
    "Decimal",
    "DurationType",
    "EnumType",
    "Field",
    "FixedType",
    "Json",
    "LocalTimestamp",
    "LogicalType",
    "Map",
    "NamedType",
    "NoDefault",
    "Order",
    "Primitive",
    "PrimitiveName",
    "RecordType",
    "Reference",
    "TimeOfDay",
    "TimeUnit",
    "Timestamp",
    "Union",
    "Uuid",
]

Json: TypeAlias = "bool | int | float | str | list[Json] | dict[str, Json] | None"
"""A JSON value. Numbers written without fraction and exponent are ``int``."""

Attributes: TypeAlias = Mapping[str, Json]
"""Custom attributes, in the order of the source."""

PrimitiveName: TypeAlias = Literal[
    "null", "boolean", "int", "long", "float", "double", "bytes", "string"
]


class NoDefault(Enum):
    """The type of :data:`NO_DEFAULT`."""

    NO_DEFAULT = "no default"


NO_DEFAULT: Final = NoDefault.NO_DEFAULT
"""Stands for the absence of a default, as ``None`` is the default ``null``."""


class Order(StrEnum):
    """How a field takes part in the sort order of its record (specification, "Sort Order")."""

    ASCENDING = "ascending"
    DESCENDING = "descending"
    IGNORE = "ignore"


# --- logical types (specification, "Logical Types") ---------------------------------------------


class TimeUnit(StrEnum):
    """The unit that a time or a timestamp counts in."""

    MILLIS = "millis"
    MICROS = "micros"
    NANOS = "nanos"


@dataclass(frozen=True, slots=True)
class Decimal:
    """``decimal`` on bytes or fixed: an unscaled integer, big-endian two's complement."""

    precision: int
    scale: int


@dataclass(frozen=True, slots=True)
class Uuid:
    """``uuid`` on string, or on fixed of size 16."""


@dataclass(frozen=True, slots=True)
class Date:
    """``date`` on int: days from 1970-01-01."""


@dataclass(frozen=True, slots=True)
class TimeOfDay:
    """``time-millis`` on int, ``time-micros`` on long: since midnight."""

    unit: TimeUnit


@dataclass(frozen=True, slots=True)
class Timestamp:
    """``timestamp-millis``, ``-micros``, ``-nanos`` on long: an instant, counted from 1970 UTC."""

    unit: TimeUnit


@dataclass(frozen=True, slots=True)
class LocalTimestamp:
    """``local-timestamp-*`` on long: a date and time of day in no particular time zone."""

    unit: TimeUnit


@dataclass(frozen=True, slots=True)
class DurationType:
    """``duration`` on fixed of size 12: months, days and milliseconds, each little-endian."""


LogicalType: TypeAlias = (
    Decimal | Uuid | Date | TimeOfDay | Timestamp | LocalTimestamp | DurationType
)


# --- types --------------------------------------------------------------------------------------


def _no_attributes() -> Attributes:
    return {}


@dataclass(frozen=True, slots=True)
class Primitive:
    """A primitive type, with its logical type if it has a valid one."""

    name: PrimitiveName
    logical: LogicalType | None = None
    attributes: Attributes = field(default_factory=_no_attributes)


@dataclass(frozen=True, slots=True)
class Reference:
    """The use of a named type, by its full name."""

    name: str


@dataclass(frozen=True, slots=True)
class Array:
    """A sequence of items of one type."""

    items: AvroType
    attributes: Attributes = field(default_factory=_no_attributes)


@dataclass(frozen=True, slots=True)
class Map:
    """Values of one type under string keys."""

    values: AvroType
    attributes: Attributes = field(default_factory=_no_attributes)


@dataclass(frozen=True, slots=True)
class Union:
    """One of several types. Branches are never unions themselves."""

    branches: tuple[AvroType, ...]


@dataclass(frozen=True, slots=True)
class Field:
    """A field of a record. ``default`` is the JSON of the source, already checked."""

    name: str
    type: AvroType
    default: Json | NoDefault = NO_DEFAULT
    order: Order | None = None
    aliases: tuple[str, ...] = ()
    doc: str | None = None
    attributes: Attributes = field(default_factory=_no_attributes)
    origin: Origin | None = field(default=None, compare=False, repr=False)


@dataclass(frozen=True, slots=True)
class RecordType:
    """A record, or an error (a record declared with ``"type": "error"``).

    Names and aliases of named types are full names; ``namespace`` may be "".
    """

    name: str
    fields: tuple[Field, ...]
    aliases: tuple[str, ...] = ()
    doc: str | None = None
    is_error: bool = False
    attributes: Attributes = field(default_factory=_no_attributes)
    origin: Origin | None = field(default=None, compare=False, repr=False)


@dataclass(frozen=True, slots=True)
class EnumType:
    """One of a list of symbols. ``default`` is what a reader takes for a symbol it lacks."""

    name: str
    symbols: tuple[str, ...]
    default: str | None = None
    aliases: tuple[str, ...] = ()
    doc: str | None = None
    attributes: Attributes = field(default_factory=_no_attributes)
    origin: Origin | None = field(default=None, compare=False, repr=False)


@dataclass(frozen=True, slots=True)
class FixedType:
    """So many bytes."""

    name: str
    size: int
    logical: LogicalType | None = None
    aliases: tuple[str, ...] = ()
    doc: str | None = None
    attributes: Attributes = field(default_factory=_no_attributes)
    origin: Origin | None = field(default=None, compare=False, repr=False)


NamedType: TypeAlias = RecordType | EnumType | FixedType
AvroType: TypeAlias = Primitive | Reference | Array | Map | Union
"""What stands where a schema uses a type: named types stand there as references."""
