"""Names that changed: of namespaces, and of fields that look like others under another name."""

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

_ALIKE = 0.6
"""How similar names are that are spelled alike, from 0 to 1."""


def changed_namespace(
    pair: TypePair, reader: model.NamedType, writer: model.NamedType, direction: Direction
) -> Iterator[ValueChange]:
    """Of a type that keeps its short name, and has no alias for what it was called."""
    old, new = (writer, reader) if direction is Direction.BACKWARD else (reader, writer)
    if old.name == new.name or short_name(old.name) != short_name(new.name):
        return
    if old.name not in new.aliases:
        message = f"{old.name} became {new.name}"
        yield value_change(ValueChangeKind.NAMESPACE, message, pair, direction)


def ambiguous_aliases(
    pair: TypePair, reader: model.RecordType, writer: model.RecordType, direction: Direction
) -> Iterator[ValueChange]:
    """Fields that could be read from several: the one of their name is taken, or else of their
    first alias. Avro Java's checker gives up there, and with it the registry."""
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
    """Fields that are read from what another is read from, too: one value is not two, and checkers
    do not look."""
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
    """Of types, and of the fields that two records have in common."""
    old, new = (writer, reader) if direction is Direction.BACKWARD else (reader, writer)
    for alias in _gone(old.name, old.aliases, new.name, new.aliases):
        message = f"the alias {alias} was removed"
        yield value_change(ValueChangeKind.ALIAS_REMOVED, message, pair, direction)
    if isinstance(reader, model.RecordType) and isinstance(writer, model.RecordType):
        for index, source in enumerate(written_fields(reader, writer)):
            if source is None:
                continue
            mine, theirs = reader.fields[index], writer.fields[source]
            before, now = (theirs, mine) if direction is Direction.BACKWARD else (mine, theirs)
            for alias in _gone(before.name, before.aliases, now.name, now.aliases):
                yield value_change(
                    ValueChangeKind.ALIAS_REMOVED,
                    f"the alias {alias} was removed",
                    pair,
                    direction,
                    reader=("fields", index),
                    writer=("fields", source),
                )


def _gone(
    old: str, old_aliases: tuple[str, ...], new: str, new_aliases: tuple[str, ...]
) -> list[str]:
    known = {old, new, *new_aliases}
    return [alias for alias in dict.fromkeys(old_aliases) if alias not in known]


def renamed_fields(
    pair: TypePair, reader: _Record, writer: _Record, direction: Direction
) -> Iterator[ValueChange]:
    """Fields that are not read any more, each with one that takes its default instead.

    Nothing in the schemas says that the two are one field. They are taken for one if the values
    would fit, and the position or the name speaks for it, or if there are no others.
    """
    for index, source in likely_renames(reader, writer):
        mine, theirs = reader[0].fields[index], writer[0].fields[source]
        if mine.default is not model.NO_DEFAULT:
            old, new = (theirs, mine) if direction is Direction.BACKWARD else (mine, theirs)
            yield value_change(
                ValueChangeKind.FIELD_RENAMED,
                f"{old.name} is gone, and {new.name} is new",
                pair,
                direction,
                reader=("fields", index),
                writer=("fields", source),
            )


def likely_renames(reader: _Record, writer: _Record) -> list[tuple[int, int]]:
    """Positions of a reader's fields that are not written and of a writer's that are not read,
    where the two may well be one field."""
    (mine, reader_types), (theirs, writer_types) = reader, writer
    sources = written_fields(mine, theirs)
    lacking = [index for index, source in enumerate(sources) if source is None]
    unread = [index for index in range(len(theirs.fields)) if index not in set(sources)]
    is_only_pair = len(lacking) == len(unread) == 1

    def score(index: int, source: int) -> float:
        likeness = _likeness(mine.fields[index].name, theirs.fields[source].name)
        return max(likeness, _ALIKE if is_only_pair or index == source else 0)

    pairs = [(score(index, source), index, source) for index in lacking for source in unread]
    renames: dict[int, int] = {}
    for likeness, index, source in sorted(pairs, key=lambda pair: (-pair[0], *pair[1:])):
        if likeness < _ALIKE:
            break
        if index not in renames and source not in renames.values():
            types = TypePair(mine.fields[index].type, theirs.fields[source].type)
            if not Comparison(reader_types, writer_types).run(types):
                renames[index] = source
    return sorted(renames.items())


def _likeness(one: str, other: str) -> float:
    return difflib.SequenceMatcher(None, one.lower(), other.lower()).ratio()
