"""Finding silent changes: all that there are between two versions."""

from __future__ import annotations

from collections.abc import Iterator

from avrogen.avro import model
from avrogen.avro.history import Direction, Version
from avrogen.avro.places import Pair
from avrogen.avro.silent.changes import SilentChange
from avrogen.avro.silent.defaults import changed_defaults, changed_enum_default
from avrogen.avro.silent.names import (
    ambiguous_aliases,
    changed_namespace,
    fields_claimed_twice,
    renamed_fields,
)
from avrogen.avro.silent.values import changed_values
from avrogen.avro.silent.walk import corresponding

__all__ = ["silent_changes"]


def silent_changes(new: Version, old: Version, direction: Direction) -> Iterator[SilentChange]:
    """Everything that one version of a schema reads otherwise than the other wrote it.

    Args:
        new: the version to come.
        old: the version that there is.
        direction: which of the two reads. Changes of names and defaults count either way.
    """
    reader, writer = (new, old) if direction is Direction.BACKWARD else (old, new)
    pair = Pair(reader.type, writer.type)
    for inner in corresponding(pair, reader.types, writer.types):
        match inner.reader, inner.writer:
            case model.Primitive() as one, model.Primitive() as other:
                yield from changed_values(inner, one, other, direction)
            case model.Reference(one), model.Reference(other):
                mine, theirs = reader.types[one], writer.types[other]
                yield from changed_namespace(inner, mine, theirs, direction)
                yield from _inside(inner, mine, theirs, reader, writer, direction)
            case _:
                raise AssertionError("no others correspond to each other")


def _inside(
    pair: Pair,
    mine: model.NamedType,
    theirs: model.NamedType,
    reader: Version,
    writer: Version,
    direction: Direction,
) -> Iterator[SilentChange]:
    match mine, theirs:
        case model.Fixed(), model.Fixed():
            yield from changed_values(pair, mine, theirs, direction)
        case model.EnumType(), model.EnumType():
            yield from changed_enum_default(pair, mine, theirs, direction)
        case model.Record(), model.Record():
            yield from changed_defaults(pair, mine, theirs, direction)
            yield from renamed_fields(pair, (mine, reader.types), (theirs, writer.types), direction)
            yield from ambiguous_aliases(pair, mine, theirs, direction)
            yield from fields_claimed_twice(pair, mine, theirs, direction)
        case _:
            raise AssertionError("no others correspond to each other")
