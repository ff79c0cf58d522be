"""Paths of a project for commands without arguments: keys of its configuration file.

The file is ``avrogen.toml`` or ``pyproject.toml`` in the current folder, or the nearest around it
that has the key ``schemas``, inside the repository. Its paths are relative to the file.
"""

from __future__ import annotations

import os
import re
import tomllib
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from avrogen.avro.diagnostics import Code, Diagnostics
from avrogen.avro.source import Pointer
from avrogen.config.config import parse_config
from avrogen.config.config_files import FILE_NAME, PROJECT_FILE_NAME, listed_schemas
from avrogen.config.keys import BUILD_KEYS, TOP_KEYS
from avrogen.config.toml_reader import TableReader, Toml, TomlPositions
from avrogen.regular_files import read_file

__all__ = ["ProjectPaths", "files_without_schemas", "find_project"]

_TABLES: Final[tuple[Pointer, ...]] = (
    ("tool", "avrogen"),
    ("tool", "hatch", "build", "hooks", "avrogen"),
)
"""Tables of ``pyproject.toml``; the second is that of the plugin for hatchling."""


@dataclass(frozen=True, slots=True)
class ProjectPaths:
    """Paths of a project, relative to the current folder.

    Attributes:
        file: the configuration file; None: the paths are those of a command line.
        schemas: existing files and folders.
        out: the package; None without the key.
        docs_out: the event catalogue; likewise.
        against: baseline of checks; likewise.
    """

    file: Path | None
    schemas: tuple[Path, ...]
    out: Path | None
    docs_out: Path | None
    against: str | None


def find_project(diagnostics: Diagnostics) -> ProjectPaths | None:
    """Return the paths of the project around the current folder; None without a project.

    Args:
        diagnostics: receives every mistake in the file; the paths are incomplete then.
    """
    for file, is_toml, document in _documents():
        if not is_toml:
            # Its syntax error is reported, as the rest of the project may be in it.
            parse_config(file.as_posix(), _content(file), diagnostics)
            return ProjectPaths(file, (), None, None, None)
        for at in ((),) if file.name == FILE_NAME else _TABLES:
            table = _table(document, at)
            if "schemas" in table:
                return _paths(file, table, at, diagnostics)
    return None


def files_without_schemas() -> list[Path]:
    """Return the configuration files here and around that have no key ``schemas``."""
    return [file for file, _, document in _documents() if _is_avrogens(file, document)]


def _is_avrogens(file: Path, document: Toml) -> bool:
    return file.name == FILE_NAME or any(_table(document, at) for at in _TABLES)


def _documents() -> Iterator[tuple[Path, bool, Toml]]:
    """Yield files here and around, whether each is TOML, and what is in it."""
    here = Path.cwd()
    for folder in (here, *here.parents):
        for name in (FILE_NAME, PROJECT_FILE_NAME):
            if (folder / name).is_file():
                file = Path(os.path.relpath(folder / name))
                try:
                    yield file, True, tomllib.loads(_content(file).decode("utf-8"))
                except (ValueError, RecursionError):
                    # A broken pyproject.toml of other tools is not for avrogen to report.
                    if name == FILE_NAME or b"avrogen" in _content(file):
                        yield file, False, {}
        if (folder / ".git").exists():
            return


def _content(file: Path) -> bytes:
    try:
        return read_file(file)
    except OSError:
        return b""


def _table(document: Toml, at: Pointer) -> dict[str, Toml]:
    for step in at:
        document = document.get(str(step), {}) if isinstance(document, dict) else {}
    return document if isinstance(document, dict) else {}


def _paths(
    file: Path, table: dict[str, Toml], at: Pointer, diagnostics: Diagnostics
) -> ProjectPaths:
    positions = TomlPositions(file.as_posix(), _content(file).decode("utf-8"))
    reader = TableReader(positions, diagnostics)
    known = {**TOP_KEYS, **BUILD_KEYS}
    reader.described(table, at, known, table.keys() - known.keys())
    folder = file.parent
    against = reader.text(table, "against", at)
    return ProjectPaths(
        file,
        tuple(_schemas(folder, table["schemas"], (*at, "schemas"), reader)),
        _inside(folder, reader.text(table, "out", at)),
        _inside(folder, reader.text(table, "docs-out", at)),
        against if against is None or _is_location(against) else str(_inside(folder, against)),
    )


def _is_location(against: str) -> bool:
    """Tell if a baseline is a commit or a URL, and no path."""
    return re.match(r"git:|https?://", against, re.IGNORECASE) is not None


def _inside(folder: Path, path: str | None) -> Path | None:
    return None if path is None else Path(os.path.normpath(folder / path))


def _schemas(folder: Path, value: Toml, at: Pointer, reader: TableReader) -> Iterator[Path]:
    names = listed_schemas({"schemas": value})
    if not names or (isinstance(value, list) and len(names) < len(value)):
        reader.wrong_value(at, "a path, or a list of them", value)
    for index, name in enumerate(names):
        path = Path(os.path.normpath(folder / name))
        if path.exists():
            yield path
            continue
        reader.diagnostics.report(
            Code.WRONG_VALUE,
            reader.positions.value((*at, index) if isinstance(value, list) else at),
            f'"{name}" does not exist: {path.as_posix()} is neither a file nor a folder',
            hint="paths are relative to this file",
        )
