"""The overview, and the pages of namespaces and topics."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Final

from avrogen.avro.names import namespace_of, short_name
from avrogen.catalogue.catalogue_model import CatalogueEntry, CatalogueModel
from avrogen.catalogue.example_snippets import PACKAGE, Example
from avrogen.catalogue.graph_layout import Picture
from avrogen.catalogue.graphs import GraphMaker
from avrogen.catalogue.urls import CatalogueUrls
from avrogen.catalogue.views import (
    MOST_BESIDE,
    ExampleView,
    Link,
    Linked,
    Sidebar,
    example_view,
    first_line,
    namespace_title,
    picture_of,
)
from avrogen.config.config import TopicConfig, key_type
from avrogen.config.topic_subjects import topic_subjects

__all__ = [
    "NamespacePage",
    "OverviewPage",
    "TopicPage",
    "namespace_page",
    "overview_page",
    "topic_page",
]

_MOST_LISTED: Final = 500
"""Types that the overview lists; of more it gives the namespaces alone."""


@dataclass(frozen=True, slots=True)
class TopicRow:
    """A topic in a list."""

    topic: Link
    values: Linked
    key: Link


@dataclass(frozen=True, slots=True)
class NamespaceRow:
    """A namespace in a list, with its types unless there are too many in all."""

    namespace: Link
    types: tuple[Link, ...]


@dataclass(frozen=True, slots=True)
class OverviewPage:
    """The landscape at a glance; ``counts`` are numbers with what they count."""

    counts: tuple[tuple[int, str], ...]
    topics: tuple[TopicRow, ...]
    namespaces: tuple[NamespaceRow, ...]
    picture: Picture | None


@dataclass(frozen=True, slots=True)
class NamespacePage:
    """A namespace; ``types`` have the beginning of their docs as notes."""

    title: str
    side: Sidebar
    package: str
    types: tuple[Link, ...]
    picture: Picture | None


@dataclass(frozen=True, slots=True)
class TopicPage:
    """A topic and what is on it."""

    topic: TopicConfig
    side: Sidebar
    values: Linked
    key: Link
    subjects: tuple[Link, ...]
    dead_letter: Link | None
    import_line: str
    picture: Picture | None
    examples: tuple[ExampleView, ...]


def overview_page(
    landscape: CatalogueModel, addresses: CatalogueUrls, graphs: GraphMaker
) -> OverviewPage:
    """What the first page shows."""
    namespaces = landscape.namespaces
    counts = (
        (len(landscape.topics), "topic"),
        (len(landscape.entries), "type"),
        (len(namespaces), "namespace"),
    )
    is_short = len(landscape.entries) <= _MOST_LISTED
    return OverviewPage(
        counts=tuple((n, word if n == 1 else f"{word}s") for n, word in counts if n),
        topics=tuple(
            TopicRow(
                _topic_link(topic, addresses),
                _values(topic, addresses),
                _key(topic, landscape, addresses),
            )
            for topic in landscape.topics
        ),
        namespaces=tuple(
            NamespaceRow(
                Link(namespace_title(name), addresses.namespaces[name], note=_types(len(entries))),
                tuple(_type_link(entry, addresses) for entry in entries if is_short),
            )
            for name, entries in namespaces.items()
        ),
        picture=picture_of(graphs.overview()),
    )


def namespace_page(
    name: str,
    entries: Sequence[CatalogueEntry],
    landscape: CatalogueModel,
    addresses: CatalogueUrls,
    graphs: GraphMaker,
) -> NamespacePage:
    """What the page of a namespace shows.

    Args:
        name: the namespace, which may be "".
        entries: the types in it.
        landscape: everything.
        addresses: where pages are.
        graphs: makes its picture.
    """
    related = tuple(
        Link(namespace_title(other), addresses.namespaces[other])
        for other in _family(name, landscape.namespaces)
    )
    return NamespacePage(
        title=namespace_title(name),
        side=Sidebar(
            Link("Namespaces", "index.html#namespaces"), related, addresses.namespaces[name]
        ),
        package=".".join((PACKAGE, *entries[0].public.package)),
        types=tuple(_type_link(entry, addresses) for entry in entries),
        picture=picture_of(graphs.namespace(entries)),
    )


def topic_page(
    topic: TopicConfig,
    examples: Mapping[str, Example | None],
    landscape: CatalogueModel,
    addresses: CatalogueUrls,
    graphs: GraphMaker,
) -> TopicPage:
    """What the page of a topic shows.

    Args:
        topic: the topic.
        examples: of all types, by their ids.
        landscape: everything.
        addresses: where pages are.
        graphs: makes its picture.
    """
    names = landscape.modules[topic.topic].names
    return TopicPage(
        topic=topic,
        side=Sidebar(
            Link("Topics", "index.html#topics"),
            tuple(_topic_link(other, addresses) for other in landscape.topics),
            addresses.topics[topic.topic],
        ),
        values=_values(topic, addresses),
        key=_key(topic, landscape, addresses),
        subjects=tuple(
            Link(subject.name, addresses.types[subject.title], title=subject.title)
            for subject in topic_subjects(topic, landscape.types)
        ),
        dead_letter=_dead_letter(topic, addresses),
        import_line=f"from {PACKAGE}.topics import {names.producer}, {names.consumer}",
        picture=picture_of(graphs.topic(topic)),
        examples=tuple(_examples(topic, examples, landscape, addresses)),
    )


def _examples(
    topic: TopicConfig,
    examples: Mapping[str, Example | None],
    landscape: CatalogueModel,
    addresses: CatalogueUrls,
) -> Iterator[ExampleView]:
    for name in dict.fromkeys(topic.value):
        view = example_view(examples[name], _type_link(landscape.entries[name], addresses))
        if view:
            yield view


def _topic_link(topic: TopicConfig, addresses: CatalogueUrls) -> Link:
    return Link(topic.topic, addresses.topics[topic.topic], "topic")


def _type_link(entry: CatalogueEntry, addresses: CatalogueUrls) -> Link:
    href = addresses.types[entry.id]
    return Link(entry.name, href, entry.kind, entry.id, first_line(entry.doc))


def _values(topic: TopicConfig, addresses: CatalogueUrls) -> Linked:
    return tuple(
        Link(short_name(name), addresses.types[name], "type", name)
        for name in dict.fromkeys(topic.value)
    )


def _key(topic: TopicConfig, landscape: CatalogueModel, addresses: CatalogueUrls) -> Link:
    """The type of keys, with the field they are taken from."""
    key = key_type(topic, landscape.types)
    note = f"from the field {topic.key_field}" if topic.key_field else ""
    if key is None:
        return Link("none")
    if key not in landscape.types:
        return Link(key, note=note)
    return Link(short_name(key), addresses.types[key], "type", key, note)


def _dead_letter(topic: TopicConfig, addresses: CatalogueUrls) -> Link | None:
    name = topic.dead_letter
    return Link(name, addresses.topics.get(name, "")) if name is not None else None


def _types(number: int) -> str:
    return "1 type" if number == 1 else f"{number} types"


def _family(name: str, namespaces: Iterable[str]) -> list[str]:
    """A namespace with those around it, beside it and in it, as far as there is room."""
    near = (name, namespace_of(name))
    family = [other for other in namespaces if other in near or namespace_of(other) in near]
    return family[:MOST_BESIDE]
