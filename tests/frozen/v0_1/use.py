"""What a service of those days does with its package, and the bytes that came of it.

Type checkers read this with today's runtime. Neither the package nor this file is changed: bytes
of old producers are still read, and old consumers read those of today.
"""

from __future__ import annotations

from datetime import UTC, date, datetime, time
from decimal import Decimal
from uuid import UUID

from avrogen.runtime.v1 import AvroRecord, Duration, LocalTimestampNanos, Message, TimestampNanos
from tests.frozen.v0_1.events import Basket, Labels, ShopEvent, basket, labels, shop_event
from tests.frozen.v0_1.events.com.acme.common import Address, Currency, Money, Sha256, device_id
from tests.frozen.v0_1.events.com.acme.logistics import (
    DeliveryWindow,
    ParcelKey,
    ParcelScanned,
    Stop,
)
from tests.frozen.v0_1.events.com.acme.payment import (
    Card,
    CardBrand,
    LastDigits,
    PaymentSettled,
    Transfer,
)
from tests.frozen.v0_1.events.com.acme.shop import (
    CancellationReason,
    Category,
    Customer,
    CustomerClass,
    OrderCancelled,
    OrderLine,
    OrderPlaced,
    Product,
)
from tests.frozen.v0_1.events.com.example import Event, EventType
from tests.frozen.v0_1.events.topics import (
    AsyncOrdersConsumer,
    AsyncOrdersProducer,
    OrdersConsumer,
    OrdersProducer,
)

__all__ = ["ORDERS", "VALUES", "read", "send_and_receive", "send_and_receive_async", "written"]

ID = UUID("3f0c1f9e-4c8b-4d4e-9b43-0d2f6a5c7e10")
TOKEN = Sha256(bytes(range(32)))
CARD = Card(brand=CardBrand.VISA, last_digits=LastDigits(b"4242"), token=TOKEN)
PARCEL = ParcelKey(carrier="DHL", tracking_number="00340434")
AT = datetime(2025, 3, 14, 15, 9, 26, 535_000, tzinfo=UTC)
ADDRESS = Address(
    recipient="Ada Lovelace",
    lines=["12 St James's Square"],
    postal_code="SW1Y",
    city="London",
    country="GB",
)
LINE = OrderLine(sku="tea-042", quantity=2, unit_price=Money(amount=Decimal("-12.90")))

PLACED = OrderPlaced(
    order_id=ID,
    placed_at=AT,
    customer=Customer(
        customer_id=ID,
        email="ada@example.com",
        born_on=date(1815, 12, 10),
        class_=CustomerClass.REGULAR,
    ),
    lines=[LINE, LINE],
    payment=CARD,
    shipping=ADDRESS,
    note="Please ring twice ☎",
)
CANCELLED = OrderCancelled(
    order_id=ID,
    cancelled_at=AT,
    reason=CancellationReason.CUSTOMER_REQUEST,
    refund=Money(amount=Decimal("25.80"), currency=Currency.GBP),
)

ORDERS = [PLACED, CANCELLED]
RECORDS: dict[str, AvroRecord] = {
    "placed": PLACED,
    "cancelled": CANCELLED,
    "product": Product(
        sku="tea-042",
        title={"de": "Tee", "en": "Tea"},
        category=Category(name="Drinks", children=[Category(name="Tea")]),
        price=Money(amount=Decimal("9999999999.99")),
        on_sale_from=date(1969, 12, 31),
        vat_rate=Decimal("0.070"),
        stock=-(2**31),
        views=2**63 - 1,
        rating=4.5,
        weight_kg=0.1,
        thumbnail=b"\x00\xff",
        attributes={"bio": True, "grams": 100, "note": "ä", "origin": None, "ph": 6.5},
        related=["cup-007"],
    ),
    "window": DeliveryWindow(
        parcel=PARCEL,
        day=date(2025, 3, 17),
        opens=time(9, 30),
        promised=datetime(2025, 3, 17, 9, 30, 0, 1),
        predicted=LocalTimestampNanos(1_742_203_800_000_000_001),
        kept_for=Duration(months=1, days=2, milliseconds=3),
    ),
    "scanned": ParcelScanned(
        parcel=PARCEL,
        order_id=ID,
        scanner=ID,
        scanned_at=TimestampNanos(-1),
        hub_time=datetime(2025, 3, 15, 4, 5, 6, 789_000),
        route=Stop(hub="BER", next=Stop(hub="LHR")),
        checksum=TOKEN,
    ),
    "settled": PaymentSettled(
        order_id=ID,
        settled_at=AT,
        amount=Money(amount=Decimal("0.01")),
        method=Transfer(iban="DE02120300000000202051", due=date(2025, 4, 1)),
        fee=Decimal("-0.0001"),
        terminal=ID,
    ),
    "event": Event(
        id="1",
        timestamp=-1,
        type=EventType.CREATED,
        resource_id="r",
        metadata={"a": "b"},
    ),
}
BASKET: Basket = [LINE]
LABELS: Labels = {"fragile": "yes"}
EVENT: ShopEvent = CANCELLED


def written() -> dict[str, str]:
    """What all values are on the wire, as hex."""
    return {
        **{name: record.to_avro().hex() for name, record in RECORDS.items()},
        "basket": basket.to_avro(BASKET).hex(),
        "device": device_id.to_avro(ID).hex(),
        "labels": labels.to_avro(LABELS).hex(),
        "shop event": shop_event.to_avro(EVENT).hex(),
    }


def read(data: dict[str, str]) -> dict[str, object]:
    """The values again; ``data`` is hex."""
    raw = {name: bytes.fromhex(text) for name, text in data.items()}
    return {
        **{name: type(record).from_avro(raw[name]) for name, record in RECORDS.items()},
        "basket": basket.from_avro(raw["basket"]),
        "device": device_id.from_avro(raw["device"]),
        "labels": labels.from_avro(raw["labels"]),
        "shop event": shop_event.from_avro(raw["shop event"]),
    }


VALUES: dict[str, object] = {
    **RECORDS,
    "basket": BASKET,
    "device": ID,
    "labels": LABELS,
    "shop event": EVENT,
}


def send_and_receive(config: dict[str, object]) -> list[OrderPlaced | OrderCancelled]:
    """Send orders to their topic and receive them, in the order in which they arrive."""
    arrived: list[OrderPlaced | OrderCancelled] = []
    with OrdersProducer(config, register=True) as orders:
        orders.send(PLACED)
        orders.send(CANCELLED)
    with OrdersConsumer(config, group_id="billing") as orders_again:

        def handle(message: Message[str, OrderPlaced | OrderCancelled]) -> None:
            assert message.value is not None
            arrived.append(message.value)
            if len(arrived) == 2:
                orders_again.stop()

        orders_again.run(handle)
    return arrived


async def send_and_receive_async(
    config: dict[str, object],
) -> list[OrderPlaced | OrderCancelled]:
    """The same with asyncio."""
    arrived: list[OrderPlaced | OrderCancelled] = []
    async with AsyncOrdersProducer(config, register=True) as orders:
        await orders.send(PLACED)
        await orders.send(CANCELLED)
    async with AsyncOrdersConsumer(config, group_id="shipping") as orders_again:
        async for message in orders_again:
            assert message.value is not None
            arrived.append(message.value)
            if len(arrived) == 2:
                break
    return arrived
