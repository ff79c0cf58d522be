"""A worker: reserves goods for orders, 32 at a time, those of one order one after the other.

    KAFKA_BROKERS=... SCHEMA_REGISTRY_URL=... python -m examples.two_services.packing

SIGTERM or Ctrl-C stops it gracefully.
"""

from __future__ import annotations

import asyncio
import os
from pathlib import Path
from typing import Protocol
from uuid import UUID

from avrogen import HealthFile, RetryPolicy
from generated_example.com.acme.shop import OrderCancelled, OrderLine, OrderPlaced
from generated_example.topics import AsyncOrdersConsumer, OrdersMessage

RETRY = RetryPolicy(attempts=5, retry_on=(ConnectionError,))
CONCURRENCY = 32


class Warehouse(Protocol):
    """Another team's system. Both methods are idempotent, so a message may come again."""

    async def reserve(self, order_id: UUID, lines: list[OrderLine]) -> None:
        """Reserve the goods of an order.

        Raises:
            ConnectionError: it does not answer.
        """
        ...

    async def release(self, order_id: UUID) -> None:
        """Release the goods of an order."""
        ...


class Packing:
    """The handler, with what it needs."""

    def __init__(self, warehouse: Warehouse) -> None:
        self._warehouse = warehouse

    async def handle(self, message: OrdersMessage) -> None:
        """Handle one event.

        Raises:
            ConnectionError: the warehouse does not answer. The event is handled again.
            ValueError: the order is not valid. The event is dead-lettered at once.
        """
        match message.value:
            case OrderPlaced(lines=[]):
                raise ValueError("an order without lines")
            case OrderPlaced(order_id=order_id, lines=lines):
                await self._warehouse.reserve(order_id, lines)
            case OrderCancelled(order_id=order_id):
                await self._warehouse.release(order_id)


async def serve(warehouse: Warehouse) -> None:
    """Handle events until it is stopped."""
    config = {
        "bootstrap.servers": os.environ["KAFKA_BROKERS"],
        "schema.registry.url": os.environ["SCHEMA_REGISTRY_URL"],
    }
    async with AsyncOrdersConsumer(config, group_id="packing", retry=RETRY) as orders:
        with HealthFile(Path(os.environ.get("HEALTH_FILE", "alive")), orders):
            await orders.run(Packing(warehouse).handle, concurrency=CONCURRENCY)


class PrintedWarehouse:
    """A stand-in for the warehouse."""

    async def reserve(self, order_id: UUID, lines: list[OrderLine]) -> None:
        """Print what is reserved."""
        print("reserved", order_id, [f"{line.quantity} x {line.sku}" for line in lines], flush=True)

    async def release(self, order_id: UUID) -> None:
        """Print what is released."""
        print("released", order_id, flush=True)


if __name__ == "__main__":
    asyncio.run(serve(PrintedWarehouse()))
