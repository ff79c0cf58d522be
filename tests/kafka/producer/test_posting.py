"""Messages without a future: they arrive as others do, and flush and close raise failures."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator

import pytest
from confluent_kafka import KafkaError

from avrogen import ClosedError, DeliveryError, EncodeError
from avrogen.kafka.observability.observer import Observer
from avrogen.testing.broker import EmbeddedBroker, RequestType
from avrogen.testing.registry import EmbeddedRegistry
from generated_example.com.example import Event
from tests.support.clusters import AnyCluster
from tests.support.events import (
    async_events_producer,
    cancelled,
    event,
    events_producer,
    orders_producer,
)

TOPIC = "events"
EVENTS = events_producer(TOPIC, key="string")
ASYNC_EVENTS = async_events_producer(TOPIC, key="string")


@pytest.fixture
def config(broker: EmbeddedBroker) -> Iterator[dict[str, object]]:
    """Settings of producers that give up soon, and a topic of one partition."""
    broker.create_topic(TOPIC)
    with EmbeddedRegistry() as registry:
        yield {
            "bootstrap.servers": broker.bootstrap_servers,
            "schema.registry.url": registry.url,
            "delivery.timeout.ms": 1000,
            "linger.ms": 20,
            "reconnect.backoff.max.ms": 100,
        }


def key_of(value: Event) -> str:
    """The key of an event: what its number is."""
    return f"key {value.resource_id}"


def test_they_arrive_in_order_with_keys_and_headers(cluster: AnyCluster) -> None:
    topic = cluster.topic()
    with events_producer(topic, key="string")(cluster.config, register=True) as events:
        events.post(event(0), key="first", headers={"name": "value"})
        events.post_all((event(number) for number in range(1, 50)), key=key_of)
        events.send(event(50), key="last")
        assert events.flush(30) == 0
        counters = events.counters()
    assert (counters.sent, counters.delivered, counters.failed) == (51, 51, 0)
    assert counters.max_latency > 0
    records = cluster.records(topic)
    keys = ["first", *(f"key {number}" for number in range(1, 50)), "last"]
    assert [record.key for record in records] == [key.encode() for key in keys]
    assert records[0].headers == (("name", b"value"),)
    assert not any(record.headers for record in records[1:])


def test_keys_of_fields(config: dict[str, object], broker: EmbeddedBroker) -> None:
    broker.create_topic("orders")
    with orders_producer("orders")(config, register=True) as orders:
        orders.post_all(cancelled(number) for number in range(3))
    keys = [record.key for record in broker.records("orders")]
    assert keys == [str(cancelled(number).order_id).encode() for number in range(3)]


def test_flush_raises_failures_once(config: dict[str, object], broker: EmbeddedBroker) -> None:
    with EVENTS(config, register=True) as events:
        broker.fail(RequestType.PRODUCE, KafkaError.INVALID_RECORD)
        events.post_all([event(1), event(2)], key=key_of)
        with pytest.raises(DeliveryError, match="2 messages were not delivered") as caught:
            events.flush(30)
        assert (caught.value.undelivered, caught.value.code) == (2, "INVALID_RECORD")
        events.post(event(3), key="k")
        assert events.flush(30) == 0
        assert events.counters().failed == 2


def test_close_raises_failures(config: dict[str, object], broker: EmbeddedBroker) -> None:
    events = EVENTS(config, register=True)
    broker.fail(RequestType.PRODUCE, KafkaError.INVALID_RECORD)
    events.post(event(), key="Zoë")
    with pytest.raises(DeliveryError, match="1 message was not delivered") as caught:
        events.close()
    assert (caught.value.key, caught.value.code) == ("Zoë", "INVALID_RECORD")


def test_what_librdkafka_refuses_is_a_failure(config: dict[str, object]) -> None:
    with EVENTS(config, register=True) as events:
        events.post(event(), key="k", partition=9)
        with pytest.raises(DeliveryError) as caught:
            events.flush(30)
        assert caught.value.code == "_UNKNOWN_PARTITION"


def test_what_cannot_be_encoded_is_not_counted(
    config: dict[str, object], broker: EmbeddedBroker
) -> None:
    with EVENTS(config, register=True) as events:
        with pytest.raises(EncodeError):
            events.post_all([event(1), "no event", event(2)], key=lambda _: "k")
        with pytest.raises(EncodeError, match="need a key"):
            events.post(event(3))
    assert len(broker.records(TOPIC)) == events.counters().sent == 1


def test_a_full_queue_makes_it_wait(config: dict[str, object], broker: EmbeddedBroker) -> None:
    small = {**config, "queue.buffering.max.messages": 10, "delivery.timeout.ms": 60_000}
    with EVENTS(small, register=True) as events:
        events.post_all(map(event, range(300)), key=key_of)
    numbers = [record.key for record in broker.records(TOPIC)]
    assert numbers == [key_of(event(number)).encode() for number in range(300)]


def test_a_queue_that_stays_full(config: dict[str, object], broker: EmbeddedBroker) -> None:
    small = {**config, "queue.buffering.max.messages": 2, "delivery.timeout.ms": 1500}
    events = EVENTS(small, register=True)
    broker.take_down()
    with pytest.raises(DeliveryError) as caught:
        events.post_all(map(event, range(3)), key=key_of)
    assert caught.value.code == "_QUEUE_FULL"
    assert events.counters().sent == 2
    with pytest.raises(DeliveryError, match="2 messages were not delivered"):
        events.close()


def test_an_observer_sees_each(config: dict[str, object], broker: EmbeddedBroker) -> None:
    class Seen(Observer):
        def __init__(self) -> None:
            self.delivered_numbers: list[object] = []
            self.failed_numbers: list[object] = []

        def sending(self, topic: str, key: object, value: object, headers: object) -> object:
            assert isinstance(value, Event)
            return value.resource_id

        def delivered(self, sending: object, delivered: object, latency: float) -> None:
            self.delivered_numbers.append(sending)

        def undelivered(self, sending: object, error: object) -> None:
            self.failed_numbers.append(sending)

    seen = Seen()
    with EVENTS(config, register=True, observer=seen) as events:
        events.post_all([event(1), event(2)], key=key_of)
        events.flush(30)
        broker.fail(RequestType.PRODUCE, KafkaError.INVALID_RECORD)
        events.post(event(3), key="k")
        with pytest.raises(DeliveryError):
            events.flush(30)
    assert (seen.delivered_numbers, seen.failed_numbers) == (["1", "2"], ["3"])


def test_a_closed_producer(config: dict[str, object]) -> None:
    events = EVENTS(config, register=True)
    events.close()
    with pytest.raises(ClosedError):
        events.post(event(), key="k")
    with pytest.raises(ClosedError):
        events.post_all([event()], key=key_of)


# --- asyncio --------------------------------------------------------------------------------------


def test_they_arrive_in_order_with_asyncio(cluster: AnyCluster) -> None:
    topic = cluster.topic()

    async def main() -> None:
        producer = async_events_producer(topic, key="string")
        async with producer(cluster.config, register=True) as events:
            await events.post(event(0), key="first", headers={"name": "value"})
            await events.post_all(map(event, range(1, 300)), key=key_of)
            assert await events.flush(30) == 0
            assert events.counters().delivered == 300

    asyncio.run(main())
    records = cluster.records(topic)
    keys = ["first", *(f"key {number}" for number in range(1, 300))]
    assert [record.key for record in records] == [key.encode() for key in keys]
    assert records[0].headers == (("name", b"value"),)


def test_flush_and_close_raise_failures_with_asyncio(
    config: dict[str, object], broker: EmbeddedBroker
) -> None:
    async def main() -> None:
        async with ASYNC_EVENTS(config, register=True) as events:
            broker.fail(RequestType.PRODUCE, KafkaError.INVALID_RECORD)
            await events.post(event(1), key="k")
            with pytest.raises(DeliveryError, match="1 message was not delivered"):
                await events.flush(30)
            await events.post(event(2), key="k", partition=9)
            await events.post(event(3), key="k")

    with pytest.raises(DeliveryError, match="1 message was not delivered") as caught:
        asyncio.run(main())
    assert caught.value.code == "_UNKNOWN_PARTITION"
    assert len(broker.records(TOPIC)) == 1


def test_a_full_queue_makes_tasks_wait(config: dict[str, object], broker: EmbeddedBroker) -> None:
    small = {**config, "queue.buffering.max.messages": 10, "delivery.timeout.ms": 60_000}

    async def main() -> None:
        async with ASYNC_EVENTS(small, register=True) as events:
            await events.post_all(map(event, range(300)), key=key_of)

    asyncio.run(main())
    numbers = [record.key for record in broker.records(TOPIC)]
    assert numbers == [key_of(event(number)).encode() for number in range(300)]


def test_a_post_that_waits_can_be_cancelled(
    config: dict[str, object], broker: EmbeddedBroker
) -> None:
    small = {**config, "queue.buffering.max.messages": 2, "delivery.timeout.ms": 60_000}

    async def main() -> None:
        async with ASYNC_EVENTS(small, register=True) as events:
            broker.take_down()
            await events.post_all([event(1), event(2)], key=key_of)
            waiting = asyncio.create_task(events.post(event(3), key="k"))
            await asyncio.sleep(0.1)
            assert not waiting.done()
            waiting.cancel()
            with pytest.raises(asyncio.CancelledError):
                await waiting
            assert events.counters().sent == 2
            broker.bring_up()

    asyncio.run(main())
    assert len(broker.records(TOPIC)) == 2
