"""Reading in tests: what is on a topic, as consumers would read it."""

from __future__ import annotations

from collections import deque
from typing import TYPE_CHECKING, Any, TypeVar

from avrogen.kafka.consumer.dead_letters import origin_of
from avrogen.kafka.consumer.reader import Reader, ReadingFailed, SchemaUnknown, undecoded
from avrogen.kafka.message import Headers
from avrogen.testing.dead_letter import DeadLetter
from avrogen.testing.raw import raw_message

if TYPE_CHECKING:
    from confluent_kafka import Message as RawMessage

    from avrogen.kafka.message import Message
    from avrogen.kafka.observability.observer import AnyMessage
    from avrogen.testing.broker import Record

__all__ = ["read_dead_letter", "read_message"]

K = TypeVar("K")
V = TypeVar("V")


def read_message(reader: Reader[K, V], record: Record) -> Message[K, V]:
    """The message that a record is.

    Raises:
        DecodeError: it is none of the topic.
        RegistryError: the registry does not give its schema.
    """
    raw = _raw(record)
    try:
        return _read(reader, raw)
    except ReadingFailed as failed:
        error = failed.failure.error
        error.add_note(f"at offset {record.offset} of {record.topic} [{record.partition}]")
        raise error from None


def read_dead_letter(reader: Reader[K, V], record: Record) -> DeadLetter[K, V]:
    """The dead letter that a record is.

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
    except ReadingFailed:
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


def _read(reader: Reader[Any, Any], raw: RawMessage) -> Message[Any, Any]:
    while True:
        try:
            return reader.read_ahead(deque([raw]))[0]
        except SchemaUnknown as unknown:
            unknown.learn()
