"""Whether all data of a writer's schema can be read with a reader's, and if not, why not.

Verdicts, error types, messages and locations are those of Avro Java's SchemaCompatibility, which
Confluent's Schema Registry reports: whoever sees one here finds it there. To that end the steps are
Java's, and so is what is remembered: what was found for a pair of types is found again, with its
first location, wherever else the pair is met.
"""

from __future__ import annotations

from collections.abc import Generator, Sequence
from typing import TypeAlias

from avrogen.avro import model
from avrogen.avro.differences import (
    branch_missing,
    is_same_kind,
    is_trivial,
    may_read,
    named_differences,
    type_mismatch,
)
from avrogen.avro.incompatibility import Incompatibility, IncompatibilityType
from avrogen.avro.places import Found, Pair, Place
from avrogen.avro.resolution import Types

__all__ = ["Comparison", "Incompatibility", "IncompatibilityType", "incompatibilities"]

_MOST = 1000
"""As many are listed. What is wrong with a type counts wherever the type is used, so that chains of
types which use each other twice would have more of it than fits into memory."""

_MANY = 50
"""So many branches of a union are compared the quick way."""


def incompatibilities(
    reader: model.AvroType,
    reader_types: Types,
    writer: model.AvroType,
    writer_types: Types,
    place: Place | None = None,
) -> tuple[Incompatibility, ...]:
    """All that keeps some data of the writer's schema from being read, a thousand things at most.

    Args:
        reader: what is to read.
        reader_types: the named types that it leads to.
        writer: what was written with.
        writer_types: likewise.
        place: where the two stand; None: at the top.

    Returns:
        Nothing, if all data can be read.
    """
    comparison = Comparison(reader_types, writer_types)
    pair = Pair(reader, writer, place or Place())
    return tuple(found.incompatibility for found in comparison.run(pair))


_Steps: TypeAlias = Generator[Pair, list[Found], list[Found]]
"""A comparison that asks for those of inner types, and ends in what was found."""

_Key: TypeAlias = tuple[str | int, str | int]


class Comparison:
    """A reader's and a writer's schema, of which all is known that was compared once."""

    def __init__(self, reader_types: Types, writer_types: Types) -> None:
        """Prepare; named types are by full name."""
        self._reader_types = reader_types
        self._writer_types = writer_types
        self._found: dict[_Key, list[Found]] = {}

    def run(self, pair: Pair) -> Sequence[Found]:
        """Compare a pair of types, and all that it leads to.

        A pair that is met while it is being compared is compatible with itself. The stack is a
        list: chains of types may be longer than Python's.
        """
        if _key(pair) in self._found:
            return self._found[_key(pair)]
        waiting = [self._begin(pair)]
        answer: list[Found] | None = None
        while True:
            key, steps = waiting[-1]
            try:
                asked = next(steps) if answer is None else steps.send(answer)
            except StopIteration as stop:
                answer = self._found[key] = stop.value[:_MOST]
                waiting.pop()
                if not waiting:
                    return self._found[key]
            else:
                answer = self._found.get(_key(asked))
                if answer is None:
                    waiting.append(self._begin(asked))

    def _begin(self, pair: Pair) -> tuple[_Key, _Steps]:
        self._found[_key(pair)] = []
        return _key(pair), self._compare(pair)

    def _compare(self, pair: Pair) -> _Steps:
        match pair.reader, pair.writer:
            case model.Union(), model.Union(branches):
                return (yield from self._unions(pair, branches))
            case _, model.Union(branches):
                found: list[Found] = []
                for index, branch in enumerate(branches):
                    found += yield Pair(pair.reader, branch, pair.place.writers_branch(index))
                return found
            case model.Union(branches), _:
                return (yield from self._readers_union(pair, branches))
            case one, other if is_trivial(one, other):
                return []
            case model.Array(one), model.Array(other):
                return (yield Pair(one, other, pair.place.both("items")))
            case model.Map(one), model.Map(other):
                return (yield Pair(one, other, pair.place.both("values")))
            case model.Reference(one), model.Reference(other) if self._is_same_kind(one, other):
                return (yield from self._named(pair._replace(place=pair.place.inside(one, other))))
            case _:
                return [type_mismatch(pair, self._reader_types, self._writer_types)]

    def _unions(self, pair: Pair, branches: tuple[model.AvroType, ...]) -> _Steps:
        found: list[Found] = []
        for index, branch in enumerate(branches):
            there = Pair(pair.reader, branch, pair.place.writers_branch(index))
            if (yield there._replace(place=there.place.anew())):
                found.append(branch_missing(there, self._writer_types))
        return found

    def _readers_union(self, pair: Pair, branches: tuple[model.AvroType, ...]) -> _Steps:
        types = self._reader_types, self._writer_types
        for index, branch in enumerate(branches):
            # Java tries those as well that cannot fit. In rare schemas that has an effect on
            # locations, and on nothing else.
            if len(branches) > _MANY and not may_read(branch, pair.writer, *types):
                continue
            there = pair.place.readers_branch(index).anew()
            if not (yield Pair(branch, pair.writer, there)):
                return []
        return [branch_missing(pair, self._writer_types)]

    def _named(self, pair: Pair) -> _Steps:
        found: list[Found] = []
        for step in named_differences(pair, self._reader_types, self._writer_types):
            if isinstance(step, Pair):
                found += yield step
            else:
                found.append(step)
            if len(found) > _MOST:
                break
        return found

    def _is_same_kind(self, one: str, other: str) -> bool:
        return is_same_kind(one, other, self._reader_types, self._writer_types)


def _key(pair: Pair) -> _Key:
    """What a pair is remembered by. Java compares schemas as objects: every use of a named type is
    one object, and every other type is one by itself."""
    return _identity(pair.reader), _identity(pair.writer)


def _identity(type_: model.AvroType) -> str | int:
    return type_.name if isinstance(type_, model.Reference) else id(type_)
