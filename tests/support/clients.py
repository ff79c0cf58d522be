"""Typed clients for topics of a test's own: classes as the compiler generates them."""

from __future__ import annotations

from typing import Any

from avrogen.kafka.consumer.async_consumer import AsyncTopicConsumer
from avrogen.kafka.consumer.consumer import TopicConsumer
from avrogen.kafka.producer.async_producer import AsyncTopicProducer
from avrogen.kafka.producer.producer import TopicProducer
from avrogen.kafka.topic import Topic

__all__ = ["async_consumer_of", "async_producer_of", "consumer_of", "producer_of"]


def producer_of(topic: Topic[Any, Any]) -> type[TopicProducer[Any, Any]]:
    """The synchronous producer of a topic."""
    return type("Producer", (TopicProducer,), _attributes(topic))


def async_producer_of(topic: Topic[Any, Any]) -> type[AsyncTopicProducer[Any, Any]]:
    """The asyncio producer of a topic."""
    return type("AsyncProducer", (AsyncTopicProducer,), _attributes(topic))


def consumer_of(topic: Topic[Any, Any]) -> type[TopicConsumer[Any, Any]]:
    """The synchronous consumer of a topic."""
    return type("Consumer", (TopicConsumer,), _attributes(topic))


def async_consumer_of(topic: Topic[Any, Any]) -> type[AsyncTopicConsumer[Any, Any]]:
    """The asyncio consumer of a topic."""
    return type("AsyncConsumer", (AsyncTopicConsumer,), _attributes(topic))


def _attributes(topic: Topic[Any, Any]) -> dict[str, object]:
    return {"__slots__": (), "topic": topic}
