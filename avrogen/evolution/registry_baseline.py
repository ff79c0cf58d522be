"""A schema registry as a baseline: subjects with the registered versions that count."""

from __future__ import annotations

import os
from collections.abc import Generator, Iterable, Iterator, Sequence
from contextlib import closing, contextmanager
from dataclasses import replace
from pathlib import Path

from avrogen.avro import model
from avrogen.avro.compat.levels import Level, Version, compared_versions
from avrogen.avro.model import wire_types
from avrogen.avro.schema_json import compact_text, self_contained_json
from avrogen.avro.source import Location, Origin
from avrogen.config.config import Config
from avrogen.config.registry_connection import CommandError, RegistryConnection, registry_connection
from avrogen.config.topic_subjects import Subject, configured_subjects
from avrogen.errors import RegistryError, SchemaError
from avrogen.evolution.comparison import UnitResult
from avrogen.evolution.matching import file_roots, matched_types
from avrogen.evolution.snapshot import BaselineError, NewSchemas
from avrogen.evolution.units import (
    ComparisonUnit,
    PreviousVersion,
    UnitKind,
    previous_version,
    topics_by_type,
)
from avrogen.kafka.registry.connection import connect
from avrogen.kafka.registry.protocol import SchemaRegistry, SchemaText
from avrogen.kafka.registry.retrying import COMMAND_RETRIES
from avrogen.kafka.registry.schema_references import resolve_references
from avrogen.registry_sync.lockfile import Lock, find_lock, require_same_registry

__all__ = ["connected", "connection_of", "rejections", "subject_units"]


def connection_of(url: str, config: Config) -> RegistryConnection:
    """Return the connection to a registry; see :mod:`avrogen.config.registry_connection`.

    Raises:
        BaselineError: the configuration of the connection is invalid.
    """
    with _baseline_errors():
        return registry_connection(url, os.environ, config.registry)


@contextmanager
def connected(connection: RegistryConnection) -> Generator[SchemaRegistry]:
    """Open the registry for a block, whose registry errors become a BaselineError."""
    with (
        _baseline_errors(),
        closing(connect(connection.settings, retries=COMMAND_RETRIES)) as registry,
    ):
        yield registry


def subject_units(
    registry: SchemaRegistry,
    url: str,
    paths: Sequence[Path],
    new: NewSchemas,
    level: Level | None,
) -> Iterator[ComparisonUnit]:
    """Yield the subjects of all topics and all pulled subjects, with the versions that count.

    Args:
        registry: registry of the subjects.
        url: its URL.
        paths: paths of the new schemas, with the lock file if there is one.
        new: new schemas, without errors.
        level: required compatibility level; None: that of each subject.

    Raises:
        BaselineError: there are no subjects, or the lock file belongs to another registry.
    """
    with _baseline_errors():
        lock = find_lock(paths)
        require_same_registry(lock, url)
        subjects = _subjects(new, lock)
    if not subjects:
        raise BaselineError(
            "no subjects to compare with",
            "list topics in avrogen.toml, or pull schemas with avrogen registry pull",
        )
    for subject in subjects:
        yield _unit(registry, subject, new, level)


def rejections(
    registry: SchemaRegistry, results: Iterable[UnitResult]
) -> Iterator[tuple[UnitResult, tuple[str, ...]]]:
    """Yield results that the registry rejects although the level allows them, with its reasons.

    A registry may have rules of its own, and its verdict is final.
    """
    for result in results:
        unit = result.unit
        if unit.previous and not result.is_unchanged and result.is_compatible:
            verdict = registry.compatibility(unit.name, _text(unit))
            if not verdict.compatible:
                yield result, verdict.messages or ("no reason given",)


def _text(unit: ComparisonUnit) -> SchemaText:
    try:
        tree = self_contained_json(unit.new.type, unit.new.types)
        return SchemaText(compact_text(tree))
    except SchemaError:
        raise BaselineError(
            f"the types of {unit.title} are nested too deeply to be sent to the registry"
        ) from None


def _subjects(new: NewSchemas, lock: Lock | None) -> list[Subject]:
    subjects = {s.name: s for s in configured_subjects(new.config, new.parsed.types)}
    roots = {root.source.name: root.type for root in new.parsed.roots}
    for locked in lock.subjects.values() if lock is not None else ():
        root = roots.get(locked.files[0])
        if root is None:
            raise BaselineError(
                f"avrogen.lock lists {locked.files[0]}, but the file does not exist",
                "restore it with avrogen registry pull",
            )
        subjects.setdefault(locked.name, Subject(locked.name, root))
    return list(subjects.values())


def _unit(
    registry: SchemaRegistry, subject: Subject, new: NewSchemas, level: Level | None
) -> ComparisonUnit:
    numbers = registry.versions(subject.name)
    required = level or (registry.level(subject.name) if numbers else Level.BACKWARD)
    compared = compared_versions(len(numbers), required if required.directions else Level.BACKWARD)
    previous = (_previous(registry, subject, numbers[index], new) for index in reversed(compared))
    return ComparisonUnit(
        UnitKind.SUBJECT,
        subject.name,
        Version(*wire_types(subject.type, new.parsed.types)),
        _top(subject.type, new),
        tuple(version for version in previous if version is not None),
        required,
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
    _, mine = wire_types(subject.type, new.parsed.types)
    version = previous_version(
        f"version {number}", Version(old.type, old.types), matched_types(old.types, mine)
    )
    return replace(version, tolerated=old.tolerated)


def _top(type_: model.AvroType, new: NewSchemas) -> Origin | Location:
    if isinstance(type_, model.Reference):
        origin = new.parsed.types[type_.name].origin
        assert origin is not None, "what was parsed has an origin"
        return origin
    root = next(root for root in file_roots(new.parsed).values() if root.type is type_)
    return Origin(root.source)


def _topics(type_: model.AvroType, new: NewSchemas) -> tuple[str, ...]:
    topics = topics_by_type(new.config.topics)
    return topics.get(type_.name, ()) if isinstance(type_, model.Reference) else ()


@contextmanager
def _baseline_errors() -> Generator[None]:
    try:
        yield
    except CommandError as error:
        raise BaselineError(error.message, error.hint) from None
    except RegistryError as error:
        message, _, hint = str(error).partition("\n  hint: ")
        raise BaselineError(f"schema registry: {message}", hint or None) from None
