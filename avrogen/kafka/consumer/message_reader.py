"""Decoding of messages: from confluent-kafka's to :class:`~avrogen.kafka.message.Message`.

Decoders are looked up by the bytes that name a schema. A schema that is not cached is an exception,
so that the runner decides how to ask the registry: the reader itself does no I/O.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Hashable
from concurrent.futures import Future
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from functools import partial
from typing import TYPE_CHECKING, Any, Final, Generic, NamedTuple, TypeVar, cast

from avrogen.errors import AvrogenError, DecodeError, FramingError
from avrogen.kafka.consumer.error_policy import Failure, Stage, reading_failure
from avrogen.kafka.message import Headers, Message
from avrogen.kafka.serde.decoders import (
    TOMBSTONE,
    DecoderCache,
    TypeFilter,
    named_schema,
    place,
)
from avrogen.kafka.serde.primitive_keys import KeyReader, key_reader
from avrogen.kafka.single_flight import BackgroundCalls
from avrogen.kafka.wire_format import KEY_HEADER, VALUE_HEADER, frame_prefix, last_header

if TYPE_CHECKING:
    from confluent_kafka import Message as RawMessage

    from avrogen.kafka.message import Header
    from avrogen.kafka.registry.protocol import SchemaRegistry
    from avrogen.kafka.serde.decoders import SkippedType, TypeSelection
    from avrogen.kafka.topic import Part, Topic
    from avrogen.kafka.wire_format import Headers as RawHeaders
    from avrogen.kafka.wire_format import SchemaId

__all__ = [
    "NO_HEADERS",
    "READ_AHEAD",
    "MessageReader",
    "MessageUnreadable",
    "SchemaNotCached",
    "SkippedMessage",
    "undecoded",
]

K = TypeVar("K")
V = TypeVar("V")

READ_AHEAD: Final = 100
"""Messages that are decoded ahead of the one to handle."""

_AHEAD_BYTES: Final = 1_000_000
"""Bytes of these: a decoded value takes several times as many."""

_ID_PREFIX: Final = 5
_GUID_PREFIX: Final = 17
"""Bytes in front of a key or value that identify its schema."""

NO_HEADERS: Final = Headers()
"""The headers of every message without headers."""

_EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)
_FLOAT_IS_EXACT: Final = 8_000_000_000_000
"""Milliseconds up to which a float of seconds is exact to the microsecond."""


class MessageUnreadable(Exception):
    """A message could not be decoded.

    Attributes:
        failure: the classified failure.
    """

    def __init__(self, failure: Failure) -> None:
        super().__init__(failure)
        self.failure = failure


class SchemaNotCached(Exception):
    """The schema of a message must be loaded before it can be decoded.

    Attributes:
        key: equal for messages with the same schema.
        learn: asks the registry and compiles a decoder, which takes time. It raises
            :class:`MessageUnreadable`.
    """

    def __init__(
        self,
        key: Hashable,
        learn: Callable[[], None],
        calls: BackgroundCalls[None] | None,
    ) -> None:
        super().__init__("the schema of a message is not loaded yet: call learn()")
        self.key = key
        self.learn = learn
        self._calls = calls

    def start(self) -> Future[None]:
        """Learn it in a thread, once for all messages with the key.

        Returns:
            A future, which raises :class:`MessageUnreadable`.
        """
        if self._calls is not None:
            return self._calls.start(self.key, self.learn)
        future: Future[None] = Future()
        try:
            self.learn()
            future.set_result(None)
        except Exception as error:
            future.set_exception(error)
        return future


class SkippedMessage(NamedTuple):
    """A message that is skipped, as its type is not selected. Nothing of it is decoded.

    Attributes:
        type: its type.
        offset: its offset.
    """

    type: SkippedType
    offset: int


class MessageReader(Generic[K, V]):
    """Decodes the messages of a topic.

    Args:
        topic: the topic.
        registry: the registry of the writers' schemas.
        selection: choice among the types of its values; None: all.
        in_background: True to learn schemas in threads of their own.
    """

    def __init__(
        self,
        topic: Topic[K, V],
        registry: SchemaRegistry,
        selection: TypeSelection | None = None,
        *,
        in_background: bool = True,
    ) -> None:
        name = f"schemas of {topic.name}"
        calls: BackgroundCalls[None] | None = BackgroundCalls(name) if in_background else None
        self._topic = topic
        self._selection = selection
        ignore = topic.ignore_contract_rules
        values = DecoderCache(registry, topic.value, selection, ignore_contract_rules=ignore)
        self._values = _Part(topic.name, "value", values, calls)
        self._read_key: KeyReader | None = None
        self._keys: _Part | None = None
        if isinstance(topic.key, str):
            self._read_key = key_reader(topic.key)
        elif topic.key is not None:
            keys = DecoderCache(registry, (topic.key,), ignore_contract_rules=ignore)
            self._keys = _Part(topic.name, "key", keys, calls)
        self._last_time: tuple[tuple[int, int], datetime | None] = (0, 0), None

    def read_ahead(
        self, fetched: deque[RawMessage], start: int = 0, limit: int = READ_AHEAD
    ) -> list[Message[K, V] | SkippedMessage]:
        """Decode messages up to the first that cannot be. The registry is not asked.

        Args:
            fetched: the messages. Another thread may append more meanwhile.
            start: index of the first message to decode, which must exist.
            limit: messages to decode at most.

        Raises:
            SchemaNotCached: the registry must be asked for the first schema.
            MessageUnreadable: the first message is not in the topic's format.
        """
        messages: list[Message[K, V] | SkippedMessage] = []
        end = min(len(fetched), start + limit)
        read = self._read if self._selection is None else self._read_or_skip
        size = 0
        try:
            for index in range(start, end):
                raw = fetched[index]
                messages.append(read(raw))
                size += len(raw)
                if size >= _AHEAD_BYTES:
                    break
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
        time, last = raw.timestamp(), self._last_time
        if time != last[0]:
            # Messages come in bursts, and many have the same timestamp. Threads may read at once.
            last = self._last_time = time, _timestamp(*time)
        made: Message[K, V] = _message(raw, key, value, last[1], headers, raw_key, raw_value)
        return made

    def _read_or_skip(self, raw: RawMessage) -> Message[K, V] | SkippedMessage:
        assert self._selection is not None, "all types are read otherwise"
        value = raw.value()
        skipped: SkippedType | None = None
        if value is not None:
            skipped = self._values.skipped(value, raw.headers())
        elif self._topic.tombstones and self._selection.without_tombstones:
            skipped = TOMBSTONE
        if skipped is None:
            return self._read(raw)
        return SkippedMessage(skipped, cast("int", raw.offset()))

    def learn(self, part: Part, schema: int) -> None:
        """Load the schema with this id, before a message with it comes.

        Raises:
            DecodeError: the topic's types cannot read it.
            RegistryError: the registry does not have it, or does not answer.
        """
        parts = self._keys if part == "key" else self._values
        assert parts is not None, "keys of this topic have a schema"
        parts.learn(schema)

    def _key(self, data: bytes | None, headers: RawHeaders) -> Any:
        if self._read_key is None and self._keys is None:
            return None
        if data is None:
            message = f"the message has no key; messages of {self._topic.name} must have one"
            raise _unreadable(DecodeError(message), Stage.KEY)
        if self._keys is not None:
            return self._keys.read(data, headers)
        assert self._read_key is not None, "one of the two reads keys"
        try:
            return self._read_key(data)
        except DecodeError as error:
            raise _unreadable(error, Stage.KEY) from error

    def _check_tombstone(self) -> None:
        if not self._topic.tombstones:
            message = (
                f"the message is a tombstone, which topic {self._topic.name} does not allow; "
                "to allow it, set tombstones = true in avrogen.toml"
            )
            raise _unreadable(DecodeError(message), Stage.VALUE)


def undecoded(raw: RawMessage) -> Message[None, None]:
    """Return a message without key and value, for observers of one that could not be decoded."""
    timestamp = _timestamp(*raw.timestamp())
    made: Message[None, None] = _message(
        raw, None, None, timestamp, raw.headers(), raw.key(), raw.value()
    )
    return made


class _Part:
    """The decoder of keys or values that have a schema."""

    def __init__(
        self,
        topic: str,
        part: Part,
        decoders: DecoderCache,
        calls: BackgroundCalls[None] | None,
    ) -> None:
        self._topic = topic
        self._part: Part = part
        self._decoders = decoders
        self._known = decoders.known
        self._header = VALUE_HEADER if part == "value" else KEY_HEADER
        self._stage = Stage.VALUE if part == "value" else Stage.KEY
        self._calls = calls

    def skipped(self, data: bytes, headers: RawHeaders) -> SkippedType | None:
        """Return the type of a message that is skipped; None: it is to be decoded.

        Raises:
            SchemaNotCached, MessageUnreadable: as of :meth:`read`.
        """
        header = last_header(headers, self._header) if headers else None
        end = 0 if header is not None else _GUID_PREFIX if data[:1] == b"\x01" else _ID_PREFIX
        named = data[:end] if header is None else header
        decode = self._known(named)
        if decode is None:
            raise self._not_cached(named, data, headers)
        if not isinstance(decode, TypeFilter):
            return None
        try:
            return decode.skipped(data[end:])
        except DecodeError as error:
            raise _unreadable(error, self._stage) from error

    def read(self, data: bytes, headers: RawHeaders) -> Any:
        header = last_header(headers, self._header) if headers else None
        if header is not None:
            named, body = header, data
        else:
            end = _GUID_PREFIX if data[:1] == b"\x01" else _ID_PREFIX
            named, body = data[:end], data[end:]
        decode = self._known(named)
        if decode is None:
            raise self._not_cached(named, data, headers)
        try:
            return decode(body)
        except DecodeError as error:
            context = _Context(self._topic, self._part, headers)
            error.add_note(place(context, named_schema(data, context)))
            raise _unreadable(error, self._stage) from error

    def learn(self, schema: int) -> None:
        self._decoders.bind(frame_prefix(schema), schema)

    def _not_cached(
        self, named: bytes, data: bytes, headers: RawHeaders
    ) -> SchemaNotCached | MessageUnreadable:
        """Return what to raise: it takes no thread to see what is wrong with a stream of junk."""
        try:
            schema = named_schema(data, _Context(self._topic, self._part, headers))
        except FramingError as error:
            return _unreadable(error, self._stage)
        failure = self._decoders.failure(named)
        if failure is not None:
            return _unreadable(failure, self._stage)
        learn = partial(self._learn, named, schema)
        return SchemaNotCached((self._part, named), learn, self._calls)

    def _learn(self, named: bytes, schema: SchemaId) -> None:
        try:
            self._decoders.bind(named, schema)
        except AvrogenError as error:
            raise _unreadable(error, self._stage) from error


@dataclass(frozen=True, slots=True)
class _Context:
    """The serialization context that :mod:`avrogen.kafka.serde.decoders` expects."""

    topic: str
    field: Part
    headers: RawHeaders


class _UnfrozenMessage(Generic[K, V]):
    """A :class:`Message` under construction: the same layout, but not frozen."""

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
    # By hand, as the constructor of a frozen class takes several times as long.
    made: Any = _new(_UnfrozenMessage)
    made.key = key
    made.value = value
    made.topic = raw.topic()
    made.partition = raw.partition()
    made.offset = raw.offset()
    made.timestamp = timestamp
    made.headers = Headers(cast("list[Header]", headers)) if headers else NO_HEADERS
    made.raw_key = raw_key
    made.raw_value = raw_value
    made.__class__ = Message
    return made


def _timestamp(kind: int, milliseconds: int) -> datetime | None:
    """Return a message's timestamp; None: it has none, or one beyond the range of datetime."""
    if not kind:
        return None
    if -_FLOAT_IS_EXACT < milliseconds < _FLOAT_IS_EXACT:
        return datetime.fromtimestamp(milliseconds / 1000, UTC)
    try:
        return _EPOCH + timedelta(milliseconds=milliseconds)
    except OverflowError:
        return None


def _unreadable(error: AvrogenError, stage: Stage) -> MessageUnreadable:
    return MessageUnreadable(reading_failure(error, stage))
