"""Pulled schemas as files, one for each type, and the lock file.

Only files that were pulled and not edited since are overwritten or removed. The result is planned,
and verified to be a valid folder of schemas, before the first file is written.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Final

from avrogen.avro import model
from avrogen.avro.diagnostics import Code, Diagnostic, Diagnostics, Severity
from avrogen.avro.parser import Parsed, parse_sources
from avrogen.avro.source import Source
from avrogen.compiler.dependencies import read_dependencies
from avrogen.compiler.discovery import parse_schemas, read_sources
from avrogen.compiler.output import Changes, apply
from avrogen.config.config import Config
from avrogen.config.registry_connection import CommandError
from avrogen.errors import SchemaError
from avrogen.registry_sync.fetch import FetchedSchemas
from avrogen.registry_sync.file_placement import FilePlacement, fingerprints, place_files
from avrogen.registry_sync.lockfile import (
    LOCK_NAME,
    Lock,
    LockedSubject,
    lock_text,
    schema_fingerprint,
)
from avrogen.regular_files import read_file

__all__ = ["PullPlan", "plan_pull", "write_pull"]


@dataclass(frozen=True, slots=True)
class PullPlan:
    """The changes of a pull to a folder.

    Attributes:
        changes: files to write and remove.
        lock: lock file to write.
    """

    changes: Changes
    lock: Lock


def plan_pull(
    folder: Path,
    url: str,
    fetched: Sequence[FetchedSchemas],
    types: Mapping[str, model.NamedType],
    before: Lock | None,
    config: Config | None = None,
) -> PullPlan:
    """Plan the files to write and remove.

    Args:
        folder: schema folder; need not exist.
        url: URL of the registry.
        fetched: pulled schemas.
        types: all their types, by full name.
        before: existing lock file.
        config: configuration of the folder.

    Raises:
        CommandError: edited files, or other pulled subjects, would change.
        SchemaError: the folder would have schema errors afterwards.
    """
    diagnostics = Diagnostics()
    sources = read_sources([folder], diagnostics) if folder.is_dir() else []
    config = config or Config()
    local = _local_types(sources, config)
    before = before or Lock(url)
    placed = place_files(fetched, types, local)
    lock = _new_lock(before, url, fetched, placed, local)
    write = _files_to_write(folder, placed, local, before)
    _require_sharing_subjects(before, fetched, write)
    remove = _files_to_remove(before, lock, local)
    after = _after(sources, write, remove, folder)
    diagnostics.extend(_errors(after, config, lock))
    if diagnostics.has_errors:
        raise SchemaError(d for d in diagnostics if d.severity is Severity.ERROR)
    unchanged = tuple(path for path in placed.files if path not in write)
    return PullPlan(Changes(write, remove, unchanged), lock)


def _local_types(sources: Sequence[Source], config: Config) -> Parsed:
    """Return the schemas of a folder, with copies of types of other packages as its own types."""
    local = parse_sources(sources, own_names=config.definitions, tolerant=True)
    # The build reports problems with the packages.
    others = read_dependencies(config.packages, Diagnostics()).types
    libraries = [other.source for name, other in others.items() if name not in local.types]
    if not libraries:
        return local
    local = parse_sources(sources, own_names=config.definitions, libraries=libraries, tolerant=True)
    types = {name: named for name, named in local.types.items() if name not in local.imported}
    return replace(local, types=types)


def write_pull(folder: Path, pull: PullPlan) -> None:
    """Write the files, then the lock file.

    After an interruption, the next pull finds files that already equal the registry's schemas.

    Raises:
        OSError: a file cannot be written.
    """
    apply(folder, pull.changes)
    text = lock_text(pull.lock)
    if _lock_text(folder) != text:
        apply(folder, Changes({LOCK_NAME: text}, (), ()))


def _lock_text(folder: Path) -> str | None:
    """Return the text of the lock file, if it is a file and no link to one."""
    try:
        return read_file(folder / LOCK_NAME, links=False).decode("utf-8")
    except (OSError, UnicodeDecodeError):
        return None


# --- lock file ------------------------------------------------------------------------------------


def _new_lock(
    before: Lock, url: str, fetched: Sequence[FetchedSchemas], placed: FilePlacement, local: Parsed
) -> Lock:
    """Return the new lock file: subjects of this pull, and earlier ones not pulled again."""
    subjects = dict(before.subjects)
    for each in fetched:
        top = placed.root_files[each.version.subject]
        others = (placed.types[named.name] for named in each.types())
        subjects[each.version.subject] = LockedSubject(
            each.version.subject,
            each.version.version,
            each.version.id,
            schema_fingerprint(each.schema),
            tuple(dict.fromkeys((top, *sorted(others)))),
            each.version.schema.contract,
        )
    planned = {path: file.fingerprint for path, file in placed.files.items()}
    known = {**fingerprints(local), **before.files, **planned}
    needed = {path for locked in subjects.values() for path in locked.files}
    return Lock(url, subjects, {path: known[path] for path in sorted(needed) if path in known})


# --- files ----------------------------------------------------------------------------------------


def _files_to_write(
    folder: Path, placed: FilePlacement, local: Parsed, before: Lock
) -> dict[str, str]:
    """Return the files that are missing, or were pulled and are out of date."""
    current = fingerprints(local)
    write: dict[str, str] = {}
    edited: list[str] = []
    for path, file in placed.files.items():
        found = current.get(path)
        if found == file.fingerprint:
            continue
        if found == before.files.get(path) if path in current else not (folder / path).exists():
            write[path] = file.text
        else:
            edited.append((folder / path).as_posix())
    if edited:
        raise CommandError(
            "files that were edited, or not pulled, differ from the registry: " + ", ".join(edited),
            "register the local schemas, or remove the files and pull again",
        )
    return write


def _require_sharing_subjects(
    before: Lock, fetched: Sequence[FetchedSchemas], write: Mapping[str, str]
) -> None:
    """Require that subjects that share a changed file are pulled together."""
    pulled = {each.version.subject for each in fetched}
    for name, locked in before.subjects.items():
        changed = sorted(set(locked.files) & write.keys())
        if name not in pulled and changed:
            raise CommandError(
                f"{changed[0]} would change, but is also part of the subject {name}",
                f"pull that subject too: avrogen registry pull {name}",
            )


def _files_to_remove(before: Lock, after: Lock, local: Parsed) -> tuple[str, ...]:
    """Return the pulled files that no subject needs any more and that were not edited."""
    current = fingerprints(local)
    stale = sorted(before.files.keys() - after.files.keys())
    return tuple(path for path in stale if current.get(path) == before.files[path])


_TOLERATED: Final = frozenset(
    {
        Code.INVALID_NAME,
        Code.INVALID_NAMESPACE,
        Code.PRIMITIVE_NAME,
        Code.DUPLICATE_SYMBOL,
        Code.DUPLICATE_BRANCH,
    }
)
"""Errors that pulled files may have: they are written as they are registered."""


def _errors(sources: Sequence[Source], config: Config, lock: Lock) -> Iterator[Diagnostic]:
    """Yield the errors of the folder as it will be after the pull."""
    pulled = {source.path for source in sources if source.name in lock.files}
    strict, tolerant = Diagnostics(), Diagnostics()
    parse_schemas(sources, config, strict)
    for found in strict:
        if found.code not in _TOLERATED or found.location.path not in pulled:
            yield found
    parse_schemas(sources, config, tolerant, tolerant=True)
    yield from tolerant


def _after(
    sources: Sequence[Source], write: Mapping[str, str], remove: Sequence[str], folder: Path
) -> list[Source]:
    """Return the files of the folder as they will be after the pull."""
    kept = [s for s in sources if s.name not in write and s.name not in remove]
    new = [Source((folder / path).as_posix(), text, path) for path, text in write.items()]
    return [*kept, *new]
