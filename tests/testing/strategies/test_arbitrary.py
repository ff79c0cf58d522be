"""Schemas, encodings and successors that hypothesis draws, held against other implementations.

Faults of the partners that are kept out of what is drawn:

* Apache avro refuses a fixed of size 0, and its check of compatibility knows no aliases of fields
  and types.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from typing import Any

import avro.compatibility
import avro.schema
import pytest
from hypothesis import HealthCheck, Phase, assume, find, given, settings
from hypothesis import strategies as st

from avrogen import Schema
from avrogen.avro import model
from avrogen.testing import (
    Evolution,
    arbitrary_bytes_for,
    arbitrary_schema,
    evolved,
    from_schema,
)
from avrogen.testing.strategies.schemas import schema_json
from tests.support.partners import Apache, FastAvro
from tests.support.strategies import is_same, without_logical_types

GENEROUS = settings(max_examples=100, suppress_health_check=[HealthCheck.too_slow])

_apache_schema: Any = avro.schema
_apache_compatibility: Any = avro.compatibility


# --- schemas --------------------------------------------------------------------------------------


@GENEROUS
@given(schema_json())
def test_schemas_are_valid_to_others(schema: Any) -> None:
    FastAvro(schema)
    if '"size": 0' not in json.dumps(schema):
        Apache(schema)


@pytest.fixture(scope="module")
def texts() -> str:
    """A good many schemas, the same in every run."""
    drawn: list[str] = []

    @settings(GENEROUS, max_examples=1500, database=None, derandomize=True, phases=[Phase.generate])
    @given(schema_json())
    def collect(schema: Any) -> None:
        drawn.append(json.dumps(schema))

    collect()
    return "\n".join(drawn)


@pytest.mark.xdist_group("arbitrary schemas")
@pytest.mark.parametrize(
    "text",
    [
        '"type": "record"',
        '"type": "enum"',
        '"type": "fixed"',
        '"type": "map"',
        '"namespace": "space0.inner"',
        '"name": "space1.T1"',
        '"aliases": ["old.T2',
        '"default": ""',
        '"default": null',
        '"default": []',
        '"order": "ignore"',
        '"logicalType": "duration"',
        '"logicalType": "colour"',
        '"precision": 40',
        '"S299"',
        '{"type": "array", "items": "T',
        '["null", "T',
        '"int", "long"',
        '"owner": {',
    ],
)
def test_schemas_have_all_that_there_is(texts: str, text: str) -> None:
    assert text in texts


# --- encodings ------------------------------------------------------------------------------------


@GENEROUS
@given(arbitrary_schema(), st.data())
def test_encodings_are_read_by_all(schema: Schema, data: st.DataObject) -> None:
    text = str(schema)
    encoding = data.draw(arbitrary_bytes_for(schema))
    raw = FastAvro(json.loads(text)).read(encoding)
    if '"size":0' not in text:
        assert is_same(Apache(json.loads(text)).read(encoding), raw)
    plain = Schema.parse(json.dumps(without_logical_types(json.loads(text))))
    assert is_same(plain.from_avro(encoding), raw)
    schema.from_avro(encoding)


MANY = '{"type": "array", "items": "null"}'


@pytest.mark.parametrize(
    ("schema", "encoding"),
    [
        (MANY, b"\0"),
        (MANY, b"\2\2\0"),  # two blocks of one item
        (MANY, b"\1\0\0"),  # a block of one item and its size
        (MANY, b"\3\0\2\0"),
        ('{"type": "map", "values": "null"}', b"\2\0\2\0\0"),  # a key twice
        ('{"type": "bytes", "logicalType": "decimal", "precision": 3}', b"\4\0\0"),
        ('"float"', b"\0\0\xc0\x7f"),  # NaN
    ],
)
def test_encodings_of_all_kinds_come(schema: str, encoding: bytes) -> None:
    options = settings(max_examples=5000, database=None, derandomize=True, phases=[Phase.generate])
    find(arbitrary_bytes_for(Schema.parse(schema)), lambda data: data == encoding, settings=options)


# --- successors -----------------------------------------------------------------------------------


@GENEROUS
@given(arbitrary_schema(), st.data())
def test_verdicts_are_those_of_avrogen(schema: Schema, data: st.DataObject) -> None:
    successor = data.draw(evolved(schema))
    assert (not successor.schema.can_read(schema)) is successor.backward
    assert (not schema.can_read(successor.schema)) is successor.forward


@GENEROUS
@given(arbitrary_schema(), st.data())
def test_verdicts_are_those_of_apache_avro(schema: Schema, data: st.DataObject) -> None:
    successor = data.draw(evolved(schema))
    assume("alias" not in successor.change and '"size":0' not in str(successor.schema))
    assert apache_reads(successor.schema, schema) == successor.backward, successor
    assert apache_reads(schema, successor.schema) == successor.forward, successor


def apache_reads(reader: Schema, writer: Schema) -> bool:
    """What Apache avro says of two schemas."""
    checker = _apache_compatibility.ReaderWriterCompatibilityChecker()
    result = checker.get_compatibility(*map(apache_schema, (reader, writer)))
    return bool(result.compatibility.name == "compatible")


def apache_schema(schema: Schema) -> Any:
    return _apache_schema.parse(json.dumps(without_logical_types(json.loads(str(schema)))))


@GENEROUS
@given(arbitrary_schema(), st.data())
def test_what_is_compatible_is_read_by_avrogen_and_fastavro(
    schema: Schema, data: st.DataObject
) -> None:
    successor = data.draw(evolved(schema))
    # Bytes are read as a string if they are UTF-8, which no schema says.
    assume(not re.search("is now (bytes|string)$", successor.change))
    for readable, writer, reader in (
        (successor.backward, schema, successor.schema),
        (successor.forward, successor.schema, schema),
    ):
        if readable:
            written = writer.to_avro(data.draw(from_schema(writer)))
            reader.from_avro(written, writer=writer)
            FastAvro(json.loads(str(writer))).read(written, FastAvro(json.loads(str(reader))))


ORDER = Schema.parse(
    json.dumps(
        {
            "type": "record",
            "name": "Order",
            "fields": [
                {"name": "id", "type": "int"},
                {"name": "note", "type": "string", "default": ""},
                {"name": "state", "type": {"type": "enum", "name": "State", "symbols": ["A", "B"]}},
                {"name": "sum", "type": {"type": "fixed", "name": "Sum", "size": 4}},
                {
                    "name": "paid",
                    "type": ["null", {"type": "record", "name": "Card", "fields": []}],
                },
                {"name": "tags", "type": {"type": "array", "items": "string"}},
            ],
        }
    )
)


@pytest.mark.parametrize(
    ("change", "backward", "forward"),
    [
        ("nothing is changed", True, True),
        ("the fields of Order stand in another order", True, True),
        ("Order has a new field added, with default", True, True),
        ("Order has a new field added, without default", False, True),
        ("Order.id is gone", True, False),
        ("Order.note is gone", True, True),
        ("Order.id is renamed, with an alias", True, False),
        ("Order.id is renamed, without an alias", False, False),
        ("Order.note is renamed, without an alias", True, True),
        ("Order.id: int is now long", True, False),
        ("Order.id: int is now boolean", False, False),
        ("Order.tags: string is now bytes", True, True),
        ("Order.sum may be null", True, False),
        ("Order.paid has another branch", True, False),
        ("Order.paid has no branch Card", False, True),
        ("State has another symbol", True, False),
        ("State has no symbol B", False, True),
        ("Sum is larger", False, False),
        ("Card is renamed, with an alias", True, False),
        ("Card is renamed, without an alias", False, False),
    ],
)
def test_every_change_comes_with_its_verdict(change: str, backward: bool, forward: bool) -> None:
    found = find_evolution(lambda successor: successor.change == change)
    assert (found.backward, found.forward) == (backward, forward)
    assert (found.schema == ORDER) == (change == "nothing is changed")


def find_evolution(is_wanted: Callable[[Evolution], bool]) -> Evolution:
    options = settings(max_examples=5000, database=None, derandomize=True, phases=[Phase.generate])
    return find(evolved(ORDER), is_wanted, settings=options)


def test_what_defaults_are_written_for_stays() -> None:
    """Otherwise the successor would be no schema."""
    inner = {"type": "record", "name": "R", "fields": [{"name": "x", "type": "int"}]}
    outer = {"name": "Top", "fields": [{"name": "r", "type": inner, "default": {"x": 1}}]}
    schema = Schema.parse(json.dumps({"type": "record", **outer}))

    @settings(max_examples=300, database=None, derandomize=True)
    @given(evolved(schema))
    def check(successor: Evolution) -> None:
        top = next(t for name, t in successor.schema.types.items() if name.startswith("Top"))
        assert isinstance(top, model.RecordType)
        if any(field.name == "r" and field.default is not model.NO_DEFAULT for field in top.fields):
            [record] = (t for t in successor.schema.types.values() if t is not top)
            assert isinstance(record, model.RecordType)
            assert any(f.name == "x" and f.type == model.Primitive("int") for f in record.fields)

    check()


def test_a_type_with_its_own_name_as_an_alias_is_found_whatever_it_is_called() -> None:
    """Schemas in use have such."""
    schema = Schema.parse('{"type": "record", "name": "R", "aliases": ["R"], "fields": []}')

    @settings(max_examples=50, database=None, derandomize=True)
    @given(evolved(schema))
    def check(successor: Evolution) -> None:
        assert (not successor.schema.can_read(schema)) is successor.backward, successor.change

    check()
