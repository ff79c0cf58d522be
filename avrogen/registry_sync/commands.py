"""The commands as a whole: from what the command line says to what is to be printed.

What goes wrong is raised: SchemaError for schemas and configuration, Problem and RegistryError for
everything else.
"""

from __future__ import annotations

import os
from collections.abc import Generator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from avrogen.avro.diagnostics import Diagnostics
from avrogen.config.config import RegistrySection, read_config
from avrogen.config.registry_connection import CommandError, RegistryConnection, registry_connection
from avrogen.errors import SchemaError
from avrogen.kafka.registry.connect import connect
from avrogen.kafka.registry.protocol import SchemaRegistry
from avrogen.kafka.registry.retrying import COMMAND_RETRIES
from avrogen.registry_sync.fetch import all_types, fetch, matching_subjects
from avrogen.registry_sync.lockfile import find_lock, read_lock
from avrogen.registry_sync.pull import PullPlan, plan_pull, write_pull
from avrogen.registry_sync.register import RegisterOutcome, SubjectResult, plan, refused, register
from avrogen.registry_sync.status import (
    SubjectState,
    SubjectStatus,
    read_local,
    require_same_registry,
    status,
)

__all__ = ["PullResult", "RegisterResult", "StatusResult", "run_pull", "run_register", "run_status"]


@dataclass(frozen=True, slots=True)
class StatusResult:
    """What ``status`` found.

    Attributes:
        url: of the registry.
        standings: how each subject stands.
    """

    url: str
    standings: Sequence[SubjectStatus]

    @property
    def exit_code(self) -> int:
        """0 if nothing is broken, 1 if a schema is, 2 if that could not be found out."""
        states = {standing.state for standing in self.standings}
        return 2 if SubjectState.FAILED in states else 1 if SubjectState.BROKEN in states else 0


@dataclass(frozen=True, slots=True)
class RegisterResult:
    """What ``register`` did.

    Attributes:
        url: of the registry.
        outcomes: what came of each subject.
        dry_run: whether nothing was to be written.
    """

    url: str
    outcomes: Sequence[SubjectResult]
    dry_run: bool

    @property
    def exit_code(self) -> int:
        """0 if all is there, 1 if schemas are broken, 2 if anything else is in the way."""
        failed = [o.standing.state for o in self.outcomes if o.result is RegisterOutcome.FAILED]
        return 0 if not failed else 1 if set(failed) == {SubjectState.BROKEN} else 2


@dataclass(frozen=True, slots=True)
class PullResult:
    """What ``pull`` did.

    Attributes:
        url: of the registry.
        pull: what was written.
        subjects: what was pulled.
    """

    url: str
    pull: PullPlan
    subjects: Sequence[str]


def run_status(schemas: Sequence[Path], url: str | None) -> StatusResult:
    """Compare schemas with the registry.

    Args:
        schemas: files and folders.
        url: of the registry, where the command line says it.
    """
    local = read_local(schemas)
    there = _connection(url, local.config.registry)
    lock = find_lock(schemas)
    require_same_registry(lock, there.url)
    with _connected(there) as registry:
        standings = status(registry, local, lock, references=there.references)
    return StatusResult(there.url, standings)


def run_register(schemas: Sequence[Path], url: str | None, *, dry_run: bool) -> RegisterResult:
    """Register the schemas of all topics.

    Args:
        schemas: files and folders.
        url: of the registry, where the command line says it.
        dry_run: whether to write nothing.
    """
    local = read_local(schemas)
    there = _connection(url, local.config.registry)
    with _connected(there) as registry:
        planned = plan(registry, local, references=there.references)
        outcomes = refused(planned)
        if outcomes is None and dry_run:
            outcomes = [SubjectResult(each.standing, RegisterOutcome.NOTHING) for each in planned]
        elif outcomes is None:
            outcomes = list(register(registry, planned, references=there.references))
    return RegisterResult(there.url, outcomes, dry_run)


def run_pull(patterns: Sequence[str], folder: Path, url: str | None) -> PullResult:
    """Write schemas of the registry to files.

    Args:
        patterns: which subjects; none for those in the lock file.
        folder: the schema folder.
        url: of the registry, where the command line says it.

    Raises:
        OSError: the files cannot be written.
    """
    diagnostics = Diagnostics()
    config = read_config([folder], diagnostics)
    if diagnostics.has_errors:
        raise SchemaError(diagnostics)
    there = _connection(url, config.registry)
    lock = read_lock(folder)
    require_same_registry(lock, there.url)
    if not patterns and lock is None:
        raise CommandError(
            f"nothing was pulled into {folder.as_posix()} yet",
            "say what to pull: avrogen registry pull 'shop.*' -o FOLDER",
        )
    with _connected(there) as registry:
        locked = [] if lock is None else list(lock.subjects)
        subjects = matching_subjects(registry, patterns) if patterns else locked
        fetched = fetch(registry, subjects)
    pull = plan_pull(folder, there.url, fetched, all_types(fetched), lock)
    write_pull(folder, pull)
    return PullResult(there.url, pull, sorted(each.version.subject for each in fetched))


def _connection(url: str | None, config: RegistrySection | None) -> RegistryConnection:
    environment: Mapping[str, str] = os.environ
    return registry_connection(url, environment, config)


@contextmanager
def _connected(there: RegistryConnection) -> Generator[SchemaRegistry]:
    registry = connect(there.settings, retries=COMMAND_RETRIES)
    try:
        yield registry
    finally:
        registry.close()
