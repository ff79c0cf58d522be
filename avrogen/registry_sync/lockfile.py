"""The lock file ``avrogen.lock``: the registered versions of pulled files.

It is next to ``avrogen.toml`` at the top of the schema folder, and is committed.
"""

from __future__ import annotations

import hashlib
import json
import os
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
from avrogen.kafka.registry.data_contracts import DataContract, contract_json, parse_contract
from avrogen.regular_files import read_file

__all__ = [
    "LOCK_NAME",
    "Lock",
    "LockedSubject",
    "definition_fingerprint",
    "find_lock",
    "lock_text",
    "read_lock",
    "require_same_registry",
    "schema_fingerprint",
]

LOCK_NAME = "avrogen.lock"
_FORMAT = 1
_RESTORE = "restore the file, or remove it and pull its subjects again"


def _empty() -> Mapping[str, Any]:
    return {}


@dataclass(frozen=True, slots=True)
class LockedSubject:
    """A pulled version of a subject.

    Attributes:
        name: name of the subject.
        version: number of the version.
        id: schema id in that registry.
        fingerprint: fingerprint of the whole schema, see :func:`schema_fingerprint`.
        files: paths of the files of its types, relative to the folder and with ``/``; the file of
            its root comes first.
        contract: rules and metadata of the version, if it has any.
    """

    name: str
    version: int
    id: int
    fingerprint: str
    files: tuple[str, ...]
    contract: DataContract | None = None


@dataclass(frozen=True, slots=True)
class Lock:
    """The content of a lock file.

    Attributes:
        registry: URL of the registry, without credentials.
        subjects: pulled subjects by name.
        files: fingerprints of the written files by path; see :func:`definition_fingerprint`.
    """

    registry: str
    subjects: Mapping[str, LockedSubject] = field(default_factory=_empty)
    files: Mapping[str, str] = field(default_factory=_empty)


def schema_fingerprint(schema: Schema) -> str:
    """Return the SHA-256 of a whole schema in avrogen's layout.

    It covers docs, defaults, custom attributes and logical types, which the fingerprints of the
    specification ignore.
    """
    return hashlib.sha256(str(schema).encode("utf-8", "replace")).hexdigest()


def definition_fingerprint(type_: model.AvroType, types: Mapping[str, model.NamedType]) -> str:
    """Return the SHA-256 of the root of a file, with types of other files by their names."""
    tree: Json = type_json(type_)
    if isinstance(type_, model.Reference):
        tree = definition_json(types[type_.name], types)
    return hashlib.sha256(compact_text(tree).encode("utf-8", "replace")).hexdigest()


def find_lock(paths: Sequence[Path]) -> Lock | None:
    """Return the lock file at the top of one of the schema folders, if any.

    Args:
        paths: files and folders of the command line.

    Raises:
        CommandError: there are several lock files, or the file is invalid.
    """
    folders = [path for path in paths if os.path.lexists(path / LOCK_NAME)]
    if len(folders) > 1:
        names = " and ".join((folder / LOCK_NAME).as_posix() for folder in folders[:2])
        raise CommandError(f"several lock files: {names}", "keep one, and pull into its folder")
    return read_lock(folders[0]) if folders else None


def read_lock(folder: Path) -> Lock | None:
    """Return the lock file of a folder, if any.

    Raises:
        CommandError: the file is invalid.
    """
    path = folder / LOCK_NAME
    try:
        text = read_file(path).decode("utf-8")
    except FileNotFoundError:
        return None
    except (OSError, UnicodeDecodeError) as error:
        reason = error.strerror if isinstance(error, OSError) else error
        raise CommandError(f"cannot read {path.as_posix()}: {reason}", _RESTORE) from None
    if any(line.startswith(("<<<<<<< ", ">>>>>>> ")) for line in text.splitlines()):
        raise CommandError(
            f"{path.as_posix()} has git merge conflicts",
            "accept either side, then run avrogen registry pull again",
        )
    try:
        return _lock(tomllib.loads(text))
    except RecursionError:
        raise CommandError(
            f"invalid lock file {path.as_posix()}: nested too deeply", _RESTORE
        ) from None
    except (tomllib.TOMLDecodeError, KeyError, TypeError, AttributeError, ValueError) as error:
        what = (
            error if isinstance(error, tomllib.TOMLDecodeError) else "a key is missing or invalid"
        )
        raise CommandError(f"invalid lock file {path.as_posix()}: {what}", _RESTORE) from None


def require_same_registry(lock: Lock | None, url: str) -> None:
    """Require that a lock file belongs to the registry at a URL.

    Raises:
        CommandError: it belongs to another registry.
    """
    if lock is not None and lock.registry != url:
        raise CommandError(
            f"{LOCK_NAME} belongs to the registry {lock.registry}, not to {url}",
            f"use that registry, or remove {LOCK_NAME} and pull again",
        )


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
            parse_contract(json.loads(entry.get("contract", "{}"))),
        )
        for name, entry in document.get("subjects", {}).items()
    }
    files = {path: str(value) for path, value in document.get("files", {}).items()}
    if any(not locked.files for locked in subjects.values()):
        raise ValueError("a subject without files")
    return Lock(str(document["registry"]), subjects, files)


def lock_text(lock: Lock) -> str:
    """Return the text of a lock file: a block for each subject, so that git can merge them."""
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
        if locked.contract is not None:
            members = contract_json(locked.contract)
            text = json.dumps(members, ensure_ascii=False, sort_keys=True)
            lines.append(f"contract = {_string(text)}")
    lines += ["", "[files]"]
    lines += [f"{_string(path)} = {_string(value)}" for path, value in sorted(lock.files.items())]
    return "\n".join(lines) + "\n"


def _string(text: str) -> str:
    """Return a TOML string: a JSON string with DEL escaped."""
    return json.dumps(text, ensure_ascii=False).replace("\x7f", "\\u007f")
