"""Status of subjects: local schemas compared with the registry.

Compatibility is checked by the level of each subject; then the registry is asked, whose verdict is
final. Schemas are compared by meaning: another layout of a registered schema is the same schema.
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
from avrogen.avro.diagnostics import Diagnostic, Diagnostics, Severity
from avrogen.avro.schema_json import self_contained_json
from avrogen.codec.schema import Schema
from avrogen.compiler.checks import check_definitions, check_topics
from avrogen.compiler.discovery import parse_schemas, read_sources
from avrogen.config.config import Config
from avrogen.config.registry_connection import CommandError
from avrogen.config.run_config import read_config
from avrogen.config.topic_subjects import Subject, configured_subjects
from avrogen.errors import RegistryError, SchemaError
from avrogen.kafka.registry.data_contracts import DataContract
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
    "subject_status",
    "subject_statuses",
]


# --- local schemas --------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class LocalSchemas:
    """Local schemas and their configuration.

    Attributes:
        types: all named types by full name.
        roots: root type of each file, by its path relative to the schema folder.
        config: configuration.
    """

    types: Mapping[str, model.NamedType]
    roots: Mapping[str, model.AvroType]
    config: Config

    def schema(self, type_: model.AvroType) -> Schema:
        """Return a type as a self-contained schema, as generated code embeds it."""
        tree = self_contained_json(type_, self.types)
        return Schema.embedded(json.dumps(tree, ensure_ascii=False))


def read_local(paths: Sequence[Path]) -> LocalSchemas:
    """Read schema files and their configuration.

    Args:
        paths: existing files and folders.

    Raises:
        SchemaError: schemas or configuration have errors.
    """
    diagnostics = Diagnostics()
    sources = read_sources(paths, diagnostics)
    config = read_config(paths, diagnostics)
    parsed = parse_schemas(sources, config, diagnostics)
    check_definitions(parsed.types, diagnostics)
    check_topics(config, parsed.types, diagnostics)
    if diagnostics.has_errors:
        raise SchemaError(d for d in diagnostics if d.severity is Severity.ERROR)
    roots = {root.source.name: root.type for root in parsed.roots}
    return LocalSchemas(parsed.types, roots, config)


# --- subjects -------------------------------------------------------------------------------------


class SubjectState(StrEnum):
    """The state of a subject; values are part of the JSON output."""

    IN_STEP = "in step"
    """The local schema is its latest version."""
    BEHIND = "behind"
    """The local schema is an older version of it."""
    NEW = "new"
    """The subject does not exist."""
    CHANGED = "changed"
    """The local schema is not registered, and compatible."""
    BROKEN = "broken"
    """The local schema is not registered, and incompatible."""
    FAILED = "failed"
    """The comparison failed."""


@dataclass(frozen=True, slots=True)
class SubjectStatus:
    """The status of a subject in relation to its local schema.

    Attributes:
        subject: name of the subject.
        title: name of the type for people.
        state: state of the subject.
        registered: registered version that equals the local schema, if any.
        latest: number of the latest version.
        level: compatibility level of the subject.
        locked: version in ``avrogen.lock``.
        reasons: reasons of an incompatibility or failure, a line each.
        contract: rules and metadata of the latest version, if it has any.
        warnings: violations of the specification that were tolerated in registered versions.
    """

    subject: str
    title: str
    state: SubjectState
    registered: RegisteredSchema | None = None
    latest: int | None = None
    level: Level | None = None
    locked: int | None = None
    reasons: tuple[str, ...] = ()
    contract: DataContract | None = None
    warnings: tuple[Diagnostic, ...] = ()


def subject_statuses(
    registry: SchemaRegistry, local: LocalSchemas, lock: Lock | None, *, references: bool
) -> list[SubjectStatus]:
    """Compare the schemas of all topics, and all pulled schemas, with the registry.

    Args:
        registry: registry to compare with.
        local: local schemas, without errors.
        lock: lock file of that registry.
        references: schemas are registered with references.

    Raises:
        RegistryError: the registry does not respond.
        CommandError: there is nothing to compare.
    """
    locked = {} if lock is None else dict(lock.subjects)
    subjects = {s.name: s for s in configured_subjects(local.config, local.types)}
    if not subjects and not locked:
        raise CommandError(
            "nothing to compare: no topics are configured and no schemas were pulled",
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
            reason = f"{LOCK_NAME} lists {entry.files[0]}, but the file does not exist"
            found.append(SubjectStatus(entry.name, "", SubjectState.FAILED, reasons=(reason,)))
        else:
            subject = Subject(entry.name, root)
            found.append(_compare_subject(registry, local, subject, entry, references))
    return found


def _compare_subject(
    registry: SchemaRegistry,
    local: LocalSchemas,
    subject: Subject,
    locked: LockedSubject | None,
    references: bool,
) -> SubjectStatus:
    schema = local.schema(subject.type)
    pulled = locked is not None
    found = subject_status(registry, subject, schema, references=references, pulled=pulled)
    if locked is None:
        return found
    reasons = tuple(_lock_mismatches(registry, found, locked))
    if reasons:
        found = replace(found, state=SubjectState.FAILED, reasons=(*reasons, *found.reasons))
    return replace(found, locked=locked.version)


def _lock_mismatches(
    registry: SchemaRegistry, found: SubjectStatus, locked: LockedSubject
) -> Iterator[str]:
    """Yield the contradictions between a subject and its entry in the lock file."""
    if found.state is SubjectState.FAILED:
        return
    version = registry.version(locked.name, locked.version)
    if version is None:
        yield f"{LOCK_NAME} lists version {locked.version}, which the registry does not have"
    elif version.id != locked.id:
        yield (
            f"version {locked.version} has the id {version.id}, but {locked.id} in {LOCK_NAME}: "
            "this is another registry, or it was recreated"
        )


# --- one subject ----------------------------------------------------------------------------------


def subject_status(
    registry: SchemaRegistry,
    subject: Subject,
    schema: Schema,
    *,
    references: bool,
    pulled: bool = False,
) -> SubjectStatus:
    """Compare a local schema with its subject.

    Args:
        registry: registry to compare with.
        subject: the subject.
        schema: its local schema.
        references: the schema will be registered with references; the registry cannot check it
            before those are registered.
        pulled: the schema was pulled: it lacks the registered defaults that do not fit their types.

    Raises:
        RegistryError: a fatal error, see :func:`is_fatal`.
    """
    try:
        return _look_up_subject(registry, subject, schema, references, pulled)
    except RegistryError as error:
        if is_fatal(error):
            raise
        return SubjectStatus(
            subject.name, subject.title, SubjectState.FAILED, reasons=(_first_line(error),)
        )


def is_fatal(error: RegistryError) -> bool:
    """Return whether an error is that of the registry as a whole, and not of one request."""
    if error.status is None:
        # Without a response: the registry is unavailable, or not trusted.
        return error.transient or error.url is not None
    return error.transient or 300 <= error.status < 400 or error.status in (401, 404, 405, 407)


def _look_up_subject(
    registry: SchemaRegistry, subject: Subject, schema: Schema, references: bool, pulled: bool
) -> SubjectStatus:
    numbers = registry.versions(subject.name)
    if not numbers:
        return SubjectStatus(subject.name, subject.title, SubjectState.NEW)
    latest = numbers[-1]
    found = find(registry, subject.name, schema, tolerant=pulled)
    if found is not None:
        state = SubjectState.IN_STEP if found.version == latest else SubjectState.BEHIND
        contract = found.schema.contract
        if found.version != latest:
            contract = _contract(registry, subject.name, latest)
        return SubjectStatus(subject.name, subject.title, state, found, latest, contract=contract)
    level = registry.level(subject.name)
    previous = _previous_versions(registry, subject.name, numbers, level)
    reasons = tuple(_reasons(previous, schema, level))
    if not reasons and not references:
        # The registry may have rules of its own, and its verdict is final.
        verdict = registry.compatibility(subject.name, SchemaText(str(schema)))
        if not verdict.compatible:
            reasons = verdict.messages or ("rejected by the registry without a reason",)
    state = SubjectState.BROKEN if reasons else SubjectState.CHANGED
    return SubjectStatus(
        subject.name,
        subject.title,
        state,
        latest=latest,
        level=level,
        reasons=reasons,
        contract=_contract(registry, subject.name, latest),
        warnings=tuple(problem for old in previous.values() for problem in old.tolerated),
    )


def _contract(registry: SchemaRegistry, subject: str, latest: int) -> DataContract | None:
    version = registry.version(subject, latest)
    return None if version is None else version.schema.contract


def _previous_versions(
    registry: SchemaRegistry, subject: str, numbers: Sequence[int], level: Level
) -> dict[int, Schema]:
    """Return the versions that a level requires to be compared, the latest last."""
    previous: dict[int, Schema] = {}
    for index in reversed(compared_versions(len(numbers), level)) if level.directions else ():
        number = numbers[index]
        version = registry.version(subject, number)
        if version is not None:
            name = f"subject {subject} version {number}"
            previous[number] = resolve_references(registry, version.schema, name)
    return previous


def _reasons(previous: Mapping[int, Schema], schema: Schema, level: Level) -> Iterator[str]:
    """Yield the incompatibilities with previous versions."""
    known = list(previous)
    versions = [Version(old.type, old.types) for old in previous.values()]
    new = Version(schema.type, schema.types)
    for violation in violations(new, versions, level):
        for incompatibility in violation.incompatibilities:
            description = confluent_description(incompatibility, violation.direction.reader)
            yield f"{violation.direction} to version {known[violation.index]}: {description}"


def _first_line(error: RegistryError) -> str:
    return str(error).partition("\n")[0]
