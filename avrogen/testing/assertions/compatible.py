"""A new version of a schema and those before it: :func:`assert_compatible`."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, Literal, TypeAlias

from avrogen.avro.compat.levels import (
    Breach,
    Direction,
    Level,
    Version,
    breaches,
    confluent_description,
)
from avrogen.kafka.serde.decoders import name_of, schema_of

if TYPE_CHECKING:
    from avrogen.codec.schema import Schema
    from avrogen.kafka.serde.decoders import Target

__all__ = ["LevelName", "assert_compatible"]

LevelName: TypeAlias = Literal[
    "BACKWARD",
    "BACKWARD_TRANSITIVE",
    "FORWARD",
    "FORWARD_TRANSITIVE",
    "FULL",
    "FULL_TRANSITIVE",
]
"""The levels of Confluent's Schema Registry that ask for something."""


def assert_compatible(*versions: Target, level: LevelName = "BACKWARD") -> None:
    """The last of some versions is as compatible as it must be with those before it.

    ::

        assert_compatible(Schema.parse(last_years), OrderPlaced, level="FULL")

    The verdict is that of ``avrogen check`` and of the registry.

    Args:
        versions: the oldest first: generated classes, codecs or schemas.
        level: ``BACKWARD``: the new version reads what was written with the one before it.
            ``FORWARD``: the one before it reads what the new version writes. ``FULL``: both. With
            ``_TRANSITIVE``, with all before it.

    Raises:
        AssertionError: it is not; it lists everything that is in the way.
        TypeError: there are no two versions, or one is no schema.
        ValueError: there is no such level.
    """
    if len(versions) < 2:
        raise TypeError("expected an old version and a new one")
    *old, new = [schema_of(each) for each in versions]
    found = list(breaches(_version(new), [_version(each) for each in old], Level(level)))
    if found:
        lines = [f"{name_of(new) or 'the schema'} is not {level} compatible"]
        for breach in found:
            lines += _described(breach, len(old))
        raise AssertionError("\n".join(lines))


def _version(schema: Schema) -> Version:
    return Version(schema.type, schema.types)


def _described(breach: Breach, count: int) -> Iterator[str]:
    old = "the old version" if count == 1 else f"version {breach.index + 1}"
    if breach.direction is Direction.BACKWARD:
        yield f"  the new version cannot read what was written with {old}:"
    else:
        yield f"  {old} cannot read what the new one writes:"
    for each in breach.incompatibilities:
        yield f"    {each.type}: {confluent_description(each, breach.direction.reader)}"
