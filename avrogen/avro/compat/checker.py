"""Whether all data of a writer's schema can be read with a reader's, and if not, why not.

Verdicts, error types, messages and locations are those of Avro Java's SchemaCompatibility, which
Confluent's Schema Registry reports: whoever sees one here finds it there. To that end the steps are
Java's, and so is what is remembered: what was found for a pair of types is found again, with its
first location, wherever else the pair is met.

What keeps one definition from being read as another, and what else has to be compared for it.

These are the steps of Avro Java's SchemaCompatibility for a single pair of types, in its order.
"""

from __future__ import annotations

from collections.abc import Generator, Iterator, Sequence
from typing import TypeAlias, assert_never

from avrogen.avro import model
from avrogen.avro.compat.paths import (
    Incompatibility,
    IncompatibilityType,
    LocatedIncompatibility,
    PairPath,
    TypePair,
)
from avrogen.avro.resolution import Types, is_promotable, names_match, written_fields

__all__ = [
    "Comparison",
    "Incompatibility",
    "IncompatibilityType",
    "branch_missing",
    "incompatibilities",
    "is_same_kind",
    "is_trivial",
    "kind_of",
    "may_read",
    "named_differences",
    "type_mismatch",
]

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
    place: PairPath | None = None,
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
    pair = TypePair(reader, writer, place or PairPath())
    return tuple(found.incompatibility for found in comparison.run(pair))


_Steps: TypeAlias = Generator[TypePair, list[LocatedIncompatibility], list[LocatedIncompatibility]]
"""A comparison that asks for those of inner types, and ends in what was found."""

_Key: TypeAlias = tuple[str | int, str | int]


class Comparison:
    """A reader's and a writer's schema, of which all is known that was compared once."""

    def __init__(self, reader_types: Types, writer_types: Types) -> None:
        """Prepare; named types are by full name."""
        self._reader_types = reader_types
        self._writer_types = writer_types
        self._found: dict[_Key, list[LocatedIncompatibility]] = {}

    def run(self, pair: TypePair) -> Sequence[LocatedIncompatibility]:
        """Compare a pair of types, and all that it leads to.

        A pair that is met while it is being compared is compatible with itself. The stack is a
        list: chains of types may be longer than Python's.
        """
        if _key(pair) in self._found:
            return self._found[_key(pair)]
        waiting = [self._begin(pair)]
        answer: list[LocatedIncompatibility] | None = None
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

    def _begin(self, pair: TypePair) -> tuple[_Key, _Steps]:
        self._found[_key(pair)] = []
        return _key(pair), self._compare(pair)

    def _compare(self, pair: TypePair) -> _Steps:
        match pair.reader, pair.writer:
            case model.Union(), model.Union(branches):
                return (yield from self._unions(pair, branches))
            case _, model.Union(branches):
                found: list[LocatedIncompatibility] = []
                for index, branch in enumerate(branches):
                    found += yield TypePair(pair.reader, branch, pair.place.writers_branch(index))
                return found
            case model.Union(branches), _:
                return (yield from self._readers_union(pair, branches))
            case one, other if is_trivial(one, other):
                return []
            case model.Array(one), model.Array(other):
                return (yield TypePair(one, other, pair.place.both("items")))
            case model.Map(one), model.Map(other):
                return (yield TypePair(one, other, pair.place.both("values")))
            case model.Reference(one), model.Reference(other) if self._is_same_kind(one, other):
                return (yield from self._named(pair._replace(place=pair.place.inside(one, other))))
            case _:
                return [type_mismatch(pair, self._reader_types, self._writer_types)]

    def _unions(self, pair: TypePair, branches: tuple[model.AvroType, ...]) -> _Steps:
        found: list[LocatedIncompatibility] = []
        for index, branch in enumerate(branches):
            there = TypePair(pair.reader, branch, pair.place.writers_branch(index))
            if (yield there._replace(place=there.place.anew())):
                found.append(branch_missing(there, self._writer_types))
        return found

    def _readers_union(self, pair: TypePair, branches: tuple[model.AvroType, ...]) -> _Steps:
        types = self._reader_types, self._writer_types
        for index, branch in enumerate(branches):
            # Java tries those as well that cannot fit. In rare schemas that has an effect on
            # locations, and on nothing else.
            if len(branches) > _MANY and not may_read(branch, pair.writer, *types):
                continue
            there = pair.place.readers_branch(index).anew()
            if not (yield TypePair(branch, pair.writer, there)):
                return []
        return [branch_missing(pair, self._writer_types)]

    def _named(self, pair: TypePair) -> _Steps:
        found: list[LocatedIncompatibility] = []
        for step in named_differences(pair, self._reader_types, self._writer_types):
            if isinstance(step, TypePair):
                found += yield step
            else:
                found.append(step)
            if len(found) > _MOST:
                break
        return found

    def _is_same_kind(self, one: str, other: str) -> bool:
        return is_same_kind(one, other, self._reader_types, self._writer_types)


def _key(pair: TypePair) -> _Key:
    """What a pair is remembered by. Java compares schemas as objects: every use of a named type is
    one object, and every other type is one by itself."""
    return _identity(pair.reader), _identity(pair.writer)


def _identity(type_: model.AvroType) -> str | int:
    return type_.name if isinstance(type_, model.Reference) else id(type_)


def named_differences(
    pair: TypePair, reader_types: Types, writer_types: Types
) -> Iterator[LocatedIncompatibility | TypePair]:
    """What is in the way, and the pairs of inner types that have to be compared.

    Args:
        pair: two named types of the same kind; its place is where their definitions begin.
        reader_types: the named types of the reader.
        writer_types: likewise.
    """
    assert isinstance(pair.reader, model.Reference), "only references name types"
    assert isinstance(pair.writer, model.Reference), "only references name types"
    reader, writer = reader_types[pair.reader.name], writer_types[pair.writer.name]
    if not names_match(reader, writer):
        kind = IncompatibilityType.NAME_MISMATCH
        yield _found(pair, kind, f"expected: {writer.name}", "name")
    match reader, writer:
        case model.FixedType(size=mine), model.FixedType(size=theirs):
            if mine != theirs:
                kind = IncompatibilityType.FIXED_SIZE_MISMATCH
                yield _found(pair, kind, f"expected: {theirs}, found: {mine}", "size")
        case model.EnumType(), model.EnumType():
            lacking = sorted(set(writer.symbols) - set(reader.symbols))
            if lacking and reader.default is None:
                kind = IncompatibilityType.MISSING_ENUM_SYMBOLS
                yield _found(pair, kind, f"[{', '.join(lacking)}]", "symbols")
        case model.RecordType(), model.RecordType():
            yield from _fields(pair, reader, writer, reader_types)
        case _:
            raise AssertionError("they are of one kind")


def _fields(
    pair: TypePair, reader: model.RecordType, writer: model.RecordType, reader_types: Types
) -> Iterator[LocatedIncompatibility | TypePair]:
    positions = written_fields(reader, writer)
    for index, (field, position) in enumerate(zip(reader.fields, positions, strict=True)):
        here = ("fields", index)
        if position is not None:
            written = writer.fields[position].type
            if not is_trivial(field.type, written):
                place = pair.place.apart((*here, "type"), ("fields", position, "type"))
                yield TypePair(field.type, written, place)
        elif field.default is not model.NO_DEFAULT:
            continue
        elif _is_enum_with_default(field.type, reader_types):
            # As Java has it: the enum's default is none of the field, and what is said of the
            # field is that its type is not the record's.
            place = pair.place.apart((*here, "type"), ())
            yield TypePair(field.type, pair.writer, place)
        else:
            there = pair._replace(place=pair.place.apart(here, ("fields",)))
            kind = IncompatibilityType.READER_FIELD_MISSING_DEFAULT_VALUE
            yield _found(there, kind, field.name)


def type_mismatch(
    pair: TypePair, reader_types: Types, writer_types: Types
) -> LocatedIncompatibility:
    """That one type is not read as another."""
    mine, theirs = kind_of(pair.reader, reader_types), kind_of(pair.writer, writer_types)
    message = f"reader type: {mine} not compatible with writer type: {theirs}"
    return _found(pair, IncompatibilityType.TYPE_MISMATCH, message)


def branch_missing(pair: TypePair, writer_types: Types) -> LocatedIncompatibility:
    """That a union has no branch that reads a type."""
    message = f"reader union lacking writer type: {kind_of(pair.writer, writer_types)}"
    return _found(pair, IncompatibilityType.MISSING_UNION_BRANCH, message)


def is_trivial(reader: model.AvroType, writer: model.AvroType) -> bool:
    """Whether two types are primitive, and one is read as the other."""
    match reader, writer:
        case model.Primitive(one), model.Primitive(other):
            return is_promotable(one, other)
        case _:
            return False


def may_read(
    reader: model.AvroType, writer: model.AvroType, reader_types: Types, writer_types: Types
) -> bool:
    """Whether a branch of a union can read a type at all, going by kinds and names."""
    match reader, writer:
        case model.Reference(one), model.Reference(other):
            mine, theirs = reader_types[one], writer_types[other]
            return type(mine) is type(theirs) and names_match(mine, theirs)
        case (model.Array(), model.Array()) | (model.Map(), model.Map()):
            return True
        case _:
            return is_trivial(reader, writer)


def is_same_kind(one: str, other: str, reader_types: Types, writer_types: Types) -> bool:
    """Whether two named types are both records, both enums or both fixed."""
    return type(reader_types[one]) is type(writer_types[other])


def kind_of(type_: model.AvroType, types: Types) -> str:
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
                case model.RecordType():
                    return "RECORD"
                case model.EnumType():
                    return "ENUM"
                case model.FixedType():
                    return "FIXED"
        case _:
            assert_never(type_)


def _is_enum_with_default(type_: model.AvroType, types: Types) -> bool:
    if not isinstance(type_, model.Reference):
        return False
    named = types[type_.name]
    return isinstance(named, model.EnumType) and named.default is not None


def _found(
    pair: TypePair, type_: IncompatibilityType, message: str, *steps: str
) -> LocatedIncompatibility:
    pair = pair._replace(place=pair.place.both(*steps)) if steps else pair
    return LocatedIncompatibility(
        pair.place.found(type_, message), pair.reader_part, pair.writer_part
    )
