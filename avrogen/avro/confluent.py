"""Incompatibilities in the words of Confluent's Schema Registry.

The registry sends these sentences when it refuses a schema, and when it is asked for the reasons
(``io.confluent.kafka.schemaregistry.avro.Difference``). They are looked up, compared and searched
for, so each is the same here to the letter.
"""

from __future__ import annotations

from typing import Literal, TypeAlias, assert_never

from avrogen.avro.incompatibility import Incompatibility, IncompatibilityType

__all__ = ["Side", "confluent_description", "confluent_message"]

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
