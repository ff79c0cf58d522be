"""Plain values keep their branches, lack fields with defaults, and are compared with fastavro."""

from __future__ import annotations

import io
import json
from typing import Any

import fastavro
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.strategies import DrawFn, SearchStrategy

from avrogen import DecodeError, EncodeError, Schema, SchemaStore
from avrogen.codec.interpreter.decoder import InterpretedDecoder
from avrogen.codec.interpreter.encoder import InterpretedEncoder
from avrogen.codec.planner import DictRules, plan_for
from avrogen.testing.strategies.evolved_schemas import evolved
from tests.support.schema_meaning import is_list, is_object
from tests.support.schemas import enum, field, fixed, items, logical, parsed, record, values
from tests.support.strategies import Case, cases, is_same

_fastavro: Any = fastavro

# --- branches -------------------------------------------------------------------------------------

PRODUCT, BUNDLE = record("p.Product", field("id")), record("p.Bundle", field("id"))
ENVELOPE = record(
    "Envelope",
    field("target", [PRODUCT, BUNDLE]),
    field("by", ["null", enum("A", "B"), "string"]),
    field("note", ["null", "string"]),
    field("many", items(["null", "long", "int", values("p.Bundle")])),
)
NAMED = {
    "target": ("p.Bundle", {"id": 7}),
    "by": ("string", "A"),
    "note": "text",
    "many": [None, ("int", 1), ("map", {"k": {"id": 1}})],
}


def without_names(value: Any) -> Any:
    """The value as it is read without names."""
    if isinstance(value, tuple):
        return without_names(value[1])
    if is_list(value):
        return [without_names(item) for item in value]
    if is_object(value):
        return {key: without_names(inner) for key, inner in value.items()}
    return value


def is_same_with_names(one: Any, other: Any) -> bool:
    """Equality of values with names, in which NaN equals itself."""
    return is_same(as_lists(one), as_lists(other))


def as_lists(value: Any) -> Any:
    if isinstance(value, tuple):
        return ["pair", value[0], as_lists(value[1])]
    if is_list(value):
        return [as_lists(item) for item in value]
    if is_object(value):
        return {key: as_lists(inner) for key, inner in value.items()}
    return value


def test_a_branch_is_kept_where_others_have_the_same_shape() -> None:
    schema = parsed(ENVELOPE)
    data = schema.to_avro(NAMED)
    assert schema.to_avro(schema.from_avro(data)) != data
    assert schema.from_avro(data, named_branches=True) == NAMED
    assert schema.to_avro(NAMED) == data


def test_only_unions_of_several_branches_besides_null_have_names() -> None:
    for schema, value in (
        (["null", "int"], 1),
        ([logical("null", "nothing"), "int"], 1),
        (["int"], 1),
        (["null", PRODUCT], {"id": 1}),
        (["null", "int", "string"], None),
    ):
        own = parsed(schema)
        assert own.from_avro(own.to_avro(value), named_branches=True) == value


def test_names_of_the_readers_branches() -> None:
    """Whatever the writer's are called, and where the writer has no union."""
    old = record("Old", field("id"))
    reader = parsed(
        record(
            "R",
            field("a", ["null", record("New", field("id"), aliases=["Old"]), "string"]),
            field("b", ["bytes", "long"]),
            field("c", ["int", "string"], default=5),
            field("d", [items("New"), "null", "int"], default=[]),
        )
    )
    writer = parsed(record("R", field("a", old), field("b", ["int", "string"])))
    data = writer.to_avro({"a": {"id": 1}, "b": 2})
    expected: dict[str, Any] = {
        "a": ("New", {"id": 1}),
        "b": ("long", 2),
        "c": ("int", 5),
        "d": ("array", []),
    }
    for _ in range(2):
        assert reader.from_avro(data, writer=writer, named_branches=True) == expected
        assert reader.from_avro(data, writer=writer) == without_names(expected)
    first = reader.from_avro(data, writer=writer, named_branches=True)
    first["d"][1].append({"id": 9})
    assert reader.from_avro(data, writer=writer, named_branches=True) == expected


def test_named_branches_of_many() -> None:
    """More than are tested one after the other, and more deeply nested than code may be."""
    union: list[Any] = [record(f"R{n}", field("x")) for n in range(100)]
    schema = parsed(items(items(items(items(items(items(items(union))))))))
    value: Any = [("R99", {"x": 1}), ("R0", {"x": 2})]
    for _ in range(6):
        value = [value]
    data = schema.to_avro(value)
    assert schema.from_avro(data, named_branches=True) == value


def test_named_branches_of_single_objects() -> None:
    own, old = parsed(["int", "string"]), parsed(["int"])
    assert own.from_single_object(own.to_single_object("x"), named_branches=True) == ("string", "x")
    store = SchemaStore([old])
    data = old.to_single_object(1)
    assert own.from_single_object(data, store=store, named_branches=True) == ("int", 1)


def test_errors_of_named_branches_have_their_place() -> None:
    schema = parsed(ENVELOPE)
    data = schema.to_avro(NAMED)
    with pytest.raises(DecodeError, match=r"\$\.many"):
        schema.from_avro(data[:-3], named_branches=True)


@given(cases())
def test_named_values_are_written_as_they_were_read(case: Case) -> None:
    schema = Schema.parse(json.dumps(case.schema))
    data = schema.to_avro(case.value.written)
    named = schema.from_avro(data, named_branches=True)
    assert schema.to_avro(named) == data
    assert schema.to_avro(named, fill_defaults=False, allow_unknown_keys=False) == data
    assert is_same(without_names(named), schema.from_avro(data))
    plan = plan_for(schema.type, schema.types, None, named_branches=True)
    assert is_same_with_names(InterpretedDecoder(plan).read(data), named)


@given(st.data())
def test_named_values_of_other_writers(data: st.DataObject) -> None:
    case = data.draw(cases())
    writer = Schema.parse(json.dumps(case.schema))
    reader = data.draw(evolved(writer)).schema
    encoded = writer.to_avro(case.value.written)
    try:
        plain = reader.from_avro(encoded, writer=writer)
    except DecodeError:
        return
    named = reader.from_avro(encoded, writer=writer, named_branches=True)
    assert is_same(without_names(named), plain)
    again = reader.to_avro(named)
    assert is_same_with_names(reader.from_avro(again, named_branches=True), named)


# --- dicts that lack fields -----------------------------------------------------------------------

INNER = record("Inner", field("x"), field("y", "string", default="why"))
ROW = record(
    "Row",
    field("id"),
    field("note", ["null", "string"], default=None),
    field("tags", items("string"), default=["a"]),
    field("day", logical("int", "date"), default=3),
    field("inner", INNER, default={"x": 1}),
    field("kind", enum("A", "B"), default="B"),
    field("code", fixed(2), default="\u0001\u00ff"),
    field("either", ["double", "long"], default=7),
    field("later", ["null", "string"], default="later"),
)


def writers(schema: Schema, rules: DictRules | None = None) -> list[Any]:
    """Both ways to encode a value."""
    rules = rules or DictRules()
    plan = plan_for(schema.type, schema.types, None, rules)

    def compiled(value: Any) -> bytes:
        return schema.to_avro(value, **rules._asdict())

    return [compiled, InterpretedEncoder(plan).write]


def test_defaults_are_filled() -> None:
    schema = parsed(ROW)
    whole = schema.from_avro(schema.to_avro({"id": 1}))
    assert whole["inner"] == {"x": 1, "y": "why"}
    assert whole["later"] == "later"
    assert whole["either"] == 7.0
    assert isinstance(whole["either"], float)
    for name in whole.keys() - {"id"}:
        part = {key: value for key, value in whole.items() if key != name}
        for write in writers(schema):
            assert schema.from_avro(write(part)) == whole
            assert schema.from_avro(write({**part, "inner": {"x": 1}})) == whole


def test_defaults_of_a_branch_that_their_value_would_not_choose() -> None:
    union = [record("A", field("x")), record("B", field("x"))]
    schema = parsed(record("R", field("u", [union[1], union[0]], default={"x": 1}), field("n")))
    flipped = parsed(record("R", field("u", ["double", "int"], default=1), field("n")))
    for write in writers(schema):
        assert write({"n": 2}) == b"\x00\x02\x04"
    for write in writers(flipped):
        assert write({"n": 2}) == b"\x00" + b"\x00" * 6 + b"\xf0\x3f" + b"\x04"


def test_defaults_that_cannot_be_used_are_none() -> None:
    for type_, default in ((enum("A"), "B"), (logical("string", "uuid"), "")):
        schema = parsed(record("R", field("a", type_, default=default)))
        for write in writers(schema):
            with pytest.raises(EncodeError, match=r"\$\.a: missing value of a field"):
                write({})


def test_strict_options() -> None:
    schema = parsed(ROW)
    for write in writers(schema, DictRules(fill_defaults=False)):
        with pytest.raises(EncodeError, match=r"\$\.note: missing value of a field$"):
            write({"id": 1})
    for write in writers(schema, DictRules(allow_unknown_keys=False)):
        assert write({"id": 1}) == schema.to_avro({"id": 1})
        with pytest.raises(EncodeError, match=r"\$\.inner: 'z' is no field of Inner"):
            write({"id": 1, "inner": {"x": 1, "z": 1}})
    with pytest.raises(EncodeError, match="no field of Row"):
        schema.to_single_object({"id": 1, "ID": 2}, allow_unknown_keys=False)
    with pytest.raises(EncodeError, match="missing value"):
        schema.to_single_object({"id": 1}, fill_defaults=False)


def test_an_unknown_key_is_named_where_a_field_is_missing() -> None:
    schema = parsed(record("R", field("email", "string")))
    for write in writers(schema):
        with pytest.raises(EncodeError, match=r"\$\.email: .*the dict has 'emial', which is no"):
            write({"emial": "x"})


# --- the choice of a branch -----------------------------------------------------------------------


def branch_of(branches: list[Any], value: Any, rules: DictRules | None = None) -> int:
    """The position of the branch that is written."""
    one, other = (write(value) for write in writers(parsed(branches), rules))
    assert one == other
    return int(one[0] // 2)


OPTIONAL = record("O", field("a"), field("b", default=1))


def test_branches_that_fill_defaults_come_after_those_that_do_not() -> None:
    assert branch_of([OPTIONAL, record("A", field("a"))], {"a": 1}) == 1
    assert branch_of([OPTIONAL, values("int")], {"a": 1}) == 1
    assert branch_of([OPTIONAL, values("string")], {"a": 1}) == 0
    assert branch_of([record("A", field("a"), field("c")), OPTIONAL], {"a": 1}) == 1
    more = record("P", field("a"), field("b", default=1), field("c", default=1))
    assert branch_of([more, OPTIONAL], {"a": 1}) == 1


def test_the_branch_that_loses_the_fewest_keys() -> None:
    few, many = record("F", field("a")), record("M", field("a"), field("b"))
    assert branch_of([few, many], {"a": 1, "b": 2, "c": 3}) == 1
    around = [record("X", field("i", few)), record("Y", field("i", many))]
    assert branch_of(around, {"i": {"a": 1, "b": 2, "c": 3}}) == 1
    assert branch_of([few, OPTIONAL], {"a": 1, "c": 3}) == 0
    assert branch_of([few, values("int")], {"a": 1, "c": 3}) == 1


def test_what_is_lost_is_counted_at_any_depth() -> None:
    """Also of values that are shared, or inside themselves."""
    few = record("F", field("a"))
    branches = [record("X", field("k")), record("Y", field("v", few))]
    shared: dict[str, Any] = {"a": 1}
    for _ in range(60):
        shared = {"a": 1, "x": shared, "y": shared}
    assert branch_of(branches, {"k": 1, "v": 2}) == 0
    for lost in ({"a": 1}, {"a": 1, "b": [{}, {"c": 1}]}, shared):
        assert branch_of(branches, {"k": 1, "v": lost}) == 1
    endless: dict[str, Any] = {"a": 1}
    endless["b"] = [endless, endless]
    assert branch_of(branches, {"k": 1, "v": endless}) in (0, 1)


def test_unknown_keys_that_are_refused_exclude_a_branch() -> None:
    only = DictRules(allow_unknown_keys=False)
    around = [
        record("X", field("i", record("F", field("a")))),
        record("Y", field("i", values("double")), field("z")),
    ]
    with pytest.raises(EncodeError, match="no field"):
        branch_of(around, {"i": {"a": 1, "b": 2}}, only)
    assert branch_of(around, {"i": {"a": 1, "b": 2}, "z": 1}, only) == 1


def test_the_type_key_names_a_record() -> None:
    assert branch_of([PRODUCT, BUNDLE], {"-type": "p.Bundle", "id": 1}) == 1
    only = DictRules(allow_unknown_keys=False)
    assert branch_of([PRODUCT, BUNDLE], {"-type": "p.Bundle", "id": 1}, only) == 1
    around = [record("X", field("i", [PRODUCT, BUNDLE])), record("Y", field("i", "string"))]
    schema = parsed(around)
    for write in writers(schema):
        assert write({"i": {"-type": "p.Bundle", "id": 1}})[:2] == b"\x00\x02"
    assert branch_of([PRODUCT, values("string")], {"-type": "other"}) == 1


# --- beside fastavro ------------------------------------------------------------------------------

_LEAVES: dict[str, tuple[Any, SearchStrategy[Any]]] = {
    "int": (1, st.integers(-5, 5)),
    "string": ("text", st.sampled_from(["", "x"])),
    "boolean": (True, st.booleans()),
}


@st.composite
def fields(draw: DrawFn, names: list[str], depth: int) -> list[Any]:
    """Fields of a record, some of them with defaults."""
    found: list[Any] = []
    for name in draw(st.lists(st.sampled_from("abc"), unique=True, max_size=3)):
        kinds: list[str] = [*_LEAVES, *(["record", "array", "map"] if depth else [])]
        kind = str(draw(st.sampled_from(kinds)))
        attributes: dict[str, Any] = {}
        if kind in _LEAVES:
            type_: Any = kind
            if draw(st.booleans()):
                attributes["default"] = _LEAVES[kind][0]
        elif kind == "record":
            type_ = draw(records(names, depth - 1))
        elif kind == "array":
            type_ = items(draw(records(names, depth - 1)))
        else:
            type_ = values(draw(st.sampled_from(list(_LEAVES))))
        found.append(field(name, type_, **attributes))
    return found


@st.composite
def records(draw: DrawFn, names: list[str], depth: int = 2) -> Any:
    """A record of a new name."""
    names.append(f"R{len(names)}")
    return record(names[-1], *draw(fields(names, depth)))


@st.composite
def unions(draw: DrawFn) -> list[Any]:
    """Records of similar shapes."""
    names: list[str] = []
    return [draw(records(names)) for _ in range(draw(st.integers(2, 4)))]


@st.composite
def dicts(draw: DrawFn, type_: Any) -> Any:
    """A value of a record, which may lack fields with defaults and have other keys."""
    match type_:
        case {"type": "record", "fields": members}:
            value = {
                each["name"]: draw(dicts(each["type"]))
                for each in members
                if "default" not in each or draw(st.booleans())
            }
            if draw(st.integers(0, 5)) == 0:
                value["extra"] = 1
            return value
        case {"type": "array", "items": inner}:
            return draw(st.lists(dicts(inner), max_size=2))
        case {"type": "map", "values": inner}:
            return draw(st.dictionaries(st.sampled_from(["a", "k"]), dicts(inner), max_size=2))
        case _:
            return draw(_LEAVES[str(type_)][1])


def by_fastavro(schema: Any, value: Any, **options: bool) -> bytes | None:
    """What fastavro writes; None: it refuses."""
    buffer = io.BytesIO()
    try:
        _fastavro.schemaless_writer(buffer, _fastavro.parse_schema(schema), value, **options)
    except Exception:
        return None
    return buffer.getvalue()


def by_avrogen(schema: Any, value: Any, **options: bool) -> bytes | None:
    write: Any = parsed(schema).to_avro
    try:
        return bytes(write(value, **options))
    except EncodeError:
        return None


def kept(value: Any, back: Any) -> int:
    """How many keys and items of a value are in what is read back."""
    if is_object(value) and is_object(back):
        return sum(1 + kept(value[key], back[key]) for key in value.keys() & back.keys())
    if is_list(value) and is_list(back):
        return sum(kept(one, other) for one, other in zip(value, back, strict=True))
    assert value == back
    return 0


@given(st.data())
def test_unions_that_fastavro_writes(data: st.DataObject) -> None:
    """Each dict that fastavro writes is written, and no less of it."""
    schema = data.draw(unions())
    value = data.draw(dicts(data.draw(st.sampled_from(schema))))
    theirs = by_fastavro(schema, value)
    assert theirs is not None
    ours = by_avrogen(schema, value)
    assert ours is not None
    own = parsed(schema)
    assert kept(value, own.from_avro(ours)) >= kept(value, own.from_avro(theirs))


OPTIONS: list[tuple[dict[str, bool], dict[str, bool]]] = [
    ({}, {}),
    ({"strict_allow_default": True}, {"allow_unknown_keys": False}),
    ({"strict": True}, {"allow_unknown_keys": False, "fill_defaults": False}),
]


@given(st.data())
@pytest.mark.parametrize("options", OPTIONS, ids=str)
def test_options_of_fastavro(
    options: tuple[dict[str, bool], dict[str, bool]], data: st.DataObject
) -> None:
    schema = data.draw(records([]))
    value = data.draw(dicts(schema))
    if data.draw(st.booleans()):
        value.pop(data.draw(st.sampled_from(sorted(value))), None) if value else None
    assert by_fastavro(schema, value, **options[0]) == by_avrogen(schema, value, **options[1])
