"""How a schema stands to its subject in the registry."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from enum import StrEnum

from avrogen.avro.compat.levels import (
    Level,
    Version,
    breaches,
    compared_versions,
    confluent_description,
)
from avrogen.codec.schema import Schema
from avrogen.config.subjects import Subject
from avrogen.errors import RegistryError
from avrogen.kafka.registry.protocol import RegisteredSchema, SchemaRegistry, SchemaText
from avrogen.kafka.registry.references import complete_schema
from avrogen.kafka.registry.registration import find

__all__ = ["Standing", "State", "is_fatal", "standing"]


class State(StrEnum):
    """What there is to be said of a subject."""

    IN_STEP = "in step"
    """Its latest version is the local schema."""
    BEHIND = "behind"
    """An older version of it is the local schema."""
    NEW = "new"
    """It does not exist."""
    CHANGED = "changed"
    """The local schema is no version of it, and could become one."""
    BROKEN = "broken"
    """The local schema is no version of it, and must not become one."""
    FAILED = "failed"
    """It could not be found out."""


@dataclass(frozen=True, slots=True)
class Standing:
    """How a local schema stands to its subject.

    Attributes:
        subject: its name.
        title: what people call the type.
        state: how it is.
        registered: the version that is the local schema.
        latest: the number of the latest version.
        level: the level that was looked at.
        locked: the version in ``avrogen.lock``.
        reasons: why it is broken or failed; each one line.
    """

    subject: str
    title: str
    state: State
    registered: RegisteredSchema | None = None
    latest: int | None = None
    level: Level | None = None
    locked: int | None = None
    reasons: tuple[str, ...] = ()


def standing(
    registry: SchemaRegistry, subject: Subject, schema: Schema, *, references: bool
) -> Standing:
    """Find out how a schema stands.

    Args:
        registry: where to ask.
        subject: the subject.
        schema: its local schema.
        references: whether it will be registered with references, which the registry cannot be
            asked about before those are there.

    Raises:
        RegistryError: the registry gave no answer at all, and will give none for other subjects.
    """
    try:
        return _look_up_subject(registry, subject, schema, references)
    except RegistryError as error:
        if is_fatal(error):
            raise
        return Standing(subject.name, subject.title, State.FAILED, reasons=(_first_line(error),))


def is_fatal(error: RegistryError) -> bool:
    """Whether an error is about the registry as a whole, and not about what was asked."""
    if error.status is None:
        # Without an answer: nobody is there, or nobody who can be trusted.
        return error.transient or error.url is not None
    return error.transient or 300 <= error.status < 400 or error.status in (401, 404, 405, 407)


def _look_up_subject(
    registry: SchemaRegistry, subject: Subject, schema: Schema, references: bool
) -> Standing:
    numbers = registry.versions(subject.name)
    if not numbers:
        return Standing(subject.name, subject.title, State.NEW)
    latest = numbers[-1]
    found = find(registry, subject.name, schema)
    if found is not None:
        state = State.IN_STEP if found.version == latest else State.BEHIND
        return Standing(subject.name, subject.title, state, found, latest)
    level = registry.level(subject.name)
    reasons = tuple(_reasons(registry, subject.name, schema, numbers, level))
    if not reasons and not references:
        # The registry may have rules of its own, and it has the last word.
        verdict = registry.compatibility(subject.name, SchemaText(str(schema)))
        if not verdict.compatible:
            reasons = verdict.messages or ("the registry says so, and gives no reason",)
    state = State.BROKEN if reasons else State.CHANGED
    return Standing(subject.name, subject.title, state, latest=latest, level=level, reasons=reasons)


def _reasons(
    registry: SchemaRegistry, subject: str, schema: Schema, numbers: Sequence[int], level: Level
) -> Iterator[str]:
    """What keeps a schema from coming after the versions that a level is about."""
    previous: dict[int, Version] = {}
    for index in reversed(compared_versions(len(numbers), level)) if level.directions else ():
        number = numbers[index]
        version = registry.version(subject, number)
        if version is not None:
            name = f"subject {subject} version {number}"
            old = complete_schema(registry, version.schema, name)
            previous[number] = Version(old.type, old.types)
    known = list(previous)
    new = Version(schema.type, schema.types)
    for breach in breaches(new, list(previous.values()), level):
        for incompatibility in breach.incompatibilities:
            description = confluent_description(incompatibility, breach.direction.reader)
            yield f"{breach.direction} to version {known[breach.index]}: {description}"


def _first_line(error: RegistryError) -> str:
    return str(error).partition("\n")[0]
