"""Parts of pages: links, type annotations, diagrams and examples.

Texts of schemas are in here as they are; the templates escape everything. Links are paths of our
own making (:mod:`avrogen.catalogue.urls`) and never texts of schemas.

Types in words, piece by piece, so that names can be links.
"""

from __future__ import annotations

import json
from bisect import bisect_left
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Final, Literal, assert_never

from avrogen.avro import model
from avrogen.avro.logical_types import logical_type_label
from avrogen.avro.names import short_name
from avrogen.catalogue.catalogue_model import CatalogueEntry
from avrogen.catalogue.example_snippets import Example
from avrogen.catalogue.graph_layout import Graph, Picture, drawn
from avrogen.catalogue.urls import CatalogueUrls
from avrogen.compiler.expressions import Expression

__all__ = [
    "MOST_BESIDE",
    "Attribute",
    "ExampleView",
    "Link",
    "Linked",
    "Sidebar",
    "TextSpan",
    "annotation_text",
    "attributes",
    "example_view",
    "first_line",
    "json_line",
    "json_text",
    "linked",
    "namespace_title",
    "nearby",
    "picture_of",
    "type_words",
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
        is_deprecated: what it leads to should not be used any more.
    """

    text: str
    href: str = ""
    role: str = ""
    title: str = ""
    note: str = ""
    is_deprecated: bool = False


Linked = tuple[Link, ...]
"""Text with links in it."""


@dataclass(frozen=True, slots=True)
class Sidebar:
    """Links beside a page; ``here`` is the page itself."""

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
    """An example as text; ``title`` names its type where needed."""

    json: str
    python: str
    title: Link | None = None


def linked(words: Iterable[TextSpan], urls: CatalogueUrls) -> Linked:
    """Return type annotations with links to pages."""
    return tuple(
        (
            Link(word.text, urls.types[word.name], "type", word.name)
            if word.role == "type"
            else Link(word.text, role=word.role, note=word.name)
        )
        for word in words
    )


def example_view(example: Example | None, title: Link | None = None) -> ExampleView | None:
    """Return the view of an example, if there is one."""
    return ExampleView(json_text(example.plain), example.python, title) if example else None


def attributes(found: model.Attributes) -> tuple[Attribute, ...]:
    """Return the attributes of a schema that the specification does not define."""
    return tuple(Attribute(name, json_line(value)) for name, value in found.items())


def picture_of(graph: Graph | None) -> Picture | None:
    """Return the diagram of a graph, if there is one."""
    return drawn(graph) if graph else None


def namespace_title(namespace: str) -> str:
    """Title of a namespace."""
    return namespace or "no namespace"


def first_line(doc: str) -> str:
    """Return the first line of a doc, for lists."""
    line = doc.strip().partition("\n")[0].strip()
    sentence = line.partition(". ")[0]
    line = f"{sentence}." if sentence != line else line
    return line if len(line) <= _LONGEST_LINE else f"{line[: _LONGEST_LINE - 1].rstrip()}…"


def nearby(
    entry: CatalogueEntry, siblings: Sequence[CatalogueEntry], urls: CatalogueUrls
) -> Sidebar:
    """Return the neighbours of a type in its namespace, sorted: all, or the nearest of many."""
    index = bisect_left(siblings, entry.id, key=lambda each: each.id)
    start = max(0, min(index - MOST_BESIDE // 2, len(siblings) - MOST_BESIDE))
    shown = siblings[start : start + MOST_BESIDE]
    title = Link(namespace_title(entry.namespace), urls.namespaces[entry.namespace])
    return Sidebar(
        title,
        tuple(Link(each.name, urls.types[each.id], each.kind) for each in shown),
        urls.types[entry.id],
    )


@dataclass(frozen=True, slots=True)
class TextSpan:
    """A piece of text.

    Attributes:
        text: what it says.
        role: ``plain``; ``type``, a named type whose full name is ``name``; ``logical``, a logical
            type, with the type it is based on in ``name``.
        name: see there; or "".
    """

    text: str
    role: Literal["plain", "type", "logical"] = "plain"
    name: str = ""


def type_words(type_: model.AvroType, types: Mapping[str, model.NamedType]) -> tuple[TextSpan, ...]:
    """Return a type as text: ``array of OrderLine``, ``null or string``, ``timestamp-millis``."""
    return tuple(_words(type_, types))


def _words(type_: model.AvroType, types: Mapping[str, model.NamedType]) -> Iterator[TextSpan]:
    match type_:
        case model.Primitive(name, logical):
            yield (
                TextSpan(logical_type_label(logical), "logical", name)
                if logical
                else TextSpan(name)
            )
        case model.Reference(name):
            yield TextSpan(short_name(name), "type", name)
        case model.Array(items):
            yield TextSpan("array of ")
            yield from _inner(items, types)
        case model.Map(values):
            yield TextSpan("map of ")
            yield from _inner(values, types)
        case model.Union(branches):
            for index, branch in enumerate(branches):
                if index:
                    yield TextSpan(" or ")
                yield from _words(branch, types)
            if not branches:
                yield TextSpan("an empty union")
        case _:
            assert_never(type_)


def _inner(type_: model.AvroType, types: Mapping[str, model.NamedType]) -> Iterator[TextSpan]:
    """Spans of an item type; a union is in parentheses."""
    is_union = isinstance(type_, model.Union) and len(type_.branches) > 1
    if is_union:
        yield TextSpan("(")
    yield from _words(type_, types)
    if is_union:
        yield TextSpan(")")


def annotation_text(expression: Expression) -> str:
    """Return a Python annotation with short names."""
    return "".join(part if isinstance(part, str) else part.name for part in expression.parts)


def json_line(value: model.Json) -> str:
    """JSON on one line."""
    return json.dumps(value, ensure_ascii=False)


def json_text(value: model.Json) -> str:
    """JSON, indented."""
    return json.dumps(value, ensure_ascii=False, indent=2)
