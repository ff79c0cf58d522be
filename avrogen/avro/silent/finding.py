"""Finding silent changes: all that there are between the types of two versions."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import NamedTuple, TypeAlias

from avrogen.avro import model
from avrogen.avro.history import Direction, Version
from avrogen.avro.places import Pair, Place
from avrogen.avro.resolution import Types
from avrogen.avro.silent.changes import SilentChange
from avrogen.avro.silent.defaults import changed_defaults, changed_enum_default
from avrogen.avro.silent.names import (
    ambiguous_aliases,
    changed_namespace,
    fields_claimed_twice,
    removed_aliases,
    renamed_fields,
)
from avrogen.avro.silent.values import changed_values
from avrogen.avro.silent.walk import corresponding, corresponding_fields

__all__ = ["SilentChanges", "silent_changes"]

_Names: TypeAlias = tuple[str, str]


class _Inside(NamedTuple):
    """What is in a pair of definitions, and which others it leads to."""

    changes: list[SilentChange]
    uses: list[_Names]


def silent_changes(new: Version, old: Version, direction: Direction) -> Iterator[SilentChange]:
    """Everything that one version of a schema reads otherwise than the other wrote it.

    Args:
        new: the version to come.
        old: the version that there is.
        direction: which of the two reads. Changes of names and defaults count either way.
    """
    return SilentChanges(new.types, old.types, direction).between(new.type, old.type)


class SilentChanges:
    """Two sets of types, of which each pair of definitions is looked at once."""

    def __init__(self, new: Types, old: Types, direction: Direction) -> None:
        """Prepare; see :func:`silent_changes`."""
        self._direction = direction
        self._reader, self._writer = (new, old) if direction is Direction.BACKWARD else (old, new)
        self._inside: dict[_Names, _Inside] = {}

    def between(self, new: model.AvroType, old: model.AvroType) -> Iterator[SilentChange]:
        """The changes between two types, and between all that they lead to."""
        reader, writer = (new, old) if self._direction is Direction.BACKWARD else (old, new)
        top = self._sorted(corresponding(Pair(reader, writer), self._reader, self._writer))
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

    def _sorted(self, pairs: Iterable[Pair]) -> _Inside:
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
        pair = Pair(model.Reference(one), model.Reference(other), Place().inside(one, other))
        mine, theirs, direction = self._reader[one], self._writer[other], self._direction
        changes = list(changed_namespace(pair, mine, theirs, direction))
        changes += removed_aliases(pair, mine, theirs, direction)
        fields: Iterable[Pair] = ()
        match mine, theirs:
            case model.Fixed(), model.Fixed():
                changes += changed_values(pair, mine, theirs, direction)
            case model.EnumType(), model.EnumType():
                changes += changed_enum_default(pair, mine, theirs, direction)
            case model.Record(), model.Record():
                changes += changed_defaults(pair, mine, theirs, direction)
                changes += renamed_fields(
                    pair, (mine, self._reader), (theirs, self._writer), direction
                )
                changes += ambiguous_aliases(pair, mine, theirs, direction)
                changes += fields_claimed_twice(pair, mine, theirs, direction)
                fields = corresponding_fields(pair, mine, theirs, self._reader, self._writer)
            case _:
                raise AssertionError("no others correspond to each other")
        inner = self._sorted(fields)
        return _Inside([*changes, *inner.changes], inner.uses)
