"""The table ``[catalogue]``: title, introduction, pages, logo and links of the event catalogue."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final
from urllib.parse import urlsplit

from avrogen.avro.diagnostics import Code
from avrogen.avro.source import Location, Pointer
from avrogen.config.keys import CATALOGUE_KEYS
from avrogen.config.toml_reader import TableReader, Toml

__all__ = [
    "TITLE",
    "WEB_SCHEMES",
    "CatalogueFile",
    "CatalogueSection",
    "read_catalogue",
    "url_scheme",
]

TITLE: Final = "Event catalogue"
"""Title of a catalogue without another."""

WEB_SCHEMES: Final = ("https", "http", "mailto")
"""Schemes of links that pages may have."""

_IMAGES: Final = (".svg", ".png")


@dataclass(frozen=True, slots=True)
class CatalogueFile:
    """A file that the configuration names.

    Attributes:
        path: the file, below the folder of the configuration or wherever it leads.
        location: place in the configuration.
    """

    path: Path
    location: Location


@dataclass(frozen=True, slots=True)
class CatalogueSection:
    """The table ``[catalogue]``.

    There is a field for every key of :data:`~avrogen.config.keys.CATALOGUE_KEYS`.

    Attributes:
        title: title of the catalogue.
        introduction: Markdown file at the top of the overview; None: there is none.
        pages: Markdown files that are pages.
        logo: image in front of the title, SVG or PNG; None: there is none.
        links: URLs by their texts.
    """

    title: str = TITLE
    introduction: CatalogueFile | None = None
    pages: tuple[CatalogueFile, ...] = ()
    logo: CatalogueFile | None = None
    links: Mapping[str, str] = field(default_factory=dict[str, str])


def read_catalogue(value: Toml, at: Pointer, reader: TableReader, folder: Path) -> CatalogueSection:
    """Read the table ``[catalogue]``.

    Args:
        value: its value in the document.
        at: its position there.
        reader: reader of the document.
        folder: folder of the document; paths are relative to it.
    """
    table = reader.described(value, at, CATALOGUE_KEYS)

    def file(key: str) -> CatalogueFile | None:
        text = reader.text(table, key, at)
        where = reader.positions.value((*at, key))
        return None if text is None else CatalogueFile(folder / text, where)

    pages = reader.texts(table, "pages", at)
    logo = file("logo")
    if logo is not None and logo.path.suffix.lower() not in _IMAGES:
        _report(
            reader,
            (*at, "logo"),
            "logo",
            f'"logo" must be an SVG or PNG file, not {logo.path.name}',
        )
        logo = None
    return CatalogueSection(
        title=reader.text(table, "title", at) or TITLE,
        introduction=file("introduction"),
        pages=tuple(
            CatalogueFile(folder / page, reader.positions.value((*at, "pages", index)))
            for index, page in enumerate(pages)
        ),
        logo=logo,
        links=_links(table, at, reader),
    )


def _links(table: dict[str, Toml], at: Pointer, reader: TableReader) -> Mapping[str, str]:
    entries = reader.table(table.get("links", {}), (*at, "links"), None)
    links: dict[str, str] = {}
    for name in entries:
        url = reader.text(entries, name, (*at, "links"))
        if url is None:
            continue
        if url_scheme(url) in WEB_SCHEMES:
            links[name] = url
        else:
            place = (*at, "links", name)
            _report(
                reader,
                place,
                "links",
                f'the link "{name}" must begin with https:, http: or mailto:',
            )
    return links


def url_scheme(url: str) -> str | None:
    """Return the scheme of a URL in lower case, "" without one; None: it is no URL."""
    try:
        return urlsplit(url).scheme.lower()
    except ValueError:
        return None


def _report(reader: TableReader, at: Pointer, key: str, message: str) -> None:
    hint = f"for example: {CATALOGUE_KEYS[key].example}"
    reader.diagnostics.report(Code.WRONG_VALUE, reader.positions.value(at), message, hint=hint)
