"""Health of clients: what only a restart helps against, and what it does not help against."""

from __future__ import annotations

import asyncio
import dataclasses
import os
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from time import monotonic, sleep
from typing import Any

import pytest
from confluent_kafka import KafkaError

from avrogen import ConsumeError, HealthFile, Retry, RetryPolicy
from avrogen.kafka import ConsumerHealth, ProducerClient, ProducerHealth
from avrogen.testing.broker import EmbeddedBroker, RequestType
from avrogen.testing.registry import EmbeddedRegistry
from tests.support.clients import async_consumer_of, async_producer_of, producer_of
from tests.support.clusters import AnyCluster, embedded_cluster
from tests.support.events import event
from tests.support.scenes import (
    SECONDS,
    EventMessage,
    Events,
    Gate,
    Handled,
    Member,
    Scene,
    eventually,
)

LIMIT = 0.5
"""Seconds that handlers of these tests may take."""


@pytest.fixture
def scene(broker: EmbeddedBroker) -> Iterator[Scene]:
    """A topic with two partitions, on a broker that can be taken down."""
    with EmbeddedRegistry() as registry:
        yield Scene.of(embedded_cluster(broker, registry.url), partitions=2)


def ready(client: Any) -> Callable[[], bool]:
    """Whether a client is ready."""
    return lambda: client.health().ready


# --- consumers ------------------------------------------------------------------------------------


def test_from_the_start_to_the_end(cluster: AnyCluster) -> None:
    scene = Scene.of(cluster, partitions=2)
    scene.send(4)
    consumer = scene.consumer()
    assert consumer.health() == ConsumerHealth(True, False, "new", ("not opened yet",))
    with Member(consumer, Handled()):
        eventually(ready(consumer))
        health = consumer.health()
        assert (health.alive, health.state, health.reasons) == (True, "assigned", ())
        assert health.partitions == (0, 1)
        assert health.last_poll is not None and health.last_poll < 5
        eventually(lambda: consumer.health().oldest_in_flight is None)
        assert not consumer.health().brokers_down
    health = consumer.health()
    assert (health.alive, health.ready, health.state) == (False, False, "closed")
    assert health.reasons == ("closed",)


def test_a_member_without_partitions_is_ready(cluster: AnyCluster) -> None:
    """There are more members than partitions, as during a deployment, which must not wait."""
    scene = Scene.of(cluster)
    first, second = scene.consumer(), scene.consumer()
    with Member(first, Handled()), Member(second, Handled()):
        eventually(lambda: first.health().ready and second.health().ready)
        states = [first.health().state, second.health().state]
        assert sorted(states) == ["assigned", "idle"]


def test_an_open_consumer_that_nobody_runs_is_not_ready(scene: Scene) -> None:
    with scene.consumer() as consumer:
        eventually(lambda: consumer.health().state == "assigned")
        health = consumer.health()
        assert (health.alive, health.ready) == (True, False)
        assert health.reasons == ("nothing handles messages: call run(), or iterate",)
        scene.send(2)
        for _ in consumer:
            assert consumer.health().ready
            break
        consumer.stop()
        assert consumer.health().state == "stopping"
        assert (consumer.health().alive, consumer.health().ready) == (True, False)


def test_brokers_that_are_away_cause_no_restart(scene: Scene, broker: EmbeddedBroker) -> None:
    consumer = scene.consumer()
    with Member(consumer, Handled()):
        eventually(ready(consumer))
        broker.take_down()
        eventually(lambda: consumer.health().brokers_down)
        until = monotonic() + 3  # longer than the session of the group
        while monotonic() < until:
            health = consumer.health()
            assert health.alive and not health.ready
            assert "no broker can be reached" in health.reasons
            sleep(0.05)
        broker.bring_up()
        eventually(ready(consumer))
        assert consumer.health().reasons == ()


@pytest.mark.parametrize("how", ["run", "run_batches", "iterate"])
def test_a_handler_that_hangs_is_seen_within_twice_its_limit(scene: Scene, how: str) -> None:
    first, *_ = scene.send(1)
    consumer, gate = scene.consumer(), Gate(Handled(), first)

    def iterate(handle: Any) -> None:
        for message in consumer:
            handle(message)

    def batches(messages: list[EventMessage]) -> None:
        gate(messages[0])

    run = iterate if how == "iterate" else None
    handle: Any = batches if how == "run_batches" else gate
    options = {"how": "run_batches"} if how == "run_batches" else {}
    try:
        with Member(consumer, handle, run=run, **options):
            assert gate.reached.wait(SECONDS)
            assert consumer.health().alive
            began = monotonic()
            wait = 1.0 if how == "run_batches" else 0.0  # the batch has waited for others
            eventually(lambda: not consumer.health(handler_limit=LIMIT).alive)
            assert monotonic() - began < 2 * LIMIT + wait
            health = consumer.health(handler_limit=LIMIT)
            assert (health.state, health.ready) == ("assigned", False)
            assert health.oldest_in_flight is not None and health.oldest_in_flight > LIMIT
            assert "a message is in flight for" in health.reasons[0]
            assert consumer.health().alive, "the default limit is 300 seconds"
            gate.open.set()
            eventually(lambda: consumer.health(handler_limit=LIMIT).ready)
    finally:
        gate.open.set()


def test_the_default_limit_is_that_of_polling(scene: Scene) -> None:
    first, *_ = scene.send(1)
    settings: dict[str, object] = {"max.poll.interval.ms": 1300}
    consumer, gate = scene.consumer(settings), Gate(Handled(), first)
    with Member(consumer, gate):
        try:
            assert gate.reached.wait(SECONDS)
            eventually(lambda: not consumer.health().alive)
            assert (consumer.health().oldest_in_flight or 0) < 2.6
        finally:
            gate.open.set()


def test_a_handler_whose_partition_is_gone_still_hangs(scene: Scene) -> None:
    first, *_ = scene.send(1)
    consumer, gate = scene.consumer(grace=0.2), Gate(Handled(), first)
    other = scene.consumer()
    with Member(consumer, gate):
        try:
            assert gate.reached.wait(SECONDS)
            with Member(other, Handled()):
                eventually(ready(other))
                eventually(lambda: len(consumer.health().partitions) < 2)
                eventually(lambda: not consumer.health(handler_limit=LIMIT).alive)
        finally:
            gate.open.set()


def test_a_handler_that_fails_and_is_called_again_does_not_hang(scene: Scene) -> None:
    scene.send(1)
    calls: list[float] = []

    def handle(message: EventMessage) -> None:
        calls.append(monotonic())
        sleep(0.05)
        if monotonic() - calls[0] < 3 * LIMIT:
            raise Retry("later")

    patient = RetryPolicy(attempts=None, within=SECONDS, initial=0.0, multiplier=1)
    consumer = scene.consumer(retry=patient)
    with Member(consumer, handle):
        eventually(lambda: bool(calls))
        while monotonic() - calls[0] < 3 * LIMIT:
            assert consumer.health(handler_limit=LIMIT).alive
            sleep(0.01)


@pytest.mark.parametrize("how", ["run", "run_batches"])
def test_a_consumer_that_an_error_has_stopped_must_be_restarted(scene: Scene, how: str) -> None:
    scene.send(1)

    def fail(message: object) -> None:
        raise ValueError("negative price")

    with scene.consumer() as consumer:
        with pytest.raises(ConsumeError):
            getattr(consumer, how)(fail)
        health = consumer.health()
        assert (health.alive, health.ready, health.state) == (False, False, "failed")
        assert "negative price" in (health.fatal_error or "")
        assert "negative price" in health.reasons[0]


def test_an_error_of_the_group_is_seen_whoever_runs(scene: Scene, broker: EmbeddedBroker) -> None:
    broker.fail(RequestType.JOIN_GROUP, KafkaError.GROUP_AUTHORIZATION_FAILED, times=99)
    with scene.consumer() as consumer:
        eventually(lambda: not consumer.health().alive)
        assert "ACL Read on the group" in consumer.health().reasons[0]


def test_it_waits_for_nothing_and_any_thread_may_ask(scene: Scene, broker: EmbeddedBroker) -> None:
    """Thousands of times a second, while messages come and while nobody answers."""
    scene.send(2000)
    consumer, handled = scene.consumer(), Handled()
    with Member(consumer, handled):
        longest, errors = 0.0, list[Exception]()

        def ask() -> None:
            nonlocal longest
            try:
                for _ in range(1000):
                    began = monotonic()
                    consumer.health()
                    longest = max(longest, monotonic() - began)
            except Exception as error:
                errors.append(error)

        threads = [threading.Thread(target=ask) for _ in range(4)]
        broker.delay(5.0)
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join(SECONDS)
        broker.recover()
        assert errors == [] and longest < 1.0


def test_health_is_a_value(scene: Scene) -> None:
    health = scene.consumer().health()
    assert dataclasses.asdict(health)["state"] == "new"  # for JSON
    with pytest.raises(dataclasses.FrozenInstanceError):
        health.alive = False  # type: ignore[misc] # it is frozen


# --- asyncio --------------------------------------------------------------------------------------


def test_an_asyncio_consumer_that_hangs(scene: Scene) -> None:
    scene.send(1)

    async def hang(message: EventMessage) -> None:
        await asyncio.sleep(SECONDS)

    async def main() -> None:
        consumer = async_consumer_of(scene.topic)(scene.config(), group_id="g", grace=0.1)
        assert consumer.health().state == "new"
        async with consumer, asyncio.timeout(SECONDS):
            task = asyncio.create_task(consumer.run(hang))
            while consumer.health().oldest_in_flight is None:
                await asyncio.sleep(0.01)
            assert consumer.health().ready
            began = monotonic()
            while consumer.health(handler_limit=LIMIT).alive:
                await asyncio.sleep(0.01)
            assert monotonic() - began < 2 * LIMIT
            consumer.stop()
            await task
        assert consumer.health().state == "closed"

    asyncio.run(main())


def test_an_asyncio_iteration(scene: Scene) -> None:
    scene.send(2)
    scene.produce(b"no event")

    async def main() -> None:
        consumer = async_consumer_of(scene.topic)(scene.config(), group_id="g")
        async with consumer, asyncio.timeout(SECONDS):
            with pytest.raises(ConsumeError):
                async for _ in consumer:
                    assert consumer.health().alive
                    assert consumer.health().state == "assigned" and consumer.health().ready
            assert consumer.health().state == "failed"

    asyncio.run(main())


def test_an_asyncio_producer(cluster: AnyCluster) -> None:
    scene = Scene.of(cluster)

    async def main() -> None:
        producer = async_producer_of(scene.topic)(cluster.config, register=True)
        assert producer.health() == ProducerHealth(True, False, "new", ("not opened yet",))
        async with producer:
            await (await producer.send(event(), key="a"))
            health = producer.health()
            assert (health.ready, health.state, health.in_flight) == (True, "open", 0)
        assert (producer.health().alive, producer.health().state) == (False, "closed")
        unused = async_producer_of(scene.topic)(cluster.config)
        await unused.close()
        assert unused.health().state == "closed"

    asyncio.run(main())


# --- producers ------------------------------------------------------------------------------------


def test_a_producer_whose_brokers_go_and_come(scene: Scene, broker: EmbeddedBroker) -> None:
    settings = {**scene.cluster.config, "reconnect.backoff.max.ms": 100}
    with producer_of(scene.topic)(settings, register=True) as producer:
        producer.send(event(), key="a").result(SECONDS)
        assert producer.health().ready
        assert producer.health().oldest_in_flight is None
        broker.take_down()
        producer.send(event(), key="a")
        eventually(lambda: producer.health().brokers_down)
        health = producer.health()
        assert (health.alive, health.ready, health.in_flight) == (True, False, 1)
        assert health.reasons == ("no broker can be reached",)
        eventually(lambda: (producer.health().oldest_in_flight or 0) > 1)
        broker.bring_up()
        producer.flush(SECONDS)
        eventually(ready(producer))
        assert producer.health().oldest_in_flight is None


def test_messages_without_an_acknowledgement(scene: Scene, broker: EmbeddedBroker) -> None:
    """A broker that accepts connections and does not answer: none of them has failed yet."""
    settings = {**scene.cluster.config, "request.timeout.ms": 1500, "linger.ms": 0}
    with ProducerClient(settings) as client:
        first = producer_of(scene.topic)(client=client, register=True)
        second = producer_of(scene.topic)(client=client)
        first.send(event(), key="a").result(SECONDS)
        broker.delay(4.0)
        first.send(event(), key="a")
        eventually(lambda: not first.health().ready)
        assert first.health().alive
        assert "a message is in flight for" in first.health().reasons[0]
        assert second.health().ready, "it has sent none"
        assert not client.health().ready and client.health().in_flight == 1
        broker.recover()
        assert first.flush(SECONDS) == 0
        eventually(ready(first))
        second.close()
        assert second.health().state == "closed" and first.health().alive
        first.close()


def test_a_fatal_error_of_a_producer(scene: Scene, broker: EmbeddedBroker) -> None:
    settings = {**scene.cluster.config, "linger.ms": 60_000}  # one batch for each flush
    with producer_of(scene.topic)(settings, register=True) as producer:
        producer.send(event(), key="a")
        assert producer.flush(SECONDS) == 0
        broker.fail(RequestType.PRODUCE, KafkaError.OUT_OF_ORDER_SEQUENCE_NUMBER)
        failed = producer.send(event(), key="a")
        assert producer.flush(SECONDS) == 0
        assert failed.exception(SECONDS) is not None
        health = producer.health()
        assert (health.alive, health.ready, health.state) == (False, False, "failed")
        assert health.fatal_error is not None and health.fatal_error in health.reasons[0]


# --- exec probes ----------------------------------------------------------------------------------


def test_a_file_is_touched_while_all_are_alive(scene: Scene, tmp_path: Path) -> None:
    first, *_ = scene.send(1)
    settings: dict[str, object] = {"max.poll.interval.ms": 1300}
    consumer, gate = scene.consumer(settings), Gate(Handled(), first)
    path = tmp_path / "alive"
    path.write_text("of the container before")
    with (
        producer_of(scene.topic)(scene.cluster.config) as producer,
        HealthFile(path, consumer, producer, interval=0.05),
        Member(consumer, gate),
    ):
        try:
            assert path.read_text() == ""
            assert gate.reached.wait(SECONDS)
            before = path.stat().st_mtime_ns
            eventually(lambda: path.stat().st_mtime_ns > before)
            eventually(lambda: time.time() - path.stat().st_mtime > 1)
            assert not consumer.health().alive
            gate.open.set()
            eventually(lambda: time.time() - path.stat().st_mtime < 0.5)
        finally:
            gate.open.set()
    assert not path.exists()


def test_a_file_for_readiness(scene: Scene, tmp_path: Path) -> None:
    consumer, path = scene.consumer(), tmp_path / "ready"
    path.touch()
    with HealthFile(os.fspath(path), consumer, probe="ready", interval=0.05):
        assert not path.exists()
        with Member(consumer, Handled()):
            eventually(path.exists)
            assert consumer.health().ready


def test_a_file_that_is_lost_is_logged_once(
    scene: Scene, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    consumer: Events = scene.consumer()
    with HealthFile(tmp_path / "ready", consumer, probe="ready", interval=0.01):
        sleep(0.2)
    (record,) = [r for r in caplog.records if getattr(r, "event", "") == "health.lost"]
    assert record.getMessage() == "health.lost probe=ready reasons=['not opened yet']"


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"probe": "startup"}, 'probe must be "alive" or "ready", got \'startup\''),
        ({"interval": 0}, "interval must be positive and finite, got 0"),
        ({"interval": float("inf")}, "interval must be positive and finite, got inf"),
    ],
)
def test_what_a_health_file_refuses(scene: Scene, options: Any, message: str) -> None:
    with pytest.raises(ValueError) as caught:
        HealthFile("/nowhere", scene.consumer(), **options)
    assert str(caught.value) == message
    with pytest.raises(ValueError, match="at least one producer or consumer"):
        HealthFile("/nowhere")
    with pytest.raises(OSError):
        HealthFile("/nowhere/at/all", scene.consumer()).__enter__()
