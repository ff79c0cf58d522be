"""The broker, the registry and the event that everybody sends and receives."""

from __future__ import annotations

import json
from collections.abc import Callable, Generator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

from avrogen.codec.compilation import encoder_of
from avrogen.kafka.client_config import producer_settings
from avrogen.kafka.wire_format import frame_prefix
from avrogen.testing.broker import EmbeddedBroker
from avrogen.testing.registry import EmbeddedRegistry
from benchmarks.codecs.conversion import Conversion
from benchmarks.codecs.workload import Workload

__all__ = ["Setting", "on_embedded_broker"]


@dataclass(frozen=True)
class Setting:
    """Where a race takes place, and what is sent there.

    Attributes:
        topic: a topic.
        config: settings of typed clients.
        value: an object of the generated class.
        key: the text of its key.
        to_dict: what the object is for libraries of dicts.
        from_dict: the reverse.
        schema: JSON of its schema.
        partitions: how many the topic has.
    """

    topic: str
    config: dict[str, object]
    value: Any
    key: str
    to_dict: Callable[[Any], Any]
    from_dict: Callable[[Any], Any]
    schema: str
    partitions: int

    @property
    def owner(self) -> Any:
        """The generated class."""
        return self.value.__class__

    @property
    def client_config(self) -> dict[str, Any]:
        """The same settings for confluent-kafka's own clients, defaults of avrogen included."""
        servers = {"bootstrap.servers": self.config["bootstrap.servers"]}
        return producer_settings(servers) | {"log_level": 0}

    @property
    def encoded(self) -> bytes:
        """The value as it is on the topic."""
        return frame_prefix(1) + encoder_of(self.owner)(self.value)


@contextmanager
def on_embedded_broker(workload: Workload, partitions: int = 4) -> Generator[Setting]:
    """A broker and a registry in this process, with a topic of so many partitions."""
    conversion = Conversion(workload.owner, named="all")
    with EmbeddedBroker() as broker, EmbeddedRegistry() as registry:
        broker.create_topic("events", partitions)
        yield Setting(
            topic="events",
            config={
                "bootstrap.servers": broker.bootstrap_servers,
                "schema.registry.url": registry.url,
            },
            value=workload.object,
            key="7d0c6f1e-52a8-4b8f-9c55-2f3d8f1b6a90",
            to_dict=conversion.to_plain,
            from_dict=conversion.to_object,
            schema=json.dumps(workload.schema),
            partitions=partitions,
        )
