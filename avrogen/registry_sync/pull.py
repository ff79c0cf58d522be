"""Schemas of the registry as files, one for each type, and the lock file that ties them to it.

Files that were pulled and not edited since are brought up to date; nothing else is overwritten. All
is settled, and seen to be a valid folder of schemas, before the first file is written.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from avrogen.avro import model
from avrogen.avro.diagnostics import Diagnostics, Severity
from avrogen.avro.parser import Parsed, parse_sources
from avrogen.avro.source import Source
from avrogen.compiler.discovery import read_sources
from avrogen.compiler.output import Changes, apply
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

__all__ = ["PullPlan", "plan_pull", "write_pull"]


@dataclass(frozen=True, slots=True)
class PullPlan:
    """What is to be done in a folder.

    Attributes:
        changes: files to be written and removed.
        lock: the lock file to be written.
    """

    changes: Changes
    lock: Lock


def plan_pull(
    folder: Path,
    url: str,
    fetched: Sequence[FetchedSchemas],
    types: Mapping[str, model.NamedType],
    before: Lock | None,
) -> PullPlan:
    """Find out what has to be written.

    Args:
        folder: the schema folder, which need not exist.
        url: of the registry.
        fetched: what is pulled.
        types: all types in that, by full name.
        before: the lock file that is there.

    Raises:
        Problem: something would be lost.
        SchemaError: the folder would not be valid afterwards.
    """
    diagnostics = Diagnostics()
    sources = read_sources([folder], diagnostics) if folder.is_dir() else []
    there = parse_sources(sources)
    before = before or Lock(url)
    placed = place_files(fetched, types, there)
    lock = _new_lock(before, url, fetched, placed, there)
    write = _to_write(folder, placed, there, before)
    _refuse_to_part(before, fetched, write)
    remove = _to_remove(before, lock, there)
    diagnostics.extend(_after(sources, write, remove, folder).diagnostics)
    if diagnostics.has_errors:
        raise SchemaError(d for d in diagnostics if d.severity is Severity.ERROR)
    unchanged = tuple(path for path in placed.files if path not in write)
    return PullPlan(Changes(write, remove, unchanged), lock)


def write_pull(folder: Path, pull: PullPlan) -> None:
    """Write the files, and the lock file when they are there.

    If it is stopped between, the next pull finds files that are as the registry has them.

    Raises:
        OSError: the disk is full, or the folder is not ours to write to.
    """
    apply(folder, pull.changes)
    text = lock_text(pull.lock)
    path = folder / LOCK_NAME
    if not path.is_file() or path.read_text("utf-8") != text:
        apply(folder, Changes({LOCK_NAME: text}, (), ()))


# --- the lock -------------------------------------------------------------------------------------


def _new_lock(
    before: Lock, url: str, fetched: Sequence[FetchedSchemas], placed: FilePlacement, there: Parsed
) -> Lock:
    """What was pulled before and is not pulled again, and what is pulled now."""
    subjects = dict(before.subjects)
    for each in fetched:
        top = placed.tops[each.version.subject]
        others = (placed.types[name] for name in each.schema.types)
        subjects[each.version.subject] = LockedSubject(
            each.version.subject,
            each.version.version,
            each.version.id,
            schema_fingerprint(each.schema),
            tuple(dict.fromkeys((top, *sorted(others)))),
        )
    planned = {path: file.fingerprint for path, file in placed.files.items()}
    known = {**fingerprints(there), **before.files, **planned}
    needed = {path for locked in subjects.values() for path in locked.files}
    return Lock(url, subjects, {path: known[path] for path in sorted(needed) if path in known})


# --- what is there --------------------------------------------------------------------------------


def _to_write(folder: Path, placed: FilePlacement, there: Parsed, before: Lock) -> dict[str, str]:
    """Files that are not there, or were pulled and are not current."""
    current = fingerprints(there)
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
            "the registry has other schemas than files that were not pulled, or edited since: "
            + ", ".join(edited),
            "register what is in them, or remove them and pull again",
        )
    return write


def _refuse_to_part(
    before: Lock, fetched: Sequence[FetchedSchemas], write: Mapping[str, str]
) -> None:
    """A type that other pulled subjects have as well must not change without them."""
    pulled = {each.version.subject for each in fetched}
    for name, locked in before.subjects.items():
        changed = sorted(set(locked.files) & write.keys())
        if name not in pulled and changed:
            raise CommandError(
                f"{changed[0]} would change, and is a part of {name} as well",
                f"pull that, too: avrogen registry pull {name}",
            )


def _to_remove(before: Lock, after: Lock, there: Parsed) -> tuple[str, ...]:
    """Files that were pulled, are a part of nothing any more, and were not edited."""
    current = fingerprints(there)
    stale = sorted(before.files.keys() - after.files.keys())
    return tuple(path for path in stale if current.get(path) == before.files[path])


def _after(
    sources: Sequence[Source], write: Mapping[str, str], remove: Sequence[str], folder: Path
) -> Parsed:
    """The folder as it will be."""
    kept = [s for s in sources if s.name not in write and s.name not in remove]
    new = [Source((folder / path).as_posix(), text, path) for path, text in write.items()]
    return parse_sources([*kept, *new])
