"""A service: settles what is ordered, every order exactly once, however often it is killed.

    KAFKA_BROKERS=... SCHEMA_REGISTRY_URL=... HOSTNAME=billing-0 python examples/billing.py

SIGTERM or Ctrl-C ends it when the orders in hand are settled.
"""

from __future__ import annotations

import os
from decimal import Decimal

from avrogen import Message
from generated_example.com.acme.common import Money
from generated_example.com.acme.payment import PaymentSettled
from generated_example.com.acme.shop import OrderCancelled, OrderPlaced
from generated_example.topics import OrdersConsumer, PaymentSettledV1Producer

FEE = Decimal("0.0175")


def main() -> None:
    """Settle orders until it is stopped."""
    config = {
        "bootstrap.servers": os.environ["KAFKA_BROKERS"],
        "schema.registry.url": os.environ["SCHEMA_REGISTRY_URL"],
    }
    mine = {"transactional.id": os.environ["HOSTNAME"]}
    with (
        PaymentSettledV1Producer({**config, **mine}) as payments,
        OrdersConsumer(config, group_id="billing") as orders,
    ):

        def settle(message: Message[str, OrderPlaced | OrderCancelled]) -> None:
            match message.value:
                case OrderPlaced() as order:
                    payments.send(settled(order))
                case OrderCancelled():
                    pass  # refunds are made elsewhere

        orders.run_transactional(settle, payments)


def settled(order: OrderPlaced) -> PaymentSettled:
    """What is settled for an order.

    Raises:
        ValueError: it cannot be. The order becomes a dead letter.
    """
    prices = [line.unit_price for line in order.lines]
    if any(price.currency != order.shipping_cost.currency for price in prices):
        raise ValueError("prices in several currencies")
    goods = sum((line.unit_price.amount * line.quantity for line in order.lines), Decimal(0))
    amount = goods + order.shipping_cost.amount
    return PaymentSettled(
        order_id=order.order_id,
        settled_at=order.placed_at,
        amount=Money(amount=amount, currency=order.shipping_cost.currency),
        method=order.payment,
        fee=(amount * FEE).quantize(Decimal("0.0001")),
    )


if __name__ == "__main__":
    main()
