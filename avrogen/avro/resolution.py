"""Schema resolution: types of a writer's schema read as types of a reader's (Avro 1.12).

A pair of schemas raises two questions. *Can some data be read?* is answered here: an enum symbol or
a union branch that the reader lacks affects the data that use it, not the others. *Can all data be
read?* is asked before schemas change: see :mod:`avrogen.avro.compat.checker`.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Final, TypeAlias

from avrogen.avro import model
from avrogen.avro.model import references
from avrogen.avro.names import short_name

__all__ = [
    "BranchIndex",
    "ComparisonSteps",
    "Resolution",
    "TooManyPairs",
    "Types",
    "is_promotable",
    "names_match",
    "written_fields",
]

_PROMOTIONS: Final[Mapping[model.PrimitiveName, frozenset[model.PrimitiveName]]] = {
    "long": frozenset({"int"}),
    "float": frozenset({"int", "long"}),
    "double": frozenset({"int", "long", "float"}),
    "string": frozenset({"bytes"}),
    "bytes": frozenset({"string"}),
}
"""Primitive types that are promoted to a reader's."""

Types: TypeAlias = Mapping[str, model.NamedType]
_Pair: TypeAlias = tuple[str, str]


def is_promotable(reader: model.PrimitiveName, writer: model.PrimitiveName) -> bool:
    """Tell if a primitive type of the writer can be read as one of the reader."""
    return reader == writer or writer in _PROMOTIONS.get(reader, ())


def names_match(reader: model.NamedType, writer: model.NamedType) -> bool:
    """Tell if a named type can be read as another, by their names and aliases.

    Namespaces do not matter, except in aliases ("Aliases").
    """
    mine, theirs = model.wire_name(reader), model.wire_name(writer)
    return short_name(mine) == short_name(theirs) or theirs in reader.aliases


def written_fields(reader: model.RecordType, writer: model.RecordType) -> list[int | None]:
    """Return for each field of a reader its position in the writer's record; None: not written.

    A field of the same name precedes one of an alias, and earlier aliases precede later ones.
    """
    positions = {field.name: index for index, field in enumerate(writer.fields)}
    return [
        next((positions[name] for name in (field.name, *field.aliases) if name in positions), None)
        for field in reader.fields
    ]


_MOST_STEPS: Final = 100_000
_STEPS_PER_PART: Final = 4
"""Comparisons of types of a reader with types of a writer; parts are fields and branches."""

_MOST_PAIRS: Final = 1_000
"""Pairs of definitions of a reader and a writer, beyond one for each definition."""


_TOO_MANY_PAIRS: Final = "the schemas have too many pairs of types to compare"


class TooManyPairs(ValueError):
    """Comparing two schemas takes too many steps: types of few names match many others."""


class ComparisonSteps:
    """The steps that comparing two schemas may take.

    Schemas whose types all match each other have the product of their sizes as pairs. Other schemas
    take few steps for each of their parts.

    Args:
        reader_types: named types of the reader, by full name.
        writer_types: likewise.
    """

    def __init__(self, reader_types: Types, writer_types: Types) -> None:
        self._types = reader_types, writer_types
        self._left = _MOST_STEPS
        self._is_extended = False
        self._pairs_left = _MOST_PAIRS + len(reader_types) + len(writer_types)

    def take(self, steps: int = 1) -> None:
        """Count steps.

        Raises:
            TooManyPairs: there were too many.
        """
        self._left -= steps
        if self._left >= 0:
            return
        if not self._is_extended:
            # Counting takes time as well, which small schemas need not take.
            self._is_extended = True
            parts = sum(map(_parts, (named for types in self._types for named in types.values())))
            self._left += _STEPS_PER_PART * parts
        if self._left < 0:
            raise TooManyPairs(_TOO_MANY_PAIRS)

    def take_pair(self) -> None:
        """Count a pair of definitions.

        Raises:
            TooManyPairs: there were too many.
        """
        self._pairs_left -= 1
        if self._pairs_left < 0:
            raise TooManyPairs(_TOO_MANY_PAIRS)


def _parts(named: model.NamedType) -> int:
    if not isinstance(named, model.RecordType):
        return 1
    return 1 + sum(1 + sum(1 for _ in references(field.type)) for field in named.fields)


class BranchIndex:
    """Index of the branches of a reader's unions by the types that they can match.

    Args:
        reader_types: named types of the reader, by full name.
    """

    def __init__(self, reader_types: Types) -> None:
        self._reader_types = reader_types
        # With the unions: others must not get their identities.
        self._by_key: dict[int, tuple[model.Union, dict[str, list[int]]]] = {}

    def candidates(self, reader: model.Union, writer: model.AvroType) -> Sequence[int]:
        """Return the positions of the branches that a type, which is not a union, can match.

        They are looked up by key, as unions of thousands of records are compared with each other.
        """
        known = self._by_key.get(id(reader))
        index: dict[str, list[int]] = {} if known is None else known[1]
        if known is None:
            self._by_key[id(reader)] = reader, index
            for position, branch in enumerate(reader.branches):
                for key in self._readable_keys(branch):
                    index.setdefault(key, []).append(position)
        match writer:
            case model.Reference(name):
                by_name, by_alias = index.get(f"name {short_name(name)}", []), index.get(
                    f"alias {name}", []
                )
                return sorted({*by_name, *by_alias})
            case model.Primitive(name):
                return index.get(f"primitive {name}", [])
            case _:
                return index.get(f"kind {type(writer).__name__}", [])

    def _readable_keys(self, reader: model.AvroType) -> Iterator[str]:
        """Yield the keys of the writer's types that a type can read."""
        match reader:
            case model.Reference(name):
                yield f"name {short_name(name)}"
                yield from (f"alias {alias}" for alias in self._reader_types[name].aliases)
            case model.Primitive(name):
                yield from (f"primitive {other}" for other in (name, *_PROMOTIONS.get(name, ())))
            case _:
                yield f"kind {type(reader).__name__}"


class Resolution:
    """Resolution of a writer's schema against a reader's.

    Raises:
        TooManyPairs: by its methods; the two have too many pairs of types.
    """

    def __init__(self, reader_types: Types, writer_types: Types) -> None:
        self._reader_types = reader_types
        self._writer_types = writer_types
        self._verdicts: dict[_Pair, bool] = {}
        self._branches = BranchIndex(reader_types)
        self.steps: Final = ComparisonSteps(reader_types, writer_types)

    def is_readable(self, reader: model.AvroType, writer: model.AvroType) -> bool:
        """Tell if some data of the writer's type can be read as the reader's."""
        self._settle(reader, writer)
        return self._fits(reader, writer)

    def branch(self, reader: model.Union, writer: model.AvroType) -> int | None:
        """Return the position of the branch that reads data of a type, which is not a union.

        The specification uses the first that matches. Here the same type precedes those it could
        be promoted to, and the same full name precedes an equal short name: otherwise a union would
        not even be read as itself. Avro Java does the same.
        """
        candidates = self._branches.candidates(reader, writer)
        for index in candidates:
            branch = reader.branches[index]
            if self._is_same(branch, writer) and self.is_readable(branch, writer):
                return index
        for index in candidates:
            if self.is_readable(reader.branches[index], writer):
                return index
        return None

    def _is_same(self, reader: model.AvroType, writer: model.AvroType) -> bool:
        match reader, writer:
            case (model.Primitive(one), model.Primitive(other)) | (
                model.Reference(one),
                model.Reference(other),
            ):
                return one == other
            case _:
                return type(reader) is type(writer)

    def _settle(self, reader: model.AvroType, writer: model.AvroType) -> None:
        """Find a verdict for each pair of records in a pair of types.

        All fit until proven otherwise, as records that contain each other do; if one does not fit,
        the pairs that need it are checked again. There is no recursion for records within records:
        chains of types may be longer than Python's stack.
        """
        needed_by: dict[_Pair, list[_Pair]] = {}
        waiting = list(self._pairs(reader, writer))
        while waiting:
            pair = waiting.pop()
            if pair not in self._verdicts:
                self._verdicts[pair] = True
                needed_by.setdefault(pair, [])
                for field, written in self._common_fields(pair):
                    for inner in self._pairs(field.type, written.type):
                        needed_by.setdefault(inner, []).append(pair)
                        waiting.append(inner)
        waiting = list(needed_by)
        while waiting:
            pair = waiting.pop()
            if self._verdicts[pair] and not self._records_fit(pair):
                self._verdicts[pair] = False
                waiting.extend(needed_by[pair])

    def _pairs(self, reader: model.AvroType, writer: model.AvroType) -> Iterator[_Pair]:
        """Yield the pairs of records whose verdicts :meth:`_fits` needs."""
        self.steps.take()
        match reader, writer:
            case _, model.Union(branches):
                for branch in branches:
                    yield from self._pairs(reader, branch)
            case model.Union(branches), _:
                for index in self._branches.candidates(reader, writer):
                    yield from self._pairs(branches[index], writer)
            case (model.Array(one), model.Array(other)) | (model.Map(one), model.Map(other)):
                yield from self._pairs(one, other)
            case model.Reference(one), model.Reference(other):
                mine, theirs = self._reader_types[one], self._writer_types[other]
                both = isinstance(mine, model.RecordType) and isinstance(theirs, model.RecordType)
                if both and names_match(mine, theirs):
                    yield one, other
            case _:
                return

    def _fits(self, reader: model.AvroType, writer: model.AvroType) -> bool:
        self.steps.take()
        match reader, writer:
            case _, model.Union(branches):
                return not branches or any(self._fits(reader, branch) for branch in branches)
            case model.Union(branches), _:
                candidates = self._branches.candidates(reader, writer)
                return any(self._fits(branches[index], writer) for index in candidates)
            case model.Primitive(one), model.Primitive(other):
                return is_promotable(one, other)
            case (model.Array(one), model.Array(other)) | (model.Map(one), model.Map(other)):
                return self._fits(one, other)
            case model.Reference(one), model.Reference(other):
                return self._named_fit(self._reader_types[one], self._writer_types[other])
            case _:
                return False

    def _named_fit(self, reader: model.NamedType, writer: model.NamedType) -> bool:
        match reader, writer:
            case model.RecordType(), model.RecordType():
                return names_match(reader, writer) and self._verdicts[reader.name, writer.name]
            case model.EnumType(), model.EnumType():
                return names_match(reader, writer)
            case model.FixedType(), model.FixedType():
                return names_match(reader, writer) and reader.size == writer.size
            case _:
                return False

    def _records_fit(self, pair: _Pair) -> bool:
        reader, _ = self._records(pair)
        common = list(self._common_fields(pair))
        written = {field.name for field, _ in common}
        return all(self._fits(field.type, other.type) for field, other in common) and all(
            field.default is not model.NO_DEFAULT or field.name in written
            for field in reader.fields
        )

    def _common_fields(self, pair: _Pair) -> Iterator[tuple[model.Field, model.Field]]:
        reader, writer = self._records(pair)
        for field, position in zip(reader.fields, written_fields(reader, writer), strict=True):
            if position is not None:
                yield field, writer.fields[position]

    def _records(self, pair: _Pair) -> tuple[model.RecordType, model.RecordType]:
        reader, writer = self._reader_types[pair[0]], self._writer_types[pair[1]]
        assert isinstance(reader, model.RecordType), "only records make pairs"
        assert isinstance(writer, model.RecordType), "only records make pairs"
        return reader, writer
