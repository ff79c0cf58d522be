"""Random schemas and values: the bytes are those of fastavro, and Apache avro reads them.

Faults of the partners that are kept out of what is drawn:

* Neither knows all logical types, and fastavro rounds or converts values of those it knows: both
  get the schema without them, and values of the base types.
* Apache avro refuses a fixed of size 0: it is not asked about such schemas.
"""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given

from avrogen import Schema
from avrogen.avro.model import Reference
from avrogen.codec import plan as plans
from avrogen.codec.classes import AvroValue
from avrogen.codec.interpreter.decoder import InterpretedDecoder
from avrogen.codec.interpreter.encoder import InterpretedEncoder
from avrogen.codec.plan_analysis import MinimumSizes
from avrogen.codec.planner import plan_for
from tests.support.dynamic import Package, as_plain
from tests.support.partners import Apache, FastAvro
from tests.support.strategies import Case, cases, is_ambiguous, is_same


@given(cases())
def test_bytes_are_those_of_fastavro_and_values_come_back(case: Case) -> None:
    schema = Schema.parse(json.dumps(case.schema))
    data = schema.to_avro(case.value.written)
    assert data == FastAvro(case.schema).write(case.value.raw)
    assert is_same(schema.from_avro(data), case.value.plain)


@given(cases())
def test_apache_avro_reads_the_same(case: Case) -> None:
    if '"size": 0' in json.dumps(case.schema):
        return
    data = Schema.parse(json.dumps(case.schema)).to_avro(case.value.written)
    assert is_same(Apache(case.schema).read(data), case.value.raw_read)


@given(cases())
def test_classes_write_and_read_the_same_bytes(case: Case) -> None:
    schema = Schema.parse(json.dumps(case.schema))
    package = Package(schema)
    value = package.written(case.value.written)
    data = package.codec.to_avro(value)
    # An object has no branch with it: where two hold it, another may have been meant.
    if not is_ambiguous(case.schema):
        assert data == FastAvro(case.schema).write(case.value.raw)
    back = package.codec.from_avro(data)
    assert is_same(as_plain(back), as_plain(value))
    assert package.codec.to_avro(back) == data
    if isinstance(schema.type, Reference) and isinstance(value, AvroValue):
        assert value.to_avro() == data
        assert is_same(as_plain(type(value).from_avro(data)), as_plain(value))


@given(cases())
def test_compiled_and_checked_agree(case: Case) -> None:
    schema = Schema.parse(json.dumps(case.schema))
    plan = plan_for(schema.type, schema.types, None)
    data = InterpretedEncoder(plan).write(case.value.written)
    assert data == schema.to_avro(case.value.written)
    assert is_same(InterpretedDecoder(plan).read(data), schema.from_avro(data))


def test_ordinary_values_never_leave_the_compiled_code(monkeypatch: pytest.MonkeyPatch) -> None:
    """Otherwise the code could be wrong, or slow, without anybody noticing."""

    def refuse(self: object, argument: object) -> Any:
        raise AssertionError("left the compiled code")

    monkeypatch.setattr(InterpretedEncoder, "write", refuse)
    monkeypatch.setattr(InterpretedDecoder, "read", refuse)

    @given(cases())
    def check(case: Case) -> None:
        schema = Schema.parse(json.dumps(case.schema))
        if has_empty_items(case.schema):
            return
        package = Package(schema)
        value = package.written(case.value.written)
        data = package.codec.to_avro(value)
        assert is_same(as_plain(package.codec.from_avro(data)), as_plain(value))

    check()


def has_empty_items(schema: Any) -> bool:
    """Whether an array's items may take no bytes: those are counted by the checked reader."""
    parsed = Schema.parse(json.dumps(schema))
    plan = plan_for(parsed.type, parsed.types, None)
    sizes = MinimumSizes(plan)
    waiting = [plan.root, *(f.operation for r in plan.records.values() for f in r.fields)]
    while waiting:
        match waiting.pop():
            case plans.ArrayOperation(item):
                if sizes.of(item) == 0:
                    return True
                waiting.append(item)
            case plans.MapOperation(inner):
                waiting.append(inner)
            case plans.UnionOperation(branches):
                waiting.extend(branch.operation for branch in branches)
            case _:
                pass
    return False


@pytest.mark.parametrize(("unit", "per_second"), [("millis", 1_000), ("micros", 1_000_000)])
def test_more_timestamps_are_written_than_are_remembered(unit: str, per_second: int) -> None:
    schema = Schema.parse(json.dumps({"type": "long", "logicalType": f"timestamp-{unit}"}))
    # Moments an hour apart, before 1970 and up to the year 10000; and every edge of a byte.
    hours = [3600 * per_second * hour for hour in (*range(-20, 3000), 70_389_527)]
    edges = [near + step for near in (1 << 6, 1 << 13, 1 << 20, 1 << 27) for step in (-1, 0, 1)]
    for units in hours + edges:
        written = FastAvro("long").write(units)
        assert schema.to_avro(schema.from_avro(written)) == written
