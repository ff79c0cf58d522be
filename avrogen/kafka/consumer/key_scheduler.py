"""Messages that are handled concurrently: which may start now, and in which order.

The messages of the assigned partitions are taken out of their queues and sorted into
:class:`KeyQueue` objects. Of each, one message at a time is in flight, in order; those of different
key queues are handled at the same time, as many as there are *slots*::

    partition 0    A1 B1 A2 C1 A3          slots
                        |
      key queue A  A1 A2 A3  ------------> A1
      key queue B  B1        ------------> B1
      key queue C  C1        ------------> C1

A key queue is a partition queue of its own: what follows when its message fails is decided as for a
partition that has no other messages.

To sort messages costs more than quick handlers take. So as long as nothing of a partition is taken
out, one slot may handle its messages where they are, as without concurrency: a
:class:`PartitionRun`. When its in-flight message turns out to take long, that is *split off* as the
first message of a key queue, and the messages behind it are sorted for other slots.

Nothing here does any I/O, reads a clock or locks: one thread at a time calls it.

Longer than 500 lines because key queues, runs and slots share their states.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Hashable, Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass
from heapq import heappop, heappush
from itertools import count
from typing import Any, Final, Generic, Literal, TypeAlias, TypeVar, get_args

from avrogen.kafka.consumer.fetch_buffer import PartitionQueue, QueueState
from avrogen.kafka.consumer.offset_tracker import OffsetTracker

__all__ = [
    "LEAST_WINDOW",
    "ActivePartition",
    "ConcurrencyLimits",
    "KeyQueue",
    "KeyScheduler",
    "Ordering",
    "PartitionRun",
]

R = TypeVar("R")

Ordering: TypeAlias = Literal["key", "partition", "unordered"]
"""Messages that are handled in order, one at a time: those of a key, of a partition, or none."""

_MOST_SLOTS: Final = 10_000
_MOST_BEYOND: Final = 10_000
"""Messages of a partition that may be handled beyond one that is not: so many offsets are
remembered."""

LEAST_WINDOW: Final = 500
"""Messages of a partition that may be taken, however few slots there are."""

_WINDOW: Final = 16
"""Messages of a partition that may be taken for each slot: enough to find other keys behind one
that has many messages."""

_IN_PROGRESS: Final = QueueState.IN_PROGRESS


@dataclass(frozen=True, slots=True)
class ConcurrencyLimits:
    """Limits of handling concurrently.

    Attributes:
        slots: most messages that are in flight at the same time.
        ordering: messages that are handled in order.
        beyond: most messages of a partition that are handled beyond one that is not.

    Raises:
        ValueError: one of them is invalid.
    """

    slots: int
    ordering: Ordering = "key"
    beyond: int = _MOST_BEYOND

    def __post_init__(self) -> None:
        if not 1 <= self.slots <= _MOST_SLOTS:
            raise ValueError(f"concurrency must be from 1 to {_MOST_SLOTS:,}, got {self.slots}")
        choices = get_args(Ordering)
        if self.ordering not in choices:
            raise ValueError(f"ordering must be one of {choices}, got {self.ordering!r}")

    @property
    def window(self) -> int:
        """Most messages of a partition that are taken and not handled."""
        return max(LEAST_WINDOW, _WINDOW * self.slots)


class KeyQueue(PartitionQueue[R]):
    """The messages of a key that were taken out of a partition queue, in order.

    Attributes:
        owner: the partition that they are of.
        key: the key, by which the owner finds it; None: no other message joins it.
        decoded: what was decoded of ``messages`` ahead; None: nothing.
    """

    __slots__ = ("decoded", "key", "owner")

    def __init__(self, owner: ActivePartition[R], key: Hashable) -> None:
        super().__init__(owner.queue.partition)
        self.owner = owner
        self.key = key
        self.decoded: deque[Any] = deque()

    def add(self, message: R, size: int, decoded: Any) -> None:
        """Append a message, and what was decoded of it; None: nothing."""
        self.messages.append(message)
        self._sizes.append(size)
        self.decoded.append(decoded)

    def done(self, offset: int) -> None:
        """Count the first message, whose offset this is, as handled."""
        self.messages.popleft()
        self.decoded.popleft()
        if self.passed:
            self.passed -= 1
        else:
            self.attempts = 0
        self.owner.queue.handled(offset, self._sizes.popleft())

    def first_decoded(self) -> list[Any]:
        """Return what was decoded of the first message; empty: nothing."""
        first = self.decoded[0]
        return [] if first is None else [first]

    def contents(self) -> Iterator[tuple[R, int]]:
        """Return its messages with their bytes."""
        return zip(self.messages, self._sizes, strict=True)


class ActivePartition(Generic[R]):
    """A partition queue whose messages are handled concurrently.

    Attributes:
        queue: the queue, which is acquired.
        tracker: its offsets.
        keys: its key queues with messages.
        in_flight: number of its messages that are in flight.
        parked: key queues whose turn has come while the partition is paused.
        run: the run in which its messages are handled in order; None: there is none.
        closed: true when its queue is released.
        retry_at: time at which its next message can be decoded; None: now.
    """

    __slots__ = (
        "closed",
        "in_flight",
        "keys",
        "parked",
        "queue",
        "retry_at",
        "run",
        "tracker",
    )

    def __init__(self, queue: PartitionQueue[R]) -> None:
        tracker = queue.progress
        if tracker is None:
            tracker = queue.tracker = OffsetTracker()
        self.queue = queue
        self.tracker = tracker
        self.keys: dict[Hashable, KeyQueue[R]] = {}
        self.in_flight = 0
        self.parked: list[KeyQueue[R]] = []
        self.run: PartitionRun[R] | None = None
        self.closed = False
        self.retry_at: float | None = None

    @property
    def wanted_back(self) -> bool:
        """True if the partition is revoked or lost, or read from another offset."""
        return self.queue.state is not _IN_PROGRESS


class PartitionRun(Generic[R]):
    """Messages at the front of a partition queue that one slot handles in order.

    Attributes:
        owner: the partition.
        messages: what was decoded of them.
        split_off: the key queue of the in-flight message, which the slot has to end; None: nothing
            is split off, and the in-flight message is the first one of the partition queue.
    """

    __slots__ = ("messages", "owner", "split_off")

    def __init__(self, owner: ActivePartition[R], messages: Sequence[Any]) -> None:
        self.owner = owner
        self.messages = messages
        self.split_off: KeyQueue[R] | None = None


class KeyScheduler(Generic[R]):
    """Decides which message is handled next.

    Args:
        limits: limits of handling concurrently.
        key_of: returns the key of a message; None: it has none, and goes to any free slot.
        offset_of: returns the offset of a message.

    Attributes:
        limits: limits of handling concurrently.
        partitions: the partitions that it has, in the order in which they are asked for messages.
        ready: key queues that can start, in their order.
        in_flight: number of messages in flight.
    """

    def __init__(
        self,
        limits: ConcurrencyLimits,
        *,
        key_of: Callable[[R], Hashable],
        offset_of: Callable[[R], int],
    ) -> None:
        self.limits = limits
        self.partitions: deque[ActivePartition[R]] = deque()
        self.ready: deque[KeyQueue[R]] = deque()
        self.in_flight = 0
        self._key_of = key_of
        self._offset_of = offset_of
        self._window = limits.window
        self._started: dict[KeyQueue[R] | PartitionRun[R], float] = {}
        self._backing_off: list[tuple[float, int, KeyQueue[R]]] = []
        self._ties = count()
        self._unkeyed = count()

    # --- partitions -------------------------------------------------------------------------------

    def add(self, queue: PartitionQueue[R]) -> None:
        """Add an acquired queue, which belongs to the scheduler until it is :meth:`returned`."""
        self.partitions.append(ActivePartition(queue))

    def returned(self) -> list[PartitionQueue[R]]:
        """Remove partitions that are wanted back and have nothing in flight.

        Returns:
            Their queues, to be released.
        """
        found = [
            each
            for each in self.partitions
            if (each.wanted_back or each.closed) and not each.in_flight
        ]
        return [self._close(each) for each in found]

    def close(self) -> list[PartitionQueue[R]]:
        """Remove all partitions that have nothing in flight; nothing more starts.

        Returns:
            Their queues, to be released.
        """
        found = [self._close(each) for each in list(self.partitions) if not each.in_flight]
        for partition in self.partitions:
            partition.closed = True
        self.ready.clear()
        return found

    def _close(self, partition: ActivePartition[R]) -> PartitionQueue[R]:
        self.partitions.remove(partition)
        partition.closed = True
        left = [each for keys in partition.keys.values() for each in keys.contents()]
        left.sort(key=lambda each: self._offset_of(each[0]))
        partition.queue.put_back(left)
        for keys in partition.keys.values():
            keys.lose()
        return partition.queue

    # --- messages ---------------------------------------------------------------------------------

    def next_partition(self, now: float) -> ActivePartition[R] | None:
        """Return the partition whose messages should be taken now; None: none are needed."""
        if len(self.ready) >= self.limits.slots:
            return None
        for _ in range(len(self.partitions)):
            partition = self.partitions[0]
            self.partitions.rotate(-1)
            if self._has_messages(partition, now):
                return partition
        return None

    def has_messages(self, now: float) -> bool:
        """Return true if there are messages that can start, or be taken."""
        return bool(self.ready) or any(self._has_messages(each, now) for each in self.partitions)

    def needs_attention(self, now: float, *, messages: bool = True) -> bool:
        """Return true if there is something to do. Any thread may ask.

        Args:
            now: seconds, by the consumer's clock.
            messages: false if messages to take do not count, but only queues to return.
        """
        few = messages and len(self.ready) < self.limits.slots
        return any(
            (few and self._has_messages(partition, now))
            or (partition.wanted_back and not partition.in_flight)
            or (partition.parked and not partition.queue.paused_by_user)
            for partition in list(self.partitions)
        )

    def room(self, partition: ActivePartition[R]) -> int:
        """Return how many messages of a partition may be taken."""
        return self._window - partition.queue.taken

    def is_stalled(self, partition: ActivePartition[R]) -> bool:
        """Return true if a message that is not handled keeps all behind it waiting.

        If none is taken, the first one that can be taken is not behind it.
        """
        return partition.tracker.beyond >= self.limits.beyond and partition.queue.taken > 0

    def _has_messages(self, partition: ActivePartition[R], now: float) -> bool:
        """Return true if there are messages of a partition that may be taken now."""
        return (
            bool(partition.queue.messages)
            and partition.run is None
            and partition.queue.taken < self._window
            and not self.is_stalled(partition)
            and not partition.queue.paused_by_user
            and not partition.wanted_back
            and (partition.retry_at is None or partition.retry_at <= now)
            and not self._is_draining(partition)
        )

    def _is_draining(self, partition: ActivePartition[R]) -> bool:
        """Return true if messages of an earlier assignment of the partition are in flight."""
        number = partition.queue.partition
        return any(
            each.queue.partition == number and each is not partition and each.in_flight
            for each in list(self.partitions)
        )

    def take(self, partition: ActivePartition[R], decoded: Any = None) -> None:
        """Take the first message of a partition.

        Args:
            partition: the partition, which has messages.
            decoded: what was decoded of the message; None: nothing.
        """
        queue = partition.queue
        message, size = queue.take_out()
        partition.tracker.take(self._offset_of(message))
        key = self._key_of(message)
        if key is None:
            key = next(self._unkeyed)  # keys are bytes, so it is equal to no other
        keys = partition.keys.get(key)
        if keys is None:
            keys = partition.keys[key] = KeyQueue(partition, key)
            self.ready.append(keys)
        keys.add(message, size, decoded)

    def pass_by(self, partition: ActivePartition[R]) -> None:
        """Count the first message of a partition as handled without starting it."""
        message, size = partition.queue.take_out()
        offset = self._offset_of(message)
        partition.tracker.take(offset)
        partition.queue.handled(offset, size)

    def was_handled(self, partition: ActivePartition[R]) -> bool:
        """Return true if the first message was handled before the partition was assigned."""
        queue = partition.queue
        before = queue.handled_before
        if before is None:
            return False
        offset = self._offset_of(queue.messages[0])
        if not before.start <= offset < before.end:
            queue.handled_before = None  # all of them have come, or it is read from elsewhere
            return False
        return offset in before

    # --- slots ------------------------------------------------------------------------------------

    def start(self, now: float) -> KeyQueue[R] | None:
        """Start the first message of a key queue, and return that; None: nothing can start now."""
        if self._backing_off:
            self._end_backoffs(now)
        if self.in_flight >= self.limits.slots:
            return None
        while self.ready:
            keys = self.ready.popleft()
            owner = keys.owner
            if owner.closed or owner.wanted_back:
                continue
            if owner.queue.paused_by_user:
                owner.parked.append(keys)
                continue
            keys.state = _IN_PROGRESS
            self.in_flight += 1
            owner.in_flight += 1
            self._started[keys] = now
            return keys
        return None

    def finish(self, keys: KeyQueue[R], retry_at: float | None = None) -> None:
        """End what :meth:`start` has begun.

        Args:
            keys: the key queue.
            retry_at: when its first message is to be retried; None: it was handled, or may be
                started again.
        """
        owner = keys.owner
        self.in_flight -= 1
        owner.in_flight -= 1
        del self._started[keys]
        keys.state = QueueState.IDLE
        if not keys.messages:
            del owner.keys[keys.key]
        elif owner.closed:
            pass
        elif retry_at is None:
            self.ready.append(keys)
        else:
            keys.state = QueueState.BACKOFF
            heappush(self._backing_off, (retry_at, next(self._ties), keys))

    # --- runs -------------------------------------------------------------------------------------

    def next_in_order(self, now: float) -> ActivePartition[R] | None:
        """Return a partition of which a run can start, as nothing is taken; None: there is none."""
        if self.in_flight >= self.limits.slots:
            return None
        for _ in range(len(self.partitions)):
            partition = self.partitions[0]
            self.partitions.rotate(-1)
            queue = partition.queue
            untouched = partition.tracker.first_pending is None and queue.handled_before is None
            if untouched and self._has_messages(partition, now):
                return partition
        return None

    def has_started_since(self, time: float) -> bool:
        """Return true if the message or run in flight that was started last was so since then."""
        return next(reversed(self._started.values()), 0.0) > time

    def runs(self) -> list[PartitionRun[R]]:
        """Return the runs of which nothing is split off."""
        return [each.run for each in self.partitions if each.run is not None]

    def start_run(
        self, partition: ActivePartition[R], messages: Sequence[Any], now: float
    ) -> PartitionRun[R]:
        """Start the first messages of a partition that :meth:`next_in_order` has returned.

        Args:
            partition: the partition.
            messages: what was decoded of the messages.
            now: seconds, by the consumer's clock.
        """
        run = partition.run = PartitionRun(partition, messages)
        self.in_flight += 1
        partition.in_flight += 1
        self._started[run] = now
        return run

    def split(self, run: PartitionRun[R]) -> KeyQueue[R]:
        """Split off the in-flight message of a run, so that others can start behind it.

        Returns:
            Its key queue, to be ended by :meth:`finish` in place of the run.
        """
        owner = run.owner
        owner.run = None
        self.take(owner)
        keys = run.split_off = self.ready.pop()  # nothing else of the partition is taken
        keys.state = _IN_PROGRESS
        self._started[keys] = self._started.pop(run)
        return keys

    def finish_run(self, run: PartitionRun[R]) -> None:
        """End a run of which nothing was split off. What it has not started stays where it is."""
        owner = run.owner
        owner.run = None
        self.in_flight -= 1
        owner.in_flight -= 1
        del self._started[run]

    # --- time -------------------------------------------------------------------------------------

    def look(self, now: float) -> None:
        """Make ready what has waited for a time, or for a partition that is no longer paused."""
        self._end_backoffs(now)
        for partition in self.partitions:
            if partition.retry_at is not None and partition.retry_at <= now:
                partition.retry_at = None
            if partition.parked and not partition.queue.paused_by_user:
                self.ready.extend(partition.parked)
                partition.parked.clear()

    def next_event(self) -> float | None:
        """Return when the first backoff ends; None: there is none."""
        waiting = self._backing_off
        while waiting and waiting[0][2].owner.closed:
            heappop(waiting)
        times = [each.retry_at for each in self.partitions if each.retry_at is not None]
        if waiting:
            times.append(waiting[0][0])
        return min(times, default=None)

    def _end_backoffs(self, now: float) -> None:
        waiting = self._backing_off
        while waiting and waiting[0][0] <= now:
            keys = heappop(waiting)[2]
            if keys.state is QueueState.BACKOFF:
                keys.state = QueueState.IDLE
                self.ready.append(keys)

    # --- figures, for any thread ------------------------------------------------------------------

    def oldest_start(self) -> float | None:
        """Return when the oldest message in flight was started; None: there is none."""
        while True:
            with suppress(RuntimeError):  # it has changed meanwhile
                return next(iter(self._started.values()), None)
