"""What avrogen knows of librdkafka's settings: other names, and defaults that it changes."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

__all__ = ["ALIASES", "CONSUMER_DEFAULTS", "PRODUCER_DEFAULTS"]

ALIASES: Final[Mapping[str, str]] = {
    "metadata.broker.list": "bootstrap.servers",
    "request.required.acks": "acks",
    "message.timeout.ms": "delivery.timeout.ms",
    "queue.buffering.max.ms": "linger.ms",
    "compression.codec": "compression.type",
    "message.send.max.retries": "retries",
    "max.in.flight.requests.per.connection": "max.in.flight",
}
"""Other names of settings that have a default here, or that are checked."""

PRODUCER_DEFAULTS: Final[Mapping[str, object]] = {
    "acks": "all",
    "enable.idempotence": True,
    # What Java and franz-go do: a key has the same partition whoever sends it.
    "partitioner": "murmur2_random",
    "compression.type": "lz4",
    "linger.ms": 10,
    "delivery.timeout.ms": 120_000,
}

CONSUMER_DEFAULTS: Final[Mapping[str, object]] = {
    "auto.offset.reset": "earliest",
    "isolation.level": "read_committed",
    "partition.assignment.strategy": "cooperative-sticky",
}
