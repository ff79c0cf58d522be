"""Consumed and delivered messages: :class:`Message`, :class:`Headers`, :class:`Delivered`."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any, Final, Generic, NamedTuple, TypeAlias, TypeVar, overload

if TYPE_CHECKING:
    from confluent_kafka import Message as RawMessage

__all__ = [
    "NO_HEADERS",
    "ConsumedMessage",
    "Delivered",
    "Header",
    "HeaderLike",
    "Headers",
    "HeadersLike",
    "Message",
]

K_co = TypeVar("K_co", covariant=True)
V_co = TypeVar("V_co", covariant=True)

Header: TypeAlias = tuple[str, bytes | None]
"""Name and value of a header. Kafka allows None for a value."""

HeaderLike: TypeAlias = tuple[str, str | bytes | None]
"""Name and value of a header to be sent. Text is encoded as UTF-8."""

HeadersLike: TypeAlias = "Mapping[str, str | bytes | None] | Iterable[HeaderLike]"
"""Headers to be sent. Names may repeat."""


class Headers(Sequence[Header]):
    """Headers of a message, in their order."""

    __slots__ = ("_pairs",)

    def __init__(self, pairs: Iterable[Header] = ()) -> None:
        self._pairs = tuple(pairs)

    def get(self, name: str) -> bytes | None:
        """Return the value of the last header of a name; None if there is none."""
        for key, value in reversed(self._pairs):
            if key == name:
                return value
        return None

    def get_all(self, name: str) -> list[bytes | None]:
        """Return the values of all headers of a name, in their order."""
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


NO_HEADERS: Final = Headers()
"""The headers of every message without headers."""


class ConsumedMessage:
    """Attributes of a message that few handlers read, worked out of the raw message when they are.

    They are slots without a value until then.
    """

    __slots__ = ("_raw",)

    _raw: RawMessage

    if not TYPE_CHECKING:  # or type checkers would accept every name

        def __getattr__(self, name: str) -> Any:
            read = _READERS.get(name)
            if read is None:
                message = f"{type(self).__name__!r} object has no attribute {name!r}"
                raise AttributeError(message, name=name, obj=self)
            value = read(self._raw)
            object.__setattr__(self, name, value)
            return value


def _timestamp_of(raw: RawMessage) -> datetime | None:
    """Return a message's timestamp; None: it has none, or one beyond the range of datetime."""
    kind, milliseconds = raw.timestamp()
    if not kind:
        return None
    if -_FLOAT_IS_EXACT < milliseconds < _FLOAT_IS_EXACT:
        return datetime.fromtimestamp(milliseconds / 1000, UTC)
    try:
        return _EPOCH + timedelta(milliseconds=milliseconds)
    except OverflowError:
        return None


def _headers_of(raw: RawMessage) -> Headers:
    pairs: Any = raw.headers()
    return Headers(pairs) if pairs else NO_HEADERS


_READERS: Final[dict[str, Callable[[RawMessage], object]]] = {
    "timestamp": _timestamp_of,
    "headers": _headers_of,
    "raw_key": lambda raw: raw.key(),
    "raw_value": lambda raw: raw.value(),
}

_EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)
_FLOAT_IS_EXACT: Final = 8_000_000_000_000
"""Milliseconds up to which a float of seconds is exact to the microsecond."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Message(ConsumedMessage, Generic[K_co, V_co]):
    """A consumed message.

    Attributes:
        key: decoded key; None if the topic has no keys.
        value: decoded value; None for a tombstone.
        topic: name of its topic.
        partition: number of its partition.
        offset: offset in the partition.
        timestamp: time of creation, or of the append if the topic is configured so, in UTC with
            milliseconds; None if the broker reports none.
        headers: headers of the message.
        raw_key: undecoded key; None if there is none.
        raw_value: undecoded value, including the schema id in front; None for a tombstone.
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
    """Position of a delivered message.

    Attributes:
        topic: name of its topic.
        partition: number of its partition.
        offset: offset in the partition; -1 without acknowledgements (``acks=0``).
        timestamp: time of creation, or of the append if the topic is configured so, in UTC with
            milliseconds.
    """

    topic: str
    partition: int
    offset: int
    timestamp: datetime
