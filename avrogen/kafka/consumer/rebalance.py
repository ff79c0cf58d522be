"""Rebalance callbacks: partitions are assigned, revoked or lost.

librdkafka calls them in the poll thread. It assigns and revokes the partitions itself when a
callback returns (confluent-kafka's ``Consumer_rebalance_cb``), with whichever protocol the group
uses.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from threading import Condition
from time import monotonic
from typing import TYPE_CHECKING, Any, Final

from avrogen.kafka.consumer.consumer_client import commit_offsets, partitions_at
from avrogen.kafka.consumer.fetch_buffer import FetchBuffer, RawPartitionQueue
from avrogen.kafka.observability.logs import log_event

if TYPE_CHECKING:
    from confluent_kafka import Consumer, TopicPartition
    from confluent_kafka import Message as RawMessage

    from avrogen.kafka.callbacks import ConnectionState
    from avrogen.kafka.consumer.commit_metadata import CommitMetadata
    from avrogen.kafka.observability.observer import Observer, Partition

__all__ = ["LagReporter", "RebalanceListener"]

_TICK: Final = 0.05

_REBALANCING: Final = ("ILLEGAL_GENERATION", "REBALANCE_IN_PROGRESS", "STALE_MEMBER_EPOCH")
"""Errors of a group that would accept the commit a little later."""


class RebalanceListener:
    """Keeps the buffer in step with the assignment.

    Args:
        client: the consumer, which is not subscribed yet.
        topic: the topic's name.
        buffer: the queues of assigned partitions.
        changed: guards the buffer; notified when it may have something new.
        serve_calls: runs calls that other threads have queued for the poll thread.
        group: the consumer group.
        auto_commit: true if offsets of handled messages are committed before a partition is given
            up. It may be changed.
        grace: seconds to wait for in-flight messages. It may be changed.
        observer: told of assignments.
        wake: called when runners should look at their queues.

    Attributes:
        assignments: number of assignments so far.
        is_member: true from an assignment, perhaps of no partitions, until partitions are lost.
        metadata: writes and reads the metadata of commits; None: all is handled in order.
    """

    def __init__(
        self,
        client: Consumer,
        topic: str,
        *,
        buffer: FetchBuffer[RawMessage],
        changed: Condition,
        serve_calls: Callable[[], None],
        group: str,
        auto_commit: bool,
        grace: float,
        observer: Observer | None,
        wake: Callable[[], None],
    ) -> None:
        self._client = client
        self._wake = wake
        self._topic = topic
        self._buffer = buffer
        self._changed = changed
        self._serve_calls = serve_calls
        self._group = group
        self.auto_commit = auto_commit
        self.grace = grace
        self._observer = observer
        self._failure: Exception | None = None
        self._committed_last: dict[int, int | None] = {}
        self.assignments = 0
        self.is_member = False
        self.metadata: CommitMetadata | None = None

    def subscribe(self) -> None:
        """Have the client join the group, with these callbacks."""
        self._client.subscribe(
            [self._topic],
            on_assign=self._callback(self._assigned),
            on_revoke=self._callback(self._revoked),
            on_lost=self._callback(self._lost),
        )

    def raise_failure(self) -> None:
        """Raise what a callback has raised, of which the client would make a SystemError."""
        if self._failure is not None:
            raise self._failure

    def commit_before_leaving(self) -> None:
        """Commit what was handled, as soon as the group accepts it.

        During a rebalance, a group refuses commits of the previous generation, and a member joins
        the next one by polling. A member that leaves without that has everything since its last
        commit handled again.
        """
        deadline = monotonic() + self.grace
        while self.auto_commit:
            with self._changed:
                queues = list(self._buffer.queues.values())
            refusal = self._commit(queues)
            if refusal is None:
                self._committed_last = {queue.partition: queue.next_offset for queue in queues}
            if refusal not in _REBALANCING or monotonic() > deadline:
                return
            self._client.poll(_TICK)

    # --- callbacks --------------------------------------------------------------------------------

    def _callback(self, callback: Callable[[list[int]], None]) -> Callable[[Any, list[Any]], None]:
        def call(_client: object, partitions: list[Any]) -> None:
            try:
                callback([each.partition for each in partitions])
            except Exception as error:
                self._failure = error

        return call

    def _assigned(self, numbers: list[int]) -> None:
        with self._changed:
            self._buffer.assign(numbers)
            queues = [self._buffer.queues[number] for number in numbers]
        if self.metadata is not None:
            self.metadata.recall(queues)
        self.assignments += 1
        self.is_member = True
        self._log_partitions(logging.INFO, "consumer.assigned", numbers)
        if self._observer is not None:
            self._observer.assigned(self._named(numbers), self._group)

    def _revoked(self, numbers: list[int]) -> None:
        queues = self._remove(numbers)
        self._wait_for(queues)
        self._lose(queues)
        committed = self._committed_last
        queues = [q for q in queues if (q.partition, q.next_offset) not in committed.items()]
        if self.auto_commit:
            self._commit(queues)
        self._log_partitions(logging.INFO, "consumer.revoked", numbers)
        if self._observer is not None:
            self._observer.revoked(self._named(numbers), self._group)

    def _lost(self, numbers: list[int]) -> None:
        # Another member owns them by now. A commit from here would be taken for its own.
        self.is_member = False
        self._lose(self._remove(numbers))
        self._log_partitions(logging.WARNING, "consumer.lost", numbers)
        if self._observer is not None:
            self._observer.lost(self._named(numbers), self._group)

    # --- steps ------------------------------------------------------------------------------------

    def _remove(self, numbers: list[int]) -> list[RawPartitionQueue]:
        with self._changed:
            removed = self._buffer.remove(numbers)
            self._changed.notify_all()
        self._wake()  # a runner may have queues of which nothing is in flight
        return removed

    def _lose(self, queues: Sequence[RawPartitionQueue]) -> None:
        with self._changed:
            for queue in queues:
                queue.lose()

    def _wait_for(self, queues: Sequence[RawPartitionQueue]) -> None:
        """Let in-flight messages finish, so that no other member handles them again."""
        deadline = monotonic() + self.grace
        while True:
            with self._changed:
                unfinished = [queue.partition for queue in queues if queue.in_progress]
                if not unfinished:
                    return
                left = deadline - monotonic()
                if left <= 0:
                    break
                self._changed.wait(min(left, _TICK))
            # A handler may be waiting for the result of one of these.
            self._serve_calls()
        self._log_partitions(
            logging.WARNING, "consumer.revoke_overdue", unfinished, grace=self.grace
        )

    def _commit(self, queues: Sequence[RawPartitionQueue]) -> str | None:
        """Commit what was handled; return the name of the error if the group refuses it."""
        from confluent_kafka import KafkaException

        partitions = [
            self.place(queue, queue.partition, queue.next_offset)
            for queue in queues
            if queue.next_offset is not None
        ]
        if not partitions:
            return None
        # The commit callback of the client logs a refusal. What could not be committed is handled
        # again by the next owner of the partition.
        try:
            self._client.store_offsets(offsets=partitions)
            commit_offsets(self._client, partitions, self._group, self._observer)
        except KafkaException as error:
            refusal: str = error.args[0].name()
            return refusal
        return None

    def place(self, queue: RawPartitionQueue | None, number: int, offset: int) -> TopicPartition:
        """Return an offset to commit, with metadata if messages are handled out of order.

        Args:
            queue: the queue of the partition; None: it is no longer assigned.
            number: the partition's number.
            offset: the offset.
        """
        if self.metadata is None or queue is None:
            return partitions_at(self._topic, [(number, offset)])[0]
        return self.metadata.place(queue, offset)

    def _log_partitions(
        self, level: int, event: str, numbers: list[int], grace: float | None = None
    ) -> None:
        log_event(
            level, event, topic=self._topic, group=self._group, partitions=numbers, grace=grace
        )

    def _named(self, numbers: list[int]) -> list[Partition]:
        return [(self._topic, number) for number in numbers]


# --- lag ------------------------------------------------------------------------------------------

_INTERVAL: Final = 10.0
_TIMEOUT: Final = 1.0


class LagReporter:
    """Tells an observer of the lag of the assigned partitions, in the poll thread.

    Args:
        topic: the topic's name.
        group: the consumer group.
        observer: told of it.
        count: counts the lag by partition; its argument is the timeout of each request.
        connection: nothing is asked while no broker answers.
    """

    def __init__(
        self,
        topic: str,
        group: str,
        observer: Observer,
        count: Callable[[float], Mapping[int, int]],
        connection: ConnectionState,
    ) -> None:
        self._topic = topic
        self._group = group
        self._observer = observer
        self._count = count
        self._connection = connection
        self._next: float | None = None

    def look(self, now: float) -> None:
        """Report, if it is time."""
        if self._next is None:
            self._next = now + 1.0  # until something is fetched
        elif now >= self._next:
            self._next = now + _INTERVAL
            self.report()

    def report(self) -> None:
        """Report now."""
        from confluent_kafka import KafkaException

        if self._connection.unanswered:
            return
        with suppress(KafkaException):
            lag = self._count(_TIMEOUT)
            if lag:
                named = {(self._topic, number): count for number, count in lag.items()}
                self._observer.lag(named, self._group)
