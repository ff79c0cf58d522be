"""Events of the example on their way: sent, received, evolved, refused.

`make demo` runs this with the package that it has just built from ``schemas/``. The broker and the
registry are in this process; with others in ``config``, the rest would be the same.
"""

from __future__ import annotations

import dataclasses
import logging
from collections.abc import Iterator, Mapping, Sequence
from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Any, TypeGuard, TypeVar
from uuid import UUID

from confluent_kafka import Producer
from confluent_kafka.schema_registry import Schema as RegistrySchema
from confluent_kafka.schema_registry import SchemaRegistryClient

from avrogen import Message, Schema
from avrogen.runtime.v1 import AvroRecord, TimestampNanos, TopicConsumer, TopicProducer
from avrogen.testing.broker import EmbeddedBroker
from avrogen.testing.registry import EmbeddedRegistry
from generated_example.com.acme.common import Address, Currency, Money, Sha256
from generated_example.com.acme.logistics import ParcelKey, ParcelScanned, Stop
from generated_example.com.acme.payment import Card, CardBrand, LastDigits, PaymentSettled
from generated_example.com.acme.shop import CancellationReason as Reason
from generated_example.com.acme.shop import Customer, OrderCancelled, OrderLine, OrderPlaced
from generated_example.topics import (
    ORDERS,
    PARCELS,
    PAYMENT_SETTLED_V1,
    OrdersConsumer,
    OrdersProducer,
    ParcelsConsumer,
    ParcelsProducer,
    PaymentSettledV1Consumer,
    PaymentSettledV1Producer,
)

K = TypeVar("K")
V = TypeVar("V")
Config = Mapping[str, object]

ORDER_ID = UUID("3f0c1f9e-4c8b-4d4e-9b43-0d2f6a5c7e10")
CARD = Card(brand=CardBrand.VISA, last_digits=LastDigits(b"4242"), token=Sha256(bytes(range(32))))


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
                sku="cup-007", unit_price=Money(amount=Decimal("8.00"), currency=Currency.GBP)
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


PLACED = order()
CANCELLED = OrderCancelled(
    order_id=ORDER_ID,
    cancelled_at=datetime(2025, 3, 16, tzinfo=UTC),
    reason=Reason.CUSTOMER_REQUEST,
)
EMPTY = dataclasses.replace(PLACED, order_id=UUID(int=2025), lines=[])
LAST = dataclasses.replace(CANCELLED, order_id=UUID(int=2026))
SETTLED = PaymentSettled(
    order_id=ORDER_ID,
    settled_at=datetime(2025, 3, 14, 15, 9, 31, 41_592, tzinfo=UTC),
    amount=Money(amount=Decimal("33.80")),
    method=CARD,
    fee=Decimal("0.5915"),
)
SCANNED = ParcelScanned(
    parcel=ParcelKey(carrier="Snail & Sons", tracking_number="S-1729"),
    order_id=ORDER_ID,
    scanner=UUID(int=0xCAFE),
    scanned_at=TimestampNanos(1_742_040_000_123_456_789),
    hub_time=datetime(2025, 3, 15, 13, 0),
    route=Stop(hub="Hamburg", next=Stop(hub="Harwich", next=Stop(hub="London"))),
)

LAST_YEAR = """
{"type": "record", "name": "OrderCancelled", "namespace": "com.acme.shop", "fields": [
  {"name": "order_id", "type": "string"},
  {"name": "cancelled_at", "type": {"type": "long", "logicalType": "timestamp-millis"}},
  {"name": "clerk", "type": "string"},
  {"name": "reason", "type": {"type": "enum", "name": "CancellationReason", "symbols": [
    "CUSTOMER_REQUEST", "LOST_IN_WAREHOUSE"]}}
]}
"""
"""An older version of OrderCancelled: with a clerk, other reasons, and nothing about refunds."""


def main() -> None:
    """Let everything happen, one thing after the other."""
    logging.getLogger("avrogen").addHandler(logging.NullHandler())  # what it says is shown below
    with EmbeddedBroker() as broker, EmbeddedRegistry() as registry:
        for topic in (ORDERS, PAYMENT_SETTLED_V1, PARCELS):
            broker.create_topic(topic.name, partitions=3)
        broker.create_topic("shop.orders.v1.dlq", partitions=3)
        config = {
            "bootstrap.servers": broker.bootstrap_servers,
            "schema.registry.url": registry.url,
        }
        print(f"broker    {broker.bootstrap_servers}\nregistry  {registry.url}")

        title("last year, a service sent an order's end in the schema of its day")
        send_last_years_event(config)
        title("today, events of each topic are sent")
        send_events(config)
        title("and received: last year's as today's class, without its clerk, the others as sent")
        received = receive_events(config)
        title("what cannot be read, and what its handler refuses, is on shop.orders.v1.dlq now")
        send_poison(config)
        receive_poison(config)
        refused = show_dead_letters(broker)
    print(f"\n{received} events of 3 topics sent and received, all equal; {refused} dead letters")


# --- sending --------------------------------------------------------------------------------------


def send_last_years_event(config: Config) -> None:
    """With plain clients: there was no avrogen then."""
    registry = SchemaRegistryClient({"url": config["schema.registry.url"]})
    subject = "shop.orders.v1-com.acme.shop.OrderCancelled"
    number = registry.register_schema(subject, RegistrySchema(LAST_YEAR, "AVRO"))
    key = str(UUID(int=2024))
    event = {
        "order_id": key,
        "cancelled_at": datetime(2024, 12, 24, 18, tzinfo=UTC),
        "clerk": "Bob",
        "reason": "LOST_IN_WAREHOUSE",
    }
    value = b"\x00" + number.to_bytes(4, "big") + Schema.parse(LAST_YEAR).to_avro(event)
    producer = Producer({"bootstrap.servers": config["bootstrap.servers"]})
    producer.produce(ORDERS.name, value, key)
    producer.flush()
    print(f"  {subject}, schema {number}\n  {event}")


def send_events(config: Config) -> None:
    """``register=True`` puts today's schemas into the registry, after a check of the versions."""
    with OrdersProducer(config, register=True, headers={"trace_id": "demo-1"}) as orders:
        send(orders, PLACED)
        send(orders, CANCELLED)
    with PaymentSettledV1Producer(config, register=True) as payments:
        send(payments, SETTLED)
    with ParcelsProducer(config, register=True) as parcels:
        send(parcels, SCANNED)


def send(producer: TopicProducer[Any, V], event: V) -> None:
    """Send an event, and say where it is."""
    there = producer.send(event).result()
    where = f"{there.topic} [{there.partition}] at offset {there.offset}"
    print(f"  {type(event).__name__:15} -> {where}")


# --- receiving ------------------------------------------------------------------------------------


def receive_events(config: Config) -> int:
    """Read all topics.

    Returns:
        How many events there were.
    """
    last_years: OrderPlaced | OrderCancelled = OrderCancelled(
        order_id=UUID(int=2024),
        cancelled_at=datetime(2024, 12, 24, 18, tzinfo=UTC),
        reason=Reason.UNKNOWN,
    )
    with OrdersConsumer(config, group_id="shipping") as orders:
        count = expect(orders, [last_years, PLACED, CANCELLED])
    with PaymentSettledV1Consumer(config, group_id="bookkeeping") as payments:
        count += expect(payments, [SETTLED])
    with ParcelsConsumer(config, group_id="tracking") as parcels:
        count += expect(parcels, [SCANNED])
    return count


def expect(consumer: TopicConsumer[Any, V], events: Sequence[V]) -> int:
    """Receive these events, in whichever order, and show them.

    Returns:
        How many there were.

    Raises:
        SystemExit: another one came.
    """
    due = list(events)

    def handle(message: Message[Any, V]) -> None:
        if message.value not in due:
            raise SystemExit(f"received {message.value!r}, which nobody has sent")
        due.remove(message.value)
        show(message)
        if not due:
            consumer.stop()

    consumer.run(handle)
    return len(events)


def show(message: Message[Any, Any]) -> None:
    """Print a message."""
    size = len(message.raw_value or b"")
    print(f"\n  {type(message.value).__name__}, {size} bytes, key {message.key!r}")
    for name, value in message.headers:
        print(f"    header {name}: {(value or b'').decode()}")
    print("\n".join(lines(message.value, "    ")))


# --- failing --------------------------------------------------------------------------------------


def send_poison(config: Config) -> None:
    """Send what is no event, an event that will be refused, and one that will not."""
    key = str(ORDER_ID)
    plain = Producer({"bootstrap.servers": config["bootstrap.servers"]})
    plain.produce(ORDERS.name, b'{"order": "in JSON"}', key, partition=0)
    plain.flush()
    with OrdersProducer(config) as orders:
        orders.send(EMPTY, partition=0)
        orders.send(LAST, partition=0)


def receive_poison(config: Config) -> None:
    """Handle orders as a service would, with a handler that does not know what to do."""
    with OrdersConsumer(config, group_id="warehouse") as orders:

        def handle(message: Message[str, OrderPlaced | OrderCancelled]) -> None:
            match message.value:
                case OrderPlaced(lines=[]):
                    raise ValueError("an order of nothing")
                case event if event == LAST:
                    orders.stop()
                case _:
                    pass

        orders.run(handle)


def show_dead_letters(broker: EmbeddedBroker) -> int:
    """Print what is on the dead-letter topic: the bytes as they came, and why they are there.

    Returns:
        How many there are.
    """
    records = broker.records("shop.orders.v1.dlq")
    for record in records:
        why = {
            name.removeprefix("__connect.errors."): (value or b"").decode()
            for name, value in record.headers
        }
        print(f"  {why['topic']} [{why['partition']}] at offset {why['offset']}:", end=" ")
        print(f"{why['exception.class.name']}: {why['exception.message']}")
        print(f"    {(record.value or b'')[:60]!r}")
    return len(records)


# --- showing values -------------------------------------------------------------------------------


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


def title(text: str) -> None:
    """Print what comes next."""
    print(f"\n--- {text}")


if __name__ == "__main__":
    main()
