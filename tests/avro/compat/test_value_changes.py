"""Changes that pass every check of compatibility and change values."""

from __future__ import annotations

from typing import Any

import pytest

from avrogen.avro.compat.change_finder import value_changes
from avrogen.avro.compat.levels import Direction
from avrogen.avro.compat.value_changes import ValueChange, ValueChangeKind
from tests.avro.compat.test_checker import accepted
from tests.support.schemas import enum, field, fixed, logical, record

BACKWARD, FORWARD = Direction.BACKWARD, Direction.FORWARD


def decimal(precision: int, scale: int) -> dict[str, Any]:
    return logical("bytes", "decimal", precision=precision, scale=scale)


def r(*fields: dict[str, Any], **more: Any) -> dict[str, Any]:
    return record("R", *fields, **more)


DATE, MILLIS, MICROS = (
    logical("int", "date"),
    logical("long", "timestamp-millis"),
    logical("long", "timestamp-micros"),
)
LOCAL = logical("long", "local-timestamp-millis")
TIME, TIME_MICROS = logical("int", "time-millis"), logical("long", "time-micros")
UUID = logical("string", "uuid")


def found(old: Any, new: Any, direction: Direction) -> list[ValueChange]:
    return list(value_changes(accepted(new), accepted(old), direction))


BOTH_WAYS: dict[str, tuple[Any, Any, ValueChangeKind, str]] = {
    "scale": (
        decimal(10, 2),
        decimal(10, 4),
        ValueChangeKind.DECIMAL,
        "decimal(10, 2) became decimal(10, 4)",
    ),
    "precision": (
        decimal(10, 2),
        decimal(8, 2),
        ValueChangeKind.DECIMAL,
        "decimal(10, 2) became decimal(8, 2)",
    ),
    "unit": (
        MILLIS,
        MICROS,
        ValueChangeKind.TIME_UNIT,
        "timestamp-millis became timestamp-micros",
    ),
    "zone": (
        MILLIS,
        LOCAL,
        ValueChangeKind.TIME_ZONE,
        "timestamp-millis became local-timestamp-millis",
    ),
    "plain to logical": ("long", MILLIS, ValueChangeKind.MEANING, "long became timestamp-millis"),
    "logical to plain": (DATE, "int", ValueChangeKind.MEANING, "date became int"),
    "fixed": (
        fixed(12),
        fixed(12, logicalType="duration"),
        ValueChangeKind.MEANING,
        "fixed became duration",
    ),
    "decimal to bytes": (
        decimal(4, 2),
        "bytes",
        ValueChangeKind.MEANING,
        "decimal(4, 2) became bytes",
    ),
    "unknown logical type": (
        logical("long", "epoch-millis"),
        logical("long", "epoch-micros"),
        ValueChangeKind.SEMANTICS,
        'logicalType "epoch-millis" became "epoch-micros"',
    ),
    "removed unknown logical type": (
        logical("int", "colour"),
        "int",
        ValueChangeKind.SEMANTICS,
        'logicalType "colour" was removed',
    ),
    "connect.name": (
        {"type": "long", "connect.name": "x.Timestamp"},
        {"type": "long", "connect.name": "x.MicroTimestamp"},
        ValueChangeKind.SEMANTICS,
        'connect.name "x.Timestamp" became "x.MicroTimestamp"',
    ),
    "added connect.name": (
        fixed(3),
        fixed(3, **{"connect.name": "x.Y"}),
        ValueChangeKind.SEMANTICS,
        'connect.name "x.Y" was added',
    ),
    "changed default": (
        r(field("a", "int", default=1)),
        r(field("a", "int", default=2)),
        ValueChangeKind.DEFAULT_CHANGED,
        "the default 1 became 2",
    ),
    "default of another kind": (
        r(field("a", "string", default="")),
        r(field("a", ["null", "string"], default=None)),
        ValueChangeKind.DEFAULT_CHANGED,
        'the default "" became null',
    ),
    "removed default": (
        r(field("a", "int", default=1)),
        r(field("a", "int")),
        ValueChangeKind.DEFAULT_REMOVED,
        "the default 1 was removed",
    ),
    "changed default of an enum": (
        enum("A", "B", default="A"),
        enum("A", "B", default="B"),
        ValueChangeKind.ENUM_DEFAULT,
        "the default A became B",
    ),
    "removed default of an enum": (
        enum("A", "B", default="A"),
        enum("A", "B"),
        ValueChangeKind.ENUM_DEFAULT,
        "the default A was removed",
    ),
    "namespace": (
        r(namespace="x"),
        r(namespace="y"),
        ValueChangeKind.NAMESPACE,
        "x.R became y.R",
    ),
    "namespace in a union": (
        ["null", r(namespace="x")],
        ["null", r(namespace="y")],
        ValueChangeKind.NAMESPACE,
        "x.R became y.R",
    ),
    "removed alias of a field": (
        r(field("a", "int", aliases=["b"])),
        r(field("a", "int")),
        ValueChangeKind.ALIAS_REMOVED,
        "the alias b was removed",
    ),
    "removed alias of a type": (
        r(aliases=["S"], namespace="x"),
        r(namespace="x"),
        ValueChangeKind.ALIAS_REMOVED,
        "the alias x.S was removed",
    ),
    "renamed field": (
        r(field("a", "int", default=1)),
        r(field("b", "int", default=1)),
        ValueChangeKind.FIELD_RENAMED,
        "a was removed and b was added",
    ),
}


@pytest.mark.parametrize("direction", Direction)
@pytest.mark.parametrize("case", BOTH_WAYS)
def test_whoever_reads(case: str, direction: Direction) -> None:
    old, new, kind, message = BOTH_WAYS[case]
    if case == "default of another kind" and direction is FORWARD:
        new = r(field("a", "string", default="x"))
        message = 'the default "" became "x"'
    assert [(c.kind, c.message) for c in found(old, new, direction)] == [(kind, message)]


ONE_WAY: dict[str, tuple[Any, Any, ValueChangeKind]] = {
    "int to float": ("int", "float", ValueChangeKind.ROUNDING),
    "long to float": ("long", "float", ValueChangeKind.ROUNDING),
    "long to double": ("long", "double", ValueChangeKind.ROUNDING),
    "bytes to string": ("bytes", "string", ValueChangeKind.BYTES_AS_TEXT),
    "string to uuid": ("string", UUID, ValueChangeKind.MEANING),
    "date to timestamp": (DATE, MILLIS, ValueChangeKind.MEANING),
    "date to long": (DATE, "long", ValueChangeKind.MEANING),
    "time-millis to time-micros": (TIME, TIME_MICROS, ValueChangeKind.TIME_UNIT),
    "another unit in a union": (["null", MILLIS], ["null", MICROS], ValueChangeKind.TIME_UNIT),
    "int that becomes optional and a timestamp": ("int", ["null", MILLIS], ValueChangeKind.MEANING),
    "optional that is renamed": (
        r(field("mail", "string")),
        r(field("email", ["null", "string"], default=None)),
        ValueChangeKind.FIELD_RENAMED,
    ),
    "name and alias of one field": (
        r(field("a", "int"), field("b", "int")),
        r(field("a", "int", aliases=["b"])),
        ValueChangeKind.AMBIGUOUS_ALIAS,
    ),
    "two fields that claim one": (
        r(field("a", "int")),
        r(field("a", "int"), field("b", "int", aliases=["a"])),
        ValueChangeKind.CLAIMED_TWICE,
    ),
}
"""What the new version reads otherwise. The old one cannot read the new, or not otherwise."""


@pytest.mark.parametrize("case", ONE_WAY)
def test_one_way(case: str) -> None:
    old, new, kind = ONE_WAY[case]
    assert [change.kind for change in found(old, new, BACKWARD)] == [kind]
    assert kind in {change.kind for change in found(new, old, FORWARD)}


HARMLESS: dict[str, tuple[Any, Any]] = {
    "the same": (MILLIS, MILLIS),
    "int to long": ("int", "long"),
    "int to double": ("int", "double"),
    "float to double": ("float", "double"),
    "string to bytes": ("string", "bytes"),
    "uuid to string": (UUID, "string"),
    "connect.name of a known logical type": (MILLIS, {**MILLIS, "connect.name": "x.Timestamp"}),
    "connect.version": (
        {"type": "long", "connect.name": "x.Timestamp", "connect.version": 1},
        {"type": "long", "connect.name": "x.Timestamp", "connect.version": 2},
    ),
    "new default": (r(field("a", "int")), r(field("a", "int", default=1))),
    "equal defaults": (
        r(field("a", "double", default=1)),
        r(field("a", "double", default=1.0)),
    ),
    "new default of an enum": (enum("A"), enum("A", default="A")),
    "order of fields": (
        r(field("a", "int"), field("b", "string")),
        r(field("b", "string"), field("a", "int")),
    ),
    "removed field": (r(field("a", "int"), field("b", "int")), r(field("a", "int"))),
    "new field": (r(field("a", "int")), r(field("a", "int"), field("b", "int", default=0))),
    "another field of another type": (
        r(field("a", "string")),
        r(field("b", "int", default=0)),
    ),
    "alias": (
        r(field("a", "int", default=0)),
        r(field("b", "int", default=0, aliases=["a"])),
    ),
    "more aliases": (r(aliases=["S"]), r(aliases=["T", "S"])),
    "alias that is the name": (r(field("a", "int", aliases=["b"])), r(field("b", "int"))),
    "namespace with an alias": (r(namespace="x"), r(namespace="y", aliases=["x.R"])),
    "fixed of another size": (fixed(12), fixed(13)),
    "types of other kinds": (r(field("a", MILLIS)), r(field("a", "string"))),
    "order of branches": (["int", "string"], ["string", "int"]),
}


@pytest.mark.parametrize("case", HARMLESS)
def test_harmless(case: str) -> None:
    assert found(*HARMLESS[case], BACKWARD) == []


def test_parts_are_told_by_the_definition_around_them() -> None:
    def order(amount: Any) -> Any:
        money = record("Money", field("amount", amount), namespace="a.b")
        lines = {"type": "array", "items": ["null", money]}
        return r(field("lines", lines), field("total", "a.b.Money"))

    (change,) = found(order(decimal(4, 2)), order(decimal(4, 3)), BACKWARD)
    assert (change.new.owner, change.new.pointer) == ("a.b.Money", ("fields", 0, "type"))
    assert (change.old.owner, change.old.pointer) == ("a.b.Money", ("fields", 0, "type"))


def test_parts_of_versions_that_differ() -> None:
    old = r(field("a", "int"), field("b", "int", default=1))
    new = r(field("b", "int"))
    (change,) = found(old, new, BACKWARD)
    assert change.old.pointer == ("fields", 1, "default")
    assert change.new.pointer == ("fields", 0)


def test_several_renames_are_told_apart_by_names_and_positions() -> None:
    old = r(*(field(name, "string") for name in ("street", "town", "zip_code")))
    new = r(
        field("postal_zip_code", "string", default=""),
        field("city", "string", default=""),
        field("unit", "string", default=""),
    )
    messages = [change.message for change in found(old, new, BACKWARD)]
    assert messages == [
        "zip_code was removed and postal_zip_code was added",
        "town was removed and city was added",
    ]


def test_recursive_types() -> None:
    def node(value: Any) -> Any:
        return r(field("v", value), field("next", ["null", "R"], default=None))

    assert len(found(node("long"), node(MILLIS), BACKWARD)) == 1
