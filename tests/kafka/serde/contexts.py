"""What confluent-kafka gives to serializers and deserializers."""

from __future__ import annotations

from typing import Any, Literal

from confluent_kafka.serialization import MessageField, SerializationContext

__all__ = ["TOPIC", "context"]

TOPIC = "shop.orders.v1"


def context(
    part: Literal["key", "value"] = "value", *, topic: str = TOPIC, headers: Any = None
) -> SerializationContext:
    """The context of a key or a value on a topic."""
    return SerializationContext(topic, MessageField(part), headers)
