"""What pages show, part by part: links, types in words, pictures and examples.

Texts of schemas are in here as they are; the templates escape everything. Links are paths of our
own making (:mod:`avrogen.catalogue.addresses`) and never texts of schemas.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Final

from avrogen.avro import model
from avrogen.catalogue.addresses import Addresses
from avrogen.catalogue.examples import Example
from avrogen.catalogue.graph.layout import Graph, Picture, drawn
from avrogen.catalogue.landscape import Entry
from avrogen.catalogue.wording import Word, json_line, json_text

__all__ = [
    "MOST_BESIDE",
    "Attribute",
    "ExampleView",
    "Link",
    "Linked",
    "Side",
    "attributes",
    "example_view",
    "first_line",
    "linked",
    "namespace_title",
    "nearby",
    "picture_of",
]

MOST_BESIDE: Final = 60
"""Links to neighbours that stand beside a page."""

_LONGEST_LINE: Final = 160


@dataclass(frozen=True, slots=True)
class Link:
    """A link to a page of the catalogue.

    Attributes:
        text: what it says.
        href: the page, as seen from the top of the catalogue; "": it is no link.
        role: what it leads to, for its looks; or "".
        title: more of the same, in full; or "".
        note: what is said beside it; or "".
    """

    text: str
    href: str = ""
    role: str = ""
    title: str = ""
    note: str = ""


Linked = tuple[Link, ...]
"""Text with links in it."""


@dataclass(frozen=True, slots=True)
class Side:
    """Links that stand beside a page; ``here`` is the link of the page itself."""

    title: Link
    links: tuple[Link, ...]
    here: str


@dataclass(frozen=True, slots=True)
class Attribute:
    """An attribute that the specification does not define, with its JSON."""

    name: str
    value: str


@dataclass(frozen=True, slots=True)
class ExampleView:
    """An example in texts; ``title`` says of what, where that is not clear."""

    json: str
    python: str
    title: Link | None = None


def linked(words: Iterable[Word], addresses: Addresses) -> Linked:
    """Types in words, with links to their pages."""
    return tuple(
        (
            Link(word.text, addresses.types[word.name], "type", word.name)
            if word.role == "type"
            else Link(word.text, role=word.role, note=word.name)
        )
        for word in words
    )


def example_view(example: Example | None, title: Link | None = None) -> ExampleView | None:
    """An example, if there is one."""
    return ExampleView(json_text(example.json), example.python, title) if example else None


def attributes(found: model.Attributes) -> tuple[Attribute, ...]:
    """The attributes of a schema that the specification does not define."""
    return tuple(Attribute(name, json_line(value)) for name, value in found.items())


def picture_of(graph: Graph | None) -> Picture | None:
    """The picture of a graph, if there is one."""
    return drawn(graph) if graph else None


def namespace_title(namespace: str) -> str:
    """What a namespace is called."""
    return namespace or "no namespace"


def first_line(doc: str) -> str:
    """The beginning of a doc, for lists."""
    line = doc.strip().partition("\n")[0].strip()
    sentence = line.partition(". ")[0]
    line = f"{sentence}." if sentence != line else line
    return line if len(line) <= _LONGEST_LINE else f"{line[: _LONGEST_LINE - 1].rstrip()}…"


def nearby(entry: Entry, siblings: Sequence[Entry], addresses: Addresses) -> Side:
    """The other types of a namespace: all of them, or of very many those around one."""
    index = siblings.index(entry)
    start = max(0, min(index - MOST_BESIDE // 2, len(siblings) - MOST_BESIDE))
    shown = siblings[start : start + MOST_BESIDE]
    title = Link(namespace_title(entry.namespace), addresses.namespaces[entry.namespace])
    return Side(
        title,
        tuple(Link(each.name, addresses.types[each.id], each.kind) for each in shown),
        addresses.types[entry.id],
    )
