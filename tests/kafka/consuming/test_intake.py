"""Whose turn it is, what is stored, what is fetched: whatever happens, in any order."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Iterable

import pytest
from hypothesis import strategies as st
from hypothesis.stateful import Bundle, RuleBasedStateMachine, consumes, invariant, rule

from avrogen.kafka.consumer.fetch_buffer import FetchBuffer, PartitionQueue

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
        self.intake: FetchBuffer[int] = FetchBuffer(limit=LIMIT, patience=PATIENCE)
        self.now = 0.0
        self.fetched: dict[int, int] = {}  # the index in the log that comes next
        self.paused: set[int] = set()
        self.stored: dict[int, int] = {}
        self.committed = dict.fromkeys(PARTITIONS, 0)
        self.handled: dict[int, set[int]] = {p: set() for p in PARTITIONS}
        self.held: set[int] = set()
        self.last: dict[PartitionQueue[int], int] = {}  # to see that none is left out

    taken = Bundle("taken")

    # --- the group --------------------------------------------------------------------------------

    @rule(partition=st.sampled_from(PARTITIONS))
    def assigned(self, partition: int) -> None:
        if partition not in self.fetched:
            self.intake.assign([partition])
            self.fetched[partition] = from_offset(self.committed[partition])
            self.paused.add(partition)  # as a client may have kept it from earlier

    @rule(partition=st.sampled_from(PARTITIONS), in_time=st.booleans())
    def revoked(self, partition: int, in_time: bool) -> None:
        removed = self.intake.remove([partition])
        assert len(removed) == (partition in self.fetched)
        for lane in removed:
            assert lane.yield_requested
            if lane.in_progress and lane.messages and in_time:
                self.handle(lane)
            if lane.next_offset is not None:
                self.committed[partition] = lane.next_offset
        self.forget(partition)

    @rule(partition=st.sampled_from(PARTITIONS))
    def lost(self, partition: int) -> None:
        self.intake.remove([partition])
        self.forget(partition)

    def forget(self, partition: int) -> None:
        self.fetched.pop(partition, None)
        self.stored.pop(partition, None)
        self.held.discard(partition)

    # --- fetching ---------------------------------------------------------------------------------

    @rule(sizes=st.lists(st.integers(0, LIMIT + 2), min_size=3, max_size=3))
    def polled(self, sizes: list[int]) -> None:
        flow = self.intake.flow(self.now)
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
                self.intake.add(partition, offset)
            self.fetched[partition] = min(len(LOG), start + size)

    @rule(partition=st.sampled_from(PARTITIONS), offset=st.integers(0, 50))
    def sought_back(self, partition: int, offset: int) -> None:
        if partition in self.fetched and offset <= self.committed[partition]:
            self.intake.restart(partition)
            self.fetched[partition] = from_offset(offset)

    @rule(seconds=st.floats(0, 3))
    def time_passed(self, seconds: float) -> None:
        self.now += seconds

    # --- handling ---------------------------------------------------------------------------------

    @rule(target=taken)
    def take(self) -> PartitionQueue[int] | None:
        lane = self.intake.acquire(self.now)
        if lane is not None:
            assert lane.messages
            assert not lane.revoked
            assert lane.partition not in self.held
            assert lane.retry_at is None
        return lane

    @rule(lane=taken)
    def done(self, lane: PartitionQueue[int] | None) -> None:
        if lane is not None and lane.in_progress and lane.messages:
            self.handle(lane)

    def handle(self, lane: PartitionQueue[int]) -> None:
        offset = lane.messages[0]
        before = self.last.get(lane)
        if before is not None:
            assert LOG.index(offset) == LOG.index(before) + 1, "left out, or out of order"
        self.last[lane] = offset
        lane.done(offset)
        self.handled[lane.partition].add(offset)

    @rule(lane=consumes(taken))
    def given_back(self, lane: PartitionQueue[int] | None) -> None:
        if lane is not None and lane.in_progress:
            self.intake.release(lane)

    @rule(lane=consumes(taken), rest=st.floats(0, 5))
    def failed(self, lane: PartitionQueue[int] | None, rest: float) -> None:
        if lane is not None and lane.in_progress and lane.messages:
            lane.failed(self.now)
            self.intake.release(lane, due=self.now + rest)

    # --- pausing, storing -------------------------------------------------------------------------

    @rule(partition=st.sampled_from(PARTITIONS), hold=st.booleans())
    def held_or_not(self, partition: int, hold: bool) -> None:
        if partition in self.fetched:
            (self.intake.pause if hold else self.intake.resume)([partition])
            (self.held.add if hold else self.held.discard)(partition)

    @rule()
    def store(self) -> None:
        self.stored.update(self.intake.to_store())
        assert self.intake.to_store() == []

    @rule()
    def commit(self) -> None:
        self.committed.update(self.stored)

    # --- what holds at any time -------------------------------------------------------------------

    @invariant()
    def nothing_unhandled_lies_behind_what_is_committed(self) -> None:
        for partition, offset in self.committed.items():
            assert self.handled[partition].issuperset(LOG[: from_offset(offset)])

    @invariant()
    def what_waits_is_bounded(self) -> None:
        for lane in self.intake.queues.values():
            assert len(lane.messages) < 2 * LIMIT + 2

    def teardown(self) -> None:
        """Whatever has happened: from here on, all that is left comes up."""
        self.intake.resume(None)
        self.held.clear()
        for lane in self.intake.queues.values():
            if lane.in_progress:
                self.intake.release(lane)
        for partition in PARTITIONS:
            self.assigned(partition)
        for _ in range(3 * len(LOG)):
            self.now += PATIENCE
            self.polled([LIMIT] * 3)
            while (ready := self.intake.acquire(self.now)) is not None:
                self.handle(ready)
                self.intake.release(ready)
        self.store()
        assert self.stored == dict.fromkeys(PARTITIONS, LOG[-1] + 1)
        for partition in PARTITIONS:
            assert self.handled[partition] == set(LOG)


TestGroup = Group.TestCase


def intake_with(*sizes: int) -> FetchBuffer[int]:
    """One with so many messages waiting in each partition."""
    intake: FetchBuffer[int] = FetchBuffer(limit=LIMIT, patience=PATIENCE)
    intake.assign(range(len(sizes)))
    assert intake.flow(0.0).resume == tuple(range(len(sizes)))
    for partition, size in enumerate(sizes):
        for offset in range(size):
            intake.add(partition, offset)
    return intake


def take(intake: FetchBuffer[int], now: float = 0.0) -> PartitionQueue[int]:
    lane = intake.acquire(now)
    assert lane is not None
    return lane


def test_lanes_take_turns() -> None:
    intake = intake_with(2, 2, 1)
    order: list[int] = []
    while (lane := intake.acquire(0.0)) is not None:
        order.append(lane.partition)
        lane.done(lane.messages[0])
        intake.release(lane)
    assert order == [0, 1, 2, 0, 1]


def test_a_failed_message_waits_and_others_do_not() -> None:
    intake = intake_with(2, 1)
    first = take(intake)
    assert first.failed(10.0) == 0.0
    intake.release(first, due=12.0)
    assert intake.next_due() == 12.0
    second = take(intake, 11.9)
    assert second.partition == 1
    assert intake.acquire(11.9) is None
    assert intake.flow(11.9).pause == (0,)
    assert take(intake, 12.0) is first
    assert intake.flow(12.0).resume == (), "not before it is handled"
    assert first.failed(12.5) == 2.5
    assert first.attempts == 2
    first.done(0)
    assert first.attempts == 0
    assert intake.flow(12.5).resume == (0,)
    assert intake.next_due() is None


def test_what_becomes_a_dead_letter_pauses_nothing() -> None:
    """To pause drops what the client has fetched ahead, and dead letters come in swarms."""
    intake = intake_with(2)
    lane = take(intake)
    lane.failed(0.0)
    assert intake.flow(0.0).pause == ()
    lane.done(0)
    intake.release(lane)
    assert intake.flow(0.0).pause == ()


def test_full_lanes_are_paused_when_patience_is_over() -> None:
    intake = intake_with(LIMIT, 1)
    assert intake.flow(5.0).wait == 1.0
    assert intake.flow(5.75).wait == 0.25
    flow = intake.flow(6.0)
    assert (flow.pause, flow.fetch) == ((0,), True)
    lane = take(intake)
    for offset in range(LIMIT - 1):
        assert intake.flow(6.0).resume == ()
        lane.done(offset)
    assert intake.flow(6.0).resume == (0,)


def test_room_in_time_spares_the_pause() -> None:
    intake = intake_with(LIMIT)
    assert not intake.flow(5.0).fetch
    lane = take(intake)
    lane.done(0)
    assert intake.flow(5.5).fetch
    intake.add(0, LIMIT)
    assert intake.flow(6.0).wait == 1.0, "patience begins anew"


def test_holding_everything_holds_what_comes_later() -> None:
    intake = intake_with(1)
    intake.pause(None)
    assert intake.flow(0.0).pause == (0,)
    intake.assign([1])
    intake.add(1, 0)
    assert intake.acquire(0.0) is None
    assert intake.flow(0.0).resume == ()
    intake.resume(None)
    assert intake.flow(0.0).resume == (0, 1)
    assert {take(intake).partition, take(intake).partition} == {0, 1}


def test_holding_what_is_not_assigned_changes_nothing() -> None:
    intake = intake_with(1)
    with pytest.raises(KeyError):
        intake.pause([0, 7])
    assert take(intake).partition == 0


def test_what_is_handled_after_a_restart_counts_no_more() -> None:
    intake = intake_with(3)
    lane = take(intake)
    lane.done(0)
    intake.restart(0)
    assert lane.yield_requested
    lane.done(1)
    intake.release(lane)
    assert intake.to_store() == []
    assert intake.acquire(0.0) is None
    intake.add(0, 0)
    again = take(intake)
    again.done(0)
    assert intake.to_store() == [(0, 1)]


def partitions_of(lanes: Iterable[PartitionQueue[int]]) -> set[int]:
    return {lane.partition for lane in lanes}


def test_interrupting_reaches_those_that_are_taken() -> None:
    intake = intake_with(2, 2)
    lane = take(intake)
    intake.interrupt()
    assert lane.yield_requested
    intake.release(lane)
    assert partitions_of([take(intake), take(intake)]) == {0, 1}
    assert not lane.yield_requested
