"""Batches that are handled at the same time, each key in one of them at a time.

:class:`KeyBatches` makes a batch of key queues that are ready, and handles it by the decisions of
:class:`~avrogen.kafka.consumer.batch_runner.BatchRunner`: a key queue is a partition queue to it.
:class:`ConcurrentBatchRunner` calls handlers in threads, :class:`AsyncConcurrentBatchRunner` in
tasks; taking messages and ending are those of handling message by message.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, ClassVar, Final, TypeVar

from avrogen.kafka.consumer.async_concurrent_runner import AsyncConcurrentRunner
from avrogen.kafka.consumer.batch_runner import Batch, BatchLimits, BatchPartition, BatchRunner
from avrogen.kafka.consumer.concurrent_core import ConcurrentCore
from avrogen.kafka.consumer.concurrent_runner import ConcurrentRunner
from avrogen.kafka.consumer.key_scheduler import LEAST_WINDOW, ConcurrencyLimits
from avrogen.kafka.consumer.runner_core import Effects

if TYPE_CHECKING:
    from avrogen.kafka.consumer.message_source import QueueWaiter, RunnerSession
    from avrogen.kafka.message import Message

__all__ = ["AsyncConcurrentBatchRunner", "ConcurrentBatchRunner", "KeyBatches"]

K = TypeVar("K")
V = TypeVar("V")

_MOST_KEYS: Final = 10_000
"""Key queues in all batches that are in flight."""


@dataclass(frozen=True, slots=True)
class _KeyLimits(ConcurrencyLimits):
    """Limits of key queues, of which a batch has many."""

    @property
    def window(self) -> int:
        """Most messages of a partition that are taken and not handled."""
        return max(LEAST_WINDOW, 2 * self.slots)


def _key_limits(limits: ConcurrencyLimits, batches: BatchLimits) -> ConcurrencyLimits:
    keys = min(limits.slots * batches.max_records, _MOST_KEYS)
    return _KeyLimits(keys, limits.ordering, limits.beyond)


class _KeyBatchRunner(BatchRunner[K, V]):
    """Decides about batches of key queues."""

    passes_dead_letters: ClassVar[bool] = False

    def ends(self, batch: Batch[K, V], handled: Sequence[Message[K, V]]) -> list[int]:
        """Return the offset of the last handled message of each part: all are handled."""
        return [part.messages[-1].offset for part in batch.partitions]


class KeyBatches:
    """Makes batches of the key queues of a runner, and handles them.

    Args:
        core: the runner.
        session: an open consumer.
        handle: the user's handler.
        limits: limits of each batch.
        slots: most batches that are handled at the same time.
    """

    def __init__(
        self,
        core: ConcurrentCore[Any, Any],
        session: RunnerSession[Any, Any],
        handle: Callable[..., Any],
        limits: BatchLimits,
        slots: int,
    ) -> None:
        self._core = core
        self._runner: _KeyBatchRunner[Any, Any] = _KeyBatchRunner(session, handle, limits)
        self._limits = limits
        self._slots = slots
        self._in_flight = 0
        self._deadline: float | None = None

    @property
    def deadline(self) -> float | None:
        """The time of the next batch, even if it is not full; None: no message waits for it."""
        return self._deadline if self._in_flight < self._slots else None

    def next_batch(self) -> Batch[Any, Any] | None:
        """Start the key queues of the next batch; None: none is to be handled now."""
        core, now = self._core, self._core.error_handler.clock()
        if core.failures or core.source.stopping or self._in_flight >= self._slots:
            return None
        core.scheduler.look(now)
        core.refill()
        if not core.scheduler.ready:
            self._deadline = None
            return None
        if self._deadline is None:
            self._deadline = now + self._limits.max_wait
        if now < self._deadline and not self._is_full():
            return None
        self._deadline = None
        batch: Batch[Any, Any] = Batch(self._limits)
        while batch.room > 0 and (keys := core.scheduler.start(now)) is not None:
            part: BatchPartition[Any, Any] = BatchPartition(keys)
            for decoded in list(keys.decoded)[: batch.room]:
                if decoded is None:
                    break  # it is decoded alone, when its turn has come
                part.messages.append(decoded)
            batch.partitions.append(part)
            if not part.messages:
                break
        if not batch.partitions:
            return None
        self._in_flight += 1
        return batch

    def _is_full(self) -> bool:
        count = 0
        for keys in self._core.scheduler.ready:
            count += len(keys.messages)
            if count >= self._limits.max_records:
                return True
        return False

    def handle(self, batch: Batch[Any, Any]) -> Effects[None]:
        """Handle a batch.

        Raises:
            ConsumeError: the consumer must stop.
        """
        last = batch.partitions[-1]
        if not last.messages:  # only the last one can have none that is decoded
            last.messages.extend((yield from self._runner.read(last, 1)))
            yield from self._runner.skip_first(last)
        ready = [part for part in batch.partitions if part.messages]
        if ready:
            whole, batch.partitions = batch.partitions, ready
            try:
                yield from self._runner.handle_batch(batch)
                for part in ready:
                    yield from self._runner.settle(part)
            finally:
                batch.partitions = whole

    def end(self, batch: Batch[Any, Any], started: float) -> None:
        """End what :meth:`next_batch` has started.

        Args:
            batch: the batch.
            started: when it was started, by the consumer's clock.
        """
        self._in_flight -= 1
        # Here the queue of each part is a key queue, which the type of batches does not say.
        for part in batch.partitions:
            self._core.end(part.queue, part, started)  # type: ignore[arg-type]
            started = self._core.error_handler.clock()  # the time of a batch is counted once


class ConcurrentBatchRunner(ConcurrentRunner[K, V]):
    """Handles batches in threads.

    Args:
        session: an open consumer.
        handle: the user's handler.
        batches: limits of each batch.
        limits: limits of handling concurrently; a slot is a batch.
    """

    def __init__(
        self,
        session: RunnerSession[K, V],
        handle: Callable[..., Any],
        batches: BatchLimits,
        limits: ConcurrencyLimits,
    ) -> None:
        super().__init__(session, handle, _key_limits(limits, batches))
        self.workers = limits.slots
        self._batches = KeyBatches(self, session, handle, batches, limits.slots)

    def _are_short(self) -> bool:
        return False  # one thread never does all: a batch is worth a thread

    def next_event(self) -> float | None:
        """Return when the next batch is due, or the first backoff ends; None: neither is."""
        return _earlier(super().next_event(), self._batches.deadline)

    def next_work(self) -> Any:
        """Start a batch, and return it; None: there is none now."""
        return self._batches.next_batch()

    def perform_work(self, work: Any) -> float | None:
        """Handle a batch, and return the backoff of one that is retried."""
        started = self.error_handler.clock()
        try:
            self.drive(self._batches.handle(work))
        finally:
            self._batches.end(work, started)
        return next((e.backoff for e in work.partitions if e.backoff is not None), None)


class AsyncConcurrentBatchRunner(AsyncConcurrentRunner[K, V]):
    """Handles batches in tasks.

    Args:
        session: an open consumer.
        wakeup: wakes the runner when a queue may be ready.
        handle: the user's handler.
        batches: limits of each batch.
        limits: limits of handling concurrently; a slot is a batch.
    """

    def __init__(
        self,
        session: RunnerSession[K, V],
        wakeup: QueueWaiter,
        handle: Callable[..., Any],
        batches: BatchLimits,
        limits: ConcurrencyLimits,
    ) -> None:
        super().__init__(session, wakeup, handle, _key_limits(limits, batches))
        self._batches = KeyBatches(self, session, handle, batches, limits.slots)

    def next_event(self) -> float | None:
        """Return when the next batch is due, or the first backoff ends; None: neither is."""
        return _earlier(super().next_event(), self._batches.deadline)

    def next_work(self) -> Any:
        """Start a batch, and return it; None: there is none now."""
        return self._batches.next_batch()

    async def perform_work(self, work: Any) -> None:
        """Handle a batch."""
        started = self.error_handler.clock()
        try:
            await self.driver.drive(self._batches.handle(work))
        finally:
            self._batches.end(work, started)


def _earlier(first: float | None, second: float | None) -> float | None:
    times = [each for each in (first, second) if each is not None]
    return min(times, default=None)
