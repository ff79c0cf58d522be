"""Whether a schema may follow those before it, in the words of Confluent's registry."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import groupby

from avrogen.avro.compat.levels import Level, Version, breaches, confluent_message
from avrogen.testing.registry.avro_schemas import AvroSchema

__all__ = ["verdict"]


def verdict(new: AvroSchema, previous: Sequence[tuple[int, AvroSchema]], level: Level) -> list[str]:
    """What is in the way of a new schema; nothing, if it may come.

    Args:
        new: the schema.
        previous: version numbers and schemas of the subject, from old to new.
        level: of the subject.
    """
    versions = [_version(schema) for _, schema in previous]
    by_version = groupby(breaches(_version(new), versions, level), lambda breach: breach.index)
    for index, found in by_version:
        number, old = previous[index]
        reasons = [
            confluent_message(incompatibility, breach.direction.reader)
            for breach in found
            for incompatibility in breach.incompatibilities
        ]
        # No word of versions before that one, as at Confluent.
        return [
            *reasons,
            f"{{oldSchemaVersion: {number}}}",
            f"{{oldSchema: '{old.content.text}'}}",
            f"{{validateFields: 'false', compatibility: '{level}'}}",
        ]
    return []


def _version(schema: AvroSchema) -> Version:
    return Version(schema.type, schema.types)
