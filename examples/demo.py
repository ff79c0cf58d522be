"""Events of the example: made, written as Avro, and read back.

`make demo` runs this with the package that it has just built from ``schemas/``.
"""

from __future__ import annotations

import dataclasses
import textwrap
from collections.abc import Iterator
from datetime import UTC, date, datetime
from decimal import Decimal
from typing import TypeGuard
from uuid import UUID

from avrogen.runtime.v1 import AvroRecord, TimestampNanos
from generated_example import shop_event
from generated_example.com.acme.common import Address, Currency, Money, Sha256
from generated_example.com.acme.logistics import ParcelKey, ParcelScanned, Stop
from generated_example.com.acme.payment import Card, CardBrand, LastDigits, PaymentSettled
from generated_example.com.acme.shop import CancellationReason as Reason
from generated_example.com.acme.shop import Customer, OrderCancelled, OrderLine, OrderPlaced
from generated_example.com.example import Event, EventType

ORDER_ID = UUID("3f0c1f9e-4c8b-4d4e-9b43-0d2f6a5c7e10")
CARD = Card(
    brand=CardBrand.VISA,
    last_digits=LastDigits(b"4242"),
    token=Sha256(bytes(range(32))),
)


def order() -> OrderPlaced:
    """An order of two lines, paid by card."""
    return OrderPlaced(
        order_id=ORDER_ID,
        placed_at=datetime(2025, 3, 14, 15, 9, 26, 535_000, tzinfo=UTC),
        customer=Customer(
            customer_id=UUID(int=7), email="ada@example.com", born_on=date(1815, 12, 10)
        ),
        lines=[
            OrderLine(sku="tea-042", quantity=2, unit_price=Money(amount=Decimal("12.90"))),
            OrderLine(
                sku="cup-007",
                unit_price=Money(amount=Decimal("8.00"), currency=Currency.GBP),
            ),
        ],
        payment=CARD,
        shipping=Address(
            recipient="Ada Lovelace",
            lines=["12 St James's Square"],
            postal_code="SW1Y",
            city="London",
        ),
        note="Please ring twice ☎",
    )


def events() -> Iterator[AvroRecord]:
    """One event for each topic, and the one that holds its time as a plain number."""
    yield PaymentSettled(
        order_id=ORDER_ID,
        settled_at=datetime(2025, 3, 14, 15, 9, 31, 41_592, tzinfo=UTC),
        amount=Money(amount=Decimal("33.80")),
        method=CARD,
        fee=Decimal("0.5915"),
    )
    yield ParcelScanned(
        parcel=ParcelKey(carrier="Snail & Sons", tracking_number="S-1729"),
        order_id=ORDER_ID,
        scanner=UUID(int=0xCAFE),
        scanned_at=TimestampNanos(1_742_040_000_123_456_789),
        hub_time=datetime(2025, 3, 15, 13, 0),
        route=Stop(hub="Hamburg", next=Stop(hub="Harwich", next=Stop(hub="London"))),
    )
    yield Event(id="1", timestamp=1_742_040_000_000, type=EventType.CREATED, resource_id="order/1")


def main() -> None:
    """Print every event as its class, its bytes and what they are read as."""
    count = size = 0
    for event in events():
        data = event.to_avro()
        again = type(event).from_avro(data)
        show(event, data, again)
        count, size = count + 1, size + len(data)
    cancelled = OrderCancelled(
        order_id=ORDER_ID,
        cancelled_at=datetime(2025, 3, 16, tzinfo=UTC),
        reason=Reason.CUSTOMER_REQUEST,
    )
    for event in (order(), cancelled):
        data = shop_event.to_avro(event)
        show(event, data, shop_event.from_avro(data))
        count, size = count + 1, size + len(data)
    print(f"{count} events written as {size} bytes of Avro and read back, all equal")


def show(event: AvroRecord, data: bytes, again: AvroRecord) -> None:
    """Print one event.

    Raises:
        SystemExit: what was read is not what was written.
    """
    print(f"\n{type(event).__module__.rpartition('._')[0]}.{type(event).__name__}")
    print(textwrap.fill(data.hex(" "), 95, initial_indent="  ", subsequent_indent="  "))
    print("\n".join(lines(again, "  ")))
    if again != event:
        raise SystemExit(f"read back differently: {again!r}, written was {event!r}")


def lines(value: object, indent: str) -> Iterator[str]:
    """A value for reading: a line for every field."""
    if not dataclasses.is_dataclass(value):
        yield f"{indent}{value!r}"
        return
    for field in dataclasses.fields(value):
        inner: object = getattr(value, field.name)
        if dataclasses.is_dataclass(inner):
            yield from titled(field.name, inner, indent)
        elif is_list_of_records(inner):
            for number, item in enumerate(inner):
                yield from titled(f"{field.name}[{number}]", item, indent)
        else:
            plain = isinstance(inner, date | Decimal | UUID)
            yield f"{indent}{field.name} = {inner if plain else repr(inner)}"


def is_list_of_records(value: object) -> TypeGuard[list[AvroRecord]]:
    """Whether a value is a list with a record at its head; then all of it are records."""
    return isinstance(value, list) and value[:1] != [] and isinstance(value[0], AvroRecord)


def titled(name: str, value: object, indent: str) -> Iterator[str]:
    """A value with its class, and its fields below."""
    yield f"{indent}{name}: {type(value).__name__}"
    yield from lines(value, indent + "  ")


if __name__ == "__main__":
    main()
