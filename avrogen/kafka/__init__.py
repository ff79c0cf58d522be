"""Typed Kafka clients, serializers and the schema registry.

    topic             a topic, and the subjects of its schemas
    message           messages, headers and delivery reports
    producer          typed producers, sync and asyncio
    consumer          typed consumers, sync and asyncio: retries, dead letters, transactions
    serde             Serializer and Deserializer for confluent-kafka's own clients
    registry          clients of Confluent's Schema Registry: cached, with retries
    wire_format       schema ids in messages
    host_process      forks, green threads and the end of the process
    client_config     safe client properties
    checked_access    headers, errors and texts that confluent-kafka's C code does not survive
    callbacks         librdkafka's log, errors and statistics
    cluster_metadata  partitions of a topic, as brokers report them
    health            liveness and readiness of producers and consumers
    observability     observers, counters, log events, trace context, OpenTelemetry
    single_flight     one call for many callers
    asyncio_threads   blocking calls off the event loop

Names are loaded on first use.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from avrogen.exports import lazy_exports
from avrogen.extras import require_own_package

if TYPE_CHECKING:
    from avrogen.kafka.consumer.async_consumer import AsyncTopicConsumer
    from avrogen.kafka.consumer.consumer import TopicConsumer
    from avrogen.kafka.consumer.service import run_all
    from avrogen.kafka.health import ConsumerHealth, HealthFile, ProducerHealth
    from avrogen.kafka.observability.context import MessageFields, TraceContext
    from avrogen.kafka.observability.counters import ConsumerCounters, ProducerCounters
    from avrogen.kafka.observability.observer import ClientInfo, Observer
    from avrogen.kafka.producer.async_producer import AsyncTopicProducer
    from avrogen.kafka.producer.producer import TopicProducer
    from avrogen.kafka.producer.producer_client import ProducerClient
    from avrogen.kafka.registry.async_registry import AsyncRegistry
    from avrogen.kafka.registry.connection import connect
    from avrogen.kafka.registry.protocol import SchemaRegistry
    from avrogen.kafka.registry.retrying import Retries
    from avrogen.kafka.serde.deserializer import AsyncDeserializer, Deserializer
    from avrogen.kafka.serde.serializer import AsyncSerializer, Serializer
    from avrogen.kafka.topic import SubjectStrategy

else:
    __getattr__, __dir__ = lazy_exports(
        __name__,
        {
            "AsyncDeserializer": "avrogen.kafka.serde.deserializer",
            "AsyncRegistry": "avrogen.kafka.registry.async_registry",
            "AsyncSerializer": "avrogen.kafka.serde.serializer",
            "AsyncTopicConsumer": "avrogen.kafka.consumer.async_consumer",
            "AsyncTopicProducer": "avrogen.kafka.producer.async_producer",
            "ClientInfo": "avrogen.kafka.observability.observer",
            "ConsumerCounters": "avrogen.kafka.observability.counters",
            "ConsumerHealth": "avrogen.kafka.health",
            "Deserializer": "avrogen.kafka.serde.deserializer",
            "HealthFile": "avrogen.kafka.health",
            "MessageFields": "avrogen.kafka.observability.context",
            "Observer": "avrogen.kafka.observability.observer",
            "ProducerClient": "avrogen.kafka.producer.producer_client",
            "ProducerCounters": "avrogen.kafka.observability.counters",
            "ProducerHealth": "avrogen.kafka.health",
            "Retries": "avrogen.kafka.registry.retrying",
            "SchemaRegistry": "avrogen.kafka.registry.protocol",
            "Serializer": "avrogen.kafka.serde.serializer",
            "SubjectStrategy": "avrogen.kafka.topic",
            "TopicConsumer": "avrogen.kafka.consumer.consumer",
            "TopicProducer": "avrogen.kafka.producer.producer",
            "TraceContext": "avrogen.kafka.observability.context",
            "connect": "avrogen.kafka.registry.connection",
            "run_all": "avrogen.kafka.consumer.service",
        },
    )

require_own_package()

__all__ = [
    "AsyncDeserializer",
    "AsyncRegistry",
    "AsyncSerializer",
    "AsyncTopicConsumer",
    "AsyncTopicProducer",
    "ClientInfo",
    "ConsumerCounters",
    "ConsumerHealth",
    "Deserializer",
    "HealthFile",
    "MessageFields",
    "Observer",
    "ProducerClient",
    "ProducerCounters",
    "ProducerHealth",
    "Retries",
    "SchemaRegistry",
    "Serializer",
    "SubjectStrategy",
    "TopicConsumer",
    "TopicProducer",
    "TraceContext",
    "connect",
    "run_all",
]
