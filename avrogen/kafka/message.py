"""What comes from a topic and what went there: :class:`Message`, :class:`Delivered`."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Generic, NamedTuple, TypeAlias, TypeVar, overload

__all__ = ["Delivered", "Header", "HeaderLike", "Headers", "HeadersLike", "Message"]

K_co = TypeVar("K_co", covariant=True)
V_co = TypeVar("V_co", covariant=True)

Header: TypeAlias = tuple[str, bytes | None]
"""Name and value. Kafka allows a header without a value."""

HeaderLike: TypeAlias = tuple[str, str | bytes | None]
"""Name and value, of a header that is sent. Text is sent as UTF-8."""

HeadersLike: TypeAlias = "Mapping[str, str | bytes | None] | Iterable[HeaderLike]"
"""Headers as they may be given. Names may come up several times."""


class Headers(Sequence[Header]):
    """The headers of a message, in their order."""

    __slots__ = ("_pairs",)

    def __init__(self, pairs: Iterable[Header] = ()) -> None:
        self._pairs = tuple(pairs)

    def get(self, name: str) -> bytes | None:
        """The value of the last header of that name, as Kafka has it; None if there is none."""
        for key, value in reversed(self._pairs):
            if key == name:
                return value
        return None

    def get_all(self, name: str) -> list[bytes | None]:
        """The values of all headers of that name, in their order."""
        return [value for key, value in self._pairs if key == name]

    @overload
    def __getitem__(self, index: int) -> Header: ...
    @overload
    def __getitem__(self, index: slice) -> Sequence[Header]: ...
    def __getitem__(self, index: int | slice) -> Header | Sequence[Header]:
        return self._pairs[index]

    def __len__(self) -> int:
        return len(self._pairs)

    def __iter__(self) -> Iterator[Header]:
        return iter(self._pairs)

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, Headers):
            return NotImplemented
        return self._pairs == other._pairs

    def __hash__(self) -> int:
        return hash(self._pairs)

    def __repr__(self) -> str:
        return f"Headers({list(self._pairs)!r})"


@dataclass(frozen=True, slots=True, kw_only=True)
class Message(Generic[K_co, V_co]):
    """A message that was consumed.

    Attributes:
        key: its key; None if the topic has no keys.
        value: its value; None for a tombstone.
        topic: where it comes from.
        partition: its partition there.
        offset: its number in the partition.
        timestamp: when it was produced, or appended if the topic is configured so, in UTC with
            milliseconds; None if the broker says nothing.
        headers: its headers.
        raw_key: the bytes of the key; None if there are none.
        raw_value: the bytes of the value, with what stands in front of it; None for a tombstone.
    """

    key: K_co
    value: V_co
    topic: str
    partition: int
    offset: int
    timestamp: datetime | None
    headers: Headers
    raw_key: bytes | None
    raw_value: bytes | None


class Delivered(NamedTuple):
    """Where a message is that was sent.

    Attributes:
        topic: its topic.
        partition: its partition there.
        offset: its number in the partition; -1 if acknowledgements are off (``acks=0``).
        timestamp: the one that it was sent with, or that the broker gave it if the topic is
            configured so, in UTC with milliseconds.
    """

    topic: str
    partition: int
    offset: int
    timestamp: datetime
