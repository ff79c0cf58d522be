"""A message as confluent-kafka would give it: :func:`raw_message`."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING, Final, cast

from avrogen.avro.model import TimeUnit
from avrogen.codec.conversions import timestamp_to_units

if TYPE_CHECKING:
    from confluent_kafka import Message as RawMessage

    from avrogen.kafka.message import Header

__all__ = ["raw_message"]

_CREATE_TIME: Final = 1  # confluent_kafka.TIMESTAMP_CREATE_TIME


@dataclass(frozen=True, slots=True)
class _RawStandIn:
    """What is asked of ``confluent_kafka.Message``, which Python code cannot make."""

    place: tuple[str, int, int]
    key_: bytes | None
    value_: bytes | None
    headers_: Sequence[Header]
    milliseconds: int

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
    """A message to be read by what reads those of Kafka.

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
