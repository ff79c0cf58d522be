"""Silent changes as data.

Primitive and fixed types whose values mean something else, or lose something on the way.

Defaults that changed: what is not in the data is another value than it was.
"""

from __future__ import annotations

import json
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

__all__ = [
    "ValueChange",
    "ValueChangeKind",
    "changed_defaults",
    "changed_enum_default",
    "changed_values",
    "value_change",
]


class ValueChangeKind(Enum):
    """What kind of change it is."""

    DECIMAL = auto()
    """Another precision or scale."""
    TIME_UNIT = auto()
    """Another unit that times or timestamps count in."""
    TIME_ZONE = auto()
    """An instant that becomes a local time, or the other way round."""
    MEANING = auto()
    """A logical type that was added, removed or exchanged."""
    ROUNDING = auto()
    """Integers that are read as floating point with fewer digits."""
    BYTES_AS_TEXT = auto()
    """Bytes that are read as a string, and may be no UTF-8."""
    DEFAULT_CHANGED = auto()
    """Another default of a field."""
    DEFAULT_REMOVED = auto()
    """A field that had a default and has none."""
    ENUM_DEFAULT = auto()
    """Another default of an enum, or none any more."""
    FIELD_RENAMED = auto()
    """A field that takes its default where the values of another are, which it seems to be."""
    NAMESPACE = auto()
    """A type in another namespace."""
    AMBIGUOUS_ALIAS = auto()
    """A field that could be read from several."""
    CLAIMED_TWICE = auto()
    """A field of the data that two fields are read from."""
    ALIAS_REMOVED = auto()
    """A name that a field or a type had before, and is not known by any more."""


class ValueChange(NamedTuple):
    """One change.

    Attributes:
        kind: what it is.
        message: what became of what.
        old: the part of the old schema.
        new: the part of the new schema.
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
    """A change between a pair of types.

    Args:
        kind: what it is.
        message: what became of what, from the old version to the new.
        pair: the types.
        direction: which version reads.
        reader: steps from the reader's type to what changed.
        writer: likewise.
    """
    place = pair.place.apart(reader, writer)
    mine, theirs = place.reader.part(pair.reader), place.writer.part(pair.writer)
    if direction is Direction.BACKWARD:
        return ValueChange(kind, message, theirs, mine)
    return ValueChange(kind, message, mine, theirs)


_Type: TypeAlias = model.Primitive | model.FixedType

_ROUNDED = frozenset({("float", "int"), ("float", "long"), ("double", "long")})
"""What is read, and what was written: 24 or 53 bits are left of 32 or 64."""


def changed_values(
    pair: TypePair, reader: _Type, writer: _Type, direction: Direction
) -> Iterator[ValueChange]:
    """At most one change: what logical types mean, or else what a promotion does."""
    if not _is_readable(reader, writer):
        return
    kind = _changed_meaning(reader, writer) or _lossy_promotion(reader, writer)
    if kind is not None:
        old, new = (writer, reader) if direction is Direction.BACKWARD else (reader, writer)
        message = f"{_described(old)} became {_described(new)}"
        yield value_change(kind, message, pair, direction)


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
            # The text of a UUID, or its bytes, are what they were.
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


_LONGEST = 60


def changed_defaults(
    pair: TypePair, reader: model.RecordType, writer: model.RecordType, direction: Direction
) -> Iterator[ValueChange]:
    """Of the fields that two records have in common."""
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
                f"the default {_brief(old)} was removed",
            )
        else:
            kind = ValueChangeKind.DEFAULT_CHANGED
            message = f"the default {_brief(old)} became {_brief(new)}"
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
    """Of an enum, which takes it for symbols that it lacks."""
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


def _step(default: Json | model.NoDefault) -> tuple[str, ...]:
    return () if default is model.NO_DEFAULT else ("default",)


def _brief(value: Json | model.NoDefault) -> str:
    text = json.dumps(value, ensure_ascii=False)
    return text if len(text) <= _LONGEST else f"{text[:_LONGEST]}..."
