"""Compatibility levels and messages of Confluent's Schema Registry.

The levels are those of ``io.confluent.kafka.schemaregistry.CompatibilityChecker``. The messages are
those that the registry sends when it rejects a schema, and when it is asked for the reasons
(``io.confluent.kafka.schemaregistry.avro.Difference``). People search for them, so they are
identical here.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Literal, TypeAlias, assert_never

from avrogen.avro.compat.checker import incompatibilities
from avrogen.avro.compat.paths import Incompatibility, IncompatibilityType
from avrogen.avro.model import AvroType, reachable_types
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


Side: TypeAlias = Literal["new", "old"]
"""A version of a schema in a comparison of two."""


class Direction(StrEnum):
    """Direction of compatibility: the version that reads data of the other."""

    BACKWARD = "BACKWARD"
    """Readers with the new version read data of the old one."""
    FORWARD = "FORWARD"
    """Readers with the old version read data of the new one."""

    @property
    def reader(self) -> Side:
        """The version that reads."""
        return "new" if self is Direction.BACKWARD else "old"


class Level(StrEnum):
    """Compatibility level, as in Schema Registry."""

    NONE = "NONE"
    BACKWARD = "BACKWARD"
    BACKWARD_TRANSITIVE = "BACKWARD_TRANSITIVE"
    FORWARD = "FORWARD"
    FORWARD_TRANSITIVE = "FORWARD_TRANSITIVE"
    FULL = "FULL"
    FULL_TRANSITIVE = "FULL_TRANSITIVE"

    @property
    def is_transitive(self) -> bool:
        """Tell if all earlier versions are checked, instead of the latest only."""
        return self.endswith("_TRANSITIVE")

    @property
    def directions(self) -> tuple[Direction, ...]:
        """Directions in the registry's order."""
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

    def is_equal_to(self, other: Version) -> bool:
        """Tell if it equals another, with docs and attributes and without layout."""
        if self.type != other.type:
            return False
        mine = reachable_types(self.type, self.types)
        return dict(mine) == dict(reachable_types(other.type, other.types))


@dataclass(frozen=True, slots=True)
class Violation:
    """Incompatibility with one earlier version, in one direction.

    Attributes:
        index: position of that version among the previous ones.
        direction: direction of compatibility.
        incompatibilities: reasons, at least one.
    """

    index: int
    direction: Direction
    incompatibilities: tuple[Incompatibility, ...]


def violations(new: Version, previous: Sequence[Version], level: Level) -> Iterator[Violation]:
    """Check a new version of a schema against the previous ones.

    Args:
        new: new version.
        previous: previous versions, oldest first.
        level: required compatibility.

    Yields:
        Violations, those of the latest version first. The registry reports those of one version
        only.
    """
    for index in compared_versions(len(previous), level):
        old = previous[index]
        for direction in level.directions:
            reader, writer = (new, old) if direction is Direction.BACKWARD else (old, new)
            found = incompatibilities(reader.type, reader.types, writer.type, writer.types)
            if found:
                yield Violation(index, direction, found)


def compared_versions(count: int, level: Level) -> range:
    """Return the positions of the versions that a level compares, the latest first.

    Args:
        count: number of previous versions.
        level: required compatibility.
    """
    return range(count - 1, -1 if level.is_transitive else max(count - 2, -1), -1)


# --- messages of the registry ---------------------------------------------------------------------


def confluent_message(incompatibility: Incompatibility, reader: Side) -> str:
    """Return the registry's message for an incompatibility, in its notation.

    Args:
        incompatibility: the incompatibility.
        reader: the version that reads: "new" for BACKWARD, "old" for FORWARD.
    """
    return (
        f"{{errorType:'{incompatibility.type}'"
        f", description:'{confluent_description(incompatibility, reader)}'"
        f", additionalInfo:'{incompatibility.message}'}}"
    )


def confluent_description(incompatibility: Incompatibility, reader: Side) -> str:
    """Return the sentence of that message that is for people."""
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
