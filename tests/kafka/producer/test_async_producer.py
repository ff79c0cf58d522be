"""Producers for asyncio: the same messages, and waiting in the loop's way."""

from __future__ import annotations

import asyncio
import gc
import logging
import threading
import time
from collections.abc import Iterator
from typing import Any

import pytest
from confluent_kafka import KafkaError

from avrogen import ClosedError, DeliveryError, EncodeError, RegistryError, TransactionError
from avrogen.kafka.observability.context import TraceContext
from avrogen.kafka.producer.producer_client import ProducerClient
from avrogen.kafka.wire_format import unframe
from avrogen.testing.broker import EmbeddedBroker, RequestType
from avrogen.testing.registry import EmbeddedRegistry
from generated_example.com.example import Event
from tests.support.clusters import AnyCluster, fresh_name
from tests.support.events import (
    async_events_producer,
    cancelled,
    committed_keys,
    event,
    events_producer,
)
from tests.support.memory_registry import MemoryRegistry

TOPIC = "events"
EVENTS = async_events_producer(TOPIC)


@pytest.fixture
def config(broker: EmbeddedBroker) -> Iterator[dict[str, object]]:
    """Settings of producers that give up soon, on a broker that can be told to fail."""
    broker.create_topic(TOPIC)
    with EmbeddedRegistry() as registry:
        yield {
            "bootstrap.servers": broker.bootstrap_servers,
            "schema.registry.url": registry.url,
            "delivery.timeout.ms": 1000,
            "linger.ms": 20,
            "reconnect.backoff.max.ms": 100,
        }


def test_a_message_arrives(cluster: AnyCluster) -> None:
    topic = cluster.topic(2)
    trace = TraceContext("00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01")

    async def send() -> None:
        producer = async_events_producer(topic, key="string")
        async with producer(cluster.config, register=True, headers={"a": "1"}) as events:
            with trace.active():
                future = await events.send(event(7), key="k", headers={"b": "2"}, partition=1)
            delivered = await future
            assert tuple(delivered)[:3] == (topic, 1, 0)
            assert events.counters().delivered == 1

    asyncio.run(send())
    (record,) = cluster.records(topic)
    assert (record.key, record.partition) == (b"k", 1)
    assert record.value is not None
    assert Event.from_avro(unframe(record.value).body) == event(7)
    assert record.headers == (
        ("a", b"1"),
        ("b", b"2"),
        ("traceparent", trace.traceparent.encode()),
    )


def test_thousands_in_flight(cluster: AnyCluster) -> None:
    """Without a thread for each, in the order of sending, and never more than there is room for."""
    topic, number = cluster.topic(), 5000
    config = {**cluster.config, "queue.buffering.max.messages": 500}
    threads: list[int] = []

    async def send() -> None:
        async with async_events_producer(topic)(config, register=True) as events:

            async def one(count: int) -> int:
                future = await events.send(event(count))
                threads.append(threading.active_count())
                return (await future).offset

            offsets = await asyncio.gather(*(one(count) for count in range(number)))
            assert sorted(offsets) == list(range(number))

    before = threading.active_count()
    asyncio.run(send())
    assert max(threads) <= before + 3
    sent = [Event.from_avro(unframe(r.value).body) for r in cluster.records(topic) if r.value]
    assert [each.timestamp for each in sent] == list(range(number))


def test_the_loop_goes_on_while_a_task_does_nothing_but_send(config: dict[str, object]) -> None:
    async def send() -> None:
        turns = 0

        async def take_turns() -> None:
            nonlocal turns
            while True:
                turns += 1
                await asyncio.sleep(0)

        async with EVENTS(config, register=True) as events:
            other = asyncio.create_task(take_turns())
            for count in range(2000):
                await events.send(event(count))
            assert turns >= 15
            other.cancel()

    asyncio.run(send())


def test_what_does_not_fit_is_never_queued(
    config: dict[str, object], broker: EmbeddedBroker
) -> None:
    async def send() -> None:
        async with EVENTS(config, register=True) as events:
            with pytest.raises(EncodeError, match="takes Event, not OrderCancelled"):
                await events.send(cancelled())
            assert events.counters().sent == 0

    asyncio.run(send())
    assert broker.records(TOPIC) == ()


def test_the_loop_goes_on_while_the_registry_is_asked() -> None:
    class Slow(MemoryRegistry):
        def lookup(self, subject: Any, schema: Any) -> Any:
            time.sleep(0.2)
            return super().lookup(subject, schema)

    async def main() -> None:
        ticks = 0

        async def tick() -> None:
            nonlocal ticks
            while True:
                await asyncio.sleep(0.01)
                ticks += 1

        ticking = asyncio.create_task(tick())
        config = {"bootstrap.servers": "127.0.0.1:1"}
        async with EVENTS(config, registry=Slow(), register=True):
            ticking.cancel()
        assert ticks > 3

    asyncio.run(main())


def test_a_schema_that_is_missing_is_an_error_at_start(config: dict[str, object]) -> None:
    async def main() -> None:
        with pytest.raises(RegistryError, match="not registered"):
            async with EVENTS(config):
                pass

    asyncio.run(main())


# --- failures -------------------------------------------------------------------------------------


def test_failures_are_raised_by_the_future(
    config: dict[str, object], broker: EmbeddedBroker
) -> None:
    async def main() -> None:
        async with EVENTS(config, register=True) as events:
            broker.fail(RequestType.PRODUCE, KafkaError.INVALID_RECORD)
            with pytest.raises(DeliveryError) as caught:
                await (await events.send(event()))
            assert caught.value.code == "INVALID_RECORD"
            refused = await events.send(event(), partition=9)
            assert refused.done() and isinstance(refused.exception(), DeliveryError)
            assert events.counters().failed == 2

    asyncio.run(main())


def test_failures_that_nobody_has_seen_are_raised_at_the_end(
    config: dict[str, object], broker: EmbeddedBroker, caplog: pytest.LogCaptureFixture
) -> None:
    async def main() -> None:
        async with EVENTS(config, register=True) as events:
            broker.take_down()
            seen = await events.send(event())
            cancelled_future = await events.send(event())
            await events.send(event())
            cancelled_future.cancel()
            with pytest.raises(DeliveryError):
                await seen

    with pytest.raises(DeliveryError, match="2 messages were not delivered; the first: ") as caught:
        asyncio.run(main())
    assert caught.value.undelivered == 2
    gc.collect()
    loud = [record for record in caplog.records if record.levelno >= logging.WARNING]
    assert {record.name for record in loud} <= {"avrogen.kafka", "avrogen.kafka.librdkafka"}


def test_what_raises_first_is_not_replaced(
    config: dict[str, object], broker: EmbeddedBroker
) -> None:
    async def main() -> None:
        async with EVENTS(config, register=True) as events:
            broker.take_down()
            await events.send(event())
            raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError) as caught:
        asyncio.run(main())
    assert caught.value.__notes__[0].startswith("1 message was not delivered")


def test_a_fatal_error_ends_the_producer(config: dict[str, object], broker: EmbeddedBroker) -> None:
    async def main() -> None:
        async with EVENTS(config, register=True) as events:
            await (await events.send(event()))
            broker.fail(RequestType.PRODUCE, KafkaError.OUT_OF_ORDER_SEQUENCE_NUMBER)
            failed = await events.send(event())
            with pytest.raises(DeliveryError):
                await failed
            with pytest.raises(
                DeliveryError, match="fatal error, the producer must be closed"
            ) as caught:
                await events.send(event())
            assert caught.value.fatal

    asyncio.run(main())


# --- back-pressure and cancellation ---------------------------------------------------------------


def test_a_queue_that_stays_full(config: dict[str, object], broker: EmbeddedBroker) -> None:
    full = {**config, "queue.buffering.max.messages": 2, "delivery.timeout.ms": 60_000}

    async def main() -> None:
        with ProducerClient(full) as client:
            async with EVENTS(client=client, register=True) as events:
                broker.take_down()
                for _ in range(2):
                    await events.send(event())
                client.delivery_timeout = 0.2
                with pytest.raises(
                    DeliveryError, match=r"the queue was full \(.* messages\) for"
                ) as caught:
                    await events.send(event())
                assert caught.value.retriable and caught.value.code == "_QUEUE_FULL"
                assert events.counters().sent == 2
                broker.bring_up()
        assert events.counters().delivered == 2

    asyncio.run(main())


def test_a_send_that_waits_can_be_cancelled(
    config: dict[str, object], broker: EmbeddedBroker
) -> None:
    full = {**config, "queue.buffering.max.messages": 2, "delivery.timeout.ms": 60_000}

    async def main() -> None:
        async with EVENTS(full, register=True) as events:
            broker.take_down()
            for number in range(2):
                await events.send(event(number))
            waiting = [asyncio.create_task(events.send(event(number))) for number in (2, 3, 4)]
            await asyncio.sleep(0.05)
            waiting[1].cancel()
            with pytest.raises(asyncio.CancelledError):
                await waiting[1]
            assert events.counters().sent == 4
            broker.bring_up()
            assert await events.flush(30) == 0

    asyncio.run(main())
    values = [r.value for r in broker.records(TOPIC)]
    sent = [Event.from_avro(unframe(value).body).timestamp for value in values if value]
    assert sent == [0, 1, 2, 4]


def test_cancelling_a_future_takes_nothing_back(
    config: dict[str, object], broker: EmbeddedBroker
) -> None:
    async def main() -> None:
        async with EVENTS(config, register=True) as events:
            future = await events.send(event())
            assert future.cancel()
            assert await events.flush(30) == 0
            assert events.counters().delivered == 1

    asyncio.run(main())
    assert len(broker.records(TOPIC)) == 1


def test_a_cancelled_close_leaves_nothing_running(
    config: dict[str, object], broker: EmbeddedBroker
) -> None:
    waiting = {**config, "delivery.timeout.ms": 60_000}

    async def main() -> None:
        events = await EVENTS(waiting, register=True).open()
        broker.take_down()
        given_up = await events.send(event())
        closing = asyncio.create_task(events.close())
        await asyncio.sleep(0.05)
        closing.cancel()
        with pytest.raises(asyncio.CancelledError):
            await closing
        assert isinstance(given_up.exception(), DeliveryError)

    earlier = set(threading.enumerate())  # also of clients that other tests have forgotten
    asyncio.run(main())
    opened = set(threading.enumerate()) - earlier
    assert all(thread.name != "avrogen producer" for thread in opened)


def test_a_cancelled_open_leaves_nothing_running() -> None:
    class Slow(MemoryRegistry):
        def lookup(self, subject: Any, schema: Any) -> Any:
            time.sleep(0.2)
            return super().lookup(subject, schema)

    async def main() -> None:
        producer = EVENTS({"bootstrap.servers": "127.0.0.1:1"}, registry=Slow(), register=True)
        opening = asyncio.create_task(producer.open())
        await asyncio.sleep(0.05)
        opening.cancel()
        with pytest.raises(asyncio.CancelledError):
            await opening

    earlier = set(threading.enumerate())  # also of clients that other tests have forgotten
    asyncio.run(main())
    opened = set(threading.enumerate()) - earlier
    assert all(thread.name != "avrogen producer" for thread in opened)


# --- the end --------------------------------------------------------------------------------------


def test_a_producer_that_is_not_open(config: dict[str, object]) -> None:
    async def main() -> None:
        events = EVENTS(config, register=True)
        for use in (lambda: events.client, events.counters, events.transaction):
            with pytest.raises(ClosedError, match="is not open"):
                use()
        async with events:
            assert await events.open() is events
        await events.close()
        with pytest.raises(ClosedError, match="was closed"):
            await events.send(event())
        with pytest.raises(ClosedError, match="was closed"):
            await events.open()

    asyncio.run(main())


def test_those_that_wait_when_it_is_closed(
    config: dict[str, object], broker: EmbeddedBroker
) -> None:
    full = {**config, "queue.buffering.max.messages": 1, "delivery.timeout.ms": 60_000}

    async def main() -> None:
        events = await EVENTS(full, register=True).open()
        broker.take_down()
        await events.send(event())
        waiting = asyncio.create_task(events.send(event()))
        await asyncio.sleep(0.05)
        with pytest.raises(DeliveryError, match="1 message was not delivered"):
            await events.close(0.05)
        with pytest.raises(ClosedError):
            await waiting

    asyncio.run(main())


def test_a_client_that_threads_and_a_loop_share(cluster: AnyCluster) -> None:
    topics = cluster.topic(), cluster.topic()

    async def main() -> None:
        with ProducerClient(cluster.config) as client:
            async with async_events_producer(topics[0])(client=client, register=True) as events:
                with events_producer(topics[1])(client=client, register=True) as others:
                    for number in range(50):
                        await events.send(event(number))
                        others.send(event(number))
                assert await events.flush(60) == 0

    asyncio.run(main())
    assert [len(cluster.records(topic)) for topic in topics] == [50, 50]


# --- transactions ---------------------------------------------------------------------------------


def test_transactions(real: AnyCluster) -> None:
    topic = real.topic()
    config = {**real.config, "transactional.id": fresh_name("mover")}

    async def main() -> None:
        producer = async_events_producer(topic, key="string")
        async with producer(config, register=True) as events:
            with pytest.raises(TransactionError, match="no open transaction"):
                await events.send(event(), key="outside")
            async with events.transaction():
                await events.send(event(), key="a")
            with pytest.raises(ZeroDivisionError):
                async with events.transaction():
                    await events.send(event(), key="b")
                    raise ZeroDivisionError

            async def abandoned() -> None:
                async with events.transaction():
                    await events.send(event(), key="c")
                    await asyncio.sleep(60)

            task = asyncio.create_task(abandoned())
            await asyncio.sleep(0.3)
            task.cancel()
            with pytest.raises(asyncio.CancelledError):
                await task
            async with events.transaction():
                await events.send(event(), key="d")

    asyncio.run(main())
    assert committed_keys(real, topic) == [b"a", b"d"]


def test_another_event_loop(config: dict[str, object]) -> None:
    """No future of it would ever settle: sending is refused there, and closing works."""
    events = EVENTS(config, register=True)

    async def open_and_send() -> None:
        await events.open()
        await (await events.send(event(1)))
        await events.send(event(2))  # delivered when this loop is closed

    asyncio.run(open_and_send())

    async def use() -> None:
        with pytest.raises(RuntimeError, match="another event loop"):
            await events.send(event(3))
        with pytest.raises(RuntimeError, match="another event loop"):
            await events.flush()
        await asyncio.wait_for(events.close(), 10)

    asyncio.run(use())
    assert events.counters().delivered == 2
    with pytest.raises(ClosedError):
        asyncio.run(use())
