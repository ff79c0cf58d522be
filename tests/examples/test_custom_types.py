"""Examples and drawn values of types of one's own."""

from __future__ import annotations

from datetime import UTC, datetime
from decimal import Decimal
from typing import Any
from uuid import UUID

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from avrogen import Schema
from avrogen.codec.codec import Codec
from avrogen.codec.type_conversions import MappedType, TypeMapping
from avrogen.testing import Factory, example, from_type
from tests.golden.custom_types.expected.custom_types import prices
from tests.golden.custom_types.expected.custom_types.com.acme import Order
from tests.golden.custom_types_presets.expected.custom_types_presets.shopdb.public.orders import (
    Value,
)
from tests.support.own_types import Money, Place


def test_examples_have_values_of_the_types() -> None:
    order = example(Order)
    assert Order.from_avro(order.to_avro()) == order
    assert order.total == Money("EUR", Decimal("2.56"))
    assert order.place == Place(1, 2)
    assert order.placed_at == datetime(1970, 1, 1, 0, 0, 0, 5000, tzinfo=UTC)
    assert order.day == 3


def test_types_that_take_no_usual_text_are_left_out_where_they_may_be() -> None:
    """``by-shop-1`` is no amount of money."""
    order = example(Order)
    assert (order.refund, order.by_shop) == (None, {})
    assert prices.to_avro(example(prices))
    refund = Money("EUR", Decimal(1))
    assert [each.refund for each in Factory(Order, refund=refund).batch(2)] == [refund, refund]


def test_presets_have_realistic_values() -> None:
    row = example(Value)
    assert Value.from_avro(row.to_avro()) == row
    assert isinstance(row.key, UUID)
    assert isinstance(row.connect_day, type(row.day))
    assert row.connect_time is not None
    assert row.connect_time.tzinfo is UTC
    assert row.millis is not None
    assert row.millis.tzinfo is None
    assert len({each.key for each in Factory(Value).batch(3)}) == 3


def codec(base: str, mapped: MappedType[Any, Any]) -> Codec[Any]:
    schema = f'{{"type": "array", "items": {{"type": "{base}", "logicalType": "x"}}}}'
    return Codec(Schema.parse(schema), TypeMapping({"logical:x": mapped}))


MONEY = MappedType[Money, str](Money, Money.parse, Money.text)
EVEN = MappedType[Decimal, int](Decimal, Decimal, int)


def test_a_type_without_an_example_says_what_to_do() -> None:
    single: Codec[Money] = Codec(
        Schema.parse('{"type": "string", "logicalType": "x"}'), TypeMapping({"logical:x": MONEY})
    )
    with pytest.raises(ValueError, match="give a value for the field, as in example") as caught:
        example(single)
    assert "the conversion to Money raised ValueError" in str(caught.value)


@settings(max_examples=30, deadline=None)
@given(st.data())
def test_texts_are_made_of_values_of_the_class(data: st.DataObject) -> None:
    """Hardly any text is one that the conversion takes."""
    drawn = data.draw(from_type(codec("string", MONEY)))
    assert all(isinstance(each, Money) for each in drawn)
    assert codec("string", MONEY).from_avro(codec("string", MONEY).to_avro(drawn)) == drawn


@settings(max_examples=30, deadline=None)
@given(from_type(codec("long", EVEN)))
def test_numbers_are_converted(drawn: list[Decimal]) -> None:
    assert codec("long", EVEN).from_avro(codec("long", EVEN).to_avro(drawn)) == drawn
