"""The commands ``avrogen registry status``, ``register`` and ``pull``: from arguments to results.

Errors in schemas and configuration are raised as SchemaError, all others as CommandError or
RegistryError.
"""

from __future__ import annotations

import os
from collections.abc import Generator, Mapping, Sequence
from contextlib import closing, contextmanager
from dataclasses import dataclass
from pathlib import Path

from avrogen.avro.diagnostics import Diagnostic, Diagnostics
from avrogen.config.registry_connection import CommandError, RegistryConnection, registry_connection
from avrogen.config.run_config import read_config
from avrogen.errors import SchemaError
from avrogen.kafka.registry.connection import connect
from avrogen.kafka.registry.protocol import SchemaRegistry
from avrogen.kafka.registry.retrying import COMMAND_RETRIES
from avrogen.registry_sync.fetch import all_types, fetch, matching_subjects, with_own_names
from avrogen.registry_sync.lockfile import find_lock, read_lock, require_same_registry
from avrogen.registry_sync.pull import PullPlan, plan_pull, write_pull
from avrogen.registry_sync.register import (
    RegisterOutcome,
    SubjectResult,
    plan_registration,
    register,
    rejected_results,
)
from avrogen.registry_sync.status import (
    SubjectState,
    SubjectStatus,
    read_local,
    subject_statuses,
)

__all__ = [
    "PullResult",
    "RegisterResult",
    "StatusResult",
    "run_pull",
    "run_register",
    "run_status",
]


@dataclass(frozen=True, slots=True)
class StatusResult:
    """The result of ``status``.

    Attributes:
        url: URL of the registry.
        statuses: statuses of the subjects.
    """

    url: str
    statuses: Sequence[SubjectStatus]

    @property
    def exit_code(self) -> int:
        """Return 0 if all schemas are compatible, 1 if one is not, 2 if a comparison failed."""
        states = {status.state for status in self.statuses}
        return 2 if SubjectState.FAILED in states else 1 if SubjectState.BROKEN in states else 0


@dataclass(frozen=True, slots=True)
class RegisterResult:
    """The result of ``register``.

    Attributes:
        url: URL of the registry.
        results: results of the subjects.
        dry_run: True if nothing was to be written.
    """

    url: str
    results: Sequence[SubjectResult]
    dry_run: bool

    @property
    def exit_code(self) -> int:
        """Return 0 if all are registered, 1 if schemas are incompatible, 2 after other failures."""
        failed = [o.status.state for o in self.results if o.outcome is RegisterOutcome.FAILED]
        return 0 if not failed else 1 if set(failed) == {SubjectState.BROKEN} else 2


@dataclass(frozen=True, slots=True)
class PullResult:
    """The result of ``pull``.

    Attributes:
        url: URL of the registry.
        plan: changes that were made.
        subjects: names of the pulled subjects.
        warnings: violations of the specification that were tolerated, by subject.
    """

    url: str
    plan: PullPlan
    subjects: Sequence[str]
    warnings: Mapping[str, Sequence[Diagnostic]]


def run_status(schemas: Sequence[Path], url: str | None) -> StatusResult:
    """Compare schemas with the registry.

    Args:
        schemas: files and folders.
        url: ``--url`` of the command line.
    """
    local = read_local(schemas)
    connection = registry_connection(url, os.environ, local.config.registry)
    lock = find_lock(schemas)
    require_same_registry(lock, connection.url)
    with _open_registry(connection) as registry:
        statuses = subject_statuses(registry, local, lock, references=connection.references)
    return StatusResult(connection.url, statuses)


def run_register(schemas: Sequence[Path], url: str | None, *, dry_run: bool) -> RegisterResult:
    """Register the schemas of all topics.

    Args:
        schemas: files and folders.
        url: ``--url`` of the command line.
        dry_run: check, and register nothing.
    """
    local = read_local(schemas)
    connection = registry_connection(url, os.environ, local.config.registry)
    lock = find_lock(schemas)
    pulled = () if lock is None or lock.registry != connection.url else lock.subjects
    with _open_registry(connection) as registry:
        planned = plan_registration(
            registry, local, references=connection.references, pulled=pulled
        )
        outcomes = rejected_results(planned)
        if outcomes is None and dry_run:
            outcomes = [SubjectResult(each.status, RegisterOutcome.UNCHANGED) for each in planned]
        elif outcomes is None:
            outcomes = list(register(registry, planned, references=connection.references))
    return RegisterResult(connection.url, outcomes, dry_run)


def run_pull(patterns: Sequence[str], folder: Path, url: str | None) -> PullResult:
    """Write schemas of the registry to files.

    Args:
        patterns: patterns of subjects; empty: the subjects of the lock file.
        folder: schema folder.
        url: ``--url`` of the command line.

    Raises:
        OSError: the files cannot be written.
    """
    diagnostics = Diagnostics()
    config = read_config([folder], diagnostics)
    if diagnostics.has_errors:
        raise SchemaError(diagnostics)
    connection = registry_connection(url, os.environ, config.registry)
    lock = read_lock(folder)
    require_same_registry(lock, connection.url)
    if not patterns and lock is None:
        raise CommandError(
            f"no schemas were pulled into {folder.as_posix()} yet",
            "name the subjects to pull: avrogen registry pull 'shop.*' -o FOLDER",
        )
    with _open_registry(connection) as registry:
        locked = [] if lock is None else list(lock.subjects)
        subjects = matching_subjects(registry, patterns) if patterns else locked
        fetched = with_own_names(fetch(registry, subjects), config.definitions)
    pull = plan_pull(folder, connection.url, fetched, all_types(fetched), lock, config)
    write_pull(folder, pull)
    warnings: dict[str, dict[Diagnostic, None]] = {}
    for each in fetched:
        problems = dict.fromkeys(each.schema.tolerated)
        warnings.setdefault(each.version.subject, {}).update(problems)
    return PullResult(
        connection.url,
        pull,
        sorted(each.version.subject for each in fetched),
        {subject: tuple(problems) for subject, problems in warnings.items()},
    )


@contextmanager
def _open_registry(connection: RegistryConnection) -> Generator[SchemaRegistry]:
    """Open a registry for a command, and close it at the end of the block."""
    with closing(connect(connection.settings, retries=COMMAND_RETRIES)) as registry:
        yield registry
