"""Methods that were bound before their first use cost one call more than those bound later."""

from __future__ import annotations

import sys
from collections.abc import Callable
from types import FrameType
from typing import Any, cast

import pytest

from avrogen import Schema
from avrogen.codec import compilation
from avrogen.testing import example
from generated_example import OrderPlaced, shop_event
from generated_example.com.acme.common import Currency
from tests.conftest import Build

RECORD: dict[str, Any] = {
    "point.avsc": {"type": "record", "name": "Point", "fields": [{"name": "x", "type": "int"}]}
}


def calls(function: Callable[..., object], *arguments: object) -> list[str]:
    """The Python functions that a call runs."""
    names: list[str] = []

    def profile(frame: FrameType, event: str, _: object) -> None:
        if event == "call":
            names.append(frame.f_code.co_qualname)

    sys.setprofile(profile)
    try:
        function(*arguments)
    finally:
        sys.setprofile(None)
    return names


def refuse(*_: object) -> Any:
    raise AssertionError("compiled again")


def test_of_a_class(build: Build, monkeypatch: pytest.MonkeyPatch) -> None:
    point = build(RECORD).Point
    encode, decode = point.to_avro, point.from_avro
    assert decode(encode(point(x=3))) == point(x=3)
    monkeypatch.setattr(compilation, "install_encoder", refuse)
    monkeypatch.setattr(compilation, "install_decoder", refuse)
    assert decode(encode(point(x=4))) == point(x=4)
    assert len(calls(encode, point(x=5))) == 1 + len(calls(point(x=5).to_avro))
    assert len(calls(decode, b"\x0a")) == 1 + len(calls(point.from_avro, b"\x0a"))


def test_of_codecs_and_schemas(monkeypatch: pytest.MonkeyPatch) -> None:
    schema = Schema.parse('{"type": "array", "items": "int"}')
    cases: list[tuple[Any, object]] = [(schema, [1, 2]), (shop_event, example(OrderPlaced))]
    for owner, value in cases:
        compiled = cast("dict[str, object]", vars(owner))
        compiled.pop("to_avro", None)
        compiled.pop("from_avro", None)
        encode, decode = owner.to_avro, owner.from_avro
        data = encode(value)
        assert decode(data) == value
        with monkeypatch.context() as patch:
            patch.setattr(compilation, "encoder_of", refuse)
            patch.setattr(compilation, "decoder_of", refuse)
            assert decode(encode(value)) == value
        assert len(calls(encode, value)) == 1 + len(calls(owner.to_avro, value))
        assert len(calls(decode, data)) == 1 + len(calls(owner.from_avro, data))


def test_of_an_enum() -> None:
    encode, decode = Currency.EUR.to_avro, Currency.from_avro
    assert decode(encode()) is Currency.EUR
    assert decode(encode()) is Currency.EUR


def test_methods_of_subclasses_are_kept(build: Build) -> None:
    point: Any = build(RECORD).Point

    class Own(point):  # type: ignore[misc] # a class made at run time
        def to_avro(self, **options: Any) -> bytes:
            base: Any = super()
            return bytes(base.to_avro(**options)) + b"!"

        @classmethod
        def from_avro(cls, data: Any, **options: Any) -> Any:
            base: Any = super()
            return base.from_avro(data[:-1], **options)

    encode, decode = Own.to_avro, Own.from_avro
    for number in (3, 4):
        data = encode(Own(x=number))
        assert data == point(x=number).to_avro() + b"!"
        assert decode(data) == Own(x=number)
