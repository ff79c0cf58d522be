"""Model of Avro schemas, in the specification's words.

A type is one of a closed union of frozen classes, so that a ``match`` over it can be checked for
completeness with :func:`typing.assert_never`. Named types (records, enums, fixed) are kept once, by
full name; each use of one is a :class:`Reference`. So recursive schemas are plain, finite values.

``RecordType``, ``EnumType`` and ``FixedType`` define named types; their suffix tells them from
classes of values such as ``AvroRecord``. So does that of ``DurationType``: ``Duration`` is the
class of its values.

Every class keeps the attributes that the specification does not define ("custom attributes") as in
the source. Attributes of logical types are among them: ``logical`` is the valid logical type,
``attributes`` has the text.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace
from enum import Enum, StrEnum
from typing import Final, Literal, TypeAlias, assert_never

from avrogen.avro.source import Origin

__all__ = [
    "NO_DEFAULT",
    "Array",
    "Attributes",
    "AvroType",
    "BigDecimal",
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
    "mentions",
    "reachable_types",
    "references",
    "wire_name",
    "wire_types",
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
"""Value of ``Field.default`` without a default; ``None`` is the default ``null``."""


class Order(StrEnum):
    """Sort order of a field in its record (specification, "Sort Order")."""

    ASCENDING = "ascending"
    DESCENDING = "descending"
    IGNORE = "ignore"


# --- logical types (specification, "Logical Types") ---------------------------------------------


class TimeUnit(StrEnum):
    """Unit of a time of day or a timestamp."""

    MILLIS = "millis"
    MICROS = "micros"
    NANOS = "nanos"


@dataclass(frozen=True, slots=True)
class Decimal:
    """``decimal`` on bytes or fixed: an unscaled integer, big-endian two's complement."""

    precision: int
    scale: int


@dataclass(frozen=True, slots=True)
class BigDecimal:
    """``big-decimal`` on bytes: an unscaled integer as ``bytes``, then its scale as ``int``."""


@dataclass(frozen=True, slots=True)
class Uuid:
    """``uuid`` on string, or on fixed of size 16."""


@dataclass(frozen=True, slots=True)
class Date:
    """``date`` on int: days from 1970-01-01."""


@dataclass(frozen=True, slots=True)
class TimeOfDay:
    """``time-millis`` on int, ``time-micros`` on long: time since midnight."""

    unit: TimeUnit


@dataclass(frozen=True, slots=True)
class Timestamp:
    """``timestamp-*`` on long: an instant, counted from 1970-01-01T00:00Z."""

    unit: TimeUnit


@dataclass(frozen=True, slots=True)
class LocalTimestamp:
    """``local-timestamp-*`` on long: a date and time of day without a time zone."""

    unit: TimeUnit


@dataclass(frozen=True, slots=True)
class DurationType:
    """``duration`` on fixed of size 12: months, days and milliseconds, each little-endian."""


LogicalType: TypeAlias = (
    Decimal | BigDecimal | Uuid | Date | TimeOfDay | Timestamp | LocalTimestamp | DurationType
)


# --- types --------------------------------------------------------------------------------------


def _no_attributes() -> Attributes:
    return {}


@dataclass(frozen=True, slots=True)
class Primitive:
    """A primitive type, with its logical type if that is valid."""

    name: PrimitiveName
    logical: LogicalType | None = None
    attributes: Attributes = field(default_factory=_no_attributes)


@dataclass(frozen=True, slots=True)
class Reference:
    """A use of a named type, by its full name."""

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
    """The definition of a record, or of an error (``"type": "error"``).

    Names and aliases of named types are full names, without a dot if there is no namespace. Where
    one full name has several definitions, each may have a ``name`` of its own: then ``wire_name``
    is the full name; see :func:`wire_name`.
    """

    name: str
    fields: tuple[Field, ...]
    aliases: tuple[str, ...] = ()
    doc: str | None = None
    is_error: bool = False
    attributes: Attributes = field(default_factory=_no_attributes)
    origin: Origin | None = field(default=None, compare=False, repr=False)
    wire_name: str | None = None


@dataclass(frozen=True, slots=True)
class EnumType:
    """The definition of an enum. Readers use ``default`` for symbols that they lack."""

    name: str
    symbols: tuple[str, ...]
    default: str | None = None
    aliases: tuple[str, ...] = ()
    doc: str | None = None
    attributes: Attributes = field(default_factory=_no_attributes)
    origin: Origin | None = field(default=None, compare=False, repr=False)
    wire_name: str | None = None


@dataclass(frozen=True, slots=True)
class FixedType:
    """The definition of a fixed: a number of bytes."""

    name: str
    size: int
    logical: LogicalType | None = None
    aliases: tuple[str, ...] = ()
    doc: str | None = None
    attributes: Attributes = field(default_factory=_no_attributes)
    origin: Origin | None = field(default=None, compare=False, repr=False)
    wire_name: str | None = None


NamedType: TypeAlias = RecordType | EnumType | FixedType
"""The definition of a named type."""

AvroType: TypeAlias = Primitive | Reference | Array | Map | Union
"""A type as used in a schema: named types are references."""


def wire_name(named: NamedType) -> str:
    """Return the full name that a type has in schema text, also if its name here is another."""
    return named.wire_name or named.name


def references(type_: AvroType) -> Iterator[str]:
    """Yield the full names of the named types in a type, once for each use."""
    match type_:
        case Primitive():
            return
        case Reference(name):
            yield name
        case Array(inner) | Map(inner):
            yield from references(inner)
        case Union(branches):
            for branch in branches:
                yield from references(branch)
        case _:
            assert_never(type_)


def mentions(named: NamedType) -> tuple[str, ...]:
    """Return the full names of the types that a definition refers to, each once, in order."""
    if not isinstance(named, RecordType):
        return ()
    return tuple(dict.fromkeys(name for field in named.fields for name in references(field.type)))


def wire_types(
    type_: AvroType, types: Mapping[str, NamedType]
) -> tuple[AvroType, Mapping[str, NamedType]]:
    """Return a type, and all that it depends on, with the names that they have in schema text."""
    reachable = reachable_types(type_, types)
    names = {name: wire_name(named) for name, named in reachable.items()}
    if all(named.wire_name is None for named in reachable.values()):
        return type_, reachable
    written: dict[str, NamedType] = {}
    for name, named in reachable.items():
        plain = replace(named, name=names[name], wire_name=None)
        if isinstance(plain, RecordType):
            fields = (replace(field, type=_renamed(field.type, names)) for field in plain.fields)
            plain = replace(plain, fields=tuple(fields))
        written[plain.name] = plain
    return _renamed(type_, names), written


def _renamed(type_: AvroType, names: Mapping[str, str]) -> AvroType:
    match type_:
        case Primitive():
            return type_
        case Reference(name):
            return Reference(names[name])
        case Array(items):
            return replace(type_, items=_renamed(items, names))
        case Map(values):
            return replace(type_, values=_renamed(values, names))
        case Union(branches):
            return Union(tuple(_renamed(branch, names) for branch in branches))
        case _:
            assert_never(type_)


def reachable_types(type_: AvroType, types: Mapping[str, NamedType]) -> Mapping[str, NamedType]:
    """Return the named types that a type depends on, by full name.

    Depth first, in the order of first use. The stack is a list: chains of types may be longer than
    Python's.
    """
    found: dict[str, NamedType] = {}
    waiting = [references(type_)]
    while waiting:
        for name in waiting[-1]:
            if name not in found:
                found[name] = types[name]
                waiting.append(iter(mentions(types[name])))
                break
        else:
            waiting.pop()
    return found
