"""Examples: what they look like, that they are valid, and that they never change."""

from __future__ import annotations

import json
from collections.abc import Callable
from datetime import UTC, date, datetime, time
from decimal import Decimal
from typing import Any
from uuid import UUID

import pytest

from avrogen import Duration, LocalTimestampNanos, Schema, TimestampNanos
from avrogen.examples import example_value
from avrogen.testing import Factory, example
from generated_example import basket, correlation_id, shop_event
from generated_example.com.acme.common import Address, Currency, Money, Sha256
from generated_example.com.acme.logistics import DeliveryWindow, ParcelScanned, Stop
from generated_example.com.acme.payment import Card, CardBrand, LastDigits, Transfer
from generated_example.com.acme.shop import (
    Category,
    Customer,
    CustomerClass,
    OrderCancelled,
    OrderLine,
    OrderPlaced,
    Product,
)
from tests.conftest import ROOT, run_python

ADDRESS = Address(
    recipient="Ada Lovelace",
    lines=["1 Example Street"],
    postal_code="10115",
    city="Berlin",
    country="DE",
)
TOKEN = Sha256.fromhex("00903b35b33dc80d9058e53bea6d93acca59e2dbd81e4dd47a346422c51729f2")
ORDER_ID = UUID("f3d6f0d5-5b05-4fde-b011-6c2eaffd74e9")


def test_an_order() -> None:
    """What a reader of documentation sees: this is the place to look whether it is believable."""
    assert example(OrderPlaced) == OrderPlaced(
        order_id=ORDER_ID,
        placed_at=datetime(2024, 5, 17, 12, 30, 15, tzinfo=UTC),
        customer=Customer(
            customer_id=UUID("7ec17d2e-9ee4-4734-a901-33c8fec73372"),
            email="ada.lovelace@example.com",
            born_on=date(1990, 5, 26),
            class_=CustomerClass.REGULAR,
        ),
        lines=[
            OrderLine(
                sku="SKU-1001",
                quantity=1,
                unit_price=Money(amount=Decimal("19.99"), currency=Currency.EUR),
            )
        ],
        payment=Card(brand=CardBrand.VISA, last_digits=LastDigits(b"0000"), token=TOKEN),
        shipping=ADDRESS,
        billing=ADDRESS,
        shipping_cost=Money(amount=Decimal("4.99"), currency=Currency.EUR),
        note="Please ring the bell twice.",
        tags=["web"],
    )


def test_what_events_have_in_common_is_the_same() -> None:
    assert example(OrderCancelled).order_id == example(ParcelScanned).order_id == ORDER_ID
    assert example(OrderCancelled).cancelled_at > example(OrderPlaced).placed_at


def test_docs_are_read() -> None:
    """The doc says: "The title by language, such as "en" or "pt-BR"."."""
    assert example(Product).title == {"en": "Desk lamp"}


def test_recursion_ends() -> None:
    assert example(Stop) == Stop(hub="hub-1", next=None)
    assert example(Category) == Category(name="Garden", children=[])


def test_logical_types() -> None:
    assert example(DeliveryWindow) == DeliveryWindow(
        parcel=example(DeliveryWindow).parcel,
        day=date(2024, 5, 17),
        opens=time(8),
        closes=time(18),
        promised=datetime(2024, 6, 16, 12, 30, 15),
        predicted=LocalTimestampNanos.fromisoformat("2024-06-16T12:30:15"),
        kept_for=Duration(days=7),
    )
    assert example(ParcelScanned).scanned_at == TimestampNanos.fromisoformat("2024-05-17T13:30:15Z")


def test_enums_fixed_types_and_types_without_a_class() -> None:
    assert example(Currency) is Currency.EUR
    assert type(example(Sha256)) is Sha256
    assert example(shop_event) == example(OrderPlaced)
    assert example(basket) == example(OrderPlaced).lines
    assert isinstance(example(correlation_id), UUID)


def test_overrides() -> None:
    told = example(OrderPlaced, note="hello", customer=example(Customer, email="me@example.org"))
    assert told.note == "hello"
    assert told.customer.email == "me@example.org"
    assert told.customer.customer_id == example(OrderPlaced).customer.customer_id


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (
            lambda: example(OrderPlaced, nte=""),
            'OrderPlaced has no field "nte": did you mean "note"?',
        ),
        (lambda: example(Stop, x=1), 'Stop has no field "x": it has hub, next'),
        (lambda: Factory(OrderPlaced, notes=None), 'no field "notes": did you mean "note"?'),
        (lambda: Factory(OrderPlaced)(notes=None), 'no field "notes": did you mean "note"?'),
        (lambda: example(Currency, x=1), "is no record"),
        (lambda: example(shop_event, note=""), "is no record"),  # type: ignore[call-overload]  # that is the mistake
    ],
)
def test_overrides_of_what_is_not_there(make: Callable[[], object], message: str) -> None:
    with pytest.raises(TypeError) as caught:
        make()
    assert message in str(caught.value)


def test_it_is_the_same_whatever_the_hash_seed() -> None:
    code = (
        "from avrogen.testing import example\n"
        "from generated_example.com.acme.shop import OrderPlaced, Product\n"
        "print(example(OrderPlaced).to_avro().hex(), example(Product).to_avro().hex())"
    )
    expected = f"{example(OrderPlaced).to_avro().hex()} {example(Product).to_avro().hex()}"
    for seed in ("1", "2"):
        run = run_python("-c", code, cwd=ROOT, PYTHONHASHSEED=seed)
        assert run.stdout.split("\n")[0] == expected, run.stderr


def test_the_standard_library_is_enough() -> None:
    code = (
        "import sys; from avrogen.testing import example\n"
        "from generated_example.com.acme.shop import OrderPlaced\n"
        "example(OrderPlaced); print('hypothesis' in sys.modules)"
    )
    run = run_python("-S", "-c", code, cwd=ROOT)
    assert run.stdout.splitlines() == ["False"], run.stderr


# --- factories ------------------------------------------------------------------------------------


def test_the_first_of_a_factory_is_the_example() -> None:
    assert Factory(OrderPlaced)() == example(OrderPlaced)
    assert Factory(shop_event)() == example(shop_event)


@pytest.mark.parametrize("of", [OrderPlaced, ParcelScanned, Product, Category, Customer])
def test_objects_differ_and_are_valid(of: type[OrderPlaced]) -> None:
    made = Factory(of).batch(100)
    assert len({one.to_avro() for one in made}) == 100
    assert [of.from_avro(one.to_avro()) for one in made] == made
    assert made == Factory(of).batch(100)


def test_branches_and_symbols_take_turns() -> None:
    orders = Factory(OrderPlaced).batch(4)
    assert [type(order.payment) for order in orders] == [Card, Transfer, Card, Transfer]
    assert {type(event) for event in Factory(shop_event).batch(2)} == {OrderPlaced, OrderCancelled}


def test_overrides_of_a_factory() -> None:
    customers = Factory(Customer, class_=CustomerClass.GOLD)
    orders = Factory(
        OrderPlaced, note=None, order_id=lambda number: UUID(int=number), customer=customers
    )
    one, two = orders(), orders(note="urgent")
    assert (one.order_id, one.note) == (UUID(int=1), None)
    assert (two.order_id, two.note) == (UUID(int=2), "urgent")
    assert (one.customer, two.customer) == (customers(1), customers(2))
    assert [order.order_id.int for order in orders.batch(2)] == [3, 4]
    assert orders(1) == one


# --- schemas --------------------------------------------------------------------------------------


def of(schema: Any, number: int = 1) -> Any:
    return example_value(Schema.parse(json.dumps(schema)), number=number)


def field(name: str, type_: Any, **members: Any) -> Any:
    """The example of a field in a record."""
    fields = [{"name": name, "type": type_, **members}]
    return of({"type": "record", "name": "Order", "fields": fields})[name]


@pytest.mark.parametrize(
    ("name", "type_", "expected"),
    [
        ("id", "string", "order-1001"),
        ("customerId", "string", "customer-1001"),
        ("contact_email", "string", "ada.lovelace@example.com"),
        ("emailAddress", "string", "ada.lovelace@example.com"),
        ("customer_name", "string", "Ada Lovelace"),
        ("iban", "string", "DE89370400440532013000"),
        ("homepage_url", "string", "https://example.com/1"),
        ("currency", "string", "EUR"),
        ("countryCode", "string", "DE"),
        ("created_at", "string", "2024-05-17T12:30:15Z"),
        ("created_at", "long", 1715949015000),
        ("created_at_us", "long", 1715949015000000),
        ("created_at", "int", 1715949015),
        ("price", "double", 19.99),
        ("price", "float", 20.0),
        ("price_cents", "long", 1999),
        ("timeout_ms", "long", 1),
        ("widget", "string", "widget-1"),
        ("payload", "bytes", b"payload-1"),
        ("items", {"type": "array", "items": "string"}, ["Desk lamp"]),
        ("labels", {"type": "map", "values": "string"}, {"team": "checkout"}),
        ("status", {"type": "enum", "name": "S", "symbols": ["UNKNOWN", "OPEN"]}, "OPEN"),
        ("value", ["null", "boolean", "string"], "value-1"),
    ],
)
def test_what_names_lead_to(name: str, type_: Any, expected: object) -> None:
    assert field(name, type_) == expected


@pytest.mark.parametrize(
    ("type_", "default", "expected"),
    [
        ("string", "as agreed", "as agreed"),
        ("int", 0, 0),
        (["null", "string"], None, "note-1"),
        ({"type": "array", "items": "int"}, [], [1]),
        ({"type": "int", "logicalType": "date"}, 1, date(1970, 1, 2)),
        (
            {"type": "bytes", "logicalType": "decimal", "precision": 3, "scale": 1},
            "\x05",
            Decimal("0.5"),
        ),
        ([{"type": "map", "values": "int"}, "null"], {"a": 1}, {"a": 1}),
        (
            {"type": "record", "name": "R", "fields": [{"name": "a", "type": "int", "default": 7}]},
            {},
            {"a": 7},
        ),
        # Without a value in Python, it is as if there were none.
        ({"type": "int", "logicalType": "date"}, 2**31 - 1, date(2024, 5, 17)),
    ],
)
def test_defaults_are_kept_and_emptiness_is_filled(
    type_: Any, default: Any, expected: object
) -> None:
    found = field("noted", type_, default=default)
    assert found == ("noted-1" if expected == "note-1" else expected)


def test_what_has_not_happened_stays_empty() -> None:
    deleted = {"type": "long", "logicalType": "timestamp-millis"}
    assert field("deleted_at", ["null", deleted], default=None) is None


@pytest.mark.parametrize("count", [5, 40])
def test_types_that_would_have_too_much_are_cut_or_refused(count: int) -> None:
    """Each type holds two of the next: that is more than fits into memory, if all is there."""
    types: list[Any] = [{"type": "record", "name": f"T{count}", "fields": []}]
    for level in reversed(range(count)):
        types.append(
            {
                "type": "record",
                "name": f"T{level}",
                "fields": [{"name": name, "type": f"T{level + 1}"} for name in "ab"],
            }
        )
    schema: Any = types[0]
    for record in types[1:]:
        record["fields"][0]["type"], schema = schema, record
    optional = {
        "type": "record",
        "name": "Top",
        "fields": [{"name": "t", "type": ["null", schema]}],
    }
    if count == 5:
        assert of(schema) and of(optional)["t"]
    else:
        assert of(optional) == {"t": None}
        with pytest.raises(ValueError, match="far too much"):
            of(schema)


def test_a_record_that_contains_itself_without_end() -> None:
    with pytest.raises(ValueError, match="contains itself"):
        of({"type": "record", "name": "R", "fields": [{"name": "r", "type": "R"}]})
