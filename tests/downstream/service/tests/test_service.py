from datetime import UTC, datetime
from decimal import Decimal
from uuid import UUID

from billing.service import Ledger
from events.shop.orders import OrderPlaced
from events.shop.payment import Currency, Money


def order(amount: str, currency: Currency = Currency.EUR) -> OrderPlaced:
    return OrderPlaced(
        order_id=UUID(int=1),
        placed_at=datetime(2025, 3, 14, 15, 9, tzinfo=UTC),
        total=Money(amount=Decimal(amount), currency=currency),
    )


def test_orders_add_up() -> None:
    ledger = Ledger()
    for placed in (order("12.90"), order("0.10"), order("8.00", Currency.GBP)):
        ledger.post(OrderPlaced.from_avro(placed.to_avro()))
    assert ledger.owed == {Currency.EUR: Decimal("13.00"), Currency.GBP: Decimal("8.00")}
