"""Objects that hypothesis draws: valid, from end to end of their types, and soon at an end."""

from __future__ import annotations

import inspect
import json
import math
import typing
from collections.abc import Callable
from datetime import UTC, date, datetime, time
from decimal import Decimal
from typing import Any, assert_type, cast
from uuid import UUID

import pytest
from hypothesis import HealthCheck, Phase, find, given, settings
from hypothesis import strategies as st
from hypothesis.strategies import SearchStrategy

from avrogen import Codec, Duration, LocalTimestampNanos, Schema, TimestampNanos
from avrogen.runtime.v1 import AvroRecord
from avrogen.testing import arbitrary_schema, from_schema, from_type
from generated_example import ShopEvent, basket, correlation_id, labels, shop_event
from generated_example.com.acme.common import Currency, Sha256
from generated_example.com.acme.logistics import DeliveryWindow, ParcelScanned, Stop
from generated_example.com.acme.payment import Card, PaymentSettled, Transfer
from generated_example.com.acme.shop import Category, Customer, OrderPlaced, Product
from generated_example.com.example import Event
from tests.conftest import ROOT, run_python
from tests.support.dynamic import Package, as_plain
from tests.support.schemas import items, logical
from tests.support.strategies import is_same

RECORDS: list[type[AvroRecord]] = [
    Category,
    DeliveryWindow,
    Event,
    OrderPlaced,
    ParcelScanned,
    PaymentSettled,
    Product,
    Stop,
]


def check_round_trips(strategy: SearchStrategy[AvroRecord]) -> None:
    @settings(max_examples=25)
    @given(strategy)
    def check(value: AvroRecord) -> None:
        assert type(value).from_avro(value.to_avro()) == value

    check()


@pytest.mark.parametrize("of", RECORDS)
def test_objects_write_and_come_back(of: type[AvroRecord]) -> None:
    check_round_trips(from_type(of))


@pytest.mark.parametrize("of", RECORDS)
def test_hypothesis_itself_knows_generated_classes(of: type[AvroRecord]) -> None:
    """An int of a field is no ``st.integers()``, and a datetime has to be aware, or must not be."""
    check_round_trips(st.from_type(of))
    check_round_trips(st.builds(of))


@settings(max_examples=50)
@given(st.builds(OrderPlaced, note=st.just("hello"), payment=...))
def test_builds_takes_what_it_is_given_and_draws_the_rest(order: OrderPlaced) -> None:
    assert order.note == "hello"
    assert order.tags == ["web"]  # the default, as it is with any class
    assert OrderPlaced.from_avro(order.to_avro()) == order


EVENTS: Any = ShopEvent
"""A union: hypothesis takes them, its types do not say so."""


@settings(max_examples=50)
@given(st.from_type(EVENTS), st.from_type(Sha256), st.from_type(Duration))
def test_other_types_that_hypothesis_knows(event: ShopEvent, sha: Sha256, kept: Duration) -> None:
    assert shop_event.from_avro(shop_event.to_avro(event)) == event
    assert len(sha) == 32
    assert Duration.fromisoformat(str(kept)) == kept


@settings(max_examples=50)
@given(from_type(shop_event), from_type(basket), from_type(correlation_id), from_type(labels))
def test_codecs(event: ShopEvent, lines: Any, correlation: UUID, label: dict[str, str]) -> None:
    pairs: list[tuple[Codec[Any], Any]] = [
        (shop_event, event),
        (basket, lines),
        (correlation_id, correlation),
        (labels, label),
    ]
    for codec, value in pairs:
        assert codec.from_avro(codec.to_avro(value)) == value


@settings(max_examples=100, suppress_health_check=[HealthCheck.too_slow])
@given(arbitrary_schema(), st.data())
def test_any_schema(schema: Schema, data: st.DataObject) -> None:
    """Ambiguous unions too: whatever branch is written, an equal value is read."""
    codec = Package(schema).codec
    value = data.draw(from_type(codec))
    assert as_plain(codec.from_avro(codec.to_avro(value))) == as_plain(value)


@settings(max_examples=100, suppress_health_check=[HealthCheck.too_slow])
@given(arbitrary_schema(), st.data())
def test_plain_values_of_any_schema(schema: Schema, data: st.DataObject) -> None:
    written = schema.to_avro(data.draw(from_schema(schema)))
    assert is_same(
        schema.from_avro(schema.to_avro(schema.from_avro(written))), schema.from_avro(written)
    )


# --- from end to end ------------------------------------------------------------------------------


FIXED = {"type": "fixed", "name": "F", "size": 3}
A = {"type": "record", "name": "A", "fields": [{"name": "x", "type": "int"}]}
B = {"type": "record", "name": "B", "fields": [{"name": "x", "type": "long"}]}
LINKED = {
    "type": "record",
    "name": "L",
    "fields": [{"name": "next", "type": ["null", "L"]}],
}

REACHED: list[tuple[Any, Any]] = [
    ("int", -(2**31)),
    ("int", 2**31 - 1),
    ("long", -(2**63)),
    ("long", 2**63 - 1),
    ("float", math.inf),
    ("float", float.fromhex("0x1p-149")),
    ("double", -math.inf),
    ("boolean", False),
    ("string", ""),
    ("bytes", b""),
    (items("int"), []),
    ({"type": "map", "values": "int"}, {}),
    (FIXED, b"\0\0\0"),
    (logical("int", "date"), date.min),
    (logical("int", "date"), date.max),
    (logical("int", "time-millis"), time(23, 59, 59, 999000)),
    (logical("long", "time-micros"), time.max),
    (logical("long", "timestamp-millis"), datetime.min.replace(tzinfo=UTC)),
    (logical("long", "timestamp-micros"), datetime.max.replace(tzinfo=UTC)),
    (logical("long", "local-timestamp-millis"), datetime.max.replace(microsecond=999000)),
    (logical("long", "local-timestamp-micros"), datetime.min),
    (logical("long", "timestamp-nanos"), TimestampNanos(-(2**63))),
    (logical("long", "local-timestamp-nanos"), LocalTimestampNanos(2**63 - 1)),
    (logical("bytes", "decimal", precision=30, scale=10), Decimal("-" + "9" * 20 + "." + "9" * 10)),
    (logical("string", "uuid"), UUID(int=0)),
    (["null", "int"], None),
]


@pytest.mark.parametrize(("schema", "expected"), REACHED)
def test_ends_are_reached(schema: Any, expected: object) -> None:
    assert_found(schema, lambda value: type(value) is type(expected) and value == expected)


def branch_of(value: object) -> str | None:
    """The branch that a value in a union is given with."""
    return cast("tuple[str, object]", value)[0] if isinstance(value, tuple) else None


def plain(value: object) -> object:
    return cast("tuple[str, object]", value)[1] if isinstance(value, tuple) else value


WANTED: list[tuple[Any, Callable[[Any], object]]] = [
    (logical("long", "timestamp-micros"), lambda v: v.year < 1970 and v.microsecond % 1000),
    (logical("bytes", "decimal", precision=3, scale=3), lambda v: v.as_tuple().exponent == -3),
    (items("int"), lambda v: len(v) > 63),
    (items("string"), lambda v: any(len(text) > 63 for text in v)),
    (items(items("int")), lambda v: len(v) > 1 and len(v[0]) > 1 and v[0] != v[1]),
    ({"type": "map", "values": "int"}, lambda v: len(v) > 63),
    ("bytes", lambda v: len(v) > 63),
    (["string", "bytes"], lambda v: isinstance(v, str) and len(v) > 63),
    (logical("bytes", "decimal", precision=1), lambda v: v == -9),
    (LINKED, lambda v: v["next"] and v["next"]["next"]),
    (["int", "long"], lambda v: isinstance(v, int) and v > 2**31),
    # A value that by itself would be written as the first is given with its branch.
    (["int", "long"], lambda v: branch_of(v) == "long"),
    ([A, B], lambda v: branch_of(v) == "B"),
    ([A, B], lambda v: isinstance(v, dict)),
    (["null", "float", "double", FIXED], lambda v: isinstance(v, bytes)),
    (LINKED | {"fields": [{"name": "all", "type": items("L")}]}, lambda v: len(v["all"]) == 3),
]


@pytest.mark.parametrize(("schema", "is_wanted"), WANTED)
def test_what_comes(schema: Any, is_wanted: Callable[[Any], object]) -> None:
    assert_found(schema, lambda value: bool(is_wanted(value)))


def assert_found(schema: Any, is_wanted: Callable[[Any], bool]) -> None:
    """Fails if no such value comes among a few thousand."""
    options = settings(max_examples=5000, database=None, derandomize=True, phases=[Phase.generate])
    find(from_schema(Schema.parse(json.dumps(schema))), is_wanted, settings=options)


@given(from_schema(Schema.parse('["float", "double"]')))
def test_nan_equals_nothing_and_never_comes(value: Any) -> None:
    assert plain(value) == plain(value)


def test_every_symbol_and_every_branch_comes() -> None:
    symbols: set[Currency] = set()
    payments: set[type] = set()

    @settings(derandomize=True, database=None)
    @given(from_type(Currency), from_type(OrderPlaced))
    def collect(currency: Currency, order: OrderPlaced) -> None:
        symbols.add(currency)
        payments.add(type(order.payment))

    collect()
    assert symbols == set(Currency)
    assert payments == {Card, Transfer}


def test_what_is_large_can_be_drawn() -> None:
    """Types that use each other in circles, often, and fixed types of a megabyte."""
    names = [f"T{n}" for n in range(12)]
    fields = [
        {"name": f"f{n}", "type": ["null", name, items(name)]} for n, name in enumerate(names)
    ]
    types: list[Any] = [{"type": "record", "name": name, "fields": fields} for name in names]
    nested: Any = "null"
    for record in reversed(types):
        own = [{"name": "own", "type": nested}] if nested != "null" else []
        nested = {**record, "fields": [*own, *record["fields"][:2]]}
    schema = Schema.parse(json.dumps([nested, {"type": "fixed", "name": "M", "size": 1 << 20}]))

    @settings(max_examples=20, database=None, derandomize=True)
    @given(from_schema(schema))
    def check(value: Any) -> None:
        assert schema.to_avro(value)

    check()


# --- overrides ------------------------------------------------------------------------------------


@settings(max_examples=50)
@given(
    from_type(
        OrderPlaced,
        note=st.none(),
        order_id=st.just(UUID(int=7)),
        customer=from_type(Customer, email=st.emails()),
    )
)
def test_overrides(order: OrderPlaced) -> None:
    assert (order.note, order.order_id) == (None, UUID(int=7))
    assert "@" in order.customer.email


NOTE: Any = None
"""What is no strategy, to a checker's eyes or not."""


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda: from_type(OrderPlaced, nte=st.none()), 'no field "nte": did you mean "note"?'),
        (
            lambda: from_type(OrderPlaced, note=NOTE),
            "note must be a strategy, such as st.just(None)",
        ),
        (lambda: from_type(Currency, x=st.none()), "is no record"),
    ],
)
def test_overrides_that_cannot_be(make: Callable[[], object], message: str) -> None:
    with pytest.raises(TypeError) as caught:
        make()
    assert message in str(caught.value)


def test_a_schema_without_values() -> None:
    endless = {"type": "record", "name": "R", "fields": [{"name": "r", "type": "R"}]}
    with pytest.raises(ValueError, match="contains itself"):
        from_schema(Schema.parse(json.dumps(endless)))


def test_types() -> None:
    """mypy and pyright look at this."""
    assert_type(from_type(OrderPlaced), SearchStrategy[OrderPlaced])
    assert_type(from_type(OrderPlaced, note=st.none()), SearchStrategy[OrderPlaced])
    assert_type(from_type(Currency), SearchStrategy[Currency])
    assert_type(from_type(labels), SearchStrategy[dict[str, str]])


# --- what it costs --------------------------------------------------------------------------------


def test_hypothesis_finds_the_kit_by_itself() -> None:
    code = (
        "import sys; from hypothesis import find, strategies as st\n"
        "from generated_example.com.acme.payment import PaymentSettled\n"
        "find(st.from_type(PaymentSettled), lambda settled: settled.to_avro())"
    )
    run = run_python("-c", code, cwd=ROOT)
    assert run.returncode == 0, run.stderr


def test_without_hypothesis_nothing_of_it_is_loaded_and_signatures_are_plain() -> None:
    code = (
        "import inspect, sys, avrogen.testing\n"
        "from generated_example.com.acme.logistics import Stop\n"
        "print('hypothesis' in sys.modules, 'avrogen.codec.plan' in sys.modules)\n"
        "print('Annotated' in str(inspect.signature(Stop)))"
    )
    run = run_python("-c", code, cwd=ROOT)
    assert run.stdout.split() == ["False", "False", "False"], run.stderr


def test_the_extra_is_named_where_it_is_missing() -> None:
    code = (
        "import sys; sys.modules['hypothesis'] = None\n"
        "try: from avrogen.testing import from_type\n"
        "except ImportError as error: print(type(error).__name__, error)"
    )
    run = run_python("-c", code, cwd=ROOT)
    assert "MissingExtraError" in run.stdout, run.stderr
    assert "pip install 'avrogen[testing]'" in run.stdout


def test_signatures_are_those_of_the_classes() -> None:
    """With strategies in the annotations, which nothing but hypothesis looks at."""
    signature = inspect.signature(Stop)
    assert list(signature.parameters) == ["hub", "next"]
    assert signature.parameters["next"].default is None
    assert typing.get_args(signature.parameters["next"].annotation)[0] == Stop | None
    assert typing.get_type_hints(Stop)["next"] == Stop | None
