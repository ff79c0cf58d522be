"""A schema that was read and written again says the same."""

import json

import pytest

from avrogen import Schema, SchemaError
from avrogen.avro.canonical_form import canonical_form
from avrogen.avro.diagnostics import Severity
from avrogen.avro.parser import Parsed, parse_sources
from avrogen.avro.schema_json import definition_json, self_contained_json
from avrogen.avro.source import Source
from avrogen.codec.codec import Codec
from tests.support import schemas
from tests.support.parsed_schema import parse_schema
from tests.support.shared import conformance, schema_text


def valid_schemas() -> list[Parsed]:
    found = [parse_schema(schema_text(case)) for case in conformance("schemas")]
    return [p for p in found if p.roots and not errors(p)]


def errors(parsed: Parsed) -> bool:
    return any(d.severity is Severity.ERROR for d in parsed.diagnostics)


def test_a_self_contained_schema_reads_as_itself() -> None:
    for parsed in valid_schemas():
        root = parsed.roots[0].type
        again = parse_schema(json.dumps(self_contained_json(root, parsed.types)))
        assert not errors(again)
        assert again.roots[0].type == root
        assert {n: again.types[n] for n in again.types} == dict(parsed.types)
        assert canonical_form(root, parsed.types) == canonical_form(root, again.types)


def test_definitions_one_by_one_read_as_the_whole() -> None:
    for parsed in valid_schemas():
        texts = {
            name: json.dumps(definition_json(t, parsed.types)) for name, t in parsed.types.items()
        }
        again = parse_sources(Source(name, text, name) for name, text in texts.items())
        assert not errors(again)
        assert again.types == parsed.types


def test_everything_is_kept_at_its_place() -> None:
    schema = {
        "type": "record", "name": "R", "namespace": "n", "doc": "A doc.", "aliases": ["n.Old"],
        "fields": [
            {
                "name": "a",
                "type": {"type": "string", "avro.java.string": "String"},
                "doc": "Of a.", "default": "x", "order": "descending", "aliases": ["b"], "pii": 1,
            },
            {"name": "m", "type": {"type": "map", "values": "int", "key-class": "K"}},
            {"name": "l", "type": {"type": "array", "items": "n.R", "element-class": "E"}},
            {"name": "f", "type": {
                "type": "fixed", "name": "F", "namespace": "", "size": 4, "x": [1, {"y": None}]}},
        ],
        "owner": {"team": "shop"},
    }  # fmt: skip
    parsed = parse_schema(json.dumps(schema))
    assert self_contained_json(parsed.roots[0].type, parsed.types) == schema


@pytest.mark.parametrize("size", [15, 62, 63, 64, 100, 300, 1_000])
def test_text_of_a_chain_can_be_parsed(size: int) -> None:
    records = [schemas.record_of(f"R{n}", a=f"R{n + 1}") for n in range(size)]
    schema = schemas.parsed([*records, schemas.record_of(f"R{size}", x="int")])
    again = Schema.parse(str(schema))
    assert again == schema
    assert str(again) == str(schema)


def test_a_chain_in_namespaces_keeps_its_names() -> None:
    records = [
        schemas.record_of(f"n{n % 2}.R{n}", a=f"n{(n + 1) % 2}.R{n + 1}") for n in range(100)
    ]
    schema = schemas.parsed([*records, schemas.record_of("n0.R100", x="int")])
    assert Schema.parse(str(schema)) == schema


def test_a_chain_longer_than_the_stack_is_one_text() -> None:
    texts = [json.dumps(schemas.record_of(f"R{n}", a=f"R{n + 1}")) for n in range(500)]
    texts.append(json.dumps(schemas.record_of("R500", x="int")))
    owners = [Codec[object](Schema.embedded(text)) for text in texts[1:]]
    schema = Schema.embedded(texts[0], lambda: owners)
    assert Schema.parse(str(schema)) == schema


def test_a_chain_that_fits_no_text_is_an_error() -> None:
    """Its types are in texts of their own, and each is used once."""
    texts = [json.dumps(schemas.record_of(f"R{n}", a=f"R{n + 1}")) for n in range(1400)]
    texts.append(json.dumps(schemas.record_of("R1400", x="int")))
    owners = [Codec[object](Schema.embedded(text)) for text in texts[1:]]
    schema = Schema.embedded(texts[0], lambda: owners)
    with pytest.raises(SchemaError, match="nested too deeply"):
        str(schema)


def test_deep_attributes_within_types_are_counted() -> None:
    deep: object = 1
    for _ in range(200):
        deep = [deep]
    records = [schemas.record_of(f"R{n}", a=f"R{n + 1}") for n in range(40)]
    schema = schemas.parsed([*records, {**schemas.record_of("R40", x="int"), "deep": deep}])
    assert Schema.parse(str(schema)) == schema
