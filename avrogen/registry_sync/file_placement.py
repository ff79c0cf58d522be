"""Where types that are pulled go: to files that define them already, or are named after them."""

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

_DEVICES = frozenset({"aux", "con", "nul", "prn"})
"""Windows has no files of these names."""


@dataclass(frozen=True, slots=True)
class PlannedFile:
    """A file as it should be."""

    text: str
    fingerprint: str


@dataclass(frozen=True, slots=True)
class FilePlacement:
    """Where types go.

    Attributes:
        types: the file of each named type, by its path below the folder with ``/``.
        tops: the file with what stands at the top of each subject's schema.
        files: what has to be in files; those that only hold a type inside another are not there.
    """

    types: Mapping[str, str]
    tops: Mapping[str, str]
    files: Mapping[str, PlannedFile]


def place_files(
    fetched: Sequence[FetchedSchemas], types: Mapping[str, model.NamedType], there: Parsed
) -> FilePlacement:
    """Find a file for each type.

    Args:
        fetched: what is pulled.
        types: all named types in it, by full name.
        there: what is in the folder.
    """
    owners = _owners(there)
    stale = {
        path for name, path in owners.items() if name in types and not _same(name, types, there)
    }
    taken = _Taken(root.source.name for root in there.roots)
    paths: dict[str, str] = {}
    files: dict[str, PlannedFile] = {}
    for name in sorted(types):
        around = _file_around(name, types, there)
        if name not in owners and around is not None and around not in stale:
            paths[name] = around
            continue
        path = owners.get(name) or taken.free(name.replace(".", "/"))
        paths[name] = path
        text = definition_text(types[name], types)
        files[path] = PlannedFile(text, definition_fingerprint(model.Reference(name), types))
    tops: dict[str, str] = {}
    for each in fetched:
        type_, subject = each.schema.type, each.version.subject
        if isinstance(type_, model.Reference):
            tops[subject] = paths[type_.name]
            continue
        path = _file_of(type_, there) or taken.free(_file_name(subject))
        tops[subject] = path
        files[path] = PlannedFile(file_text(type_json(type_)), definition_fingerprint(type_, types))
    return FilePlacement(paths, tops, files)


def fingerprints(there: Parsed) -> Mapping[str, str]:
    """Of what the files of a folder have at their top, by path."""
    return {
        root.source.name: definition_fingerprint(root.type, there.types)
        for root in there.roots
        # The folder may lack types that are to be pulled.
        if not isinstance(root.type, model.Reference) or root.type.name in there.types
    }


def _owners(there: Parsed) -> Mapping[str, str]:
    """For each type that a file has at its top, that file."""
    return {
        name: named.origin.source.name
        for name, named in there.types.items()
        if named.origin is not None and not named.origin.pointer
    }


def _same(name: str, types: Mapping[str, model.NamedType], there: Parsed) -> bool:
    return there.types[name] == types[name]


def _file_around(name: str, types: Mapping[str, model.NamedType], there: Parsed) -> str | None:
    """The file that has a type somewhere inside, as it is in the registry."""
    named = there.types.get(name)
    if named is None or named.origin is None or not _same(name, types, there):
        return None
    return named.origin.source.name


def _file_of(type_: model.AvroType, there: Parsed) -> str | None:
    """The file that has a type without a name at its top."""
    return next((root.source.name for root in there.roots if root.type == type_), None)


def _file_name(subject: str) -> str:
    """A subject as the name of a file."""
    return re.sub(r"[^A-Za-z0-9._-]", "_", subject).lstrip(".") or "_"


class _Taken:
    """Paths that are in use; some systems see no difference between ``a`` and ``A``."""

    def __init__(self, paths: Iterable[str]) -> None:
        self._paths = {path.casefold() for path in paths}

    def free(self, stem: str) -> str:
        """A path like the one that is wanted, and of nothing else."""
        folder, slash, name = stem.rpartition("/")
        while name.casefold() in _DEVICES or self._has(f"{folder}{slash}{name}.avsc"):
            name += "_"
        path = f"{folder}{slash}{name}.avsc"
        self._paths.add(path.casefold())
        return path

    def _has(self, path: str) -> bool:
        return path.casefold() in self._paths
