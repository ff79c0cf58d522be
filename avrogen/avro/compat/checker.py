"""Compatibility checker: reasons why a reader's schema cannot read all data of a writer's.

Results, error types, messages and locations are those of Avro Java's SchemaCompatibility, which
Confluent's Schema Registry reports. Therefore the steps and their order are Java's, and so is the
cache: the result for a pair of types is reported again, with its first location, for each other use
of the pair.
"""

from __future__ import annotations

from collections.abc import Generator, Iterator, Sequence
from typing import TypeAlias

from avrogen.avro import model
from avrogen.avro.compat.paths import (
    Incompatibility,
    IncompatibilityType,
    LocatedIncompatibility,
    PairPath,
    TypePair,
)
from avrogen.avro.resolution import (
    BranchIndex,
    ComparisonSteps,
    TooManyPairs,
    Types,
    is_promotable,
    names_match,
    written_fields,
)
from avrogen.avro.type_labels import kind_of

__all__ = [
    "Comparison",
    "branch_missing",
    "incompatibilities",
    "is_same_kind",
    "is_trivial",
    "may_read",
    "named_differences",
    "too_many_pairs",
    "type_mismatch",
]

_MOST = 1000
"""Maximum number of incompatibilities. Each counts once for each use of its type: for chains of
types that use the next one twice, all of them would not fit into memory."""

_MOST_OF_PATHS = 5_000_000
"""Characters of the paths of all incompatibilities: in chains each may be as long as the schema."""

_MANY_BRANCHES = 50
"""Unions with more branches are filtered before they are compared."""


def incompatibilities(
    reader: model.AvroType,
    reader_types: Types,
    writer: model.AvroType,
    writer_types: Types,
    place: PairPath | None = None,
) -> tuple[Incompatibility, ...]:
    """Return the reasons why some data of the writer's schema cannot be read, a thousand at most.

    There are fewer where their paths have more than five million characters.

    Args:
        reader: type of the reader.
        reader_types: named types that it depends on, by full name.
        writer: type of the writer.
        writer_types: likewise.
        place: place of the two; None: the top.

    Returns:
        Incompatibilities; empty if all data can be read.
    """
    pair = TypePair(reader, writer, place or PairPath())
    try:
        found = Comparison(reader_types, writer_types).run(pair)
    except TooManyPairs:
        # Branches that cannot match are most of the pairs of types that refer to each other.
        try:
            found = Comparison(reader_types, writer_types, many_branches=1).run(pair)
        except TooManyPairs as error:
            return (too_many_pairs(error, pair.place),)
    return _with_paths(found)


def _with_paths(found: Sequence[LocatedIncompatibility]) -> tuple[Incompatibility, ...]:
    """Return incompatibilities until their paths are too long to list any more."""
    listed: list[Incompatibility] = []
    left = _MOST_OF_PATHS
    for each in found:
        incompatibility = each.incompatibility
        listed.append(incompatibility)
        left -= len(incompatibility.reader_path) + len(incompatibility.writer_path)
        if left < 0:
            break
    return tuple(listed)


def too_many_pairs(error: TooManyPairs, place: PairPath | None = None) -> Incompatibility:
    """Return the incompatibility of schemas that take too many steps to compare.

    Args:
        error: the error.
        place: place of the two; None: the top.
    """
    return (place or PairPath()).found(IncompatibilityType.TYPE_MISMATCH, str(error))


_Steps: TypeAlias = Generator[TypePair, list[LocatedIncompatibility], list[LocatedIncompatibility]]
"""A comparison that yields pairs of inner types to compare, and returns the incompatibilities."""

_Key: TypeAlias = tuple[str | int, str | int]


class Comparison:
    """Comparison of two schemas that compares each pair of types once.

    Args:
        reader_types: named types of the reader, by full name.
        writer_types: likewise.
        many_branches: unions with more branches are filtered before they are compared.
    """

    def __init__(
        self, reader_types: Types, writer_types: Types, many_branches: int = _MANY_BRANCHES
    ) -> None:
        self._many_branches = many_branches
        self._reader_types = reader_types
        self._writer_types = writer_types
        self._found: dict[_Key, list[LocatedIncompatibility]] = {}
        self._branches = BranchIndex(reader_types)
        self._steps = ComparisonSteps(reader_types, writer_types)
        self._contents: dict[tuple[str, ...], int] = {}
        self._unions: dict[int, tuple[model.Union, int]] = {}
        self._compatible: set[tuple[int, int]] = set()
        self._hits_in_progress = 0
        self._in_progress: set[_Key] = set()

    def run(self, pair: TypePair) -> Sequence[LocatedIncompatibility]:
        """Compare a pair of types and all types that they depend on.

        A pair inside itself counts as compatible there. The stack is a list: chains of types may be
        longer than Python's.

        Raises:
            TooManyPairs: the two have too many pairs of types.
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
                self._in_progress.discard(key)
                waiting.pop()
                if not waiting:
                    return self._found[key]
            else:
                answer = self._found.get(_key(asked))
                if answer is None:
                    waiting.append(self._begin(asked))
                elif _key(asked) in self._in_progress:
                    self._hits_in_progress += 1

    def _begin(self, pair: TypePair) -> tuple[_Key, _Steps]:
        self._steps.take()
        if isinstance(pair.reader, model.Reference) and isinstance(pair.writer, model.Reference):
            self._steps.take_pair()
        self._found[_key(pair)] = []
        self._in_progress.add(_key(pair))
        return _key(pair), self._compare(pair)

    def _compare(self, pair: TypePair) -> _Steps:
        match pair.reader, pair.writer:
            case model.Union() as one, model.Union() as other:
                return (yield from self._compared_unions(pair, one, other))
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
                return (yield TypePair(one, other, pair.place.step("items")))
            case model.Map(one), model.Map(other):
                return (yield TypePair(one, other, pair.place.step("values")))
            case model.Reference(one), model.Reference(other) if self._is_same_kind(one, other):
                return (yield from self._named(pair._replace(place=pair.place.enter(one, other))))
            case _:
                return [type_mismatch(pair, self._reader_types, self._writer_types)]

    def _compared_unions(self, pair: TypePair, reader: model.Union, writer: model.Union) -> _Steps:
        """Compare unions once for all places where they are used, if they are compatible."""
        contents = self._content(reader), self._content(writer)
        if contents in self._compatible:
            return []
        hits = self._hits_in_progress
        found = yield from self._of_unions(pair, writer.branches)
        if not found and hits == self._hits_in_progress:
            self._compatible.add(contents)
        return found

    def _content(self, union: model.Union) -> int:
        """Return a number that unions of the same named and primitive types have in common."""
        known = self._unions.get(id(union))
        if known is None:
            names: list[str] = []
            for branch in union.branches:
                match branch:
                    case model.Reference(name):
                        names.append(name)
                    case model.Primitive(name):
                        names.append(f"primitive {name}")
                    case _:
                        names.append(f"type {id(branch)}")
            number = self._contents.setdefault(tuple(names), len(self._contents))
            known = self._unions[id(union)] = union, number
        return known[1]

    def _of_unions(self, pair: TypePair, branches: tuple[model.AvroType, ...]) -> _Steps:
        found: list[LocatedIncompatibility] = []
        for index, branch in enumerate(branches):
            there = TypePair(pair.reader, branch, pair.place.writers_branch(index))
            if (yield there._replace(place=there.place.restart())):
                found.append(branch_missing(there, self._writer_types))
        return found

    def _readers_union(self, pair: TypePair, branches: tuple[model.AvroType, ...]) -> _Steps:
        types = self._reader_types, self._writer_types
        positions: Sequence[int] = range(len(branches))
        if len(branches) > self._many_branches:
            # Java compares branches that cannot match, too. In rare schemas that has an effect on
            # locations, and on nothing else.
            assert isinstance(pair.reader, model.Union), "it has the branches"
            positions = self._branches.candidates(pair.reader, pair.writer)
        for index in positions:
            self._steps.take()
            branch = branches[index]
            # Nothing else asks for a pair with a type that is no named one.
            is_seen = isinstance(branch, model.Reference) and len(branches) <= self._many_branches
            if not is_seen and not may_read(branch, pair.writer, *types):
                continue
            there = pair.place.readers_branch(index).restart()
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
    """Return the key of a pair in the cache.

    Java compares schemas as objects: all uses of a named type are one object, and each other type
    is one of its own.
    """
    return _identity(pair.reader), _identity(pair.writer)


def _identity(type_: model.AvroType) -> str | int:
    return type_.name if isinstance(type_, model.Reference) else id(type_)


# --- one pair of types ----------------------------------------------------------------------------


def named_differences(
    pair: TypePair, reader_types: Types, writer_types: Types
) -> Iterator[LocatedIncompatibility | TypePair]:
    """Yield the incompatibilities of two definitions, and the pairs of inner types to compare.

    Args:
        pair: two named types of the same kind; its place is the beginning of their definitions.
        reader_types: named types of the reader, by full name.
        writer_types: likewise.
    """
    assert isinstance(pair.reader, model.Reference), "only references name types"
    assert isinstance(pair.writer, model.Reference), "only references name types"
    reader, writer = reader_types[pair.reader.name], writer_types[pair.writer.name]
    if not names_match(reader, writer):
        kind = IncompatibilityType.NAME_MISMATCH
        yield _located(pair, kind, f"expected: {model.wire_name(writer)}", "name")
    match reader, writer:
        case model.FixedType(size=mine), model.FixedType(size=theirs):
            if mine != theirs:
                kind = IncompatibilityType.FIXED_SIZE_MISMATCH
                yield _located(pair, kind, f"expected: {theirs}, found: {mine}", "size")
        case model.EnumType(), model.EnumType():
            lacking = sorted(set(writer.symbols) - set(reader.symbols))
            if lacking and reader.default is None:
                kind = IncompatibilityType.MISSING_ENUM_SYMBOLS
                yield _located(pair, kind, f"[{', '.join(lacking)}]", "symbols")
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
                place = pair.place.split((*here, "type"), ("fields", position, "type"))
                yield TypePair(field.type, written, place)
        elif field.default is not model.NO_DEFAULT:
            continue
        elif _is_enum_with_default(field.type, reader_types):
            # As in Java: the default of the enum is not one of the field; the message is that
            # the type of the field is not that of the record.
            place = pair.place.split((*here, "type"), ())
            yield TypePair(field.type, pair.writer, place)
        else:
            there = pair._replace(place=pair.place.split(here, ("fields",)))
            kind = IncompatibilityType.READER_FIELD_MISSING_DEFAULT_VALUE
            yield _located(there, kind, field.name)


def type_mismatch(
    pair: TypePair, reader_types: Types, writer_types: Types
) -> LocatedIncompatibility:
    """Return the incompatibility of two types of which one cannot be read as the other."""
    mine, theirs = _java_name(pair.reader, reader_types), _java_name(pair.writer, writer_types)
    message = f"reader type: {mine} not compatible with writer type: {theirs}"
    return _located(pair, IncompatibilityType.TYPE_MISMATCH, message)


def branch_missing(pair: TypePair, writer_types: Types) -> LocatedIncompatibility:
    """Return the incompatibility of a union without a branch that reads a type."""
    message = f"reader union lacking writer type: {_java_name(pair.writer, writer_types)}"
    return _located(pair, IncompatibilityType.MISSING_UNION_BRANCH, message)


def is_trivial(reader: model.AvroType, writer: model.AvroType) -> bool:
    """Tell if two types are primitive, and one can be read as the other."""
    match reader, writer:
        case model.Primitive(one), model.Primitive(other):
            return is_promotable(one, other)
        case _:
            return False


def may_read(
    reader: model.AvroType, writer: model.AvroType, reader_types: Types, writer_types: Types
) -> bool:
    """Tell if a branch of a union can read a type, by kinds and names only."""
    match reader, writer:
        case model.Reference(one), model.Reference(other):
            mine, theirs = reader_types[one], writer_types[other]
            return type(mine) is type(theirs) and names_match(mine, theirs)
        case (model.Array(), model.Array()) | (model.Map(), model.Map()):
            return True
        case _:
            return is_trivial(reader, writer)


def is_same_kind(one: str, other: str, reader_types: Types, writer_types: Types) -> bool:
    """Tell if two named types are both records, both enums or both fixed."""
    return type(reader_types[one]) is type(writer_types[other])


def _java_name(type_: model.AvroType, types: Types) -> str:
    """Return Avro Java's name of a kind of types."""
    return kind_of(types[type_.name] if isinstance(type_, model.Reference) else type_).upper()


def _is_enum_with_default(type_: model.AvroType, types: Types) -> bool:
    if not isinstance(type_, model.Reference):
        return False
    named = types[type_.name]
    return isinstance(named, model.EnumType) and named.default is not None


def _located(
    pair: TypePair, type_: IncompatibilityType, message: str, *steps: str
) -> LocatedIncompatibility:
    pair = pair._replace(place=pair.place.step(*steps)) if steps else pair
    return LocatedIncompatibility(type_, message, pair)
