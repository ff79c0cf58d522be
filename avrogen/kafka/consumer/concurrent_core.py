"""Core of the runners of handlers at the same time, in order by key.

:class:`ConcurrentCore` sorts decoded messages into key queues and hands them out; what follows when
one fails is decided by :class:`~avrogen.kafka.consumer.runner_core.RunnerCore`, for a key queue as
for a partition queue. Quick handlers are called in runs, whose messages are not sorted. The drivers
are :class:`avrogen.kafka.consumer.concurrent_runner.ConcurrentRunner`, with threads, and
:class:`avrogen.kafka.consumer.async_concurrent_runner.AsyncConcurrentRunner`, with tasks.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Hashable, Sequence
from typing import TYPE_CHECKING, Any, ClassVar, Final, TypeAlias, TypeVar, cast

from avrogen.errors import ConsumeError
from avrogen.kafka.consumer.key_scheduler import (
    ActivePartition,
    ConcurrencyLimits,
    KeyQueue,
    KeyScheduler,
    Ordering,
    PartitionRun,
)
from avrogen.kafka.consumer.message_reader import (
    READ_AHEAD,
    MessageUnreadable,
    SchemaNotCached,
    SkippedMessage,
)
from avrogen.kafka.consumer.runner_core import SCHEMA_BACKOFF, Lease, RunnerCore
from avrogen.kafka.observability.logs import log_event

if TYPE_CHECKING:
    from confluent_kafka import Message as RawMessage

    from avrogen.kafka.consumer.message_source import RunnerSession
    from avrogen.kafka.message import Message

__all__ = ["ConcurrentCore", "RawKeyQueue", "RawPartitionRun"]

K = TypeVar("K")
V = TypeVar("V")

RawKeyQueue: TypeAlias = "KeyQueue[RawMessage]"
"""A key queue of messages as confluent-kafka gives them."""

RawPartitionRun: TypeAlias = "PartitionRun[RawMessage]"
"""A run of such messages."""

_LARGE: Final = 65_536
"""Bytes of a message that is decoded only when it starts: decoded values take more memory."""


class ConcurrentCore(RunnerCore[K, V]):
    """Everything about concurrent handling that threads and asyncio share.

    One thread at a time calls it.

    Args:
        session: an open consumer.
        handler: the user's handler, named in the headers of dead-lettered records.
        limits: limits of handling concurrently.

    Attributes:
        scheduler: decides which message is handled next.
        failures: exceptions after which the consumer must not go on.
    """

    passes_dead_letters: ClassVar[bool] = False

    def __init__(
        self, session: RunnerSession[K, V], handler: object, limits: ConcurrencyLimits
    ) -> None:
        super().__init__(session, handler)
        self.scheduler: KeyScheduler[RawMessage] = KeyScheduler(
            limits, key_of=_KEYS[limits.ordering], offset_of=_offset
        )
        self.failures: list[BaseException] = []
        self.grace = session.grace
        self._stalled: dict[int, int] = {}

    # --- taking -----------------------------------------------------------------------------------

    def needs_attention(self) -> bool:
        """Return true if :meth:`attend` has something to do. Any thread may ask."""
        now = self.error_handler.clock()
        return bool(self.failures) or self.scheduler.needs_attention(
            now, messages=not self.gets_on(now)
        )

    def attend(self) -> None:
        """End what has waited long enough, and release the queues that are wanted back."""
        self.scheduler.look(self.error_handler.clock())
        self.release_returned()

    def gets_on(self, now: float) -> bool:
        """Return true if a slot takes messages by itself soon, so that nobody else need do it."""
        return False

    def next_key_queue(self) -> RawKeyQueue | None:
        """Start the message whose turn it is, and return its key queue; None: there is none now."""
        if self.failures or self.source.stopping:
            return None
        clock = self.error_handler.clock
        keys = self.scheduler.start(clock())
        if keys is None and self.refill():
            keys = self.scheduler.start(clock())
        return keys

    def next_quick_work(self) -> RawKeyQueue | RawPartitionRun | None:
        """Start what suits quick handlers: if no key queue is ready, a run, where one can start."""
        if self.failures or self.source.stopping:
            return None
        return self.scheduler.start(self.error_handler.clock()) or self._next_run()

    def _next_run(self) -> RawPartitionRun | None:
        """Start a run; None: there can be none, or its first message has to be handled apart."""
        now = self.error_handler.clock()
        partition = self.scheduler.next_in_order(now)
        if partition is None:
            return None
        messages = self._decode(partition)
        return self.scheduler.start_run(partition, messages, now) if messages else None

    def next_event(self) -> float | None:
        """Return when something is to be done next, though nothing happens; None: nothing is."""
        return self.scheduler.next_event()

    def next_work(self) -> Any:
        """Return what a worker should do next, by ``perform_work``; None: nothing now."""
        return self.next_key_queue()

    def end(self, keys: RawKeyQueue, lease: Lease, started: float) -> None:
        """End what :meth:`next_key_queue` has started.

        Args:
            keys: the key queue.
            lease: its lease, with the backoff.
            started: when it was started, by the consumer's clock.
        """
        now = self.error_handler.clock()
        self.error_handler.counts.handling_time += now - started
        self.scheduler.finish(keys, None if lease.backoff is None else now + lease.backoff)
        if keys.owner.wanted_back or keys.owner.closed:
            self.release_returned()

    def end_run(self, run: RawPartitionRun, lease: Lease, started: float) -> None:
        """End a run likewise, or what was split off from it.

        Args:
            run: the run.
            lease: the lease of what was split off, or else of the partition queue.
            started: when the run was started, by the consumer's clock.
        """
        if run.split_off is not None:
            self.end(run.split_off, lease, started)
            return
        self.error_handler.counts.handling_time += self.error_handler.clock() - started
        self.scheduler.finish_run(run)
        self.source.made_room()
        if run.owner.wanted_back or run.owner.closed:
            self.release_returned()

    def ends_early(self, run: RawPartitionRun) -> bool:
        """Return true if no more messages of a run may start."""
        return bool(self.failures) or run.owner.closed

    def release_returned(self) -> None:
        """Release the queues of partitions that are wanted back and have nothing in flight."""
        for queue in self.scheduler.returned():
            self.source.release(queue)

    def release_all(self) -> None:
        """Release the queues of all partitions, at the end; those in flight follow later."""
        for queue in self.scheduler.close():
            self.source.release(queue)

    def raise_failure(self) -> None:
        """Raise the failure that has ended the handling: of several, that of the lowest offset."""
        if self.failures:
            raise min(self.failures, key=_place)

    def refill(self) -> bool:
        """Take fetched messages, as many as are needed; return true if there were any."""
        scheduler, clock = self.scheduler, self.error_handler.clock
        taken = False
        while (partition := scheduler.next_partition(clock())) is not None:
            self._take(partition)
            taken = True
        if taken:
            self.source.made_room()
        return taken

    def _take(self, partition: ActivePartition[RawMessage]) -> None:
        """Take messages of a partition, decoded as far as they can be."""
        scheduler, queue = self.scheduler, partition.queue
        if scheduler.was_handled(partition):
            scheduler.pass_by(partition)
            return
        for message in self._decode(partition):
            if scheduler.was_handled(partition):
                scheduler.pass_by(partition)
            elif isinstance(message, SkippedMessage):
                self.error_handler.skip(queue, message)
                scheduler.pass_by(partition)
            else:
                scheduler.take(partition, message)
            if scheduler.is_stalled(partition):
                self._report_stalled(partition)
                break

    def _decode(
        self, partition: ActivePartition[RawMessage]
    ) -> Sequence[Message[K, V] | SkippedMessage]:
        """Decode the first messages of a partition; if the first one cannot be, it is taken."""
        scheduler, queue = self.scheduler, partition.queue
        if len(queue.messages[0]) > _LARGE:
            scheduler.take(partition)
            return ()
        limit = min(READ_AHEAD, scheduler.room(partition))
        try:
            messages = self.reader.read_ahead(queue.messages, 0, limit)
        except SchemaNotCached as missing:
            self._fetch_schema(partition, missing)
            return ()
        except MessageUnreadable:
            scheduler.take(partition)  # it fails again when its turn has come
            return ()
        queue.schema_fetch = None
        self.error_handler.received(queue, messages)
        return messages

    def _fetch_schema(
        self, partition: ActivePartition[RawMessage], missing: SchemaNotCached
    ) -> None:
        """Have the schema of the next message fetched; meanwhile its partition waits."""
        queue = partition.queue
        if queue.schema_fetch is None or queue.schema_fetch[0] != missing.key:
            queue.schema_fetch = missing.key, missing.start()
        elif queue.schema_fetch[1].done():  # and failed, or it would be cached
            queue.schema_fetch = None
            self.scheduler.take(partition)
            return
        if not queue.schema_fetch[1].done():
            partition.retry_at = self.error_handler.clock() + SCHEMA_BACKOFF

    def _report_stalled(self, partition: ActivePartition[RawMessage]) -> None:
        """Log once that a message keeps all others of its partition waiting."""
        offset = partition.tracker.first_pending
        number = partition.queue.partition
        if offset is not None and self._stalled.get(number) != offset:
            self._stalled[number] = offset
            log_event(
                logging.WARNING,
                "consumer.stalled",
                topic=self.error_handler.topic,
                group=self.error_handler.group,
                partition=number,
                offset=offset,
                handled_beyond=partition.tracker.beyond,
            )


def _offset(raw: RawMessage) -> int:
    return cast("int", raw.offset())


_KEYS: Final[dict[Ordering, Callable[[RawMessage], Hashable]]] = {
    "key": lambda raw: raw.key(),
    "partition": lambda _: b"",
    "unordered": lambda _: None,
}


def _place(failure: BaseException) -> tuple[int, int, int]:
    """Return what failures are sorted by: without a place first, then by partition and offset."""
    if not isinstance(failure, ConsumeError) or failure.offset is None:
        return 0, 0, 0
    return 1, failure.partition or 0, failure.offset
