"""The pages of the documentation, and what of them can be tried: blocks, links, headings.

Pages are read as CommonMark. A block that cannot run says why in a comment before it::

    <!-- not run: it needs a cluster of three machines -->

One that runs, and is not valid for type checkers, says why in the same way::

    <!-- not type-checked: the other library has no annotations -->
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from itertools import pairwise
from pathlib import Path

from markdown_it import MarkdownIt
from markdown_it.token import Token

from tests.conftest import ROOT

__all__ = [
    "PAGES",
    "Block",
    "Link",
    "anchors",
    "blocks",
    "code",
    "commands",
    "links",
    "name",
    "raw_html",
    "starts_empty",
]

PAGES = [
    *sorted(ROOT.glob("*.md")),
    ROOT / "benchmarks/README.md",
    *sorted((ROOT / "docs").rglob("*.md")),
]

_REASON = re.compile(r"<!-- not (run|type-checked): (.+?) -->\s*", re.DOTALL)
_EMPTY = "<!-- in an empty folder -->"
_TITLE = re.compile(r'title="(.+?)"')


@dataclass(frozen=True, slots=True)
class Block:
    """A fenced block of a page.

    Attributes:
        page: where it stands.
        line: that of its fence, counted from 1.
        language: what is said after the fence.
        title: the file that it is the content of, relative to where the reader is; "" for none.
        code: what is in it.
        reason: why it cannot run; "" if it can.
        output: of a Python block: what it prints, which is the text block right after it.
        untyped: the reason for not checking the types of a Python block; "" if they are checked.
    """

    page: Path
    line: int
    language: str
    title: str
    code: str
    reason: str
    output: str | None = None
    untyped: str = ""

    @property
    def place(self) -> str:
        """Page and line."""
        return f"{name(self.page)}:{self.line}"


@dataclass(frozen=True, slots=True)
class Link:
    """A link or picture of a page.

    Attributes:
        target: path or URL, without the anchor; "" for the page itself.
        anchor: the part behind the ``#``; "" for none.
    """

    target: str
    anchor: str


def name(page: Path) -> str:
    """The path of a page, from the checkout if it is in there."""
    return page.relative_to(ROOT).as_posix() if page.is_relative_to(ROOT) else page.name


def starts_empty(page: Path) -> bool:
    """Whether its reader starts in an empty folder, not in one with ``schemas/`` and ``pkg/``."""
    return f"\n{_EMPTY}\n" in page.read_text("utf-8")


def blocks(page: Path) -> list[Block]:
    """The fenced blocks of a page, in their order."""
    found: list[Block] = []
    tokens = _tokens(page)
    for before, token, after in zip((None, *tokens), tokens, (*tokens[1:], None), strict=False):
        if token.type == "fence":
            found.append(_block(page, before, token, after))
    return found


def code(page: Path, language: str) -> list[str]:
    """What is in the fenced blocks of a language."""
    return [block.code for block in blocks(page) if block.language == language]


def _block(page: Path, before: Token | None, token: Token, after: Token | None) -> Block:
    language, _, rest = token.info.partition(" ")
    title = _TITLE.search(rest)
    comment = None if before is None else _REASON.fullmatch(before.content)
    reasons = {} if comment is None else {comment[1]: " ".join(comment[2].split())}
    prints = language == "python" and after is not None and after.info == "text"
    assert token.map is not None
    return Block(
        page,
        token.map[0] + 1,
        language,
        title[1] if title else "",
        token.content,
        reasons.get("run", ""),
        after.content if prints and after is not None else None,
        reasons.get("type-checked", ""),
    )


def links(page: Path) -> Iterator[Link]:
    """The links and pictures of a page."""
    for token in _tokens(page):
        for child in token.children or ():
            href = child.attrGet("href") or child.attrGet("src")
            if href is not None:
                target, _, anchor = str(href).partition("#")
                yield Link(target, anchor)


def raw_html(page: Path) -> list[str]:
    """What is HTML on a page, and no comment."""
    inline = [child for token in _tokens(page) for child in token.children or ()]
    html = (each.content for each in (*_tokens(page), *inline) if each.type.startswith("html_"))
    return [each for each in html if not each.startswith("<!--")]


@cache
def anchors(page: Path) -> frozenset[str]:
    """The anchors of a page's headings, as GitHub and the site make them."""
    tokens = _tokens(page)
    found: list[str] = []
    for heading, text in pairwise(tokens):
        if heading.type == "heading_open":
            words = "".join(child.content for child in text.children or ())
            slug = re.sub(r"[^\w\- ]", "", words.lower()).replace(" ", "-")
            again = sum(
                each == slug or re.fullmatch(rf"{slug}-\d+", each) is not None for each in found
            )
            found.append(f"{slug}-{again}" if again else slug)
    return frozenset(found)


def commands(page: Path) -> Iterator[str]:
    """Whatever a page shows as a command of avrogen: in blocks of any kind, and within lines."""
    for token in _tokens(page):
        if token.type in ("fence", "code_block"):
            lines = re.sub(r"\\\n\s*", "", token.content).splitlines()
            shown = (line.strip().removeprefix("$ ").removeprefix("- run: ") for line in lines)
            yield from (line for line in shown if line.startswith("avrogen "))
        for child in token.children or ():
            if child.type == "code_inline" and child.content.startswith("avrogen "):
                yield child.content


@cache
def _tokens(page: Path) -> tuple[Token, ...]:
    return tuple(MarkdownIt().enable("table").parse(page.read_text("utf-8")))
