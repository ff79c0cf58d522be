"""Data with a schema id in front, given to ``from_avro``: the error says what they are."""

from __future__ import annotations

import pickle

import pytest

from avrogen import DecodeError, Schema
from avrogen.testing import example
from generated_example import OrderCancelled, shop_event

VALUE = example(OrderCancelled)
DATUM = VALUE.to_avro()
ID = b"\x00\x00\x00\x00\x07"
GUID = b"\x01" + bytes(range(16))


def refused(data: bytes) -> DecodeError:
    with pytest.raises(DecodeError) as caught:
        OrderCancelled.from_avro(data)
    return caught.value


@pytest.mark.parametrize("datum", [DATUM, DATUM + b"evolved", b"\x02"])
def test_a_schema_id(datum: bytes) -> None:
    error = refused(ID + datum)
    assert "Confluent's wire format (0 and schema id 7)" in str(error)
    assert "Deserializer" in str(error)
    assert (error.path, error.offset) == ("$.order_id", 0)
    assert str(pickle.loads(pickle.dumps(error))) == str(error)


def test_a_large_schema_id() -> None:
    assert "schema id 100000)" in str(refused(b"\x00" + (100_000).to_bytes(4, "big") + DATUM))


def test_a_guid() -> None:
    assert "a schema's GUID" in str(refused(GUID + DATUM))


def test_single_object_encoding() -> None:
    assert "from_single_object" in str(refused(VALUE.to_single_object()))


def test_codecs_and_schemas_say_so_too() -> None:
    with pytest.raises(DecodeError, match="schema id 7"):
        shop_event.from_avro(b"\x00\x00\x00\x00\x07\x01" + DATUM)
    with pytest.raises(DecodeError, match="schema id 7"):
        Schema.parse('"string"').from_avro(ID + b"\x02a")


@pytest.mark.parametrize(
    "data",
    [b"", b"\x00", ID[:4], b"\x00\x00\x00\x00\x00\x00", b"\x00\x01\x01\x01\x01\x02", b"\x01\x02"],
)
def test_other_data_are_not_said_to_be_framed(data: bytes) -> None:
    assert "look like" not in str(refused(data))
