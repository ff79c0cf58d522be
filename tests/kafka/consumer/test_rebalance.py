"""Members come and go: nothing is lost, and what is in hand is finished before it is given up."""

from __future__ import annotations

import threading
from time import sleep
from typing import Any

import pytest

from avrogen.testing.broker import EmbeddedBroker
from avrogen.testing.registry import EmbeddedRegistry
from tests.support.clusters import AnyCluster, embedded_cluster
from tests.support.scenes import (
    EventMessage,
    Gate,
    Handled,
    Member,
    Moves,
    Scene,
    eventually,
)

KIP_848: dict[str, Any] = {
    "group.protocol": "consumer",
    "session.timeout.ms": None,
    "heartbeat.interval.ms": None,
}

PROTOCOLS = ("cooperative", "eager", "kip-848")


def settings_of(cluster: AnyCluster, protocol: str) -> dict[str, Any]:
    """Settings of members that stay in their group however slow the machine is.

    The embedded broker gives members a second less than their session to join again, and waits for
    those that will not; real brokers are told by each, and a long session costs nothing there.
    """
    if protocol == "kip-848":
        return KIP_848
    session = 3000 if cluster.kind == "embedded" else 45_000
    roomy: dict[str, Any] = {"session.timeout.ms": session, "heartbeat.interval.ms": 100}
    if protocol == "eager":
        roomy["partition.assignment.strategy"] = "range"
    return roomy


class Valve:
    """A handler that lets messages through slowly, until it is opened."""

    def __init__(self, handled: Handled) -> None:
        self._handled = handled
        self.open = threading.Event()
        self.passed = 0

    def __call__(self, message: EventMessage) -> None:
        self.open.wait(0.02)
        self._handled(message)
        self.passed += 1


@pytest.mark.parametrize("protocol", PROTOCOLS)
def test_a_member_joins_and_leaves_under_load(cluster: AnyCluster, protocol: str) -> None:
    scene = Scene.of(cluster, partitions=4)
    numbers = scene.send(2000)
    handled = Handled()
    mine, theirs = Valve(handled), Valve(handled)
    settings = settings_of(cluster, protocol)
    with Member(scene.consumer(settings), mine) as first:
        eventually(lambda: mine.passed > 20)
        with Member(scene.consumer(settings), theirs):
            eventually(lambda: theirs.passed > 20)
        eventually(lambda: first.has(0, 1, 2, 3))
        mine.open.set()
        eventually(lambda: set(handled.numbers) == set(numbers))
    if cluster.kind == "real" or protocol == "kip-848":
        handled.assert_each_once(numbers)
        assert scene.committed() == scene.ends()
    else:
        # The embedded broker refuses commits while such groups rebalance.
        handled.assert_none_lost(numbers)


def test_what_is_in_hand_is_finished_before_it_is_given_up(cluster: AnyCluster) -> None:
    """By the eager protocol all partitions are given up, so that with the message in hand is."""
    scene = Scene.of(cluster, partitions=2)
    eager = settings_of(cluster, "eager")
    numbers = scene.send(40)
    handled, moves = Handled(), Moves()
    gate = Gate(handled, 20)
    with Member(scene.consumer(eager, observer=moves), gate) as first:
        assert gate.reached.wait(60)
        with Member(scene.consumer(eager), handled) as second:
            eventually(first.has)
            sleep(0.5)
            assert moves.events == [("assigned", [0, 1])], "it waits for the message"
            gate.open.set()
            eventually(lambda: set(handled.numbers) == set(numbers))
            eventually(lambda: second.has(0) or second.has(1))
    assert "lost" not in dict(moves.events)
    if cluster.kind == "real":  # as above
        handled.assert_each_once(numbers)
        assert scene.committed() == scene.ends()


def test_what_is_not_finished_in_time_is_handled_again(cluster: AnyCluster) -> None:
    scene = Scene.of(cluster, partitions=2)
    eager = settings_of(cluster, "eager")
    numbers = scene.send(40)
    handled, moves = Handled(), Moves()
    gate = Gate(handled, 20)
    with Member(scene.consumer(eager, grace=0.2, observer=moves), gate):
        assert gate.reached.wait(60)
        with Member(scene.consumer(eager), handled) as second:
            eventually(lambda: second.has(0) or second.has(1))
            assert moves.events[1] == ("revoked", [0, 1])
            # Until then, nothing comes of the partition that the first has got back, which may be
            # the one of the message in hand or the other.
            gate.open.set()
            eventually(lambda: handled.numbers.count(20) == 2)
            eventually(lambda: set(handled.numbers) == set(numbers))
    if cluster.kind == "real":  # as above
        assert handled.doubled() == {20}
        assert scene.committed() == scene.ends()


def test_lost_partitions_are_not_committed(broker: EmbeddedBroker) -> None:
    with EmbeddedRegistry() as registry:
        scene = Scene.of(embedded_cluster(broker, registry.url))
        scene.send(10)
        handled = Handled()
        gate = Gate(handled, 5)
        moves = Moves()
        late: dict[str, object] = {"auto.commit.interval.ms": 600_000}
        with Member(scene.consumer(late, observer=moves), gate):
            assert gate.reached.wait(60)
            broker.take_down()
            eventually(lambda: ("lost", [0]) in moves.events)
            broker.bring_up()
            assert scene.committed() == {}
            eventually(lambda: moves.events[-1] == ("assigned", [0]))
            gate.open.set()
            eventually(lambda: len(handled) == 16)
        handled.assert_none_lost(range(10))
        assert handled.numbers[:6] == list(range(6)), "what is in hand ends where it began"
        assert sorted(handled.numbers[6:]) == list(range(10)), "and all of it comes again"
        assert scene.committed() == {0: 10}


def test_a_paused_partition_that_comes_back_is_not_paused(cluster: AnyCluster) -> None:
    roomy = settings_of(cluster, "cooperative")
    """The client keeps partitions paused that are taken away and come back."""
    scene = Scene.of(cluster, partitions=2)
    handled = Handled()
    with Member(scene.consumer(roomy), handled) as first:
        eventually(lambda: first.has(0, 1))
        first.consumer.pause(0, 1)
        with Member(scene.consumer(roomy), handled) as second:
            eventually(lambda: second.has(0) or second.has(1))
            mine = first.consumer.assignment()
        eventually(lambda: first.has(0, 1))
        (back,) = {0, 1} - set(mine)
        scene.send(5, partition=back)
        eventually(lambda: len(handled) == 5)
        scene.send(5, partition=mine[0])
        sleep(0.3)
        assert len(handled) == 5
        first.consumer.resume()
        eventually(lambda: len(handled) == 10)
    handled.assert_each_once(range(10))
