"""URLs of pages: file names that every file system accepts, and links between them."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Final

from avrogen.catalogue.catalogue_model import CatalogueModel
from avrogen.compiler.naming import is_file_name

__all__ = [
    "ASYNCAPI",
    "CATALOG",
    "CHANGES",
    "OVERVIEW",
    "SEARCH",
    "CatalogueUrls",
    "catalogue_urls",
    "field_anchor",
    "page_urls",
]

OVERVIEW: Final = "index.html"
SEARCH: Final = "search.html"
CHANGES: Final = "changes.html"
ASYNCAPI: Final = "asyncapi.yaml"
CATALOG: Final = "catalog.json"

_NO_NAMESPACE: Final = "-"
"""File name of types without a namespace, which no namespace can have."""

_UNSAFE: Final = re.compile(r"^\.|[^A-Za-z0-9._-]")
"""Characters of names that Avro does not allow, which are no part of a file name."""

_LONGEST: Final = 150
"""Characters of a file name; file systems stop at 255 bytes."""


@dataclass(frozen=True, slots=True)
class CatalogueUrls:
    """Paths of pages in a catalogue, at most one folder deep.

    Attributes:
        types: by the ids of entries.
        namespaces: by name, "" among them.
        topics: by name.
    """

    types: Mapping[str, str]
    namespaces: Mapping[str, str]
    topics: Mapping[str, str]


def catalogue_urls(catalogue: CatalogueModel) -> CatalogueUrls:
    """Choose the paths of all pages. Names of types and topics need no escaping in URLs."""
    return CatalogueUrls(
        _files("types", catalogue.entries),
        _files("namespaces", catalogue.namespaces),
        _files("topics", (topic.topic for topic in catalogue.topics)),
    )


def page_urls(names: Iterable[str]) -> Mapping[str, str]:
    """Choose the paths of pages of the configuration, by the names of their files."""
    return _files("pages", names)


def field_anchor(name: str) -> str:
    """Return the anchor of a field or symbol on its type's page."""
    return f"field-{name}"


def _files(folder: str, names: Iterable[str]) -> dict[str, str]:
    """Return a file per name, with a digest where the name is taken or not allowed."""
    taken: set[str] = set()
    files: dict[str, str] = {}
    for name in sorted(names):
        stem = _UNSAFE.sub("_", name or _NO_NAMESPACE)
        is_own = stem == (name or _NO_NAMESPACE) and len(stem) <= _LONGEST and is_file_name(stem)
        if not is_own or stem.lower() in taken:
            digest = hashlib.sha256(name.encode()).hexdigest()[:12]
            stem = f"{digest}-{stem[:_LONGEST]}"
        taken.add(stem.lower())
        files[name] = f"{folder}/{stem}.html"
    return files
