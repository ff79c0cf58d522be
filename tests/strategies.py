"""Random schemas and random values of them.

A schema is drawn as JSON, its values as a :class:`Value`: as avrogen's plain values, and in terms
of the base types, as partners have them who do not know logical types.
"""

from __future__ import annotations

import struct
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from decimal import Decimal
from typing import Any, TypeAlias, cast

from hypothesis import strategies as st
from hypothesis.strategies import DrawFn, SearchStrategy

from avrogen import Duration, LocalTimestampNanos, TimestampNanos

__all__ = ["Case", "Value", "cases", "is_same", "schemas", "values", "without_logical_types"]

Json: TypeAlias = Any


@dataclass(frozen=True)
class Value:
    """One value, as several see it.

    Attributes:
        plain: as avrogen reads it.
        written: as avrogen can write it without doubt: union branches are forced.
        raw: in base types; union branches are forced, as fastavro writes it.
        raw_read: in base types, as partners read it.
    """

    plain: Any
    written: Any
    raw: Any
    raw_read: Any


@dataclass(frozen=True)
class Case:
    """A schema and a value of it."""

    schema: Json
    value: Value


def is_same(one: object, other: object) -> bool:
    """Equality that tells -0.0 from 0.0, and in which NaN equals itself."""
    if type(one) is not type(other):
        return False
    if isinstance(one, float) and isinstance(other, float):
        return struct.pack("<d", one) == struct.pack("<d", other) or (one != one and other != other)
    if isinstance(one, dict) and isinstance(other, dict):
        left = cast("dict[object, object]", one)
        right = cast("dict[object, object]", other)
        return left.keys() == right.keys() and all(is_same(left[k], right[k]) for k in left)
    if isinstance(one, list) and isinstance(other, list):
        items = cast("list[object]", one)
        others = cast("list[object]", other)
        return len(items) == len(others) and all(map(is_same, items, others))
    return one == other


def without_logical_types(schema: Json) -> Json:
    """The schema as one sees it who knows no logical types."""
    if isinstance(schema, dict):
        members = cast("dict[str, Json]", schema)
        return {k: without_logical_types(v) for k, v in members.items() if k != "logicalType"}
    if isinstance(schema, list):
        items = cast("list[object]", schema)
        return [without_logical_types(v) for v in items]
    return schema


# --- leaves --------------------------------------------------------------------------------------

Leaf: TypeAlias = SearchStrategy[tuple[Any, Any]]
"""Pairs of a value and what stands for it in the base type."""

TEXT = st.text(max_size=12)
_LONG_TEXT = st.tuples(TEXT, st.sampled_from([1, 100, 1000])).map(lambda pair: pair[0] * pair[1])
_DOUBLES = st.floats() | st.sampled_from([0.0, -0.0, float("nan"), float("inf"), 5e-324, 1e308])
_EPOCH = datetime(1970, 1, 1)


def same(strategy: SearchStrategy[Any]) -> Leaf:
    return strategy.map(lambda value: (value, value))


def ints(bits: int) -> SearchStrategy[int]:
    """Ints of so many bits, often near powers of two, where encodings get longer."""
    low, high = -(2 ** (bits - 1)), 2 ** (bits - 1) - 1
    powers = st.integers(0, bits - 1).map(lambda power: 1 << power)
    near = st.tuples(powers, st.sampled_from([1, -1]), st.integers(-2, 2)).map(
        lambda drawn: max(low, min(high, drawn[0] * drawn[1] + drawn[2]))
    )
    return near | st.integers(low, high)


_PRIMITIVES: dict[str, Leaf] = {
    "null": same(st.none()),
    "boolean": same(st.booleans()),
    "int": same(ints(32)),
    "long": same(ints(64)),
    "float": same(st.floats(width=32)),
    "double": same(_DOUBLES),
    "bytes": same(st.binary(max_size=12) | st.sampled_from([b"", bytes(1023), bytes(1024)])),
    "string": same(TEXT | _LONG_TEXT),
}


def _timestamps(step: int, *, local: bool) -> Leaf:
    def pair(moment: datetime) -> tuple[datetime, int]:
        microseconds = (moment - _EPOCH) // timedelta(microseconds=1)
        moment = _EPOCH + timedelta(microseconds=microseconds // step * step)
        return (moment if local else moment.replace(tzinfo=UTC)), microseconds // step

    ends = [datetime.min, datetime.max, _EPOCH, _EPOCH - timedelta(microseconds=1)]
    return (st.datetimes() | st.sampled_from(ends)).map(pair)


def _times(step: int) -> Leaf:
    def pair(clock: time) -> tuple[time, int]:
        clock = clock.replace(microsecond=clock.microsecond // step * step, fold=0)
        seconds = (clock.hour * 60 + clock.minute) * 60 + clock.second
        return clock, (seconds * 1_000_000 + clock.microsecond) // step

    return st.times().map(pair)


def decimals(precision: int, scale: int, size: int | None) -> Leaf:
    def pair(unscaled: int) -> tuple[Decimal, bytes]:
        length = size or (unscaled if unscaled >= 0 else ~unscaled).bit_length() // 8 + 1
        value = Decimal((int(unscaled < 0), tuple(map(int, str(abs(unscaled)))), -scale))
        return value, unscaled.to_bytes(length, "big", signed=True)

    bound = 10**precision - 1
    return (st.integers(-bound, bound) | st.sampled_from([0, bound, -bound])).map(pair)


_LOGICAL: list[tuple[Json, Leaf]] = [
    ({"type": "int", "logicalType": "date"}, st.dates().map(lambda d: (d, _days(d)))),
    ({"type": "int", "logicalType": "time-millis"}, _times(1000)),
    ({"type": "long", "logicalType": "time-micros"}, _times(1)),
    ({"type": "long", "logicalType": "timestamp-millis"}, _timestamps(1000, local=False)),
    ({"type": "long", "logicalType": "timestamp-micros"}, _timestamps(1, local=False)),
    ({"type": "long", "logicalType": "local-timestamp-millis"}, _timestamps(1000, local=True)),
    ({"type": "long", "logicalType": "local-timestamp-micros"}, _timestamps(1, local=True)),
    (
        {"type": "long", "logicalType": "timestamp-nanos"},
        ints(64).map(lambda n: (TimestampNanos(n), n)),
    ),
    (
        {"type": "long", "logicalType": "local-timestamp-nanos"},
        ints(64).map(lambda n: (LocalTimestampNanos(n), n)),
    ),
    ({"type": "string", "logicalType": "uuid"}, st.uuids().map(lambda u: (u, str(u)))),
]


def _days(day: date) -> int:
    return (day - date(1970, 1, 1)).days


def _duration(months: int, days: int, milliseconds: int) -> tuple[Duration, bytes]:
    return Duration(months, days, milliseconds), struct.pack("<3I", months, days, milliseconds)


_U32 = st.integers(0, 2**32 - 1)


# --- schemas -------------------------------------------------------------------------------------


class _Names:
    """Names for the types of one schema, and which of its records are being defined."""

    def __init__(self) -> None:
        self.count = 0
        self.defined: dict[str, Json] = {}

    def new(self) -> str:
        self.count += 1
        return f"space{self.count % 2}.T{self.count}"


@st.composite
def schemas(draw: DrawFn, depth: int = 3) -> Json:
    """A schema with every named type defined at its first use."""
    return _schema(draw, _Names(), depth, in_union=False)


def _schema(draw: DrawFn, names: _Names, depth: int, *, in_union: bool) -> Json:
    kinds = ["primitive", "logical", "enum", "fixed", "decimal"]
    if depth > 0:
        kinds += ["record", "record", "array", "map"] + ([] if in_union else ["union"])
    if names.defined:
        kinds.append("reference")
    match draw(st.sampled_from(kinds)):
        case "primitive":
            return draw(st.sampled_from(sorted(_PRIMITIVES)))
        case "logical":
            return draw(st.sampled_from([schema for schema, _ in _LOGICAL]))
        case "decimal":
            precision = draw(st.integers(1, 40))
            scale = draw(st.integers(0, precision))
            return {
                "type": "bytes",
                "logicalType": "decimal",
                "precision": precision,
                "scale": scale,
            }
        case "enum":
            count = draw(st.sampled_from([1, 2, 5, 64, 65, 300]))
            return _defined(names, type="enum", symbols=[f"S{n}" for n in range(count)])
        case "fixed":
            return _fixed(draw, names)
        case "array":
            return {"type": "array", "items": _schema(draw, names, depth - 1, in_union=False)}
        case "map":
            return {"type": "map", "values": _schema(draw, names, depth - 1, in_union=False)}
        case "record":
            return _record(draw, names, depth)
        case "union":
            return _union(draw, names, depth)
        case _:
            return draw(st.sampled_from(sorted(names.defined)))


def _defined(names: _Names, **members: Json) -> Json:
    name = names.new()
    schema = {"name": name, **members}
    names.defined[name] = schema
    return schema


def _fixed(draw: DrawFn, names: _Names) -> Json:
    match draw(st.sampled_from(["plain", "decimal", "uuid", "duration"])):
        case "decimal":
            precision = draw(st.integers(1, 9))
            return _defined(
                names, type="fixed", size=4, logicalType="decimal", precision=precision, scale=1
            )
        case "uuid":
            return _defined(names, type="fixed", size=16, logicalType="uuid")
        case "duration":
            return _defined(names, type="fixed", size=12, logicalType="duration")
        case _:
            return _defined(names, type="fixed", size=draw(st.integers(0, 9)))


def _record(draw: DrawFn, names: _Names, depth: int) -> Json:
    record: Json = {"type": "record", "name": names.new(), "fields": []}
    for index in range(draw(st.integers(0, 5))):
        field = _schema(draw, names, depth - 1, in_union=False)
        record["fields"].append({"name": f"f{index}", "type": field})
    if draw(st.booleans()):
        again = draw(st.sampled_from(["nullable", "array"]))
        name = record["name"]
        link = ["null", name] if again == "nullable" else {"type": "array", "items": name}
        record["fields"].append({"name": "again", "type": link})
    # Only now, as a record must not contain itself directly.
    names.defined[record["name"]] = record
    return record


def _union(draw: DrawFn, names: _Names, depth: int) -> Json:
    """A union whose branches are told apart by Python types, as long as there are classes."""
    branches: list[Json] = []
    taken: set[str] = set()
    for _ in range(draw(st.integers(1, 5))):
        known = dict(names.defined)
        branch = _schema(draw, names, depth - 1, in_union=True)
        kinds = _kinds(branch, names)
        if taken.isdisjoint(kinds):
            taken |= kinds
            branches.append(branch)
        else:
            names.defined = known
    return branches


def _kinds(branch: Json, names: _Names) -> set[str]:
    """What of a branch no other may have: its name in Avro, and its type in Python."""
    if isinstance(branch, str):
        branch = names.defined.get(branch, {"type": branch})
    base: str = branch["type"]
    logical = branch.get("logicalType", "")
    kinds = {branch.get("name") or f"avro {base}"}
    numbers = {"int": "int", "long": "int", "float": "float", "double": "float"}
    if logical:
        kinds.add(logical.split("-")[0].removeprefix("local"))
    elif base in numbers:
        kinds.add(numbers[base])
    if "timestamp" in logical:
        kinds.add("timestamp")
    return kinds


# --- values --------------------------------------------------------------------------------------


def values(schema: Json) -> SearchStrategy[Value]:
    """Values of a schema."""
    definitions: dict[str, Json] = {}
    _collect(schema, definitions)
    return _values(schema, definitions, 6)


@st.composite
def cases(draw: DrawFn) -> Case:
    """A schema and a value of it."""
    schema = draw(schemas())
    return Case(schema, draw(values(schema)))


def _collect(schema: Json, definitions: dict[str, Json]) -> None:
    if isinstance(schema, list):
        branches = cast("list[object]", schema)
        for branch in branches:
            _collect(branch, definitions)
    elif isinstance(schema, dict):
        members = cast("dict[str, Json]", schema)
        if "name" in members:
            definitions[members["name"]] = members
        for inner in (members.get("items"), members.get("values")):
            _collect(inner, definitions)
        for field in members.get("fields", []):
            _collect(field["type"], definitions)


def _values(schema: Json, definitions: dict[str, Json], depth: int) -> SearchStrategy[Value]:
    if isinstance(schema, list):
        branches = cast("list[object]", schema)
        if depth <= 0:
            # Whatever ends soonest.
            branches = [b for b in branches if b == "null"] or branches
        return st.one_of([_branch(b, definitions, depth) for b in branches])
    if isinstance(schema, str):
        if schema in _PRIMITIVES:
            return _PRIMITIVES[schema].map(_leaf)
        schema = definitions[schema]
    members = cast("dict[str, Json]", schema)
    match members["type"]:
        case "array":
            item = _values(members["items"], definitions, depth - 1)
            return st.lists(item, max_size=4 if depth > 0 else 0).map(_array)
        case "map":
            inner = _values(members["values"], definitions, depth - 1)
            return st.dictionaries(TEXT, inner, max_size=4 if depth > 0 else 0).map(_map)
        case "record":
            return st.deferred(lambda: _record_values(members, definitions, depth))
        case "enum":
            return same(st.sampled_from(members["symbols"])).map(_leaf)
        case _:
            return _logical_values(members).map(_leaf)


def _logical_values(schema: dict[str, Json]) -> Leaf:
    for known, leaf in _LOGICAL:
        if schema == known:
            return leaf
    size = schema.get("size")
    match schema.get("logicalType"):
        case "decimal":
            return decimals(schema["precision"], schema.get("scale", 0), size)
        case "uuid":
            return st.uuids().map(lambda value: (value, value.bytes))
        case "duration":
            return st.builds(_duration, _U32, _U32, _U32)
        case _:
            return same(st.binary(min_size=size or 0, max_size=size))


def _leaf(pair: tuple[Any, Any]) -> Value:
    value, raw = pair
    return Value(value, value, raw, raw)


def _array(items: list[Value]) -> Value:
    return Value(
        [item.plain for item in items],
        [item.written for item in items],
        [item.raw for item in items],
        [item.raw_read for item in items],
    )


def _map(entries: dict[str, Value]) -> Value:
    return Value(
        {key: value.plain for key, value in entries.items()},
        {key: value.written for key, value in entries.items()},
        {key: value.raw for key, value in entries.items()},
        {key: value.raw_read for key, value in entries.items()},
    )


def _record_values(
    schema: dict[str, Json], definitions: dict[str, Json], depth: int
) -> SearchStrategy[Value]:
    fields = {f["name"]: _values(f["type"], definitions, depth - 1) for f in schema["fields"]}
    return st.fixed_dictionaries(fields).map(_map)


def _branch(branch: Json, definitions: dict[str, Json], depth: int) -> SearchStrategy[Value]:
    if isinstance(branch, str):
        name = branch
    else:
        members = cast("dict[str, Json]", branch)
        name = str(members.get("name", members["type"]))

    def forced(value: Value) -> Value:
        raw = (name, value.raw) if name != "null" else None
        return Value(value.plain, (name, value.written), raw, value.raw_read)

    return _values(branch, definitions, depth - 1).map(forced)
