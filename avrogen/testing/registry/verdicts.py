"""Whether a schema may follow those before it, in the words of Confluent's registry."""

from __future__ import annotations

from collections.abc import Sequence
from enum import StrEnum

from avrogen.avro.compatibility import Incompatibility, IncompatibilityType, incompatibilities
from avrogen.testing.registry.avro_schemas import AvroSchema

__all__ = ["Level", "verdict"]


class Level(StrEnum):
    """What a subject demands of a new schema."""

    NONE = "NONE"
    BACKWARD = "BACKWARD"
    BACKWARD_TRANSITIVE = "BACKWARD_TRANSITIVE"
    FORWARD = "FORWARD"
    FORWARD_TRANSITIVE = "FORWARD_TRANSITIVE"
    FULL = "FULL"
    FULL_TRANSITIVE = "FULL_TRANSITIVE"


def verdict(new: AvroSchema, previous: Sequence[tuple[int, AvroSchema]], level: Level) -> list[str]:
    """What is in the way of a new schema; nothing, if it may come.

    Args:
        new: the schema.
        previous: version numbers and schemas of the subject, from old to new.
        level: of the subject.
    """
    checked = previous if level.endswith("_TRANSITIVE") else previous[-1:]
    for number, old in reversed(checked):
        found = _between(new, number, old, level)
        if found:
            return [*found, f"{{validateFields: 'false', compatibility: '{level}'}}"]
    return []


def _between(new: AvroSchema, number: int, old: AvroSchema, level: Level) -> list[str]:
    found: list[str] = []
    if level.startswith(("FORWARD", "FULL")):
        found += [_message(problem, "old", "new") for problem in _problems(old, new)]
    if level.startswith(("BACKWARD", "FULL")):
        found += [_message(problem, "new", "old") for problem in _problems(new, old)]
    if found:
        found += [f"{{oldSchemaVersion: {number}}}", f"{{oldSchema: '{old.content.text}'}}"]
    return found


def _problems(reader: AvroSchema, writer: AvroSchema) -> Sequence[Incompatibility]:
    return incompatibilities(reader.type, reader.types, writer.type, writer.types)


def _message(problem: Incompatibility, reader: str, writer: str) -> str:
    """One problem, as ``Difference.error()`` of Confluent's client library words it."""
    match problem.type:
        case IncompatibilityType.FIXED_SIZE_MISMATCH:
            text = (
                f"The size of FIXED type field at path '{problem.path}' in the {reader} schema "
                f"does not match with the {writer} schema"
            )
        case IncompatibilityType.TYPE_MISMATCH:
            text = (
                f"The type (path '{problem.path}') of a field in the {reader} schema does not "
                f"match with the {writer} schema"
            )
        case IncompatibilityType.NAME_MISMATCH:
            text = f"The name of the schema has changed (path '{problem.path}')"
        case IncompatibilityType.MISSING_ENUM_SYMBOLS:
            text = (
                f"The {reader} schema is missing enum symbols '{problem.message}' at path "
                f"'{problem.path}' in the {writer} schema"
            )
        case IncompatibilityType.MISSING_UNION_BRANCH:
            text = (
                f"The {reader} schema is missing a type inside a union field at path "
                f"'{problem.path}' in the {writer} schema"
            )
        case IncompatibilityType.READER_FIELD_MISSING_DEFAULT_VALUE:
            text = (
                f"The field '{problem.message}' at path '{problem.path}' in the {reader} schema "
                f"has no default value and is missing in the {writer} schema"
            )
    return (
        f"{{errorType:'{problem.type}', description:'{text}', "
        f"additionalInfo:'{problem.message}'}}"
    )
