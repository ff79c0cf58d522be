"""From what confluent-kafka gives to :class:`Message`: keys and values are decoded here."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Hashable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any, Final, Generic, TypeVar, cast

from avrogen.errors import AvrogenError, DecodeError
from avrogen.kafka.consumer.error_policy import Failure, Stage, reading_failure
from avrogen.kafka.message import Headers, Message
from avrogen.kafka.serde.decoders import DecoderCache, named_schema, place
from avrogen.kafka.serde.primitive_keys import KeyReader, key_reader
from avrogen.kafka.wire_format import KEY_HEADER, VALUE_HEADER, frame_prefix, last_header

if TYPE_CHECKING:
    from confluent_kafka import Message as RawMessage

    from avrogen.kafka.message import Header
    from avrogen.kafka.registry.protocol import SchemaRegistry
    from avrogen.kafka.subjects import Part
    from avrogen.kafka.topic import Topic
    from avrogen.kafka.wire_format import Headers as RawHeaders

__all__ = ["NO_HEADERS", "MessageReader", "MessageUnreadable", "SchemaNotCached", "undecoded"]

K = TypeVar("K")
V = TypeVar("V")

_AHEAD: Final = 100
"""Messages that are decoded before the first of them is handled."""

_ID_PREFIX: Final = 5
_GUID_PREFIX: Final = 17
"""Bytes in front of a key or value that name its schema."""

NO_HEADERS: Final = Headers()
"""The headers of every message that has none."""

_EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)
_FLOAT_IS_EXACT: Final = 8_000_000_000_000
"""Milliseconds up to which a float of seconds tells microseconds apart."""


class MessageUnreadable(Exception):
    """A message that could not be read.

    Attributes:
        failure: what that means.
    """

    def __init__(self, failure: Failure) -> None:
        super().__init__(failure)
        self.failure = failure


class SchemaNotCached(Exception):
    """A message whose schema has not come up before. It can be read when it is known.

    Attributes:
        key: the same for messages with the same schema.
        learn: asks the registry and compiles a decoder, which takes its time. It raises
            :class:`MessageUnreadable`.
    """

    def __init__(self, key: Hashable, learn: Callable[[], None]) -> None:
        super().__init__("the schema is to be learnt first")
        self.key = key
        self.learn = learn


class MessageReader(Generic[K, V]):
    """Reads the messages of a topic.

    Args:
        topic: the topic.
        registry: where it finds the schemas that they were written with.
    """

    def __init__(self, topic: Topic[K, V], registry: SchemaRegistry) -> None:
        self._topic = topic
        self._values = _Part(topic.name, "value", DecoderCache(registry, topic.value))
        self._read_key: KeyReader | None = None
        self._keys: _Part | None = None
        if isinstance(topic.key, str):
            self._read_key = key_reader(topic.key)
        elif topic.key is not None:
            self._keys = _Part(topic.name, "key", DecoderCache(registry, (topic.key,)))
        self._last_time = (0, 0)
        self._last_timestamp: datetime | None = None

    def read_ahead(
        self, waiting: deque[RawMessage], start: int = 0, limit: int = _AHEAD
    ) -> list[Message[K, V]]:
        """Decode what waits, up to what cannot be. Nothing is asked of the registry.

        Args:
            waiting: messages. More may be appended meanwhile, by another thread.
            start: how many of them to leave out. There is at least one more.
            limit: how many to decode at most.

        Raises:
            SchemaUnknown: the registry would have to be asked for the first of them.
            ReadingFailed: the first of them is not what the topic has.
        """
        messages: list[Message[K, V]] = []
        end = min(len(waiting), start + limit)
        try:
            for raw in [waiting[index] for index in range(start, end)]:
                messages.append(self._read(raw))
        except (SchemaNotCached, MessageUnreadable):
            if not messages:
                raise
        return messages

    def _read(self, raw: RawMessage) -> Message[K, V]:
        headers, raw_key, raw_value = raw.headers(), raw.key(), raw.value()
        key = self._key(raw_key, headers)
        if raw_value is None:
            self._check_tombstone()
            value = None
        else:
            value = self._values.read(raw_value, headers)
        time = raw.timestamp()
        if time != self._last_time:
            # Messages come in bursts, and many have the same.
            self._last_time, self._last_timestamp = time, _timestamp(*time)
        made: Message[K, V] = _message(
            raw, key, value, self._last_timestamp, headers, raw_key, raw_value
        )
        return made

    def learn(self, part: Part, schema: int) -> None:
        """Be able to read what was written with a schema of this id, before it comes.

        Raises:
            DecodeError: it cannot be read.
            RegistryError: the registry does not give it.
        """
        parts = self._keys if part == "key" else self._values
        assert parts is not None, "keys of this topic have a schema"
        parts.learn(schema)

    def _key(self, data: bytes | None, headers: RawHeaders) -> Any:
        if self._read_key is None and self._keys is None:
            return None
        if data is None:
            raise _failed(DecodeError(f"a message of {self._topic.name} has a key"), Stage.KEY)
        if self._keys is not None:
            return self._keys.read(data, headers)
        assert self._read_key is not None, "one of the two reads keys"
        try:
            return self._read_key(data)
        except DecodeError as error:
            raise _failed(error, Stage.KEY) from error

    def _check_tombstone(self) -> None:
        if not self._topic.tombstones:
            message = (
                f"a message of {self._topic.name} has a value, and this one is a tombstone; "
                "if that is right: tombstones = true in avrogen.toml"
            )
            raise _failed(DecodeError(message), Stage.VALUE)


def undecoded(raw: RawMessage) -> Message[None, None]:
    """A message as it came in, for those who want to know of one that could not be read."""
    timestamp = _timestamp(*raw.timestamp())
    made: Message[None, None] = _message(
        raw, None, None, timestamp, raw.headers(), raw.key(), raw.value()
    )
    return made


class _Part:
    """Keys or values that are written with a schema."""

    def __init__(self, topic: str, part: Part, decoders: DecoderCache) -> None:
        self._topic = topic
        self._part: Part = part
        self._decoders = decoders
        self._known = decoders.known
        self._header = VALUE_HEADER if part == "value" else KEY_HEADER
        self._stage = Stage.VALUE if part == "value" else Stage.KEY

    def read(self, data: bytes, headers: RawHeaders) -> Any:
        header = last_header(headers, self._header) if headers else None
        if header is not None:
            named, body = header, data
        else:
            end = _GUID_PREFIX if data[:1] == b"\x01" else _ID_PREFIX
            named, body = data[:end], data[end:]
        decode = self._known(named)
        if decode is None:
            raise SchemaNotCached((self._part, named), lambda: self._learn(named, data, headers))
        try:
            return decode(body)
        except DecodeError as error:
            context = _Context(self._topic, self._part, headers)
            error.add_note(place(context, named_schema(data, context)))
            raise _failed(error, self._stage) from error

    def learn(self, schema: int) -> None:
        self._decoders.bind(frame_prefix(schema), schema)

    def _learn(self, named: bytes, data: bytes, headers: RawHeaders) -> None:
        context = _Context(self._topic, self._part, headers)
        try:
            schema = named_schema(data, context)
            self._decoders.bind(named, schema)
        except AvrogenError as error:
            raise _failed(error, self._stage) from error


@dataclass(frozen=True, slots=True)
class _Context:
    """As :mod:`avrogen.kafka.serde.decoders` wants it."""

    topic: str
    field: Part
    headers: RawHeaders


class _Filling(Generic[K, V]):
    """What becomes a :class:`Message` when it is full: it is laid out alike, but not frozen."""

    __slots__ = Message.__slots__


_new: Callable[[Any], Any] = object.__new__


def _message(
    raw: RawMessage,
    key: Any,
    value: Any,
    timestamp: datetime | None,
    headers: RawHeaders,
    raw_key: bytes | None,
    raw_value: bytes | None,
) -> Any:
    # Filled by hand: the constructor of a frozen class takes several times as long.
    filling: Any = _new(_Filling)
    filling.key = key
    filling.value = value
    filling.topic = raw.topic()
    filling.partition = raw.partition()
    filling.offset = raw.offset()
    filling.timestamp = timestamp
    filling.headers = Headers(cast("list[Header]", headers)) if headers else NO_HEADERS
    filling.raw_key = raw_key
    filling.raw_value = raw_value
    filling.__class__ = Message
    return filling


def _timestamp(kind: int, milliseconds: int) -> datetime | None:
    """A message's time; None if it has none, or one that no datetime can have."""
    if not kind:
        return None
    if -_FLOAT_IS_EXACT < milliseconds < _FLOAT_IS_EXACT:
        return datetime.fromtimestamp(milliseconds / 1000, UTC)
    try:
        return _EPOCH + timedelta(milliseconds=milliseconds)
    except OverflowError:
        return None


def _failed(error: AvrogenError, stage: Stage) -> MessageUnreadable:
    return MessageUnreadable(reading_failure(error, stage))
