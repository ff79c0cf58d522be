"""Schemas that refer to others: fetched, put together, and bounded."""

from __future__ import annotations

import json
from typing import Any

import pytest

from avrogen import RegistryError, Schema
from avrogen.kafka.registry.protocol import RegisteredSchema, SchemaReference, SchemaText
from avrogen.kafka.registry.schema_references import (
    MAX_DEPTH,
    MAX_REFERENCES,
    MAX_TEXTS,
    resolve_references,
)
from tests.support.memory_registry import MemoryRegistry
from tests.support.schemas import record_of


def record(name: str, **types: Any) -> str:
    return json.dumps(record_of(name, **types))


def put(registry: MemoryRegistry, subject: str, text: str, *references: str) -> SchemaText:
    """Keep a schema as version 1 of a subject; references are to version 1 of others."""
    schema = SchemaText(text, tuple(SchemaReference(name, name, 1) for name in references))
    version = RegisteredSchema(subject, 1, len(registry.kept) + 1, schema)
    registry.kept.setdefault(subject, []).append(version)
    return schema


@pytest.fixture
def registry() -> MemoryRegistry:
    return MemoryRegistry()


def test_references_are_followed(registry: MemoryRegistry) -> None:
    put(registry, "a.Money", record("a.Money", amount="double"))
    put(registry, "a.Line", record("a.Line", price="a.Money"), "a.Money")
    order = record("a.Order", lines={"type": "array", "items": "a.Line"}, total="a.Money")
    schema = put(registry, "orders", order, "a.Line", "a.Money")
    complete = resolve_references(registry, schema, "schema 7")
    assert set(complete.types) == {"a.Order", "a.Line", "a.Money"}
    value = {"lines": [{"price": {"amount": 1.5}}], "total": {"amount": 3.0}}
    assert complete.from_avro(complete.to_avro(value)) == value
    assert Schema.parse(str(complete)) == complete
    assert registry.asked["version"] == 2, "what two refer to is fetched once"


def test_a_union_of_references(registry: MemoryRegistry) -> None:
    put(registry, "A", record("A", x="int"))
    put(registry, "B", record("B", y="int"))
    schema = put(registry, "events", '["A", "B"]', "A", "B")
    assert set(resolve_references(registry, schema, "schema 7").types) == {"A", "B"}


def refused(registry: MemoryRegistry, schema: SchemaText, expected: str) -> None:
    with pytest.raises(RegistryError, match=expected) as caught:
        resolve_references(registry, schema, "schema 7")
    assert not caught.value.transient
    assert len(str(caught.value)) < 500


def test_a_circle_is_refused(registry: MemoryRegistry) -> None:
    put(registry, "A", record("A", b="B"), "B")
    schema = put(registry, "B", record("B", a=["null", "A"]), "A")
    refused(registry, schema, "schema 7 has circular references, through subject [AB] version 1")


def test_a_schema_that_refers_to_itself_is_refused(registry: MemoryRegistry) -> None:
    put(registry, "A", record("A"), "A")
    refused(registry, SchemaText('"A"', (SchemaReference("A", "A", 1),)), "circular references")


def test_a_reference_to_nothing_is_refused(registry: MemoryRegistry) -> None:
    schema = SchemaText('"A"', (SchemaReference("A", "money", 3),))
    refused(registry, schema, "schema 7 refers to subject money version 3, which does not exist")


def test_long_chains_are_refused(registry: MemoryRegistry) -> None:
    for number in range(MAX_DEPTH + 2):
        put(registry, f"R{number}", record(f"R{number}", r=f"R{number + 1}"), f"R{number + 1}")
    refused(registry, SchemaText('"R0"', (SchemaReference("R0", "R0", 1),)), "too many references")
    assert registry.asked["version"] <= MAX_DEPTH + 1


def test_very_many_references_are_refused(registry: MemoryRegistry) -> None:
    names = [f"R{number}" for number in range(MAX_REFERENCES + 1)]
    for name in names:
        put(registry, name, record(name))
    schema = SchemaText('"R0"', tuple(SchemaReference(name, name, 1) for name in names))
    refused(registry, schema, "too many references")


def test_very_large_references_are_refused(registry: MemoryRegistry) -> None:
    for name in "AB":
        put(registry, name, record(name) + " " * (MAX_TEXTS // 2))
    schema = SchemaText('["A", "B"]', tuple(SchemaReference(name, name, 1) for name in "AB"))
    refused(registry, schema, "has more than 2,097,152 characters")


def test_types_that_lead_to_each_other_without_end_in_sight(registry: MemoryRegistry) -> None:
    length = 2_000
    records = [json.loads(record(f"R{n}", next=f"R{n + 1}")) for n in range(length)]
    put(registry, "last", record(f"R{length}"))
    schema = put(registry, "s", json.dumps(records), "last")
    complete = resolve_references(registry, schema, "schema 7")
    assert len(complete.types) == length + 1
    assert Schema.parse(record("R0")).from_avro(b"\x00", writer=complete) == {}


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("{", "invalid Avro schema: schema 7:1:2: .* invalid JSON"),
        ('"Missing"', 'unknown type "Missing"'),
        (record("R", a="X", b="Y"), r'unknown type "X" .* \(and 1 more problems\)'),
        ("[" * 100_000, "nested"),
    ],
)
def test_what_is_no_schema_is_refused(registry: MemoryRegistry, text: str, expected: str) -> None:
    refused(registry, SchemaText(text), expected)


def test_two_definitions_of_a_type_are_refused(registry: MemoryRegistry) -> None:
    put(registry, "A", record("A", x="int"))
    text = record("R", a=json.loads(record("A", x="string")))
    refused(registry, SchemaText(text, (SchemaReference("A", "A", 1),)), "AVR204")


BAD_DEFAULT = json.dumps(
    {
        "type": "record",
        "name": "R",
        "fields": [
            {"name": "x", "type": "float", "default": "3.14"},
            {"name": "e", "type": {"type": "enum", "name": "E", "symbols": ["A"], "default": "B"}},
        ],
    }
)


def test_bad_defaults_count_as_none(registry: MemoryRegistry) -> None:
    schema = SchemaText(BAD_DEFAULT)
    reading = resolve_references(registry, schema, "schema 7")
    assert reading.from_avro(b"\x00\x00\x80\x3f\x00") == {"x": 1.0, "e": "A"}
    assert [d.location.path for d in reading.tolerated] == ["schema 7", "schema 7"]
    assert reading == Schema.parse(BAD_DEFAULT, tolerant=True) != Schema.parse(record("R"))


def test_good_defaults_stay_where_nothing_is_wrong(registry: MemoryRegistry) -> None:
    text = '{"type":"record","name":"R","fields":[{"name":"x","type":"int","default":7}]}'
    reading = resolve_references(registry, SchemaText(text), "schema 7")
    assert reading == Schema.parse(text)


def test_what_else_is_wrong_is_refused_all_the_same(registry: MemoryRegistry) -> None:
    text = BAD_DEFAULT.replace('"float"', '"flaot"')
    with pytest.raises(RegistryError, match="flaot"):
        resolve_references(registry, SchemaText(text), "schema 7")
