"""Handling by the batch: sizes, waits, and what becomes of batches that fail."""

from __future__ import annotations

import threading
from time import monotonic
from typing import Any

import pytest

from avrogen import Retry, RetryPolicy
from tests.kafka.consumer.test_rebalance import KIP_848
from tests.support.clusters import AnyCluster
from tests.support.scenes import (
    EventMessage,
    Events,
    Gate,
    Handled,
    Member,
    Scene,
    eventually,
    stopped_in_time,
)

QUICK = RetryPolicy(attempts=3, initial=0.01, jitter=0.0)


class Batches(Handled):
    """Notes batches, and fails with those that have certain numbers in them.

    Args:
        consumer: stopped when so many messages are handled.
        until: how many.
        failing: how often to fail with each number.
        error: what to raise.
    """

    def __init__(
        self,
        consumer: Events,
        until: int,
        failing: dict[int, int] | None = None,
        error: Exception | None = None,
    ) -> None:
        super().__init__()
        self.sizes: list[int] = []
        self._consumer = consumer
        self._until = until
        self._failing = failing or {}
        self._error = error or ValueError("negative price")

    def all(self, messages: list[EventMessage]) -> None:
        """Handle a batch."""
        self.sizes.append(len(messages))
        for message in messages:
            number = message.value.timestamp
            if self._failing.get(number, 0):
                self._failing[number] -= 1
                raise self._error
        for message in messages:
            self(message)
        if len(self) >= self._until:
            self._consumer.stop()


def test_batches_are_full_or_have_waited(cluster: AnyCluster) -> None:
    scene = Scene.of(cluster, partitions=3)
    numbers = scene.send(250)
    with scene.consumer() as consumer, stopped_in_time(consumer):
        batches = Batches(consumer, 250)
        started = monotonic()
        consumer.run_batches(batches.all, max_records=100, max_wait=0.5)
        assert monotonic() - started >= 0.5, "the last one waits for more"
    assert batches.sizes == [100, 100, 50]
    batches.assert_each_once(numbers)
    assert scene.committed() == scene.ends()


def test_batches_larger_than_what_waits_otherwise(cluster: AnyCluster) -> None:
    scene = Scene.of(cluster)
    scene.send(3000)
    with scene.consumer() as consumer, stopped_in_time(consumer):
        batches = Batches(consumer, 3000)
        consumer.run_batches(batches.all, max_records=2000, max_wait=5.0)
        assert batches.sizes[0] == 2000
    batches.assert_each_once(range(3000))


def test_a_batch_that_may_pass_comes_again(cluster: AnyCluster) -> None:
    scene = Scene.of(cluster, partitions=2)
    numbers = scene.send(60)
    with scene.consumer(retry=QUICK) as consumer, stopped_in_time(consumer):
        batches = Batches(consumer, 60, {7: 1, 31: 2}, Retry("later"))
        consumer.run_batches(batches.all, max_records=20, max_wait=0.2)
    batches.assert_each_once(numbers)
    assert scene.committed() == scene.ends()


@pytest.mark.parametrize("error", [ValueError("negative price"), Retry("for good")], ids=repr)
def test_poison_is_told_from_the_rest_of_its_batch(cluster: AnyCluster, error: Exception) -> None:
    scene = Scene.of(cluster, partitions=2, dead_letters=2)
    numbers = scene.send(60)
    with scene.consumer(retry=QUICK) as consumer, stopped_in_time(consumer):
        batches = Batches(consumer, 58, {7: 99, 31: 99}, error)
        consumer.run_batches(batches.all, max_records=20, max_wait=0.2)
        assert consumer.counters().dead_lettered == 2
    batches.assert_each_once(set(numbers) - {7, 31})
    assert len(scene.letters()) == 2
    assert scene.committed() == scene.ends()


def test_poison_stops_behind_what_was_handled(cluster: AnyCluster) -> None:
    scene = Scene.of(cluster)
    scene.send(10)
    batches = Batches(scene.consumer(), 99, {6: 99})
    error = scene.stops(batches.all, how="run_batches")
    assert error.offset == 6
    assert batches.numbers == list(range(6))
    assert scene.committed() == {0: 6}


def test_what_cannot_be_read_is_no_part_of_a_batch(cluster: AnyCluster) -> None:
    scene = Scene.of(cluster, dead_letters=1)
    scene.produce(b"junk")
    scene.send(3)
    scene.produce(b"junk")
    scene.produce(b"junk")
    scene.send(2)
    with scene.consumer() as consumer, stopped_in_time(consumer):
        batches = Batches(consumer, 5)
        consumer.run_batches(batches.all, max_records=3, max_wait=2.0)
    assert batches.sizes == [3, 2]
    batches.assert_each_once(range(5))
    assert len(scene.letters()) == 3
    assert scene.committed() == {0: 8}


def test_stopping_while_a_batch_waits(cluster: AnyCluster) -> None:
    """What was not handed out is not handled, and comes again."""
    scene = Scene.of(cluster)
    scene.send(3)
    with scene.consumer() as consumer, stopped_in_time(consumer):
        threading.Timer(1.0, consumer.stop).start()
        batches = Batches(consumer, 99)
        consumer.run_batches(batches.all, max_wait=50.0)
    assert batches.sizes == []
    assert scene.committed() == {}


def test_a_batch_is_finished_before_its_partitions_are_given_up(cluster: AnyCluster) -> None:
    scene = Scene.of(cluster, partitions=2)
    numbers = scene.send(40)
    handled = Handled()
    gate = Gate(handled, *range(40))

    def all_of(messages: list[EventMessage]) -> None:
        for message in messages:
            gate(message)

    with Member(scene.consumer(KIP_848), all_of, how="run_batches") as first:
        assert gate.reached.wait(60)
        with Member(scene.consumer(KIP_848), handled) as second:
            eventually(lambda: len(first.consumer.assignment()) == 1)
            assert not second.has(0) and not second.has(1), "it waits for the batch"
            gate.open.set()
            eventually(lambda: second.has(0) or second.has(1))
            eventually(lambda: len(handled) == 40)
    handled.assert_each_once(numbers)
    assert scene.committed() == scene.ends()


@pytest.mark.parametrize(
    ("wrong", "message"),
    [
        ({"max_records": 0}, "max_records must be at least 1, got 0"),
        ({"max_wait": -1.0}, "max_wait must be finite and not negative, got -1.0"),
    ],
    ids=str,
)
def test_batches_that_make_no_sense(
    cluster: AnyCluster, wrong: dict[str, Any], message: str
) -> None:
    with (
        Scene.of(cluster).consumer() as consumer,
        pytest.raises(ValueError, match=f"^{message}$"),
    ):
        consumer.run_batches(print, **wrong)
