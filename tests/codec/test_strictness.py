"""Nothing is silently made into something else: what is no value of its type is an EncodeError.

It says where, what was expected and what came, on one line of bounded length.
"""

from __future__ import annotations

import enum
import fractions
import math
import struct
from array import array
from collections import Counter, OrderedDict, UserDict, UserList, UserString, defaultdict, deque
from collections.abc import Callable
from datetime import UTC, date, datetime, time, timedelta, timezone, tzinfo
from decimal import Decimal
from typing import Any
from uuid import UUID

import pytest

from avrogen import EncodeError, LocalTimestampNanos, TimestampNanos
from tests.codec.backends import writers
from tests.support.dynamic import Package
from tests.support.schemas import fixed, items, logical, parsed, record_of, values


def outer(**fields: Any) -> dict[str, Any]:
    return record_of(**fields) | {"name": "Outer"}


class Colour(enum.StrEnum):
    RED = "RED"


class MyFloat(float):
    """A float of a subclass."""


class Number(enum.IntEnum):
    ONE = 1


class Unfinished(tzinfo):
    """Has no offset yet, and says so with NotImplementedError."""

    def utcoffset(self, dt: datetime | None, /) -> timedelta | None:
        raise NotImplementedError("as that of tzinfo itself")

    def dst(self, dt: datetime | None, /) -> None:
        return None

    def tzname(self, dt: datetime | None, /) -> str:
        return "?"


class Undecided(Unfinished):
    """Has no offset, so that datetimes with it are naive, or raises."""

    def __init__(self, error: Exception | None = None) -> None:
        self.error = error

    def utcoffset(self, dt: datetime | None, /) -> None:
        if self.error:
            raise self.error


ENUM = {"type": "enum", "name": "E", "symbols": ["A", "B"]}
DECIMAL = logical("bytes", "decimal", precision=4, scale=2)
FIXED_DECIMAL = fixed(1, logicalType="decimal", precision=2, scale=1)
MILLIS, LOCAL = logical("long", "timestamp-millis"), logical("long", "local-timestamp-micros")
NANOS, LOCAL_NANOS = logical("long", "timestamp-nanos"), logical("long", "local-timestamp-nanos")
AWARE, NAIVE = datetime(2024, 1, 1, tzinfo=UTC), datetime(2024, 1, 1)
EARLY = datetime(1, 1, 1, tzinfo=timezone(timedelta(hours=14)))
LATE = datetime(9999, 12, 31, 23, tzinfo=timezone(timedelta(hours=-14)))

REFUSED: list[tuple[Any, list[Any]]] = [
    ("null", [0, False, "", [], {}, math.nan]),
    ("boolean", [0, 1, None, "true", "", 1.0, [], b"\x01"]),
    ("int", [True, 1.0, 1.5, "1", b"1", None, 2**31, -(2**31) - 1, 10**10_000, Decimal(1)]),
    ("int", [fractions.Fraction(1), 1j, [1], math.inf]),
    ("long", [False, 0.0, "1", None, 2**63, -(2**63) - 1, 10**10_000, AWARE]),
    ("float", [True, "1.0", None, Decimal("1.5"), 1e39, -1e39, 3.5e38, 10**400, 1j]),
    ("double", [False, "1.0", None, Decimal("1.5"), 10**400, fractions.Fraction(1, 2)]),
    ("bytes", ["text", "", 1, [1], None, array("B", b"a"), Colour.RED]),
    ("string", [b"text", bytearray(b"a"), 1, None, ["a"], UserString("a"), "\ud800", "a\udfff"]),
    (fixed(3), [b"ab", b"abcd", b"", "abc", 3, None, bytearray(b"abc")]),
    (ENUM, ["C", "", "a", b"A", 0, None, Colour.RED]),
    (items("int"), [(1,), {1}, "1", b"1", {0: 1}, None, range(2), deque([1]), UserList([1])]),
    (items("string"), ["ab"]),
    (values("int"), [[], [("a", 1)], None, "a", {1}, UserDict(a=1)]),
    (record_of(a="int"), [[1], (1,), None, "a", {}, {"b": 1}, UserDict(a=1)]),
    (DECIMAL, [1, 1.5, "1.5", None, Decimal("1.234"), Decimal("100.00"), Decimal("-100")]),
    (DECIMAL, [Decimal("NaN"), Decimal("sNaN"), Decimal("Infinity"), Decimal("1E+99999")]),
    (DECIMAL, [Decimal("1E-99999"), Decimal((0, (1,) * 10_000, 0)), fractions.Fraction(1)]),
    (FIXED_DECIMAL, [Decimal("9.99"), Decimal("99"), 1]),
    (logical("string", "uuid"), [str(UUID(int=1)), UUID(int=1).bytes, 1, None]),
    (fixed(16, logicalType="uuid"), [str(UUID(int=1)), UUID(int=1).bytes, 1, None]),
    (logical("int", "date"), [AWARE, NAIVE, 1, "2024-01-01", None, time(1)]),
    (logical("int", "time-millis"), [AWARE, 1, "12:00", timedelta(1), time(1, tzinfo=UTC)]),
    (logical("long", "time-micros"), [NAIVE, 1, None, time(1, tzinfo=UTC)]),
    (MILLIS, [NAIVE, date(2024, 1, 1), 1, 1.5, "2024-01-01T00:00:00Z", None, EARLY, LATE]),
    (MILLIS, [datetime(2024, 1, 1, tzinfo=Undecided())]),
    (LOCAL, [AWARE, date(2024, 1, 1), 1, None, "2024-01-01"]),
    (NANOS, [True, 1.0, AWARE, LocalTimestampNanos(1), 2**63, TimestampNanos(2**63), None]),
    (LOCAL_NANOS, [False, NAIVE, TimestampNanos(1), -(2**63) - 1]),
    (fixed(12, logicalType="duration"), [timedelta(1), bytes(12), (1, 2, 3), None]),
    (["null", "int"], [True, 1.5, "1", 2**31]),
    (["int", "string"], [None, True, 1.0, b"a", "\ud800"]),
    (["float", "string"], [True, 1e39, None]),
    ([MILLIS, "string"], [NAIVE, date(2024, 1, 1)]),
]

TAKEN: list[tuple[Any, list[tuple[Any, str]]]] = [
    ("int", [(Number.ONE, "02"), (-(2**31), "ffffffff0f")]),
    ("long", [(TimestampNanos(1), "02"), (2**63 - 1, "feffffffffffffffff01")]),
    ("float", [(1, "0000803f"), (0.1, "cdcccc3d"), (3.4028234e38, "ffff7f7f"), (-0.0, "00000080")]),
    ("float", [(math.inf, "0000807f"), (1e-50, "00000000")]),
    ("double", [(2**53 + 1, "0000000000004043"), (Number.ONE, "000000000000f03f")]),
    ("bytes", [(bytearray(b"a"), "0261"), (memoryview(b"abc")[::2], "046163"), (b"", "00")]),
    ("string", [(Colour.RED, "06524544"), ("\x00", "0200")]),
    (items("int"), [(type("L", (list,), {})([1]), "020200"), ([], "00")]),
    (values("int"), [(OrderedDict(a=1), "0202610200"), (Counter("a"), "0202610200")]),
    (values("int"), [({Colour.RED: 1}, "02065245440200")]),
    (record_of(a="int"), [({"a": 1, "more": 2}, "02"), (defaultdict(int, a=1), "02")]),
    (DECIMAL, [(Decimal("1.500"), "040096"), (Decimal("1E+1"), "0403e8"), (Decimal("-0"), "0200")]),
    (MILLIS, [(datetime(1969, 12, 31, 23, 59, 59, 999999, UTC), "01")]),
    (MILLIS, [(datetime(2024, 1, 1, 1, tzinfo=timezone(timedelta(hours=1))), "80d08fa59863")]),
    (logical("int", "date"), [(date(1, 1, 1), "f3e457"), (date(9999, 12, 31), "c082e602")]),
    (LOCAL, [(datetime(1970, 1, 1, tzinfo=Undecided()), "00")]),
]


@pytest.mark.parametrize("case", range(len(REFUSED)))
def test_what_is_refused(case: int) -> None:
    schema, refused = REFUSED[case]
    for value in refused:
        for around, wrap, path in PLACES:
            for write in writers(around(schema)):
                with pytest.raises(EncodeError) as caught:
                    write(wrap(value))
                assert caught.value.path.startswith(path), caught.value
                text = str(caught.value)
                assert len(text) < 300 and text.isprintable(), text


PLACES: list[tuple[Callable[[Any], Any], Callable[[Any], Any], str]] = [
    (lambda schema: schema, lambda value: value, "$"),
    (
        lambda schema: outer(first="int", it=schema),
        lambda value: {"first": 1, "it": value},
        "$.it",
    ),
    (lambda schema: items(outer(it=schema)), lambda value: [{"it": value}], "$[0].it"),
    (lambda schema: values(items(schema)), lambda value: {"a b": [value]}, "$['a b'][0]"),
]


@pytest.mark.parametrize("case", range(len(TAKEN)))
def test_what_is_taken(case: int) -> None:
    schema, taken = TAKEN[case]
    for value, data in taken:
        for write in writers(schema):
            assert write(value).hex() == data, value


@pytest.mark.parametrize(
    ("schema", "value", "path"),
    [
        (items("int"), [1, 2, "3"], "$[2]"),
        (values("int"), {"a": 1, "b.c": "x"}, "$['b.c']"),
        (values("int"), {"é\n": "x"}, r"$['é\n']"),
        (values("int"), {"k" * 1000: "x"}, f"$['{'k' * 60}'...]"),
        (values("int"), {1: 1}, "$"),
        (values("int"), {"\ud800": 1}, r"$['\ud800']"),
        (
            record_of(a=["null", items(record_of(b="int") | {"name": "S"})]),
            {"a": [{"b": None}]},
            "$.a[0].b",
        ),
        (record_of(a="int"), {}, "$.a"),
    ],
)
def test_paths(schema: Any, value: Any, path: str) -> None:
    for write in writers(schema):
        with pytest.raises(EncodeError) as caught:
            write(value)
        assert caught.value.path == path


def test_paths_of_objects_name_attributes() -> None:
    inner = record_of(b="int") | {"name": "Inner"}
    package = Package(parsed(record_of(a=items(inner))))
    outer, part = package.classes["R"], package.classes["Inner"]
    for value, path in (
        (outer([part(1), part("x")]), "$.field_0[1].field_0"),
        (outer([1]), "$.field_0[0]"),
    ):
        with pytest.raises(EncodeError) as caught:
            value.to_avro()
        assert caught.value.path == path
    unfinished = object.__new__(outer)
    with pytest.raises(EncodeError, match="the attribute is not set") as caught:
        unfinished.to_avro()
    assert caught.value.path == "$.field_0"


def test_classes_take_nothing_but_themselves() -> None:
    schema = parsed(record_of(e=ENUM, f=fixed(2), r={**record_of(x="int"), "name": "S"}))
    package = Package(schema)
    whole, e, f, r = (package.classes[name] for name in ("R", "E", "F", "S"))
    fine = whole(e("A"), f(b"ab"), r(1))
    assert fine.to_avro().hex() == "00616202"
    for wrong in (
        whole("A", f(b"ab"), r(1)),
        whole(e("A"), b"ab", r(1)),
        whole(e("A"), f(b"ab"), {"x": 1}),
        whole(e("A"), f(b"ab"), fine),
        whole(Colour.RED, f(b"ab"), r(1)),
        whole(None, f(b"ab"), r(1)),
    ):
        with pytest.raises(EncodeError, match="expected"):
            wrong.to_avro()


@pytest.mark.parametrize("type_", ["float", "double"])
def test_runs_of_numbers(type_: str) -> None:
    """Lists and fields of floats are packed in one go; each is looked at all the same."""
    names = [f"f{n}" for n in range(60)]

    def fields(numbers: list[Any]) -> dict[str, Any]:
        return dict(zip(names, numbers, strict=True))

    schemas: list[tuple[Any, Callable[[list[Any]], Any]]] = [
        (items(type_), list[Any]),
        (record_of(**dict.fromkeys(names, type_)), fields),
    ]
    one = struct.pack("<f" if type_ == "float" else "<d", 1.0)
    for schema, make in schemas:
        for write in writers(schema):
            for position in (0, 30, 59):
                numbers: list[Any] = [1.0] * 60
                for taken in (1, MyFloat(1.0), Number.ONE):
                    numbers[position] = taken
                    assert one * 60 in write(make(numbers))
                for refused in (True, "1", b"1", None, Decimal(1), 10**400, [1.0], 1j):
                    numbers[position] = refused
                    with pytest.raises(EncodeError) as caught:
                        write(make(numbers))
                    assert caught.value.path in (f"$[{position}]", f"$.f{position}")
