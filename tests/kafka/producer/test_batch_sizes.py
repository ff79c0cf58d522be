"""Topics that take smaller batches than librdkafka makes: everything arrives, in order."""

from __future__ import annotations

import asyncio
import random
import time
from collections import defaultdict
from typing import Any

import pytest
from confluent_kafka.admin import AdminClient

from avrogen import DeliveryError
from avrogen.kafka import ProducerClient
from avrogen.kafka.cluster_metadata import max_message_bytes
from avrogen.kafka.producer.delivery_errors import SizeLimits
from avrogen.kafka.topic import Topic
from avrogen.testing.broker import EmbeddedBroker
from generated_example.com.example import Event, EventType
from tests.support.clients import async_producer_of, producer_of
from tests.support.clusters import AnyCluster, create_topic, fresh_name

LIMIT = 100_000
COUNT = 5_000
KEYS = 7


def small_topic(real: AnyCluster, limit: int = LIMIT) -> Topic[str, Event]:
    """A topic with three partitions and a limit."""
    name = fresh_name("small")
    create_topic(real.bootstrap_servers, name, 3, max_message_bytes=str(limit))
    return Topic(name, value=(Event,), key="string")


def padded(number: int, size: int = 500) -> Event:
    """An event of about so many bytes, which do not compress."""
    return Event(
        id="sizes",
        timestamp=number,
        type=EventType.CREATED,
        resource_id=str(number),
        metadata={"padding": random.Random(number).randbytes(size // 2).hex()},
    )


def assert_all_in_order(real: AnyCluster, topic: Topic[str, Event], numbers: list[int]) -> None:
    """Each event is there once, and those of a key are in their order."""
    by_key = defaultdict[bytes | None, list[int]](list)
    for record in real.records(topic.name):
        assert record.value is not None
        by_key[record.key].append(Event.from_avro(record.value[5:]).timestamp)
    assert sorted(n for found in by_key.values() for n in found) == numbers
    assert all(found == sorted(found) for found in by_key.values())


def test_all_events_arrive(real: AnyCluster) -> None:
    topic = small_topic(real)
    with producer_of(topic)(real.config, register=True) as events:
        for number in range(COUNT):
            events.send(padded(number), key=str(number % KEYS))
    assert_all_in_order(real, topic, list(range(COUNT)))


def test_all_events_arrive_without_compression_and_with_asyncio(real: AnyCluster) -> None:
    topic = small_topic(real)
    config = {**real.config, "compression.type": "none", "linger.ms": 200}

    async def main() -> None:
        async with async_producer_of(topic)(config, register=True) as events:
            for number in range(COUNT):
                await events.send(padded(number), key=str(number % KEYS))

    asyncio.run(main())
    assert_all_in_order(real, topic, list(range(COUNT)))


def test_a_client_that_sends_already_is_shared_with_such_a_topic(real: AnyCluster) -> None:
    large, small = small_topic(real, 1_000_000), small_topic(real, 50_000)
    with ProducerClient(real.config) as client:
        first = producer_of(large)(client=client, register=True)
        for number in range(2000):
            first.send(padded(number), key=str(number % KEYS))
        before = client.producer
        second = producer_of(small)(client=client, register=True)
        assert client.producer is not before
        for number in range(2000, 4000):
            first.send(padded(number), key=str(number % KEYS))
            second.send(padded(number), key=str(number % KEYS))
        first.close()
        second.close()
    assert_all_in_order(real, large, list(range(4000)))
    assert_all_in_order(real, small, list(range(2000, 4000)))


def test_transactions(real: AnyCluster) -> None:
    topic = small_topic(real)
    config = {**real.config, "transactional.id": fresh_name("mover")}
    with producer_of(topic)(config, register=True) as events:
        for batch in range(2):
            with events.transaction():
                for number in range(batch * 1000, batch * 1000 + 1000):
                    events.send(padded(number), key=str(number % KEYS))
    assert_all_in_order(real, topic, list(range(2000)))


def test_one_event_that_is_too_large_names_both_sizes(real: AnyCluster) -> None:
    topic = small_topic(real)
    with producer_of(topic)(real.config, register=True) as events:
        for number in range(1000):
            events.send(padded(number), key="k")
        refused = events.send(padded(1000, 150_000), key="k")
        for number in range(1001, 2000):
            events.send(padded(number), key="k")
        with pytest.raises(
            DeliveryError,
            match=r"key and value have 150,\d\d\d bytes, the topic takes 100,000 "
            r"\(max\.message\.bytes\)",
        ) as caught:
            refused.result(60)
    assert not caught.value.retriable
    assert_all_in_order(real, topic, [n for n in range(2000) if n != 1000])


def test_a_limit_that_is_lowered_is_noticed(real: AnyCluster) -> None:
    topic = small_topic(real, 1_000_000)
    with producer_of(topic)(real.config, register=True) as events:
        events.send(padded(0), key="k").result(60)
        lower(real, topic.name)
        refused = [events.send(padded(number), key="k") for number in range(1, 1000)]
        errors = list(filter(None, [future.exception(60) for future in refused]))
        assert errors, "a batch was larger than that"
        for error in errors:
            assert isinstance(error, DeliveryError) and error.retriable
            assert "but its batch had more" in str(error)
        deadline = time.monotonic() + 30
        while events.client.batch_size > LIMIT and time.monotonic() < deadline:
            time.sleep(0.01)
        again = [events.send(padded(number), key="k") for number in range(1000, 2000)]
        assert [future.exception(60) for future in again] == [None] * 1000


def lower(real: AnyCluster, topic: str) -> None:
    from confluent_kafka import admin

    api: Any = admin
    client: Any = AdminClient({"bootstrap.servers": real.bootstrap_servers})
    entry = api.ConfigEntry(
        "max.message.bytes", str(LIMIT), incremental_operation=api.AlterConfigOpType.SET
    )
    resource = api.ConfigResource(api.ResourceType.TOPIC, topic, incremental_configs=[entry])
    for future in client.incremental_alter_configs([resource]).values():
        future.result(60)


def test_brokers_that_do_not_tell(broker: EmbeddedBroker) -> None:
    settings = {"bootstrap.servers": broker.bootstrap_servers}
    assert max_message_bytes(settings, "events", 30) is None
    broker.take_down()
    started = time.monotonic()
    assert max_message_bytes(settings, "events", 30) is None
    assert time.monotonic() - started < 10


@pytest.mark.parametrize(
    ("limits", "size", "text"),
    [
        (SizeLimits(1000), 2000, "the producer takes messages of 1,000"),
        (SizeLimits(5000, 1000), 2000, "key and value have 2,000 bytes, the topic takes 1,000"),
        (SizeLimits(5000, 1000), 500, "but its batch had more"),
        (SizeLimits(5000), 2000, "or its batch had more than the topic takes"),
    ],
)
def test_reasons(limits: SizeLimits, size: int, text: str) -> None:
    assert text in limits.explain(size)
    assert limits.allow(size) is (text.startswith(("but", "or")))
