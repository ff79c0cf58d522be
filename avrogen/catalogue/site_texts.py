"""Texts of a catalogue that are no schemas': title, introduction, pages, logo and links.

Introduction and pages are Markdown (CommonMark with tables). HTML in it is shown as text, links are
those that the parser takes for safe, and images are left out: pages load nothing.
"""

from __future__ import annotations

import base64
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from markdown_it import MarkdownIt
from markdown_it.token import Token
from markupsafe import Markup

from avrogen.avro.diagnostics import Code, Diagnostics
from avrogen.catalogue.visible_text import visible
from avrogen.config.catalogue_section import (
    TITLE,
    WEB_SCHEMES,
    CatalogueFile,
    CatalogueSection,
    url_scheme,
)
from avrogen.regular_files import read_file

__all__ = ["NO_TEXTS", "MarkdownText", "SiteTexts", "markdown_text", "read_site_texts"]

_MOST_LOGO: Final = 65_536
_TYPES: Final = {".svg": "image/svg+xml", ".png": "image/png"}


@dataclass(frozen=True, slots=True)
class MarkdownText:
    """A text that was written in Markdown.

    Attributes:
        title: its first heading, which is not part of the body; or "".
        body: the rest as HTML.
        name: the name of its file without the end.
    """

    title: str
    body: Markup
    name: str


@dataclass(frozen=True, slots=True)
class SiteTexts:
    """Texts that the configuration names.

    Attributes:
        title: title of the catalogue.
        introduction: text at the top of the overview; None: there is none.
        pages: pages.
        links: texts and URLs of links in the bar.
        logo: a ``data:`` URL of the logo; or "".
    """

    title: str = TITLE
    introduction: MarkdownText | None = None
    pages: tuple[MarkdownText, ...] = ()
    links: tuple[tuple[str, str], ...] = ()
    logo: str = ""


NO_TEXTS: Final = SiteTexts()
"""Texts of a catalogue without configuration."""


def read_site_texts(section: CatalogueSection, diagnostics: Diagnostics) -> SiteTexts:
    """Read the files that the configuration names.

    Args:
        section: the table ``[catalogue]``.
        diagnostics: receives files that cannot be read.
    """
    introduction = _markdown(section.introduction, diagnostics) if section.introduction else None
    pages = (_markdown(page, diagnostics) for page in section.pages)
    return SiteTexts(
        section.title,
        introduction,
        tuple(page for page in pages if page is not None),
        tuple(section.links.items()),
        _logo(section.logo, diagnostics) if section.logo else "",
    )


def _markdown(file: CatalogueFile, diagnostics: Diagnostics) -> MarkdownText | None:
    data = _read(file, diagnostics)
    if data is None:
        return None
    try:
        text = data.decode("utf-8-sig")
    except UnicodeDecodeError:
        _unreadable(file, "not UTF-8", diagnostics)
        return None
    return markdown_text(text, file.path.stem)


def _logo(file: CatalogueFile, diagnostics: Diagnostics) -> str:
    data = _read(file, diagnostics)
    if data is None:
        return ""
    if len(data) > _MOST_LOGO:
        _unreadable(file, f"the logo has {len(data):,} bytes, and may have 65,536", diagnostics)
        return ""
    type_ = _TYPES[file.path.suffix.lower()]
    return f"data:{type_};base64,{base64.b64encode(data).decode('ascii')}"


def _read(file: CatalogueFile, diagnostics: Diagnostics) -> bytes | None:
    try:
        return read_file(file.path)
    except OSError as error:
        _unreadable(file, f"cannot be read: {error.strerror or error}", diagnostics)
        return None


def _unreadable(file: CatalogueFile, reason: str, diagnostics: Diagnostics) -> None:
    path = Path(file.path).as_posix()
    diagnostics.report(Code.UNREADABLE_FILE, file.location, f"{path}: {reason}")


# --- Markdown -------------------------------------------------------------------------------------


class _Parser(MarkdownIt):
    def validateLink(self, url: str) -> bool:
        """Allow links to the web, and to other files of the catalogue."""
        return url_scheme(url) in ("", *WEB_SCHEMES)


def markdown_text(text: str, name: str) -> MarkdownText:
    """Return Markdown as HTML that nothing in it can break out of.

    Args:
        text: the Markdown.
        name: the name of its file, which is the title of a text without a heading.
    """
    parser = _Parser("commonmark", {"html": False}).enable("table").disable("image")
    tokens = parser.parse(visible(text.replace("\r\n", "\n").replace("\r", "\n")))
    title, tokens = _without_title(tokens)
    headings = [each for each in tokens if each.type in ("heading_open", "heading_close")]
    highest = min((int(each.tag[1]) for each in headings), default=2)
    for heading in headings:  # below that of the page
        heading.tag = f"h{min(6, int(heading.tag[1]) - highest + 2)}"
    body: str = parser.renderer.render(tokens, parser.options, {})
    return MarkdownText(title or name, Markup(body), name)


def _without_title(tokens: Sequence[Token]) -> tuple[str, list[Token]]:
    """Take the heading out that a text begins with."""
    if len(tokens) >= 3 and tokens[0].type == "heading_open" and tokens[0].tag == "h1":
        return _plain(tokens[1].children or ()), list(tokens[3:])
    return "", list(tokens)


def _plain(tokens: Iterable[Token]) -> str:
    return "".join(token.content for token in tokens)
