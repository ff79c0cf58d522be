"""Inputs of a build: schema files below the paths of a command line, and their fingerprint.

:func:`input_stamps` is the fingerprint that ``--watch`` uses to detect changes without reading.
"""

from __future__ import annotations

import os
import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Final, TypeAlias

from avrogen.avro.diagnostics import Code, Diagnostics
from avrogen.avro.model import mentions, references
from avrogen.avro.parser import Parsed, parse_sources
from avrogen.avro.source import (
    IDL_SUFFIX,
    PROTOCOL_SUFFIX,
    SCHEMA_SUFFIX,
    Location,
    Source,
)
from avrogen.compiler.dependencies import Dependencies, read_dependencies
from avrogen.config.config import Config
from avrogen.config.config_files import FILE_NAME, PROJECT_FILE_NAME, config_files
from avrogen.regular_files import FileIdentity, FolderWalk, read_file

__all__ = [
    "SUFFIXES",
    "InputStamps",
    "input_stamps",
    "no_schema_files",
    "parse_schemas",
    "read_sources",
]

SUFFIXES = (SCHEMA_SUFFIX, IDL_SUFFIX, PROTOCOL_SUFFIX)
"""Endings of the names of schema files."""


def read_sources(paths: Iterable[Path], diagnostics: Diagnostics) -> list[Source]:
    """Read every schema file among the paths and below the folders among them, each once.

    Folders are walked recursively; symbolic links are followed, hidden folders skipped. The order
    of the result depends on the files alone.

    Args:
        paths: existing files and folders.
        diagnostics: receives files that cannot be read.
    """
    sources: dict[str, Source] = {}
    seen: set[str] = set()
    paths = list(paths)
    for path, file in _schema_files(paths, diagnostics):
        real = os.path.realpath(file)
        if real in seen:
            continue
        seen.add(real)
        text = _text(file, diagnostics)
        if text is not None:
            top = path if path.is_dir() else path.parent
            name = file.relative_to(top).as_posix()
            sources[real] = Source(file.as_posix(), text, name)
    return sorted(sources.values(), key=lambda source: (source.name, source.path))


def no_schema_files(paths: Iterable[Path]) -> str:
    """Return the message for paths without a schema file."""
    return f"no .avsc, .avdl or .avpr files found in {' '.join(map(str, paths))}"


def parse_schemas(
    sources: Iterable[Source],
    config: Config,
    diagnostics: Diagnostics,
    dependencies: Dependencies | None = None,
    *,
    tolerant: bool = False,
) -> Parsed:
    """Parse the schema files of a run as its configuration says.

    Args:
        sources: every schema file of the run.
        config: configuration, as far as it could be read.
        diagnostics: receives every problem.
        dependencies: types of other packages; None: those of the configuration.
        tolerant: the schemas are only read; see :func:`~avrogen.avro.parser.parse_sources`.

    Returns:
        Types of the files, with those of other packages that they or topics refer to.
    """
    if dependencies is None:
        dependencies = read_dependencies(config.packages, diagnostics)
    libraries = tuple(dependencies.sources)
    parsed = parse_sources(
        sources,
        own_names=config.definitions,
        libraries=libraries,
        tolerant=tolerant,
        names=config.names.rules,
        is_acknowledged=config.types.is_acknowledged,
        ignore_invalid_defaults=config.defaults.invalid == "ignore",
    )
    diagnostics.extend(parsed.diagnostics)
    return _without_unused(parsed, config) if libraries else parsed


def _without_unused(parsed: Parsed, config: Config) -> Parsed:
    """Return types without those of other packages that nothing refers to."""
    used = {name for name in parsed.types if name not in parsed.imported}
    used |= {name for topic in config.topics for name in (*topic.value, topic.key or "")}
    used |= {name for root in parsed.roots for name in references(root.type)}
    waiting = [name for name in used if name in parsed.types]
    used = set(waiting)
    while waiting:
        for name in mentions(parsed.types[waiting.pop()]):
            if name not in used and name in parsed.types:
                used.add(name)
                waiting.append(name)
    types = {name: named for name, named in parsed.types.items() if name in used}
    return replace(parsed, types=types, imported=parsed.imported & used)


def _schema_files(paths: Iterable[Path], diagnostics: Diagnostics) -> Iterator[tuple[Path, Path]]:
    """Yield the paths that are files, and the schema files below those that are folders.

    A folder is entered once, however many links lead to it.

    Yields:
        One of the paths, and a file at or below it.
    """

    def may_be_entered(folder: Path) -> bool:
        if folder.suffix in SUFFIXES:
            diagnostics.report(
                Code.DIRECTORY_NAMED_LIKE_SCHEMA,
                Location(folder.as_posix()),
                "this folder has the name of a schema file",
            )
        return folder.suffix not in SUFFIXES

    def report_loop(folder: Path) -> None:
        diagnostics.report(
            Code.SYMLINK_LOOP,
            Location(folder.as_posix()),
            "symbolic link loop: it leads back to a folder around it",
        )

    def report_unreadable(folder: Path, error: OSError) -> None:
        _report_unreadable(folder, error, diagnostics)

    walk = FolderWalk(
        links=True, enter=may_be_entered, loop=report_loop, unreadable=report_unreadable
    )
    paths = list(paths)
    configs = {os.path.realpath(file) for file in config_files(paths)}
    for path in paths:
        if not path.is_dir():
            yield path, path
            continue
        for file in walk.files(path):
            if file.suffix in SUFFIXES:
                yield path, file
            elif _is_config(file) and os.path.realpath(file) not in configs:
                _report_unread_config(path, file, diagnostics)


def _is_config(file: Path) -> bool:
    """Tell if a file has a configuration of avrogen."""
    if file.name != PROJECT_FILE_NAME:
        return file.name == FILE_NAME
    try:
        return bool(_PROJECT_TABLE.search(read_file(file)))
    except OSError:
        return False


def _report_unread_config(folder: Path, file: Path, diagnostics: Diagnostics) -> None:
    top, own = folder.as_posix(), file.parent.as_posix()
    if file.name == PROJECT_FILE_NAME:
        hint = f"name its schema folder too, or move its table to {(folder / FILE_NAME).as_posix()}"
    else:
        moved = (folder / FILE_NAME).as_posix()
        hint = f"name its folder too ({top} {own}), or move its tables to {moved}"
    diagnostics.report(
        Code.CONFIG_BELOW,
        Location(file.as_posix()),
        f"this configuration is not read: it is below the schema folder {top}",
        hint=hint,
    )


def _text(file: Path, diagnostics: Diagnostics) -> str | None:
    try:
        data = read_file(file)
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
            hint="schema files are UTF-8: save the file in that encoding",
        )
        return None


def _report_unreadable(path: Path, error: OSError, diagnostics: Diagnostics) -> None:
    reason = error.strerror or str(error)
    diagnostics.report(Code.UNREADABLE_FILE, Location(path.as_posix()), f"cannot be read: {reason}")


_PROJECT_TABLE: Final = re.compile(rb"^\s*\[+\s*tool\s*\.\s*avrogen\b", re.MULTILINE)
"""Header of avrogen's table in ``pyproject.toml``."""

InputStamps: TypeAlias = "Mapping[Path, tuple[FileIdentity, int, int] | None]"
"""Identity, modification time and size of every input of a build; None for a missing file."""


def input_stamps(schemas: Sequence[Path]) -> InputStamps:
    """Return the fingerprint of the schema files and the configuration as they are now.

    Args:
        schemas: files and folders, which need not exist.
    """
    return {path: _stamp(path) for path in _inputs(schemas)}


def _inputs(schemas: Sequence[Path]) -> Iterator[Path]:
    yield from config_files(schemas)
    # The build reports files that cannot be read.
    yield from (file for _, file in _schema_files(schemas, Diagnostics()))


def _stamp(path: Path) -> tuple[FileIdentity, int, int] | None:
    try:
        found = path.stat()
    except OSError:
        return None
    return (found.st_dev, found.st_ino), found.st_mtime_ns, found.st_size
