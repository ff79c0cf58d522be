"""Files with the configuration of a run: those of schema folders, and one of a project around them.

``avrogen.toml`` lies at the top of a schema folder. In a folder around it, it is the file of a
project, whose key ``schemas`` names the folder. ``pyproject.toml`` is for runs without either.
"""

from __future__ import annotations

import os
import re
import tomllib
from collections.abc import Callable, Sequence
from pathlib import Path, PurePath
from typing import Final, TypeVar

from avrogen.config.toml_reader import Toml
from avrogen.regular_files import read_file

__all__ = ["FILE_NAME", "PROJECT_FILE_NAME", "config_files", "find_config_files", "listed_schemas"]

P = TypeVar("P", bound=PurePath)

FILE_NAME = "avrogen.toml"
PROJECT_FILE_NAME = "pyproject.toml"

_SCHEMAS_KEY: Final = re.compile(rb"^\s*schemas\s*=", re.MULTILINE)


def config_files(schema_paths: Sequence[Path]) -> list[Path]:
    """Return the configuration files of a run on the disk; for the rules see the module.

    Args:
        schema_paths: files and folders of the run, which need not exist.
    """
    folders = [path for path in schema_paths if path.is_dir()]
    first = Path(os.path.realpath(schema_paths[0])) if schema_paths else None
    found = find_config_files(folders, first, Path.is_file, _content)
    # Those in the given folders are shown as they were given.
    return [file if file.parent in folders else _shown(file) for file in found]


def find_config_files(
    folders: Sequence[P],
    first: P | None,
    exists: Callable[[P], bool],
    read: Callable[[P], bytes],
) -> list[P]:
    """Return the configuration files of a run, wherever its files are.

    Args:
        folders: schema folders of the run.
        first: first file or folder of the run, from the root or the top of a repository; None
            without one.
        exists: tells if there is a file.
        read: returns its content; b"" if it cannot be read.
    """
    files = list(dict.fromkeys(f / FILE_NAME for f in folders if exists(f / FILE_NAME)))
    around = [first, *first.parents] if first is not None else []
    for folder in around:
        file = folder / FILE_NAME
        if exists(file) and _names(read(file), folder, first):
            return files if any(_is_same(file, each) for each in files) else [*files, file]
    if files:
        return files
    projects = (folder / PROJECT_FILE_NAME for folder in around)
    project = next((file for file in projects if exists(file)), None)
    return [] if project is None else [project]


def listed_schemas(document: Toml) -> list[str]:
    """Return the paths of the key ``schemas`` of a document, as they are written."""
    value = document.get("schemas") if isinstance(document, dict) else None
    values = value if isinstance(value, list) else [value]
    return [each for each in values if isinstance(each, str)]


def _names(data: bytes, folder: P, path: P | None) -> bool:
    """Tell if a file is that of a project which names a path, or a folder around it."""
    if path is None or not _SCHEMAS_KEY.search(data):
        return False
    try:
        listed = listed_schemas(tomllib.loads(data.decode("utf-8")))
    except (ValueError, RecursionError):
        return True  # Reading it reports the mistake.
    places = [type(folder)(_real(folder / each)) for each in listed]
    return any(place in (path, *path.parents) for place in places)


def _real(path: PurePath) -> str:
    return os.path.realpath(path) if isinstance(path, Path) else os.path.normpath(path)


def _is_same(one: PurePath, other: PurePath) -> bool:
    return _real(one) == _real(other)


def _content(file: Path) -> bytes:
    try:
        return read_file(file)
    except OSError:
        return b""


def _shown(file: Path) -> Path:
    """Return the path of ``avrogen.toml`` around schemas as messages show it."""
    if file.name != FILE_NAME or not file.is_absolute():
        return file
    try:
        return Path(os.path.relpath(file))
    except ValueError:  # on another drive
        return file
