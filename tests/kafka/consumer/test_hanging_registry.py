"""A registry that hangs stops the partition that needs it, and nothing else."""

from __future__ import annotations

import asyncio
import json
import threading
from collections.abc import Callable, Generator
from contextlib import contextmanager
from dataclasses import dataclass
from time import monotonic
from typing import Any

import pytest

from avrogen.kafka.topic import Topic
from avrogen.testing.broker import EmbeddedBroker
from avrogen.testing.registry import EmbeddedRegistry
from generated_example.com.example import Event
from tests.support.clients import async_consumer_of, consumer_of, producer_of
from tests.support.clusters import AnyCluster, embedded_cluster
from tests.support.events import event
from tests.support.registry_requests import ask
from tests.support.scenes import SECONDS, EventMessage, Handled, Scene, eventually

PROMPT = 5.0
"""Seconds that are short against the 30 and more of a fetch with its retries."""


@dataclass
class Service:
    """A consumer that runs in a thread, in one of the styles."""

    consumer: Any
    run: Callable[[Any, Any], None]
    handled: Handled

    def __post_init__(self) -> None:
        self.opened = threading.Event()
        self.error: BaseException | None = None
        self.thread = threading.Thread(target=self._run, daemon=True)
        self.thread.start()

    def _run(self) -> None:
        try:
            self.run(self.consumer, self)
        except BaseException as error:
            self.error = error
            self.opened.set()

    def stop(self) -> float:
        """Stop it, and return how many seconds that took."""
        before = monotonic()
        self.consumer.stop()
        self.thread.join(SECONDS)
        assert not self.thread.is_alive(), "it did not stop"
        if self.error is not None:
            raise self.error
        return monotonic() - before


def run(consumer: Any, service: Service) -> None:
    with consumer:
        service.opened.set()
        consumer.run(service.handled)


def iterate(consumer: Any, service: Service) -> None:
    with consumer:
        service.opened.set()
        for message in consumer:
            service.handled(message)


def run_batches(consumer: Any, service: Service) -> None:
    def handle(messages: list[EventMessage]) -> None:
        for message in messages:
            service.handled(message)

    with consumer:
        service.opened.set()
        consumer.run_batches(handle, max_wait=0.05)


def async_run(consumer: Any, service: Service) -> None:
    async def handle(message: EventMessage) -> None:
        service.handled(message)

    async def main() -> None:
        async with consumer:
            service.opened.set()
            await consumer.run(handle)

    asyncio.run(main())


def async_iterate(consumer: Any, service: Service) -> None:
    async def main() -> None:
        async with consumer:
            service.opened.set()
            async for message in consumer:
                service.handled(message)

    asyncio.run(main())


def async_run_batches(consumer: Any, service: Service) -> None:
    async def handle(messages: list[EventMessage]) -> None:
        for message in messages:
            service.handled(message)

    async def main() -> None:
        async with consumer:
            service.opened.set()
            await consumer.run_batches(handle, max_wait=0.05)

    asyncio.run(main())


def run_concurrently(consumer: Any, service: Service) -> None:
    with consumer:
        service.opened.set()
        consumer.run(service.handled, concurrency=4, ordering="partition")


def async_run_concurrently(consumer: Any, service: Service) -> None:
    async def handle(message: EventMessage) -> None:
        service.handled(message)

    async def main() -> None:
        async with consumer:
            service.opened.set()
            await consumer.run(handle, concurrency=4, ordering="partition")

    asyncio.run(main())


SYNC = run, iterate, run_batches, run_concurrently
ASYNC = async_run, async_iterate, async_run_batches, async_run_concurrently
STYLES = {style.__name__: style for style in (*SYNC, *ASYNC)}


@contextmanager
def hanging(
    cluster: AnyCluster, registry: EmbeddedRegistry, style: Callable[[Any, Any], None]
) -> Generator[tuple[Scene, Service]]:
    """A service whose registry hangs, and a message on partition 0 whose schema is not known."""
    scene = Scene.of(cluster, partitions=2, dead_letters=1)
    scene.send(3, partition=0)
    scene.send(3, partition=1)
    make = async_consumer_of if style in ASYNC else consumer_of
    consumer = make(scene.topic)(scene.config(), group_id=scene.group)
    service = Service(consumer, style, Handled())
    try:
        assert service.opened.wait(SECONDS)
        eventually(lambda: len(service.handled) == 6 or service.error is not None)
        scene.produce(b"\x00" + new_schema(scene, registry) + event(6).to_avro())
        registry.hang(where=lambda request: request.path[1:2] == ("ids",))
        scene.sent += 1
        scene.send(1, partition=0)
        yield scene, service
    finally:
        registry.recover()
        consumer.stop()


def new_schema(scene: Scene, registry: EmbeddedRegistry) -> bytes:
    """The id of another schema that is read as the same type."""
    schema = json.loads(str(Event.__avro_schema__)) | {"doc": "another version"}
    url = f"{registry.url}/subjects/{scene.topic.name}-value/versions"
    answer = ask(url, "POST", {"schema": json.dumps(schema)})[1]
    return int(answer["id"]).to_bytes(4, "big")


def seconds_until_handled(service: Service, numbers: range) -> float:
    before = monotonic()
    eventually(lambda: numbers[-1] in service.handled.numbers)
    return monotonic() - before


@pytest.mark.parametrize("style", STYLES.values(), ids=STYLES)
def test_other_partitions_and_the_stop_do_not_wait(
    broker: EmbeddedBroker, style: Callable[[Any, Any], None]
) -> None:
    with EmbeddedRegistry() as registry:
        cluster = embedded_cluster(broker, registry.url)
        with hanging(cluster, registry, style) as (scene, service):
            for _ in range(3):
                assert seconds_until_handled(service, scene.send(50, partition=1)) < PROMPT
            assert service.handled.by_partition[0] == [0, 1, 2], "in order, none skipped"
            assert service.stop() < PROMPT
        assert scene.committed() == {0: 3, 1: 153}
        assert scene.letters() == ()


@pytest.mark.parametrize("style", STYLES.values(), ids=STYLES)
def test_the_partition_goes_on_when_the_registry_does(
    broker: EmbeddedBroker, style: Callable[[Any, Any], None]
) -> None:
    with EmbeddedRegistry() as registry:
        cluster = embedded_cluster(broker, registry.url)
        with hanging(cluster, registry, style) as (scene, service):
            scene.send(20, partition=1)
            eventually(lambda: len(service.handled) == 6 + 20)
            registry.recover()  # connections that hang are closed, and the request is retried
            eventually(lambda: len(service.handled) == 6 + 22)
            service.stop()
        service.handled.assert_each_once(range(28))
        assert scene.committed() == {0: 5, 1: 23}


def test_transactions_do_not_wait(real: AnyCluster) -> None:
    """The registry of this test is not the one of the brokers, as it must hang."""
    with EmbeddedRegistry() as registry:
        cluster = AnyCluster(
            "real",
            real.bootstrap_servers,
            registry.url,
            lambda name, count: create(real, name, count),
        )
        out = cluster.topic(1)
        target: Topic[str, Event] = Topic(out, value=(Event,), key="string")
        config = {**cluster.config, "transactional.id": out}

        def transform(consumer: Any, service: Service) -> None:
            def handle(message: EventMessage) -> None:
                service.handled(message)
                producer.send(message.value, key="k")

            with producer_of(target)(config, register=True) as producer, consumer:
                service.opened.set()
                consumer.run_transactional(handle, producer)

        with hanging(cluster, registry, transform) as (scene, service):
            assert seconds_until_handled(service, scene.send(50, partition=1)) < PROMPT
            assert service.stop() < PROMPT
        assert scene.committed() == {0: 3, 1: 53}
        assert len(cluster.records(out)) == 56


def create(cluster: AnyCluster, name: str, count: int) -> None:
    cluster.topic(count, name)
