"""Contents of diagrams: all namespaces, one namespace, one type or one topic."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Final

from avrogen.avro.model import mentions
from avrogen.catalogue.catalogue_model import CatalogueEntry, CatalogueModel, carried_types
from avrogen.catalogue.graph_layout import Edge, Graph, Node, Role
from avrogen.catalogue.urls import CatalogueUrls
from avrogen.config.config import TopicConfig

__all__ = ["GraphMaker"]

_MOST: Final = 70
"""Boxes that a picture can have and be understood."""

_MOST_LINES: Final = 120

_MOST_ON_A_SIDE: Final = 12


class GraphMaker:
    """Creates the graphs of a catalogue. A graph that would be empty or too large is None."""

    def __init__(self, catalogue: CatalogueModel, urls: CatalogueUrls) -> None:
        self._catalogue = catalogue
        self._urls = urls

    def overview(self) -> Graph | None:
        """Return topics and types, or namespaces if there are too many types."""
        entries = self._catalogue.entries.values()
        return self._of_entries(entries, self._catalogue.topics) or _graph(*self._namespaces())

    def namespace(self, entries: Sequence[CatalogueEntry]) -> Graph | None:
        """Return the types of a namespace with their dependencies and dependents."""
        ids = {entry.id for entry in entries}
        around = {name: None for entry in entries for name in self._around(entry)}
        neighbours = [self._catalogue.entries[name] for name in around if name not in ids]
        topics = [topic for topic in self._catalogue.topics if not ids.isdisjoint(topic.value)]
        return self._of_entries(
            [*entries, *neighbours], topics, outside={entry.id for entry in neighbours}
        ) or self._of_entries(entries, ())

    def type(self, entry: CatalogueEntry) -> Graph | None:
        """Return a type with its dependencies and dependents."""
        here = self._node(entry, "here")
        topics = [self._topic(topic) for topic in self._catalogue.carried_by.get(entry.id, ())]
        users = [self._node(self._catalogue.entries[name], "type") for name in self._users(entry)]
        uses = [
            self._node(self._catalogue.entries[name], "type")
            for name in entry.uses
            if name != entry.id and name not in self._users(entry)
        ]
        left = _at_most([*topics, *users], "before")
        right = _at_most(uses, "behind")
        edges = [(node.id, here.id) for node in left] + [(here.id, node.id) for node in right]
        edges += [
            (here.id, node.id)
            for node in left
            if node.role == "type" and self._catalogue.entries[node.title].id in entry.uses
        ]
        return _graph([*left, here, *right], edges)

    def topic(self, topic: TopicConfig) -> Graph | None:
        """Return a topic with all types of its messages, or with the message types only."""
        types = self._catalogue.types
        reached = dict.fromkeys(carried_types(topic, types))
        for name in (waiting := list(reached)):  # grows while it is walked
            for other in mentions(types[name]):
                if other not in reached:
                    reached[other] = None
                    waiting.append(other)
        entries = [self._catalogue.entries[name] for name in reached]
        carried = [self._catalogue.entries[name] for name in carried_types(topic, types)]
        return self._of_entries(entries, [topic]) or self._of_entries(carried, [topic])

    # --- parts ------------------------------------------------------------------------------------

    def _of_entries(
        self,
        entries: Iterable[CatalogueEntry],
        topics: Iterable[TopicConfig],
        outside: Iterable[str] = (),
    ) -> Graph | None:
        faint = set(outside)
        shown = {entry.id: entry for entry in entries}
        nodes = [self._topic(topic) for topic in topics]
        nodes += [
            self._node(entry, "outside" if entry.id in faint else "type")
            for entry in shown.values()
        ]
        edges = [
            (f"topic {topic.topic}", name)
            for topic in topics
            for name in carried_types(topic, self._catalogue.types)
            if name in shown
        ]
        edges += [
            (entry.id, name)
            for entry in shown.values()
            for name in entry.uses
            if name in shown and name != entry.id
            # What outsiders have to do with each other is another picture's.
            and not (entry.id in faint and name in faint)
        ]
        return _graph(nodes, edges)

    def _namespaces(self) -> tuple[list[Node], list[Edge]]:
        nodes = [
            Node(name, name or "no namespace", name, "type", self._urls.namespaces[name])
            for name in self._catalogue.namespaces
        ]
        pairs = (
            (entry.namespace, self._catalogue.entries[name].namespace)
            for entry in self._catalogue.entries.values()
            for name in entry.uses
        )
        return nodes, [(a, b) for a, b in dict.fromkeys(pairs) if a != b]

    def _users(self, entry: CatalogueEntry) -> tuple[str, ...]:
        return self._catalogue.used_by.get(entry.id, ())

    def _around(self, entry: CatalogueEntry) -> tuple[str, ...]:
        return (*self._users(entry), *entry.uses)

    def _node(self, entry: CatalogueEntry, role: Role) -> Node:
        return Node(entry.id, entry.name, entry.id, role, self._urls.types[entry.id])

    def _topic(self, topic: TopicConfig) -> Node:
        href = self._urls.topics[topic.topic]
        return Node(f"topic {topic.topic}", topic.topic, topic.topic, "topic", href)


def _at_most(nodes: list[Node], side: str) -> list[Node]:
    if len(nodes) <= _MOST_ON_A_SIDE:
        return nodes
    more = f"and {len(nodes) - _MOST_ON_A_SIDE + 1} more"
    return [*nodes[: _MOST_ON_A_SIDE - 1], Node(f"more {side}", more, more, "more")]


def _graph(nodes: Iterable[Node], edges: Sequence[Edge]) -> Graph | None:
    """Return a graph without isolated nodes; None if it is empty or too large."""
    connected = {name for edge in edges for name in edge}
    shown = tuple(node for node in nodes if node.id in connected)
    lines = tuple(dict.fromkeys(edges))
    is_clear = 0 < len(shown) <= _MOST and len(lines) <= _MOST_LINES
    return Graph(shown, lines) if is_clear else None
