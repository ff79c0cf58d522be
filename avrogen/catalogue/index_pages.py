"""Overview page, and pages of namespaces and topics."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Final

from avrogen.avro.names import namespace_of, short_name
from avrogen.catalogue.catalogue_model import (
    CatalogueEntry,
    CatalogueModel,
    topic_ownership,
)
from avrogen.catalogue.example_snippets import PACKAGE, Example
from avrogen.catalogue.graph_layout import Picture
from avrogen.catalogue.graphs import GraphMaker
from avrogen.catalogue.ownership import Ownership
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
    """A topic in a list; ``description`` is the first sentence of what it is for."""

    topic: Link
    values: Linked
    key: Link
    description: str
    ownership: Ownership


@dataclass(frozen=True, slots=True)
class LabelRow:
    """An owner or a tag, with what has it."""

    label: str
    topics: tuple[Link, ...]
    types: tuple[Link, ...]


@dataclass(frozen=True, slots=True)
class NamespaceRow:
    """A namespace in a list, with its types unless there are too many."""

    namespace: Link
    types: tuple[Link, ...]


@dataclass(frozen=True, slots=True)
class OverviewPage:
    """The overview page; ``counts`` are numbers with their labels."""

    counts: tuple[tuple[int, str], ...]
    topics: tuple[TopicRow, ...]
    namespaces: tuple[NamespaceRow, ...]
    owners: tuple[LabelRow, ...]
    tags: tuple[LabelRow, ...]
    picture: Picture | None


@dataclass(frozen=True, slots=True)
class NamespacePage:
    """A namespace; notes of ``types`` are first sentences of their docs."""

    title: str
    side: Sidebar
    package: str
    types: tuple[Link, ...]
    picture: Picture | None


@dataclass(frozen=True, slots=True)
class TopicPage:
    """A topic and its messages."""

    topic: TopicConfig
    ownership: Ownership
    side: Sidebar
    values: Linked
    key: Link
    subjects: tuple[Link, ...]
    dead_letter: Link | None
    import_line: str
    picture: Picture | None
    examples: tuple[ExampleView, ...]


def overview_page(
    catalogue: CatalogueModel, urls: CatalogueUrls, graphs: GraphMaker
) -> OverviewPage:
    """Contents of the overview page."""
    namespaces = catalogue.namespaces
    counts = (
        (len(catalogue.topics), "topic"),
        (len(catalogue.entries), "type"),
        (len(namespaces), "namespace"),
    )
    is_short = len(catalogue.entries) <= _MOST_LISTED
    return OverviewPage(
        counts=tuple((n, word if n == 1 else f"{word}s") for n, word in counts if n),
        topics=tuple(
            TopicRow(
                _topic_link(topic, urls),
                _values(topic, urls),
                _key(topic, catalogue, urls),
                first_line(topic.description or ""),
                topic_ownership(topic),
            )
            for topic in catalogue.topics
        ),
        owners=_labelled(catalogue, urls, lambda found: (found.owner,) if found.owner else ()),
        tags=_labelled(catalogue, urls, lambda found: found.tags),
        namespaces=tuple(
            NamespaceRow(
                Link(namespace_title(name), urls.namespaces[name], note=_types(len(entries))),
                tuple(_type_link(entry, urls) for entry in entries if is_short),
            )
            for name, entries in namespaces.items()
        ),
        picture=picture_of(graphs.overview()),
    )


def namespace_page(
    name: str,
    entries: Sequence[CatalogueEntry],
    catalogue: CatalogueModel,
    urls: CatalogueUrls,
    graphs: GraphMaker,
) -> NamespacePage:
    """Contents of a namespace's page.

    Args:
        name: the namespace, which may be "".
        entries: the types in it.
        catalogue: everything.
        urls: where pages are.
        graphs: makes its picture.
    """
    related = tuple(
        Link(namespace_title(other), urls.namespaces[other])
        for other in _family(name, catalogue.namespaces)
    )
    return NamespacePage(
        title=namespace_title(name),
        side=Sidebar(Link("Namespaces", "index.html#namespaces"), related, urls.namespaces[name]),
        package=entries[0].module(PACKAGE),
        types=tuple(_type_link(entry, urls) for entry in entries),
        picture=picture_of(graphs.namespace(entries)),
    )


def topic_page(
    topic: TopicConfig,
    examples: Mapping[str, Example | None],
    catalogue: CatalogueModel,
    urls: CatalogueUrls,
    graphs: GraphMaker,
) -> TopicPage:
    """Contents of a topic's page.

    Args:
        topic: the topic.
        examples: of all types, by their ids.
        catalogue: everything.
        urls: where pages are.
        graphs: makes its picture.
    """
    names = catalogue.modules[topic.topic].names
    return TopicPage(
        topic=topic,
        ownership=topic_ownership(topic),
        side=Sidebar(
            Link("Topics", "index.html#topics"),
            tuple(_topic_link(other, urls) for other in catalogue.topics),
            urls.topics[topic.topic],
        ),
        values=_values(topic, urls),
        key=_key(topic, catalogue, urls),
        subjects=tuple(
            Link(subject.name, urls.types[subject.title], title=subject.title)
            for subject in topic_subjects(topic, catalogue.types)
        ),
        dead_letter=_dead_letter(topic, urls),
        import_line=f"from {PACKAGE}.topics import {names.producer}, {names.consumer}",
        picture=picture_of(graphs.topic(topic)),
        examples=tuple(_examples(topic, examples, catalogue, urls)),
    )


def _labelled(
    catalogue: CatalogueModel,
    urls: CatalogueUrls,
    labels_of: Callable[[Ownership], tuple[str, ...]],
) -> tuple[LabelRow, ...]:
    """Return topics and types by a label of theirs, sorted."""
    topics: dict[str, list[Link]] = {}
    types: dict[str, list[Link]] = {}
    for topic in catalogue.topics:
        for label in labels_of(topic_ownership(topic)):
            topics.setdefault(label, []).append(_topic_link(topic, urls))
    for entry in catalogue.entries.values():
        for label in labels_of(entry.ownership):
            types.setdefault(label, []).append(_type_link(entry, urls))
    return tuple(
        LabelRow(label, tuple(topics.get(label, ())), tuple(types.get(label, ())))
        for label in sorted(topics.keys() | types.keys())
    )


def _examples(
    topic: TopicConfig,
    examples: Mapping[str, Example | None],
    catalogue: CatalogueModel,
    urls: CatalogueUrls,
) -> Iterator[ExampleView]:
    for name in dict.fromkeys(topic.value):
        view = example_view(examples[name], _type_link(catalogue.entries[name], urls))
        if view:
            yield view


def _topic_link(topic: TopicConfig, urls: CatalogueUrls) -> Link:
    is_deprecated = topic_ownership(topic).is_deprecated
    return Link(topic.topic, urls.topics[topic.topic], "topic", is_deprecated=is_deprecated)


def _type_link(entry: CatalogueEntry, urls: CatalogueUrls) -> Link:
    href, note = urls.types[entry.id], first_line(entry.doc)
    is_deprecated = entry.ownership.is_deprecated
    return Link(entry.name, href, entry.kind, entry.id, note, is_deprecated)


def _values(topic: TopicConfig, urls: CatalogueUrls) -> Linked:
    return tuple(
        Link(short_name(name), urls.types[name], "type", name)
        for name in dict.fromkeys(topic.value)
    )


def _key(topic: TopicConfig, catalogue: CatalogueModel, urls: CatalogueUrls) -> Link:
    """Return the key's type, with the field that it is taken from."""
    key = key_type(topic, catalogue.types)
    note = f"from the field {topic.key_field}" if topic.key_field else ""
    if key is None:
        return Link("none")
    if key not in catalogue.types:
        return Link(key, note=note)
    return Link(short_name(key), urls.types[key], "type", key, note)


def _dead_letter(topic: TopicConfig, urls: CatalogueUrls) -> Link | None:
    name = topic.dead_letter
    return Link(name, urls.topics.get(name, "")) if name is not None else None


def _types(number: int) -> str:
    return "1 type" if number == 1 else f"{number} types"


def _family(name: str, namespaces: Iterable[str]) -> list[str]:
    """Return the namespaces around a namespace: parents, siblings and children."""
    near = (name, namespace_of(name))
    family = [other for other in namespaces if other in near or namespace_of(other) in near]
    return family[:MOST_BESIDE]
