"""Metadata of commits, by which messages that are handled out of order are remembered.

The committed offset is that of the first message that is not handled. The metadata of the commit
says which messages behind it are (:mod:`avrogen.kafka.consumer.offset_tracker` has the encoding):
whoever is assigned the partition next, after a crash as well, does not handle these again.

librdkafka commits a stored offset only if it is another one than the last. While one message takes
long, the offset stays and the metadata grows, so it is committed here.

One thread calls this: the poll thread.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from contextlib import suppress
from typing import TYPE_CHECKING, Final

from avrogen.kafka.consumer.consumer_client import partitions_of
from avrogen.kafka.consumer.offset_tracker import decode_handled

if TYPE_CHECKING:
    from collections.abc import Callable

    from confluent_kafka import Consumer, TopicPartition

    from avrogen.kafka.consumer.fetch_buffer import RawPartitionQueue

__all__ = ["CommitMetadata"]

_TIMEOUT: Final = 10.0
"""Seconds for brokers to return committed offsets. Without them, messages are handled again."""


class CommitMetadata:
    """Writes the metadata of commits, and reads that of earlier ones.

    Args:
        client: the consumer.
        topic: the topic's name.
        interval: seconds between commits.
        refused: returns true if the brokers do not accept metadata of this size.
    """

    def __init__(
        self, client: Consumer, topic: str, *, interval: float, refused: Callable[[], bool]
    ) -> None:
        self._client = client
        self._topic = topic
        self._interval = interval
        self._refused = refused
        self._next = 0.0

    def recall(self, queues: Sequence[RawPartitionQueue]) -> None:
        """Read what was handled before these partitions were assigned.

        Queues that are read from another offset than the committed one, or were asked for before,
        are left out.
        """
        from confluent_kafka import KafkaException

        wanted = {each.partition: each for each in queues if each.from_committed}
        if not wanted:
            return
        with suppress(KafkaException):
            places = partitions_of(self._topic, wanted)
            for place in self._client.committed(places, timeout=_TIMEOUT):
                queue = wanted[place.partition]
                queue.from_committed = False
                if place.error is None and place.offset >= 0:
                    queue.handled_before = decode_handled(place.offset, place.metadata)

    def place(self, queue: RawPartitionQueue, offset: int) -> TopicPartition:
        """Return an offset to commit, with its metadata.

        Args:
            queue: the queue of its partition.
            offset: the offset, behind which nothing is committed.
        """
        from confluent_kafka import TopicPartition

        tracker = queue.progress
        metadata = ""
        if tracker is not None and not self._refused():
            metadata = tracker.commit_point(offset).metadata
        return TopicPartition(self._topic, queue.partition, offset, metadata=metadata)

    def commit(self, queues: Iterable[RawPartitionQueue], now: float) -> None:
        """Commit what was handled out of order since the last time, if it is time; do not wait.

        The offsets are stored as well: the client commits them later if this is refused.

        Raises:
            KafkaException: a partition is no longer assigned.
        """
        if now < self._next:
            return
        places: list[TopicPartition] = []
        for queue in queues:
            tracker, offset = queue.progress, queue.next_offset
            if tracker is not None and tracker.completed != tracker.reported:
                tracker.reported = tracker.completed
                if offset is not None:
                    places.append(self.place(queue, offset))
        if places:
            self._next = now + self._interval
            self._client.store_offsets(offsets=places)
            self._client.commit(offsets=places, asynchronous=True)
