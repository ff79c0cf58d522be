"""JSON of generated classes, codecs and schemas: forms, errors with positions, bounds."""

from __future__ import annotations

import importlib
import json
import pkgutil
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta, timezone
from decimal import Decimal
from typing import Any, Final
from uuid import UUID

import pytest

import generated_example
from avrogen import (
    Codec,
    DecodeError,
    Duration,
    EncodeError,
    Limits,
    LocalTimestampNanos,
    Schema,
    TimeOptions,
    TimestampNanos,
)
from avrogen.codec.classes import AvroValue
from avrogen.codec.json_encoding.json_codec import JsonCodec
from avrogen.codec.json_encoding.json_forms import JsonStyle
from avrogen.runtime.v1 import AvroRecord
from avrogen.testing import example
from generated_example import ShopEvent, shop_event
from generated_example.com.acme.common import Money
from generated_example.com.acme.logistics import ParcelScanned
from generated_example.com.acme.payment import PaymentSettled
from generated_example.com.acme.shop import OrderCancelled, OrderPlaced
from tests.golden.cases import CASES

STYLES: Final[tuple[JsonStyle, ...]] = ("plain", "avro")


def schema(type_: Any) -> Schema:
    return Schema.parse(json.dumps(type_))


def record(type_: Any, **others: Any) -> Schema:
    """A record with a field ``x``."""
    fields = [{"name": "x", "type": type_, **others}]
    return schema({"type": "record", "name": "n.R", "fields": fields})


def logical(base: str, name: str, **others: Any) -> dict[str, Any]:
    return {"type": base, "logicalType": name, **others}


def is_owner(thing: object) -> bool:
    is_class = isinstance(thing, type) and AvroValue in thing.__mro__
    return (is_class and hasattr(thing, "__avro_schema__")) or is_codec(thing)


def is_codec(thing: object) -> bool:
    return Codec in type(thing).__mro__


def owners(package: str) -> Iterator[Any]:
    """Classes and codecs of a generated package."""
    top = importlib.import_module(package)
    found: dict[int, Any] = {}
    for module in pkgutil.walk_packages(top.__path__, f"{package}."):
        thing: Any
        for thing in vars(importlib.import_module(module.name)).values():
            if is_owner(thing):
                found[id(thing)] = thing
    yield from found.values()


def to_json(owner: Any, value: Any, **options: Any) -> str:
    text: str = (
        owner.to_json(value, **options) if is_codec(owner) else AvroValue.to_json(value, **options)
    )
    return text


PACKAGES = [
    "generated_example",
    *(case.module for case in CASES if case.package.joinpath("__init__.py").exists()),
]


@pytest.mark.parametrize("package", PACKAGES)
def test_all_generated_types_come_back(package: str) -> None:
    for owner in owners(package):
        try:
            value = example(owner)
        except EncodeError:
            assert "without_a_value" in package, "only its default is no value"
            continue
        for style in STYLES:
            text = to_json(owner, value, style=style)
            assert owner.from_json(text, style=style) == value
            assert owner.from_json(text.encode(), style=style) == value
            pretty = to_json(owner, value, style=style, indent=2)
            assert json.loads(pretty) == json.loads(text)
            assert owner.from_json(pretty, style=style) == value
        plain = owner.to_dict(value) if is_codec(owner) else AvroValue.to_dict(value)
        assert owner.from_dict(plain) == value
        assert owner.from_dict(json.loads(to_json(owner, value))) == value
        assert owner.from_dict(value) == value


@pytest.mark.parametrize(
    ("type_", "value", "plain", "avro"),
    [
        ("null", None, "null", "null"),
        ("boolean", True, "true", "true"),
        ("int", -(2**31), "-2147483648", "-2147483648"),
        ("long", 2**63 - 1, "9223372036854775807", "9223372036854775807"),
        ("double", 0.1, "0.1", "0.1"),
        ("double", -0.0, "-0.0", "-0.0"),
        ("double", 5, "5.0", "5.0"),
        ("float", 0.1, "0.1", "0.10000000149011612"),
        ("double", float("inf"), '"Infinity"', '"Infinity"'),
        ("float", float("-inf"), '"-Infinity"', '"-Infinity"'),
        ("string", 'a"\\\n\x00ä€😀', '"a\\"\\\\\\n\\u0000ä€😀"', '"a\\"\\\\\\n\\u0000ä€😀"'),
        ("bytes", b"\x00\xff", '"AP8="', '"\x00ÿ"'.replace("\x00", "\\u0000")),
        ({"type": "fixed", "name": "F", "size": 2}, b"\x00\xff", '"AP8="', '"\\u0000ÿ"'),
        ({"type": "enum", "name": "E", "symbols": ["A", "B"]}, "B", '"B"', '"B"'),
        ({"type": "array", "items": "int"}, [1, 2], "[1,2]", "[1,2]"),
        ({"type": "map", "values": "int"}, {"$type": 1}, '{"$type":1}', '{"$type":1}'),
        (
            logical("bytes", "decimal", precision=9, scale=2),
            Decimal("12.5"),
            '"12.50"',
            '"\\u0004â"',
        ),
        (logical("bytes", "decimal", precision=9, scale=2), Decimal(0), '"0.00"', '"\\u0000"'),
        (
            logical("bytes", "decimal", precision=9, scale=9),
            Decimal("1E-9"),
            '"0.000000001"',
            '"\\u0001"',
        ),
        (logical("bytes", "big-decimal"), Decimal("1E+40"), '"1E+40"', None),
        (logical("string", "uuid"), UUID(int=1), f'"{UUID(int=1)}"', f'"{UUID(int=1)}"'),
        (logical("int", "date"), date(1969, 12, 31), '"1969-12-31"', "-1"),
        (logical("int", "time-millis"), time(1, 2, 3, 4000), '"01:02:03.004"', "3723004"),
        (logical("long", "time-micros"), time(1, 2, 3), '"01:02:03.000000"', "3723000000"),
        (
            logical("long", "timestamp-millis"),
            datetime(2024, 5, 17, 14, tzinfo=timezone(timedelta(hours=2))),
            '"2024-05-17T12:00:00.000Z"',
            "1715947200000",
        ),
        (
            logical("long", "timestamp-micros"),
            datetime(1, 1, 1, tzinfo=UTC),
            '"0001-01-01T00:00:00.000000Z"',
            "-62135596800000000",
        ),
        (
            logical("long", "local-timestamp-millis"),
            datetime(2024, 5, 17, 12),
            '"2024-05-17T12:00:00.000"',
            "1715947200000",
        ),
        (
            logical("long", "timestamp-nanos"),
            TimestampNanos(1),
            '"1970-01-01T00:00:00.000000001Z"',
            "1",
        ),
        (
            logical("long", "local-timestamp-nanos"),
            LocalTimestampNanos(-1),
            '"1969-12-31T23:59:59.999999999"',
            "-1",
        ),
        (
            {"type": "fixed", "name": "D", "size": 12, "logicalType": "duration"},
            Duration(1, 2, 3004),
            '"P1M2DT3.004S"',
            None,
        ),
        (["null", "int"], 5, "5", '{"int":5}'),
        (["null", "int"], None, "null", "null"),
        (["int", "long"], 2**40, "1099511627776", '{"long":1099511627776}'),
        (["int", "double"], 5, '{"$type":"int","$value":5}', '{"int":5}'),
        (["int", "string"], 5, "5", '{"int":5}'),
        (
            ["double", "string"],
            float("nan"),
            '{"$type":"double","$value":"NaN"}',
            '{"double":"NaN"}',
        ),
        (["null", "double"], float("inf"), '"Infinity"', '{"double":"Infinity"}'),
        (["string", "bytes"], b"\x01", '{"$type":"bytes","$value":"AQ=="}', '{"bytes":"\\u0001"}'),
        (["null", {"type": "map", "values": "int"}], {"a": 1}, '{"a":1}', '{"map":{"a":1}}'),
        (
            ["null", {"type": "map", "values": "int"}],
            {"$type": 1},
            '{"$type":"map","$value":{"$type":1}}',
            '{"map":{"$type":1}}',
        ),
    ],
)
def test_forms(type_: Any, value: Any, plain: str, avro: str | None) -> None:
    own = schema(type_)
    assert own.to_json(value) == plain
    data = own.to_avro(value)
    assert own.avro_to_json(data) == plain
    assert own.json_to_avro(plain) == data
    text = own.to_json(value, style="avro")
    assert avro is None or text == avro
    assert own.json_to_avro(text, style="avro") == data


A = {"type": "record", "name": "n.A", "fields": [{"name": "id", "type": "string"}]}
B = {"type": "record", "name": "n.B", "fields": [{"name": "id", "type": "string"}]}


def test_records_of_one_shape_keep_their_branch() -> None:
    own = schema([A, B])
    text = own.to_json(("n.B", {"id": "1"}))
    assert text == '{"$type":"n.B","id":"1"}'
    assert own.from_json(text, named_branches=True) == ("n.B", {"id": "1"})
    with pytest.raises(DecodeError, match=r'add "\$type", one of n.A, n.B'):
        own.from_json('{"id": "1"}')
    with pytest.raises(DecodeError, match=r"no branch named 'n.C'.*line 1, column 2"):
        own.from_json('{"$type": "n.C", "id": "1"}')


def test_an_object_may_name_its_type_without_a_union() -> None:
    order = example(OrderPlaced)
    event: ShopEvent = order
    assert OrderPlaced.from_json(shop_event.to_json(event)) == order
    with pytest.raises(DecodeError, match="is no field"):
        OrderCancelled.from_json(shop_event.to_json(event))


def test_fields_that_are_absent_get_their_defaults() -> None:
    own = schema(
        {
            "type": "record",
            "name": "n.R",
            "fields": [
                {"name": "a", "type": ["null", "int"]},
                {"name": "b", "type": ["null", "int"], "default": None},
                {"name": "c", "type": {"type": "array", "items": "int"}, "default": [1]},
                {"name": "d", "type": A, "default": {"id": "x"}},
            ],
        }
    )
    expected = {"a": None, "b": None, "c": [1], "d": {"id": "x"}}
    for style in STYLES:
        assert own.from_json('{"a": null}', style=style) == expected
        with pytest.raises(DecodeError, match="missing value") as raised:
            own.from_json('{"b": null}', style=style)
        assert raised.value.path == "$.a"
    one, other = own.from_json('{"a": null}'), own.from_json('{"a": null}')
    assert one["c"] is not other["c"]


def test_unknown_keys_are_errors_unless_they_are_allowed() -> None:
    text = '{"amount": "1.00",\n  "curency": "EUR", "currency": "EUR"}'
    with pytest.raises(DecodeError) as raised:
        Money.from_json(text)
    assert "'curency' is no field" in str(raised.value)
    assert 'did you mean "currency"?' in str(raised.value)
    assert (raised.value.line, raised.value.column) == (2, 3)
    assert Money.from_json(text, allow_unknown_keys=True).amount == Decimal(1)
    assert Money.from_dict(json.loads(text), allow_unknown_keys=True).amount == Decimal(1)


@pytest.mark.parametrize(
    ("type_", "text", "message", "path", "place"),
    [
        ("int", "", "invalid JSON: expecting value", "$", (1, 1)),
        ("int", "1 2", "invalid JSON: extra data", "$", (1, 3)),
        ("int", '"5"', "expected an integer of 32 bits, got '5'", "$", (1, 1)),
        ("int", "5.0", "expected an integer of 32 bits, got 5.0", "$", (1, 1)),
        ("int", "true", "expected an integer of 32 bits, got true", "$", (1, 1)),
        ("int", "2147483648", "expected an int of 32 bits", "$", (1, 1)),
        ("long", "9" * 5000, "expected an integer of 64 bits, got 9999", "$", (1, 1)),
        ("double", "NaN", "expected a number within range, got NaN", "$", (1, 1)),
        ("double", "1e999", "expected a number within range, got 1e999", "$", (1, 1)),
        ("double", "9" * 5000, "expected a number within range", "$", (1, 1)),
        ("float", "1e300", "expected a float of 32 bits", "$", (1, 1)),
        ("boolean", "1", "expected true or false, got 1", "$", (1, 1)),
        ("string", '"\\ud800"', "without surrogates", "$", (1, 1)),
        ("string", '"\n"', "invalid JSON: invalid control character", "$", (1, 2)),
        ("bytes", '"A"', "expected a string in base64, got 'A'", "$", (1, 1)),
        ("bytes", '"A P8="', "expected a string in base64", "$", (1, 1)),
        (logical("string", "uuid"), '"x"', "expected a UUID, got 'x'", "$", (1, 1)),
        (logical("int", "date"), '"2024-02-30"', "expected a date", "$", (1, 1)),
        (logical("int", "date"), "5", "expected a date", "$", (1, 1)),
        (
            logical("long", "timestamp-millis"),
            '"2024-05-17T12:00:00"',
            "expected a datetime with a time zone",
            "$",
            (1, 1),
        ),
        (logical("long", "local-timestamp-millis"), '"2024-05-17"', "without offset", "$", (1, 1)),
        (
            logical("bytes", "decimal", precision=4, scale=2),
            '"1.234"',
            "at most 2 decimal places",
            "$",
            (1, 1),
        ),
        (logical("bytes", "decimal", precision=4, scale=2), '"NaN"', "decimal", "$", (1, 1)),
        (logical("bytes", "big-decimal"), '"1_0"', "expected a decimal", "$", (1, 1)),
        ({"type": "array", "items": "int"}, '[1,\n "x"]', "got 'x'", "$[1]", (2, 2)),
        ({"type": "map", "values": "int"}, '{"a":1, "b b": null}', "got null", "$['b b']", (1, 16)),
        ({"type": "map", "values": "int"}, '{"a": 1, "a": 2}', "'a' is there twice", "$", (1, 10)),
        (["null", "int", "string"], "[]", "union of int, string, got an array", "$", (1, 1)),
        (["int", "double"], "5", 'add "$type" and "$value", one of int, double', "$", (1, 1)),
        (["int", "double"], '{"$type": "int"}', 'expected "$value"', "$", (1, 1)),
        (["null", A], '{"id": 5}', "expected a string, got 5", "$.id", (1, 8)),
    ],
)
def test_errors_have_path_line_and_column(
    type_: Any, text: str, message: str, path: str, place: tuple[int, int]
) -> None:
    with pytest.raises(DecodeError) as raised:
        schema(type_).from_json(text)
    error = raised.value
    assert message in error.message
    assert error.path == path
    assert (error.line, error.column) == place
    assert str(error) == f"{path}: {error.message} (line {place[0]}, column {place[1]})"


def test_positions_are_those_of_deep_parts() -> None:
    order = json.loads(example(OrderPlaced).to_json())
    order["lines"].append(json.loads(json.dumps(order["lines"][0])))
    order["lines"][1]["unit_price"]["amount"] = "x"
    text = json.dumps(order, indent=2)
    with pytest.raises(DecodeError) as raised:
        OrderPlaced.from_json(text)
    assert raised.value.path == "$.lines[1].unit_price.amount"
    line = text.split("\n")[(raised.value.line or 0) - 1]
    assert line[(raised.value.column or 0) - 1 :] == '"x",'
    assert text[raised.value.offset :].startswith('"x"')


def test_bytes_that_are_not_utf_8() -> None:
    with pytest.raises(DecodeError, match=r"invalid UTF-8.*line 2, column 2"):
        schema("string").from_json(b'\n"\xff"')
    assert schema("string").from_json(b'\xef\xbb\xbf"a"') == "a"
    with pytest.raises(TypeError):
        schema("string").from_json(5)  # type: ignore[arg-type]


def test_decimals_may_be_numbers_if_they_are_exact() -> None:
    own = schema(logical("bytes", "decimal", precision=30, scale=20))
    assert own.from_json("12.5") == Decimal("12.5")
    assert own.from_json("0.12345678901234567891") == Decimal("0.12345678901234567891")
    with pytest.raises(DecodeError, match="float is not exact"):
        _from_dict(own, 0.1234567890123456789)
    assert _from_dict(own, 12.5) == Decimal("12.5")


def _from_dict(own: Schema, values: Any) -> Any:
    return Codec[Any](own).from_dict(values)


def test_times_beyond_all_years_are_numbers_where_options_keep_them() -> None:
    text = json.dumps(logical("long", "timestamp-millis"))
    own = Schema.parse(text, times=TimeOptions(out_of_range="number"))
    assert own.to_json(2**60) == str(2**60)
    assert own.from_json(str(2**60)) == 2**60
    with pytest.raises(DecodeError):
        own.from_json("5")


def test_what_is_finer_than_the_unit_is_dropped_or_refused() -> None:
    text = json.dumps(logical("long", "timestamp-micros"))
    fine = '"2024-05-17T12:00:00.0000001Z"'
    assert Schema.parse(text).from_json(fine) == datetime(2024, 5, 17, 12, tzinfo=UTC)
    with pytest.raises(DecodeError, match="finer than microseconds"):
        Schema.parse(text, times=TimeOptions(rounding="error")).from_json(fine)


def test_values_that_do_not_fit_are_encode_errors() -> None:
    with pytest.raises(EncodeError, match=r"\$.amount"):
        Money(amount="1", currency="EUR").to_json()  # type: ignore[arg-type]
    with pytest.raises(EncodeError, match="surrogates"):
        schema("string").to_json("\ud800")
    with pytest.raises(ValueError, match="style must be"):
        schema("int").to_json(5, style="xml")  # type: ignore[arg-type]


TREE = schema(
    {
        "type": "record",
        "name": "n.T",
        "fields": [{"name": "t", "type": {"type": "array", "items": "n.T"}, "default": []}],
    }
)


@pytest.mark.parametrize("style", STYLES)
def test_depth_is_bounded(style: Any) -> None:
    assert TREE.from_json('{"t":[' * 50 + "]}" * 50, style=style)
    for depth in (201, 5_000, 200_000):
        with pytest.raises(DecodeError, match="nested more deeply"):
            TREE.from_json('{"t":[' * depth + "]}" * depth, style=style)
        with pytest.raises(DecodeError):
            TREE.from_json("[" * depth, style=style)
    with pytest.raises(DecodeError, match="max_depth"):
        TREE.from_json('{"t":[{"t":[]}]}', limits=Limits(max_depth=1), style=style)


@pytest.mark.parametrize("style", STYLES)
def test_defaults_are_bounded(style: Any) -> None:
    inner = {"name": "x", "type": {"type": "array", "items": "int"}, "default": [7] * 5_000}
    many = {"type": "record", "name": "n.R", "fields": [inner]}
    own = schema({"type": "array", "items": many})
    assert len(own.from_json("[{}, {}]", style=style)[1]["x"]) == 5_000
    with pytest.raises(DecodeError, match="more values than"):
        own.from_json(f"[{','.join(['{}'] * 10_000)}]", style=style)


@dataclass(frozen=True, slots=True, kw_only=True)
class Shadow(AvroRecord):
    """A record whose fields have the names of methods."""

    to_json: str  # type: ignore[assignment]
    from_json: int  # type: ignore[assignment]

    __avro_schema__ = Schema.embedded(
        '{"type": "record", "name": "n.Shadow", "fields": ['
        '{"name": "to_json", "type": "string"}, {"name": "from_json", "type": "int"}]}'
    )


def test_fields_with_the_names_of_methods_hide_them() -> None:
    value = Shadow(to_json="a", from_json=5)
    assert AvroRecord.to_json(value) == '{"to_json":"a","from_json":5}'
    read = AvroRecord.from_json.__func__  # type: ignore[attr-defined]
    assert read(Shadow, '{"to_json":"a","from_json":5}') == value


def without_compiled_source(owner: Any) -> JsonCodec:
    """The functions of an owner that do everything step by step."""
    codec = JsonCodec(owner)
    codec.is_compiled = False
    return codec


@pytest.mark.parametrize("package", PACKAGES)
def test_compiled_source_does_what_the_steps_do(package: str) -> None:
    for owner in owners(package):
        try:
            value = example(owner)
        except EncodeError:
            continue
        slow, fast = without_compiled_source(owner), JsonCodec(owner)
        text = slow.to_json(value)
        assert fast.to_json(value) == text
        assert fast.writer()(value, 200) == text, "without falling back"
        assert repr(fast.from_json(text)) == repr(slow.from_json(text))


def test_compiled_source_reads_without_falling_back() -> None:
    for owner in (OrderPlaced, OrderCancelled, PaymentSettled, ParcelScanned):
        value = example(owner)
        codec, counts = JsonCodec(owner), list[int]()
        tree = json.loads(value.to_json())
        assert codec.reader()(tree, counts.append, 200) == value
        assert sum(counts) == value.to_json().count('":')


@pytest.mark.parametrize(
    "text",
    [
        '{"amount":"1.00","amount":"2.00"}',
        '{"amount":"1.00","amount" :"2.00"}',
        '{"amount":"1.00","x":1,"amount"\n:"2.00"}',
        '{"amount":"1.00","currency":"\\ud800"}',
        '{"amount":"1.00","currency":"\ud800"}',
        '{"amount":"-1_0.00"}',
        '{"amount":"\u0661.00"}',
        '{"amount":" 1.00"}',
        '{"amount":"1.00","currency":null}',
        '{"amount":["1.00"]}',
        '{"amount":1e400}',
        '{"amount":NaN}',
        '{"amount":"1.00","$type":"com.acme.common.Other"}',
        '{"$type":"com.acme.common.Money"}',
        "[]",
        "{}",
        '{"amount":"' + "9" * 100_000 + '"}',
    ],
)
def test_compiled_source_accepts_nothing_else(text: str) -> None:
    with pytest.raises(DecodeError) as fast:
        Money.from_json(text)
    with pytest.raises(DecodeError) as slow:
        without_compiled_source(Money).from_json(text)
    assert str(fast.value) == str(slow.value)


def test_all_example_types_are_tested() -> None:
    assert len(list(owners(generated_example.__name__))) >= 23
