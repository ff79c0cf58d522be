"""Handlers that take longer than a member may be silent: they keep their partitions."""

from __future__ import annotations

from dataclasses import replace
from time import sleep

from tests.support.clients import producer_of
from tests.support.clusters import AnyCluster
from tests.support.events import event
from tests.support.scenes import EventMessage, Handled, Moves, Scene

IMPATIENT: dict[str, object] = {"max.poll.interval.ms": 1300}


def test_a_handler_longer_than_the_poll_interval(cluster: AnyCluster) -> None:
    scene = Scene.of(cluster, partitions=2)
    numbers = scene.send(4)
    handled, moves = Handled(), Moves()

    def slow(message: EventMessage) -> None:
        if not handled:
            sleep(3)
        handled(message)

    with scene.consumer(IMPATIENT, observer=moves) as consumer:
        scene.run_until(consumer, slow, lambda: len(handled) == 4)
    handled.assert_each_once(numbers)
    assert [kind for kind, _ in moves.events] == ["assigned", "revoked"]
    assert scene.committed() == scene.ends()


def test_the_body_of_a_loop_too(cluster: AnyCluster) -> None:
    scene = Scene.of(cluster)
    numbers = scene.send(3)
    handled, moves = Handled(), Moves()
    with scene.consumer(IMPATIENT, observer=moves) as consumer:
        for message in consumer:
            if not handled:
                sleep(3)
            handled(message)
            if len(handled) == 3:
                consumer.stop()
    handled.assert_each_once(numbers)
    assert [kind for kind, _ in moves.events] == ["assigned", "revoked"]


def test_more_than_waits_at_once(cluster: AnyCluster) -> None:
    """What is fetched is bounded: partitions are paused while the handler is behind."""
    scene = Scene.of(cluster, partitions=2)
    numbers = scene.send(6000)
    handled, most = Handled(), 0

    def slow(message: EventMessage) -> None:
        nonlocal most
        if len(handled) in (0, 3000):
            sleep(2.5)
            most = max(most, consumer.counters().waiting)
        handled(message)

    with scene.consumer() as consumer:
        scene.run_until(consumer, slow, lambda: len(handled) == 6000)
    handled.assert_each_once(numbers)
    assert most <= 2 * 1500  # those that are fetched together may come on top of the 1,000
    assert scene.committed() == scene.ends()


def test_large_messages_are_bounded_by_bytes(cluster: AnyCluster) -> None:
    """As many bytes wait for their handler as librdkafka may hold."""
    scene = Scene.of(cluster, partitions=2)
    with producer_of(scene.topic)(cluster.config, register=True) as events:
        for number in range(50):
            large = replace(event(number), resource_id=f"{number}" + "x" * 100_000)
            events.send(large, key="k", partition=number % 2)
    handled, most = Handled(), 0

    def slow(message: EventMessage) -> None:
        nonlocal most
        if not handled:
            sleep(2.5)
            most = consumer.counters().waiting
        handled(message)

    with scene.consumer({"queued.max.messages.kbytes": 512}) as consumer:
        scene.run_until(consumer, slow, lambda: len(handled) == 50)
    handled.assert_each_once(range(50))
    assert most <= 20
    assert scene.committed() == scene.ends()
