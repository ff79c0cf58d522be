"""Types of one's own: generated classes with them, compiled and step by step."""

from __future__ import annotations

import pickle
from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime, timedelta, timezone
from decimal import Decimal
from fractions import Fraction
from typing import Any, NewType, Protocol

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from avrogen import DecodeError, EncodeError, Schema
from avrogen.codec.classes import AvroRecord
from avrogen.codec.codec import Codec
from avrogen.codec.compilation import classes_of, overrides_of
from avrogen.codec.interpreter.decoder import InterpretedDecoder
from avrogen.codec.interpreter.encoder import InterpretedEncoder
from avrogen.codec.planner import plan_for
from avrogen.codec.type_conversions import (
    MappedType,
    TypeMapping,
    zoned_datetime_from_text,
    zoned_datetime_to_text,
)
from avrogen.testing import from_type
from tests.golden.custom_types.expected.custom_types import prices
from tests.golden.custom_types.expected.custom_types.com.acme import Order, Point, span
from tests.golden.custom_types_presets.expected.custom_types_presets.shopdb.public.orders import (
    Value,
)
from tests.support.own_types import CountryCode, Money, OrderId, Place

ORDER = Order(
    order_id=OrderId("1"),
    total=Money("EUR", Decimal("9.99")),
    refund=Money("USD", Decimal("1")),
    by_shop={"a": Money("CHF", Decimal("2.5"))},
    former_place=Place(3, 4),
    span=b"\1" * 12,
)
SCHEMA = Order.__avro_schema__


def interpreted(owner: Any) -> tuple[Callable[[Any], bytes], Callable[[bytes], Any]]:
    """What writes and reads values of a class or codec step by step."""
    schema = owner.__avro_schema__
    plan = plan_for(schema.type, schema.types, classes_of(owner), overrides=overrides_of(owner))
    return InterpretedEncoder(plan).write, InterpretedDecoder(plan).read


def plain(**values: object) -> dict[str, Any]:
    return {**SCHEMA.from_avro(ORDER.to_avro()), **values}


def test_values_round_trip_and_plain_values_are_not_mapped() -> None:
    write, read = interpreted(Order)
    data = ORDER.to_avro()
    assert Order.from_avro(data) == ORDER == read(data)
    assert write(ORDER) == data
    assert plain()["total"] == Decimal("9.99")
    assert plain()["price"] == "EUR 1.00"
    assert plain()["former_place"] == {"x": 3, "y": 4}
    assert SCHEMA.to_avro(plain()) == data
    assert pickle.loads(pickle.dumps(ORDER)) == ORDER


def test_defaults_are_made_for_each_object() -> None:
    other = replace(ORDER)
    first = Order(order_id=OrderId("1"), span=bytes(12))
    second = Order(order_id=OrderId("1"), span=bytes(12))
    assert first == second
    assert first != other
    assert first.price == Money("EUR", Decimal("1.00"))
    assert first.price is not second.price
    assert (first.place, first.country) == (Place(1, 2), CountryCode("DE"))
    assert hash(first.total) == hash(second.total)


@settings(max_examples=50, deadline=None)
@given(from_type(Order))
def test_drawn_objects_are_read_and_written_alike(order: Order) -> None:
    write, read = interpreted(Order)
    data = order.to_avro()
    assert write(order) == data
    assert Order.from_avro(data) == order == read(data)


@settings(max_examples=50, deadline=None)
@given(from_type(Value))
def test_types_of_presets_are_read_and_written_alike(row: Value) -> None:
    write, read = interpreted(Value)
    data = row.to_avro()
    assert write(row) == data
    assert Value.from_avro(data) == row == read(data)


@settings(max_examples=20, deadline=None)
@given(from_type(prices))
def test_codecs_have_types_of_ones_own(value: list[Money] | None) -> None:
    write, read = interpreted(prices)
    data = prices.to_avro(value)
    assert write(value) == data
    assert prices.from_avro(data) == value == read(data)
    texts = None if value is None else [money.text() for money in value]
    assert prices.__avro_schema__.from_avro(data) == texts


def test_a_fixed_is_back_at_its_bytes() -> None:
    assert span.from_avro(span.to_avro(b"\2" * 12)) == b"\2" * 12
    with pytest.raises(EncodeError, match="expected 12 bytes, got 11"):
        span.to_avro(b"\2" * 11)


# --- errors ---------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("values", "path", "message"),
    [
        ({"price": "EUR 1.00"}, "$.price", "expected Money, got 'EUR 1.00'"),
        ({"prices": [None]}, "$.prices[0]", "expected Money, got None"),
        ({"by_shop": {"a": 1}}, "$.by_shop.a", "expected Money, got 1"),
        ({"refund": 3}, "$.refund", "expected None or Money, got 3"),
        ({"former_place": (1, 2)}, "$.former_place", "expected None or Place, got a value"),
        ({"place": Point(x=1)}, "$.place", "expected Place, got a value of type Point"),
        ({"place": Place(2**31, 1)}, "$.place.x", "expected an int of 32 bits, got 2147483648"),
        ({"day": datetime.now()}, "$.day", "expected an int, got"),
        ({"order_id": 7}, "$.order_id", "expected OrderId, got 7"),
        ({"country": CountryCode("DEU")}, "$.country", "raised ValueError: Country has 2 bytes"),
    ],
)
def test_other_values_are_refused_with_their_path(
    values: dict[str, Any], path: str, message: str
) -> None:
    order = replace(ORDER, **values)
    for write in (Order.to_avro, interpreted(Order)[0]):
        with pytest.raises(EncodeError) as caught:
            write(order)
        assert caught.value.path == path
        assert message in caught.value.message


def test_a_conversion_that_raises_is_an_error_with_path_and_cause() -> None:
    with pytest.raises(EncodeError) as encoding:
        replace(ORDER, total=Money("USD", Decimal(1))).to_avro()
    assert encoding.value.path == "$.total"
    assert encoding.value.message == (
        "the conversion from Money raised ValueError: USD is no euro, " "got a value of type Money"
    )
    assert isinstance(encoding.value.__cause__, ValueError)
    data = SCHEMA.to_avro(plain(by_shop={"x": "12"}))
    for read in (Order.from_avro, interpreted(Order)[1]):
        with pytest.raises(DecodeError) as decoding:
            read(data)
        assert decoding.value.path == "$.by_shop.x"
        assert decoding.value.message.startswith("the conversion to Money raised ValueError: not")
        assert decoding.value.offset == data.index(b"\4" + b"12")
        assert isinstance(decoding.value.__cause__, ValueError)


# --- schema resolution ----------------------------------------------------------------------------


def writer(*fields: str) -> Schema:
    return Schema.parse(
        f'{{"type": "record", "name": "com.acme.Order", "fields": [{", ".join(fields)}]}}'
    )


ID = '{"name": "order_id", "type": "string"}'
SPAN = '{"name": "span", "type": {"type": "fixed", "name": "Span", "size": 12}}'


def test_defaults_of_missing_fields_are_converted() -> None:
    old = writer(ID, SPAN)
    data = old.to_avro({"order_id": "1", "span": bytes(12)})
    one, two = (Order.from_avro(data, writer=old) for _ in range(2))
    assert one == two == Order(order_id=OrderId("1"), span=bytes(12))
    assert one.price is not two.price
    assert one.place is not two.place


def test_data_of_other_logical_types_are_read() -> None:
    old = writer(
        ID.replace('"string"', '["null", "bytes", "string"]'),
        SPAN,
        '{"name": "day", "type": {"type": "int", "logicalType": "time-millis"}}',
        '{"name": "placed_at", "type": {"type": "long", "logicalType": "timestamp-micros"}}',
        '{"name": "total", "type":'
        ' {"type": "bytes", "logicalType": "decimal", "precision": 10, "scale": 2}}',
        '{"name": "refund", "type": "string"}',
        '{"name": "place", "type": {"type": "record", "name": "Point", "fields":'
        ' [{"name": "x", "type": "int"}]}}',
    )
    data = old.to_avro(
        {
            "order_id": ("string", "7"),
            "span": bytes(12),
            "day": datetime(2020, 1, 1, 0, 0, 1).time(),
            "placed_at": datetime(2020, 1, 1, tzinfo=UTC),
            "total": Decimal("1.25"),
            "refund": "EUR 3",
            "place": {"x": 8},
        }
    )
    read = Order.from_avro(data, writer=old)
    assert read.order_id == "7"
    assert read.day == 1000
    assert read.total == Money("EUR", Decimal("1.25"))
    assert read.refund == Money("EUR", Decimal(3))
    assert read.place == Place(8, 2)


# --- unions and types that are no classes ---------------------------------------------------------


class Sized(Protocol):
    def __len__(self) -> int: ...


Ratio = NewType("Ratio", float)


class Cents(int):
    pass


def codec(text: str, **entries: str | MappedType[Any, Any]) -> Codec[Any]:
    return Codec(Schema.parse(text), TypeMapping({f"logical:{k}": v for k, v in entries.items()}))


def own(base: str, name: str) -> str:
    return f'{{"type": "{base}", "logicalType": "{name}"}}'


CENTS = MappedType[Cents, int](Cents, Cents, None)
FRACTION = MappedType[Fraction, str](Fraction, Fraction, str)
SIZED = MappedType[Sized, bytes](Sized, bytes, lambda value: b"ab"[: len(value)])
HALVES = MappedType[Fraction, int](Fraction, lambda n: Fraction(n, 2), lambda f: int(f * 2))


@pytest.mark.parametrize(
    ("made", "values"),
    [
        (codec(f'["null", "int", {own("long", "cents")}]', cents=CENTS), [None, 1, Cents(1)]),
        (codec(f'[{own("string", "f")}, "int"]', f=FRACTION), [Fraction(1, 3), 3]),
        (
            codec(own("double", "r"), r=MappedType[Ratio, float](Ratio, Ratio, None)),
            [Ratio(0.5), 1.5],
        ),
        (codec(own("bytes", "s"), s=SIZED), [b"ab"]),
        (codec(f'["null", {own("bytes", "s")}]', s=SIZED),
         [b"ab", None]),
    ],
)  # fmt: skip
def test_branches_are_chosen_by_the_type(made: Codec[Any], values: list[object]) -> None:
    write, read = interpreted(made)
    for value in values:
        data = made.to_avro(value)
        assert write(value) == data
        for back in (made.from_avro(data), read(data)):
            assert (back, type(back)) == (value, type(value))


def test_of_branches_with_one_type_the_first_that_takes_the_value_is_written() -> None:
    made = codec(f'[{own("int", "h")}, {own("string", "f")}]', h=HALVES, f=FRACTION)
    write, _ = interpreted(made)
    for value, data in ((Fraction(3, 2), b"\0\6"), (Fraction(2**40), b"\2\x1a1099511627776")):
        assert made.to_avro(value) == write(value) == data


def test_a_subclass_is_written_and_a_base_class_is_not() -> None:
    class Special(Money):
        pass

    order = replace(ORDER, price=Special("EUR", Decimal("1.00")))
    assert order.to_avro() == replace(ORDER, price=Money("EUR", Decimal("1.00"))).to_avro()


def test_two_classes_map_one_logical_type_differently() -> None:
    one = codec(own("string", "f"), f=FRACTION)
    other = codec(own("string", "f"), f=MappedType[Decimal, str](Decimal, Decimal, str))
    raw = codec(own("string", "f"), f="raw")
    data = one.to_avro(Fraction(3))
    assert (one.from_avro(data), other.from_avro(data), raw.from_avro(data)) == (3, Decimal(3), "3")
    assert type(other.from_avro(data)) is Decimal


def test_subclasses_of_generated_classes_have_the_types_of_their_base() -> None:
    class Mine(Order):
        __slots__ = ()

    assert Mine.from_avro(ORDER.to_avro()).total == ORDER.total
    assert issubclass(Mine, AvroRecord)


# --- timestamps with a zone -----------------------------------------------------------------------


@pytest.mark.parametrize(
    ("text", "value", "written"),
    [
        ("2024-05-01T10:00:00Z", datetime(2024, 5, 1, 10, tzinfo=UTC), None),
        (
            "2024-05-01T10:00:00.123456789+02:00",
            datetime(2024, 5, 1, 10, 0, 0, 123456, timezone(timedelta(hours=2))),
            "2024-05-01T10:00:00.123456+02:00",
        ),
        ("2024-05-01T10:00Z", datetime(2024, 5, 1, 10, tzinfo=UTC), "2024-05-01T10:00:00Z"),
    ],
)
def test_timestamps_with_a_zone(text: str, value: datetime, written: str | None) -> None:
    assert zoned_datetime_from_text(text) == value
    assert zoned_datetime_from_text(text).utcoffset() == value.utcoffset()
    assert zoned_datetime_to_text(value) == (written or text)


@pytest.mark.parametrize("text", ["2024-05-01T10:00:00", "+294247-01-10T04:00:54.775Z", "", "now"])
def test_other_texts_are_no_timestamps_with_a_zone(text: str) -> None:
    with pytest.raises(ValueError, match=r"."):
        zoned_datetime_from_text(text)
    with pytest.raises(ValueError, match="with a time zone"):
        zoned_datetime_to_text(datetime(2024, 5, 1))


@given(st.binary(max_size=30))
def test_no_data_are_a_foreign_error(data: bytes) -> None:
    try:
        value = Value.from_avro(data)
    except DecodeError:
        return
    assert isinstance(value, Value)
