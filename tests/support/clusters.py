"""Brokers with a registry that the same tests run over: embedded ones, and real ones."""

from __future__ import annotations

import uuid
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Literal

from confluent_kafka.admin import AdminClient
from confluent_kafka.cimpl import NewTopic

from avrogen.testing.broker import EmbeddedBroker, Record
from avrogen.testing.broker.records import read_records

__all__ = ["AnyCluster", "create_topic", "embedded_cluster", "fresh_name", "real_cluster"]

_SECONDS = 60
_REBALANCE_MS = 1200
"""Session timeout of groups: the embedded broker waits for it, less one second."""


@dataclass(frozen=True, slots=True)
class AnyCluster:
    """A cluster and a registry that may be shared with other tests.

    Each test makes topics of its own, and names groups by :func:`fresh_name`.

    Attributes:
        kind: whether it is in this process.
        bootstrap_servers: where the brokers are.
        registry_url: where the registry is.
    """

    kind: Literal["embedded", "real"]
    bootstrap_servers: str
    registry_url: str
    _create: Callable[[str, int], None]

    @property
    def config(self) -> dict[str, object]:
        """Settings for typed clients."""
        return {
            "bootstrap.servers": self.bootstrap_servers,
            "schema.registry.url": self.registry_url,
        }

    @property
    def consumer_config(self) -> dict[str, object]:
        """Settings for typed consumers, such that groups rebalance quickly."""
        return {**self.config, "session.timeout.ms": _REBALANCE_MS, "heartbeat.interval.ms": 200}

    def topic(self, partitions: int = 1, name: str | None = None) -> str:
        """A new topic.

        Args:
            partitions: how many.
            name: what to call it; by itself, as nobody else does.
        """
        name = fresh_name("topic") if name is None else name
        self._create(name, partitions)
        return name

    def records(self, topic: str) -> tuple[Record, ...]:
        """What is on a topic, as far as it is committed, by partition and offset."""
        return read_records(self.bootstrap_servers, topic, _SECONDS)


def embedded_cluster(broker: EmbeddedBroker, registry_url: str) -> AnyCluster:
    """One in this process."""
    return AnyCluster("embedded", broker.bootstrap_servers, registry_url, broker.create_topic)


def real_cluster(bootstrap_servers: str, registry_url: str) -> AnyCluster:
    """Real brokers."""

    def create(name: str, partitions: int) -> None:
        create_topic(bootstrap_servers, name, partitions)

    return AnyCluster("real", bootstrap_servers, registry_url, create)


def create_topic(bootstrap_servers: str, name: str, partitions: int, **config: str) -> None:
    """Make a topic on real brokers.

    Args:
        bootstrap_servers: where.
        name: of the topic.
        partitions: how many.
        config: of the topic, with underscores for dots.
    """
    # Its annotations leave open what comes of a topic: nothing, or an exception.
    admin: Any = AdminClient({"bootstrap.servers": bootstrap_servers})
    settings = {key.replace("_", "."): value for key, value in config.items()}
    topic = NewTopic(name, partitions, config=settings)
    for made in admin.create_topics([topic], operation_timeout=_SECONDS).values():
        made.result(_SECONDS)


def fresh_name(of: str) -> str:
    """A name that nobody else uses."""
    return f"{of}-{uuid.uuid4().hex[:12]}"
