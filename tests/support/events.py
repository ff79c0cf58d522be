"""Producers of the example's types for topics of a test's own, and events to send."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any
from uuid import UUID

from confluent_kafka import Consumer, TopicPartition

from avrogen.kafka.producer.async_producer import AsyncTopicProducer
from avrogen.kafka.producer.producer import TopicProducer
from avrogen.kafka.topic import KeyType, Topic
from generated_example import CancellationReason, OrderCancelled, OrderPlaced
from generated_example.com.example import Event, EventType
from tests.support.clients import async_producer_of, producer_of
from tests.support.clusters import AnyCluster, fresh_name

__all__ = [
    "AT",
    "Events",
    "Orders",
    "async_events_producer",
    "cancelled",
    "committed_keys",
    "event",
    "events_producer",
    "orders_producer",
]

AT = datetime(2025, 3, 14, 15, 9, 26, 535000, tzinfo=UTC)

Orders = TopicProducer[str, OrderPlaced | OrderCancelled]
Events = TopicProducer[None, Event]


def orders_producer(name: str) -> type[Orders]:
    """Several types, keyed by a field that is a UUID in a string."""
    topic: Topic[str, OrderPlaced | OrderCancelled] = Topic(
        name,
        value=(OrderPlaced, OrderCancelled),
        key="string",
        key_field="order_id",
        subject_strategy="topic-record",
    )
    return producer_of(topic)


def events_producer(
    name: str, *, key: KeyType | None = None, tombstones: bool = False
) -> type[TopicProducer[Any, Any]]:
    """One small type, with keys that have to be given, if any."""
    topic: Topic[Any, Any] = Topic(name, value=(Event,), key=key, tombstones=tombstones)
    return producer_of(topic)


def async_events_producer(
    name: str, *, key: KeyType | None = None
) -> type[AsyncTopicProducer[Any, Any]]:
    """The same as :func:`events_producer` for asyncio."""
    topic: Topic[Any, Any] = Topic(name, value=(Event,), key=key)
    return async_producer_of(topic)


def cancelled(number: int = 0) -> OrderCancelled:
    """An order that was cancelled, whose id is the number."""
    return OrderCancelled(
        order_id=UUID(int=number), cancelled_at=AT, reason=next(iter(CancellationReason))
    )


def event(number: int = 0) -> Event:
    """A small event, whose resource is the number."""
    return Event(
        id="7d0c6f1e",
        timestamp=number,
        type=EventType.CREATED,
        resource_id=str(number),
        metadata={},
    )


def committed_keys(cluster: AnyCluster, topic: str) -> list[bytes | None]:
    """The keys of what is committed in the first partition. What was aborted leaves gaps."""
    consumer = Consumer(
        {
            "bootstrap.servers": cluster.bootstrap_servers,
            "group.id": fresh_name("reader"),
            "enable.partition.eof": True,
            "isolation.level": "read_committed",
        }
    )
    consumer.assign([TopicPartition(topic, 0, 0)])
    found: list[bytes | None] = []
    try:
        while True:
            message = consumer.poll(30)
            assert message is not None
            if message.error() is not None:
                return found
            found.append(message.key())
    finally:
        consumer.close()
