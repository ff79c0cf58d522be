"""What customers owe: a consumer of orders."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping
from decimal import Decimal

from events.shop.orders import OrderPlaced
from events.shop.payment import Currency
from events.topics import OrdersConsumer

from avrogen import Message


class Ledger:
    """What is owed, by currency."""

    def __init__(self) -> None:
        self.owed: defaultdict[Currency, Decimal] = defaultdict(Decimal)

    def post(self, order: OrderPlaced) -> None:
        """Add an order."""
        self.owed[order.total.currency] += order.total.amount


def run(config: Mapping[str, object]) -> None:
    """Handle orders until the process is told to stop."""
    ledger = Ledger()

    def handle(message: Message[str, OrderPlaced]) -> None:
        ledger.post(message.value)

    with OrdersConsumer(config, group_id="billing") as orders:
        orders.run(handle)
