"""Broken JSON is a DecodeError, and compiled source accepts what the steps accept."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from avrogen import DecodeError
from avrogen.codec.json_encoding.json_codec import JsonCodec
from avrogen.codec.json_encoding.json_forms import JsonStyle
from avrogen.testing import example
from generated_example.com.acme.logistics import ParcelScanned
from generated_example.com.acme.payment import PaymentSettled
from generated_example.com.acme.shop import Category, OrderPlaced, Product

OWNERS: list[Any] = [OrderPlaced, PaymentSettled, ParcelScanned, Product, Category]
FAST = {owner: JsonCodec(owner) for owner in OWNERS}
SLOW = {owner: JsonCodec(owner) for owner in OWNERS}
for codec in SLOW.values():
    codec.is_compiled = False

PIECES = [
    "", "{", "}", "[", "]", '"', ",", ":", " :", "null", "true", "0", "-1", "1e999", "5.5", "NaN",
    '"x"', "{}", "[]", '"$type":', '"$value":', "\\ud800", "\\", "\x00", "é", "\ud800",
    "9" * 50, '"com.acme.payment.Card"', "2024-05-17", "Z", "[" * 3000, '{"name":"a","children":['
]  # fmt: skip

texts = st.sampled_from(
    [
        (owner, style, example(owner).to_json(style=style))
        for owner in OWNERS
        for style in ("plain", "avro")
    ]
)
edits = st.lists(
    st.tuples(st.floats(0, 1), st.integers(0, 30), st.sampled_from(PIECES)), min_size=1, max_size=3
)


def outcome(codec: JsonCodec, text: str, style: JsonStyle) -> str:
    try:
        return repr(codec.from_json(text, style))
    except DecodeError as error:
        assert error.line is not None
        return f"{error.offset}: {error}"


@given(texts, edits)
def test_broken_texts(
    given_text: tuple[Any, JsonStyle, str], changes: list[tuple[float, int, str]]
) -> None:
    owner, style, text = given_text
    for place, removed, piece in changes:
        at = int(place * len(text))
        text = text[:at] + piece + text[at + removed :]
    assert outcome(FAST[owner], text, style) == outcome(SLOW[owner], text, style)


@given(st.binary(max_size=40))
def test_any_bytes(data: bytes) -> None:
    with pytest.raises(DecodeError):
        OrderPlaced.from_json(data)
