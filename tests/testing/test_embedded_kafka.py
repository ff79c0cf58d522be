"""``EmbeddedKafka``, and the fixture that is one: typed clients, wired to an embedded cluster."""

from __future__ import annotations

import asyncio
import json
from contextlib import closing
from threading import Thread
from typing import Any, assert_type

import pytest
from confluent_kafka import Producer

from avrogen import (
    ConfigurationError,
    ConsumeError,
    DecodeError,
    DeliveryError,
    Message,
    RetryPolicy,
    Topic,
)
from avrogen.kafka import connect
from avrogen.kafka.producer.producer import TopicProducer
from avrogen.kafka.registry.protocol import SchemaText
from avrogen.kafka.wire_format import frame_prefix
from avrogen.testing import EmbeddedKafka
from avrogen.testing.broker import EmbeddedBroker
from avrogen.testing.registry import EmbeddedRegistry
from examples.demo import SCANNED
from generated_example.com.acme.shop import OrderCancelled, OrderPlaced
from generated_example.com.example import Event
from generated_example.topics import (
    ORDERS,
    PARCELS,
    AsyncOrdersConsumer,
    AsyncOrdersProducer,
    OrdersConsumer,
    OrdersProducer,
    ParcelsProducer,
)
from tests.support.clients import producer_of
from tests.support.events import cancelled, event

FIRST, SECOND = cancelled(1), cancelled(2)


def produce(kafka: EmbeddedKafka, topic: str, value: bytes) -> None:
    """Send bytes as they are."""
    producer = Producer({"bootstrap.servers": kafka.broker.bootstrap_servers})
    producer.produce(topic, value, b"key")
    assert producer.flush(10) == 0


def test_events_go_there_and_come_back(avrogen_kafka: EmbeddedKafka) -> None:
    with avrogen_kafka.producer(OrdersProducer) as orders:
        assert_type(orders, OrdersProducer)
        orders.send(FIRST)
        orders.send(SECOND, key="own")
    handled: list[Message[str, OrderPlaced | OrderCancelled]] = []
    with avrogen_kafka.consumer(OrdersConsumer, group_id="billing") as consumer:
        assert_type(consumer, OrdersConsumer)
        consumer.run(handled.append)
    assert [message.value for message in handled] == [FIRST, SECOND]
    assert avrogen_kafka.messages(ORDERS) == handled
    assert [record.key for record in avrogen_kafka.records(ORDERS)][1] == b"own"


def test_with_asyncio(avrogen_kafka: EmbeddedKafka) -> None:
    handled: list[object] = []

    async def handle(message: Message[str, OrderPlaced | OrderCancelled]) -> None:
        handled.append(message.value)

    async def main() -> None:
        async with avrogen_kafka.producer(AsyncOrdersProducer) as orders:
            await orders.send(FIRST)
        async with avrogen_kafka.consumer(AsyncOrdersConsumer, group_id="billing") as consumer:
            await consumer.run(handle)
        async with avrogen_kafka.consumer(AsyncOrdersConsumer, group_id="audit") as consumer:
            handled.extend([message.value async for message in consumer])

    asyncio.run(main())
    assert handled == [FIRST, FIRST]


def test_every_loop_comes_to_an_end(avrogen_kafka: EmbeddedKafka) -> None:
    avrogen_kafka.create(ORDERS, partitions=3)
    with avrogen_kafka.producer(OrdersProducer) as orders:
        for number in range(20):
            orders.send(cancelled(number))
    with avrogen_kafka.consumer(OrdersConsumer, group_id="a") as consumer:
        assert len(list(consumer)) == 20
        assert consumer.assignment() == (0, 1, 2)
    batches: list[int] = []
    with avrogen_kafka.consumer(OrdersConsumer, group_id="b") as consumer:
        consumer.run_batches(lambda batch: batches.append(len(batch)), max_wait=0.1)
    assert sum(batches) == 20
    with avrogen_kafka.consumer(OrdersConsumer, group_id="b") as consumer:
        assert list(consumer) == []  # the group has handled them


@pytest.mark.parametrize("namespace", ["abc-123.x", ".x", "Outer$", "größe"])
def test_messages_of_producers_that_break_the_rules(
    avrogen_kafka: EmbeddedKafka, namespace: str, caplog: pytest.LogCaptureFixture
) -> None:
    """The registry holds such schemas, and consumers read the messages."""
    tree = json.loads(str(OrderCancelled.__avro_schema__))
    tree["namespace"] = namespace
    tree["fields"].append({"name": "größe", "type": "int", "default": None})
    subject = f"{ORDERS.name}-{namespace}.OrderCancelled"
    with closing(connect({"url": avrogen_kafka.registry.url})) as registry:
        version = registry.register(subject, SchemaText(json.dumps(tree)))
    data = FIRST.to_avro() + b"\x0e"
    for _ in range(2):
        produce(avrogen_kafka, ORDERS.name, frame_prefix(version.id) + data)
    with avrogen_kafka.consumer(OrdersConsumer, group_id="billing") as consumer:
        assert [message.value for message in consumer] == [FIRST, FIRST]
    tolerated = [each for each in caplog.records if "schema.tolerated" in each.getMessage()]
    assert [each.levelname for each in tolerated] == ["WARNING"]


def test_dead_letters(avrogen_kafka: EmbeddedKafka) -> None:
    def handle(message: Message[str, OrderPlaced | OrderCancelled]) -> None:
        raise ValueError("negative price")

    with avrogen_kafka.producer(OrdersProducer) as orders:
        orders.send(FIRST, headers={"trace_id": "7"})
    produce(avrogen_kafka, ORDERS.name, b"junk")
    policy = RetryPolicy(attempts=1)
    with avrogen_kafka.consumer(OrdersConsumer, group_id="billing", retry=policy) as consumer:
        consumer.run(handle)
    refused, unreadable = avrogen_kafka.dead_letters(ORDERS)
    assert_type(refused.value, OrderPlaced | OrderCancelled | None)
    assert (refused.key, refused.value) == (str(FIRST.order_id), FIRST)
    assert (refused.origin.error, refused.origin.group) == ("builtins.ValueError", "billing")
    assert refused.headers.get("trace_id") == b"7"
    assert (unreadable.value, unreadable.raw_value) == (None, b"junk")
    assert unreadable.origin.stage == "VALUE_CONVERTER"
    with pytest.raises(DecodeError) as caught:
        avrogen_kafka.messages(ORDERS)
    assert caught.value.__notes__ == ["at offset 1 of shop.orders.v1 [0]"]


def test_what_is_no_dead_letter(avrogen_kafka: EmbeddedKafka) -> None:
    avrogen_kafka.create(ORDERS, PARCELS)
    assert avrogen_kafka.dead_letters(ORDERS) == []
    produce(avrogen_kafka, "shop.orders.v1.dlq", b"no letter")
    with pytest.raises(ValueError, match="is no dead letter: its headers do not say"):
        avrogen_kafka.dead_letters(ORDERS)
    with pytest.raises(ValueError, match="has no dead-letter topic"):
        avrogen_kafka.dead_letters(PARCELS)


def test_topics_of_a_service_are_found(avrogen_kafka: EmbeddedKafka) -> None:
    """Its own clients come first, with the settings, and the topic with them."""
    with OrdersProducer(avrogen_kafka.config, register=True) as orders:
        orders.send(FIRST)
    with avrogen_kafka.consumer(OrdersConsumer, group_id="tests") as consumer:
        assert [message.value for message in consumer] == [FIRST]
    assert avrogen_kafka.dead_letters(ORDERS) == []


def test_topics_may_share_their_dead_letters(avrogen_kafka: EmbeddedKafka) -> None:
    topics: list[Topic[None, Event]] = [
        Topic(name, value=(Event,), dead_letter="dead") for name in ("one", "two", "three")
    ]
    avrogen_kafka.create(*topics[:2])
    avrogen_kafka.producer(producer_of(topics[2])).send(event()).result()
    assert [avrogen_kafka.dead_letters(topic) for topic in topics] == [[], [], []]
    with pytest.raises(ValueError, match="one: Broker: Topic"):
        avrogen_kafka.create(topics[0])


def test_schemas_are_registered(avrogen_kafka: EmbeddedKafka) -> None:
    """So clients without ``register=True`` work, keys with schemas included."""
    avrogen_kafka.create(PARCELS)
    with ParcelsProducer(avrogen_kafka.config) as parcels:
        parcels.send(SCANNED)
    (message,) = avrogen_kafka.messages(PARCELS)
    assert (message.key, message.value) == (SCANNED.parcel, SCANNED)


def test_it_can_be_made_to_go_wrong(
    avrogen_kafka: EmbeddedKafka, avrogen_broker: EmbeddedBroker, avrogen_registry: EmbeddedRegistry
) -> None:
    assert avrogen_kafka.broker is avrogen_broker
    assert avrogen_kafka.registry is avrogen_registry
    avrogen_broker.take_down()
    hasty = {**avrogen_kafka.config, "delivery.timeout.ms": 200}
    with OrdersProducer(hasty, register=True) as orders, pytest.raises(DeliveryError):
        orders.send(FIRST).result()


class ShyConsumer(OrdersConsumer):
    """Of how far it is behind, brokers give no account at first."""

    __slots__ = ("asked",)

    asked: int

    def lag(self, *, timeout: float = 10.0) -> dict[int, int]:
        self.asked = getattr(self, "asked", 0) + 1
        if self.asked < 3:
            raise ConsumeError("the brokers do not answer", topic=ORDERS.name)
        return super().lag(timeout=timeout)


def test_a_consumer_stops_although_brokers_did_not_answer(avrogen_kafka: EmbeddedKafka) -> None:
    avrogen_kafka.producer(OrdersProducer).send(FIRST).result()
    handled: list[object] = []
    with avrogen_kafka.consumer(ShyConsumer, group_id="tests") as orders:
        orders.run(lambda message: handled.append(message.value))
        assert isinstance(orders, ShyConsumer)
        assert orders.asked >= 3
    assert handled == [FIRST]


def test_services_in_a_thread_are_waited_for(avrogen_kafka: EmbeddedKafka) -> None:
    avrogen_kafka.create(ORDERS, partitions=3)
    with avrogen_kafka.producer(OrdersProducer) as orders:
        for number in range(20):
            orders.send(cancelled(number))
    with pytest.raises(TimeoutError, match="'billing' has not handled all"):
        avrogen_kafka.wait_until_handled(ORDERS, group_id="billing", timeout=0.1)
    handled: list[object] = []
    service = OrdersConsumer(avrogen_kafka.config, group_id="billing")

    def serve() -> None:
        with service:
            service.run(handled.append)

    thread = Thread(target=serve)
    thread.start()
    avrogen_kafka.wait_until_handled(ORDERS, group_id="billing")
    assert len(handled) == 20
    service.stop()
    thread.join()
    with pytest.raises(LookupError, match="there is no topic 'logistics"):
        avrogen_kafka.wait_until_handled(PARCELS, group_id="billing")


def test_without_pytest() -> None:
    with EmbeddedKafka() as kafka:
        kafka.producer(OrdersProducer).send(FIRST)
        left_open: TopicProducer[Any, Any] = kafka.producer(OrdersProducer)
        left_open.send(SECOND).result()
        never_opened = kafka.consumer(OrdersConsumer, group_id="tests")
        assert never_opened.topic is ORDERS
    with pytest.raises(RuntimeError, match="does not run"):
        _ = kafka.config
    with kafka:  # once more, and empty
        kafka.create(ORDERS)
        assert kafka.messages(ORDERS) == []


def test_properties_of_one_client(avrogen_kafka: EmbeddedKafka) -> None:
    """They are on top of the configuration of the kit, which does not change."""
    before = avrogen_kafka.config
    with avrogen_kafka.producer(OrdersProducer, config={"message.max.bytes": 1000}) as orders:
        assert_type(orders, OrdersProducer)
        with pytest.raises(DeliveryError, match="size too large"):
            orders.send(cancelled(1), headers={"large": "x" * 2000}).result(10)
    consumer = avrogen_kafka.consumer(OrdersConsumer, config={"no.such": 1}, group_id="billing")
    with pytest.raises(ConfigurationError, match=r"no\.such"), consumer:
        pass
    assert avrogen_kafka.config == before
