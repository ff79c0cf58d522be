"""Concurrent handling without threads: any schedule, compared with a model of sets.

Each schedule is drawn from a seed. ``python -m tests.kafka.consumer.test_key_scheduler 100000``
plays that many.
"""

from __future__ import annotations

import sys
from random import Random
from time import monotonic
from typing import Any, NamedTuple

import pytest

from avrogen.kafka.consumer.fetch_buffer import FetchBuffer, PartitionQueue, QueueState
from avrogen.kafka.consumer.key_scheduler import (
    ConcurrencyLimits,
    KeyQueue,
    KeyScheduler,
    Ordering,
    PartitionRun,
)
from avrogen.kafka.consumer.offset_tracker import CommitPoint, HandledOffsets, decode_handled

SCHEDULES = 500
WINDOW_LEAST = 5


class Sent(NamedTuple):
    """A message on the topic."""

    partition: int
    offset: int
    key: str | None
    number: int


class Limits(ConcurrencyLimits):
    """Limits that are met soon."""

    @property
    def window(self) -> int:
        return max(WINDOW_LEAST, 2 * self.slots)


class Group:
    """A group with one member at a time, what is on its topic, and what it has handled."""

    def __init__(self, random: Random) -> None:
        self.random = random
        self.ordering: Ordering = random.choice(["key", "key", "partition", "unordered"])
        keys = [None, *(f"key {n}" for n in range(random.randint(1, 6)))]
        self.log: dict[int, list[Sent]] = {}
        for partition in range(random.randint(1, 3)):
            offset, sent = random.choice([0, 7]), list[Sent]()
            for number in range(random.randint(0, 40)):
                sent.append(Sent(partition, offset, random.choice(keys), number))
                offset += random.choice([1, 1, 1, 2, 5])
            self.log[partition] = sent
        self.committed = {p: (log[0].offset if log else 0, "") for p, log in self.log.items()}
        self.handled: set[Sent] = set()
        self.forgotten: set[Sent] = set()
        """Handled, and not in what was committed when the partition was assigned."""
        self.member = Member(self)

    def forget(self, partition: int, metadata: str) -> None:
        """The partition is read from its committed offset: what is not committed comes again."""
        offset = self.committed[partition][0]
        kept = decode_handled(offset, metadata) or ()
        self.forgotten |= {
            sent
            for sent in self.log[partition]
            if sent in self.handled and sent.offset >= offset and sent.offset not in kept
        }

    def play(self, steps: int) -> None:
        actions = [
            *["fetch", "take", "start", "start", "finish", "finish", "finish"] * 3,
            *["run", "run", "run", "split"],
            *["retry", "pause", "resume", "commit", "commit", "time", "time"],
            *["revoke", "lose", "seek", "crash", "run_again"],
        ]
        for _ in range(steps):
            action = self.random.choice(actions)
            if action == "crash":
                self.member = Member(self)
            else:
                getattr(self.member, action)()
            self.member.check()

    def end(self) -> None:
        """Whatever has happened: all that is left is handled, and committed."""
        everything = {sent for log in self.log.values() for sent in log}
        for _ in range(400):
            self.member.resume(all_of_them=True)
            self.member.time(10.0)
            self.member.fetch(all_of_them=True)
            self.member.run()
            self.member.take()
            self.member.start()
            while self.member.running:
                self.member.finish()
            self.member.check()
            if everything <= self.handled and not any(
                queue.messages or queue.taken for queue in self.member.buffer.queues.values()
            ):
                break
        assert everything <= self.handled, "lost"
        self.member.commit()
        for partition, log in self.log.items():
            if log:
                assert self.committed[partition] == (log[-1].offset + 1, "")


class Member:
    """A consumer with a scheduler. ``running`` are its handlers."""

    def __init__(self, group: Group) -> None:
        self.group, self.random = group, group.random
        self.now = 0.0
        self.buffer: FetchBuffer[Sent] = FetchBuffer(limit=20)
        self.scheduler = self.new_scheduler()
        self.running: list[tuple[KeyQueue[Sent] | PartitionRun[Sent], Sent]] = []
        self.position: dict[int, int] = {}
        self.stale: set[Sent] = set()
        for partition in group.log:
            self.assign(partition)

    def new_scheduler(self) -> KeyScheduler[Sent]:
        limits = Limits(self.random.randint(1, 6), self.group.ordering, self.random.randint(1, 12))
        return KeyScheduler(limits, key_of=self.key_of, offset_of=lambda sent: sent.offset)

    def run_again(self) -> None:
        """A runner ends when all that is in flight is handled, and another one begins."""
        while self.running:
            self.finish()
        for queue in self.scheduler.close():
            offsets = [sent.offset for sent in queue.messages]
            assert offsets == sorted(offsets), "put back in another order"
            self.buffer.release(queue)
        assert not self.scheduler.partitions
        self.scheduler = self.new_scheduler()

    def key_of(self, sent: Sent) -> Any:
        ordering = self.group.ordering
        return sent.key if ordering == "key" else b"" if ordering == "partition" else None

    # --- the group --------------------------------------------------------------------------------

    def assign(self, partition: int) -> None:
        offset, metadata = self.group.committed[partition]
        self.buffer.assign([partition])
        self.buffer.queues[partition].paused_in_client = False
        self.buffer.queues[partition].handled_before = decode_handled(offset, metadata)
        self.position[partition] = offset
        self.group.forget(partition, metadata)

    def revoke(self) -> None:
        partition = self.random.choice(list(self.group.log))
        (queue,) = self.buffer.remove([partition])
        if self.random.random() < 0.7:  # within the grace
            while any(k.owner.queue is queue for k, _ in self.running):
                self.finish(queue=queue)
        self.give_back()
        queue.lose()
        self.commit_queue(partition, queue)
        self.leave(queue)
        self.assign(partition)

    def lose(self) -> None:
        partition = self.random.choice(list(self.group.log))
        (queue,) = self.buffer.remove([partition])
        queue.lose()
        self.leave(queue)
        self.give_back()
        self.assign(partition)

    def seek(self) -> None:
        partition = self.random.choice(list(self.group.log))
        queue = self.buffer.queues[partition]
        self.leave(queue)
        self.buffer.restart(partition)
        self.give_back()
        self.position[partition] = self.group.committed[partition][0]
        self.group.forget(partition, "")

    def leave(self, queue: PartitionQueue[Sent]) -> None:
        """What is in flight no longer counts."""
        self.stale |= {sent for keys, sent in self.running if keys.owner.queue is queue}

    # --- fetching ---------------------------------------------------------------------------------

    def fetch(self, *, all_of_them: bool = False) -> None:
        for partition, log in self.group.log.items():
            queue = self.buffer.queues[partition]
            rest = [sent for sent in log if sent.offset >= self.position[partition]]
            most = min(20 - len(queue.messages), 100 if all_of_them else self.random.randint(0, 8))
            for sent in rest[:most]:
                self.buffer.add(partition, sent, 10)
                self.position[partition] = sent.offset + 1
        while (acquired := self.buffer.acquire(self.now)) is not None:
            self.scheduler.add(acquired)

    def take(self) -> None:
        scheduler = self.scheduler
        scheduler.look(self.now)
        self.give_back()
        while (partition := scheduler.next_partition(self.now)) is not None:
            for _ in range(min(scheduler.room(partition), len(partition.queue.messages))):
                if scheduler.was_handled(partition):
                    assert partition.queue.messages[0] in self.group.handled, "skipped unhandled"
                    scheduler.pass_by(partition)
                elif scheduler.is_stalled(partition):
                    break
                else:
                    scheduler.take(partition, self.random.choice([None, "decoded"]))

    def give_back(self) -> None:
        for queue in self.scheduler.returned():
            self.buffer.release(queue)

    # --- handling ---------------------------------------------------------------------------------

    def start(self) -> None:
        while (keys := self.scheduler.start(self.now)) is not None:
            self.started(keys, keys.messages[0])

    def started(self, work: KeyQueue[Sent] | PartitionRun[Sent], sent: Sent) -> None:
        assert not work.owner.queue.paused_by_user
        assert work.owner.queue.state is QueueState.IN_PROGRESS
        same = [
            other
            for _, other in self.running
            if other.partition == sent.partition
            and self.key_of(other) is not None
            and self.key_of(other) == self.key_of(sent)
        ]
        assert not same, "two of a key at a time"
        before = [
            s
            for s in self.group.log[sent.partition][: sent.number]
            if self.key_of(s) is not None and self.key_of(s) == self.key_of(sent)
        ]
        assert set(before) <= self.group.handled, "before one of its key that comes first"
        assert sent not in self.group.handled - self.group.forgotten, "handled again"
        self.running.append((work, sent))

    def run(self) -> None:
        partition = self.scheduler.next_in_order(self.now)
        if partition is not None:
            messages = list(partition.queue.messages)[: self.random.randint(1, 10)]
            self.started(self.scheduler.start_run(partition, messages, self.now), messages[0])

    def split(self) -> None:
        runs = self.scheduler.runs()
        if runs:
            self.split_off(self.random.choice(runs))

    def split_off(self, run: PartitionRun[Sent]) -> KeyQueue[Sent]:
        index, sent = next((n, s) for n, (each, s) in enumerate(self.running) if each is run)
        keys = self.scheduler.split(run)
        assert keys is run.split_off
        assert list(keys.messages) == [sent], "another one was in flight"
        self.running[index] = keys, sent
        return keys

    def finish(self, *, queue: PartitionQueue[Sent] | None = None) -> None:
        ours = [(k, s) for k, s in self.running if queue is None or k.owner.queue is queue]
        if not ours:
            return
        work, sent = self.random.choice(ours)
        self.running.remove((work, sent))
        done = work.owner.queue.done if isinstance(work, PartitionRun) else work.done
        done(sent.offset)
        self.group.handled.add(sent)
        self.group.forgotten.discard(sent)
        if sent in self.stale:
            self.stale.discard(sent)
            self.group.forgotten.add(sent)
        if isinstance(work, KeyQueue):
            self.scheduler.finish(work)
        else:
            self.go_on(work, sent)
        self.give_back()

    def go_on(self, run: PartitionRun[Sent], handled: Sent) -> None:
        """Start the next message of a run, or end it."""
        owner = run.owner
        rest = [sent for sent in run.messages if sent.offset > handled.offset]
        if not rest or owner.queue.yield_requested or owner.closed or self.random.random() < 0.1:
            self.scheduler.finish_run(run)
        else:
            self.started(run, rest[0])

    def retry(self) -> None:
        if self.running:
            work, sent = self.random.choice(self.running)
            keys = self.split_off(work) if isinstance(work, PartitionRun) else work
            self.running.remove((keys, sent))
            keys.failed(self.now)
            self.stale.discard(sent)
            self.scheduler.finish(keys, self.now + self.random.choice([0.0, 1.0, 3.0]))

    def pause(self) -> None:
        self.buffer.pause([self.random.choice(list(self.group.log))])

    def resume(self, *, all_of_them: bool = False) -> None:
        self.buffer.resume(None if all_of_them else [self.random.choice(list(self.group.log))])

    def time(self, seconds: float | None = None) -> None:
        self.now += self.random.choice([0.1, 1.0]) if seconds is None else seconds

    # --- committing -------------------------------------------------------------------------------

    def commit(self) -> None:
        for partition, queue in self.buffer.queues.items():
            self.commit_queue(partition, queue)

    def commit_queue(self, partition: int, queue: PartitionQueue[Sent]) -> None:
        if queue.next_offset is None:
            return
        point = CommitPoint(queue.next_offset, [])
        if queue.progress is not None:
            point = queue.progress.commit_point(queue.next_offset)
        self.group.committed[partition] = point.offset, point.metadata
        before = decode_handled(point.offset, point.metadata)
        kept = {
            sent
            for sent in self.group.log[partition]
            if sent.offset < point.offset or (before is not None and sent.offset in before)
        }
        assert kept <= self.group.handled, "committed, and not handled"

    # --- what holds at any time -------------------------------------------------------------------

    def check(self) -> None:
        scheduler, limits = self.scheduler, self.scheduler.limits
        assert scheduler.in_flight == len(self.running) <= limits.slots
        assert (scheduler.oldest_start() is None) == (not self.running)
        for partition in scheduler.partitions:
            queue = partition.queue
            assert queue.taken <= limits.window
            assert partition.tracker.beyond <= 12 + 12, "the most of any limits"
            left = sum(len(keys.messages) for keys in partition.keys.values())
            assert queue.taken == left
            assert queue.bytes == 10 * (left + len(queue.messages))
            if queue.next_offset is not None and not queue.lost:
                log = self.group.log[queue.partition]
                unhandled = [s.offset for s in log if s not in self.group.handled]
                assert not unhandled or queue.next_offset <= unhandled[0]


def play(seed: int) -> None:
    """Play the schedule of a seed."""
    random = Random(seed)
    group = Group(random)
    group.play(random.randint(5, 150))
    group.end()


@pytest.mark.parametrize("part", range(3))
def test_any_schedule_handles_all_in_order_and_commits_only_what_is_handled(part: int) -> None:
    for seed in range(part * SCHEDULES // 3, (part + 1) * SCHEDULES // 3):
        try:
            play(seed)
        except AssertionError as error:
            error.add_note(f"seed {seed}")
            raise


def test_what_was_handled_before_does_not_count_after_a_jump() -> None:
    for first, known in ((5, True), (2, False), (9, False)):
        buffer: FetchBuffer[Sent] = FetchBuffer()
        buffer.assign([0])
        buffer.queues[0].handled_before = HandledOffsets(3, [(5, 7)])
        sent = [Sent(0, offset, None, offset) for offset in (first, 5, 6)]
        for each in sent:
            buffer.add(0, each)
        scheduler: KeyScheduler[Sent] = KeyScheduler(
            ConcurrencyLimits(2), key_of=lambda each: each.key, offset_of=lambda each: each.offset
        )
        acquired = buffer.acquire(0.0)
        assert acquired is not None
        scheduler.add(acquired)
        (partition,) = scheduler.partitions
        assert scheduler.was_handled(partition) is known
        scheduler.take(partition)
        assert scheduler.was_handled(partition) is known


def test_a_tracker_ends_when_messages_are_handled_in_order_again() -> None:
    buffer: FetchBuffer[Sent] = FetchBuffer()
    buffer.assign([0])
    for offset in range(6):
        buffer.add(0, Sent(0, offset, f"key {offset}", offset))
    queue = buffer.queues[0]

    def run(*offsets: int) -> None:
        """Handle these concurrently, and put back the others."""
        acquired = buffer.acquire(0.0)
        assert acquired is queue
        scheduler: KeyScheduler[Sent] = KeyScheduler(
            ConcurrencyLimits(6), key_of=lambda each: each.key, offset_of=lambda each: each.offset
        )
        scheduler.add(queue)
        while queue.messages:
            scheduler.take(scheduler.partitions[0])
        while (keys := scheduler.start(0.0)) is not None:
            if keys.messages[0].offset in offsets:
                keys.done(keys.messages[0].offset)
            scheduler.finish(keys, 1.0)
        buffer.release(*scheduler.close())

    run(1, 3)
    assert queue.progress is not None
    assert queue.next_offset == 0
    assert queue.progress.commit_point(0).beyond == [(1, 2), (3, 4)]
    assert buffer.to_store() == []
    assert buffer.acquire(0.0) is queue
    queue.done(0)
    queue.done(2)  # in order
    buffer.release(queue)
    assert queue.progress is None
    assert buffer.to_store() == [(0, 3)]
    run(5)
    assert queue.next_offset == 4, "3 is known no more, and no message of it comes"
    assert queue.progress is not None
    assert queue.progress.commit_point(4).beyond == [(5, 6)]


def test_limits_are_checked() -> None:
    for slots in (0, -1, 10_001):
        with pytest.raises(ValueError, match=f"concurrency must be from 1 to 10,000, got {slots}"):
            ConcurrencyLimits(slots)
    with pytest.raises(ValueError, match="ordering must be one of"):
        ConcurrencyLimits(2, "random")  # type: ignore[arg-type] # pyright: ignore


if __name__ == "__main__":
    began = monotonic()
    for number in range(int(sys.argv[1])):
        play(number)
    print(f"{sys.argv[1]} schedules in {monotonic() - began:.0f} s")
