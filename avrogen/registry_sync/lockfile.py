"""``avrogen.lock``: which version of which subject the pulled files are.

It lies beside ``avrogen.toml``, at the top of the schema folder, and is meant to be committed.
"""

from __future__ import annotations

import hashlib
import json
import tomllib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from avrogen.avro import model
from avrogen.avro.model import Json
from avrogen.avro.schema_json import compact_text, definition_json, type_json
from avrogen.codec.schema import Schema
from avrogen.config.registry_connection import CommandError

__all__ = [
    "LOCK_NAME",
    "Lock",
    "LockedSubject",
    "definition_fingerprint",
    "find_lock",
    "lock_text",
    "read_lock",
    "schema_fingerprint",
]

LOCK_NAME = "avrogen.lock"
_FORMAT = 1
_AGAIN = "take either side of it, and run avrogen registry pull again"


def _nothing() -> Mapping[str, Any]:
    return {}


@dataclass(frozen=True, slots=True)
class LockedSubject:
    """A version that was pulled.

    Attributes:
        name: of the subject.
        version: its number there.
        id: of its schema in that registry.
        fingerprint: of the schema with all types in it, see :func:`schema_fingerprint`.
        files: where its types are, by paths below the folder with ``/``; first what stands at its
            top.
    """

    name: str
    version: int
    id: int
    fingerprint: str
    files: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Lock:
    """All that was pulled into a folder.

    Attributes:
        registry: where from; a URL without credentials.
        subjects: by name.
        files: fingerprints of what was written, by path; see :func:`definition_fingerprint`.
    """

    registry: str
    subjects: Mapping[str, LockedSubject] = field(default_factory=_nothing)
    files: Mapping[str, str] = field(default_factory=_nothing)


def schema_fingerprint(schema: Schema) -> str:
    """SHA-256 of a schema with all types in it, as avrogen writes it.

    Docs, defaults and custom attributes count, and the layout does not. The fingerprints of the
    specification leave all of them out, and logical types as well.
    """
    return hashlib.sha256(str(schema).encode("utf-8", "replace")).hexdigest()


def definition_fingerprint(type_: model.AvroType, types: Mapping[str, model.NamedType]) -> str:
    """SHA-256 of what a file has at its top; types that are defined elsewhere go by their names."""
    tree: Json = type_json(type_)
    if isinstance(type_, model.Reference):
        tree = definition_json(types[type_.name], types)
    return hashlib.sha256(compact_text(tree).encode("utf-8", "replace")).hexdigest()


def find_lock(paths: Sequence[Path]) -> Lock | None:
    """The lock file of a run: the one at the top of a schema folder.

    Args:
        paths: files and folders of the command line.

    Raises:
        Problem: there are several, or it cannot be used.
    """
    folders = [path for path in paths if (path / LOCK_NAME).is_file()]
    if len(folders) > 1:
        names = " and ".join((folder / LOCK_NAME).as_posix() for folder in folders[:2])
        raise CommandError(f"there are {names}", "keep one of the two, and pull into that folder")
    return read_lock(folders[0]) if folders else None


def read_lock(folder: Path) -> Lock | None:
    """The lock file of a folder; None if there is none.

    Raises:
        Problem: it cannot be used.
    """
    path = folder / LOCK_NAME
    try:
        text = path.read_bytes().decode("utf-8")
    except FileNotFoundError:
        return None
    except (OSError, UnicodeDecodeError) as error:
        raise CommandError(f"{path.as_posix()} cannot be read: {error}", _AGAIN) from None
    if any(line.startswith(("<<<<<<< ", ">>>>>>> ")) for line in text.splitlines()):
        raise CommandError(f"{path.as_posix()} is in conflict", _AGAIN)
    try:
        return _lock(tomllib.loads(text))
    except (tomllib.TOMLDecodeError, KeyError, TypeError, AttributeError, ValueError) as error:
        what = error if isinstance(error, tomllib.TOMLDecodeError) else "something is missing"
        raise CommandError(f"{path.as_posix()} is no lock file: {what}", _AGAIN) from None


def _lock(document: dict[str, Any]) -> Lock:
    if document["format"] != _FORMAT:
        raise ValueError("another format")
    subjects = {
        name: LockedSubject(
            name,
            int(entry["version"]),
            int(entry["id"]),
            str(entry["fingerprint"]),
            tuple(map(str, entry["files"])),
        )
        for name, entry in document.get("subjects", {}).items()
    }
    files = {path: str(value) for path, value in document.get("files", {}).items()}
    if any(not locked.files for locked in subjects.values()):
        raise ValueError("a subject without files")
    return Lock(str(document["registry"]), subjects, files)


def lock_text(lock: Lock) -> str:
    """The text of a lock file: each subject a block of its own, so that git merges most of them."""
    lines = [
        "# Written by avrogen registry pull; to be committed, and not to be edited.",
        f"format = {_FORMAT}",
        f"registry = {_string(lock.registry)}",
    ]
    for name, locked in sorted(lock.subjects.items()):
        lines += [
            "",
            f"[subjects.{_string(name)}]",
            f"version = {locked.version}",
            f"id = {locked.id}",
            f"fingerprint = {_string(locked.fingerprint)}",
            f"files = [{', '.join(map(_string, locked.files))}]",
        ]
    lines += ["", "[files]"]
    lines += [f"{_string(path)} = {_string(value)}" for path, value in sorted(lock.files.items())]
    return "\n".join(lines) + "\n"


def _string(text: str) -> str:
    """A TOML string; JSON's are, but for one character that must be escaped there."""
    return json.dumps(text, ensure_ascii=False).replace("\x7f", "\\u007f")
