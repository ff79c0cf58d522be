"""Which parts of two schemas correspond to each other."""

from __future__ import annotations

from collections.abc import Iterator

from avrogen.avro import model
from avrogen.avro.counterparts import counterpart
from avrogen.avro.places import Pair
from avrogen.avro.resolution import Types, written_fields

__all__ = ["corresponding"]


def corresponding(pair: Pair, reader_types: Types, writer_types: Types) -> Iterator[Pair]:
    """The pairs of primitive and of named types that read each other, each once.

    The places of named types are where their definitions begin. Types of different kinds, which
    read nothing, are left out with all that is in them.

    Args:
        pair: the schemas.
        reader_types: the named types that the reader's leads to.
        writer_types: likewise.
    """
    seen: set[tuple[str | int, str | int]] = set()
    waiting = [pair]
    while waiting:
        pair = waiting.pop()
        key = _identity(pair.reader), _identity(pair.writer)
        if key in seen:
            continue
        seen.add(key)
        inner: list[Pair] = []
        match pair.reader, pair.writer:
            case _, model.Union(branches):
                inner = [
                    Pair(pair.reader, branch, pair.place.writers_branch(index))
                    for index, branch in enumerate(branches)
                ]
            case model.Union(branches), _:
                index = counterpart(pair.reader, pair.writer, reader_types)
                if index is not None:
                    place = pair.place.readers_branch(index)
                    inner = [Pair(branches[index], pair.writer, place)]
            case model.Array(one), model.Array(other):
                inner = [Pair(one, other, pair.place.both("items"))]
            case model.Map(one), model.Map(other):
                inner = [Pair(one, other, pair.place.both("values"))]
            case model.Primitive(), model.Primitive():
                yield pair
            case model.Reference(one), model.Reference(other):
                reader, writer = reader_types[one], writer_types[other]
                if type(reader) is type(writer):
                    pair = pair._replace(place=pair.place.inside(one, other))
                    yield pair
                    inner = list(_fields(pair, reader, writer))
            case _:
                pass
        waiting.extend(reversed(inner))


def _fields(pair: Pair, reader: model.NamedType, writer: model.NamedType) -> Iterator[Pair]:
    if isinstance(reader, model.Record) and isinstance(writer, model.Record):
        for index, source in enumerate(written_fields(reader, writer)):
            if source is not None:
                place = pair.place.apart(("fields", index, "type"), ("fields", source, "type"))
                yield Pair(reader.fields[index].type, writer.fields[source].type, place)


def _identity(type_: model.AvroType) -> str | int:
    return type_.name if isinstance(type_, model.Reference) else id(type_)
