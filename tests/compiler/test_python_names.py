"""Names that the configuration sets, names that Avro does not allow, and names in classes."""

from __future__ import annotations

import dataclasses
import importlib
import itertools
import json
from collections.abc import Iterable
from enum import Enum
from pathlib import Path
from typing import Any

import fastavro
import pytest
from hypothesis import given
from hypothesis import strategies as st

from avrogen import Schema, SchemaError
from avrogen.avro.diagnostics import Diagnostics
from avrogen.avro.model import Json
from avrogen.avro.source import Source
from avrogen.codec.classes import AvroEnum, AvroRecord
from avrogen.compiler.build import analyse
from avrogen.compiler.python_model import EnumClass, Package, RecordClass
from avrogen.config.config import Config, NamesSection, parse_config
from avrogen.testing import example
from tests.conftest import Build, run_avrogen, write_schemas

_fastavro: Any = fastavro

ATOMS = (
    *("x", "x_", "x__", "_x", "_x_", "_x__", "__x", "__x_", "__x__", "___x"),
    *("_", "__", "___", "____", "_1", "__1", "_E__x", "_E__x__", "E", "self", "title"),
    *("name", "name_", "_name", "__name__", "value", "value_", "_value_", "to_avro", "_to_avro"),
    *("None", "None_", "mro", "_mro_", "__mro", "mro_"),
)
"""Names that mean something in Python, in classes or in enums, and names near those."""


def packaged(names: NamesSection, *schemas: Json) -> tuple[Package | None, list[str]]:
    """The package of some schemas, and the codes of the diagnostics."""
    diagnostics = Diagnostics()
    sources = [
        Source(f"{number}.avsc", json.dumps(schema), f"{number}.avsc")
        for number, schema in enumerate(schemas)
    ]
    analysis = analyse(sources, Config(names=names), diagnostics)
    return analysis.package if analysis else None, [d.code.id for d in diagnostics]


def enum_from(symbols: Iterable[str]) -> tuple[type[Enum], list[str]]:
    """The enum that is generated for symbols, and the names of its members."""
    schema: Json = {"type": "enum", "name": "E", "symbols": [*symbols]}
    package, codes = packaged(NamesSection(), schema)
    assert package is not None and not codes
    ((definition,),) = [module.definitions for module in package.modules]
    assert isinstance(definition, EnumClass)
    lines = [f"    {member.name} = {member.symbol!r}" for member in definition.members]
    namespace: dict[str, type[Enum]] = {"AvroEnum": AvroEnum}
    exec("\n".join(["class E(AvroEnum):", *lines]), namespace)
    return namespace["E"], [member.name for member in definition.members]


def record_from(fields: Iterable[str], **names: Any) -> list[str]:
    """The attributes that are generated for fields."""
    listed: list[Json] = [{"name": name, "type": "int"} for name in fields]
    schema: Json = {"type": "record", "name": "E", "fields": listed}
    package, codes = packaged(NamesSection(**names), schema)
    assert package is not None and not codes
    ((definition,),) = [module.definitions for module in package.modules]
    assert isinstance(definition, RecordClass)
    return [field.name for field in definition.fields]


def assert_symbols_are_members(symbols: tuple[str, ...]) -> None:
    enum, names = enum_from(symbols)
    assert [member.value for member in enum] == list(symbols)
    assert [member.name for member in enum] == names
    assert not any(name.startswith("_") and name.strip("_") for name in names)


def test_symbols_of_one_and_of_two_awkward_names_are_members() -> None:
    for symbols in [*((atom,) for atom in ATOMS), *itertools.permutations(ATOMS, 2)]:
        assert_symbols_are_members(symbols)


@given(st.lists(st.sampled_from(ATOMS), min_size=3, max_size=8, unique=True).map(tuple))
def test_symbols_of_many_awkward_names_are_members(symbols: tuple[str, ...]) -> None:
    assert_symbols_are_members(symbols)


@given(st.lists(st.sampled_from(ATOMS), min_size=1, max_size=8, unique=True))
def test_fields_of_awkward_names_are_public_attributes(fields: list[str]) -> None:
    names = record_from(fields)
    made = dataclasses.make_dataclass("E", names, kw_only=True)
    values = dict(zip(names, range(len(fields)), strict=True))
    assert dataclasses.asdict(made(**values)) == values
    assert not any(name.startswith("_") and name.strip("_") for name in names)


@given(
    st.lists(
        st.text(st.characters(exclude_categories=("C", "Zl", "Zp")), max_size=5).filter(
            str.isprintable
        ),
        min_size=1,
        max_size=6,
        unique=True,
    )
)
def test_any_printable_text_becomes_a_name(texts: list[str]) -> None:
    attributes = record_from(texts, lenient=True)
    assert len(set(attributes)) == len(texts)
    text = "\n".join(["class E:", *(f"    {name}: int = {n}" for n, name in enumerate(attributes))])
    namespace: dict[str, Any] = {}
    exec(text, namespace)
    assert [getattr(namespace["E"], name) for name in attributes] == list(range(len(texts)))
    styled = record_from([texts[0]], lenient=True, field_style="snake_case")
    assert all(name.isidentifier() for name in styled)


# --- names that Avro does not allow -------------------------------------------------------------

ODD: Json = {
    "type": "record",
    "name": "stop times",
    "namespace": "com.app.Parent-0",
    "fields": [
        {"name": "stop id", "type": "string"},
        {"name": "2nd", "type": ["null", "int"], "default": None},
        {"name": "a.b", "type": {"type": "enum", "name": "Kind$", "symbols": ["+1", "in-2"]}},
        {"name": "straße", "type": {"type": "fixed", "name": ".x.Sha-2", "size": 2}},
        {"name": "", "type": "int", "default": 3},
    ],
}
LENIENT = "[names]\nlenient = true\n"


def test_a_class_reads_and_writes_names_that_avro_does_not_allow(build: Build) -> None:
    package = build({"odd.avsc": ODD, "avrogen.toml": LENIENT})
    record = package.stop_times
    value = record(stop_id="a", field_2nd=1, a_b=package.Kind_("in-2"), straße=package.Sha_2(b"xy"))
    assert value.field == 3
    data = value.to_avro()
    assert record.from_avro(data) == value
    assert record.from_avro(data, writer=record.__avro_schema__) == value
    assert record.__avro_fields__ == {
        "stop id": "stop_id",
        "2nd": "field_2nd",
        "a.b": "a_b",
        "straße": "straße",
        "": "field",
    }
    text = str(record.__avro_schema__)
    assert json.loads(text)["fields"][3]["name"] == "straße"
    assert (
        json.loads(record.__avro_schema__.canonical_form)["name"] == "com.app.Parent-0.stop times"
    )
    assert example(record) == record.from_avro(example(record).to_avro())


def test_data_are_those_of_fastavro(build: Build, tmp_path: Path) -> None:
    """fastavro checks names of types and symbols, so these are allowed here."""
    schema: dict[str, Any] = {
        "type": "record",
        "name": "Row",
        "fields": [
            {"name": "stop id", "type": "string"},
            {"name": "a.b", "type": "long"},
            {"name": "@type", "type": ["null", "string"]},
        ],
    }
    package = build({"row.avsc": schema, "avrogen.toml": LENIENT})
    value = package.Row(stop_id="x", a_b=7, type="y")
    path = tmp_path / "row"
    with path.open("wb") as out:
        _fastavro.schemaless_writer(out, schema, {"stop id": "x", "a.b": 7, "@type": "y"})
    assert value.to_avro() == path.read_bytes()


@pytest.mark.parametrize(
    ("name", "producer"),
    [
        ("Parent-0", "Debezium"),
        ("2nd", "NiFi"),
        ("Outer$Inner", "Java and Scala"),
        ("Größe", "Avro Java"),
    ],
)
def test_hints_name_producers_and_the_setting(tmp_path: Path, name: str, producer: str) -> None:
    folder = write_schemas(tmp_path, {"a.avsc": {"type": "record", "name": name, "fields": []}})
    result = run_avrogen("build", folder, "-o", tmp_path / "pkg")
    assert result.exit_code == 1
    assert producer in result.stderr and "[names] lenient = true" in result.stderr


@pytest.mark.parametrize("name", ["com.acme.", "a\u0000", "a\u2028b"])
def test_names_that_nobody_can_have(name: str) -> None:
    schema: Json = {"type": "record", "name": name, "fields": []}
    assert packaged(NamesSection(lenient=True), schema) == (None, ["AVR201"])


def test_schemas_of_others_stay_strict() -> None:
    with pytest.raises(SchemaError, match="AVR201"):
        Schema.parse('{"type": "record", "name": "a-b", "fields": []}')


# --- names that are chosen ------------------------------------------------------------------------

ORDER: Json = {
    "type": "record",
    "name": "Order",
    "namespace": "com.acme.shop",
    "fields": [{"name": "orderId", "type": "string"}, {"name": "__deleted", "type": "string"}],
}


def test_settings_choose_names_and_keep_the_schema(build: Build) -> None:
    plain = build({"order.avsc": ORDER}, "plain")
    toml = """
        [names]
        field-style = "snake_case"
        namespaces = { "com.acme" = "" }
        types = { "com.acme.shop.Order" = "Purchase" }
    """
    chosen = build({"order.avsc": ORDER, "avrogen.toml": toml}, "chosen")
    assert importlib.import_module("chosen.shop").Purchase is chosen.Purchase
    assert chosen.Purchase.__avro_fields__ == {"orderId": "order_id", "__deleted": "deleted"}
    assert chosen.Purchase.__avro_schema__ == plain.Order.__avro_schema__
    value = chosen.Purchase(order_id="1", deleted="no")
    assert value.to_avro() == plain.Order(orderId="1", deleted="no").to_avro()


def test_the_map_of_fields_to_attributes_is_made_once(build: Build) -> None:
    package = build({"order.avsc": ORDER})
    assert AvroRecord in package.Order.__mro__
    names = package.Order.__avro_fields__
    assert dict(names) == {"orderId": "orderId", "__deleted": "deleted"}
    assert package.Order.__avro_fields__ is names
    assert package.Order(orderId="", deleted="").__avro_fields__ is names
    with pytest.raises(TypeError):
        names["x"] = "y"


def record(full_name: str, *fields: str) -> dict[str, Json]:
    listed: list[Json] = [{"name": name, "type": "int"} for name in fields]
    return {"type": "record", "name": full_name, "fields": listed}


@pytest.mark.parametrize(
    ("names", "schemas"),
    [
        ({"fields": {"a.R.x": "y"}}, [record("a.R", "x", "y")]),
        ({"fields": {"a.R.x": "z", "a.R.y": "z"}}, [record("a.R", "x", "y")]),
        ({"field_style": "snake_case"}, [record("a.R", "orderId", "order_id")]),
        ({"field_style": "snake_case"}, [record("a.R", "orderId", "OrderID")]),
        ({"types": {"a.R": "S"}}, [record("a.R"), record("a.S")]),
        ({"namespaces": {"a": "", "b": ""}}, [record("a.R"), record("b.R")]),
        ({"namespaces": {"a": "c"}}, [record("a.R"), record("c.R")]),
        ({"namespaces": {"a.b": "R.c"}}, [record("a.b.X"), record("R")]),
        (
            {"symbols": {"a.E.X": "Y"}},
            [{"type": "enum", "name": "a.E", "symbols": ["X", "Y"]}],
        ),
    ],
)
def test_collisions_are_errors(names: dict[str, Any], schemas: list[Json]) -> None:
    assert packaged(NamesSection(**names), *schemas) == (None, ["AVR622"])


@pytest.mark.parametrize(
    ("names", "schemas"),
    [
        ({"field_style": "snake_case"}, [record("a.R", "deleted", "__deleted", "class", "class_")]),
        ({"types": {"a.R": "S", "a.S": "R"}}, [record("a.R"), record("a.S")]),
        ({"fields": {"a.R.x": "y", "a.R.y": "x"}}, [record("a.R", "x", "y")]),
        ({"namespaces": {"a": "c"}}, [record("a.R"), record("c.S"), record("c.d.R")]),
    ],
)
def test_names_that_do_not_collide(names: dict[str, Any], schemas: list[Json]) -> None:
    package, codes = packaged(NamesSection(**names), *schemas)
    assert package is not None and not codes


def test_the_longest_namespace_counts() -> None:
    names = NamesSection(namespaces={"com.acme": "", "com.acme.shop": "store"})
    assert names.namespace("com.acme") == ""
    assert names.namespace("com.acme.v1") == "v1"
    assert names.namespace("com.acme.shop.v1") == "store.v1"
    assert names.namespace("com.acme.shopping") == "shopping"
    assert names.namespace("com") == "com"


def test_an_unknown_style_is_an_error_with_a_hint() -> None:
    diagnostics = Diagnostics()
    text = '[names]\nfield-style = "snakecase"\nfields = { "a.b" = 1 }\n'
    parse_config("avrogen.toml", text.encode(), diagnostics)
    style, value = diagnostics
    assert (style.code.id, style.hint) == ("AVR621", 'did you mean "snake_case"?')
    assert (value.code.id, value.location.line) == ("AVR603", 3)


# --- changes that keep names ----------------------------------------------------------------------


def test_a_nested_type_does_not_rename_the_class_around_it(build: Build) -> None:
    """As Spark and Hudi name nested types: their namespace is the full name of the record."""
    status: Json = {
        "type": "enum",
        "name": "Status",
        "namespace": "com.acme.Order",
        "symbols": ["A"],
    }
    order = record("com.acme.Order", "id")
    before = build({"order.avsc": order}, "before")
    order["fields"] = [{"name": "id", "type": "int"}, {"name": "status", "type": status}]
    after = build({"order.avsc": order}, "after")
    assert before.Order.__name__ == after.Order.__name__ == "Order"
    assert importlib.import_module("after.com.acme").Order is after.Order
    assert importlib.import_module("after.com.acme.Order_").Status is after.Status
