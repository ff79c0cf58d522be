"""Fetched messages that wait for their handler: one queue per partition, and flow control.

Nothing here does any I/O, reads a clock or locks: the poll thread and the runners say what
happened and what time it is, and do what the answer says. They hold a lock meanwhile.

A runner *acquires* the queue whose turn it is, handles messages from its front, and *releases* it.
The states of a :class:`PartitionQueue`::

                  .------------ BACKOFF <-----------.
                  v                                 |
    IDLE <----> READY <----------------------> IN_PROGRESS -----> REVOKING
     ^                                              |                |
     '----------------------------------------------'                |
      any of IDLE, READY, BACKOFF -----> REVOKED <-------------------'
      any state -----> LOST

    from                  to            by
    IDLE                  READY         add or resume, if it has messages and is not paused
    READY                 IN_PROGRESS   acquire
    READY                 IDLE          acquire, if the user has paused it
    IN_PROGRESS           READY, IDLE   release: IDLE if it has no messages or is paused
    IN_PROGRESS           BACKOFF       release, if its first message is to be retried later
    BACKOFF               READY, IDLE   the time of the retry: IDLE if it is paused
    IDLE, READY, BACKOFF  REVOKED       revoke
    IN_PROGRESS           REVOKING      revoke
    REVOKING              REVOKED       release
    any                   LOST          lose

A REVOKED queue can only become LOST: a partition that comes back has a new queue. What is handled
of an old one does not count: it is no longer in the buffer, and nothing of it is stored.

Longer than 500 lines because the queues and their flow control share these states.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Hashable, Iterable, Mapping, Sequence
from concurrent.futures import Future
from dataclasses import dataclass
from enum import Enum, auto
from heapq import heappop, heappush
from itertools import count, repeat
from typing import TYPE_CHECKING, Final, Generic, Protocol, TypeAlias, TypeVar

if TYPE_CHECKING:
    from confluent_kafka import Message as RawMessage

    from avrogen.kafka.consumer.offset_tracker import HandledOffsets, OffsetTracker

__all__ = [
    "LIMIT",
    "MAX_BYTES",
    "PATIENCE",
    "FetchBuffer",
    "FlowControl",
    "InFlight",
    "InFlightFigures",
    "PartitionQueue",
    "QueueState",
    "RawPartitionQueue",
]

R = TypeVar("R")

RawPartitionQueue: TypeAlias = "PartitionQueue[RawMessage]"
"""A queue of messages as confluent-kafka gives them."""

LIMIT: Final = 1_000
"""Messages in a queue before it counts as full. librdkafka holds more, in bytes that are no Python
objects yet (``queued.max.messages.kbytes``). With fewer, partitions of small messages are paused in
the client after a short delay of the handler, and fetched again."""

MAX_BYTES: Final = 65_536 * 1024
"""Bytes in all queues, besides those that librdkafka holds (``queued.max.messages.kbytes``)."""

PATIENCE: Final = 1.0
"""Seconds that a queue may be full before its partition is paused in the client. Pausing drops what
librdkafka has prefetched, so a short delay of the handler should not cause it; but while nothing is
polled, a rebalance of the group waits."""


# --- the buffer -----------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class FlowControl:
    """Instructions for the client.

    Attributes:
        pause: partitions to pause.
        resume: partitions to resume.
        fetch: true if messages should be fetched now.
        wait: if nothing should be fetched, seconds after which to ask again at the latest.
    """

    pause: tuple[int, ...]
    resume: tuple[int, ...]
    fetch: bool
    wait: float


class FetchBuffer(Generic[R]):
    """The queues of all assigned partitions.

    Args:
        limit: messages in a queue before it counts as full.
        patience: seconds that a queue may be full before its partition is paused.
        max_bytes: bytes in all queues; one counts as full when it has its share of them.
    """

    def __init__(
        self, *, limit: int = LIMIT, patience: float = PATIENCE, max_bytes: int = MAX_BYTES
    ) -> None:
        self.limit = limit
        self._patience = patience
        self.max_bytes = max_bytes
        self._queues: dict[int, PartitionQueue[R]] = {}
        self._ready: deque[PartitionQueue[R]] = deque()
        self._backing_off: list[tuple[float, int, PartitionQueue[R]]] = []
        self._ties = count()  # equal times are compared no further than by these
        self._all_paused = False
        self._full_since: float | None = None

    @property
    def queues(self) -> Mapping[int, PartitionQueue[R]]:
        """The queues by partition number."""
        return self._queues

    # --- assignment -------------------------------------------------------------------------------

    def assign(self, partitions: Iterable[int]) -> None:
        """Add queues for newly assigned partitions."""
        for partition in partitions:
            queue: PartitionQueue[R] = PartitionQueue(partition)
            queue.paused_by_user = self._all_paused
            # A partition that was paused in the client when it was revoked is paused still.
            queue.paused_in_client = True
            self._queues[partition] = queue

    def remove(self, partitions: Iterable[int]) -> list[PartitionQueue[R]]:
        """Remove the queues of partitions that are revoked or lost.

        Returns:
            The queues. Those that are REVOKING should be given time to be released.
        """
        removed = [queue for p in partitions if (queue := self._queues.pop(p, None)) is not None]
        for queue in removed:
            queue.revoke()
        return removed

    def restart(self, partition: int) -> None:
        """Begin again with an empty queue: the partition is fetched from another offset."""
        (old,) = self.remove([partition])
        old.lose()
        new: PartitionQueue[R] = PartitionQueue(partition)
        new.paused_by_user, new.paused_in_client = old.paused_by_user, old.paused_in_client
        new.from_committed = False
        self._queues[partition] = new

    # --- messages ---------------------------------------------------------------------------------

    def add(self, partition: int, message: R, size: int = 0) -> None:
        """Append a message of so many bytes. It is dropped if its partition is not assigned."""
        queue = self._queues.get(partition)
        if queue is not None:
            queue.append(message, size)
            if queue.state is _IDLE:
                self._make_ready(queue)

    def extend(self, partition: int, messages: Sequence[R], sizes: Sequence[int]) -> None:
        """Append several messages likewise."""
        queue = self._queues.get(partition)
        if queue is not None:
            queue.extend(messages, sizes)
            if queue.state is _IDLE:
                self._make_ready(queue)

    def acquire(self, now: float) -> PartitionQueue[R] | None:
        """Return the queue whose turn it is, which has messages; None: no queue is ready.

        It belongs to the caller until :meth:`release`.
        """
        while self._backing_off and self._backing_off[0][0] <= now:
            queue = heappop(self._backing_off)[2]
            queue.end_backoff()
            self._make_ready(queue)
        while self._ready:
            queue = self._ready.popleft()
            if queue.acquire():
                return queue
        return None

    def release(self, queue: PartitionQueue[R], *, retry_at: float | None = None) -> None:
        """Return an acquired queue.

        Args:
            queue: the queue.
            retry_at: when its first message is to be retried; None: at once.
        """
        queue.release(backoff=retry_at is not None)
        if retry_at is None:
            self._make_ready(queue)
        elif queue.state is QueueState.BACKOFF:
            heappush(self._backing_off, (retry_at, next(self._ties), queue))

    def next_retry(self) -> float | None:
        """Return when the first backoff ends; None: no queue is in BACKOFF."""
        waiting = self._backing_off
        while waiting and waiting[0][2].state is not QueueState.BACKOFF:
            heappop(waiting)
        return waiting[0][0] if waiting else None

    def interrupt(self) -> None:
        """Request all queues back after the in-flight message."""
        for queue in self._queues.values():
            queue.yield_requested = True

    # --- pausing ----------------------------------------------------------------------------------

    def pause(self, partitions: Iterable[int] | None) -> None:
        """Hand out no messages of these partitions; None: of all, future ones included.

        Raises:
            KeyError: a partition is not assigned. No partition was paused then.
        """
        for queue in self._chosen(partitions):
            queue.paused_by_user = queue.yield_requested = True
        self._all_paused = self._all_paused or partitions is None

    def resume(self, partitions: Iterable[int] | None) -> None:
        """Reverse :meth:`pause`."""
        for queue in self._chosen(partitions):
            queue.paused_by_user = False
            self._make_ready(queue)
        self._all_paused = self._all_paused and partitions is not None

    def flow(self, now: float) -> FlowControl:
        """Return what the client should do next, and assume that it does.

        Partitions whose first message has failed are not fetched until it is handled, nor those
        that the user has paused. A full queue stops all fetching until it has room. If it has none
        for some time, or it waits for a schema, its partition is paused instead, until three
        quarters of it are free.
        """
        pause: list[int] = []
        resume: list[int] = []
        full: list[PartitionQueue[R]] = []
        share = self.max_bytes // max(1, len(self._queues))
        for queue in self._queues.values():
            failing = queue.attempts > 0
            if queue.paused_in_client:
                few = len(queue.messages) + queue.taken <= 1
                has_room = queue.fits(self.limit // 4, share // 4) or few
                if has_room and not failing and not queue.paused_by_user:
                    queue.paused_in_client = False
                    resume.append(queue.partition)
            elif queue.paused_by_user or (failing and not queue.in_progress):
                queue.paused_in_client = True
                pause.append(queue.partition)
            elif not queue.fits(self.limit - 1, share - 1):
                if queue.schema_fetch is not None:  # a slow registry is not to stop the others
                    queue.paused_in_client = True
                    pause.append(queue.partition)
                else:
                    full.append(queue)
        wait = self._patience_left(bool(full), now)
        for queue in full if not wait else ():
            queue.paused_in_client = True
            pause.append(queue.partition)
        return FlowControl(tuple(pause), tuple(resume), fetch=not wait, wait=wait)

    # --- offsets ----------------------------------------------------------------------------------

    def to_store(self) -> list[tuple[int, int]]:
        """Return partitions with new offsets for the client to store, and assume that it does.

        An offset is that after the last handled message. Of partitions whose messages are handled
        out of order, offsets are stored with metadata, elsewhere.
        """
        found: list[tuple[int, int]] = []
        for queue in self._queues.values():
            offset = queue.next_offset
            if offset is not None and offset != queue.stored_offset and queue.progress is None:
                queue.stored_offset = offset
                found.append((queue.partition, offset))
        return found

    # --- inside -----------------------------------------------------------------------------------

    def _make_ready(self, queue: PartitionQueue[R]) -> None:
        if queue.make_ready():
            self._ready.append(queue)

    def _patience_left(self, full: bool, now: float) -> float:
        """Return seconds that full queues may wait for room; 0: none is full, or time is over."""
        if not full:
            self._full_since = None
            return 0.0
        if self._full_since is None:
            self._full_since = now
        left = self._patience - (now - self._full_since)
        if left > 0:
            return left
        self._full_since = None
        return 0.0

    def _chosen(self, partitions: Iterable[int] | None) -> list[PartitionQueue[R]]:
        if partitions is None:
            return list(self._queues.values())
        return [self._queues[partition] for partition in partitions]


# --- one partition --------------------------------------------------------------------------------


class QueueState(Enum):
    """The state of a partition queue; see the diagram at the top of this module."""

    IDLE = auto()
    """Not handed out, as it has no messages or is paused by the user."""
    READY = auto()
    """Waiting for its turn."""
    IN_PROGRESS = auto()
    """Acquired by a runner."""
    BACKOFF = auto()
    """Waiting to have its first message retried."""
    REVOKING = auto()
    """Revoked while a runner has it, which has not released it yet."""
    REVOKED = auto()
    """Its assignment ended: nothing that is handled now counts."""
    LOST = auto()
    """Another member may own the partition, or it is read from another offset: never commit."""


_IDLE: Final = QueueState.IDLE  # asked for every message, and Python 3.11 looks members up slowly


class PartitionQueue(Generic[R]):
    """The fetched messages of an assigned partition, and how far it is handled.

    The in-flight message stays at the front of ``messages`` until it is done. So messages are
    handled in order, one at a time, and all messages before ``next_offset`` are handled. New
    messages may be appended meanwhile.

    Messages at the front whose dead letters are on their way are *passed*. If one fails, it is the
    next message again, and what is done of those behind it is *settled*, to be left out later.

    Attributes:
        partition: the partition number.
        state: the state. It is changed by the methods only.
        messages: fetched messages that are not handled; the first is the next one.
        next_offset: the offset after the last handled message; None: none was handled yet.
        stored_offset: the last ``next_offset`` that the client has stored.
        observed_offset: the offset of the last message that the observer was told of.
        passed: number of messages at the front that are passed.
        settled: offsets of messages that are done, though one before them is not.
        dead_letters_in_a_row: messages that went to the dead-letter topic since one was handled.
        attempts: failed attempts at the next message.
        first_failure: when the next message failed first, by the consumer's clock.
        paused_by_user: true if the user has paused the partition.
        paused_in_client: true if the client was told not to fetch the partition.
        yield_requested: true if the runner should release the queue after the in-flight message.
        schema_fetch: fetch of the schema that the next message needs, with the schema's key; None:
            none was begun.
        tracker: the offsets that were taken out of order; None: all are handled in order.
        taken: number of messages that were taken out of ``messages`` and are not handled.
        handled_before: offsets that were handled before the partition was assigned; None: none.
        from_committed: true while ``handled_before`` is not known and may matter: the partition is
            read from its committed offset.
    """

    __slots__ = (
        "_bytes_added",
        "_bytes_removed",
        "_sizes",
        "attempts",
        "dead_letters_in_a_row",
        "first_failure",
        "from_committed",
        "handled_before",
        "messages",
        "next_offset",
        "observed_offset",
        "partition",
        "passed",
        "paused_by_user",
        "paused_in_client",
        "schema_fetch",
        "settled",
        "state",
        "stored_offset",
        "taken",
        "tracker",
        "yield_requested",
    )

    def __init__(self, partition: int) -> None:
        self.partition = partition
        self.state = QueueState.IDLE
        self.messages: deque[R] = deque()
        self._bytes_added = self._bytes_removed = 0  # each is changed by one thread
        self._sizes: deque[int] = deque()
        self.next_offset: int | None = None
        self.stored_offset: int | None = None
        self.observed_offset = -1
        self.passed = 0
        self.settled: set[int] = set()
        self.dead_letters_in_a_row = 0
        self.attempts = 0
        self.first_failure = 0.0
        self.paused_by_user = False
        self.paused_in_client = False
        self.yield_requested = False
        self.schema_fetch: tuple[Hashable, Future[None]] | None = None
        self.tracker: OffsetTracker | None = None
        self.taken = 0
        self.handled_before: HandledOffsets | None = None
        self.from_committed = True

    @property
    def in_progress(self) -> bool:
        """True while a runner may handle a message of it that could count."""
        return self.state in (QueueState.IN_PROGRESS, QueueState.REVOKING)

    @property
    def lost(self) -> bool:
        """True if nothing of it may be committed any more."""
        return self.state is QueueState.LOST

    @property
    def progress(self) -> OffsetTracker | None:
        """Its tracker, if the last messages were handled out of order; None: in order."""
        tracker, offset = self.tracker, self.next_offset
        if tracker is None or offset is None:
            return tracker
        # Messages that are handled in order again are unknown to it.
        is_current = tracker.next_offset is not None and tracker.next_offset >= offset
        return tracker if is_current else None

    @property
    def bytes(self) -> int:
        """Bytes of its messages, with those that were taken and are not handled."""
        return self._bytes_added - self._bytes_removed

    def fits(self, messages: int, size: int) -> bool:
        """Tell if it has at most so many messages and bytes."""
        return len(self.messages) <= messages and self.bytes <= size

    def append(self, message: R, size: int) -> None:
        """Append a fetched message of so many bytes."""
        self._sizes.append(size)
        self._bytes_added += size
        self.messages.append(message)

    def extend(self, messages: Sequence[R], sizes: Sequence[int]) -> None:
        """Append several messages."""
        self._sizes.extend(sizes)
        self._bytes_added += sum(sizes)
        self.messages.extend(messages)

    # --- transitions ------------------------------------------------------------------------------

    def make_ready(self) -> bool:
        """IDLE to READY, if there are messages and the user has not paused it.

        Returns:
            True if the state has changed.
        """
        if self.state is not QueueState.IDLE or self.paused_by_user or not self.messages:
            return False
        self.state = QueueState.READY
        return True

    def acquire(self) -> bool:
        """READY to IN_PROGRESS, or to IDLE if the user has paused it meanwhile.

        Returns:
            True if it is acquired.
        """
        if self.state is not QueueState.READY:
            return False
        if self.paused_by_user:
            self.state = QueueState.IDLE
            return False
        self.state = QueueState.IN_PROGRESS
        self.yield_requested = False
        return True

    def release(self, *, backoff: bool) -> None:
        """IN_PROGRESS to BACKOFF or IDLE, REVOKING to REVOKED.

        Args:
            backoff: true if the first message is to be retried later.
        """
        if self.state is QueueState.IN_PROGRESS:
            self.state = QueueState.BACKOFF if backoff else QueueState.IDLE
        elif self.state is QueueState.REVOKING:
            self.state = QueueState.REVOKED

    def end_backoff(self) -> None:
        """BACKOFF to IDLE."""
        if self.state is QueueState.BACKOFF:
            self.state = QueueState.IDLE

    def revoke(self) -> None:
        """IN_PROGRESS to REVOKING, any other state to REVOKED; request it back."""
        in_progress = self.state is QueueState.IN_PROGRESS
        self.state = QueueState.REVOKING if in_progress else QueueState.REVOKED
        self.yield_requested = True

    def lose(self) -> None:
        """Any state to LOST."""
        self.state = QueueState.LOST

    # --- the next message -------------------------------------------------------------------------

    @property
    def next_message(self) -> R:
        """The first message that is not passed."""
        return self.messages[self.passed]

    def done(self, offset: int) -> None:
        """Count the first message, whose offset this is, as handled."""
        self.messages.popleft()
        self._bytes_removed += self._sizes.popleft()
        self.next_offset = offset + 1
        if self.passed:
            self.passed -= 1
        else:
            self.attempts = 0

    def done_together(self, count: int, offset: int) -> None:
        """Count so many messages at the front, none of which is passed, as handled.

        Args:
            count: number of messages.
            offset: offset of the last one.
        """
        messages, sizes = self.messages.popleft, self._sizes.popleft
        for _ in repeat(None, count):
            messages()
        self._bytes_removed += sum([sizes() for _ in repeat(None, count)])
        self.next_offset = offset + 1
        self.attempts = 0

    def pass_over(self) -> tuple[int, float]:
        """Go on to the message behind the next one, and return what :meth:`go_back` takes."""
        attempts = self.attempts, self.first_failure
        self.passed += 1
        self.attempts = 0
        return attempts

    def go_back(self, attempts: tuple[int, float]) -> None:
        """Make the first message the next one again; ``attempts`` is :meth:`pass_over`'s result."""
        self.passed = 0
        self.attempts, self.first_failure = attempts

    def failed(self, now: float) -> float:
        """Count a failed attempt at the next message.

        Args:
            now: seconds, by the consumer's clock.

        Returns:
            Seconds since its first failure.
        """
        if self.attempts == 0:
            self.first_failure = now
        self.attempts += 1
        return now - self.first_failure

    # --- out of order -----------------------------------------------------------------------------

    def take_out(self) -> tuple[R, int]:
        """Remove the first message, to be handled apart from the others.

        Returns:
            The message, and its bytes, which count until :meth:`handled`.
        """
        self.taken += 1
        return self.messages.popleft(), self._sizes.popleft()

    def handled(self, offset: int, size: int) -> None:
        """Count a message that was taken out as handled.

        Args:
            offset: its offset, which its tracker has.
            size: its bytes.
        """
        assert self.tracker is not None, "it was taken out of order"
        self.taken -= 1
        self._bytes_removed += size
        self.tracker.complete(offset)
        self.next_offset = self.tracker.next_offset

    def put_back(self, messages: Sequence[tuple[R, int]]) -> None:
        """Reverse :meth:`take_out` for messages that are not handled, in their order."""
        self._sizes.extendleft([size for _, size in reversed(messages)])
        self.messages.extendleft([message for message, _ in reversed(messages)])
        self.taken -= len(messages)


# --- in-flight messages ---------------------------------------------------------------------------


class InFlightFigures(Protocol):
    """Figures of messages that are handled concurrently. Any thread may ask for them."""

    @property
    def in_flight(self) -> int:
        """Number of messages in flight."""
        ...

    def oldest_start(self) -> float | None:
        """Return when the oldest message in flight was started; None: there is none."""
        ...


class InFlight:
    """Since when messages are in flight, to a tick. Nothing is done for each message.

    Attributes:
        queues: the queues that runners have, those of revoked partitions as well.
        scheduler: what knows it better, while messages are handled concurrently; None: nothing.
    """

    def __init__(self) -> None:
        self.queues: set[RawPartitionQueue] = set()
        self.scheduler: InFlightFigures | None = None
        self._since: Mapping[object, float] = {}

    @property
    def count(self) -> int:
        """Number of messages in flight."""
        if self.scheduler is not None:
            return self.scheduler.in_flight
        return len([queue for queue in list(self.queues) if queue.messages])

    def look(self, now: float) -> None:
        """Note which messages are in flight. The caller holds the lock of the buffer."""
        # The messages of a queue are handled in order, so these change with each message.
        fronts = [(id(q), q.next_offset, q.attempts) for q in self.queues if q.messages]
        # Replaced and never changed, so that other threads can read it.
        self._since = {front: self._since.get(front, now) for front in fronts}

    def oldest(self, now: float) -> float | None:
        """Return the age of the oldest message, in seconds; None: there is none. It never waits."""
        if self.scheduler is not None:
            started = self.scheduler.oldest_start()
            return None if started is None else max(0.0, now - started)
        since = self._since.values()
        return now - min(since) if since else None
