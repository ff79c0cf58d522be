"""Whether all data of a writer's schema can be read with a reader's, and if not, why not.

Verdicts, error types, messages and locations are those of Avro Java's SchemaCompatibility, which
Confluent's Schema Registry reports: whoever sees one here finds it there. To that end the steps are
Java's, and so is what is remembered: what was found for a pair of types is found again, with its
first location, wherever else the pair is met.
"""

from __future__ import annotations

from collections.abc import Generator
from typing import TypeAlias, assert_never

from avrogen.avro import model
from avrogen.avro.incompatibility import Incompatibility, IncompatibilityType, Part
from avrogen.avro.pairs import TOP, Pair
from avrogen.avro.resolution import Types, is_promotable, names_match, written_fields

__all__ = ["Incompatibility", "IncompatibilityType", "Part", "compare", "incompatibilities"]

_MOST = 1000
"""As many are listed. What is wrong with a type counts wherever the type is used, so that chains of
types which use each other twice would have more of it than fits into memory."""

_MANY = 50
"""So many branches of a union are compared the quick way."""


def incompatibilities(
    reader: model.AvroType, reader_types: Types, writer: model.AvroType, writer_types: Types
) -> tuple[Incompatibility, ...]:
    """All that keeps some data of the writer's schema from being read, a thousand things at most.

    Nothing, if all data can be read.
    """
    return compare(Pair(reader, writer, TOP, TOP, TOP), reader_types, writer_types)


def compare(pair: Pair, reader_types: Types, writer_types: Types) -> tuple[Incompatibility, ...]:
    """Likewise for parts of two schemas."""
    return tuple(_Comparison(reader_types, writer_types).run(pair))


_Found: TypeAlias = list[Incompatibility]
_Steps: TypeAlias = Generator[Pair, _Found, _Found]
"""A comparison that asks for those of inner types, and ends in what was found."""

_Key: TypeAlias = tuple[str | int, str | int]


class _Comparison:
    def __init__(self, reader_types: Types, writer_types: Types) -> None:
        self._reader_types = reader_types
        self._writer_types = writer_types
        self._found: dict[_Key, _Found] = {}

    def run(self, pair: Pair) -> _Found:
        """Compare a pair, and all that it leads to.

        A pair that is met while it is being compared is compatible with itself. The stack is a
        list: chains of types may be longer than Python's.
        """
        waiting = [self._begin(pair)]
        answer: _Found | None = None
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
            case model.Union(), model.Union():
                return (yield from self._unions(pair))
            case _, model.Union(branches):
                found: _Found = []
                for index, branch in enumerate(branches):
                    found += yield pair.writers_branch(index, branch)
                return found
            case model.Union(branches), _:
                return (yield from self._readers_union(pair, branches))
            case _ if _is_promoted(pair.reader, pair.writer):
                return []
            case model.Array(one), model.Array(other):
                return (yield pair.both(one, other, "items"))
            case model.Map(one), model.Map(other):
                return (yield pair.both(one, other, "values"))
            case model.Reference(one), model.Reference(other):
                return (yield from self._named(pair, one, other))
            case _:
                return [self._mismatch(pair)]

    def _unions(self, pair: Pair) -> _Steps:
        assert isinstance(pair.writer, model.Union)
        found: _Found = []
        for index, branch in enumerate(pair.writer.branches):
            there = pair.writers_branch(index, branch)
            if (yield there._replace(path=TOP)):
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
            if not (yield pair.readers_branch(index, branches[index])._replace(path=TOP)):
                return []
        return [self._missing_branch(pair)]

    def _missing_branch(self, pair: Pair) -> Incompatibility:
        kind = _kind(pair.writer, self._writer_types)
        message = f"reader union lacking writer type: {kind}"
        return pair.found(IncompatibilityType.MISSING_UNION_BRANCH, message)

    def _mismatch(self, pair: Pair) -> Incompatibility:
        mine = _kind(pair.reader, self._reader_types)
        theirs = _kind(pair.writer, self._writer_types)
        message = f"reader type: {mine} not compatible with writer type: {theirs}"
        return pair.found(IncompatibilityType.TYPE_MISMATCH, message)

    # --- named types ------------------------------------------------------------------------------

    def _named(self, pair: Pair, one: str, other: str) -> _Steps:
        reader, writer = self._reader_types[one], self._writer_types[other]
        if type(reader) is not type(writer):
            return [self._mismatch(pair)]
        pair = pair.enter(one, other)
        found: _Found = []

        def note(step: str, kind: IncompatibilityType, message: str) -> None:
            found.append(pair.both(pair.reader, pair.writer, step).found(kind, message))

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
        found: _Found = []
        positions = written_fields(reader, writer)
        for index, (field, position) in enumerate(zip(reader.fields, positions, strict=True)):
            if len(found) > _MOST:
                break
            here = ("fields", index)
            if position is not None:
                written = writer.fields[position].type
                if _is_promoted(field.type, written):
                    continue
                there = ("fields", position, "type")
                found += yield pair.apart(field.type, (*here, "type"), written, there)
            elif field.default is not model.NO_DEFAULT:
                continue
            elif self._is_enum_with_default(field.type):
                # As Java has it: a default of the enum is no default of the field, and what is
                # said of such a field is that its type is not that of the record.
                found += yield pair.apart(field.type, (*here, "type"), pair.writer, ())
            else:
                there_is_none = pair.apart(pair.reader, here, pair.writer, ("fields",))
                kind = IncompatibilityType.READER_FIELD_MISSING_DEFAULT_VALUE
                found.append(there_is_none.found(kind, field.name))
        return found

    def _is_enum_with_default(self, type_: model.AvroType) -> bool:
        if not isinstance(type_, model.Reference):
            return False
        named = self._reader_types[type_.name]
        return isinstance(named, model.EnumType) and named.default is not None


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
