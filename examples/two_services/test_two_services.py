"""How both services are tested: handlers and routes alone, then all of it on an embedded Kafka.

    pytest examples/two_services

Nothing has to run for it: ``avrogen_kafka`` is a fixture that ``avrogen[testing]`` brings.
"""

from __future__ import annotations

import asyncio
import signal
from dataclasses import replace
from pathlib import Path
from uuid import UUID

import pytest
from fastapi.testclient import TestClient

from avrogen.testing import EmbeddedKafka, example, handling
from examples.two_services.packing import CONCURRENCY, RETRY, Packing, serve
from examples.two_services.shop import app
from generated_example.com.acme.shop import OrderCancelled, OrderLine, OrderPlaced
from generated_example.topics import ORDERS, AsyncOrdersConsumer

PLACED = example(OrderPlaced)
CANCELLED = example(OrderCancelled, order_id=PLACED.order_id)
EMPTY = replace(PLACED, order_id=UUID(int=1), lines=[])


class FakeWarehouse:
    """Keeps the orders for which goods are reserved, and does not answer for a while."""

    def __init__(self, outages: int = 0) -> None:
        self.reserved: set[UUID] = set()
        self.released: list[UUID] = []
        self._outages = outages

    async def reserve(self, order_id: UUID, lines: list[OrderLine]) -> None:
        assert lines
        await asyncio.sleep(0)
        if self._outages:
            self._outages -= 1
            raise ConnectionError("the warehouse does not answer")
        self.reserved.add(order_id)

    async def release(self, order_id: UUID) -> None:
        self.reserved.remove(order_id)
        self.released.append(order_id)


# --- the worker's handler alone: no broker, milliseconds ------------------------------------------


def test_goods_are_reserved_and_released() -> None:
    warehouse = FakeWarehouse()
    packing = handling(AsyncOrdersConsumer, concurrency=CONCURRENCY)
    outcome = asyncio.run(packing.deliver(Packing(warehouse).handle, PLACED, CANCELLED))
    assert outcome.handled == [PLACED, CANCELLED]
    assert warehouse.released == [PLACED.order_id]


def test_the_warehouse_is_asked_again() -> None:
    warehouse = FakeWarehouse(outages=2)
    packing = handling(AsyncOrdersConsumer, retry=RETRY)
    outcome = asyncio.run(packing.deliver(Packing(warehouse).handle, PLACED))
    assert outcome.delays == [0.25, 0.5]
    assert warehouse.reserved == {PLACED.order_id}


def test_an_order_without_lines_is_dead_lettered() -> None:
    packing = handling(AsyncOrdersConsumer, retry=RETRY)
    outcome = asyncio.run(packing.deliver(Packing(FakeWarehouse()).handle, EMPTY, PLACED))
    assert outcome.handled == [PLACED]
    (dead_letter,) = outcome.dead_letters
    assert dead_letter.value == EMPTY
    assert "an order without lines" in dead_letter.origin.message


# --- the web service, and both together -----------------------------------------------------------


@pytest.fixture
def kafka(
    avrogen_kafka: EmbeddedKafka, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> EmbeddedKafka:
    """A broker and a registry of one test, where the services look for them."""
    avrogen_kafka.create(ORDERS, partitions=3)
    monkeypatch.setenv("HEALTH_FILE", str(tmp_path / "alive"))
    monkeypatch.setenv("KAFKA_BROKERS", avrogen_kafka.broker.bootstrap_servers)
    monkeypatch.setenv("SCHEMA_REGISTRY_URL", avrogen_kafka.registry.url)
    return avrogen_kafka


def post(client: TestClient, path: str, body: str) -> int:
    headers = {"content-type": "application/json"}
    return client.post(path, content=body, headers=headers).status_code


def test_a_request_becomes_an_event(kafka: EmbeddedKafka) -> None:
    with TestClient(app) as client:
        assert post(client, "/orders", PLACED.to_json()) == 202
        assert client.get("/livez").status_code == client.get("/readyz").status_code == 200
    (message,) = kafka.messages(ORDERS)
    assert message.value == PLACED
    assert message.key == str(PLACED.order_id)


def test_a_request_that_does_not_fit_the_schema(kafka: EmbeddedKafka) -> None:
    with TestClient(app) as client:
        response = client.post("/cancellations", json={"order_id": "42"})
    assert response.status_code == 422
    assert "$.order_id: expected a UUID, got '42'" in response.text
    assert not kafka.messages(ORDERS)


def test_both_services(kafka: EmbeddedKafka) -> None:
    placed = [replace(PLACED, order_id=UUID(int=number)) for number in range(2, 40)]
    with TestClient(app) as client:
        for order in [*placed, EMPTY]:
            post(client, "/orders", order.to_json())
        for order in placed[::2]:
            cancelled = replace(CANCELLED, order_id=order.order_id)
            post(client, "/cancellations", cancelled.to_json())

    warehouse = FakeWarehouse(outages=3)

    async def pack() -> None:
        service = asyncio.create_task(serve(warehouse))
        await asyncio.to_thread(kafka.wait_until_handled, ORDERS, group_id="packing")
        signal.raise_signal(signal.SIGTERM)  # as Kubernetes does
        await service

    asyncio.run(pack())
    assert warehouse.reserved == {order.order_id for order in placed[1::2]}
    assert sorted(warehouse.released) == [order.order_id for order in placed[::2]]
    assert [dead.value for dead in kafka.dead_letters(ORDERS)] == [EMPTY]
