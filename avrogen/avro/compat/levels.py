"""Compatibility of a new version of a schema with those before it, by level.

Levels, and what they ask for, are those of Confluent's Schema Registry
(``io.confluent.kafka.schemaregistry.CompatibilityChecker``).

Incompatibilities in the words of Confluent's Schema Registry.

The registry sends these sentences when it refuses a schema, and when it is asked for the reasons
(``io.confluent.kafka.schemaregistry.avro.Difference``). They are looked up, compared and searched
for, so each is the same here to the letter.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Literal, TypeAlias, assert_never

from avrogen.avro.compat.checker import incompatibilities
from avrogen.avro.compat.paths import Incompatibility, IncompatibilityType
from avrogen.avro.model import AvroType
from avrogen.avro.references import reachable_types
from avrogen.avro.resolution import Types

__all__ = [
    "Direction",
    "Level",
    "Side",
    "Version",
    "Violation",
    "compared_versions",
    "confluent_description",
    "confluent_message",
    "violations",
]


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
class Violation:
    """What is in the way of compatibility with one earlier version, in one direction.

    Attributes:
        index: the position of that version among the previous ones.
        direction: who cannot read what.
        incompatibilities: the reasons, at least one.
    """

    index: int
    direction: Direction
    incompatibilities: tuple[Incompatibility, ...]


def violations(new: Version, previous: Sequence[Version], level: Level) -> Iterator[Violation]:
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
                yield Violation(index, direction, found)


def compared_versions(count: int, level: Level) -> range:
    """Positions of the versions that a level is about, the latest first.

    Args:
        count: how many previous versions there are.
        level: how compatible a new one must be.
    """
    return range(count - 1, -1 if level.is_transitive else max(count - 2, -1), -1)


Side: TypeAlias = Literal["new", "old"]
"""Which version of a schema is meant."""


def confluent_message(incompatibility: Incompatibility, reader: Side) -> str:
    """All that the registry says of an incompatibility, in its notation.

    Args:
        incompatibility: what was found.
        reader: which version was the reader: the new one where compatibility is BACKWARD, the old
            one where it is FORWARD.
    """
    return (
        f"{{errorType:'{incompatibility.type}'"
        f", description:'{confluent_description(incompatibility, reader)}'"
        f", additionalInfo:'{incompatibility.message}'}}"
    )


def confluent_description(incompatibility: Incompatibility, reader: Side) -> str:
    """The sentence in it that is meant for people."""
    path, message = incompatibility.path, incompatibility.message
    writer: Side = "old" if reader == "new" else "new"
    match incompatibility.type:
        case IncompatibilityType.FIXED_SIZE_MISMATCH:
            return (
                f"The size of FIXED type field at path '{path}' in the {reader} schema does not "
                f"match with the {writer} schema"
            )
        case IncompatibilityType.TYPE_MISMATCH:
            return (
                f"The type (path '{path}') of a field in the {reader} schema does not match with "
                f"the {writer} schema"
            )
        case IncompatibilityType.NAME_MISMATCH:
            return f"The name of the schema has changed (path '{path}')"
        case IncompatibilityType.MISSING_ENUM_SYMBOLS:
            return (
                f"The {reader} schema is missing enum symbols '{message}' at path '{path}' in the "
                f"{writer} schema"
            )
        case IncompatibilityType.MISSING_UNION_BRANCH:
            return (
                f"The {reader} schema is missing a type inside a union field at path '{path}' in "
                f"the {writer} schema"
            )
        case IncompatibilityType.READER_FIELD_MISSING_DEFAULT_VALUE:
            return (
                f"The field '{message}' at path '{path}' in the {reader} schema has no default "
                f"value and is missing in the {writer} schema"
            )
        case _:
            assert_never(incompatibility.type)
