"""Plans: the values to encode and decode, in which order, as which Python values.

A plan is all that a backend needs. It has no Python source, tables or functions; to write another
backend, start here, and with the table in ``docs/architecture.md``. An operation names the encoding
(specification, "Binary Encoding") and the Python value. Nothing in a plan is text to be placed in
code, apart from the ``attribute`` of fields, which is a validated identifier.

A plan for one schema encodes and decodes. A plan for a writer's schema and a reader's only decodes:
data are the writer's, values the reader's. The plan is the result of schema resolution
(specification, "Schema Resolution"); a backend just follows it.

Operations refer to records through :class:`Call`, never directly, so that plans of recursive
schemas are finite. A backend may expand calls in place.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Literal, TypeAlias

from avrogen.avro.compat.paths import Incompatibility
from avrogen.codec.logical import LogicalKind

__all__ = [
    "ArrayOperation",
    "Bits",
    "BooleanOperation",
    "BranchOperation",
    "BytesOperation",
    "Call",
    "DefaultField",
    "EnumOperation",
    "FieldOperation",
    "FixedOperation",
    "FloatOperation",
    "IntegerOperation",
    "LogicalOperation",
    "MapOperation",
    "NamedOperation",
    "NullOperation",
    "Operation",
    "Plan",
    "PromotedOperation",
    "Reasons",
    "RecordOperation",
    "SkipOperation",
    "StringOperation",
    "UnionOperation",
    "UnreadableOperation",
    "WriteDefault",
]


Bits: TypeAlias = Literal[32, 64]

Reasons: TypeAlias = Callable[[], tuple[Incompatibility, ...]]
"""A function, as reasons are needed seldom and take long to compute."""


WriteDefault: TypeAlias = Callable[[], bytes | None]
"""A function, as most values have all fields. None: the default is unusable."""


@dataclass(frozen=True, slots=True)
class NullOperation:
    """No bytes. ``None``."""


@dataclass(frozen=True, slots=True)
class BooleanOperation:
    """One byte, 0 or 1. ``bool``."""


@dataclass(frozen=True, slots=True)
class IntegerOperation:
    """A zigzag varint of ``bits`` bits. ``int``."""

    bits: Bits


@dataclass(frozen=True, slots=True)
class FloatOperation:
    """An IEEE 754 number, little-endian. ``float``; ``int`` is encoded too."""

    bits: Bits


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
        type: instances are made by ``bytes.__new__(type, ...)`` once the size is checked.
    """

    name: str
    size: int
    type: type[bytes]


@dataclass(frozen=True, slots=True)
class EnumOperation:
    """A 32-bit varint, the position of the symbol. The value at that position of ``values``.

    Attributes:
        symbols: symbols by their numbers on the wire.
        values: their values; None: the reader has neither the symbol nor a default, and data with
            it cannot be read.
        type: type of the values: ``str``, or the StrEnum for this enum.
        reasons: returns the reasons why some data cannot be read.
    """

    name: str
    symbols: tuple[str, ...]
    values: tuple[str | None, ...]
    type: type[str]
    reasons: Reasons = tuple


@dataclass(frozen=True, slots=True)
class LogicalOperation:
    """A value of the base type on the wire. The value that ``kind`` converts it to.

    Attributes:
        base: operation of a primitive type, or of a fixed as plain ``bytes``. Under a type of one's
            own also any other, without collections and unions.
        kind: the logical type, or a type of one's own.
    """

    base: Operation
    kind: LogicalKind


@dataclass(frozen=True, slots=True)
class ArrayOperation:
    """Blocks: a count (64-bit varint) and that many items; the last has count 0. ``list``.

    A negative count is followed by the size of the block in bytes; the count is its opposite.
    """

    item: Operation


@dataclass(frozen=True, slots=True)
class MapOperation:
    """As an array; an item is a string and a value. ``dict``; the last of equal keys counts."""

    value: Operation


@dataclass(frozen=True, slots=True)
class BranchOperation:
    """A branch of a union. Plain values force it by ``name``."""

    name: str
    operation: Operation


@dataclass(frozen=True, slots=True)
class UnionOperation:
    """A 32-bit varint, the position of the branch, and the branch. Its value.

    The branch for a value is chosen as :mod:`avrogen.codec.unions` defines it.
    """

    branches: tuple[BranchOperation, ...]


@dataclass(frozen=True, slots=True)
class Call:
    """The record of a key in ``Plan.records``."""

    key: str


# --- only to decode -------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class PromotedOperation:
    """A varint of ``written`` bits. The nearest ``float`` that ``bits`` bits hold."""

    written: Bits
    bits: Bits


@dataclass(frozen=True, slots=True)
class SkipOperation:
    """Data of another operation, skipped: no value. Only bytes that lead to its end are checked.

    In fields of records only. A block of an array or a map with a size in bytes is skipped as a
    whole.
    """

    operation: Operation


@dataclass(frozen=True, slots=True)
class NamedOperation:
    """Data of another operation. The pair ``(name, value)``, which forces a branch of a union.

    In place of a branch of the reader's union only: in the branches of a union, or where the writer
    has no union.
    """

    name: str
    operation: Operation


@dataclass(frozen=True, slots=True)
class UnreadableOperation:
    """Data that cannot be read, for ``reasons``. In unions only."""

    reasons: Reasons


Operation: TypeAlias = (
    NullOperation
    | BooleanOperation
    | IntegerOperation
    | FloatOperation
    | BytesOperation
    | StringOperation
    | FixedOperation
    | EnumOperation
    | LogicalOperation
    | ArrayOperation
    | MapOperation
    | UnionOperation
    | Call
    | PromotedOperation
    | SkipOperation
    | NamedOperation
    | UnreadableOperation
)


@dataclass(frozen=True, slots=True)
class FieldOperation:
    """A field of a record.

    Attributes:
        name: name in the schema and in plain values; the reader's, if there is one.
        attribute: attribute of the class, a validated identifier; None: the record has no class.
        position: position among the fields of the decoded record; None: it is skipped.
        default: returns the default, as data of ``operation``, that is encoded for a dict without
            the field; None: the dict needs it.
    """

    name: str
    attribute: str | None
    operation: Operation
    position: int | None
    default: WriteDefault | None = None

    def is_optional(self) -> bool:
        """Return whether a dict may lack the field."""
        return self.default is not None and self.default() is not None


@dataclass(frozen=True, slots=True)
class DefaultField:
    """A field of the reader that the writer lacks.

    Attributes:
        data: the default, as data of ``operation``. Each record has a value of its own: lists and
            dicts in it are new objects.
    """

    name: str
    attribute: str | None
    operation: Operation
    position: int
    data: bytes


@dataclass(frozen=True, slots=True)
class RecordOperation:
    """Fields, one after the other, in the order of the wire.

    Attributes:
        name: name in the schema; the reader's, if there is one.
        type: the dataclass; None: a dict by field names, in the order of their positions.
        recursive: True if a value can contain another value of this record.
        defaults: fields that are not on the wire.
    """

    name: str
    fields: tuple[FieldOperation, ...]
    type: type[object] | None
    recursive: bool
    defaults: tuple[DefaultField, ...] = ()

    @property
    def parts(self) -> Sequence[FieldOperation | DefaultField]:
        """Fields and defaults of the decoded record, in the order of their positions."""
        parts: dict[int, FieldOperation | DefaultField] = {
            field.position: field for field in self.fields if field.position is not None
        }
        parts |= {default.position: default for default in self.defaults}
        return [parts[position] for position in sorted(parts)]


@dataclass(frozen=True, slots=True)
class Plan:
    """The operations of a schema, or of a writer's and a reader's.

    Attributes:
        root: operation of a whole datum.
        records: all records that are called, by key.
        plain: True if ``("full.Name", value)`` forces a union branch (values without classes).
        known_keys_only: True if dicts for records must not have other keys than the fields.
    """

    root: Operation
    records: Mapping[str, RecordOperation]
    plain: bool
    known_keys_only: bool = False
