"""Compatibility of a new version of a schema with those before it, by level.

Levels, and what they ask for, are those of Confluent's Schema Registry
(``io.confluent.kafka.schemaregistry.CompatibilityChecker``).
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import assert_never

from avrogen.avro.compatibility import incompatibilities
from avrogen.avro.confluent import Side
from avrogen.avro.incompatibility import Incompatibility
from avrogen.avro.model import AvroType
from avrogen.avro.references import reachable_types
from avrogen.avro.resolution import Types

__all__ = ["Breach", "Direction", "Level", "Version", "breaches", "compared_versions"]


class Direction(StrEnum):
    """Who must be able to read what."""

    BACKWARD = "BACKWARD"
    """Readers of the new version, what was written with the old one."""
    FORWARD = "FORWARD"
    """Readers of the old version, what is written with the new one."""

    @property
    def reader(self) -> Side:
        """The version that reads."""
        return "new" if self is Direction.BACKWARD else "old"


class Level(StrEnum):
    """How compatible a new version must be."""

    NONE = "NONE"
    BACKWARD = "BACKWARD"
    BACKWARD_TRANSITIVE = "BACKWARD_TRANSITIVE"
    FORWARD = "FORWARD"
    FORWARD_TRANSITIVE = "FORWARD_TRANSITIVE"
    FULL = "FULL"
    FULL_TRANSITIVE = "FULL_TRANSITIVE"

    @property
    def is_transitive(self) -> bool:
        """Whether all earlier versions count, and not the latest alone."""
        return self.endswith("_TRANSITIVE")

    @property
    def directions(self) -> tuple[Direction, ...]:
        """In the order in which the registry asks."""
        match self:
            case Level.NONE:
                return ()
            case Level.BACKWARD | Level.BACKWARD_TRANSITIVE:
                return (Direction.BACKWARD,)
            case Level.FORWARD | Level.FORWARD_TRANSITIVE:
                return (Direction.FORWARD,)
            case Level.FULL | Level.FULL_TRANSITIVE:
                return (Direction.FORWARD, Direction.BACKWARD)
            case _:
                assert_never(self)


@dataclass(frozen=True, slots=True)
class Version:
    """A version of a schema.

    Attributes:
        type: the schema.
        types: at least the named types that can be reached from it, by full name.
    """

    type: AvroType
    types: Types

    def says_the_same_as(self, other: Version) -> bool:
        """Whether it says what another does: docs and attributes count, and layout does not."""
        if self.type != other.type:
            return False
        mine = reachable_types(self.type, self.types)
        return dict(mine) == dict(reachable_types(other.type, other.types))


@dataclass(frozen=True, slots=True)
class Breach:
    """What is in the way of compatibility with one earlier version, in one direction.

    Attributes:
        index: the position of that version among the previous ones.
        direction: who cannot read what.
        incompatibilities: the reasons, at least one.
    """

    index: int
    direction: Direction
    incompatibilities: tuple[Incompatibility, ...]


def breaches(new: Version, previous: Sequence[Version], level: Level) -> Iterator[Breach]:
    """Everything that keeps a new version from being as compatible as it must be.

    Args:
        new: the version to come.
        previous: those that there are, the oldest first.
        level: how compatible it must be.

    Yields:
        Breaches, those with the latest version first. The registry reports those with one version
        and goes no further.
    """
    for index in compared_versions(len(previous), level):
        old = previous[index]
        for direction in level.directions:
            reader, writer = (new, old) if direction is Direction.BACKWARD else (old, new)
            found = incompatibilities(reader.type, reader.types, writer.type, writer.types)
            if found:
                yield Breach(index, direction, found)


def compared_versions(count: int, level: Level) -> range:
    """Positions of the versions that a level is about, the latest first.

    Args:
        count: how many previous versions there are.
        level: how compatible a new one must be.
    """
    return range(count - 1, -1 if level.is_transitive else max(count - 2, -1), -1)
