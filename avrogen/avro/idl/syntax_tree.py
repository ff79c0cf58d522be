"""JSON that was written in another language, with the place of each of its values."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from avrogen.avro.model import Json
from avrogen.avro.source import Place

__all__ = ["ArrayNode", "ObjectNode", "SyntaxNode", "node"]


@dataclass(frozen=True, slots=True)
class SyntaxNode:
    """A JSON value and its place.

    Attributes:
        value: the value.
        place: offset of it and of its key, and the places of the values in it.
    """

    value: Json
    place: Place


def node(value: Json, offset: int) -> SyntaxNode:
    """Return a value without values inside it."""
    return SyntaxNode(value, Place(offset, offset, {}))


@dataclass(slots=True)
class ObjectNode:
    """A JSON object that is being read.

    Attributes:
        offset: its place, in characters from 0.
    """

    offset: int
    _members: dict[str, Any] = field(default_factory=dict[str, Any])
    _places: dict[str | int, Place] = field(default_factory=dict[str | int, Place])

    def __contains__(self, key: str) -> bool:
        return key in self._members

    def __len__(self) -> int:
        return len(self._members)

    def add(self, key: str, value: SyntaxNode, key_offset: int | None = None) -> None:
        """Add a member, or replace it.

        Args:
            key: key of the member.
            value: value of the member.
            key_offset: place of the key, in characters from 0; None: that of the value.
        """
        self._members[key] = value.value
        offset = value.place.value if key_offset is None else key_offset
        self._places[key] = value.place._replace(key=offset)

    def update(self, other: ObjectNode) -> None:
        """Add the members of another object."""
        self._members.update(other._members)
        self._places.update(other._places)

    def node(self) -> SyntaxNode:
        """Return the object."""
        return SyntaxNode(self._members, Place(self.offset, self.offset, self._places))


@dataclass(slots=True)
class ArrayNode:
    """A JSON array that is being read.

    Attributes:
        offset: its place, in characters from 0.
    """

    offset: int
    _items: list[Any] = field(default_factory=list[Any])
    _places: dict[str | int, Place] = field(default_factory=dict[str | int, Place])

    def __len__(self) -> int:
        return len(self._items)

    def add(self, item: SyntaxNode) -> None:
        """Add an item."""
        self._places[len(self._items)] = item.place
        self._items.append(item.value)

    def node(self) -> SyntaxNode:
        """Return the array."""
        return SyntaxNode(self._items, Place(self.offset, self.offset, self._places))
