"""Schemas that are only read: what is tolerated in them, how it is read, and what is refused."""

from __future__ import annotations

import json
import pickle
import time
from typing import Any, NamedTuple

import pytest

from avrogen import ResolutionError, Schema, SchemaError
from avrogen.avro.model import NO_DEFAULT, RecordType
from avrogen.avro.names import short_name
from tests.support.schemas import field, record

E_TYPE: dict[str, Any] = {"type": "enum", "name": "E", "symbols": ["A", "B"]}
OTHER_E: dict[str, Any] = {**E_TYPE, "symbols": ["A"]}


def order(*fields: dict[str, Any], **more: Any) -> dict[str, Any]:
    own = [field("id", "int"), field("note", ["null", "string"])]
    return {"namespace": "shop", **record("Order", *own, *fields), **more}


def first(**more: Any) -> dict[str, Any]:
    """The order with other attributes of its first field."""
    schema = order()
    schema["fields"][0].update(more)
    return schema


def enum_field(**more: Any) -> dict[str, Any]:
    return order(field("e", {**E_TYPE, **more}))


def union_field(*branches: Any) -> dict[str, Any]:
    return order(field("u", [*branches]))


class Case(NamedTuple):
    """A schema that is tolerated.

    Attributes:
        code: its error where it is not.
        schema: JSON or text.
        more: data after those of the order.
    """

    code: str
    schema: dict[str, Any] | str
    more: bytes = b""


CASES = {
    **{
        f"namespace {namespace!r}": Case("AVR202", order(namespace=namespace))
        for namespace in (
            *("abc-123.x", "abc.2024.x", ".x", "x.", "a..b", ".", "a b", "org.acme.Outer$"),
            *("a/b", 'a"b', "a\\b", "größe", "日本", 5, ["a"]),
        )
    },
    **{
        f"name {name!r}": Case("AVR201", order(name=name))
        for name in (".Order", "a-b.Order", "Order-1", "Outer$Order", "1Order", "an Order", "Größe")
    },
    "name of a primitive type": Case("AVR205", order(name="bytes")),
    **{
        f"field {name!r}": Case("AVR201", order(field(name, "null")))
        for name in (
            "a-b",
            "a.b",
            "1st",
            "@type",
            "größe",
            "an id",
            "",
            '"',
            "\ufeffid",
            "an\xa0id",
        )
    },
    **{
        f"symbol {symbol!r}": Case("AVR201", enum_field(symbols=[symbol]), b"\0")
        for symbol in ("A-B", "1", "", "Ä")
    },
    "symbol twice": Case("AVR207", enum_field(symbols=["B", "A", "A"]), b"\0"),
    "branch twice": Case("AVR305", union_field("null", "null"), b"\0"),
    "aliases": Case("AVR303", order(aliases="x")),
    "aliases of a field": Case("AVR303", first(aliases=[1, "x"])),
    "order": Case("AVR303", first(order="none")),
    "order in capitals": Case("AVR303", first(order="ASCENDING")),
    "duplicate key": Case("AVR106", json.dumps(order())[:-1] + ', "doc": "a", "doc": "b"}'),
    "default of an enum": Case("AVR402", enum_field(default="Z"), b"\0"),
    "default that is no text": Case("AVR402", enum_field(default=1), b"\0"),
    "default of a field": Case("AVR401", order(field("n", "null", default=0))),
    "two lists of aliases": Case(
        "AVR204",
        union_field({**E_TYPE, "aliases": ["F"]}, {"type": "array", "items": E_TYPE}),
        b"\0\0",
    ),
    "wrapped type": Case("AVR303", order(field("n", {"type": {"type": "null"}}))),
    "wrapped union": Case("AVR303", order(field("n", {"type": ["null", "int"]})), b"\0"),
    "wrapped name": Case(
        "AVR303", union_field(E_TYPE, {"type": "array", "items": {"type": "E"}}), b"\0\0"
    ),
    "wrapped definition": Case(
        "AVR303", union_field({"type": {**E_TYPE}}, {"type": "array", "items": "E"}), b"\0\0"
    ),
}

READER = Schema.parse(json.dumps(order()))
VALUE = {"id": 7, "note": "x"}
DATA = READER.to_avro(VALUE)


def text_of(case: Case) -> str:
    return case.schema if isinstance(case.schema, str) else json.dumps(case.schema)


@pytest.mark.parametrize("name", CASES)
def test_what_is_an_error_is_a_warning_where_a_schema_is_only_read(name: str) -> None:
    case = CASES[name]
    with pytest.raises(SchemaError) as error:
        Schema.parse(text_of(case))
    assert case.code in {d.code.id for d in error.value.diagnostics}
    found = Schema.parse(text_of(case), tolerant=True).tolerated
    assert {(d.code.id, d.severity.value) for d in found} == {("AVR510", "warning")}
    assert {d.tolerated.id for d in found if d.tolerated} == {case.code}
    assert all(d.message.endswith(f"the schema is only read ({case.code})") for d in found)


@pytest.mark.parametrize("name", CASES)
def test_data_of_such_schemas_are_read(name: str) -> None:
    case = CASES[name]
    writer = Schema.parse(text_of(case), tolerant=True)
    data = DATA + case.more
    value = writer.from_avro(data)
    assert {key: value[key] for key in VALUE} == VALUE
    assert writer.to_avro(value) == data
    # As any class of the name, and as one that has the name as an alias.
    (full,) = [name for name in writer.types if short_name(name) != "E"]
    readers = [READER] if short_name(full) == "Order" else []
    if "." in full:
        readers.append(Schema.parse(json.dumps(order(aliases=[full]))))
    for reader in readers:
        assert reader.from_avro(data, writer=writer) == VALUE
        assert reader.can_read(writer) == []


@pytest.mark.parametrize("name", CASES)
def test_such_schemas_are_written_as_they_were_read(name: str) -> None:
    writer = Schema.parse(text_of(CASES[name]), tolerant=True)
    again = Schema.parse(str(writer), tolerant=True)
    assert again == writer
    assert again.canonical_form == writer.canonical_form
    assert json.loads(writer.canonical_form)
    unpickled = pickle.loads(pickle.dumps(writer))
    assert unpickled == writer
    assert unpickled.from_avro(DATA + CASES[name].more)


def test_there_is_nothing_to_tolerate_in_a_valid_schema() -> None:
    assert Schema.parse(json.dumps(order()), tolerant=True).tolerated == ()
    assert Schema.parse(json.dumps(order()), tolerant=True) == READER
    assert READER.tolerated == ()


# --- names ----------------------------------------------------------------------------------------


@pytest.mark.parametrize("namespace", [".x", "x.", "a-b", "x$", ".", "a..b"])
@pytest.mark.parametrize("outer", ["R", "record"])
def test_references_from_such_namespaces(namespace: str, outer: str) -> None:
    inner = record("S")
    fields = [field("s", inner), field("t", "S"), field("u", f"{namespace}.S")]
    text = json.dumps({**record(outer, *fields), "namespace": namespace})
    assert [*Schema.parse(text, tolerant=True).types] == [
        f"{namespace}.{outer}",
        f"{namespace}.S",
    ]


def test_a_dot_in_front_of_a_name_means_no_namespace() -> None:
    """As in Avro Java, in definitions and in references."""
    inner = {**record(".S"), "namespace": "ignored"}
    outer = record("x.R", field("s", inner), field("t", ".S"), field("u", "S"))
    assert [*Schema.parse(json.dumps(outer), tolerant=True).types] == ["x.R", "S"]


def test_an_alias_with_a_dot_in_front_has_no_namespace() -> None:
    """As in Avro Java: so a class in a namespace reads data of a type without one."""
    reader = Schema.parse(json.dumps(order(name="Bestellung", aliases=[".Order", "Auftrag"])))
    for name, namespace in (("Order", ""), ("Auftrag", "shop")):
        writer = Schema.parse(json.dumps(order(name=name, namespace=namespace)))
        for each in (reader, Schema.parse(str(reader))):
            assert each.from_avro(DATA, writer=writer) == VALUE
    other = Schema.parse(json.dumps(order(name="Auftrag", namespace="other")))
    with pytest.raises(ResolutionError):
        reader.from_avro(DATA, writer=other)
    assert json.loads(str(reader))["aliases"] == [".Order", "shop.Auftrag"]


def test_types_named_like_primitive_types_do_not_become_those() -> None:
    inner = record("string", field("n", "int"))
    schema = [inner, record("x.R", field("a", "string"), field("b", ".string"))]
    parsed = Schema.parse(json.dumps(schema), tolerant=True)
    value = ("x.R", {"a": "text", "b": {"n": 1}})
    for each in (parsed, Schema.parse(str(parsed), tolerant=True)):
        assert each.from_avro(each.to_avro(value)) == value[1]


def test_names_cannot_pretend_to_be_other_schemas() -> None:
    """Programs compare canonical forms to find their own schema in a registry."""
    mine = Schema.parse(json.dumps(record("R", field("a", "int"), field("b", "int"))))
    name = 'a","type":"int"},{"name":"b'
    other = Schema.parse(json.dumps(record("R", field(name, "int"))), tolerant=True)
    assert other.canonical_form != mine.canonical_form


# --- defaults -------------------------------------------------------------------------------------


def test_only_the_defaults_that_do_not_fit_count_as_none() -> None:
    inner = record("I", field("x", "int", default=None), field("y", "int", default=3))
    schema = record(
        "R",
        field("a", "int", default=None),
        field("b", "int", default=1),
        field("i", inner, default={}),
        field("j", "I", default={"x": 1}),
    )
    parsed = Schema.parse(json.dumps(schema), tolerant=True)
    kept = {
        (name, each.name): each.default
        for name, named in parsed.types.items()
        if isinstance(named, RecordType)
        for each in named.fields
        if each.default is not NO_DEFAULT
    }
    assert kept == {("I", "y"): 3, ("R", "b"): 1, ("R", "j"): {"x": 1}}
    assert len(parsed.tolerated) == 3


# --- what is refused all the same -----------------------------------------------------------------


@pytest.mark.parametrize(
    ("text", "code"),
    [
        (json.dumps(order(name="", namespace="")), "AVR201"),
        (json.dumps(order(name="a\nb")), "AVR201"),
        (json.dumps(order(namespace="\x1b[31m")), "AVR202"),
        (json.dumps(order(field("\u202e", "null"))), "AVR201"),
        (json.dumps(order(name="\ud800")), "AVR201"),
        (json.dumps(order(namespace="\ud800")), "AVR202"),
        (json.dumps(order(field("\udfff", "null"))), "AVR201"),
        (json.dumps(enum_field(symbols=["\udfff"])), "AVR201"),
        (json.dumps(order(field("id", "null"))), "AVR206"),
        (json.dumps(order(field("n", "Missing"))), "AVR203"),
        (json.dumps(order(field("n", {"type": 5}))), "AVR303"),
        (json.dumps(union_field("null", ["int"])), "AVR304"),
        (json.dumps(union_field(E_TYPE, {"type": "array", "items": OTHER_E})), "AVR204"),
        (json.dumps(order()) + "}", "AVR105"),
        (json.dumps(order(field("n", "double", default=float("nan")))), "AVR105"),
        ("[" * 5000, "AVR108"),
        ('{"type":' * 100 + '"int"' + "}" * 100, "AVR108"),
    ],
)
def test_what_has_no_clear_meaning_is_refused(text: str, code: str) -> None:
    with pytest.raises(SchemaError) as error:
        Schema.parse(text, tolerant=True)
    assert code in {d.code.id for d in error.value.diagnostics if d.severity == "error"}


def test_hostile_schemas_take_no_longer_than_others() -> None:
    keys = "".join(f'"k{n}": 1, "k{n}": 1, ' for n in range(20_000))
    fields = ", ".join(f'{{"name": "f-{n}", "type": "int", "default": ""}}' for n in range(5_000))
    text = f'{{{keys} "type": "record", "name": "R-1", "fields": [{fields}]}}'
    started = time.process_time()
    schema = Schema.parse(text, tolerant=True)
    assert len(schema.tolerated) == 10 + 1 + 2 * 5_000
    assert time.process_time() - started < 10


def test_defaults_that_take_too_many_steps_count_as_none() -> None:
    """Unions whose branches contain the next union, each twice: the steps are counted."""
    depth = 24
    records = [
        record(
            f"R{n}",
            field("a", f"R{n + 1}", default={}),
            field("b", f"R{n + 1}", default={}),
        )
        for n in range(depth)
    ]
    schema = [*records, record(f"R{depth}", field("x", "int", default=1))]
    started = time.process_time()
    Schema.parse(json.dumps(schema), tolerant=True)
    assert time.process_time() - started < 5
