"""Files of pulled types: the file that already defines a type, or a new file named after it."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from avrogen.avro import model
from avrogen.avro.parser import Parsed
from avrogen.avro.schema_json import type_json
from avrogen.avro.schema_text import definition_text, file_text
from avrogen.registry_sync.fetch import FetchedSchemas
from avrogen.registry_sync.lockfile import definition_fingerprint

__all__ = ["FilePlacement", "PlannedFile", "fingerprints", "place_files"]

_RESERVED_NAMES = frozenset(
    {
        *("aux", "con", "conin$", "conout$", "nul", "prn"),
        *(f"{port}{number}" for port in ("com", "lpt") for number in "0123456789\xb9\xb2\xb3"),
    }
)
"""Names that Windows reserves for devices: of files with any suffix, and of folders."""


@dataclass(frozen=True, slots=True)
class PlannedFile:
    """A file to be written: its text, and the fingerprint of its definition."""

    text: str
    fingerprint: str


@dataclass(frozen=True, slots=True)
class FilePlacement:
    """The files of pulled types. Paths are relative to the schema folder, with ``/``.

    Attributes:
        types: path of the file of each named type.
        root_files: path of the file that defines the root of each subject's schema.
        files: planned files by path, without files that define a type inside another.
    """

    types: Mapping[str, str]
    root_files: Mapping[str, str]
    files: Mapping[str, PlannedFile]


def place_files(
    fetched: Sequence[FetchedSchemas], types: Mapping[str, model.NamedType], local: Parsed
) -> FilePlacement:
    """Find a file for each type.

    Args:
        fetched: pulled schemas.
        types: all their named types, by full name.
        local: schemas in the folder.
    """
    owners = _owners(local)
    stale = {
        path for name, path in owners.items() if name in types and not _same(name, types, local)
    }
    used = _UsedPaths(root.source.name for root in local.roots)
    paths: dict[str, str] = {}
    files: dict[str, PlannedFile] = {}
    stems = {each.own: each.file for each in fetched if each.own is not None}
    for name in sorted(types):
        around = _file_around(name, types, local)
        if name not in owners and around is not None and around not in stale:
            paths[name] = around
            continue
        path = owners.get(name) or used.free(stems.get(name) or _file_path(name))
        paths[name] = path
        text = definition_text(types[name], types)
        files[path] = PlannedFile(text, definition_fingerprint(model.Reference(name), types))
    root_files: dict[str, str] = {}
    for each in fetched:
        type_, subject = each.root, each.version.subject
        if isinstance(type_, model.Reference):
            root_files[subject] = paths[type_.name]
            continue
        path = _file_of(type_, local) or used.free(each.file)
        root_files[subject] = path
        files[path] = PlannedFile(file_text(type_json(type_)), definition_fingerprint(type_, types))
    return FilePlacement(paths, root_files, files)


def fingerprints(local: Parsed) -> Mapping[str, str]:
    """Return the fingerprints of the roots of files in a folder, by path."""
    return {
        root.source.name: definition_fingerprint(root.type, local.types)
        for root in local.roots
        # The folder may lack types that this pull adds.
        if not isinstance(root.type, model.Reference) or root.type.name in local.types
    }


def _owners(local: Parsed) -> Mapping[str, str]:
    """Return the file of each type that is the root of a file."""
    return {
        name: named.origin.source.name
        for name, named in local.types.items()
        if named.origin is not None and not named.origin.pointer
    }


def _same(name: str, types: Mapping[str, model.NamedType], local: Parsed) -> bool:
    return local.types[name] == types[name]


def _file_around(name: str, types: Mapping[str, model.NamedType], local: Parsed) -> str | None:
    """Return the file that defines a type, anywhere in it, as the registry does."""
    named = local.types.get(name)
    if named is None or named.origin is None or not _same(name, types, local):
        return None
    return named.origin.source.name


def _file_of(type_: model.AvroType, local: Parsed) -> str | None:
    """Return the file whose root is an unnamed type."""
    return next((root.source.name for root in local.roots if root.type == type_), None)


def _file_path(name: str) -> str:
    """Return the path of a file for a type; names that a registry holds may have any characters."""
    return "/".join(re.sub(r"[^\w$-]", "_", part) or "_" for part in name.split("."))


def _portable(name: str) -> str:
    """Return a name that is no device on Windows, which looks at it up to the first dot."""
    device, dot, rest = name.partition(".")
    return f"{device}_{dot}{rest}" if device.casefold() in _RESERVED_NAMES else name


class _UsedPaths:
    """Paths in use, without regard to case: some file systems ignore it."""

    def __init__(self, paths: Iterable[str]) -> None:
        self._paths = {path.casefold() for path in paths}

    def free(self, stem: str) -> str:
        """Return an unused path for a wanted one, and mark it as used."""
        stem = "/".join(map(_portable, stem.split("/")))
        while self._has(f"{stem}.avsc"):
            stem += "_"
        path = f"{stem}.avsc"
        self._paths.add(path.casefold())
        return path

    def _has(self, path: str) -> bool:
        return path.casefold() in self._paths
