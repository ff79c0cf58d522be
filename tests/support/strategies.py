"""What the kit draws, as several see it: as plain values of avrogen, and as partners have them.

Partners do not know all logical types, so they get schemas without any and values of base types.
"""

from __future__ import annotations

import json
import struct
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from decimal import Decimal
from typing import Any, TypeAlias, cast
from uuid import UUID

from hypothesis import strategies as st
from hypothesis.strategies import DrawFn, SearchStrategy

from avrogen import Duration, LocalTimestampNanos, Schema, TimestampNanos
from avrogen.avro.diagnostics import Diagnostics
from avrogen.avro.model import TimeUnit
from avrogen.codec import plan
from avrogen.codec.logical import (
    BigDecimalKind,
    DateKind,
    DecimalKind,
    DurationKind,
    NanosKind,
    TimeKind,
    TimestampKind,
    UuidKind,
)
from avrogen.codec.varints import encode_long
from avrogen.compiler.checks import report_ambiguous_unions
from avrogen.testing.strategies.leaves import TEXTS, leaf
from avrogen.testing.strategies.schemas import schema_json
from avrogen.testing.strategies.value_strategies import SchemaWalker
from tests.support.parsed_schema import parse_schema

__all__ = ["Case", "Value", "cases", "is_ambiguous", "is_same", "schemas", "without_logical_types"]

Json: TypeAlias = Any

schemas = schema_json


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


@st.composite
def cases(draw: DrawFn) -> Case:
    """A schema and a value of it."""
    json_ = draw(schemas())
    schema = Schema.parse(json.dumps(json_))
    return Case(json_, draw(_Values(schema.type, schema.types).root()))


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


def is_ambiguous(schema: Json) -> bool:
    """Whether the schema has a union with two branches that are one type in Python."""
    diagnostics = Diagnostics()
    report_ambiguous_unions(parse_schema(json.dumps(schema), "a.avsc"), diagnostics)
    return bool(list(diagnostics))


# --- values --------------------------------------------------------------------------------------


class _Values(SchemaWalker):
    """The kit's values, with what others have in their place."""

    def leaf(self, operation: plan.Operation) -> SearchStrategy[Value]:
        drawn = leaf(operation)
        if isinstance(operation, plan.FloatOperation):
            drawn |= st.just(float("nan"))

        def value(of: Any) -> Value:
            raw = _raw(operation, of)
            return Value(of, of, raw, raw)

        return drawn.map(value)

    def array(self, item: SearchStrategy[Any], most: int, *, of_leaves: bool) -> Any:
        lists = st.lists(item, max_size=most)
        return lists.map(lambda items: items * 30 if of_leaves and len(items) == 3 else items).map(
            _array
        )

    def map(self, value: SearchStrategy[Any], most: int, *, of_leaves: bool) -> Any:
        return st.dictionaries(TEXTS, value, max_size=most).map(_map)

    def empty(self, operation: plan.ArrayOperation | plan.MapOperation) -> Any:
        return st.just(_array([]) if isinstance(operation, plan.ArrayOperation) else _map({}))

    def branch(self, union: plan.UnionOperation, index: int, drawn: SearchStrategy[Any]) -> Any:
        name = union.branches[index].name

        def forced(value: Value) -> Value:
            raw = (name, value.raw) if name != "null" else None
            return Value(value.plain, (name, value.written), raw, value.raw_read)

        return drawn.map(forced)

    def record(self, operation: plan.RecordOperation, fields: list[SearchStrategy[Any]]) -> Any:
        names = [field.name for field in operation.fields]
        return st.fixed_dictionaries(dict(zip(names, fields, strict=True))).map(_map)


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


_PER_SECOND = {TimeUnit.MILLIS: 1_000, TimeUnit.MICROS: 1_000_000}


def _raw(operation: plan.Operation, value: Any) -> Any:
    """A value of a logical type in its base type, by the words of the specification."""
    if not isinstance(operation, plan.LogicalOperation):
        return value
    match operation.kind, value:
        case DecimalKind(size=size), Decimal():
            unscaled = _unscaled(value)
            length = size or (unscaled if unscaled >= 0 else ~unscaled).bit_length() // 8 + 1
            return unscaled.to_bytes(length, "big", signed=True)
        case BigDecimalKind(), Decimal():
            unscaled = _unscaled(value)
            length = (unscaled if unscaled >= 0 else ~unscaled).bit_length() // 8 + 1
            scale = -int(value.as_tuple().exponent)
            content = unscaled.to_bytes(length, "big", signed=True)
            return encode_long(length) + content + encode_long(scale)
        case UuidKind(binary), UUID():
            return value.bytes if binary else str(value)
        case DateKind(), date():
            return (value - date(1970, 1, 1)).days
        case TimeKind(unit), time():
            midnight = datetime.combine(date.min, time())
            return _units(datetime.combine(date.min, value) - midnight, unit)
        case TimestampKind(unit), datetime():
            return _units(value.replace(tzinfo=None) - datetime(1970, 1, 1), unit)
        case NanosKind(), TimestampNanos() | LocalTimestampNanos():
            return int(value)
        case DurationKind(), Duration():
            return struct.pack("<3I", value.months, value.days, value.milliseconds)
        case _:
            raise AssertionError(f"{value!r} is of no logical type that is known here")


def _units(delta: timedelta, unit: TimeUnit) -> int:
    return delta // timedelta(microseconds=1) * _PER_SECOND[unit] // 1_000_000


def _unscaled(value: Decimal) -> int:
    sign, digits, _ = value.as_tuple()
    number = int("".join(map(str, digits)))
    return -number if sign else number
