"""Which parts of two schemas correspond to each other."""

from __future__ import annotations

from collections.abc import Iterator

from avrogen.avro import model
from avrogen.avro.counterparts import counterpart
from avrogen.avro.differences import is_same_kind
from avrogen.avro.places import Pair
from avrogen.avro.resolution import Types, written_fields

__all__ = ["corresponding", "corresponding_fields"]


def corresponding(pair: Pair, reader_types: Types, writer_types: Types) -> Iterator[Pair]:
    """The pairs of primitive and of named types that read each other, down to definitions.

    Types of different kinds, which read nothing, are left out with all that is in them.

    Args:
        pair: the types.
        reader_types: the named types that the reader's leads to.
        writer_types: likewise.
    """
    match pair.reader, pair.writer:
        case _, model.Union(branches):
            for index, branch in enumerate(branches):
                inner = Pair(pair.reader, branch, pair.place.writers_branch(index))
                yield from corresponding(inner, reader_types, writer_types)
        case model.Union(branches), _:
            meant = counterpart(pair.reader, pair.writer, reader_types)
            if meant is not None:
                inner = Pair(branches[meant], pair.writer, pair.place.readers_branch(meant))
                yield from corresponding(inner, reader_types, writer_types)
        case model.Array(one), model.Array(other):
            inner = Pair(one, other, pair.place.both("items"))
            yield from corresponding(inner, reader_types, writer_types)
        case model.Map(one), model.Map(other):
            inner = Pair(one, other, pair.place.both("values"))
            yield from corresponding(inner, reader_types, writer_types)
        case model.Primitive(), model.Primitive():
            yield pair
        case model.Reference(one), model.Reference(other):
            if is_same_kind(one, other, reader_types, writer_types):
                yield pair
        case _:
            pass


def corresponding_fields(
    pair: Pair, reader: model.Record, writer: model.Record, reader_types: Types, writer_types: Types
) -> Iterator[Pair]:
    """Likewise for the fields that two records have in common.

    Args:
        pair: the records; its place is where their definitions begin.
        reader: the reader's record.
        writer: the writer's.
        reader_types: the named types that the reader's leads to.
        writer_types: likewise.
    """
    for index, source in enumerate(written_fields(reader, writer)):
        if source is not None:
            place = pair.place.apart(("fields", index, "type"), ("fields", source, "type"))
            inner = Pair(reader.fields[index].type, writer.fields[source].type, place)
            yield from corresponding(inner, reader_types, writer_types)
