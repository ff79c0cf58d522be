"""Reader of a dead-letter topic: its records, and the offsets up to which they were replayed.

The replayed offsets are those of a consumer group, see :mod:`avrogen.dead_letters.replay`.
"""

from __future__ import annotations

from collections.abc import Generator, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from difflib import get_close_matches
from time import monotonic
from typing import TYPE_CHECKING, Any, Final, cast

from avrogen.errors import ConsumeError
from avrogen.kafka.callbacks import Callbacks
from avrogen.kafka.checked_access import error_text, repair_headers
from avrogen.kafka.client_config import Settings, check_text
from avrogen.kafka.cluster_metadata import list_partitions
from avrogen.kafka.consumer.consumer_client import create_consumer, partitions_at
from avrogen.kafka.consumer.dead_letter_topic import DeadLetterOrigin, origin_of, original_headers
from avrogen.kafka.message import Header

if TYPE_CHECKING:
    from confluent_kafka import Consumer, KafkaError
    from confluent_kafka import Message as RawMessage

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
    def of(cls, raw: RawMessage) -> DeadLetterRecord:
        """Create the record of a consumed message."""
        repair_headers(raw)
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


_TIMEOUT: Final = 30.0
"""Seconds without a response after which a command fails."""

_POLL_TIMEOUT: Final = 0.1
_POLL_SIZE: Final = 500


def replay_group(topic: str) -> str:
    """Return the consumer group whose committed offsets are the replayed offsets of a topic."""
    return f"avrogen-replay-{topic}"


@dataclass(frozen=True, slots=True)
class OffsetRange:
    """The offsets of a partition.

    Attributes:
        first: first existing offset.
        replayed: first offset that was not replayed.
        end: offset after the last record.
    """

    first: int
    replayed: int
    end: int


class DeadLetterReader:
    """A reader of the records that a dead-letter topic has now.

    Args:
        client: :attr:`avrogen.kafka.client_config.Configuration.client`.
        topic: name of the dead-letter topic.
    """

    def __init__(self, client: Settings, topic: str) -> None:
        check_text(topic, "the topic's name")
        self.topic = topic
        settings = {**client, "enable.partition.eof": True}
        # Client properties of a service, which reads as a member of its own group.
        for name in ("group.id", "group.instance.id", "group.protocol", "enable.auto.commit"):
            settings.pop(name, None)
        self.consumer: Consumer = create_consumer(
            settings, Callbacks(None), group=replay_group(topic), auto_commit=False
        )

    def close(self) -> None:
        """Close the connections."""
        self.consumer.close()

    def ranges(self) -> dict[int, OffsetRange]:
        """Return the offsets of each partition.

        Raises:
            ConsumeError: the topic does not exist, or the brokers do not respond.
        """
        from confluent_kafka import TopicPartition

        with self._kafka_errors():
            numbers = list_partitions(self.consumer, self.topic, _TIMEOUT)
            partitions = [TopicPartition(self.topic, number) for number in numbers]
            ranges: dict[int, OffsetRange] = {}
            for committed in self.consumer.committed(partitions, timeout=_TIMEOUT):
                low, high = self.consumer.get_watermark_offsets(committed, timeout=_TIMEOUT)
                ranges[committed.partition] = OffsetRange(low, max(low, committed.offset), high)
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
            with self._kafka_errors():
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
        from confluent_kafka import TopicPartition

        left = {number for number, start in starts.items() if start < ranges[number].end}
        with self._kafka_errors():
            self.consumer.assign(
                [TopicPartition(self.topic, number, starts[number]) for number in sorted(left)]
            )
        deadline = monotonic() + _TIMEOUT
        while left:
            for record in self._poll(left):
                deadline = monotonic() + _TIMEOUT
                if record.partition in left:
                    if record.offset < ranges[record.partition].end:
                        yield record
                    if record.offset + 1 >= ranges[record.partition].end:
                        left.discard(record.partition)
            if monotonic() > deadline:
                raise ConsumeError(
                    f"no response from the brokers for {_TIMEOUT:.0f} s", topic=self.topic
                )

    def _poll(self, left: set[int]) -> Iterator[DeadLetterRecord]:
        """Yield consumed records, and remove partitions at their end from those that are left."""
        for message in self.consumer.consume(_POLL_SIZE, _POLL_TIMEOUT):
            error = message.error()
            if error is None:
                yield DeadLetterRecord.of(message)
            elif error.name() == "_PARTITION_EOF":
                left.discard(cast("int", message.partition()))
            elif error.fatal() or not error.retriable():
                raise self._error(error)

    @contextmanager
    def _kafka_errors(self) -> Generator[None]:
        from confluent_kafka import KafkaException

        try:
            yield
        except KafkaException as exception:
            error = exception.args[0]
            if error.name() == "UNKNOWN_TOPIC_OR_PART":
                raise self._unknown_topic(error) from exception
            raise self._error(error) from exception

    def _unknown_topic(self, error: KafkaError) -> ConsumeError:
        """Return the error for an unknown topic, with the most similar name if there is one."""
        others = self.consumer.list_topics(timeout=_TIMEOUT).topics
        near = get_close_matches(self.topic, list[str](others), n=1)
        hint = f"; did you mean {near[0]}?" if near else ""
        return ConsumeError(
            f"cannot read dead-lettered records: {error_text(error)}{hint}",
            topic=self.topic,
            code=error.name(),
        )

    def _error(self, error: KafkaError | Any) -> ConsumeError:
        return ConsumeError(
            f"cannot read dead-lettered records: {error_text(error)}",
            topic=self.topic,
            code=error.name(),
        )
