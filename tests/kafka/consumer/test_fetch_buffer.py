"""The fetch buffer: turns, stored offsets and flow control, whatever happens in any order."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Iterable
from concurrent.futures import Future

import pytest
from hypothesis import strategies as st
from hypothesis.stateful import Bundle, RuleBasedStateMachine, consumes, invariant, rule

from avrogen.kafka.consumer.fetch_buffer import FetchBuffer, PartitionQueue, QueueState

LIMIT = 4
PATIENCE = 1.0
PARTITIONS = range(3)
LOG = [offset for offset in range(400) if offset % 7 not in (3, 4)]
"""Offsets of the messages of each partition. Some are missing, as after compaction."""


def from_offset(offset: int) -> int:
    """The index in the log of the first message from an offset on."""
    return bisect_right(LOG, offset - 1)


class Group(RuleBasedStateMachine):
    """One consumer of a group, and what the broker knows.

    Messages are their offsets. Whatever happens, offsets that are committed have only handled
    messages behind them, and in the end every message is handled.
    """

    def __init__(self) -> None:
        super().__init__()
        self.buffer: FetchBuffer[int] = FetchBuffer(limit=LIMIT, patience=PATIENCE)
        self.now = 0.0
        self.fetched: dict[int, int] = {}  # the index in the log that comes next
        self.paused: set[int] = set()
        self.stored: dict[int, int] = {}
        self.committed = dict.fromkeys(PARTITIONS, 0)
        self.handled: dict[int, set[int]] = {p: set() for p in PARTITIONS}
        self.paused_by_user: set[int] = set()
        self.last: dict[PartitionQueue[int], int] = {}  # to see that none is left out

    acquired = Bundle("acquired")

    # --- the group --------------------------------------------------------------------------------

    @rule(partition=st.sampled_from(PARTITIONS))
    def assigned(self, partition: int) -> None:
        if partition not in self.fetched:
            self.buffer.assign([partition])
            self.fetched[partition] = from_offset(self.committed[partition])
            self.paused.add(partition)  # as a client may have kept it from earlier

    @rule(partition=st.sampled_from(PARTITIONS), in_time=st.booleans())
    def revoked(self, partition: int, in_time: bool) -> None:
        removed = self.buffer.remove([partition])
        assert len(removed) == (partition in self.fetched)
        for queue in removed:
            assert queue.yield_requested
            if queue.in_progress and queue.messages and in_time:
                self.handle(queue)
            if queue.next_offset is not None:
                self.committed[partition] = queue.next_offset
        self.forget(partition)

    @rule(partition=st.sampled_from(PARTITIONS))
    def lost(self, partition: int) -> None:
        self.buffer.remove([partition])
        self.forget(partition)

    def forget(self, partition: int) -> None:
        self.fetched.pop(partition, None)
        self.stored.pop(partition, None)
        self.paused_by_user.discard(partition)

    # --- fetching ---------------------------------------------------------------------------------

    @rule(sizes=st.lists(st.integers(0, LIMIT + 2), min_size=3, max_size=3))
    def polled(self, sizes: list[int]) -> None:
        flow = self.buffer.flow(self.now)
        assert not self.paused & set(flow.pause)
        assert self.paused >= set(flow.resume)
        self.paused |= set(flow.pause)
        self.paused -= set(flow.resume)
        assert 0 <= flow.wait <= PATIENCE
        assert flow.fetch is not bool(flow.wait)
        if flow.fetch:
            for partition, size in zip(PARTITIONS, sizes, strict=True):
                if partition not in self.paused:
                    self.fetch(partition, size)

    def fetch(self, partition: int, size: int) -> None:
        start = self.fetched.get(partition)
        if start is not None:
            for offset in LOG[start : start + size]:
                self.buffer.add(partition, offset)
            self.fetched[partition] = min(len(LOG), start + size)

    @rule(partition=st.sampled_from(PARTITIONS), offset=st.integers(0, 50))
    def sought_back(self, partition: int, offset: int) -> None:
        if partition in self.fetched and offset <= self.committed[partition]:
            self.buffer.restart(partition)
            self.fetched[partition] = from_offset(offset)

    @rule(seconds=st.floats(0, 3))
    def time_passed(self, seconds: float) -> None:
        self.now += seconds

    # --- handling ---------------------------------------------------------------------------------

    @rule(target=acquired)
    def acquire(self) -> PartitionQueue[int] | None:
        queue = self.buffer.acquire(self.now)
        if queue is not None:
            assert queue.messages
            assert queue.state is QueueState.IN_PROGRESS
            assert queue.partition not in self.paused_by_user
        return queue

    @rule(queue=acquired)
    def done(self, queue: PartitionQueue[int] | None) -> None:
        if queue is not None and queue.in_progress and queue.messages:
            self.handle(queue)

    def handle(self, queue: PartitionQueue[int]) -> None:
        offset = queue.messages[0]
        before = self.last.get(queue)
        if before is not None:
            assert LOG.index(offset) == LOG.index(before) + 1, "left out, or out of order"
        self.last[queue] = offset
        queue.done(offset)
        self.handled[queue.partition].add(offset)

    @rule(queue=consumes(acquired))
    def released(self, queue: PartitionQueue[int] | None) -> None:
        if queue is not None and queue.in_progress:
            self.buffer.release(queue)

    @rule(queue=consumes(acquired), backoff=st.floats(0, 5))
    def failed(self, queue: PartitionQueue[int] | None, backoff: float) -> None:
        if queue is not None and queue.in_progress and queue.messages:
            queue.failed(self.now)
            self.buffer.release(queue, retry_at=self.now + backoff)

    # --- pausing, storing -------------------------------------------------------------------------

    @rule(partition=st.sampled_from(PARTITIONS), pause=st.booleans())
    def paused_or_resumed(self, partition: int, pause: bool) -> None:
        if partition in self.fetched:
            (self.buffer.pause if pause else self.buffer.resume)([partition])
            (self.paused_by_user.add if pause else self.paused_by_user.discard)(partition)

    @rule()
    def store(self) -> None:
        self.stored.update(self.buffer.to_store())
        assert self.buffer.to_store() == []

    @rule()
    def commit(self) -> None:
        self.committed.update(self.stored)

    # --- what holds at any time -------------------------------------------------------------------

    @invariant()
    def nothing_unhandled_lies_behind_what_is_committed(self) -> None:
        for partition, offset in self.committed.items():
            assert self.handled[partition].issuperset(LOG[: from_offset(offset)])

    @invariant()
    def every_queue_with_messages_waits_for_its_turn_or_is_paused(self) -> None:
        for queue in self.buffer.queues.values():
            if queue.state is QueueState.IDLE:
                assert not queue.messages or queue.partition in self.paused_by_user

    @invariant()
    def what_waits_is_bounded(self) -> None:
        for queue in self.buffer.queues.values():
            assert len(queue.messages) < 2 * LIMIT + 2

    def teardown(self) -> None:
        """Whatever has happened: from here on, all that is left comes up."""
        self.buffer.resume(None)
        self.paused_by_user.clear()
        for queue in self.buffer.queues.values():
            if queue.in_progress:
                self.buffer.release(queue)
        for partition in PARTITIONS:
            self.assigned(partition)
        for _ in range(3 * len(LOG)):
            self.now += PATIENCE
            self.polled([LIMIT] * 3)
            while (ready := self.buffer.acquire(self.now)) is not None:
                self.handle(ready)
                self.buffer.release(ready)
        self.store()
        assert self.stored == dict.fromkeys(PARTITIONS, LOG[-1] + 1)
        for partition in PARTITIONS:
            assert self.handled[partition] == set(LOG)


TestGroup = Group.TestCase


def buffer_with(*sizes: int) -> FetchBuffer[int]:
    """One with so many messages waiting in each partition."""
    buffer: FetchBuffer[int] = FetchBuffer(limit=LIMIT, patience=PATIENCE)
    buffer.assign(range(len(sizes)))
    assert buffer.flow(0.0).resume == tuple(range(len(sizes)))
    for partition, size in enumerate(sizes):
        for offset in range(size):
            buffer.add(partition, offset)
    return buffer


def acquire(buffer: FetchBuffer[int], now: float = 0.0) -> PartitionQueue[int]:
    queue = buffer.acquire(now)
    assert queue is not None
    return queue


def test_queues_take_turns() -> None:
    buffer = buffer_with(2, 2, 1)
    order: list[int] = []
    while (queue := buffer.acquire(0.0)) is not None:
        order.append(queue.partition)
        queue.done(queue.messages[0])
        buffer.release(queue)
    assert order == [0, 1, 2, 0, 1]


def test_a_failed_message_waits_and_others_do_not() -> None:
    buffer = buffer_with(2, 1)
    first = acquire(buffer)
    assert first.failed(10.0) == 0.0
    buffer.release(first, retry_at=12.0)
    assert buffer.next_retry() == 12.0
    second = acquire(buffer, 11.9)
    assert second.partition == 1
    assert buffer.acquire(11.9) is None
    assert buffer.flow(11.9).pause == (0,)
    assert acquire(buffer, 12.0) is first
    assert buffer.flow(12.0).resume == (), "not before it is handled"
    assert first.failed(12.5) == 2.5
    assert first.attempts == 2
    first.done(0)
    assert first.attempts == 0
    assert buffer.flow(12.5).resume == (0,)
    assert buffer.next_retry() is None


def test_what_becomes_a_dead_letter_pauses_nothing() -> None:
    """To pause drops what the client has fetched ahead, and dead letters come in swarms."""
    buffer = buffer_with(2)
    queue = acquire(buffer)
    queue.failed(0.0)
    assert buffer.flow(0.0).pause == ()
    queue.done(0)
    buffer.release(queue)
    assert buffer.flow(0.0).pause == ()


def test_full_lanes_are_paused_when_patience_is_over() -> None:
    buffer = buffer_with(LIMIT, 1)
    assert buffer.flow(5.0).wait == 1.0
    assert buffer.flow(5.75).wait == 0.25
    flow = buffer.flow(6.0)
    assert (flow.pause, flow.fetch) == ((0,), True)
    queue = acquire(buffer)
    for offset in range(LIMIT - 1):
        assert buffer.flow(6.0).resume == ()
        queue.done(offset)
    assert buffer.flow(6.0).resume == (0,)


def test_a_full_queue_that_waits_for_a_schema_is_paused_at_once() -> None:
    buffer = buffer_with(LIMIT, 1)
    buffer.queues[0].schema_fetch = "schema 7", Future()
    flow = buffer.flow(5.0)
    assert (flow.pause, flow.fetch, flow.wait) == ((0,), True, 0.0)


def large(*sizes: int, limit: int = 100, max_bytes: int = 3_000) -> FetchBuffer[int]:
    """A buffer of three partitions, and messages of these sizes in the first."""
    buffer: FetchBuffer[int] = FetchBuffer(limit=limit, patience=PATIENCE, max_bytes=max_bytes)
    buffer.assign(PARTITIONS)
    buffer.flow(0.0)  # the partitions are resumed
    for offset, size in enumerate(sizes):
        buffer.add(0, offset, size)
    return buffer


@pytest.mark.parametrize(
    ("sizes", "paused"),
    [((999,), ()), ((1_000,), (0,)), ((5_000,), (0,)), ((300,) * 3, ()), ((300,) * 4, (0,))],
)
def test_a_partition_with_its_share_of_the_bytes_is_full(
    sizes: tuple[int, ...], paused: tuple[int, ...]
) -> None:
    buffer = large(*sizes)
    assert buffer.queues[0].bytes == sum(sizes)
    assert buffer.flow(1.0).fetch is not bool(paused)
    assert buffer.flow(2.0 + PATIENCE).pause == paused


def test_a_partition_is_fetched_again_when_its_bytes_are_handled() -> None:
    buffer = large(*(250,) * 8)
    buffer.flow(0.0)
    assert buffer.flow(PATIENCE).pause == (0,)
    queue = buffer.acquire(PATIENCE)
    assert queue is not None
    for offset in range(6):
        queue.done(offset)
        assert buffer.flow(PATIENCE).resume == ()
    queue.done(6)
    assert (queue.bytes, buffer.flow(PATIENCE).resume) == (250, (0,))


def test_a_message_larger_than_all_bytes_comes_alone() -> None:
    buffer = large(10_000, 10_000)
    buffer.flow(0.0)
    assert buffer.flow(PATIENCE).pause == (0,)
    queue = buffer.acquire(PATIENCE)
    assert queue is not None
    queue.done(0)
    assert buffer.flow(PATIENCE).resume == (0,)


def test_room_in_time_spares_the_pause() -> None:
    buffer = buffer_with(LIMIT)
    assert not buffer.flow(5.0).fetch
    queue = acquire(buffer)
    queue.done(0)
    assert buffer.flow(5.5).fetch
    buffer.add(0, LIMIT)
    assert buffer.flow(6.0).wait == 1.0, "patience begins anew"


def test_pausing_everything_pauses_what_comes_later() -> None:
    buffer = buffer_with(1)
    buffer.pause(None)
    assert buffer.flow(0.0).pause == (0,)
    buffer.assign([1])
    buffer.add(1, 0)
    assert buffer.acquire(0.0) is None
    assert buffer.flow(0.0).resume == ()
    buffer.resume(None)
    assert buffer.flow(0.0).resume == (0, 1)
    assert {acquire(buffer).partition, acquire(buffer).partition} == {0, 1}


def test_pausing_what_is_not_assigned_changes_nothing() -> None:
    buffer = buffer_with(1)
    with pytest.raises(KeyError):
        buffer.pause([0, 7])
    assert acquire(buffer).partition == 0


def test_what_is_handled_after_a_restart_counts_no_more() -> None:
    buffer = buffer_with(3)
    queue = acquire(buffer)
    queue.done(0)
    buffer.restart(0)
    assert queue.yield_requested
    queue.done(1)
    buffer.release(queue)
    assert buffer.to_store() == []
    assert buffer.acquire(0.0) is None
    buffer.add(0, 0)
    again = acquire(buffer)
    again.done(0)
    assert buffer.to_store() == [(0, 1)]


def partitions_of(queues: Iterable[PartitionQueue[int]]) -> set[int]:
    return {queue.partition for queue in queues}


def test_interrupting_reaches_those_in_progress() -> None:
    buffer = buffer_with(2, 2)
    queue = acquire(buffer)
    buffer.interrupt()
    assert queue.yield_requested
    buffer.release(queue)
    assert partitions_of([acquire(buffer), acquire(buffer)]) == {0, 1}
    assert not queue.yield_requested


def test_a_queue_is_revoking_until_its_runner_releases_it() -> None:
    buffer = buffer_with(1, 1)
    acquired = acquire(buffer)
    revoked = buffer.remove([0, 1])
    assert [queue.state for queue in revoked] == [QueueState.REVOKING, QueueState.REVOKED]
    assert [queue.in_progress for queue in revoked] == [True, False]
    acquired.done(0)
    buffer.release(acquired, retry_at=1.0)
    assert acquired.state is QueueState.REVOKED
    assert buffer.next_retry() is None
    assert buffer.acquire(1.0) is None


@pytest.mark.parametrize("release_first", [True, False])
def test_a_lost_queue_stays_lost(release_first: bool) -> None:
    buffer = buffer_with(1)
    queue = acquire(buffer)
    buffer.remove([0])
    if release_first:
        buffer.release(queue)
    queue.lose()
    buffer.release(queue)
    assert queue.lost
    assert not queue.in_progress
    assert buffer.acquire(0.0) is None


def test_a_queue_that_is_revoked_during_its_backoff_does_not_come_back() -> None:
    buffer = buffer_with(1)
    queue = acquire(buffer)
    queue.failed(0.0)
    buffer.release(queue, retry_at=1.0)
    assert queue.state is QueueState.BACKOFF
    assert [revoked.state for revoked in buffer.remove([0])] == [QueueState.REVOKED]
    assert buffer.next_retry() is None
    assert buffer.acquire(2.0) is None


def test_a_queue_that_is_paused_while_ready_keeps_its_messages() -> None:
    buffer = buffer_with(1, 1)
    buffer.pause([0])
    assert acquire(buffer).partition == 1
    assert buffer.acquire(0.0) is None
    assert buffer.queues[0].state is QueueState.IDLE
    buffer.resume([0])
    assert acquire(buffer).partition == 0
