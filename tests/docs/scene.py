"""What is there for pages that speak of Kafka: brokers, a registry, events, consumers that end.

Pages find it where they say it is: in the environment, as ``KAFKA_BROKERS`` and
``SCHEMA_REGISTRY_URL``, and in ``config``. The topics are those of ``schemas/avrogen.toml``, their
schemas are registered, and three orders were cancelled. A consumer of a page is stopped when it has
handled what there was when it was opened, or when nothing is left for it; one that handles nothing
shows nothing, and is a mistake.
"""

from __future__ import annotations

import threading
from collections.abc import Iterator
from datetime import UTC, datetime
from time import sleep
from typing import Any
from uuid import UUID

import pytest

from avrogen.errors import AvrogenError
from avrogen.kafka.consumer.assignment import AssignedPartitions, Position
from avrogen.kafka.consumer.session import ConsumerSession
from avrogen.testing.broker import EmbeddedBroker
from avrogen.testing.registry import EmbeddedRegistry
from generated_example.com.acme.shop import CancellationReason, OrderCancelled
from generated_example.topics import (
    ORDERS,
    PARCELS,
    PAYMENT_SETTLED_V1,
    OrdersProducer,
    ParcelsProducer,
    PaymentSettledV1Producer,
)

__all__ = ["scene"]

_TOPICS = (ORDERS, PARCELS, PAYMENT_SETTLED_V1)
_EVENTS = 3
_SECRETS = "KAFKA_USER KAFKA_PASSWORD KAFKA_KEY_PASSWORD SCHEMA_REGISTRY_USER_INFO"


@pytest.fixture
def scene(monkeypatch: pytest.MonkeyPatch) -> Iterator[dict[str, object]]:
    """A broker and a registry.

    Yields:
        The settings of clients.
    """
    with EmbeddedBroker(pretend_transactions=True) as broker, EmbeddedRegistry() as registry:
        monkeypatch.setenv("KAFKA_BROKERS", broker.bootstrap_servers)
        monkeypatch.setenv("SCHEMA_REGISTRY_URL", registry.url)
        monkeypatch.setenv("AVROGEN_REGISTRY_URL", registry.url)
        monkeypatch.setenv("HOSTNAME", "billing-0")
        for secret in _SECRETS.split():
            monkeypatch.setenv(secret, "me:secret")
        config: dict[str, object] = {
            "bootstrap.servers": broker.bootstrap_servers,
            "schema.registry.url": registry.url,
        }
        for topic in _TOPICS:
            broker.create_topic(topic.name, 3)
            if topic.dead_letter is not None:
                broker.create_topic(topic.dead_letter, 3)
        _register_and_send(config)
        consumers = _end_consumers(broker, monkeypatch)
        yield config
        idle = [each.group for each in consumers if not each.counters().consumed]
        assert not idle, "consumers of the page that handled nothing"


def _register_and_send(config: dict[str, object]) -> None:
    with (
        ParcelsProducer(config, register=True),
        PaymentSettledV1Producer(config, register=True),
        OrdersProducer(config, register=True) as orders,
    ):
        for number in range(_EVENTS):
            orders.send(
                OrderCancelled(
                    order_id=UUID(int=number),
                    cancelled_at=datetime(2025, 3, 14, tzinfo=UTC),
                    reason=CancellationReason.OUT_OF_STOCK,
                )
            )


def _end_consumers(
    broker: EmbeddedBroker, monkeypatch: pytest.MonkeyPatch
) -> list[ConsumerSession[Any, Any]]:
    """Have all consumers end.

    Returns:
        Those that were opened, as they come.
    """
    consumers: list[ConsumerSession[Any, Any]] = []
    opened = ConsumerSession[Any, Any].open
    seek = AssignedPartitions.seek

    def open_and_end(session: ConsumerSession[Any, Any]) -> None:
        there = len(broker.records(session.topic.name))
        opened(session)
        consumers.append(session)
        threading.Thread(target=_end, args=(session, there), daemon=True).start()

    def seek_or_begin(partitions: AssignedPartitions, to: Position, *rest: Any) -> None:
        # The embedded broker says of any time that it is at the end.
        seek(partitions, "beginning" if isinstance(to, datetime) else to, *rest)

    monkeypatch.setattr(ConsumerSession, "open", open_and_end)
    monkeypatch.setattr(AssignedPartitions, "seek", seek_or_begin)
    return consumers


def _end(session: ConsumerSession[Any, Any], there: int) -> None:
    try:
        while session.counters().consumed < there:
            lag = session.opened.offsets.lag(timeout=10).result()
            if lag and not any(lag.values()):
                break
            sleep(0.02)
        session.stop()
    except AvrogenError:
        pass  # it was closed meanwhile
