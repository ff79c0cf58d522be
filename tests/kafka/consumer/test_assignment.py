"""Pausing, seeking, lag, and commits by hand."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from time import sleep
from typing import Any

import pytest

from avrogen import ClosedError, ConfigurationError, ConsumeError
from avrogen.testing.broker import EmbeddedBroker
from avrogen.testing.registry import EmbeddedRegistry
from tests.support.clusters import AnyCluster, embedded_cluster
from tests.support.scenes import EventMessage, Handled, Member, Scene, eventually

# --- pausing --------------------------------------------------------------------------------------


def test_paused_partitions_wait_and_others_do_not(cluster: AnyCluster) -> None:
    scene = Scene.of(cluster, partitions=2)
    handled = Handled()
    with Member(scene.consumer(), handled) as member:
        eventually(lambda: member.has(0, 1))
        member.consumer.pause(0)
        for partition in (0, 1):
            scene.send(20, partition=partition)
        eventually(lambda: len(handled) == 20)
        sleep(0.3)
        assert handled.numbers == list(range(20, 40))
        member.consumer.resume(0)
        eventually(lambda: len(handled) == 40)
    handled.assert_each_once(range(40))
    assert scene.committed() == scene.ends()


def test_a_handler_may_pause_its_own_partition(cluster: AnyCluster) -> None:
    scene = Scene.of(cluster)
    scene.send(10)
    handled = Handled()

    def handle(message: EventMessage) -> None:
        handled(message)
        if message.offset == 4:
            member.consumer.pause()

    with Member(scene.consumer(), handle) as member:
        eventually(lambda: len(handled) == 5)
        sleep(0.3)
        assert len(handled) == 5
        member.consumer.resume()
        eventually(lambda: len(handled) == 10)
    handled.assert_each_once(range(10))


def test_partitions_that_are_not_there(cluster: AnyCluster) -> None:
    scene = Scene.of(cluster)
    with Member(scene.consumer(), Handled()) as member:
        eventually(lambda: member.has(0))
        for call in (member.consumer.pause, member.consumer.resume):
            with pytest.raises(ValueError, match=r"partition 7 of .* is not assigned"):
                call(0, 7)
        with pytest.raises(ValueError, match="partition 7"):
            member.consumer.seek("end", 7)


# --- seeking --------------------------------------------------------------------------------------


def test_seeking_before_anything_is_handled(cluster: AnyCluster) -> None:
    scene = Scene.of(cluster, partitions=2)
    for partition in (0, 1):
        scene.send(20, partition=partition)
    handled = Handled()
    with scene.consumer() as consumer:
        consumer.seek("end")
        consumer.seek(15, 0)
        scene.run_until(consumer, handled, lambda: len(handled) == 5)
    assert handled.numbers == [15, 16, 17, 18, 19]
    assert scene.committed() == {0: 20}


@pytest.mark.parametrize("wrong", [-1, -2, -1001, -(2**63), 2**63, "start", datetime(2024, 5, 17)])
def test_positions_that_are_invalid(
    broker: EmbeddedBroker, avrogen_registry: EmbeddedRegistry, wrong: Any
) -> None:
    """librdkafka has a meaning of its own for negative offsets, such as the end."""
    scene = Scene.of(embedded_cluster(broker, avrogen_registry.url))
    with scene.consumer() as consumer, pytest.raises(ValueError, match="got"):
        consumer.seek(wrong, 0)


@pytest.mark.parametrize(("to", "partition"), [(True, 0), (1.0, 0), (None, 0), ("end", "0")])
def test_positions_of_a_wrong_type(
    broker: EmbeddedBroker, avrogen_registry: EmbeddedRegistry, to: Any, partition: Any
) -> None:
    scene = Scene.of(embedded_cluster(broker, avrogen_registry.url))
    with scene.consumer() as consumer, pytest.raises(TypeError, match="seek"):
        consumer.seek(to, partition)


def test_seeking_while_the_client_asks_where_to_begin(broker: EmbeddedBroker) -> None:
    """The answer comes later, and would have librdkafka ask again and begin there after all."""
    with EmbeddedRegistry() as registry:
        scene = Scene.of(embedded_cluster(broker, registry.url))
        scene.send(20)
        handled = Handled()
        broker.delay(0.05)
        consumer = scene.consumer()

        def run(handle: Handled) -> None:
            consumer.seek("beginning")
            consumer.seek(15, 0)
            consumer.run(handle)

        with Member(consumer, handled, run=run):
            eventually(lambda: len(handled) == 5)
            sleep(1)
    assert handled.numbers == [15, 16, 17, 18, 19]


def test_seeking_back_from_a_handler(cluster: AnyCluster) -> None:
    scene = Scene.of(cluster)
    scene.send(10)
    handled = Handled()

    def handle(message: EventMessage) -> None:
        handled(message)
        if len(handled) == 6:
            consumer.seek("beginning")

    with scene.consumer() as consumer:
        scene.run_until(consumer, handle, lambda: len(handled) == 16)
    assert handled.numbers == [*range(6), *range(10)]
    assert scene.committed() == {0: 10}


def test_seeking_to_a_time(real: AnyCluster) -> None:
    scene = Scene.of(real, partitions=2)
    start = datetime(2025, 1, 1, tzinfo=UTC)
    for number in range(20):
        scene.send(1, partition=number % 2, timestamp=start + timedelta(hours=number))
    handled = Handled()
    with scene.consumer() as consumer:
        consumer.seek(start + timedelta(hours=13, minutes=30))
        scene.run_until(consumer, handled, lambda: len(handled) == 6)
    assert sorted(handled.numbers) == list(range(14, 20))


def test_seeking_nowhere(cluster: AnyCluster) -> None:
    scene = Scene.of(cluster)
    with scene.consumer() as consumer:
        with pytest.raises(ValueError, match="an offset needs its partition"):
            consumer.seek(7)
        with pytest.raises(ValueError, match="needs a timezone-aware datetime, got 2025-01-01"):
            consumer.seek(datetime(2025, 1, 1))


def test_seeking_without_partitions_times_out(cluster: AnyCluster) -> None:
    scene = Scene.of(cluster)
    with (
        EmbeddedBroker() as elsewhere,
        scene.consumer({"bootstrap.servers": elsewhere.bootstrap_servers}) as consumer,
        pytest.raises(TimeoutError, match=r"no partition of .* was assigned"),
    ):
        consumer.seek("end", timeout=0.1)


# --- offsets --------------------------------------------------------------------------------------


def test_lag(cluster: AnyCluster) -> None:
    scene = Scene.of(cluster, partitions=2)
    for partition in (0, 1):
        scene.send(10, partition=partition)
    lags: list[dict[int, int]] = []

    def look(message: EventMessage) -> None:
        lags.append(consumer.lag())

    with scene.consumer() as consumer:
        scene.run_until(consumer, look, lambda: len(lags) == 20)
        assert consumer.lag() == {0: 0, 1: 0}
    assert lags[0] == {0: 10, 1: 10}, "the message in hand is not handled yet"
    assert [sum(lag.values()) for lag in lags] == list(range(20, 0, -1))


def test_commits_by_hand(cluster: AnyCluster) -> None:
    scene = Scene.of(cluster)
    scene.send(10)
    handled = Handled()
    with scene.consumer(commit="manual") as consumer:
        for message in consumer:
            handled(message)
            if message.offset == 3:
                consumer.commit()
                assert scene.committed() == {0: 3}, "the message in hand is not handled yet"
                consumer.commit(message)
                assert scene.committed() == {0: 4}
            if message.offset == 9:
                consumer.stop()
    assert scene.committed() == {0: 4}, "nothing is committed without being asked"
    with scene.consumer(commit="manual") as consumer:
        scene.run_until(consumer, handled, lambda: len(handled) == 16)
        consumer.commit()
    assert scene.committed() == {0: 10}
    assert handled.numbers == [*range(10), *range(4, 10)]


def test_commits_between(cluster: AnyCluster) -> None:
    scene = Scene.of(cluster)
    scene.send(10)
    late: dict[str, object] = {"auto.commit.interval.ms": 600_000}
    with scene.consumer(late) as consumer:
        for message in consumer:
            if message.offset == 5:
                assert scene.committed() == {}
                consumer.commit()
                assert scene.committed() == {0: 5}
                consumer.stop()


def test_partitions_that_are_gone_cannot_be_committed(cluster: AnyCluster) -> None:
    scene = Scene.of(cluster)
    scene.send(1)
    other = Scene.of(cluster, partitions=3)
    other.send(1, partition=2)
    with scene.consumer() as consumer, other.consumer() as elsewhere:
        foreign = next(iter(elsewhere))
        assert next(iter(consumer)).offset == 0
        with pytest.raises(ConsumeError, match="no longer assigned") as caught:
            consumer.commit(foreign)
    assert (caught.value.partition, caught.value.offset) == (2, 0)


# --- opening and closing --------------------------------------------------------------------------


def test_a_consumer_is_used_inside_of_with(cluster: AnyCluster) -> None:
    scene = Scene.of(cluster)
    consumer = scene.consumer()
    for call in (consumer.assignment, consumer.lag, lambda: next(iter(consumer))):
        with pytest.raises(ClosedError, match="with"):
            call()
    consumer.stop()
    with consumer:
        pass
    with pytest.raises(ClosedError):
        consumer.commit()
    with pytest.raises(ClosedError), consumer:
        pass


@pytest.mark.parametrize(
    ("settings", "options", "setting"),
    [
        ({"schema.registry.url": None}, {}, "schema.registry.url"),
        ({"bootstrap.servers": None}, {}, "bootstrap.servers"),
        ({}, {"group_id": ""}, "group_id"),
        ({"enable.auto.offset.store": True}, {}, "enable.auto.offset.store"),
        ({"enable.auto.commit": True}, {"commit": "manual"}, "enable.auto.commit"),
        ({}, {"commit": "sometimes"}, "commit"),
        ({}, {"on_poison": "ignore"}, "on_poison"),
        ({}, {"grace": -1}, "grace"),
    ],
    ids=str,
)
def test_what_cannot_work_is_refused(
    cluster: AnyCluster, settings: dict[str, object], options: dict[str, object], setting: str
) -> None:
    with pytest.raises(ConfigurationError) as caught:
        Scene.of(cluster).consumer(settings, **options)
    assert caught.value.setting == setting


def test_settings_that_librdkafka_does_not_know(cluster: AnyCluster) -> None:
    consumer = Scene.of(cluster).consumer({"fetch.wait.max": 10})
    with pytest.raises(ConfigurationError, match=r"fetch\.wait\.max"), consumer:
        pass
