"""The corpora of real schemas: which files are built together, and which must be refused."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

from tests.support.schema_meaning import PRIMITIVES, Json, is_list, loads, meaning
from tests.support.shared import shared_folder

__all__ = ["RealSchema", "invalid_files", "valid_schemas"]


@dataclass(frozen=True)
class RealSchema:
    """A schema file, with the files that define what it refers to.

    Attributes:
        name: corpus and path.
        package: a Python package name of its own.
        files: the file itself first.
        missing: names that no file of the corpus defines.
    """

    name: str
    package: str
    files: tuple[Path, ...]
    missing: frozenset[str] = frozenset()


def _folder() -> Path:
    return shared_folder() / "corpora"


@cache
def _index() -> dict[str, dict[str, dict[str, Any]]]:
    index: dict[str, dict[str, dict[str, Any]]]
    index = json.loads((_folder() / "index.json").read_text("utf-8"))
    return index


def _entries(*statuses: str) -> Iterator[tuple[int, str, str, Path]]:
    number = 0
    for corpus, files in sorted(_index().items()):
        for path, entry in sorted(files.items()):
            number += 1
            if entry["status"] in statuses:
                yield number, corpus, path, _folder() / corpus / path


def valid_schemas() -> list[RealSchema]:
    """Every file that is valid alone or together with others, in a settled order."""
    alone = [
        RealSchema(f"{corpus}/{path}", f"c{number:04}", (file,))
        for number, corpus, path, file in _entries("self", "bad_json")
        if _is_json_with_comments(file)
    ]
    together = [
        RealSchema(f"{corpus}/{path}", f"c{number:04}", *_with_others(file, corpus))
        for number, corpus, path, file in _entries("crossref")
    ]
    return alone + together


def invalid_files() -> list[Path]:
    """Every file that no implementation accepts."""
    files = [file for *_, file in _entries("invalid", "bad_json")]
    return [file for file in files if not _is_json_with_comments(file)]


def _is_json_with_comments(file: Path) -> bool:
    """Whether it is JSON after all: the index was made by a parser that knows no comments."""
    try:
        loads(file.read_text("utf-8"))
    except ValueError:
        return False
    return True


def _with_others(file: Path, corpus: str) -> tuple[tuple[Path, ...], frozenset[str]]:
    """The nearest files that define what a file refers to, and what they refer to in turn."""
    files, missing = [file], set[str]()
    defined, wanted = _names(file)
    while wanted - defined - missing:
        name = min(wanted - defined - missing)
        short = name.rpartition(".")[2]
        known = _definitions(corpus)
        homes = [other for other in known.get(name, known.get(short, [])) if other not in files]
        if not homes:
            if short not in defined:
                missing.add(name)
            wanted.remove(name)
            continue
        nearest = max(
            homes, key=lambda other: (_common(other, file), -len(other.parts), str(other))
        )
        files.append(nearest)
        more_defined, more_wanted = _names(nearest)
        defined |= more_defined
        wanted |= more_wanted
    return tuple(files), frozenset(missing)


def _common(one: Path, other: Path) -> int:
    """How many folders the paths share."""
    pairs = zip(one.parts, other.parts, strict=False)
    return next((i for i, (a, b) in enumerate(pairs) if a != b), 0)


@cache
def _definitions(corpus: str) -> dict[str, list[Path]]:
    """Files of a corpus by the names of the types that they define."""
    homes: dict[str, list[Path]] = {}
    for _, of, _, file in _entries("self", "crossref"):
        if of == corpus:
            for name in _names(file)[0]:
                homes.setdefault(name, []).append(file)
    return homes


def _names(file: Path) -> tuple[set[str], set[str]]:
    """Full names that a file defines, and those that it uses."""
    found = meaning(loads(file.read_text("utf-8")))
    used = set[str]()
    for schema in (found.type, *found.definitions.values()):
        _collect_uses(schema, used)
    return set(found.definitions), used


def _collect_uses(schema: Json, used: set[str]) -> None:
    if isinstance(schema, str):
        used |= {schema} - PRIMITIVES
    elif is_list(schema):
        for branch in schema:
            _collect_uses(branch, used)
    elif schema["type"] in {"record", "error"}:
        for member in schema["fields"]:
            _collect_uses(member["type"], used)
    elif schema["type"] == "array":
        _collect_uses(schema["items"], used)
    elif schema["type"] == "map":
        _collect_uses(schema["values"], used)
    elif schema["type"] not in {"enum", "fixed"}:
        _collect_uses(schema["type"], used)
