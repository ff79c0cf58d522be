"""The services in ``examples/``: what they make of orders, and that they stop in good order."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from collections.abc import Generator
from contextlib import contextmanager
from dataclasses import replace
from decimal import Decimal
from uuid import UUID

import pytest

from avrogen import Message
from avrogen.testing.broker import EmbeddedBroker
from avrogen.testing.registry import EmbeddedRegistry
from examples.demo import CANCELLED, PLACED
from generated_example.com.acme.common import Currency, Money
from generated_example.com.acme.logistics import ParcelKey, ParcelScanned
from generated_example.com.acme.payment import PaymentSettled
from generated_example.com.acme.shop import OrderPlaced
from generated_example.topics import (
    ORDERS,
    PARCELS,
    PAYMENT_SETTLED_V1,
    OrdersProducer,
    ParcelsConsumer,
    ParcelsProducer,
    PaymentSettledV1Consumer,
    PaymentSettledV1Producer,
)
from tests.conftest import ROOT
from tests.support.scenes import SECONDS, eventually

IN_EUROS = Money(amount=Decimal("5.00"), currency=Currency.EUR)


def order(number: int) -> OrderPlaced:
    """An order of 3 things for 5 euros each; every fifth costs pounds as well."""
    tea, cup = PLACED.lines
    lines = [replace(tea, unit_price=IN_EUROS, quantity=3), *([cup] if number % 5 == 0 else [])]
    return replace(PLACED, order_id=UUID(int=number), lines=lines)


@pytest.fixture
def config(broker: EmbeddedBroker) -> Generator[dict[str, object]]:
    """Where the topics are, with schemas and 20 orders, of which 10 were cancelled."""
    with EmbeddedRegistry() as registry:
        config: dict[str, object] = {
            "bootstrap.servers": broker.bootstrap_servers,
            "schema.registry.url": registry.url,
        }
        for topic in (ORDERS.name, PARCELS.name, PAYMENT_SETTLED_V1.name, ORDERS.dead_letter):
            broker.create_topic(str(topic), partitions=3)
        for producer in (PaymentSettledV1Producer, ParcelsProducer):
            with producer(config, register=True):
                pass
        with OrdersProducer(config, register=True) as orders:
            for number in range(20):
                orders.send(order(number))
                if number % 2:
                    orders.send(replace(CANCELLED, order_id=UUID(int=number)))
        yield config


@pytest.fixture
def broker() -> Generator[EmbeddedBroker]:
    with EmbeddedBroker(pretend_transactions=True) as broker:
        yield broker


@contextmanager
def running(name: str, config: dict[str, object]) -> Generator[None]:
    """An example as a process of its own, which is sent SIGTERM at the end."""
    environment = {
        **os.environ,
        "KAFKA_BROKERS": str(config["bootstrap.servers"]),
        "SCHEMA_REGISTRY_URL": str(config["schema.registry.url"]),
        "HOSTNAME": f"{name}-0",
        "PYTHONPATH": str(ROOT),
    }
    with subprocess.Popen(
        [sys.executable, f"examples/{name}.py"],
        cwd=ROOT,
        env=environment,
        stderr=subprocess.PIPE,
        text=True,
    ) as process:
        try:
            yield
            process.send_signal(signal.SIGTERM)
            _, errors = process.communicate(timeout=SECONDS)
        finally:
            process.kill()
    assert process.returncode == 0, errors


def test_billing(broker: EmbeddedBroker, config: dict[str, object]) -> None:
    with running("billing", config):
        eventually(lambda: len(broker.records("shop.orders.v1.dlq")) == 4)
        settled: dict[int, PaymentSettled] = {}

        def settle(message: Message[None, PaymentSettled]) -> None:
            settled[message.value.order_id.int] = message.value
            if len(settled) == 16:
                payments.stop()

        with PaymentSettledV1Consumer(config, group_id="test") as payments:
            payments.run(settle)
    assert set(settled) == {number for number in range(20) if number % 5}
    amount = Money(amount=Decimal("19.99"), currency=Currency.EUR)
    assert {(each.amount, each.fee) for each in settled.values()} == {(amount, Decimal("0.3498"))}


def test_shipping(config: dict[str, object]) -> None:
    with running("shipping", config):
        shipped: list[int] = []

        def note(message: Message[ParcelKey, ParcelScanned]) -> None:
            assert message.key == message.value.parcel
            shipped.append(message.value.order_id.int)
            if len(shipped) == 20:
                parcels.stop()

        with ParcelsConsumer(config, group_id="test") as parcels:
            parcels.run(note)
    assert sorted(shipped) == list(range(20))
