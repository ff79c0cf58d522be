"""Finder of value-changing changes between two versions of a schema.

Such changes are compatible: checkers and the registry accept them, the data are read without an
error, and the values differ from those that were written.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import NamedTuple, TypeAlias

from avrogen.avro import model
from avrogen.avro.compat.checker import is_same_kind
from avrogen.avro.compat.levels import Direction, Version
from avrogen.avro.compat.paths import PairPath, TypePair
from avrogen.avro.compat.renames import (
    ambiguous_aliases,
    changed_namespace,
    fields_claimed_twice,
    removed_aliases,
    renamed_fields,
)
from avrogen.avro.compat.root_causes import closest_branch
from avrogen.avro.compat.value_changes import (
    ValueChange,
    changed_defaults,
    changed_enum_default,
    changed_values,
    symbols_as_default,
)
from avrogen.avro.resolution import BranchIndex, Types, written_fields

__all__ = ["ValueChangeFinder", "corresponding", "corresponding_fields", "value_changes"]

_Names: TypeAlias = tuple[str, str]


def value_changes(new: Version, old: Version, direction: Direction) -> Iterator[ValueChange]:
    """Yield the value-changing changes between two versions of a schema.

    Args:
        new: new version.
        old: old version.
        direction: selects the version that reads. Changes of names and defaults count either way.
    """
    return ValueChangeFinder(new.types, old.types, direction).between(new.type, old.type)


class ValueChangeFinder:
    """Finder that compares each pair of definitions once.

    Args:
        new: named types of the new version, by full name.
        old: likewise.
        direction: selects the version that reads.
    """

    def __init__(self, new: Types, old: Types, direction: Direction) -> None:
        self._direction = direction
        self._reader, self._writer = (new, old) if direction is Direction.BACKWARD else (old, new)
        self._inside: dict[_Names, _Inside] = {}

    def between(self, new: model.AvroType, old: model.AvroType) -> Iterator[ValueChange]:
        """Yield the changes between two types, and between all types that they depend on."""
        reader, writer = (new, old) if self._direction is Direction.BACKWARD else (old, new)
        top = self._collect(corresponding(TypePair(reader, writer), self._reader, self._writer))
        yield from top.changes
        seen: set[_Names] = set()
        waiting = list(reversed(top.uses))
        while waiting:
            names = waiting.pop()
            if names not in seen:
                seen.add(names)
                if names not in self._inside:
                    self._inside[names] = self._definitions(names)
                yield from self._inside[names].changes
                waiting.extend(reversed(self._inside[names].uses))

    def _collect(self, pairs: Iterable[TypePair]) -> _Inside:
        inside = _Inside([], [])
        for pair in pairs:
            match pair.reader, pair.writer:
                case model.Primitive() as one, model.Primitive() as other:
                    inside.changes.extend(changed_values(pair, one, other, self._direction))
                case model.Reference(one), model.Reference(other):
                    inside.uses.append((one, other))
                case _:
                    raise AssertionError("no others correspond to each other")
        return inside

    def _definitions(self, names: _Names) -> _Inside:
        one, other = names
        pair = TypePair(model.Reference(one), model.Reference(other), PairPath().enter(one, other))
        mine, theirs, direction = self._reader[one], self._writer[other], self._direction
        changes = list(changed_namespace(pair, mine, theirs, direction))
        changes += removed_aliases(pair, mine, theirs, direction)
        fields: Iterable[TypePair] = ()
        match mine, theirs:
            case model.FixedType(), model.FixedType():
                changes += changed_values(pair, mine, theirs, direction)
            case model.EnumType(), model.EnumType():
                changes += changed_enum_default(pair, mine, theirs, direction)
                changes += symbols_as_default(pair, mine, theirs, direction)
            case model.RecordType(), model.RecordType():
                changes += changed_defaults(pair, mine, theirs, direction)
                changes += renamed_fields(
                    pair, (mine, self._reader), (theirs, self._writer), direction
                )
                changes += ambiguous_aliases(pair, mine, theirs, direction)
                changes += fields_claimed_twice(pair, mine, theirs, direction)
                fields = corresponding_fields(pair, mine, theirs, self._reader, self._writer)
            case _:
                raise AssertionError("no others correspond to each other")
        inner = self._collect(fields)
        return _Inside([*changes, *inner.changes], inner.uses)


class _Inside(NamedTuple):
    """The changes in a pair of definitions, and the pairs that it refers to."""

    changes: list[ValueChange]
    uses: list[_Names]


# --- corresponding parts --------------------------------------------------------------------------


def corresponding(
    pair: TypePair,
    reader_types: Types,
    writer_types: Types,
    branches_of: BranchIndex | None = None,
) -> Iterator[TypePair]:
    """Yield the pairs of primitive and of named types that correspond, down to definitions.

    Types of different kinds are left out, with all types in them.

    Args:
        pair: the types.
        reader_types: named types that the reader's depends on, by full name.
        writer_types: likewise.
        branches_of: index of the branches of the reader's unions; None: made here.
    """
    branches_of = branches_of or BranchIndex(reader_types)
    match pair.reader, pair.writer:
        case _, model.Union(branches):
            for index, branch in enumerate(branches):
                inner = TypePair(pair.reader, branch, pair.place.writers_branch(index))
                yield from corresponding(inner, reader_types, writer_types, branches_of)
        case model.Union(branches), _:
            closest = closest_branch(pair.reader, pair.writer, reader_types, index=branches_of)
            if closest is not None:
                inner = TypePair(branches[closest], pair.writer, pair.place.readers_branch(closest))
                yield from corresponding(inner, reader_types, writer_types, branches_of)
        case model.Array(one), model.Array(other):
            inner = TypePair(one, other, pair.place.step("items"))
            yield from corresponding(inner, reader_types, writer_types, branches_of)
        case model.Map(one), model.Map(other):
            inner = TypePair(one, other, pair.place.step("values"))
            yield from corresponding(inner, reader_types, writer_types, branches_of)
        case model.Primitive(), model.Primitive():
            yield pair
        case model.Reference(one), model.Reference(other):
            if is_same_kind(one, other, reader_types, writer_types):
                yield pair
        case _:
            pass


def corresponding_fields(
    pair: TypePair,
    reader: model.RecordType,
    writer: model.RecordType,
    reader_types: Types,
    writer_types: Types,
) -> Iterator[TypePair]:
    """Yield the corresponding pairs in the fields that two records have in common.

    Args:
        pair: the records; its place is the beginning of their definitions.
        reader: record of the reader.
        writer: record of the writer.
        reader_types: named types that the reader's depends on, by full name.
        writer_types: likewise.
    """
    for index, source in enumerate(written_fields(reader, writer)):
        if source is not None:
            place = pair.place.split(("fields", index, "type"), ("fields", source, "type"))
            inner = TypePair(reader.fields[index].type, writer.fields[source].type, place)
            yield from corresponding(inner, reader_types, writer_types)
