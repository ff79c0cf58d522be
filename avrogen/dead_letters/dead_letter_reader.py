"""Reader of a dead-letter topic: its records, and the offsets up to which they were replayed.

The replayed offsets are those of a consumer group, see :mod:`avrogen.dead_letters.replay`.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from avrogen.console.topic_reader import OffsetBounds, TopicReader, TopicRecord
from avrogen.kafka.client_config import Settings
from avrogen.kafka.consumer.consumer_client import partitions_at, partitions_of
from avrogen.kafka.consumer.dead_letter_topic import DeadLetterOrigin, origin_of, original_headers
from avrogen.kafka.message import Header

if TYPE_CHECKING:
    from confluent_kafka import Consumer

__all__ = ["DeadLetterReader", "DeadLetterRecord", "OffsetRange", "replay_group"]


@dataclass(frozen=True, slots=True)
class DeadLetterRecord:
    """A dead-lettered record.

    Attributes:
        topic: dead-letter topic.
        partition: partition in the dead-letter topic.
        offset: offset in the dead-letter topic.
        timestamp: time of dead-lettering in milliseconds since 1970, if known.
        key: bytes of the key, or None.
        value: bytes of the value, or None.
        headers: headers of the original message.
        origin: source topic and error, if the record has dead-letter headers.
    """

    topic: str
    partition: int
    offset: int
    timestamp: int | None
    key: bytes | None
    value: bytes | None
    headers: tuple[Header, ...]
    origin: DeadLetterOrigin | None

    @classmethod
    def of(cls, record: TopicRecord) -> DeadLetterRecord:
        """Create the dead-lettered record of a record."""
        return cls(
            topic=record.topic,
            partition=record.partition,
            offset=record.offset,
            timestamp=record.timestamp,
            key=record.key,
            value=record.value,
            headers=tuple(original_headers(record.headers)),
            origin=origin_of(record.headers),
        )


_TIMEOUT: Final = 30.0
"""Seconds without a response after which a command fails."""


def replay_group(topic: str) -> str:
    """Return the consumer group whose committed offsets are the replayed offsets of a topic."""
    return f"avrogen-replay-{topic}"


@dataclass(frozen=True, slots=True)
class OffsetRange(OffsetBounds):
    """The offsets of a partition.

    Attributes:
        replayed: first offset that was not replayed.
    """

    replayed: int


class DeadLetterReader:
    """A reader of the records that a dead-letter topic has now.

    Args:
        client: :attr:`avrogen.kafka.client_config.Configuration.client`.
        topic: name of the dead-letter topic.
    """

    def __init__(self, client: Settings, topic: str) -> None:
        self.topic = topic
        self._reader = TopicReader(
            client, topic, _TIMEOUT, group=replay_group(topic), what="dead-lettered records"
        )
        self.consumer: Consumer = self._reader.consumer

    def close(self) -> None:
        """Close the connections."""
        self._reader.close()

    def ranges(self) -> dict[int, OffsetRange]:
        """Return the offsets of each partition.

        Raises:
            ConsumeError: the topic does not exist, or the brokers do not respond.
        """
        bounds = self._reader.bounds()
        with self._reader.kafka_errors():
            places = partitions_of(self.topic, bounds)
            ranges: dict[int, OffsetRange] = {}
            for committed in self.consumer.committed(places, timeout=_TIMEOUT):
                each = bounds[committed.partition]
                replayed = max(each.first, committed.offset)
                ranges[committed.partition] = OffsetRange(each.first, each.end, replayed)
            return ranges

    def commit(self, ends: Mapping[int, int]) -> None:
        """Commit replayed offsets, none of which was passed by another replay meanwhile.

        Args:
            ends: next offsets to replay, by partition.

        Raises:
            ConsumeError: the brokers do not respond.
        """
        ranges = self.ranges()
        new = [(number, end) for number, end in ends.items() if end > ranges[number].replayed]
        if new:
            with self._reader.kafka_errors():
                offsets = partitions_at(self.topic, new)
                self.consumer.commit(offsets=offsets, asynchronous=False)

    def records(
        self, starts: Mapping[int, int], ranges: Mapping[int, OffsetRange]
    ) -> Iterator[DeadLetterRecord]:
        """Yield the records from given offsets up to the ends of ranges.

        Args:
            starts: first offset to read, by partition.
            ranges: result of :meth:`ranges`.

        Raises:
            ConsumeError: the brokers do not respond any more.
        """
        return map(DeadLetterRecord.of, self._reader.records(starts, ranges))
