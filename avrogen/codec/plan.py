"""The plan: what is written and read, in which order, as which Python values.

A plan is all that a backend needs to know. It says nothing of Python source, tables or functions;
whoever writes another backend starts here, and with the table in ``docs/architecture.md``.
Operations name the encoding of the specification ("Binary Encoding") and the Python value at the
other end; nothing in a plan is text to be placed in code, apart from the ``attribute`` of fields,
which is a proven identifier.

A plan for one schema writes and reads. A plan for a writer's schema and a reader's only reads: on
the wire is what the writer's says, and what comes out is the reader's. What the schemas have to do
with each other is settled in it (specification, "Schema Resolution"); a backend only follows.

Operations refer to records through :class:`Call`, never directly, so that plans of recursive
schemas are finite. A backend is free to expand calls in place.
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
]


Bits: TypeAlias = Literal[32, 64]

Reasons: TypeAlias = Callable[[], tuple[Incompatibility, ...]]
"""A function, as reasons are seldom asked for and take a while to work out."""


@dataclass(frozen=True, slots=True)
class NullOperation:
    """No bytes. ``None``."""


@dataclass(frozen=True, slots=True)
class BooleanOperation:
    """One byte, 0 or 1. ``bool``."""


@dataclass(frozen=True, slots=True)
class IntegerOperation:
    """A zigzag varint that holds so many bits. ``int``."""

    bits: Bits


@dataclass(frozen=True, slots=True)
class FloatOperation:
    """An IEEE 754 number, little-endian. ``float``; ``int`` is written too."""

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
        type: the subclass can be made by ``bytes.__new__(type, ...)`` once the size is checked.
    """

    name: str
    size: int
    type: type[bytes]


@dataclass(frozen=True, slots=True)
class EnumOperation:
    """A 32-bit varint, the position of the symbol. The value at that position of ``values``.

    Attributes:
        symbols: as they are on the wire.
        values: what they are read as; None: the reader has neither the symbol nor a default, and
            data that use it cannot be read.
        type: of the values: ``str``, or the StrEnum for this enum.
        reasons: says why some data cannot be read.
    """

    name: str
    symbols: tuple[str, ...]
    values: tuple[str | None, ...]
    type: type[str]
    reasons: Reasons = tuple


@dataclass(frozen=True, slots=True)
class LogicalOperation:
    """What ``base`` has on the wire. The value that ``kind`` makes of the base type's.

    Attributes:
        base: an operation of a primitive type, or of fixed as plain ``bytes``.
        kind: the logical type: its Python values, and what it makes of them.
    """

    base: Operation
    kind: LogicalKind


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


# --- what only reads ------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class PromotedOperation:
    """A varint of ``written`` bits. The nearest ``float`` that ``bits`` bits hold."""

    written: Bits
    bits: Bits


@dataclass(frozen=True, slots=True)
class SkipOperation:
    """What another operation reads, passed over: no value. Only the way to its end is checked.

    Stands in fields of records only. A block of an array or a map that says how many bytes it has
    is passed over as a whole.
    """

    operation: Operation


@dataclass(frozen=True, slots=True)
class UnreadableOperation:
    """No value: data that come here cannot be read. ``reasons`` says why. In unions only."""

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
    | UnreadableOperation
)


@dataclass(frozen=True, slots=True)
class FieldOperation:
    """A field of a record.

    Attributes:
        name: in the schema, and in plain values: in the reader's, if there is one.
        attribute: of the class; a proven identifier. None if the record has no class.
        position: among the fields of the record that is read; None: it is skipped.
    """

    name: str
    attribute: str | None
    operation: Operation
    position: int | None


@dataclass(frozen=True, slots=True)
class DefaultField:
    """A field that the reader has and the writer has not.

    Attributes:
        data: the default, as ``operation`` reads it. Each record that is read has it for itself:
            lists and dicts in it are new ones.
    """

    name: str
    attribute: str | None
    operation: Operation
    position: int
    data: bytes


@dataclass(frozen=True, slots=True)
class RecordOperation:
    """Its fields, one after the other, in the order they have on the wire.

    Attributes:
        name: in the schema: in the reader's, if there is one.
        type: the dataclass; None: a dict by field names, in the order of their positions.
        recursive: whether a value can hold another value of this record.
        defaults: fields that are not on the wire.
    """

    name: str
    fields: tuple[FieldOperation, ...]
    type: type[object] | None
    recursive: bool
    defaults: tuple[DefaultField, ...] = ()

    @property
    def parts(self) -> Sequence[FieldOperation | DefaultField]:
        """What makes up the record that is read, in the order of its positions."""
        parts: dict[int, FieldOperation | DefaultField] = {
            field.position: field for field in self.fields if field.position is not None
        }
        parts |= {default.position: default for default in self.defaults}
        return [parts[position] for position in sorted(parts)]


@dataclass(frozen=True, slots=True)
class Plan:
    """What to do for a schema, or to read data of one as another.

    Attributes:
        root: what a whole datum is.
        records: every record that is called, by key.
        plain: whether ``("full.Name", value)`` forces a union branch (values without classes).
    """

    root: Operation
    records: Mapping[str, RecordOperation]
    plain: bool
