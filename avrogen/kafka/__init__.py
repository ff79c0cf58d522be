"""Events on Kafka: how they are framed, and the registry that knows their schemas.

    framing         what says which schema a message was written with; lookalikes, if nothing does
    subjects        which subject a schema is registered under
    registry        what is asked of a registry, and who answers
    serializer      objects to messages, as confluent-kafka calls it; writers remember how
    deserializer    messages to objects, likewise; decoders remember how, targets say as what
    topic, message  what typed clients send and receive; config: the settings of both
    producing       typed producers
    observing       what they do, seen from outside

Names are loaded when they are first used.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from avrogen.kafka.observability.context import MessageFields, TraceContext
    from avrogen.kafka.observability.counters import ProducerCounters
    from avrogen.kafka.observability.observer import Observer
    from avrogen.kafka.producer.client import ProducerClient
    from avrogen.kafka.producer.producer import TopicProducer
    from avrogen.kafka.registry.async_registry import AsyncRegistry
    from avrogen.kafka.registry.connect import connect
    from avrogen.kafka.registry.protocol import SchemaRegistry
    from avrogen.kafka.registry.retrying import Retries
    from avrogen.kafka.serde.deserializer import AsyncDeserializer, Deserializer
    from avrogen.kafka.serde.serializer import AsyncSerializer, Serializer
    from avrogen.kafka.subjects import SubjectStrategy

__all__ = [
    "AsyncDeserializer",
    "AsyncRegistry",
    "AsyncSerializer",
    "Deserializer",
    "MessageFields",
    "Observer",
    "ProducerClient",
    "ProducerCounters",
    "Retries",
    "SchemaRegistry",
    "Serializer",
    "SubjectStrategy",
    "TopicProducer",
    "TraceContext",
    "connect",
]

_HOMES = {
    "AsyncDeserializer": "avrogen.kafka.serde.deserializer",
    "AsyncRegistry": "avrogen.kafka.registry.async_registry",
    "AsyncSerializer": "avrogen.kafka.serde.serializer",
    "Deserializer": "avrogen.kafka.serde.deserializer",
    "MessageFields": "avrogen.kafka.observability.context",
    "Observer": "avrogen.kafka.observability.observer",
    "ProducerClient": "avrogen.kafka.producer.client",
    "ProducerCounters": "avrogen.kafka.observability.counters",
    "Retries": "avrogen.kafka.registry.retrying",
    "SchemaRegistry": "avrogen.kafka.registry.protocol",
    "Serializer": "avrogen.kafka.serde.serializer",
    "SubjectStrategy": "avrogen.kafka.subjects",
    "TopicProducer": "avrogen.kafka.producer.producer",
    "TraceContext": "avrogen.kafka.observability.context",
    "connect": "avrogen.kafka.registry.connect",
}


def __getattr__(name: str) -> object:
    home = _HOMES.get(name)
    if home is None:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    value: object = getattr(import_module(home), name)
    globals()[name] = value
    return value


def __dir__() -> list[str]:
    return sorted({*globals(), *__all__})
