"""The events of fault tests, which are numbered, and typed clients for their topics."""

from __future__ import annotations

import random
from typing import TypeAlias

from avrogen.kafka.topic import Topic
from avrogen.testing.broker import Record
from avrogen.testing.broker.records import read_records
from generated_example.com.example import Event, EventType

__all__ = ["Number", "number_in", "number_of", "numbered", "numbers_on", "topic_of"]

_FRAME = 5
"""Bytes in front of the data, which say which schema they have."""

Number: TypeAlias = Event
"""An event that carries a number."""


def numbered(number: int, padding: int = 0, keys: int = 0) -> Number:
    """The event of a number, with so many characters beside it, which do not compress well.

    Args:
        number: the number.
        padding: how many characters.
        keys: how many keys there are, which events have in turns; 0 for one of each event.
    """
    return Event(
        id="faults",
        timestamp=number,
        type=EventType.CREATED,
        resource_id=str(number % keys if keys else number),
        metadata={"padding": random.Random(number).randbytes(padding // 2).hex()},
    )


def number_of(event: Number) -> int:
    """The number of an event."""
    return event.timestamp


def numbers_on(bootstrap_servers: str, topic: str) -> list[int]:
    """The numbers of the events that are on a topic, as far as they are committed."""
    return list(map(number_in, read_records(bootstrap_servers, topic, 60)))


def number_in(record: Record) -> int:
    """The number of the event that a record holds."""
    assert record.value is not None, "no tombstones are sent here"
    return number_of(Event.from_avro(record.value[_FRAME:]))


def topic_of(name: str, dead_letter: str | None = None) -> Topic[str, Number]:
    """A topic whose keys are the numbers as text, or what is left of them."""
    return Topic(
        name, value=(Event,), key="string", key_field="resource_id", dead_letter=dead_letter
    )
