"""Silent changes as data."""

from __future__ import annotations

from enum import Enum, auto
from typing import NamedTuple

from avrogen.avro.history import Direction
from avrogen.avro.places import Pair, Part
from avrogen.avro.source import Pointer

__all__ = ["SilentChange", "SilentKind", "silent_change"]


class SilentKind(Enum):
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


class SilentChange(NamedTuple):
    """One change.

    Attributes:
        kind: what it is.
        message: what became of what.
        old: the part of the old schema.
        new: the part of the new schema.
    """

    kind: SilentKind
    message: str
    old: Part
    new: Part


def silent_change(
    kind: SilentKind,
    message: str,
    pair: Pair,
    direction: Direction,
    *,
    reader: Pointer = (),
    writer: Pointer = (),
) -> SilentChange:
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
        return SilentChange(kind, message, theirs, mine)
    return SilentChange(kind, message, mine, theirs)
