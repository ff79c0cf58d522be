"""Messages of a topic in tests, decoded as consumers decode them.

A message as confluent-kafka would give it: :func:`raw_message`.

A message that could not be handled, for tests to look at: :class:`DeadLetter`.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING, Any, Final, Generic, TypeVar, cast

from avrogen.avro.model import TimeUnit
from avrogen.codec.conversions import timestamp_to_units
from avrogen.kafka.consumer.dead_letter_topic import origin_of
from avrogen.kafka.consumer.message_reader import (
    MessageReader,
    MessageUnreadable,
    SchemaNotCached,
    undecoded,
)
from avrogen.kafka.message import Headers

if TYPE_CHECKING:
    from confluent_kafka import Message as RawMessage

    from avrogen.kafka.consumer.dead_letter_topic import DeadLetterOrigin
    from avrogen.kafka.message import Header, Message
    from avrogen.kafka.observability.observer import AnyMessage
    from avrogen.testing.broker import Record

__all__ = ["DeadLetter", "raw_message", "read_dead_letter", "read_message"]

K = TypeVar("K")
V = TypeVar("V")


def read_message(reader: MessageReader[K, V], record: Record) -> Message[K, V]:
    """Decode a record to a message.

    Raises:
        DecodeError: it is none of the topic.
        RegistryError: the registry does not give its schema.
    """
    raw = _raw(record)
    try:
        return _read(reader, raw)
    except MessageUnreadable as failed:
        error = failed.failure.error
        error.add_note(f"at offset {record.offset} of {record.topic} [{record.partition}]")
        raise error from None


def read_dead_letter(reader: MessageReader[K, V], record: Record) -> DeadLetter[K, V]:
    """Decode a record of a dead-letter topic.

    Args:
        reader: of the topic that it comes from.
        record: on the topic for dead letters.

    Raises:
        ValueError: its headers do not say where it comes from.
    """
    origin = origin_of(record.headers)
    if origin is None:
        raise ValueError(
            f"what is at offset {record.offset} of {record.topic} [{record.partition}] is no dead "
            "letter: its headers do not say where it comes from"
        )
    raw = _raw(record)
    message: AnyMessage
    try:
        message = _read(reader, raw)
    except MessageUnreadable:
        message = undecoded(raw)
    return DeadLetter(
        key=message.key,
        value=message.value,
        raw_key=record.key,
        raw_value=record.value,
        headers=Headers(record.headers),
        origin=origin,
    )


def _raw(record: Record) -> RawMessage:
    return raw_message(
        record.topic,
        record.partition,
        record.offset,
        key=record.key,
        value=record.value,
        headers=record.headers,
        timestamp=record.timestamp,
    )


def _read(reader: MessageReader[Any, Any], raw: RawMessage) -> Message[Any, Any]:
    while True:
        try:
            return cast("Message[Any, Any]", reader.read_ahead(deque([raw]))[0])
        except SchemaNotCached as unknown:
            unknown.learn()


_CREATE_TIME: Final = 1  # confluent_kafka.TIMESTAMP_CREATE_TIME


@dataclass(frozen=True, slots=True)
class _RawStandIn:
    """Stand-in for ``confluent_kafka.Message``, which Python code cannot create."""

    place: tuple[str, int, int]
    key_: bytes | None
    value_: bytes | None
    headers_: Sequence[Header]
    milliseconds: int

    def __len__(self) -> int:
        return len(self.value_ or b"")

    def topic(self) -> str:
        return self.place[0]

    def partition(self) -> int:
        return self.place[1]

    def offset(self) -> int:
        return self.place[2]

    def key(self) -> bytes | None:
        return self.key_

    def value(self) -> bytes | None:
        return self.value_

    def headers(self) -> list[Header] | None:
        return list(self.headers_) or None

    def timestamp(self) -> tuple[int, int]:
        return _CREATE_TIME, self.milliseconds


def raw_message(
    topic: str,
    partition: int,
    offset: int,
    *,
    key: bytes | None,
    value: bytes | None,
    headers: Sequence[Header],
    timestamp: datetime,
) -> RawMessage:
    """Return a stand-in for a message of confluent-kafka.

    Args:
        topic: where it is.
        partition: its partition there.
        offset: its offset there.
        key: the bytes of its key.
        value: the bytes of its value.
        headers: its headers.
        timestamp: its time, with a time zone.
    """
    milliseconds = timestamp_to_units(timestamp, TimeUnit.MILLIS, local=False)
    made = _RawStandIn((topic, partition, offset), key, value, headers, milliseconds)
    return cast("RawMessage", made)


K_co = TypeVar("K_co", covariant=True)
V_co = TypeVar("V_co", covariant=True)


@dataclass(frozen=True, slots=True, kw_only=True, repr=False)
class DeadLetter(Generic[K_co, V_co]):
    """A dead-lettered record.

    Attributes:
        key: its key; None: it has none, or it cannot be read.
        value: its value; None: it cannot be read, or is a tombstone.
        raw_key: the bytes of its key.
        raw_value: the bytes of its value.
        headers: all of its headers: its own, and those that say what happened
            (``__connect.errors.*``).
        origin: what these say: ``stage``, ``error`` (the type of the exception), ``message`` (its
            text), ``traceback``, and where the message was.
    """

    key: K_co | None
    value: V_co | None
    raw_key: bytes | None
    raw_value: bytes | None
    headers: Headers
    origin: DeadLetterOrigin

    def __repr__(self) -> str:
        what = self.raw_value if self.value is None else self.value
        origin = self.origin
        return f"<DeadLetter {what!r}: {origin.stage} {origin.error}: {origin.message}>"
