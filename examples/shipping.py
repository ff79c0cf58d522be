"""A service: hands what is ordered to a carrier, every order at least once, many at a time.

    KAFKA_BROKERS=... SCHEMA_REGISTRY_URL=... python examples/shipping.py

SIGTERM or Ctrl-C ends it when the orders in hand are done with.
"""

from __future__ import annotations

import asyncio
import os
from datetime import datetime
from uuid import UUID

from avrogen import Message, RetryPolicy
from avrogen.runtime.v1 import TimestampNanos
from generated_example.com.acme.logistics import ParcelKey, ParcelScanned, Stop
from generated_example.com.acme.shop import OrderCancelled, OrderPlaced
from generated_example.topics import AsyncOrdersConsumer, AsyncParcelsProducer

DESK = UUID("0b7e6f0e-3a51-4a34-8d1c-6a5ed9f6a7c2")


async def main() -> None:
    """Hand over orders until it is stopped."""
    config = {
        "bootstrap.servers": os.environ["KAFKA_BROKERS"],
        "schema.registry.url": os.environ["SCHEMA_REGISTRY_URL"],
    }
    patient = RetryPolicy(attempts=None, within=600, retry_on=(OSError,))
    async with (
        AsyncParcelsProducer(config) as parcels,
        AsyncOrdersConsumer(config, group_id="shipping", retry=patient) as orders,
    ):

        async def ship(message: Message[str, OrderPlaced | OrderCancelled]) -> None:
            match message.value:
                case OrderPlaced() as order:
                    delivered = await parcels.send(await handed_over(order))
                    await delivered
                case OrderCancelled():
                    pass  # it is too late, or nothing was sent

        await orders.run(ship)


async def handed_over(order: OrderPlaced) -> ParcelScanned:
    """Ask the carrier for a parcel, which it gives again for the same order.

    Raises:
        OSError: the carrier does not answer. It is asked again.
    """
    await asyncio.sleep(0)  # a request to the carrier would be here
    return ParcelScanned(
        parcel=ParcelKey(carrier="Snail & Sons", tracking_number=f"S-{order.order_id.int % 10**9}"),
        order_id=order.order_id,
        scanner=DESK,
        scanned_at=TimestampNanos.from_datetime(order.placed_at),
        hub_time=datetime(2025, 3, 15, 9, 0),
        route=Stop(hub=order.shipping.city),
    )


if __name__ == "__main__":
    asyncio.run(main())
