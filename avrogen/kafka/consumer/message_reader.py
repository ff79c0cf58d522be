"""Decoding of messages: from confluent-kafka's to :class:`~avrogen.kafka.message.Message`.

Decoders are looked up by the bytes that name a schema. A schema that is not cached is an exception,
so that the runner decides how to ask the registry: the reader itself does no I/O.

Messages of a topic whose keys have no schema are read many at a time: by native code where the
codec is native, else by a loop that calls no other method. Whatever is out of the ordinary in a
message is left to the method that reads one.

Longer than 500 lines because the three ways to read a message must give the same one.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Hashable, Sequence
from concurrent.futures import Future
from dataclasses import dataclass
from functools import partial
from itertools import islice
from typing import TYPE_CHECKING, Any, Final, Generic, NamedTuple, Protocol, TypeVar, cast

from avrogen.codec.backends import native_module
from avrogen.errors import AvrogenError, DecodeError, FramingError
from avrogen.kafka.consumer.error_policy import Failure, Stage, reading_failure
from avrogen.kafka.message import NO_HEADERS, ConsumedMessage, Headers, Message
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


class NativeMessageReader(Protocol):
    """Reader of messages in ``avrogen_native``."""

    def read(
        self,
        raws: list[RawMessage],
        start: int,
        partition: int | None,
        most_bytes: int,
        messages: list[Any],
        /,
    ) -> int:
        """Append messages up to the first that is left to Python, and return their bytes."""
        ...


READ_AHEAD: Final = 64
"""Messages that are decoded ahead of the one to handle. More are slower: the objects of these stay
in the processor's cache until they are handled."""

_AHEAD_BYTES: Final = 1_000_000
"""Bytes of these: a decoded value takes several times as many."""

_ID_PREFIX: Final = 5
_GUID_PREFIX: Final = 17
"""Bytes in front of a key or value that identify its schema."""


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

    Attributes:
        native_reader: reads messages natively; None: the backend is Python.
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
        self._known = values.known
        self._read_key: KeyReader | None = None
        self._keys: _Part | None = None
        if isinstance(topic.key, str):
            self._read_key = key_reader(topic.key)
        elif topic.key is not None:
            keys = DecoderCache(registry, (topic.key,), ignore_contract_rules=ignore)
            self._keys = _Part(topic.name, "key", keys, calls)
        self.native_reader = self._create_native_reader()

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
        raws = _slice(fetched, start, limit)
        if raws and self._selection is None and self._keys is None:
            if self.native_reader is not None:
                return self._read_natively(raws, self.native_reader)
            return self._read_alike(raws)
        messages: list[Message[K, V] | SkippedMessage] = []
        read = self.read_one if self._selection is None else self._read_or_skip
        size = 0
        try:
            for raw in raws:
                messages.append(read(raw))
                size += len(raw)
                if size >= _AHEAD_BYTES:
                    break
        except (SchemaNotCached, MessageUnreadable):
            if not messages:
                raise
        return messages

    def _read_natively(
        self, raws: list[RawMessage], reader: NativeMessageReader
    ) -> list[Message[K, V] | SkippedMessage]:
        """Decode messages as :meth:`_read_alike` does, by native code."""
        messages: list[Message[K, V] | SkippedMessage] = []
        partition = raws[0].partition()
        size = 0
        try:
            while size < _AHEAD_BYTES:
                left = _AHEAD_BYTES - size
                size += reader.read(raws, len(messages), partition, left, messages)
                if len(messages) == len(raws):
                    break
                if size < _AHEAD_BYTES:
                    raw = raws[len(messages)]
                    messages.append(self.read_one(raw))
                    size += len(raw)
        except (SchemaNotCached, MessageUnreadable):
            if not messages:
                raise
        return messages

    def _create_native_reader(self) -> NativeMessageReader | None:
        """Return what reads messages natively; None: the backend is Python, or an older one."""
        native: Any = native_module()
        create = getattr(native, "MessageReader", None)
        if create is None:
            return None
        from confluent_kafka import Message as RawClass

        made: NativeMessageReader = create(
            Message,
            RawClass,
            self._topic.name,
            self._known,
            self._read_key,
            self._topic.key == "string",
            Headers,
            NO_HEADERS,
        )
        return made

    def _read_alike(self, raws: Sequence[RawMessage]) -> list[Message[K, V] | SkippedMessage]:
        """Decode messages of a topic whose keys have no schema, as :meth:`read_ahead` does.

        Nearly all have a value behind the same id. What is not so is left to :meth:`read_one`, with
        all errors.
        """
        messages: list[Any] = []
        append, known, read_key, read = messages.append, self._known, self._read_key, self.read_one
        topic, partition = self._topic.name, raws[0].partition()
        prefix: bytes | tuple[()] = ()  # what no value starts with
        decode: Any = known  # not called, as nothing starts with that
        size = 0
        try:
            for raw in raws:
                if size >= _AHEAD_BYTES:
                    break
                data, headers = raw.value(), raw.headers()
                raw_key = raw.key() if read_key is not None else b""
                if data is None or raw_key is None or (headers and _names_schema(headers)):
                    append(read(raw))
                    size += len(raw)
                    continue
                if not data.startswith(prefix):
                    prefix = data[:_ID_PREFIX]
                    found = known(prefix) if prefix[:1] == b"\0" else None
                    if found is None:
                        prefix = ()
                        append(read(raw))
                        size += len(data)
                        continue
                    decode = found
                try:
                    value = decode(data[_ID_PREFIX:])
                    key = read_key(raw_key) if read_key is not None else None
                except DecodeError:
                    append(read(raw))  # which raises it, with its place
                    continue
                # By hand, as the constructor of a frozen class takes several times as long.
                made: Any = _new(_UnfrozenMessage)
                made._raw = raw
                made.key = key
                made.value = value
                made.topic = topic
                made.partition = partition
                made.offset = raw.offset()
                made.headers = _some_headers(headers) if headers else NO_HEADERS
                made.__class__ = Message
                append(made)
                size += len(data)
        except (SchemaNotCached, MessageUnreadable):
            if not messages:
                raise
        return messages

    def read_one(self, raw: RawMessage) -> Message[K, V]:
        """Decode a message.

        Raises:
            SchemaNotCached, MessageUnreadable: as of :meth:`read_ahead`.
        """
        headers, raw_key, raw_value = raw.headers(), raw.key(), raw.value()
        key = self._key(raw_key, headers)
        if raw_value is None:
            self._check_tombstone()
            value = None
        else:
            value = self._values.read(raw_value, headers)
        made: Message[K, V] = _message(raw, key, value, headers)
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
            return self.read_one(raw)
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
    made: Message[None, None] = _message(raw, None, None, raw.headers())
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


class _UnfrozenMessage(ConsumedMessage, Generic[K, V]):
    """A :class:`Message` under construction: the same layout, but not frozen."""

    __slots__ = Message.__slots__


_new: Callable[[Any], Any] = object.__new__


def _slice(fetched: deque[RawMessage], start: int, limit: int) -> list[RawMessage]:
    """Return so many messages from an index on. Another thread may append more meanwhile."""
    end = min(len(fetched), start + limit)
    try:
        return list(islice(fetched, start, end))
    except RuntimeError:  # it has
        return [fetched[index] for index in range(start, end)]


def _names_schema(headers: RawHeaders) -> bool:
    """Tell if headers may have the id of a schema."""
    for header in headers or ():
        name = header[0]
        if name in (VALUE_HEADER, KEY_HEADER):
            return True
    return False


def _some_headers(headers: RawHeaders) -> Any:
    made: Any = _new(Headers)  # its constructor takes several times as long
    made._pairs = tuple(cast("list[Header]", headers))
    return made


def _message(raw: RawMessage, key: Any, value: Any, headers: RawHeaders) -> Any:
    # By hand, as the constructor of a frozen class takes several times as long.
    made: Any = _new(_UnfrozenMessage)
    made._raw = raw
    made.key = key
    made.value = value
    made.topic = raw.topic()
    made.partition = raw.partition()
    made.offset = raw.offset()
    made.headers = _some_headers(headers) if headers else NO_HEADERS
    made.__class__ = Message
    return made


def _unreadable(error: AvrogenError, stage: Stage) -> MessageUnreadable:
    return MessageUnreadable(reading_failure(error, stage))
