"""Writers' schemas come from the network: they, too, must neither stop nor fill a process."""

from __future__ import annotations

import pickle
import tracemalloc
from itertools import pairwise
from typing import Any

import pytest

from avrogen import DecodeError, EncodeError, Limits, Schema, SchemaError
from tests.support.dynamic import Package
from tests.support.schemas import parsed, record_of

NODE = record_of("N", a=["null", "N"], b=["null", "N"])
for _field in NODE["fields"]:
    _field["default"] = None


def doubling(levels: int, name: str, innermost: dict[str, Any]) -> list[dict[str, Any]]:
    """Types that contain two of the next each, the innermost first."""
    names = [name.format(level) for level in range(levels + 1)]
    outer = [record_of(one, a=other, b=other) for one, other in pairwise(names)]
    return [record_of(names[-1], **innermost), *reversed(outer)]


def chain(levels: int) -> list[dict[str, Any]]:
    """Types that contain the next each, the innermost first, filled by their own defaults."""
    types = [record_of(f"C{n}", a=f"C{n + 1}", b="int") for n in range(levels)]
    for type_ in types:
        type_["fields"][0]["default"] = {}
        type_["fields"][1]["default"] = 1
    last = record_of(f"C{levels}", a="int")
    last["fields"][0]["default"] = 1
    return [last, *reversed(types)]


def test_defaults_that_fill_each_other() -> None:
    """Twice the next each would be two to the fortieth; a long chain, the end of the stack."""
    types = doubling(40, "R{}", {"z": "int"})
    for type_ in types:
        for each in type_["fields"]:
            each["default"] = 0 if each["name"] == "z" else {}
    assert parsed(record_of("T", types=["null", *types])).from_avro(b"\x00") == {"types": None}
    assert parsed(record_of("T", types=["null", *chain(50)])).from_avro(b"\x00") == {"types": None}
    for levels in (70, 3_000):
        with pytest.raises(
            SchemaError, match="defaults complete each other more than 64 levels deep"
        ):
            parsed(record_of("T", types=["null", *chain(levels)]))


def test_schemas_longer_than_the_stack_are_like_others() -> None:
    """Their first use comes before their definition, so that they lie within each other."""
    types = [record_of(f"R{n}", a=f"R{n + 1}") for n in range(1_000)]
    schema = parsed(record_of("T", first="R0", types=["null", record_of("R1000", a="int"), *types]))
    again = pickle.loads(pickle.dumps(schema))
    assert again == schema
    assert hash(again) == hash(schema)
    assert schema.fingerprint() == again.fingerprint()
    assert schema.canonical_form.count('"record"') == 1_002
    with pytest.raises(DecodeError):
        schema.from_avro(b"", writer=again)
    with pytest.raises(DecodeError, match="fingerprint"):
        schema.from_single_object(b"\xc3\x01" + bytes(8))


def test_what_has_no_bytes_is_not_skipped_step_by_step() -> None:
    types = doubling(40, "R{}", {"z": "null"})
    writer = parsed(
        record_of("T", types=types, x="R0", xs={"type": "array", "items": "R0"}, k="int")
    )
    reader = parsed(record_of("T", k="int"))
    assert reader.from_avro(bytes.fromhex("00c09a0c0002"), writer=writer) == {"k": 1}


def test_few_bytes_do_not_become_very_many_records() -> None:
    types = doubling(40, "n{}.N", {})
    writer = parsed(record_of("T", types=types, x="n0.N"))
    reader = parsed(record_of("T", x=NODE))
    with pytest.raises(DecodeError, match=r"Limits\.max_empty_items"):
        reader.from_avro(b"\x00", writer=writer)


def test_own_schemas_neither() -> None:
    schema = parsed(record_of("T", types=doubling(40, "R{}", {}), x="R0"))
    with pytest.raises(DecodeError, match=r"Limits\.max_empty_items"):
        schema.from_avro(b"\x00")


def test_chains_of_types_may_be_longer_than_the_stack() -> None:
    length = 3_000
    chain = [record_of(f"R{n}", a=f"R{n + 1}") for n in range(length)]
    types = [record_of(f"R{length}", a="int"), *reversed(chain)]
    reader = parsed(types)
    writer = parsed([record_of("Other"), *types])
    assert reader.from_avro(b"\x00\x02") == {"a": 1}
    assert reader.from_avro(b"\x02\x02", writer=writer) == {"a": 1}
    assert writer.to_avro({"a": 1}) == b"\x02\x02"
    with pytest.raises(DecodeError, match="recursion limit"):
        reader.from_avro(b"\xf0\x2e\x02")


def test_chains_of_types_may_be_defined_in_the_order_of_their_use() -> None:
    length = 3_000
    chain = [record_of(f"R{n}", a=f"R{n + 1}") for n in range(length)]
    types = [*chain, record_of(f"R{length}")]
    writer = parsed(types)
    assert writer.canonical_form.startswith('[{"name":"R0","type":"record","fields":[{"name":"a"')
    assert writer.canonical_form.count('"type":"record"') == length + 1
    assert len(writer.fingerprint()) == 8
    assert parsed(record_of("R0")).from_avro(b"\x00", writer=writer) == {}


def test_records_that_contain_each_other_without_end_have_no_values() -> None:
    schema = parsed({"type": "array", "items": record_of("A", b=record_of("B", a="A"))})
    assert schema.from_avro(b"\x00") == []
    with pytest.raises(DecodeError, match=r"Limits\.max_depth"):
        schema.from_avro(b"\x02\x00")


def test_classes_in_unions_of_very_many_branches() -> None:
    schema = parsed(["null", *(record_of(f"R{n}", a="int") for n in range(1_500))])
    package = Package(schema)
    for name in ("R0", "R62", "R63", "R1499"):
        value = package.classes[name](1)
        data = package.codec.to_avro(value)
        assert data == schema.to_avro((name, {"a": 1}))
        assert package.codec.from_avro(data) == value
    assert package.codec.to_avro(None) == b"\x00"
    with pytest.raises(EncodeError):
        package.codec.to_avro(1)


def test_unions_of_very_many_branches() -> None:
    schema = parsed(["null", *(record_of(f"R{n}", a="int", x="string") for n in range(2_000))])
    for name in ("R0", "R63", "R64", "R1999"):
        data = schema.to_avro((name, {"a": 1, "x": name}))
        assert schema.from_avro(data) == {"a": 1, "x": name}
        assert schema.from_avro(data, writer=Schema.parse(str(schema))) == {"a": 1, "x": name}
    for data, index in ((b"\x01", -1), (bytes.fromhex("a21f"), 2001), (b"\x81\x01", -65)):
        with pytest.raises(DecodeError, match=f"union branch {index} does not exist"):
            schema.from_avro(data)


def test_union_without_branches_has_no_values() -> None:
    schema = parsed(record_of("R", a=[]))
    with pytest.raises(
        EncodeError, match=r"\$\.a: expected no value, as the union has no branches"
    ):
        schema.to_avro({"a": 1})
    with pytest.raises(DecodeError, match=r"\$\.a"):
        schema.from_avro(b"\0")


MANY = bytes([0xC0, 0x9A, 0x0C, 0])
"""A block of 100,000 items without bytes."""

EMPTY = {"type": "array", "items": record_of("E")}

TWENTY = {
    "type": "array",
    "items": {
        "type": "record",
        "name": "E",
        "fields": [
            {"name": f"d{n}", "type": {"type": "array", "items": "int"}, "default": [1] * 20}
            for n in range(20)
        ],
    },
}


def test_few_bytes_do_not_become_very_many_values() -> None:
    """Not from fields without bytes, and not from defaults for a writer that has no fields."""
    nulls = {"type": "array", "items": record_of("W", **{f"n{n}": "null" for n in range(100)})}
    for schema, writer in ((nulls, nulls), (TWENTY, EMPTY)):
        tracemalloc.start()
        with pytest.raises(DecodeError, match=r"Limits\.max_values"):
            parsed(schema).from_avro(MANY, writer=parsed(writer))
        _, most = tracemalloc.get_traced_memory()
        tracemalloc.stop()
        assert most < 100 * 10**6


def test_values_of_defaults_are_counted_where_items_have_bytes() -> None:
    writer = {"type": "array", "items": record_of("E", b="boolean")}
    reader, written = parsed(TWENTY), parsed(writer)
    data = bytes([0xD0, 0x0F]) + bytes(1_000) + b"\x00"
    assert len(reader.from_avro(data, writer=written)) == 1_000
    with pytest.raises(DecodeError, match=r"Limits\.max_values"):
        reader.from_avro(data, writer=written, limits=Limits(max_values=400_000))
    many = bytes([0xA0, 0x8D, 0x06]) + bytes(50_000) + b"\x00"
    with pytest.raises(DecodeError, match=r"Limits\.max_values"):
        reader.from_avro(many, writer=written)
    lenient = Limits(max_values=30_000_000)
    assert len(reader.from_avro(data, writer=written, limits=lenient)) == 1_000


def test_ordinary_defaults_are_not_limited() -> None:
    """Not even where a record of two bytes gets twenty fields, and there are many of them."""
    fields = [{"name": f"d{n}", "type": "int", "default": n} for n in range(20)]
    item = {"type": "record", "name": "E", "fields": [{"name": "s", "type": "string"}, *fields]}
    reader = parsed({"type": "array", "items": item})
    writer = parsed({"type": "array", "items": record_of("E", s="string")})
    data = writer.to_avro([{"s": "x"}] * 50_000)
    assert len(reader.from_avro(data, writer=writer)) == 50_000
