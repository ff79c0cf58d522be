"""URLs of pages: file names that every file system accepts, and links between them."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Final

from avrogen.catalogue.catalogue_model import CatalogueModel
from avrogen.compiler.naming import is_file_name

__all__ = ["ASYNCAPI", "OVERVIEW", "SEARCH", "CatalogueUrls", "catalogue_urls", "field_anchor"]

OVERVIEW: Final = "index.html"
SEARCH: Final = "search.html"
ASYNCAPI: Final = "asyncapi.yaml"

_NO_NAMESPACE: Final = "-"
"""What no namespace can be called."""

_LONGEST: Final = 150
"""Characters of a file name; file systems stop at 255 bytes."""


@dataclass(frozen=True, slots=True)
class CatalogueUrls:
    """Paths of pages in the catalogue. All of them are one folder deep, but for those at its top.

    Attributes:
        types: by the ids of entries.
        namespaces: by name, "" among them.
        topics: by name.
    """

    types: Mapping[str, str]
    namespaces: Mapping[str, str]
    topics: Mapping[str, str]


def catalogue_urls(landscape: CatalogueModel) -> CatalogueUrls:
    """The addresses of all pages. Names of types and topics have no characters that links mind."""
    return CatalogueUrls(
        _files("types", landscape.entries),
        _files("namespaces", landscape.namespaces),
        _files("topics", (topic.topic for topic in landscape.topics)),
    )


def field_anchor(name: str) -> str:
    """The place of a field, or of a symbol, on the page of its type."""
    return f"field-{name}"


def _files(folder: str, names: Iterable[str]) -> dict[str, str]:
    """A file for each name: of that name, or with a digest where it is taken or impossible."""
    taken: set[str] = set()
    files: dict[str, str] = {}
    for name in sorted(names):
        stem = name or _NO_NAMESPACE
        if len(stem) > _LONGEST or stem.lower() in taken or not is_file_name(stem):
            digest = hashlib.sha256(name.encode()).hexdigest()[:12]
            stem = f"{digest}-{stem[:_LONGEST]}"
        taken.add(stem.lower())
        files[name] = f"{folder}/{stem}.html"
    return files
