"""A dead letter, as it is on its topic."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, cast

from avrogen.kafka.consumer.dead_letters import Origin, origin_of, original_headers
from avrogen.kafka.message import Header

if TYPE_CHECKING:
    from confluent_kafka import Message as RawMessage

__all__ = ["Letter"]


@dataclass(frozen=True, slots=True)
class Letter:
    """A message on a topic for dead letters.

    Attributes:
        topic: that topic.
        partition: its partition there.
        offset: its offset there.
        timestamp: when it was sent there, in milliseconds since 1970; None: nobody says.
        key: the bytes of its key; None: it has none.
        value: the bytes of its value; None: it has none.
        headers: the headers that the message had before.
        origin: where it was before, and why it is here; None: nobody says.
    """

    topic: str
    partition: int
    offset: int
    timestamp: int | None
    key: bytes | None
    value: bytes | None
    headers: tuple[Header, ...]
    origin: Origin | None

    @classmethod
    def of(cls, raw: RawMessage) -> Letter:
        """The letter that a message is."""
        headers = cast("list[Header]", raw.headers() or [])
        kind, milliseconds = raw.timestamp()
        return cls(
            topic=cast("str", raw.topic()),
            partition=cast("int", raw.partition()),
            offset=cast("int", raw.offset()),
            timestamp=milliseconds if kind else None,
            key=raw.key(),
            value=raw.value(),
            headers=tuple(original_headers(headers)),
            origin=origin_of(headers),
        )
