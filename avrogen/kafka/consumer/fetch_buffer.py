"""What a consumer has in hand: all lanes, whose turn it is, and what the client should fetch.

Nothing here does any work or waits: the consumers, for threads and for asyncio, tell it what has
happened and do what it says. It is not safe for threads by itself.

One partition: its messages on their way to the handler, and how far it has come.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from heapq import heappop, heappush
from itertools import count
from typing import Final, Generic, TypeVar

__all__ = ["LIMIT", "PATIENCE", "FetchBuffer", "FlowControl", "PartitionQueue"]

R = TypeVar("R")

LIMIT: Final = 500
"""Messages that may wait in a lane before it counts as full. librdkafka holds more, in bytes that
are no Python objects yet (``queued.max.messages.kbytes``)."""

PATIENCE: Final = 1.0
"""Seconds that a lane may be full before the client stops fetching for it. Pausing drops what
librdkafka has fetched ahead, so it should not come to that where the handler only takes a breath;
but as long as nothing is polled, a rebalance of the group waits."""


@dataclass(frozen=True, slots=True)
class FlowControl:
    """What the client should do next.

    Attributes:
        pause: partitions to stop fetching.
        resume: partitions to fetch again.
        fetch: whether to take messages from the client now.
        wait: seconds until the question should be asked again at the latest, if nothing changes
            before, where nothing is to be fetched.
    """

    pause: tuple[int, ...]
    resume: tuple[int, ...]
    fetch: bool
    wait: float


class FetchBuffer(Generic[R]):
    """The lanes of all partitions that are assigned.

    Args:
        limit: messages that may wait in a lane before it counts as full.
        patience: seconds that one may be full before it is paused.
    """

    def __init__(self, *, limit: int = LIMIT, patience: float = PATIENCE) -> None:
        self.limit = limit
        self._patience = patience
        self._lanes: dict[int, PartitionQueue[R]] = {}
        self._ready: deque[PartitionQueue[R]] = deque()
        self._resting: list[tuple[float, int, PartitionQueue[R]]] = []
        self._ties = count()  # equal times are compared no further than by these
        self._hold_all = False
        self._full_since: float | None = None

    @property
    def queues(self) -> Mapping[int, PartitionQueue[R]]:
        """The lanes by the numbers of their partitions."""
        return self._lanes

    # --- partitions come and go -------------------------------------------------------------------

    def assign(self, partitions: Iterable[int]) -> None:
        """Partitions were assigned."""
        for partition in partitions:
            lane: PartitionQueue[R] = PartitionQueue(partition)
            lane.paused_by_user = self._hold_all
            # A client that had the partition paused when it was taken away has it paused still.
            lane.paused_in_client = True
            self._lanes[partition] = lane

    def remove(self, partitions: Iterable[int]) -> list[PartitionQueue[R]]:
        """Partitions are given up, or lost. Nothing of them is handed out any more.

        Returns:
            Their lanes. Those that are taken should be given time to come back, if there is some.
        """
        removed = [lane for p in partitions if (lane := self._lanes.pop(p, None)) is not None]
        for lane in removed:
            lane.revoked = lane.yield_requested = True
        return removed

    def restart(self, partition: int) -> None:
        """A partition will be fetched from another offset: nothing that was fetched counts."""
        (old,) = self.remove([partition])
        old.lost = True
        new: PartitionQueue[R] = PartitionQueue(partition)
        new.paused_by_user, new.paused_in_client = old.paused_by_user, old.paused_in_client
        self._lanes[partition] = new

    # --- messages ---------------------------------------------------------------------------------

    def add(self, partition: int, message: R) -> None:
        """A message was fetched. It is dropped if its partition is not assigned."""
        lane = self._lanes.get(partition)
        if lane is not None:
            lane.messages.append(message)
            if not (lane.queued or lane.in_progress):
                self._queue(lane)

    def acquire(self, now: float) -> PartitionQueue[R] | None:
        """The lane whose turn it is, with a message in front; None: none is ready.

        It stays with the caller until :meth:`give_back`.
        """
        while self._resting and self._resting[0][0] <= now:
            lane = heappop(self._resting)[2]
            lane.retry_at = None
            self._queue(lane)
        while self._ready:
            lane = self._ready.popleft()
            lane.queued = False
            if self._is_ready(lane):
                lane.in_progress = True
                lane.yield_requested = False
                return lane
        return None

    def release(self, lane: PartitionQueue[R], *, due: float | None = None) -> None:
        """A lane that was taken is free again.

        Args:
            lane: the lane.
            due: when its first message is to be tried again; None: it need not rest.
        """
        lane.in_progress = False
        if lane.revoked:
            return
        lane.retry_at = due
        if due is None:
            self._queue(lane)
        else:
            heappush(self._resting, (due, next(self._ties), lane))

    def next_due(self) -> float | None:
        """When the first of the lanes that rest is ready; None: none rests."""
        while self._resting and self._resting[0][2].revoked:
            heappop(self._resting)
        return self._resting[0][0] if self._resting else None

    def interrupt(self) -> None:
        """Have all lanes given back after the message in hand."""
        for lane in self._lanes.values():
            lane.yield_requested = True

    # --- pausing ----------------------------------------------------------------------------------

    def pause(self, partitions: Iterable[int] | None) -> None:
        """Hand out no messages of these partitions; None: of all, those to come included.

        Raises:
            KeyError: one is not assigned. Nothing has changed then.
        """
        for lane in self._chosen(partitions):
            lane.paused_by_user = lane.yield_requested = True
        self._hold_all = self._hold_all or partitions is None

    def resume(self, partitions: Iterable[int] | None) -> None:
        """The reverse of :meth:`hold`."""
        for lane in self._chosen(partitions):
            lane.paused_by_user = False
            self._queue(lane)
        self._hold_all = self._hold_all and partitions is not None

    def flow(self, now: float) -> FlowControl:
        """What the client should do next, which is assumed to be done.

        Partitions that rest, as their first message has failed, are not fetched until it is
        handled, nor those that are held. Full ones are when they have room again, or not from when
        they have been full for some time: meanwhile, nothing is fetched at all.
        """
        pause: list[int] = []
        resume: list[int] = []
        full: list[PartitionQueue[R]] = []
        for lane in self._lanes.values():
            failing = lane.attempts > 0
            if lane.paused_in_client:
                has_room = len(lane.messages) <= self.limit // 4
                if has_room and not failing and not lane.paused_by_user:
                    lane.paused_in_client = False
                    resume.append(lane.partition)
            elif lane.paused_by_user or (failing and not lane.in_progress):
                lane.paused_in_client = True
                pause.append(lane.partition)
            elif len(lane.messages) >= self.limit:
                full.append(lane)
        wait = self._patience_left(bool(full), now)
        if full and not wait:
            for lane in full:
                lane.paused_in_client = True
                pause.append(lane.partition)
        return FlowControl(tuple(pause), tuple(resume), fetch=not wait, wait=wait)

    # --- offsets ----------------------------------------------------------------------------------

    def to_store(self) -> list[tuple[int, int]]:
        """Partitions with the offsets that the client should be told, which is assumed to be done.

        They are those after the last message that was handled, where there is news of it.
        """
        found: list[tuple[int, int]] = []
        for lane in self._lanes.values():
            position = lane.next_offset
            if position is not None and position != lane.stored_offset:
                lane.stored_offset = position
                found.append((lane.partition, position))
        return found

    # --- inside -----------------------------------------------------------------------------------

    def _queue(self, lane: PartitionQueue[R]) -> None:
        if not lane.queued and self._is_ready(lane):
            lane.queued = True
            self._ready.append(lane)

    @staticmethod
    def _is_ready(lane: PartitionQueue[R]) -> bool:
        idle = not lane.in_progress and not lane.revoked and not lane.paused_by_user
        return idle and lane.retry_at is None and bool(lane.messages)

    def _patience_left(self, full: bool, now: float) -> float:
        """Seconds that full lanes may go on waiting for room; 0: none is full, or has waited."""
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
            return list(self._lanes.values())
        return [self._lanes[partition] for partition in partitions]


class PartitionQueue(Generic[R]):
    """A partition that is assigned to the consumer.

    Whoever handles its messages *takes* the lane and works from the front of ``waiting``, where the
    message in hand stays until it is done. So messages are handled in order, one at a time, and
    ``position`` has every message behind it that came before. New ones may be appended meanwhile.

    Attributes:
        partition: its number.
        waiting: messages that were fetched and are not handled; the first is the next one.
        position: the offset of the first message that is not handled; None: none has been yet.
        stored: the position that the client has been told last.
        attempts: how often the first message has failed.
        first_failure: when it failed first, by the consumer's clock.
        due: when it is tried again; None: there is nothing to wait for.
        held: whether the user has paused the partition.
        taken: whether somebody handles its messages.
        interrupted: whether whoever has taken it should give it back after the message in hand.
        gone: whether it is no longer assigned, or was taken back to another offset: what is
            handled of it now counts no more.
        announced: the offset of the last message that the observer has been told of.
        over: whether somebody else may have it already: nothing of it may be committed any more.
        paused: whether the client has been told not to fetch for it.
        queued: whether it is in the line of lanes that are ready.
    """

    __slots__ = (
        "attempts",
        "first_failure",
        "in_progress",
        "lost",
        "messages",
        "next_offset",
        "observed_offset",
        "partition",
        "paused_by_user",
        "paused_in_client",
        "queued",
        "retry_at",
        "revoked",
        "stored_offset",
        "yield_requested",
    )

    def __init__(self, partition: int) -> None:
        self.partition = partition
        self.messages: deque[R] = deque()
        self.next_offset: int | None = None
        self.stored_offset: int | None = None
        self.attempts = 0
        self.first_failure = 0.0
        self.retry_at: float | None = None
        self.paused_by_user = False
        self.in_progress = False
        self.yield_requested = False
        self.revoked = False
        self.lost = False
        self.observed_offset = -1
        self.paused_in_client = False
        self.queued = False

    def done(self, offset: int) -> None:
        """The first message, whose offset this is, counts as handled."""
        self.messages.popleft()
        self.next_offset = offset + 1
        self.attempts = 0

    def failed(self, now: float) -> float:
        """The first message has failed once more.

        Args:
            now: seconds, by the consumer's clock.

        Returns:
            How long ago it failed first.
        """
        if self.attempts == 0:
            self.first_failure = now
        self.attempts += 1
        return now - self.first_failure
