"""Which branch of a union is written, for every pair of kinds of branches that may stand in one.

The rule of :mod:`avrogen.codec.unions` once more, as a table: for each kind of branch, what values
it takes, and how well. A value goes to the first of the branches that take it best.
"""

from __future__ import annotations

import json
from array import array
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import UTC, date, datetime, time
from decimal import Decimal
from itertools import permutations
from typing import Any
from uuid import UUID

import pytest

from avrogen import Duration, EncodeError, LocalTimestampNanos, Schema, TimestampNanos
from avrogen.codec.interpreter.encoder import InterpretedEncoder
from avrogen.codec.planner import plan_for
from tests.conftest import run_avrogen, write_schemas
from tests.support.dynamic import Package
from tests.support.schemas import fixed, logical

EXACT, INEXACT, SUBCLASS, CONVERTED, CONVERTED_INEXACT = 1, 2, 3, 5, 6


class MyInt(int):
    """An int of a subclass."""


class MyStr(str):
    """Likewise."""


class MyFloat(float):
    """Likewise."""


class MyBytes(bytes):
    """Likewise."""


class MyDate(date):
    """Likewise."""


class MyDatetime(datetime):
    """Likewise."""


class MyDecimal(Decimal):
    """Likewise."""


class MyList(list[Any]):
    """Likewise."""


class MyDict(dict[str, Any]):
    """Likewise."""


MOMENT = datetime(2024, 5, 17, 12, 30, 15, tzinfo=UTC)
NAIVE = MOMENT.replace(tzinfo=None)

VALUES: dict[str, Any] = {
    "None": None,
    "True": True,
    "1": 1,
    "2**40": 2**40,
    "2**70": 2**70,
    "2**24 + 1": 2**24 + 1,
    "int of a subclass": MyInt(1),
    "0.5": 0.5,
    "0.1": 0.1,
    "1e300": 1e300,
    "nan": float("nan"),
    "float of a subclass": MyFloat(0.5),
    "text": "text",
    "a symbol": "A",
    "text of a subclass": MyStr("A"),
    "two bytes": b"ab",
    "three bytes": b"abc",
    "bytes of a subclass": MyBytes(b"ab"),
    "bytearray": bytearray(b"ab"),
    "memoryview": memoryview(b"ab"),
    "array": array("B", b"ab"),
    "Decimal of one place": Decimal("1.5"),
    "Decimal of two places": Decimal("1.25"),
    "Decimal with zeros": Decimal("1.50"),
    "large Decimal": Decimal("12345"),
    "Decimal of a subclass": MyDecimal("1.5"),
    "UUID": UUID(int=7),
    "date": date(2024, 5, 17),
    "date of a subclass": MyDate(2024, 5, 17),
    "time": time(12, 30, 15, 5000),
    "time in micros": time(12, 30, 15, 5),
    "time with zone": time(12, 30, tzinfo=UTC),
    "datetime": MOMENT,
    "datetime in micros": MOMENT.replace(microsecond=5),
    "datetime of a subclass": MyDatetime(2024, 5, 17, tzinfo=UTC),
    "naive": NAIVE,
    "naive in micros": NAIVE.replace(microsecond=5),
    "nanos": TimestampNanos(5),
    "local nanos": LocalTimestampNanos(5),
    "Duration": Duration(1, 2, 3),
    "[]": [],
    "list of a subclass": MyList([1]),
    "{}": {},
    "dict of a subclass": MyDict(),
    "tuple": (1,),
    "set": {1},
}

Takes = Callable[[Any], int | None]
"""How well a branch takes a value; None: not at all."""


@dataclass(frozen=True)
class Kind:
    """A kind of branch. ``label``: no two of one may stand in a union, unless they have names."""

    schema: Any
    takes: Takes
    label: str


def typed(
    own: type, *, but: tuple[type, ...] = (), when: Callable[[Any], bool] | None = None
) -> Takes:
    """Of a type, or a subclass of it."""

    def takes(value: Any) -> int | None:
        if not isinstance(value, own) or isinstance(value, but) or (when and not when(value)):
            return None
        return EXACT if type(value) is own else SUBCLASS

    return takes


def whole(takes: Takes, unit: int) -> Takes:
    """Less exactly if there are microseconds that are no multiple of the unit."""

    def with_unit(value: Any) -> int | None:
        rank = takes(value)
        return None if rank is None else rank + (value.microsecond % unit != 0)

    return with_unit


def is_int(bits: int) -> Takes:
    return typed(int, but=(bool,), when=lambda v: -(2 ** (bits - 1)) <= v < 2 ** (bits - 1))


def nanos(own: type, other: type) -> Takes:
    def takes(value: Any) -> int | None:
        if is_int(64)(value) is None or isinstance(value, other):
            return None
        return EXACT if isinstance(value, own) else CONVERTED

    return takes


def real(bits: int) -> Takes:
    def takes(value: Any) -> int | None:
        if not isinstance(value, int | float) or isinstance(value, bool):
            return None
        exact = (
            bits == 64
            or value != value
            or (
                abs(value) < 3.4e38
                and ((isinstance(value, int) and abs(value) <= 2**24) or value == 0.5)
            )
        )
        if isinstance(value, int) and value in (2**40, 2**70):
            exact = True  # powers of two are exact in both
        if bits == 32 and abs(value) > 3.4e38:
            return None
        if isinstance(value, int):
            return CONVERTED if exact else CONVERTED_INEXACT
        return (EXACT if type(value) is float else SUBCLASS) + (0 if exact else 1)

    return takes


def takes_bytes(value: Any) -> int | None:
    if isinstance(value, bytearray | memoryview):
        return CONVERTED
    return typed(bytes)(value)


def decimal(precision: int, scale: int) -> Takes:
    def fits(value: Decimal) -> bool:
        scaled = value.scaleb(scale)
        return scaled == int(scaled) and len(str(abs(int(scaled)))) <= precision

    return typed(Decimal, when=fits)


aware: Takes = typed(datetime, when=lambda v: v.tzinfo is not None)
local: Takes = typed(datetime, when=lambda v: v.tzinfo is None)
clock: Takes = typed(time, when=lambda v: v.tzinfo is None)


def record(name: str, *names: str) -> dict[str, Any]:
    members = [{"name": each, "type": ["null", "int"]} for each in names]
    return {"type": "record", "name": name, "fields": members}


def never(value: Any) -> int | None:
    """For kinds whose values are classes here: these have a test of their own."""
    return None


KINDS: dict[str, Kind] = {
    "null": Kind("null", lambda v: EXACT if v is None else None, "null"),
    "boolean": Kind("boolean", typed(bool), "boolean"),
    "int": Kind("int", is_int(32), "int"),
    "long": Kind("long", is_int(64), "long"),
    "float": Kind("float", real(32), "float"),
    "double": Kind("double", real(64), "double"),
    "bytes": Kind("bytes", takes_bytes, "bytes"),
    "string": Kind("string", typed(str), "string"),
    "decimal(4, 1)": Kind(
        logical("bytes", "decimal", precision=4, scale=1), decimal(4, 1), "bytes"
    ),
    "fixed decimal(4, 2)": Kind(
        fixed(4, "D", logicalType="decimal", precision=4, scale=2), decimal(4, 2), "D"
    ),
    "fixed decimal(9, 0)": Kind(
        fixed(9, "D0", logicalType="decimal", precision=9, scale=0), decimal(9, 0), "D0"
    ),
    "uuid": Kind(logical("string", "uuid"), typed(UUID), "string"),
    "fixed uuid": Kind(fixed(16, "U", logicalType="uuid"), typed(UUID), "U"),
    "date": Kind(logical("int", "date"), typed(date, but=(datetime,)), "int"),
    "time-millis": Kind(logical("int", "time-millis"), whole(clock, 1000), "int"),
    "time-micros": Kind(logical("long", "time-micros"), clock, "long"),
    "timestamp-millis": Kind(logical("long", "timestamp-millis"), whole(aware, 1000), "long"),
    "timestamp-micros": Kind(logical("long", "timestamp-micros"), aware, "long"),
    "local-timestamp-millis": Kind(
        logical("long", "local-timestamp-millis"), whole(local, 1000), "long"
    ),
    "timestamp-nanos": Kind(
        logical("long", "timestamp-nanos"), nanos(TimestampNanos, LocalTimestampNanos), "long"
    ),
    "local-timestamp-nanos": Kind(
        logical("long", "local-timestamp-nanos"), nanos(LocalTimestampNanos, TimestampNanos), "long"
    ),
    "duration": Kind(fixed(12, "L", logicalType="duration"), typed(Duration), "L"),
    "array": Kind({"type": "array", "items": "int"}, typed(list), "array"),
    "map": Kind({"type": "map", "values": "int"}, typed(dict), "map"),
}
"""Kinds whose values are the same with classes and without."""

NAMED: dict[str, Kind] = {
    "enum": Kind(
        {"type": "enum", "name": "E", "symbols": ["A", "B"]},
        typed(str, when=lambda v: v in ("A", "B")),
        "E",
    ),
    "another enum": Kind(
        {"type": "enum", "name": "E2", "symbols": ["B", "A", "C"]},
        typed(str, when=lambda v: v in ("A", "B", "C")),
        "E2",
    ),
    "fixed(2)": Kind(fixed(2, "F2"), typed(bytes, when=lambda v: len(v) == 2), "F2"),
    "another fixed(2)": Kind(fixed(2, "G2"), typed(bytes, when=lambda v: len(v) == 2), "G2"),
    "fixed(3)": Kind(fixed(3, "F3"), typed(bytes, when=lambda v: len(v) == 3), "F3"),
}
"""Kinds whose values are strings and bytes only without classes."""


def pairs(kinds: dict[str, Kind]) -> Iterator[tuple[str, str]]:
    for one, other in permutations(kinds, 2):
        if kinds[one].label != kinds[other].label:
            yield one, other


def expected(kinds: list[Kind], value: Any) -> int | None:
    ranks = [(rank, index) for index, kind in enumerate(kinds) if (rank := kind.takes(value))]
    return min(ranks)[1] if ranks else None


def written(write: Callable[[Any], bytes], value: Any) -> int | None:
    """The branch that was written."""
    try:
        return write(value)[0] // 2
    except EncodeError:
        return None


@pytest.mark.parametrize("one", [*KINDS, *NAMED])
def test_plain_values(one: str) -> None:
    kinds = {**KINDS, **NAMED}
    for pair in (pair for pair in pairs(kinds) if pair[0] == one):
        chosen = [kinds[name] for name in pair]
        schema = Schema.parse(json.dumps([kind.schema for kind in chosen]))
        step_by_step = InterpretedEncoder(plan_for(schema.type, schema.types, None))
        for name, value in VALUES.items():
            index = expected(chosen, value)
            label = f"{name} in {pair}"
            assert written(schema.to_avro, value) == index, label
            assert written(step_by_step.write, value) == index, label


@pytest.mark.parametrize("one", KINDS)
def test_values_beside_classes(one: str) -> None:
    for pair in (pair for pair in pairs(KINDS) if pair[0] == one):
        chosen = [KINDS[name] for name in pair]
        codec = Package(Schema.parse(json.dumps([kind.schema for kind in chosen]))).codec
        for name, value in VALUES.items():
            assert written(codec.to_avro, value) == expected(chosen, value), f"{name} in {pair}"


CLASSES: dict[str, Any] = {
    "E": {"type": "enum", "name": "E", "symbols": ["A", "B"]},
    "E2": {"type": "enum", "name": "E2", "symbols": ["A", "B"]},
    "F": fixed(2, "F"),
    "G": fixed(2, "G"),
    "R": record("R", "a"),
    "S": record("S", "a"),
    "string": "string",
    "bytes": "bytes",
    "map": {"type": "map", "values": "int"},
    "array": {"type": "array", "items": "int"},
}


@pytest.mark.parametrize("pair", list(permutations(CLASSES, 2)), ids=" ".join)
def test_classes_tell_themselves_apart(pair: tuple[str, str]) -> None:
    """Whatever they look alike: enums and strings, fixed types and bytes, records of one shape."""
    package = Package(Schema.parse(json.dumps([CLASSES[name] for name in pair])))
    makers: dict[str, Callable[[], Any]] = {
        "E": lambda: package.classes["E"]("A"),
        "E2": lambda: package.classes["E2"]("A"),
        "F": lambda: package.classes["F"](b"ab"),
        "G": lambda: package.classes["G"](b"ab"),
        "R": lambda: package.classes["R"](1),
        "S": lambda: package.classes["S"](1),
        "string": lambda: "A",
        "bytes": lambda: b"ab",
        "map": lambda: {"a": 1},
        "array": lambda: [1],
    }
    for index, name in enumerate(pair):
        value = makers[name]()
        data = package.codec.to_avro(value)
        assert data[0] == 2 * index
        assert package.codec.from_avro(data) == value


DICTS: list[tuple[list[Any], Any, int | None]] = [
    # branches, value, which
    ([record("R", "a"), record("S", "b")], {"b": 1}, 1),
    ([record("R", "a"), record("S", "a")], {"a": 1}, 0),
    ([record("R", "a"), record("S", "a", "b")], {"a": 1, "b": 2}, 1),
    ([record("R", "a"), record("S", "a", "b")], {"a": 1, "c": 2}, 0),
    ([{"type": "map", "values": "int"}, record("R", "a")], {"a": 1}, 1),
    ([record("R", "a"), {"type": "map", "values": "int"}], {"a": 1}, 0),
    ([record("R", "a"), {"type": "map", "values": "int"}], {"a": 1, "b": 1}, 1),
    ([record("R", "a"), {"type": "map", "values": "int"}], {}, 1),
    ([record("R"), {"type": "map", "values": "int"}], {}, 0),
    ([record("R", "a"), {"type": "map", "values": "string"}], {"a": "text"}, 1),
    ([record("R", "a"), record("S", "b")], {"a": 1, "b": 2}, 0),
    ([record("R", "a"), record("S", "b")], {"c": 1}, None),
    (
        [
            record("R", "a"),
            {"type": "record", "name": "S", "fields": [{"name": "a", "type": "string"}]},
        ],
        {"a": "text"},
        1,
    ),
    (
        [
            record("R", "a"),
            {
                "type": "record",
                "name": "S",
                "fields": [{"name": "a", "type": {"type": "array", "items": "int"}}],
            },
        ],
        {"a": [1]},
        1,
    ),
    ([record("R", "a"), record("S", "a")], ("S", {"a": 1}), 1),
    ([record("R", "a"), {"type": "map", "values": "int"}], ("map", {"a": 1}), 1),
    (["int", "long"], ("long", 1), 1),
    (["float", "double"], ("double", 0.5), 1),
    (["null", "int"], ("null", None), 0),
    (["null", "int"], ("string", "x"), None),
    (["null", "int"], ("int", "x"), None),
    (["null", "int"], ("int", ("int", 1)), None),
    ([record("n.R", "a"), record("S", "a")], ("R", {"a": 1}), None),
    ([record("n.R", "a"), record("S", "a")], ("n.R", {"a": 1}), 0),
]


@pytest.mark.parametrize("case", range(len(DICTS)))
def test_dicts_and_forced_branches(case: int) -> None:
    branches, value, index = DICTS[case]
    schema = Schema.parse(json.dumps(branches))
    step_by_step = InterpretedEncoder(plan_for(schema.type, schema.types, None))
    assert written(schema.to_avro, value) == index
    assert written(step_by_step.write, value) == index


def shape(name: str, type_: Any) -> dict[str, Any]:
    return {"type": "record", "name": name, "fields": [{"name": "x", "type": type_}]}


def inside(levels: int, value: Any) -> Any:
    for _ in range(levels):
        value = {"x": value}
    return value


def pair_of(levels: int, one: Any, other: Any, around: Callable[[Any], Any]) -> list[Any]:
    """Two branches that differ in a type many levels down."""
    for level in range(levels):
        one, other = shape(f"A{level}", around(one)), shape(f"B{level}", around(other))
    return [one, other]


EMPTY: dict[str, Any] = {"type": "record", "name": "E", "fields": []}
STRINGS = {"type": "map", "values": "string"}
INNER: dict[str, tuple[Any, Any, Any]] = {
    # the first branch, the second, and a value that the first would lose a part of
    "keys": (EMPTY, STRINGS, {"k": "v"}),
    "keys of another record": (EMPTY, record("F", "a"), {"a": 1}),
    "fields that are missing": (record("F", "a"), STRINGS, {"k": "v"}),
    "values of another type": (record("F", "k"), STRINGS, {"k": "v"}),
    "maps of another type": ({"type": "map", "values": "int"}, STRINGS, {"k": "v"}),
    "precision": ("float", "double", 0.1),
    "whole numbers": ("double", "long", 2**53 + 1),
    "symbols": ({"type": "enum", "name": "S", "symbols": ["A"]}, "string", "B"),
}
AROUND: dict[str, tuple[Callable[[Any], Any], Callable[[Any], Any]]] = {
    "records": (lambda type_: type_, lambda value: value),
    "unions": (lambda type_: ["null", type_], lambda value: value),
    "lists": (lambda type_: {"type": "array", "items": type_}, lambda value: [value]),
    "maps": (lambda type_: {"type": "map", "values": type_}, lambda value: {"key": value}),
}


@pytest.mark.parametrize("levels", [1, 2, 7])
@pytest.mark.parametrize("around", AROUND)
@pytest.mark.parametrize("inner", INNER)
def test_plain_values_lose_nothing_at_any_depth(inner: str, around: str, levels: int) -> None:
    first, second, value = INNER[inner]
    type_around, value_around = AROUND[around]
    schema = Schema.parse(json.dumps(pair_of(levels, first, second, type_around)))
    step_by_step = InterpretedEncoder(plan_for(schema.type, schema.types, None))
    for _ in range(levels):
        value = {"x": value_around(value)}
    for write in (schema.to_avro, step_by_step.write):
        data = write(value)
        assert data[0] // 2 == 1
        assert schema.from_avro(data) == value


def test_all_of_a_value_precedes_exact_keys() -> None:
    """Keys that are lost inside weigh more than the number of keys outside."""
    schema = Schema.parse(json.dumps([shape("R", EMPTY), {"type": "map", "values": STRINGS}]))
    assert schema.to_avro({"x": {"a": "b"}})[0] == 2
    assert schema.to_avro({"x": {}})[0] == 0


def test_a_value_that_contains_itself() -> None:
    tree = {
        "type": "record",
        "name": "T",
        "fields": [{"name": "t", "type": ["null", "T", {"type": "map", "values": "T"}]}],
    }
    value: dict[str, Any] = {}
    value["t"] = value
    with pytest.raises(EncodeError, match="nested more deeply"):
        Schema.parse(json.dumps([tree, STRINGS])).to_avro(value)


AMBIGUOUS = [
    ("int", "long"),
    ("float", "double"),
    ("decimal(4, 1)", "fixed decimal(4, 2)"),
    ("uuid", "fixed uuid"),
    ("time-millis", "time-micros"),
]


def test_the_build_warns_of_what_python_cannot_tell_apart(tmp_path: Any) -> None:
    """Of these and of no others among all kinds."""
    found: list[tuple[str, str]] = []
    kinds = {**KINDS, **NAMED}
    unordered = [
        (one, other)
        for one, other in pairs(kinds)
        if list(kinds).index(one) < list(kinds).index(other)
    ]
    for number, pair in enumerate(unordered):
        text = json.dumps([kinds[name].schema for name in pair])
        for kind in ("D", "D0", "U", "L", "E", "E2", "F2", "G2", "F3"):
            text = text.replace(f'"name": "{kind}"', f'"name": "{kind}_{number}"')
        write_schemas(tmp_path / "schemas", {f"u{number}.avsc": text})
    result = run_avrogen("build", tmp_path / "schemas", "-o", tmp_path / "built")
    assert result.exit_code == 0, result.stderr
    for number, pair in enumerate(unordered):
        if f"u{number}.avsc:1:1: warning[AVR507]" in result.stderr:
            found.append(pair)
    assert found == [
        *AMBIGUOUS[:2],
        ("decimal(4, 1)", "fixed decimal(4, 2)"),
        ("decimal(4, 1)", "fixed decimal(9, 0)"),
        ("fixed decimal(4, 2)", "fixed decimal(9, 0)"),
        *AMBIGUOUS[3:],
    ]
