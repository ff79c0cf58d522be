"""Inputs of a build: schema files below the paths of a command line, and their fingerprint.

:func:`input_stamps` is the fingerprint that ``--watch`` uses to detect changes without reading.
"""

from __future__ import annotations

import errno
import os
import stat
from collections.abc import Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import TypeAlias

from avrogen.avro.diagnostics import Code, Diagnostics
from avrogen.avro.source import Location, Source
from avrogen.config.config import config_files

__all__ = [
    "SUFFIX",
    "FileIdentity",
    "InputStamps",
    "file_identity",
    "input_stamps",
    "read_sources",
    "schema_files",
]

SUFFIX = ".avsc"


def read_sources(paths: Iterable[Path], diagnostics: Diagnostics) -> list[Source]:
    """Read every schema file among the paths and below the folders among them, each once.

    Folders are walked recursively; symbolic links are followed, hidden folders skipped. The order
    of the result depends on the files alone.

    Args:
        paths: existing files and folders.
        diagnostics: receives files that cannot be read.
    """
    sources: dict[str, Source] = {}
    for path in paths:
        top = path if path.is_dir() else path.parent
        for file in schema_files(path, diagnostics):
            text = _text(file, diagnostics)
            if text is not None:
                name = file.relative_to(top).as_posix()
                sources.setdefault(os.path.realpath(file), Source(file.as_posix(), text, name))
    return sorted(sources.values(), key=lambda source: (source.name, source.path))


def schema_files(path: Path, diagnostics: Diagnostics) -> Iterator[Path]:
    """Yield a file itself, or the schema files below a folder."""
    return _walk(path, (), diagnostics) if path.is_dir() else iter((path,))


def _walk(folder: Path, around: tuple[str, ...], diagnostics: Diagnostics) -> Iterator[Path]:
    """Yield the schema files below a folder.

    Args:
        folder: folder to walk.
        around: real paths of the folders around it, to detect loops of links.
        diagnostics: receives folders that cannot be read.
    """
    real = os.path.realpath(folder)
    if real in around:
        diagnostics.report(
            Code.SYMLINK_LOOP,
            Location(folder.as_posix()),
            "symbolic link loop: it leads back to a folder around it",
        )
        return
    try:
        entries = sorted(folder.iterdir())
    except OSError as error:
        _report_unreadable(folder, error, diagnostics)
        return
    for entry in entries:
        if entry.is_dir():
            if entry.suffix == SUFFIX:
                diagnostics.report(
                    Code.DIRECTORY_NAMED_LIKE_SCHEMA,
                    Location(entry.as_posix()),
                    "this folder has the name of a schema file",
                )
            elif not entry.name.startswith("."):
                yield from _walk(entry, (*around, real), diagnostics)
        elif entry.suffix == SUFFIX:
            yield entry


def _text(file: Path, diagnostics: Diagnostics) -> str | None:
    try:
        # Reading a pipe or a device might never end.
        if not stat.S_ISREG(file.stat().st_mode):
            raise OSError(errno.EINVAL, "not a regular file")
        data = file.read_bytes()
    except OSError as error:
        _report_unreadable(file, error, diagnostics)
        return None
    try:
        return data.decode("utf-8")
    except UnicodeDecodeError as error:
        before = data[: error.start]
        line_start = before.rfind(b"\n") + 1
        location = Location(
            file.as_posix(),
            before.count(b"\n") + 1,
            len(before[line_start:].decode("utf-8")) + 1,
        )
        diagnostics.report(
            Code.INVALID_UTF8,
            location,
            f"byte 0x{data[error.start]:02x} is not UTF-8 ({error.reason})",
            hint="schema files are JSON, and JSON is UTF-8: save the file in that encoding",
        )
        return None


def _report_unreadable(path: Path, error: OSError, diagnostics: Diagnostics) -> None:
    reason = error.strerror or str(error)
    diagnostics.report(Code.UNREADABLE_FILE, Location(path.as_posix()), f"cannot be read: {reason}")


FileIdentity: TypeAlias = "tuple[int, int]"
"""Device and inode: they tell a file from others that were at its path."""

InputStamps: TypeAlias = "Mapping[Path, tuple[FileIdentity, int, int] | None]"
"""Identity, modification time and size of every input of a build; None for a missing file."""


def input_stamps(schemas: Sequence[Path]) -> InputStamps:
    """Return the fingerprint of the schema files and the configuration as they are now.

    Args:
        schemas: files and folders, which need not exist.
    """
    return {path: _stamp(path) for path in _inputs(schemas)}


def file_identity(path: Path) -> FileIdentity | None:
    """Return the identity of the file at a path, links followed; None for a missing file."""
    found = _stat(path)
    return found and (found.st_dev, found.st_ino)


def _inputs(schemas: Sequence[Path]) -> Iterator[Path]:
    yield from config_files(schemas)
    for path in schemas:
        # The build reports files that cannot be read.
        yield from schema_files(path, Diagnostics())


def _stamp(path: Path) -> tuple[FileIdentity, int, int] | None:
    found = _stat(path)
    return found and ((found.st_dev, found.st_ino), found.st_mtime_ns, found.st_size)


def _stat(path: Path) -> os.stat_result | None:
    try:
        return path.stat()
    except OSError:
        return None
