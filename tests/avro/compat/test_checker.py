"""Verdicts, reasons and words about pairs of schemas, on cases from other implementations."""

import json
from typing import Any

import pytest

from avrogen import Schema
from avrogen.avro.compat.checker import incompatibilities
from avrogen.avro.compat.levels import Direction, Level, Version, confluent_message, violations
from avrogen.avro.compat.paths import Incompatibility
from avrogen.avro.diagnostics import Severity
from avrogen.avro.model import Reference
from tests.support.parsed_schema import parse_schema
from tests.support.schemas import field, record
from tests.support.shared import conformance

Case = dict[str, Any]


def version(schema: Any) -> Version | None:
    """A schema, or None if it is refused."""
    parsed = parse_schema(json.dumps(schema))
    if any(d.severity is Severity.ERROR for d in parsed.diagnostics):
        return None
    return Version(parsed.roots[0].type, parsed.types)


def accepted(schema: Any) -> Version:
    found = version(schema)
    assert found is not None
    return found


def found(reader: Any, writer: Any) -> tuple[Incompatibility, ...]:
    mine, theirs = accepted(reader), accepted(writer)
    return incompatibilities(mine.type, mine.types, theirs.type, theirs.types)


def as_java_has_it(incompatibility: Incompatibility) -> dict[str, str]:
    return {
        "type": incompatibility.type.value,
        "message": incompatibility.message,
        "path": incompatibility.path,
    }


def reasons(reader: Any, writer: Any) -> list[dict[str, str]]:
    return [as_java_has_it(incompatibility) for incompatibility in found(reader, writer)]


# --- cases ----------------------------------------------------------------------------------------


def test_verdicts_and_reasons() -> None:
    wrong: list[str] = []
    for case in conformance("compat"):
        if case["compatible"] is None:
            continue
        these = reasons(case["reader"], case["writer"])
        if bool(these) == case["compatible"] or these != case.get("java_errors", these):
            wrong.append(case["id"])
    assert wrong == []


@pytest.mark.parametrize("reader", ["new", "old"])
def test_words_of_the_registry(reader: Any) -> None:
    roles = ("new", "old") if reader == "new" else ("old", "new")
    wrong: list[str] = []
    for case in conformance("compat"):
        expected = [
            message % roles if "%s" in message else message
            for message in case.get("confluent_messages", ())
        ]
        if expected:
            these = [confluent_message(i, reader) for i in found(case["reader"], case["writer"])]
            if these != expected:
                wrong.append(case["id"])
    assert wrong == []


def test_levels() -> None:
    wrong: list[str] = []
    for case in conformance("evolution_modes"):
        previous = [accepted(schema) for schema in case["previous"]]
        breached = any(violations(accepted(case["new"]), previous, Level(case["mode"])))
        if breached == case["compatible"]:
            wrong.append(case["id"])
    assert wrong == []


def test_single_changes() -> None:
    wrong: list[str] = []
    for case in conformance("evolution_single_changes"):
        old, new = case["old"], case["new"]
        backward, forward = reasons(new, old), reasons(old, new)
        if [backward, forward] != [case["backward_errors"], case["forward_errors"]]:
            wrong.append(case["id"])
    assert wrong == []


def test_contested_cases_end_in_a_verdict() -> None:
    """Either a schema is refused, or all of it that can be compared is."""
    for case in conformance("compat"):
        if case["compatible"] is None:
            reader, writer = version(case["reader"]), version(case["writer"])
            if reader and writer:
                incompatibilities(reader.type, reader.types, writer.type, writer.types)


# --- what Java does, and no case shows ------------------------------------------------------------


def mismatch(path: str, reader: str, writer: str) -> dict[str, str]:
    message = f"reader type: {reader} not compatible with writer type: {writer}"
    return {"type": "TYPE_MISMATCH", "message": message, "path": path}


def missing(path: str, writer: str) -> dict[str, str]:
    message = f"reader union lacking writer type: {writer}"
    return {"type": "MISSING_UNION_BRANCH", "message": message, "path": path}


OLD = record("Inner", field("a", "string"))
NEW = record("Inner", field("a", "int"))
SIZE: dict[str, Any] = {"type": "enum", "name": "Size", "symbols": ["S", "L"], "default": "S"}


def test_a_new_field_of_an_enum_with_a_default_is_said_to_have_another_type() -> None:
    assert reasons(record("R", field("size", SIZE)), record("R")) == [
        mismatch("/fields/0/type", "ENUM", "RECORD")
    ]


def test_a_type_is_reported_wherever_it_is_used_with_its_first_location() -> None:
    def user(inner: Any) -> Any:
        return record("R", field("one", inner), field("two", "Inner"))

    once = mismatch("/fields/0/type/fields/0/type", "INT", "STRING")
    assert reasons(user(NEW), user(OLD)) == [once, once]


def test_locations_begin_anew_inside_of_unions() -> None:
    def user(inner: Any) -> Any:
        return record("R", field("one", ["null", inner]), field("two", "Inner"))

    in_union, (again,) = (found(user(NEW), user(OLD))[0], found(user(NEW), user(OLD))[1:])
    assert as_java_has_it(in_union) == missing("/fields/0/type/1", "RECORD")
    assert as_java_has_it(again) == mismatch("/fields/0/type", "INT", "STRING")
    assert again.reader_path == again.writer_path == "/fields/0/type/1/fields/0/type"


def test_paths_in_both_schemas() -> None:
    reader = record("R", field("z", "int", aliases=["a"]), field("new", "int"))
    writer = record("R", field("b", "int"), field("a", ["null", "string"]))
    null, text, new = found(reader, writer)
    assert [null.reader_path, null.writer_path] == ["/fields/0/type", "/fields/1/type/0"]
    assert [text.reader_path, text.writer_path] == ["/fields/0/type", "/fields/1/type/1"]
    assert [new.reader_path, new.writer_path] == ["/fields/1", "/fields"]


# --- levels ---------------------------------------------------------------------------------------


def test_breaches_come_in_the_order_of_the_registry() -> None:
    """The latest version first, and of two directions FORWARD."""
    previous = [accepted("string"), accepted("string"), accepted("int")]
    found = [(b.index, b.direction) for b in violations(accepted("long"), previous, Level.FULL)]
    assert found == [(2, Direction.FORWARD)]
    every = violations(accepted("long"), previous, Level.FULL_TRANSITIVE)
    assert [(b.index, b.direction) for b in every] == [
        (2, Direction.FORWARD),
        (1, Direction.FORWARD),
        (1, Direction.BACKWARD),
        (0, Direction.FORWARD),
        (0, Direction.BACKWARD),
    ]


@pytest.mark.parametrize("level", list(Level))
def test_a_first_version_is_compatible(level: Level) -> None:
    assert list(violations(accepted("int"), [], level)) == []


# --- sizes ----------------------------------------------------------------------------------------


def chain(length: int, last: str, *, twice: bool = False) -> Version:
    """Records that lead to the next one, and the last to a type."""
    names = ["a", "b"] if twice else ["a"]
    records: list[Any] = []
    for number in range(length):
        inner = f"R{number + 1}" if number + 1 < length else last
        records.append(record(f"R{number}", *(field(name, inner) for name in names)))
    return Version(Reference("R0"), accepted(records).types)


def many(count: int, last: str) -> Version:
    """A union of records."""
    return accepted([record(f"R{n}", field("a", "int"), field("b", last)) for n in range(count)])


def compared(new: Version, old: Version) -> tuple[Incompatibility, ...]:
    return incompatibilities(new.type, new.types, old.type, old.types)


def test_chains_are_as_long_as_they_like() -> None:
    (deep,) = compared(chain(5000, "int"), chain(5000, "string"))
    assert deep.path == "/" + "fields/0/type/" * 4999 + "fields/0/type"


def test_types_that_use_others_twice_are_counted_a_thousand_times() -> None:
    new, old = chain(60, "int", twice=True), chain(60, "string", twice=True)
    assert len(compared(new, old)) == 1000


def test_unions_have_many_branches() -> None:
    assert compared(many(600, "int"), many(600, "int")) == ()
    assert len(compared(many(30, "int"), many(30, "string"))) == 30


def test_types_that_all_refer_to_all_are_compatible_with_themselves() -> None:
    """Each is compared with the one of its name, and not with all others."""
    names = [f"A{n}" for n in range(50)]
    records = [
        {
            "type": "record",
            "name": name,
            "fields": [{"name": n, "type": ["null", n]} for n in names],
        }
        for name in names
    ]
    one, other = (Schema.parse(json.dumps(records)) for _ in range(2))
    assert one.can_read(other) == []
