"""From what confluent-kafka gives to :class:`Message`: keys and values are decoded here."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Hashable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any, Final, Generic, TypeVar, cast

from avrogen.errors import AvrogenError, DecodeError
from avrogen.kafka.consuming.failures import Failure, Stage, reading_failure
from avrogen.kafka.convention import named_schema, place
from avrogen.kafka.decoders import Decoders
from avrogen.kafka.framing import KEY_HEADER, VALUE_HEADER, frame_prefix, last_header
from avrogen.kafka.message import Headers, Message
from avrogen.kafka.primitive_keys import KeyReader, key_reader

if TYPE_CHECKING:
    from confluent_kafka import Message as RawMessage

    from avrogen.kafka.framing import Headers as RawHeaders
    from avrogen.kafka.message import Header
    from avrogen.kafka.registry.port import SchemaRegistry
    from avrogen.kafka.subjects import Part
    from avrogen.kafka.topic import Topic

__all__ = ["AHEAD", "NO_HEADERS", "Reader", "ReadingFailed", "SchemaUnknown", "undecoded"]

K = TypeVar("K")
V = TypeVar("V")

AHEAD: Final = 100
"""Messages that are decoded before the first of them is handled."""

_PREFIX: Final = 5
"""Bytes of a schema's id before a value, as most messages have it."""

NO_HEADERS: Final = Headers()
"""The headers of every message that has none."""
_EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)
_FLOAT_IS_EXACT: Final = 8_000_000_000_000
"""Milliseconds up to which a float of seconds tells microseconds apart."""


class ReadingFailed(Exception):
    """A message that could not be read.

    Attributes:
        failure: what that means.
    """

    def __init__(self, failure: Failure) -> None:
        super().__init__(failure)
        self.failure = failure


class SchemaUnknown(Exception):
    """A message whose schema has not come up before. It can be read when it is known.

    Attributes:
        key: the same for messages with the same schema.
        learn: asks the registry and compiles a decoder, which takes its time. It raises
            :class:`ReadingFailed`.
    """

    def __init__(self, key: Hashable, learn: Callable[[], None]) -> None:
        super().__init__("the schema is to be learnt first")
        self.key = key
        self.learn = learn


class Reader(Generic[K, V]):
    """Reads the messages of a topic.

    Args:
        topic: the topic.
        registry: where it finds the schemas that they were written with.
    """

    def __init__(self, topic: Topic[K, V], registry: SchemaRegistry) -> None:
        self._topic = topic
        self._values = _Part(topic.name, "value", Decoders(registry, topic.value))
        self._read_key: KeyReader | None = None
        self._keys: _Part | None = None
        if isinstance(topic.key, str):
            self._read_key = key_reader(topic.key)
        elif topic.key is not None:
            self._keys = _Part(topic.name, "key", Decoders(registry, (topic.key,)))

    def read(self, raw: RawMessage) -> Message[K, V]:
        """Decode a message. Nothing is asked of the registry.

        Raises:
            SchemaUnknown: that would be necessary.
            ReadingFailed: it is not what the topic has.
        """
        headers = raw.headers()
        raw_key, raw_value = raw.key(), raw.value()
        key = self._key(raw_key, headers)
        if raw_value is None:
            self._check_tombstone()
            value = None
        else:
            value = self._values.read(raw_value, headers)
        made: Message[K, V] = _message(raw, key, value, headers, raw_key, raw_value)
        return made

    def read_ahead(
        self, waiting: deque[RawMessage], start: int = 0, limit: int = AHEAD
    ) -> list[Message[K, V]]:
        """Decode what waits, up to what cannot be.

        Args:
            waiting: messages. More may be appended meanwhile, by another thread.
            start: how many of them to leave out. There is at least one more.
            limit: how many to decode at most.

        Raises:
            SchemaUnknown, ReadingFailed: as :meth:`read`, for the first of them.
        """
        messages: list[Message[K, V]] = []
        end = min(len(waiting), start + limit)
        try:
            self._read_all([waiting[index] for index in range(start, end)], messages)
        except (SchemaUnknown, ReadingFailed):
            if not messages:
                raise
        return messages

    def _read_all(self, waiting: list[RawMessage], messages: list[Message[K, V]]) -> None:
        """Decode messages: those that are as most are right here, and others by :meth:`read`."""
        known, read_key, keyed = self._values.known, self._read_key, self._keys is not None
        topic = self._topic.name
        milliseconds, timestamp = -1, None
        for raw in waiting:
            raw_key, raw_value = raw.key(), raw.value()
            decode = None if raw_value is None else known(raw_value[:_PREFIX])
            if decode is None or raw_value is None or keyed or raw.headers():
                messages.append(self.read(raw))
                continue
            try:
                key: Any = None if read_key is None else read_key(raw_key)  # type: ignore[arg-type] # None raises
                value = decode(raw_value[_PREFIX:])
            except Exception:
                messages.append(self.read(raw))  # which says what is wrong
                continue
            if raw.timestamp()[1] != milliseconds:
                # Messages come in bursts, and many have the same.
                milliseconds, timestamp = raw.timestamp()[1], _timestamp(raw)
            filling: Any = _new(_Filling)
            filling.key = key
            filling.value = value
            filling.topic = topic
            filling.partition = raw.partition()
            filling.offset = raw.offset()
            filling.timestamp = timestamp
            filling.headers = NO_HEADERS
            filling.raw_key = raw_key
            filling.raw_value = raw_value
            filling.__class__ = Message
            messages.append(filling)

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
    made: Message[None, None] = _message(raw, None, None, raw.headers(), raw.key(), raw.value())
    return made


class _Part:
    """Keys or values that are written with a schema."""

    def __init__(self, topic: str, part: Part, decoders: Decoders) -> None:
        self._topic = topic
        self._part: Part = part
        self._decoders = decoders
        self.known = decoders.known
        """The decoder for what names a schema; None: it has not come up yet."""
        self._header = VALUE_HEADER if part == "value" else KEY_HEADER
        self._stage = Stage.VALUE if part == "value" else Stage.KEY

    def read(self, data: bytes, headers: RawHeaders) -> Any:
        named = last_header(headers, self._header) if headers else None
        if named is None:
            end = 17 if data[:1] == b"\x01" else 5
            named, body = data[:end], data[end:]
        else:
            body = data
        decode = self.known(named)
        if decode is None:
            raise SchemaUnknown((self._part, named), lambda: self._learn(named, data, headers))
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
    """As :mod:`avrogen.kafka.convention` wants it."""

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
    filling.timestamp = _timestamp(raw)
    filling.headers = Headers(cast("list[Header]", headers)) if headers else NO_HEADERS
    filling.raw_key = raw_key
    filling.raw_value = raw_value
    filling.__class__ = Message
    return filling


def _timestamp(raw: RawMessage) -> datetime | None:
    """A message's time; None if it has none, or one that no datetime can have."""
    kind, milliseconds = raw.timestamp()
    if not kind:
        return None
    if -_FLOAT_IS_EXACT < milliseconds < _FLOAT_IS_EXACT:
        return datetime.fromtimestamp(milliseconds / 1000, UTC)
    try:
        return _EPOCH + timedelta(milliseconds=milliseconds)
    except OverflowError:
        return None


def _failed(error: AvrogenError, stage: Stage) -> ReadingFailed:
    return ReadingFailed(reading_failure(error, stage))
