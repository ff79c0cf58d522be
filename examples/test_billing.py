"""How a service is tested: its handler alone, and then all of it on an embedded Kafka.

The service bills orders: what is placed becomes a ``PaymentSettled`` event. Run it by
``pytest examples``.
"""

from __future__ import annotations

from datetime import UTC, datetime
from decimal import Decimal

import pytest

from avrogen import Message, Retry
from avrogen.testing import EmbeddedKafka, IncomingBytes, assert_round_trip, handling
from examples.demo import CANCELLED, EMPTY, PLACED
from generated_example.com.acme.common import Money
from generated_example.com.acme.payment import PaymentSettled
from generated_example.com.acme.shop import OrderCancelled, OrderPlaced
from generated_example.topics import (
    ORDERS,
    PAYMENT_SETTLED_V1,
    OrdersConsumer,
    OrdersProducer,
    PaymentSettledV1Producer,
)

# --- the service ----------------------------------------------------------------------------------


class Bank:
    """Somebody else's, which is not always there."""

    def __init__(self, *, outages: int = 0) -> None:
        self.charged: list[Decimal] = []
        self._outages = outages

    def charge(self, amount: Decimal) -> None:
        """Take money."""
        if self._outages:
            self._outages -= 1
            raise ConnectionError("the bank does not answer")
        self.charged.append(amount)


class Billing:
    """Charges what is ordered."""

    def __init__(self, bank: Bank, settled: PaymentSettledV1Producer | None = None) -> None:
        self._bank = bank
        self._settled = settled

    def handle(self, message: Message[str, OrderPlaced | OrderCancelled]) -> None:
        """Charge an order, and say so."""
        match message.value:
            case OrderPlaced(lines=[]):
                raise ValueError("an order of nothing")
            case OrderPlaced() as order:
                total = sum(
                    (line.quantity * line.unit_price.amount for line in order.lines), Decimal()
                )
                self._charge(total)
                if self._settled is not None:
                    self._settled.send(settlement(order, total))
            case OrderCancelled():
                pass

    def _charge(self, amount: Decimal) -> None:
        try:
            self._bank.charge(amount)
        except ConnectionError as error:
            raise Retry("try again") from error


def settlement(order: OrderPlaced, total: Decimal) -> PaymentSettled:
    """What is sent when an order is paid."""
    return PaymentSettled(
        order_id=order.order_id,
        settled_at=datetime(2025, 3, 14, tzinfo=UTC),
        amount=Money(amount=total),
        method=order.payment,
        fee=Decimal("0.0000"),
    )


# --- the handler alone ----------------------------------------------------------------------------


def test_orders_are_charged() -> None:
    bank = Bank()
    outcome = handling(OrdersConsumer).deliver(Billing(bank).handle, PLACED, CANCELLED)
    assert outcome.handled == [PLACED, CANCELLED]
    assert bank.charged == [Decimal("33.80")]


def test_the_bank_is_asked_again() -> None:
    bank = Bank(outages=2)
    outcome = handling(OrdersConsumer).deliver(Billing(bank).handle, PLACED)
    assert outcome.delays == [0.25, 0.5]
    assert bank.charged == [Decimal("33.80")]


@pytest.mark.parametrize(
    ("bad", "stage", "reason"),
    [
        (EMPTY, "TASK_PUT", "an order of nothing"),
        (IncomingBytes(b"{}", key=b"k"), "VALUE_CONVERTER", "expected a schema id in front"),
    ],
)
def test_bad_orders_are_dead_letters(
    bad: OrderPlaced | IncomingBytes, stage: str, reason: str
) -> None:
    outcome = handling(OrdersConsumer).deliver(Billing(Bank()).handle, bad, PLACED)
    assert outcome.handled == [PLACED]
    (letter,) = outcome.dead_letters
    assert letter.origin.stage == stage
    assert letter.origin.message.startswith(reason)


# --- the whole service ----------------------------------------------------------------------------


def test_paid_orders_are_settled(avrogen_kafka: EmbeddedKafka) -> None:
    with avrogen_kafka.producer(OrdersProducer) as orders:
        orders.send(PLACED)
        orders.send(EMPTY)
    with (
        avrogen_kafka.producer(PaymentSettledV1Producer) as settled,
        avrogen_kafka.consumer(OrdersConsumer, group_id="billing") as orders_in,
    ):
        orders_in.run(Billing(Bank(), settled).handle)
    (message,) = avrogen_kafka.messages(PAYMENT_SETTLED_V1)
    assert message.value == settlement(PLACED, Decimal("33.80"))
    assert [letter.value for letter in avrogen_kafka.dead_letters(ORDERS)] == [EMPTY]


# --- what is on the wire --------------------------------------------------------------------------


def test_others_read_what_is_sent() -> None:
    assert_round_trip(settlement(PLACED, Decimal("33.80")))
