"""Examples in the catalogue: JSON that others read, and Python that runs as it stands."""

from __future__ import annotations

import io
import json
from typing import Any

import black
import fastavro
import pytest

from avrogen import Schema
from avrogen.avro.schema_json import self_contained_json
from avrogen.catalogue.catalogue_model import CatalogueEntry, CatalogueModel
from avrogen.catalogue.example_snippets import Example, ExampleSnippets
from tests.catalogue.pages import EXAMPLE, model_of
from tests.conftest import Build
from tests.golden.cases import GOLDEN

# fastavro's types are too loose for a strict checker.
_fastavro: Any = fastavro

NAMES = {
    # What programs call their values, what Python keeps for itself, and what is imported anyway.
    "value.avsc": {
        "type": "record",
        "name": "value",
        "fields": [
            {"name": "class", "type": "data"},
            {"name": "self", "type": {"type": "array", "items": "None"}},
            {"name": "at", "type": {"type": "long", "logicalType": "timestamp-micros"}},
            {"name": "datetime", "type": "avrogen.datetime"},
        ],
    },
    "data.avsc": {"type": "enum", "name": "data", "symbols": ["mro", "name"]},
    "none.avsc": {"type": "fixed", "name": "None", "size": 3},
    "datetime.avsc": {
        "type": "record",
        "name": "avrogen.datetime",
        "fields": [
            {"name": "n", "type": {"type": "long", "logicalType": "timestamp-nanos"}},
            {"name": "f", "type": "float"},
            {"name": "b", "type": ["null", "bytes", {"type": "map", "values": "pkg.pkg"}]},
            {"name": "t", "type": {"type": "int", "logicalType": "time-millis"}},
        ],
    },
    "pkg.avsc": {
        "type": "fixed",
        "name": "pkg.pkg",
        "size": 12,
        "logicalType": "duration",
    },
    "list.avsc": {"type": "array", "items": ["value", "data", "pkg.pkg", "null", "long", "string"]},
    "tree.avsc": {
        "type": "record",
        "name": "Tree",
        "fields": [
            {"name": "left", "type": ["null", "Tree"]},
            {"name": "right", "type": {"type": "array", "items": "Tree"}},
        ],
    },
}


RECURSIVE = {"Basket", "Tree", "com.acme.shop.Category", "com.acme.shop.Product"}
"""Of these fastavro cannot read JSON."""


def texts(schemas: dict[str, Any]) -> dict[str, str]:
    return {path: json.dumps(schema) for path, schema in schemas.items()}


def found(schemas: dict[str, str]) -> CatalogueModel:
    result = model_of(schemas)
    assert result is not None
    return result


def example_texts() -> dict[str, str]:
    files = sorted(EXAMPLE.rglob("*.avsc"))
    return {path.relative_to(EXAMPLE).as_posix(): path.read_text("utf-8") for path in files}


def schema_of(entry: CatalogueEntry, of: CatalogueModel) -> Schema:
    return Schema.parse(json.dumps(self_contained_json(entry.type, of.types)))


def made(entry: CatalogueEntry, of: CatalogueModel) -> Example:
    example = ExampleSnippets(of).of(entry)
    assert example is not None
    return example


@pytest.mark.parametrize("schemas", [example_texts(), texts(NAMES)], ids=["example", "names"])
def test_python_and_json_are_the_same_value(build: Build, schemas: dict[str, str]) -> None:
    """fastavro reads the JSON, and writes the bytes that the program has in the end."""
    build(schemas, "pkg")
    of = found(schemas)
    for entry in of.entries.values():
        example = made(entry, of)
        namespace: dict[str, Any] = {}
        exec(compile(example.python, entry.id, "exec"), namespace)
        if entry.id in RECURSIVE:
            continue
        parsed = _fastavro.parse_schema(json.loads(str(schema_of(entry, of))))
        (value,) = _fastavro.json_reader(io.StringIO(json.dumps(example.json)), parsed)
        out = io.BytesIO()
        _fastavro.schemaless_writer(out, parsed, value)
        assert out.getvalue() == namespace["data"], entry.id


@pytest.mark.parametrize("name", ["custom_types", "custom_types_presets"])
def test_types_of_ones_own_are_in_the_program(name: str) -> None:
    """It is run with the package of the golden case."""
    folder = GOLDEN / name / "schemas"
    schemas = {path.name: path.read_text("utf-8") for path in folder.glob("*.avsc")}
    of = model_of(schemas, (folder / "avrogen.toml").read_text("utf-8"))
    assert of is not None
    for entry in of.entries.values():
        python = made(entry, of).python
        assert black.format_str(python, mode=black.Mode()) == f"{python}\n", entry.id
        namespace: dict[str, Any] = {}
        program = python.replace("from pkg", f"from tests.golden.{name}.expected.{name}")
        exec(compile(program, entry.id, "exec"), namespace)
        value = schema_of(entry, of).from_avro(namespace["data"])
        assert schema_of(entry, of).to_avro(value) == namespace["data"], entry.id


def test_programs_are_laid_out_as_black_does() -> None:
    of = found(example_texts())
    for entry in of.entries.values():
        python = made(entry, of).python
        assert black.format_str(python, mode=black.Mode()) == f"{python}\n", entry.id


@pytest.mark.parametrize(
    "type_", [[], {"type": "enum", "name": "E", "symbols": []}], ids=["union", "enum"]
)
def test_types_without_values_have_no_example(type_: object) -> None:
    record = {"type": "record", "name": "R", "fields": [{"name": "a", "type": type_}]}
    of = found(texts({"r.avsc": record}))
    assert ExampleSnippets(of).of(of.entries["R"]) is None


def test_types_that_lie_deep_in_each_other() -> None:
    """An example that cannot be made is left out, and the rest of the catalogue is there."""
    chain = {
        f"{i}.avsc": {
            "type": "record",
            "name": f"R{i}",
            "fields": [{"name": "next", "type": f"R{i + 1}" if i < 599 else "int"}],
        }
        for i in range(600)
    }
    of = found(texts(chain))
    assert ExampleSnippets(of).of(of.entries["R0"]) is None
    assert made(of.entries["R590"], of).python.count("next=") == 10
