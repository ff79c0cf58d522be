"""How a schema stands to its subject in the registry.

How all schemas of a run stand to the registry.

The schemas and the configuration of a run, before anything is asked of a registry.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from enum import StrEnum
from pathlib import Path

from avrogen.avro import model
from avrogen.avro.compat.levels import (
    Level,
    Version,
    compared_versions,
    confluent_description,
    violations,
)
from avrogen.avro.diagnostics import Diagnostics, Severity
from avrogen.avro.parser import parse_sources
from avrogen.avro.schema_json import self_contained_json
from avrogen.codec.schema import Schema
from avrogen.compiler.checks import check_topics
from avrogen.compiler.discovery import read_sources
from avrogen.config.config import Config, read_config
from avrogen.config.registry_connection import CommandError
from avrogen.config.topic_subjects import Subject, configured_subjects
from avrogen.errors import RegistryError, SchemaError
from avrogen.kafka.registry.protocol import RegisteredSchema, SchemaRegistry, SchemaText
from avrogen.kafka.registry.registration import find
from avrogen.kafka.registry.schema_references import resolve_references
from avrogen.registry_sync.lockfile import LOCK_NAME, Lock, LockedSubject

__all__ = [
    "LocalSchemas",
    "SubjectState",
    "SubjectStatus",
    "is_fatal",
    "read_local",
    "require_same_registry",
    "status",
    "subject_status",
]


class SubjectState(StrEnum):
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
class SubjectStatus:
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
    state: SubjectState
    registered: RegisteredSchema | None = None
    latest: int | None = None
    level: Level | None = None
    locked: int | None = None
    reasons: tuple[str, ...] = ()


def subject_status(
    registry: SchemaRegistry, subject: Subject, schema: Schema, *, references: bool
) -> SubjectStatus:
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
        return SubjectStatus(
            subject.name, subject.title, SubjectState.FAILED, reasons=(_first_line(error),)
        )


def is_fatal(error: RegistryError) -> bool:
    """Whether an error is about the registry as a whole, and not about what was asked."""
    if error.status is None:
        # Without an answer: nobody is there, or nobody who can be trusted.
        return error.transient or error.url is not None
    return error.transient or 300 <= error.status < 400 or error.status in (401, 404, 405, 407)


def _look_up_subject(
    registry: SchemaRegistry, subject: Subject, schema: Schema, references: bool
) -> SubjectStatus:
    numbers = registry.versions(subject.name)
    if not numbers:
        return SubjectStatus(subject.name, subject.title, SubjectState.NEW)
    latest = numbers[-1]
    found = find(registry, subject.name, schema)
    if found is not None:
        state = SubjectState.IN_STEP if found.version == latest else SubjectState.BEHIND
        return SubjectStatus(subject.name, subject.title, state, found, latest)
    level = registry.level(subject.name)
    reasons = tuple(_reasons(registry, subject.name, schema, numbers, level))
    if not reasons and not references:
        # The registry may have rules of its own, and it has the last word.
        verdict = registry.compatibility(subject.name, SchemaText(str(schema)))
        if not verdict.compatible:
            reasons = verdict.messages or ("the registry says so, and gives no reason",)
    state = SubjectState.BROKEN if reasons else SubjectState.CHANGED
    return SubjectStatus(
        subject.name, subject.title, state, latest=latest, level=level, reasons=reasons
    )


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
            old = resolve_references(registry, version.schema, name)
            previous[number] = Version(old.type, old.types)
    known = list(previous)
    new = Version(schema.type, schema.types)
    for breach in violations(new, list(previous.values()), level):
        for incompatibility in breach.incompatibilities:
            description = confluent_description(incompatibility, breach.direction.reader)
            yield f"{breach.direction} to version {known[breach.index]}: {description}"


def _first_line(error: RegistryError) -> str:
    return str(error).partition("\n")[0]


def status(
    registry: SchemaRegistry, local: LocalSchemas, lock: Lock | None, *, references: bool
) -> list[SubjectStatus]:
    """How the subjects of all topics, and those that were pulled, stand to the registry.

    Args:
        registry: where to ask.
        local: the schemas, without errors.
        lock: what was pulled from that registry.
        references: whether schemas are registered with references.

    Raises:
        RegistryError: the registry gives no answer.
        Problem: there is nothing to be compared.
    """
    locked = {} if lock is None else dict(lock.subjects)
    subjects = {s.name: s for s in configured_subjects(local.config, local.types)}
    if not subjects and not locked:
        raise CommandError(
            "there are no topics to compare, and nothing was pulled",
            "list topics in avrogen.toml, or pull schemas with avrogen registry pull",
        )
    found: list[SubjectStatus] = []
    for subject in subjects.values():
        found.append(
            _compare_subject(registry, local, subject, locked.pop(subject.name, None), references)
        )
    for entry in locked.values():
        root = local.roots.get(entry.files[0])
        if root is None:
            reason = f"{entry.files[0]}, which {LOCK_NAME} names, is not there"
            found.append(SubjectStatus(entry.name, "", SubjectState.FAILED, reasons=(reason,)))
        else:
            subject = Subject(entry.name, root)
            found.append(_compare_subject(registry, local, subject, entry, references))
    return found


def require_same_registry(lock: Lock | None, url: str) -> None:
    """See that what was pulled is compared with the registry that it was pulled from.

    Raises:
        Problem: it is another one.
    """
    if lock is not None and lock.registry != url:
        raise CommandError(
            f"{LOCK_NAME} is about the registry {lock.registry}, and this is {url}",
            f"ask that one, or remove {LOCK_NAME} and pull from this one",
        )


def _compare_subject(
    registry: SchemaRegistry,
    local: LocalSchemas,
    subject: Subject,
    locked: LockedSubject | None,
    references: bool,
) -> SubjectStatus:
    schema = local.schema(subject.type)
    found = subject_status(registry, subject, schema, references=references)
    if locked is None:
        return found
    reasons = tuple(_not_as_locked(registry, found, locked))
    if reasons:
        found = replace(found, state=SubjectState.FAILED, reasons=(*reasons, *found.reasons))
    return replace(found, locked=locked.version)


def _not_as_locked(
    registry: SchemaRegistry, found: SubjectStatus, locked: LockedSubject
) -> Iterator[str]:
    """Why a subject cannot be the one that was pulled."""
    if found.state is SubjectState.FAILED:
        return
    version = registry.version(locked.name, locked.version)
    if version is None:
        yield f"version {locked.version}, which {LOCK_NAME} names, is not in the registry"
    elif version.id != locked.id:
        yield (
            f"version {locked.version} has the id {version.id}, and {locked.id} in {LOCK_NAME}: "
            "it is another registry, or it was filled anew"
        )


@dataclass(frozen=True, slots=True)
class LocalSchemas:
    """What is in the schema files.

    Attributes:
        types: every named type by full name.
        roots: what each file has at its top, by its path below the schema folder.
        config: the configuration.
    """

    types: Mapping[str, model.NamedType]
    roots: Mapping[str, model.AvroType]
    config: Config

    def schema(self, type_: model.AvroType) -> Schema:
        """A type as a schema that stands for itself, as generated code carries it."""
        tree = self_contained_json(type_, self.types)
        return Schema.parse(json.dumps(tree, ensure_ascii=False))


def read_local(paths: Sequence[Path]) -> LocalSchemas:
    """Read schema files and the configuration that belongs to them.

    Args:
        paths: existing files and folders.

    Raises:
        SchemaError: there are mistakes in them.
    """
    diagnostics = Diagnostics()
    sources = read_sources(paths, diagnostics)
    config = read_config(paths, diagnostics)
    parsed = parse_sources(sources)
    diagnostics.extend(parsed.diagnostics)
    check_topics(config, parsed.types, diagnostics)
    if diagnostics.has_errors:
        raise SchemaError(d for d in diagnostics if d.severity is Severity.ERROR)
    roots = {root.source.name: root.type for root in parsed.roots}
    return LocalSchemas(parsed.types, roots, config)
