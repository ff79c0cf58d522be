"""Value-changing changes as data, and those of types and defaults.

Values of primitive and fixed types get another meaning or lose digits; fields that are not in the
data get another default.
"""

from __future__ import annotations

from collections.abc import Iterator
from enum import Enum, auto
from typing import NamedTuple, TypeAlias

from avrogen.avro import model
from avrogen.avro.compat.levels import Direction
from avrogen.avro.compat.paths import SchemaPart, TypePair
from avrogen.avro.logical_types import logical_type_label
from avrogen.avro.model import Json
from avrogen.avro.resolution import is_promotable, written_fields
from avrogen.avro.schema_json import same_json
from avrogen.avro.source import Pointer
from avrogen.avro.type_labels import short_json

__all__ = [
    "ValueChange",
    "ValueChangeKind",
    "changed_defaults",
    "changed_enum_default",
    "changed_values",
    "symbols_as_default",
    "value_change",
]


class ValueChangeKind(Enum):
    """Kind of a change."""

    DECIMAL = auto()
    """Another precision or scale."""
    TIME_UNIT = auto()
    """Another unit of times or timestamps."""
    TIME_ZONE = auto()
    """An instant that became a local time, or the reverse."""
    MEANING = auto()
    """A logical type that was added, removed or exchanged."""
    SEMANTICS = auto()
    """An unknown logical type, or ``connect.name``, that was added, removed or exchanged."""
    ROUNDING = auto()
    """Integers that are read as floating point with fewer digits."""
    BYTES_AS_TEXT = auto()
    """Bytes that are read as a string, and may not be UTF-8."""
    DEFAULT_CHANGED = auto()
    """Another default of a field."""
    DEFAULT_REMOVED = auto()
    """A field that had a default and has none."""
    ENUM_DEFAULT = auto()
    """Another default of an enum, or a removed one."""
    FIELD_RENAMED = auto()
    """A field that gets its default, and an unread field that it was probably renamed from."""
    NAMESPACE = auto()
    """A type in another namespace."""
    AMBIGUOUS_ALIAS = auto()
    """A field that could be read from several fields."""
    CLAIMED_TWICE = auto()
    """Two fields that are read from the same field."""
    SYMBOLS_AS_DEFAULT = auto()
    """New symbols, for which readers of the old schema take their default."""
    ALIAS_REMOVED = auto()
    """An alias of a field or a type that was removed."""


class ValueChange(NamedTuple):
    """One change.

    Attributes:
        kind: kind of the change.
        message: old and new.
        old: part of the old schema.
        new: part of the new schema.
    """

    kind: ValueChangeKind
    message: str
    old: SchemaPart
    new: SchemaPart


def value_change(
    kind: ValueChangeKind,
    message: str,
    pair: TypePair,
    direction: Direction,
    *,
    reader: Pointer = (),
    writer: Pointer = (),
) -> ValueChange:
    """Return a change between a pair of types.

    Args:
        kind: kind of the change.
        message: old and new.
        pair: the types.
        direction: selects the version that reads.
        reader: steps from the reader's type to the part that changed.
        writer: likewise.
    """
    place = pair.place.split(reader, writer)
    mine, theirs = place.reader.part(pair.reader), place.writer.part(pair.writer)
    if direction is Direction.BACKWARD:
        return ValueChange(kind, message, theirs, mine)
    return ValueChange(kind, message, mine, theirs)


# --- primitive and fixed types --------------------------------------------------------------------

_Type: TypeAlias = model.Primitive | model.FixedType

_ROUNDED = frozenset({("float", "int"), ("float", "long"), ("double", "long")})
"""Pairs of reader's and writer's type: of 32 or 64 bits, 24 or 53 are kept."""


def changed_values(
    pair: TypePair, reader: _Type, writer: _Type, direction: Direction
) -> Iterator[ValueChange]:
    """Yield at most one change: of the logical type, or else by promotion."""
    if not _is_readable(reader, writer):
        return
    kind = _changed_meaning(reader, writer) or _lossy_promotion(reader, writer)
    old, new = (writer, reader) if direction is Direction.BACKWARD else (reader, writer)
    if kind is not None:
        message = f"{_described(old)} became {_described(new)}"
        yield value_change(kind, message, pair, direction)
    elif not old.logical and not new.logical and (changed := _changed_semantics(old, new)):
        yield value_change(ValueChangeKind.SEMANTICS, changed, pair, direction)


def _changed_semantics(old: _Type, new: _Type) -> str:
    """Describe a change of what values without a known logical type mean; "": there is none.

    Kafka Connect and Debezium name the meaning of values in ``connect.name``.
    """
    for key in ("logicalType", "connect.name"):
        before, after = (type_.attributes.get(key) for type_ in (old, new))
        if isinstance(before, str) and before != after:
            shown = f"became {short_json(after)}" if isinstance(after, str) else "was removed"
            return f"{key} {short_json(before)} {shown}"
        if isinstance(after, str) and before != after:
            return f"{key} {short_json(after)} was added"
    return ""


def _is_readable(reader: _Type, writer: _Type) -> bool:
    match reader, writer:
        case model.Primitive(one), model.Primitive(other):
            return is_promotable(one, other)
        case model.FixedType(size=one), model.FixedType(size=other):
            return one == other
        case _:
            return False


def _changed_meaning(reader: _Type, writer: _Type) -> ValueChangeKind | None:
    mine, theirs = reader.logical, writer.logical
    if mine == theirs:
        return None
    match mine, theirs:
        case None, model.Uuid():
            # The text or the bytes of a UUID do not change.
            return None
        case model.Decimal(), model.Decimal():
            return ValueChangeKind.DECIMAL
        case (
            (model.TimeOfDay(), model.TimeOfDay())
            | (model.Timestamp(), model.Timestamp())
            | (model.LocalTimestamp(), model.LocalTimestamp())
        ):
            return ValueChangeKind.TIME_UNIT
        case (model.Timestamp(), model.LocalTimestamp()) | (
            model.LocalTimestamp(),
            model.Timestamp(),
        ):
            return ValueChangeKind.TIME_ZONE
        case _:
            return ValueChangeKind.MEANING


def _lossy_promotion(reader: _Type, writer: _Type) -> ValueChangeKind | None:
    match reader, writer:
        case model.Primitive("string"), model.Primitive("bytes"):
            return ValueChangeKind.BYTES_AS_TEXT
        case model.Primitive(one), model.Primitive(other) if (one, other) in _ROUNDED:
            return ValueChangeKind.ROUNDING
        case _:
            return None


def _described(type_: _Type) -> str:
    base = type_.name if isinstance(type_, model.Primitive) else "fixed"
    return logical_type_label(type_.logical) or base


# --- defaults -------------------------------------------------------------------------------------


def changed_defaults(
    pair: TypePair, reader: model.RecordType, writer: model.RecordType, direction: Direction
) -> Iterator[ValueChange]:
    """Yield the changed defaults of the fields that two records have in common."""
    for index, source in enumerate(written_fields(reader, writer)):
        if source is None:
            continue
        mine, theirs = reader.fields[index].default, writer.fields[source].default
        old, new = (theirs, mine) if direction is Direction.BACKWARD else (mine, theirs)
        if old is model.NO_DEFAULT or (new is not model.NO_DEFAULT and same_json(old, new)):
            continue
        if new is model.NO_DEFAULT:
            kind, message = (
                ValueChangeKind.DEFAULT_REMOVED,
                f"the default {short_json(old)} was removed",
            )
        else:
            kind = ValueChangeKind.DEFAULT_CHANGED
            message = f"the default {short_json(old)} became {short_json(new)}"
        yield value_change(
            kind,
            message,
            pair,
            direction,
            reader=("fields", index, *_step(mine)),
            writer=("fields", source, *_step(theirs)),
        )


def changed_enum_default(
    pair: TypePair, reader: model.EnumType, writer: model.EnumType, direction: Direction
) -> Iterator[ValueChange]:
    """Yield the changed default of an enum, which readers use for symbols that they lack."""
    mine, theirs = reader.default, writer.default
    old, new = (theirs, mine) if direction is Direction.BACKWARD else (mine, theirs)
    if old is None or old == new:
        return
    became = f"became {new}" if new is not None else "was removed"
    yield value_change(
        ValueChangeKind.ENUM_DEFAULT,
        f"the default {old} {became}",
        pair,
        direction,
        reader=("default",) if mine is not None else (),
        writer=("default",) if theirs is not None else (),
    )


def symbols_as_default(
    pair: TypePair, reader: model.EnumType, writer: model.EnumType, direction: Direction
) -> Iterator[ValueChange]:
    """Yield at most one change: the new symbols that old readers decode to their default."""
    if direction is Direction.BACKWARD or reader.default is None:
        return
    new = [symbol for symbol in writer.symbols if symbol not in reader.symbols]
    if new:
        verb = "was" if len(new) == 1 else "were"
        yield value_change(
            ValueChangeKind.SYMBOLS_AS_DEFAULT,
            f"{', '.join(new[:6])} {verb} added, and old readers have the default {reader.default}",
            pair,
            direction,
            reader=("symbols",),
            writer=("symbols", writer.symbols.index(new[0])),
        )


def _step(default: Json | model.NoDefault) -> tuple[str, ...]:
    return () if default is model.NO_DEFAULT else ("default",)
