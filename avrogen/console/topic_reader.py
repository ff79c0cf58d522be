"""Reader of a topic for commands: the records that it has, and those that come.

It is no member of a group: it reads the offsets that it is told to, and commits nothing.
"""

from __future__ import annotations

import heapq
from collections import deque
from collections.abc import Generator, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from difflib import get_close_matches
from time import monotonic
from typing import TYPE_CHECKING, Any, Final, cast

from avrogen.errors import ConsumeError
from avrogen.kafka.callbacks import Callbacks
from avrogen.kafka.checked_access import error_text, sizes_of
from avrogen.kafka.client_config import Settings, check_text
from avrogen.kafka.cluster_metadata import list_partitions
from avrogen.kafka.consumer.consumer_client import create_consumer, partitions_at, partitions_of
from avrogen.kafka.message import Header

if TYPE_CHECKING:
    from confluent_kafka import Consumer, KafkaError
    from confluent_kafka import Message as RawMessage

__all__ = ["OffsetBounds", "TopicReader", "TopicRecord"]


@dataclass(frozen=True, slots=True)
class TopicRecord:
    """A record of a topic, nothing decoded.

    Attributes:
        topic: name of the topic.
        partition: number of the partition.
        offset: offset in the partition.
        timestamp: milliseconds since 1970, if known.
        key: bytes of the key, or None.
        value: bytes of the value, or None.
        headers: headers, in their order.
        size: bytes of all of them.
    """

    topic: str
    partition: int
    offset: int
    timestamp: int | None
    key: bytes | None
    value: bytes | None
    headers: tuple[Header, ...]
    size: int = 0

    @classmethod
    def of(cls, raw: RawMessage) -> TopicRecord:
        """Create the record of a consumed message."""
        (size,) = sizes_of([raw])  # repairs headers
        kind, milliseconds = raw.timestamp()
        return cls(
            topic=cast("str", raw.topic()),
            partition=cast("int", raw.partition()),
            offset=cast("int", raw.offset()),
            timestamp=milliseconds if kind else None,
            key=raw.key(),
            value=raw.value(),
            headers=tuple(cast("list[Header]", raw.headers() or [])),
            size=size,
        )

    @property
    def time(self) -> int:
        """The timestamp for sorting; a record without one comes first."""
        return -1 if self.timestamp is None else self.timestamp


@dataclass(frozen=True, slots=True)
class OffsetBounds:
    """The offsets that a partition has.

    Attributes:
        first: first existing offset.
        end: offset after the last record.
    """

    first: int
    end: int


_POLL_TIMEOUT: Final = 0.1
_POLL_SIZE: Final = 500

_MOST_WAITING: Final = 2_000
_MOST_WAITING_BYTES: Final = 4_000_000
"""Records of a partition, and their bytes, that wait for those of other partitions."""

_OF_GROUPS: Final = frozenset(
    {
        "COORDINATOR_LOAD_IN_PROGRESS",
        "COORDINATOR_NOT_AVAILABLE",
        "GROUP_AUTHORIZATION_FAILED",
        "NOT_COORDINATOR",
    }
)
"""Errors of a group, which does not matter to a reader that is no member of one."""


_UNREACHED: Final = frozenset({"_ALL_BROKERS_DOWN", "_TIMED_OUT", "_TRANSPORT"})
"""Errors that do not say why brokers cannot be reached."""


class TopicReader:
    """A reader of the records of a topic.

    Args:
        client: :attr:`avrogen.kafka.client_config.Configuration.client`.
        topic: name of the topic.
        timeout: seconds without a response after which reading fails.
        group: consumer group whose committed offsets are used; None: those of no group are.
        what: name of the records in errors.
    """

    def __init__(
        self,
        client: Settings,
        topic: str,
        timeout: float,
        *,
        group: str | None = None,
        what: str = "messages",
    ) -> None:
        check_text(topic, "the topic's name")
        self.topic = topic
        self._timeout = timeout
        self._what = what
        self._connection_error = ""
        self._is_down = False
        self._ignored = frozenset[str]() if group else _OF_GROUPS
        settings = {**client, "enable.partition.eof": True}
        # Client properties of a service, which reads as a member of its own group.
        for name in ("group.id", "group.instance.id", "group.protocol", "enable.auto.commit"):
            settings.pop(name, None)
        # librdkafka's consumer has a group, which it only joins when it subscribes.
        callbacks = Callbacks(None, on_error=self._failed)
        self.consumer: Consumer = create_consumer(
            settings, callbacks, group=group or "avrogen-read", auto_commit=False
        )

    def close(self) -> None:
        """Close the connections."""
        self.consumer.close()

    def bounds(self) -> dict[int, OffsetBounds]:
        """Return the offsets of each partition.

        Raises:
            ConsumeError: the topic does not exist, or the brokers do not respond.
        """
        with self.kafka_errors():
            numbers = list_partitions(self.consumer, self.topic, self._timeout)
            bounds: dict[int, OffsetBounds] = {}
            for place in partitions_of(self.topic, numbers):
                low, high = self.consumer.get_watermark_offsets(place, timeout=self._timeout)
                bounds[place.partition] = OffsetBounds(low, high)
            return bounds

    def offsets_at(self, milliseconds: int, partitions: Mapping[int, OffsetBounds]) -> list[int]:
        """Return the first offset of each partition whose record is not before a time.

        Args:
            milliseconds: since 1970.
            partitions: bounds of partitions, whose ends stand for no such record.

        Raises:
            ConsumeError: the brokers do not respond.
        """
        places = partitions_at(self.topic, ((number, milliseconds) for number in partitions))
        with self.kafka_errors():
            found = self.consumer.offsets_for_times(places, timeout=self._timeout)
        offsets: list[int] = []
        for place in found:
            if place.error is not None:
                raise self.error(place.error)
            bounds = partitions[place.partition]
            offsets.append(place.offset if place.offset >= 0 else bounds.end)
        return offsets

    def records(
        self, starts: Mapping[int, int], bounds: Mapping[int, OffsetBounds]
    ) -> Iterator[TopicRecord]:
        """Yield the records from given offsets up to the ends, as they come.

        Args:
            starts: first offset to read, by partition.
            bounds: result of :meth:`bounds`.

        Raises:
            ConsumeError: the brokers do not respond any more.
        """
        for record in self._records(starts, bounds):
            if record is not None:
                yield record

    def in_time_order(
        self, starts: Mapping[int, int], bounds: Mapping[int, OffsetBounds]
    ) -> Iterator[TopicRecord]:
        """Yield the records of :meth:`records` by their timestamps.

        Those of one partition stay in the order of their offsets. A partition that is ahead of the
        others is paused, so that few records wait.

        Raises:
            ConsumeError: as :meth:`records`.
        """
        unread = _unread(starts, bounds)
        waiting: dict[int, deque[TopicRecord]] = {number: deque() for number in unread}
        sizes = dict.fromkeys(unread, 0)
        first: list[tuple[int, int]] = []
        paused: set[int] = set()
        records = self._records(starts, bounds, unread)
        for record in records:
            if record is not None:
                number = record.partition
                if not waiting[number]:
                    heapq.heappush(first, (record.time, number))
                waiting[number].append(record)
                sizes[number] += record.size
                full = len(waiting[number]) > _MOST_WAITING or sizes[number] > _MOST_WAITING_BYTES
                if full and number in unread and number not in paused:
                    paused.add(number)
                    self.consumer.pause(partitions_of(self.topic, [number]))
            while first and all(waiting[number] for number in unread):
                _, number = heapq.heappop(first)
                earliest = waiting[number].popleft()
                sizes[number] -= earliest.size
                if waiting[number]:
                    heapq.heappush(first, (waiting[number][0].time, number))
                elif number in paused:
                    paused.discard(number)
                    if number in unread:
                        self.consumer.resume(partitions_of(self.topic, [number]))
                yield earliest

    @property
    def unreachable(self) -> str | None:
        """The reason why no broker can be reached; None if one was, since the last message."""
        return self._connection_error if self._is_down else None

    def follow(self, starts: Mapping[int, int]) -> Iterator[TopicRecord | None]:
        """Yield records from given offsets without an end, as they come; None: there are none now.

        Raises:
            ConsumeError: the brokers refuse.
        """
        with self.kafka_errors():
            self.consumer.assign(partitions_at(self.topic, sorted(starts.items())))
        while True:
            yield from self._poll(set())
            yield None

    def _records(
        self,
        starts: Mapping[int, int],
        bounds: Mapping[int, OffsetBounds],
        unread: set[int] | None = None,
    ) -> Iterator[TopicRecord | None]:
        """Yield records, and None after each poll; partitions that were read leave ``unread``."""
        left = _unread(starts, bounds) if unread is None else unread
        with self.kafka_errors():
            self.consumer.assign(
                partitions_at(self.topic, ((number, starts[number]) for number in sorted(left)))
            )
        deadline = monotonic() + self._timeout
        while left:
            for record in self._poll(left):
                deadline = monotonic() + self._timeout
                if record.partition in left:
                    end = bounds[record.partition].end
                    if record.offset + 1 >= end:
                        left.discard(record.partition)
                    if record.offset < end:
                        yield record
            yield None
            if monotonic() > deadline:
                raise ConsumeError(
                    f"no response from the brokers for {self._timeout:g} s", topic=self.topic
                )

    def _poll(self, left: set[int]) -> Iterator[TopicRecord]:
        """Yield consumed records, and remove partitions at their end from those that are left."""
        for message in self.consumer.consume(_POLL_SIZE, _POLL_TIMEOUT):
            error = message.error()
            if error is None:
                self._is_down = False
                yield TopicRecord.of(message)
            elif error.name() == "_PARTITION_EOF":
                left.discard(cast("int", message.partition()))
            elif error.name() not in self._ignored and (error.fatal() or not error.retriable()):
                raise self.error(error)

    @contextmanager
    def kafka_errors(self) -> Generator[None]:
        """Raise exceptions of confluent-kafka as a ConsumeError."""
        from confluent_kafka import KafkaException

        try:
            yield
        except KafkaException as exception:
            error = exception.args[0]
            if error.name() == "UNKNOWN_TOPIC_OR_PART":
                raise self._unknown_topic(error) from exception
            raise self.error(error) from exception

    def error(self, error: KafkaError | Any) -> ConsumeError:
        """Return the exception for an error of the client."""
        text = error_text(error)
        if error.name() in _UNREACHED:
            self.consumer.poll(0)  # serves callbacks
            text += f": {self._connection_error}" if self._connection_error else ""
        return ConsumeError(
            f"cannot read {self._what}: {text}", topic=self.topic, code=error.name()
        )

    def _failed(self, error: KafkaError) -> None:
        if error.name() == "_ALL_BROKERS_DOWN":
            self._is_down = True
        else:
            self._connection_error = error_text(error)

    def _unknown_topic(self, error: KafkaError) -> ConsumeError:
        """Return the error for an unknown topic, with the most similar name if there is one."""
        others = self.consumer.list_topics(timeout=self._timeout).topics
        near = get_close_matches(self.topic, list[str](others), n=1)
        hint = f"; did you mean {near[0]}?" if near else ""
        return ConsumeError(
            f"cannot read {self._what}: {error_text(error)}{hint}",
            topic=self.topic,
            code=error.name(),
        )


def _unread(starts: Mapping[int, int], bounds: Mapping[int, OffsetBounds]) -> set[int]:
    return {number for number, start in starts.items() if start < bounds[number].end}
