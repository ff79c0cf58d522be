"""Changes of names: namespaces, aliases, and fields that were probably renamed."""

from __future__ import annotations

import difflib
from collections.abc import Iterator
from typing import TypeAlias

from avrogen.avro import model
from avrogen.avro.compat.checker import Comparison
from avrogen.avro.compat.levels import Direction
from avrogen.avro.compat.paths import TypePair
from avrogen.avro.compat.value_changes import ValueChange, ValueChangeKind, value_change
from avrogen.avro.names import short_name
from avrogen.avro.resolution import Types, written_fields

__all__ = [
    "ambiguous_aliases",
    "changed_namespace",
    "fields_claimed_twice",
    "likely_renames",
    "removed_aliases",
    "renamed_fields",
]

_Record: TypeAlias = tuple[model.RecordType, Types]

_SIMILAR = 0.6
"""Minimum similarity of names that count as similar, from 0 to 1."""


def changed_namespace(
    pair: TypePair, reader: model.NamedType, writer: model.NamedType, direction: Direction
) -> Iterator[ValueChange]:
    """Yield the change of a type's namespace, if its old name is not an alias."""
    old, new = (writer, reader) if direction is Direction.BACKWARD else (reader, writer)
    before, now = model.wire_name(old), model.wire_name(new)
    if before == now or short_name(before) != short_name(now):
        return
    if before not in new.aliases:
        message = f"{before} became {now}"
        yield value_change(ValueChangeKind.NAMESPACE, message, pair, direction)


def ambiguous_aliases(
    pair: TypePair, reader: model.RecordType, writer: model.RecordType, direction: Direction
) -> Iterator[ValueChange]:
    """Yield the fields that could be read from several.

    Readers use the field of that name, or else of the first alias. Avro Java's checker fails on
    them, and with it the registry.
    """
    positions = {field.name: index for index, field in enumerate(writer.fields)}
    for index, field in enumerate(reader.fields):
        names = dict.fromkeys((field.name, *field.aliases))
        sources = [name for name in names if name in positions]
        if len(sources) > 1:
            yield value_change(
                ValueChangeKind.AMBIGUOUS_ALIAS,
                f"it could be read from {sources[0]} and from {sources[1]}",
                pair,
                direction,
                reader=("fields", index),
                writer=("fields", positions[sources[1]]),
            )


def fields_claimed_twice(
    pair: TypePair, reader: model.RecordType, writer: model.RecordType, direction: Direction
) -> Iterator[ValueChange]:
    """Yield the fields that are read from the same field as another; other checkers accept them."""
    first: dict[int, int] = {}
    for index, source in enumerate(written_fields(reader, writer)):
        if source is not None and first.setdefault(source, index) != index:
            field, other = reader.fields[index].name, reader.fields[first[source]].name
            yield value_change(
                ValueChangeKind.CLAIMED_TWICE,
                f"{other} and {field} are both read from {writer.fields[source].name}",
                pair,
                direction,
                reader=("fields", index),
                writer=("fields", source),
            )


def removed_aliases(
    pair: TypePair, reader: model.NamedType, writer: model.NamedType, direction: Direction
) -> Iterator[ValueChange]:
    """Yield the removed aliases of two types and of the fields that they have in common."""
    old, new = (writer, reader) if direction is Direction.BACKWARD else (reader, writer)
    for alias in _removed(old.name, old.aliases, new.name, new.aliases):
        message = f"the alias {alias} was removed"
        yield value_change(ValueChangeKind.ALIAS_REMOVED, message, pair, direction)
    if isinstance(reader, model.RecordType) and isinstance(writer, model.RecordType):
        for index, source in enumerate(written_fields(reader, writer)):
            if source is None:
                continue
            mine, theirs = reader.fields[index], writer.fields[source]
            before, now = (theirs, mine) if direction is Direction.BACKWARD else (mine, theirs)
            for alias in _removed(before.name, before.aliases, now.name, now.aliases):
                yield value_change(
                    ValueChangeKind.ALIAS_REMOVED,
                    f"the alias {alias} was removed",
                    pair,
                    direction,
                    reader=("fields", index),
                    writer=("fields", source),
                )


def _removed(
    old: str, old_aliases: tuple[str, ...], new: str, new_aliases: tuple[str, ...]
) -> list[str]:
    known = {old, new, *new_aliases}
    return [alias for alias in dict.fromkeys(old_aliases) if alias not in known]


def renamed_fields(
    pair: TypePair, reader: _Record, writer: _Record, direction: Direction
) -> Iterator[ValueChange]:
    """Yield the fields that were probably renamed without an alias.

    The old field is not read any more, and the new one gets its default. See
    :func:`likely_renames`.
    """
    for index, source in likely_renames(reader, writer):
        mine, theirs = reader[0].fields[index], writer[0].fields[source]
        if mine.default is not model.NO_DEFAULT:
            old, new = (theirs, mine) if direction is Direction.BACKWARD else (mine, theirs)
            yield value_change(
                ValueChangeKind.FIELD_RENAMED,
                f"{old.name} was removed and {new.name} was added",
                pair,
                direction,
                reader=("fields", index),
                writer=("fields", source),
            )


def likely_renames(reader: _Record, writer: _Record) -> list[tuple[int, int]]:
    """Return the positions of fields that were probably renamed.

    Each pair is a reader's field that is not written and a writer's that is not read. They count as
    one field if the types are compatible, and if the names are similar, the positions are equal or
    there are no other such fields.
    """
    (mine, reader_types), (theirs, writer_types) = reader, writer
    sources = written_fields(mine, theirs)
    lacking = [index for index, source in enumerate(sources) if source is None]
    unread = [index for index in range(len(theirs.fields)) if index not in set(sources)]
    is_only_pair = len(lacking) == len(unread) == 1

    def score(index: int, source: int) -> float:
        similarity = _similarity(mine.fields[index].name, theirs.fields[source].name)
        return max(similarity, _SIMILAR if is_only_pair or index == source else 0)

    pairs = [(score(index, source), index, source) for index in lacking for source in unread]
    renames: dict[int, int] = {}
    for similarity, index, source in sorted(pairs, key=lambda pair: (-pair[0], *pair[1:])):
        if similarity < _SIMILAR:
            break
        if index not in renames and source not in renames.values():
            types = TypePair(mine.fields[index].type, theirs.fields[source].type)
            if not Comparison(reader_types, writer_types).run(types):
                renames[index] = source
    return sorted(renames.items())


def _similarity(one: str, other: str) -> float:
    return difflib.SequenceMatcher(None, one.lower(), other.lower()).ratio()
