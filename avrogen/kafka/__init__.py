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
    from avrogen.kafka.deserializer import AsyncDeserializer, Deserializer
    from avrogen.kafka.observing.counters import ProducerCounters
    from avrogen.kafka.observing.handling import MessageFields
    from avrogen.kafka.observing.observer import Observer
    from avrogen.kafka.observing.trace_context import TraceContext
    from avrogen.kafka.producing.client import ProducerClient
    from avrogen.kafka.producing.producer import TopicProducer
    from avrogen.kafka.registry.asynchronous import AsyncRegistry
    from avrogen.kafka.registry.connecting import connect
    from avrogen.kafka.registry.port import SchemaRegistry
    from avrogen.kafka.registry.retrying import Retries
    from avrogen.kafka.serializer import AsyncSerializer, Serializer
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
    "AsyncDeserializer": "avrogen.kafka.deserializer",
    "AsyncRegistry": "avrogen.kafka.registry.asynchronous",
    "AsyncSerializer": "avrogen.kafka.serializer",
    "Deserializer": "avrogen.kafka.deserializer",
    "MessageFields": "avrogen.kafka.observing.handling",
    "Observer": "avrogen.kafka.observing.observer",
    "ProducerClient": "avrogen.kafka.producing.client",
    "ProducerCounters": "avrogen.kafka.observing.counters",
    "Retries": "avrogen.kafka.registry.retrying",
    "SchemaRegistry": "avrogen.kafka.registry.port",
    "Serializer": "avrogen.kafka.serializer",
    "SubjectStrategy": "avrogen.kafka.subjects",
    "TopicProducer": "avrogen.kafka.producing.producer",
    "TraceContext": "avrogen.kafka.observing.trace_context",
    "connect": "avrogen.kafka.registry.connecting",
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
