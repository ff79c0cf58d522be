"""Whether all data of a writer's schema can be read with a reader's, and if not, why not.

Verdicts, error types, messages and locations are those of Avro Java's SchemaCompatibility, which
Confluent's Schema Registry reports: whoever sees one here finds it there. To that end the steps are
Java's, and so is what is remembered: what was found for a pair of types is found again, with its
first location, wherever else the pair is met.
"""

from __future__ import annotations

from collections.abc import Generator, Sequence
from typing import TypeAlias, assert_never

from avrogen.avro import model
from avrogen.avro.incompatibility import Incompatibility, IncompatibilityType
from avrogen.avro.places import Found, Pair, Place
from avrogen.avro.resolution import Types, is_promotable, names_match, written_fields

__all__ = ["Comparison", "incompatibilities"]

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
            case _ if _is_promoted(pair.reader, pair.writer):
                return []
            case model.Array(one), model.Array(other):
                return (yield Pair(one, other, pair.place.both("items")))
            case model.Map(one), model.Map(other):
                return (yield Pair(one, other, pair.place.both("values")))
            case model.Reference(one), model.Reference(other):
                return (yield from self._named(pair, one, other))
            case _:
                return [self._mismatch(pair)]

    # --- unions -----------------------------------------------------------------------------------

    def _unions(self, pair: Pair, branches: tuple[model.AvroType, ...]) -> _Steps:
        found: list[Found] = []
        for index, branch in enumerate(branches):
            there = Pair(pair.reader, branch, pair.place.writers_branch(index))
            if (yield there._replace(place=there.place.anew())):
                found.append(self._missing_branch(there))
        return found

    def _readers_union(self, pair: Pair, branches: tuple[model.AvroType, ...]) -> _Steps:
        order = list(range(len(branches)))
        if len(branches) > _MANY and pair.writer in branches:
            # The branch of the same name fits most of the time. Java takes them in turn, and what
            # it compares on its way has an effect on locations, in rare schemas, and on nothing
            # else.
            order = [branches.index(pair.writer), *order]
        for index in order:
            there = pair.place.readers_branch(index).anew()
            if not (yield Pair(branches[index], pair.writer, there)):
                return []
        return [self._missing_branch(pair)]

    def _missing_branch(self, pair: Pair) -> Found:
        kind = _kind(pair.writer, self._writer_types)
        message = f"reader union lacking writer type: {kind}"
        return _found(pair, IncompatibilityType.MISSING_UNION_BRANCH, message)

    # --- named types ------------------------------------------------------------------------------

    def _named(self, pair: Pair, one: str, other: str) -> _Steps:
        reader, writer = self._reader_types[one], self._writer_types[other]
        if type(reader) is not type(writer):
            return [self._mismatch(pair)]
        pair = pair._replace(place=pair.place.inside(one, other))
        found: list[Found] = []

        def note(step: str, kind: IncompatibilityType, message: str) -> None:
            there = pair._replace(place=pair.place.both(step))
            found.append(_found(there, kind, message))

        if not names_match(reader, writer):
            note("name", IncompatibilityType.NAME_MISMATCH, f"expected: {writer.name}")
        match reader, writer:
            case model.Fixed(size=mine), model.Fixed(size=theirs) if mine != theirs:
                message = f"expected: {theirs}, found: {mine}"
                note("size", IncompatibilityType.FIXED_SIZE_MISMATCH, message)
            case model.EnumType(), model.EnumType():
                lacking = sorted(set(writer.symbols) - set(reader.symbols))
                if lacking and reader.default is None:
                    message = f"[{', '.join(lacking)}]"
                    note("symbols", IncompatibilityType.MISSING_ENUM_SYMBOLS, message)
            case model.Record(), model.Record():
                found += yield from self._fields(pair, reader, writer)
            case _:
                pass
        return found

    def _fields(self, pair: Pair, reader: model.Record, writer: model.Record) -> _Steps:
        found: list[Found] = []
        positions = written_fields(reader, writer)
        for index, (field, position) in enumerate(zip(reader.fields, positions, strict=True)):
            if len(found) > _MOST:
                break
            here = ("fields", index)
            if position is not None:
                written = writer.fields[position].type
                if not _is_promoted(field.type, written):
                    place = pair.place.apart((*here, "type"), ("fields", position, "type"))
                    found += yield Pair(field.type, written, place)
            elif field.default is not model.NO_DEFAULT:
                continue
            elif self._is_enum_with_default(field.type):
                # As Java has it: the enum's default is none of the field, and what is said of the
                # field is that its type is not the record's.
                place = pair.place.apart((*here, "type"), ())
                found += yield Pair(field.type, pair.writer, place)
            else:
                there = pair._replace(place=pair.place.apart(here, ("fields",)))
                kind = IncompatibilityType.READER_FIELD_MISSING_DEFAULT_VALUE
                found.append(_found(there, kind, field.name))
        return found

    def _is_enum_with_default(self, type_: model.AvroType) -> bool:
        if not isinstance(type_, model.Reference):
            return False
        named = self._reader_types[type_.name]
        return isinstance(named, model.EnumType) and named.default is not None

    def _mismatch(self, pair: Pair) -> Found:
        mine = _kind(pair.reader, self._reader_types)
        theirs = _kind(pair.writer, self._writer_types)
        message = f"reader type: {mine} not compatible with writer type: {theirs}"
        return _found(pair, IncompatibilityType.TYPE_MISMATCH, message)


def _found(pair: Pair, type_: IncompatibilityType, message: str) -> Found:
    return Found(pair.place.found(type_, message), pair.reader_part, pair.writer_part)


def _is_promoted(reader: model.AvroType, writer: model.AvroType) -> bool:
    match reader, writer:
        case model.Primitive(one), model.Primitive(other):
            return is_promotable(one, other)
        case _:
            return False


def _key(pair: Pair) -> _Key:
    """What a pair is remembered by. Java compares schemas as objects: every use of a named type is
    one object, and every other type is one by itself."""
    return _identity(pair.reader), _identity(pair.writer)


def _identity(type_: model.AvroType) -> str | int:
    return type_.name if isinstance(type_, model.Reference) else id(type_)


def _kind(type_: model.AvroType, types: Types) -> str:
    """Avro Java's name of a type."""
    match type_:
        case model.Primitive(name):
            return name.upper()
        case model.Array():
            return "ARRAY"
        case model.Map():
            return "MAP"
        case model.Union():
            return "UNION"
        case model.Reference(name):
            match types[name]:
                case model.Record():
                    return "RECORD"
                case model.EnumType():
                    return "ENUM"
                case model.Fixed():
                    return "FIXED"
        case _:
            assert_never(type_)
