"""Subjects of a schema registry: what is registered there, and what would be."""

from __future__ import annotations

import json
import os
from collections.abc import Generator, Iterable, Iterator, Sequence
from contextlib import closing, contextmanager
from pathlib import Path

from avrogen.avro import model
from avrogen.avro.compat.levels import Level, Version, compared_versions
from avrogen.avro.references import reachable_types
from avrogen.avro.schema_json import self_contained_json
from avrogen.avro.source import Location, Origin
from avrogen.config.config import Config
from avrogen.config.registry_connection import CommandError, RegistryConnection, registry_connection
from avrogen.config.topic_subjects import Subject, configured_subjects
from avrogen.errors import RegistryError
from avrogen.evolution.comparison import UnitResult
from avrogen.evolution.matching import file_roots, matched_types
from avrogen.evolution.snapshot import BaselineError, NewSchemas
from avrogen.evolution.units import (
    ComparisonUnit,
    PreviousVersion,
    UnitKind,
    carried,
    previous_version,
)
from avrogen.kafka.registry.connect import connect
from avrogen.kafka.registry.protocol import SchemaRegistry, SchemaText
from avrogen.kafka.registry.retrying import COMMAND_RETRIES
from avrogen.kafka.registry.schema_references import resolve_references
from avrogen.registry_sync.lockfile import Lock, find_lock
from avrogen.registry_sync.status import require_same_registry

__all__ = ["connected", "refusals", "registry_at", "subject_units"]


def registry_at(url: str, config: Config) -> RegistryConnection:
    """How a registry is reached; see :mod:`avrogen.config.registry_connection`.

    Raises:
        WhereError: it cannot be, with what is known.
    """
    with _where_errors():
        return registry_connection(url, os.environ, config.registry)


@contextmanager
def connected(there: RegistryConnection) -> Generator[SchemaRegistry]:
    """The registry; what it cannot answer is a WhereError."""
    with _where_errors(), closing(connect(there.settings, retries=COMMAND_RETRIES)) as registry:
        yield registry


def subject_units(
    registry: SchemaRegistry,
    there: RegistryConnection,
    paths: Sequence[Path],
    new: NewSchemas,
    level: Level | None,
) -> Iterator[ComparisonUnit]:
    """The subjects of all topics, and those that were pulled, with the versions that count.

    Args:
        registry: where they are.
        there: the same.
        paths: where the new schemas are, with the lock file if there is one.
        new: the new schemas, without errors.
        level: how compatible each must be; None: as its subject asks for.

    Raises:
        WhereError: there are none, or what is known of them is about another registry.
    """
    with _where_errors():
        lock = find_lock(paths)
        require_same_registry(lock, there.url)
        subjects = _subjects(new, lock)
    if not subjects:
        raise BaselineError(
            "There are no subjects to compare with.",
            "list topics in avrogen.toml, or pull schemas with avrogen registry pull",
        )
    for subject in subjects:
        yield _unit(registry, subject, new, level)


def refusals(
    registry: SchemaRegistry, outcomes: Iterable[UnitResult]
) -> Iterator[tuple[UnitResult, tuple[str, ...]]]:
    """What a registry refuses although its level allows it, with its reasons.

    It may have rules of its own, and it has the last word.
    """
    for outcome in outcomes:
        unit = outcome.unit
        if unit.previous and not outcome.is_unchanged and outcome.is_compatible:
            verdict = registry.compatibility(unit.name, _text(unit))
            if not verdict.compatible:
                yield outcome, verdict.messages or ("it gives no reason",)


def _text(unit: ComparisonUnit) -> SchemaText:
    try:
        tree = self_contained_json(unit.new.type, unit.new.types)
        return SchemaText(json.dumps(tree, ensure_ascii=False, separators=(",", ":")))
    except RecursionError:
        raise BaselineError(
            f"The types of {unit.title} lie too deep in each other to be sent."
        ) from None


def _subjects(new: NewSchemas, lock: Lock | None) -> list[Subject]:
    subjects = {s.name: s for s in configured_subjects(new.config, new.parsed.types)}
    roots = {root.source.name: root.type for root in new.parsed.roots}
    for locked in lock.subjects.values() if lock is not None else ():
        root = roots.get(locked.files[0])
        if root is None:
            raise BaselineError(
                f"{locked.files[0]}, which avrogen.lock names, is not there.",
                "get it again with avrogen registry pull",
            )
        subjects.setdefault(locked.name, Subject(locked.name, root))
    return list(subjects.values())


def _unit(
    registry: SchemaRegistry, subject: Subject, new: NewSchemas, level: Level | None
) -> ComparisonUnit:
    numbers = registry.versions(subject.name)
    asked = level or (registry.level(subject.name) if numbers else Level.BACKWARD)
    compared = compared_versions(len(numbers), asked if asked.directions else Level.BACKWARD)
    previous = (_previous(registry, subject, numbers[index], new) for index in reversed(compared))
    return ComparisonUnit(
        UnitKind.SUBJECT,
        subject.name,
        Version(subject.type, new.parsed.types),
        _top(subject.type, new),
        tuple(version for version in previous if version is not None),
        asked,
        _topics(subject.type, new),
    )


def _previous(
    registry: SchemaRegistry, subject: Subject, number: int, new: NewSchemas
) -> PreviousVersion | None:
    registered = registry.version(subject.name, number)
    if registered is None:
        return None
    old = resolve_references(
        registry, registered.schema, f"subject {subject.name} version {number}"
    )
    mine = reachable_types(subject.type, new.parsed.types)
    return previous_version(
        f"version {number}", Version(old.type, old.types), matched_types(old.types, mine)
    )


def _top(type_: model.AvroType, new: NewSchemas) -> Origin | Location:
    if isinstance(type_, model.Reference):
        origin = new.parsed.types[type_.name].origin
        assert origin is not None, "what was parsed has an origin"
        return origin
    root = next(root for root in file_roots(new.parsed).values() if root.type is type_)
    return Origin(root.source)


def _topics(type_: model.AvroType, new: NewSchemas) -> tuple[str, ...]:
    topics = carried(new.config.topics)
    return topics.get(type_.name, ()) if isinstance(type_, model.Reference) else ()


@contextmanager
def _where_errors() -> Generator[None]:
    try:
        yield
    except CommandError as problem:
        raise BaselineError(problem.message, problem.hint) from None
    except RegistryError as error:
        message, _, hint = str(error).partition("\n  hint: ")
        raise BaselineError(f"The registry: {message}", hint or None) from None
