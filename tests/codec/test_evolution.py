"""Data of other versions of a schema, where the cases of other implementations do not reach."""

from __future__ import annotations

import json
import threading
from dataclasses import dataclass
from datetime import UTC, date, datetime, time
from decimal import Decimal
from functools import partial
from typing import Any, ClassVar

import pytest

from avrogen import (
    DecodeError,
    Incompatibility,
    LocalTimestampNanos,
    ResolutionError,
    Schema,
    TimestampNanos,
)
from avrogen.codec import compilation, resolving_planner
from avrogen.codec.interpreter.decoder import InterpretedDecoder
from avrogen.codec.resolving_planner import plan_to_read
from avrogen.runtime.v1 import AvroRecord
from tests.support import schemas
from tests.support.schemas import enum, field, parsed

record = partial(schemas.record, "R")


def long(logical: str) -> dict[str, str]:
    return {"type": "long", "logicalType": logical}


def decimal(precision: int, scale: int) -> dict[str, Any]:
    return {"type": "bytes", "logicalType": "decimal", "precision": precision, "scale": scale}


NOON = datetime(2024, 5, 17, 12, 0, 0, 123000, tzinfo=UTC)
NANOS = TimestampNanos.from_datetime(NOON, 7)
NODE = record(field("v", "int"), field("next", ["null", "R"], default=None), name="R")
DEEP = record(
    field("inner", record(field("n", "long"), field("s", "string", default="x"), name="Inner")),
)

CASES: dict[str, tuple[Any, Any, Any, Any]] = {
    # --- values that stay what they are though their schemas count differently
    "millis as micros": (long("timestamp-millis"), NOON, long("timestamp-micros"), NOON),
    "micros as millis": (long("timestamp-micros"), NOON, long("timestamp-millis"), NOON),
    "nanos as micros": (long("timestamp-nanos"), NANOS, long("timestamp-micros"), NOON),
    "millis as nanos": (
        long("timestamp-millis"),
        NOON,
        long("timestamp-nanos"),
        TimestampNanos.from_datetime(NOON),
    ),
    "local millis as local nanos": (
        long("local-timestamp-millis"),
        NOON.replace(tzinfo=None),
        long("local-timestamp-nanos"),
        LocalTimestampNanos.from_datetime(NOON.replace(tzinfo=None)),
    ),
    "time-millis as time-micros": (
        {"type": "int", "logicalType": "time-millis"},
        time(1, 2, 3, 4000),
        long("time-micros"),
        time(1, 2, 3, 4000),
    ),
    "another scale": (decimal(6, 2), Decimal("12.30"), decimal(9, 4), Decimal("12.3000")),
    "a smaller scale that holds it": (
        decimal(9, 4),
        Decimal("12.3000"),
        decimal(6, 1),
        Decimal("12.3"),
    ),
    "more digits than the reader's precision": (
        decimal(9, 0),
        Decimal(123_456_789),
        decimal(4, 1),
        Decimal("123456789.0"),
    ),
    "a smaller precision": (
        decimal(9, 2),
        Decimal("1234567.89"),
        decimal(4, 2),
        Decimal("1234567.89"),
    ),
    # --- a logical type that only the reader has is applied to the promoted value
    "int as timestamp": (
        "int",
        1000,
        long("timestamp-millis"),
        datetime(1970, 1, 1, 0, 0, 1, tzinfo=UTC),
    ),
    "int as date": ("int", 1, {"type": "int", "logicalType": "date"}, date(1970, 1, 2)),
    "date as int": ({"type": "int", "logicalType": "date"}, date(1970, 1, 2), "long", 1),
    "timestamp as long": (long("timestamp-millis"), NOON, "double", 1715947200123.0),
    "string as decimal": ("string", "d", decimal(4, 2), Decimal("1.00")),
    # --- floats are the nearest, rounded once
    "long as float, between two": ("long", 2**60 + 2**36 + 1, "float", float(2**60 + 2**37)),
    "long as float, in the middle": ("long", 2**60 + 2**36, "float", float(2**60)),
    "negative long as float": ("long", -(2**60) - 2**36 - 1, "float", -float(2**60 + 2**37)),
    # --- fields
    "order, removal, addition": (
        record(
            field("a", "int"),
            field("b", {"type": "array", "items": "string"}),
            field("c", "double"),
            field("d", {"type": "map", "values": ["null", "bytes"]}),
        ),
        {"a": 1, "b": ["x", "y"], "c": 2.0, "d": {"k": b"v"}},
        record(
            field("new", ["null", "string"], default=None),
            field("c", "double"),
            field("a", "long"),
        ),
        {"new": None, "c": 2.0, "a": 1},
    ),
    "everything is removed": (
        record(
            field("a", "boolean"),
            field("b", enum("A", "B")),
            field("c", {"type": "fixed", "name": "F", "size": 3}),
            field("d", ["null", "long", {"type": "array", "items": "double"}]),
            field("e", DEEP | {"name": "D"}),
            field("f", {"type": "array", "items": "null"}),
        ),
        {
            "a": True,
            "b": "B",
            "c": b"abc",
            "d": [1.0, 2.0],
            "e": {"inner": {"n": 1, "s": "y"}},
            "f": [None, None],
        },
        record(),
        {},
    ),
    "the field's own name goes before aliases": (
        record(field("a", "int"), field("b", "int")),
        {"a": 1, "b": 2},
        record(field("x", "int", aliases=["a"]), field("a", "int", default=9)),
        None,  # 'x' has no default, and 'a' is read as 'a'
    ),
    "an alias of a record in another namespace": (
        record(field("a", "int"), name="old.Name"),
        {"a": 1},
        record(field("a", "int"), name="new.Other", aliases=["old.Name"]),
        {"a": 1},
    ),
    # --- defaults
    "a nested record is completed": (
        record(),
        {},
        record(field("d", DEEP | {"name": "D"}, default={"inner": {"n": 3}})),
        {"d": {"inner": {"n": 3, "s": "x"}}},
    ),
    "a recursive type": (
        record(),
        {},
        record(
            field(
                "list",
                NODE | {"name": "N", "fields": [field("v", "int"), field("next", ["null", "N"])]},
                default={"v": 1, "next": None},
            ),
        ),
        {"list": {"v": 1, "next": None}},
    ),
    "a later branch of a union": (
        record(),
        {},
        record(field("u", ["null", "string", {"type": "array", "items": "int"}], default=[1, 2])),
        {"u": [1, 2]},
    ),
    # --- enums and unions
    "an unknown symbol becomes the default": (
        enum("A", "B"),
        "B",
        enum("A", "OTHER", default="OTHER"),
        "OTHER",
    ),
    "a union becomes one of its branches": (["null", "int"], 5, "long", 5),
    "a type becomes a union": ("int", 5, ["null", "long"], 5),
    "the same type goes before a promotion": ("int", 5, ["long", "int"], 5),
    "a recursive type gains a field": (
        NODE,
        {"v": 1, "next": {"v": 2, "next": None}},
        record(
            field("next", ["null", "R"], default=None),
            field("v", "long"),
            field("w", {"type": "array", "items": "int"}, default=[7]),
        ),
        {"next": {"next": None, "v": 2, "w": [7]}, "v": 1, "w": [7]},
    ),
    "a recursive type is skipped": (
        record(
            field(
                "n",
                NODE | {"name": "N", "fields": [field("v", "int"), field("next", ["null", "N"])]},
            ),
            field("a", "int"),
        ),
        {"n": {"v": 1, "next": {"v": 2, "next": None}}, "a": 3},
        record(field("a", "int")),
        {"a": 3},
    ),
}


@pytest.mark.parametrize("name", CASES)
def test_values(name: str) -> None:
    written, value, read, expected = CASES[name]
    writer, reader = parsed(written), parsed(read)
    data = writer.to_avro(value)
    if expected is None:
        with pytest.raises(ResolutionError):
            reader.from_avro(data, writer=writer)
        return
    found = reader.from_avro(data, writer=writer)
    assert (type(found), found) == (type(expected), expected)
    if isinstance(found, dict):
        assert [*found] == [*expected]
    plan = plan_to_read(reader.type, reader.types, writer.type, writer.types, None)
    assert InterpretedDecoder(plan).read(data) == expected
    for end in range(len(data)):
        with pytest.raises(DecodeError):
            reader.from_avro(data[:end], writer=writer)


@pytest.mark.parametrize(
    ("written", "value", "read", "path"),
    [
        (["null", "string"], "x", ["null", "int"], "$"),
        (
            record(field("a", {"type": "array", "items": enum("A", "B")})),
            {"a": ["A", "B"]},
            record(field("a", {"type": "array", "items": enum("A")})),
            "$.a[1]",
        ),
        (
            record(field("a", ["null", "string"])),
            {"a": "x"},
            record(field("a", "null")),
            "$.a",
        ),
    ],
)
def test_what_only_some_data_hit_is_an_error_there(
    written: Any, value: Any, read: Any, path: str
) -> None:
    writer, reader = parsed(written), parsed(read)
    with pytest.raises(ResolutionError) as caught:
        reader.from_avro(writer.to_avro(value), writer=writer)
    assert caught.value.path == path
    assert caught.value.incompatibilities


@pytest.mark.parametrize(
    ("written", "value", "read", "message"),
    [
        (decimal(9, 4), Decimal("12.3456"), decimal(9, 2), "at most 2 decimal places"),
        (long("timestamp-micros"), datetime(9000, 1, 1, tzinfo=UTC), long("timestamp-nanos"), "64"),
    ],
)
def test_values_that_the_reader_cannot_hold(
    written: Any, value: Any, read: Any, message: str
) -> None:
    writer, reader = parsed(written), parsed(read)
    with pytest.raises(DecodeError, match=message):
        reader.from_avro(writer.to_avro(value), writer=writer)


def test_all_incompatibilities_are_listed_before_any_data_are_read() -> None:
    writer = parsed(
        record(
            field("a", "string"),
            field("inner", record(field("n", "long"), name="Inner")),
            field("f", {"type": "fixed", "name": "F", "size": 4}),
        )
    )
    reader = parsed(
        record(
            field("f", {"type": "fixed", "name": "F", "size": 5}),
            field("inner", record(field("n", "int"), field("m", "int"), name="Inner")),
            field("a", "int"),
        )
    )
    with pytest.raises(ResolutionError) as caught:
        reader.from_avro(b"", writer=writer)
    assert list(caught.value.incompatibilities) == reader.can_read(writer)
    assert [
        (i.type, i.message, i.path, i.reader_path, i.writer_path)
        for i in caught.value.incompatibilities
    ] == [
        (
            "FIXED_SIZE_MISMATCH",
            "expected: 4, found: 5",
            "/fields/0/type/size",
            "/fields/0/type/size",
            "/fields/2/type/size",
        ),
        (
            "TYPE_MISMATCH",
            "reader type: INT not compatible with writer type: LONG",
            "/fields/1/type/fields/0/type",
            "/fields/1/type/fields/0/type",
            "/fields/1/type/fields/0/type",
        ),
        (
            "READER_FIELD_MISSING_DEFAULT_VALUE",
            "m",
            "/fields/1/type/fields/1",
            "/fields/1/type/fields/1",
            "/fields/1/type/fields",
        ),
        (
            "TYPE_MISMATCH",
            "reader type: INT not compatible with writer type: STRING",
            "/fields/2/type",
            "/fields/2/type",
            "/fields/0/type",
        ),
    ]


@pytest.mark.parametrize(
    ("base", "logical", "default", "reason"),
    [
        ("string", "uuid", "", "UUID"),
        ("string", "uuid", "no uuid", "UUID"),
        ("int", "date", 1_700_000_000, "years 1 to 9999"),
        ("long", "timestamp-millis", 2**63 - 1, "years 1 to 9999"),
        ("long", "local-timestamp-micros", -(2**63), "years 1 to 9999"),
        ("int", "time-millis", 86_400_000, "time of day"),
    ],
)
def test_a_default_without_a_value_in_python_is_an_incompatibility(
    base: str, logical: str, default: Any, reason: str
) -> None:
    type_ = {"type": base, "logicalType": logical}
    reader = parsed(record(field("id", type_, default=default)))
    with pytest.raises(ResolutionError) as caught:
        reader.from_avro(b"", writer=parsed(record()))
    found: Incompatibility = caught.value.incompatibilities[0]
    assert found.path == "/fields/0"
    assert "id (" in found.message and reason in found.message
    # Data that have the field do not need its default.
    written = reader.from_avro(parsed(record(field("id", base))).to_avro({"id": GOOD[logical]}))
    assert written != {"id": default}


GOOD: dict[str, str | int] = {
    "uuid": "01234567-89ab-cdef-0123-456789abcdef",
    "date": 0,
    "timestamp-millis": 0,
    "local-timestamp-micros": 0,
    "time-millis": 0,
}


def test_a_default_in_base64_is_read_as_avro_defines_it() -> None:
    """The build warns of it; Java and others read the same number."""
    decimal = {"type": "bytes", "logicalType": "decimal", "precision": 10, "scale": 5}
    reader = parsed(record(field("d", decimal, default="AA==")))
    assert reader.from_avro(b"", writer=parsed(record())) == {"d": Decimal("10947.94557")}


def test_writers_are_schemas() -> None:
    with pytest.raises(TypeError, match="writer must be a Schema, not str"):
        parsed("int").from_avro(b"\x02", writer='"int"')  # type: ignore[arg-type] # pyright: ignore[reportArgumentType]


# --- classes --------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True, kw_only=True)
class Point(AvroRecord):
    """As generated code has it."""

    x: float
    tags: list[str]
    next: Point | None

    __avro_schema__: ClassVar[Schema] = Schema.embedded(
        json.dumps(
            {
                "type": "record",
                "name": "Point",
                "fields": [
                    {"name": "x", "type": "double"},
                    {
                        "name": "tags",
                        "type": {"type": "array", "items": "string"},
                        "default": ["a"],
                    },
                    {"name": "next", "type": ["null", "Point"], "default": None},
                ],
            }
        )
    )


OLD_POINT = parsed(
    {"type": "record", "name": "Point", "fields": [field("gone", "string"), field("x", "int")]}
)


def test_classes_have_defaults_for_themselves() -> None:
    data = OLD_POINT.to_avro({"gone": "x", "x": 3})
    one, other = (Point.from_avro(data, writer=OLD_POINT) for _ in range(2))
    assert one == other == Point(x=3.0, tags=["a"], next=None)
    assert type(one.x) is float
    assert one.tags is not other.tags


def test_each_writer_is_planned_once(monkeypatch: pytest.MonkeyPatch) -> None:
    planned: list[Schema] = []
    real = plan_to_read

    def counted(reader: Any, types: Any, writer: Any, *rest: Any) -> Any:
        planned.append(writer)
        return real(reader, types, writer, *rest)

    monkeypatch.setattr(resolving_planner, "plan_to_read", counted)

    class Fresh(Point):
        """A class of which nothing is compiled yet."""

    data = OLD_POINT.to_avro({"gone": "x", "x": 3})
    same = Schema.parse(str(OLD_POINT))
    bad = parsed("string")

    def work() -> None:
        for writer in (OLD_POINT, same, Fresh.__avro_schema__):
            if writer is not Fresh.__avro_schema__:
                assert Fresh.from_avro(data, writer=writer).x == 3.0
        for _ in range(3):
            with pytest.raises(ResolutionError):
                Fresh.from_avro(data, writer=bad)

    threads = [threading.Thread(target=work) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(planned) == 2


def test_decoders_of_old_writers_are_forgotten() -> None:
    reader = parsed(record(field("a", "long")))
    for index in range(3 * compilation.MAX_WRITERS):
        writer = parsed(record(field("a", "int"), field(f"f{index}", "null")))
        assert reader.from_avro(b"\x02", writer=writer) == {"a": 1}
    kept = vars(reader)["__avro_decoders__"]
    assert len(kept) == compilation.MAX_WRITERS
