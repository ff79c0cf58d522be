"""Keys without a schema: the bytes of Kafka's own serializers."""

from __future__ import annotations

import math
from typing import get_args

import pytest
from hypothesis import given
from hypothesis import strategies as st

from avrogen import DecodeError, EncodeError
from avrogen.kafka.serde.primitive_keys import key_reader, key_writer
from avrogen.kafka.topic import PrimitiveKey

VALUES: dict[PrimitiveKey, st.SearchStrategy[object]] = {
    "boolean": st.booleans(),
    "bytes": st.binary(),
    "double": st.floats(allow_nan=False),
    "float": st.floats(width=32, allow_nan=False),
    "int": st.integers(-(2**31), 2**31 - 1),
    "long": st.integers(-(2**63), 2**63 - 1),
    "string": st.text(),
}


@pytest.mark.parametrize(
    ("type_", "key", "data"),
    [
        ("string", "Zoë", b"Zo\xc3\xab"),
        ("string", "", b""),
        ("bytes", b"\x00\xff", b"\x00\xff"),
        ("int", -2, b"\xff\xff\xff\xfe"),
        ("long", 258, b"\x00\x00\x00\x00\x00\x00\x01\x02"),
        ("float", 1.5, b"\x3f\xc0\x00\x00"),
        ("double", 1, b"\x3f\xf0\x00\x00\x00\x00\x00\x00"),
        ("boolean", True, b"\x01"),
        ("boolean", False, b"\x00"),
    ],
)
def test_bytes_of_java(type_: PrimitiveKey, key: object, data: bytes) -> None:
    assert key_writer(type_)(key) == data
    assert key_reader(type_)(data) == key


@given(st.sampled_from(get_args(PrimitiveKey)).flatmap(lambda t: st.tuples(st.just(t), VALUES[t])))
def test_keys_come_back(case: tuple[PrimitiveKey, object]) -> None:
    type_, key = case
    assert key_reader(type_)(key_writer(type_)(key)) == key


@pytest.mark.parametrize(
    ("type_", "key", "message"),
    [
        ("string", b"a", "expected a key of type str, got bytes"),
        ("string", "\ud800", "half of a surrogate pair"),
        ("bytes", "a", "expected a key of type bytes, got str"),
        ("int", True, "expected a key of type int, got bool"),
        ("int", 2**31, "key 2147483648 is out of range for int (32 bits)"),
        ("long", -(2**63) - 1, "is out of range for long (64 bits)"),
        ("float", 1e39, "is out of range for float (32 bits)"),
        ("double", 10**400, "is out of range for double (64 bits)"),
        ("double", "1", "expected a key of type float, got str"),
        ("boolean", 1, "expected a key of type bool, got int"),
        ("string", None, "expected a key of type str, got NoneType"),
    ],
)
def test_keys_that_are_none(type_: PrimitiveKey, key: object, message: str) -> None:
    with pytest.raises(EncodeError) as caught:
        key_writer(type_)(key)
    assert message in str(caught.value)


@pytest.mark.parametrize(
    ("type_", "data"),
    [
        ("string", b"\xff"),
        ("int", b"\x00\x00\x00"),
        ("long", b"\x00" * 9),
        ("float", b""),
        ("double", b"\x00" * 4),
        ("boolean", b"\x02"),
        ("boolean", b""),
    ],
)
def test_bytes_that_are_no_keys(type_: PrimitiveKey, data: bytes) -> None:
    with pytest.raises(DecodeError):
        key_reader(type_)(data)


def test_infinity_is_a_double() -> None:
    assert key_reader("double")(key_writer("double")(math.inf)) == math.inf
