"""Options for dates and times: numbers out of range, and values finer than their unit.

Compiled code and the interpreter give the same, in all places where a value can be.
"""

from __future__ import annotations

import json
import pickle
from collections.abc import Callable
from datetime import UTC, date, datetime, time, timedelta, timezone
from typing import Any

import pytest

from avrogen import DecodeError, EncodeError, ResolutionError, Schema, TimeOptions
from avrogen.codec.interpreter.decoder import InterpretedDecoder
from avrogen.codec.interpreter.encoder import InterpretedEncoder
from avrogen.codec.planner import plan_for, under_options
from avrogen.codec.varints import encode_long
from tests.golden.times_as_numbers.expected.times_as_numbers import Contract, stamp
from tests.golden.times_out_of_range.expected.times_out_of_range import Contract as Nearest
from tests.support.schemas import field, items, logical, record, record_of, values

NEAREST, NUMBER = TimeOptions(out_of_range="nearest"), TimeOptions(out_of_range="number")
STRICT = TimeOptions(rounding="error")

LEAST, MOST = -(2**63), 2**63 - 1

TYPES: dict[str, tuple[Any, Any, Any, tuple[int, ...]]] = {
    # name: type, first and last value, numbers beyond them
    "date": (
        logical("int", "date"),
        date(1, 1, 1),
        date(9999, 12, 31),
        (-(2**31), -719_163, 2_932_897, 2**31 - 1),
    ),
    "time-millis": (
        logical("int", "time-millis"),
        time(0),
        time(23, 59, 59, 999_000),
        (-(2**31), -1, 86_400_000, 2**31 - 1),
    ),
    "time-micros": (
        logical("long", "time-micros"),
        time(0),
        time(23, 59, 59, 999_999),
        (LEAST, -1, 86_400_000_000, MOST),
    ),
    "timestamp-millis": (
        logical("long", "timestamp-millis"),
        datetime(1, 1, 1, tzinfo=UTC),
        datetime(9999, 12, 31, 23, 59, 59, 999_000, tzinfo=UTC),
        (LEAST, -62_135_596_800_001, 253_402_300_800_000, MOST),
    ),
    "timestamp-micros": (
        logical("long", "timestamp-micros"),
        datetime(1, 1, 1, tzinfo=UTC),
        datetime(9999, 12, 31, 23, 59, 59, 999_999, tzinfo=UTC),
        (LEAST, -62_135_596_800_000_001, 253_402_300_800_000_000, MOST),
    ),
    "local-timestamp-millis": (
        logical("long", "local-timestamp-millis"),
        datetime(1, 1, 1),
        datetime(9999, 12, 31, 23, 59, 59, 999_000),
        (LEAST, -62_135_596_800_001, 253_402_300_800_000, MOST),
    ),
    "local-timestamp-micros": (
        logical("long", "local-timestamp-micros"),
        datetime(1, 1, 1),
        datetime(9999, 12, 31, 23, 59, 59, 999_999),
        (LEAST, -62_135_596_800_000_001, 253_402_300_800_000_000, MOST),
    ),
}

PLACES: dict[str, tuple[Callable[[Any], Any], Callable[[bytes], bytes], Callable[[Any], Any]]] = {
    # name: schema around a type, data around its data, value around its value
    "itself": (lambda t: t, lambda d: d, lambda v: v),
    "field": (lambda t: record_of(a=t, b="int"), lambda d: d + b"\2", lambda v: {"a": v, "b": 1}),
    "item": (items, lambda d: b"\2" + d + b"\0", lambda v: [v]),
    "entry": (values, lambda d: b"\2\2k" + d + b"\0", lambda v: {"k": v}),
    "nullable": (lambda t: ["null", t], lambda d: b"\2" + d, lambda v: v),
    "branch before a float": (lambda t: [t, "double"], lambda d: b"\0" + d, lambda v: v),
    "items that may be null": (
        lambda t: record_of(a=items(["null", t])),
        lambda d: b"\2\2" + d + b"\0",
        lambda v: {"a": [v]},
    ),
}


def with_options(schema: Any, times: TimeOptions | None) -> Schema:
    return Schema.parse(json.dumps(schema), times=times)


def interpreted(schema: Schema) -> tuple[InterpretedDecoder, InterpretedEncoder]:
    plan = under_options(plan_for(schema.type, schema.types, None), schema.times)
    return InterpretedDecoder(plan), InterpretedEncoder(plan)


def read(schema: Schema, data: bytes) -> Any:
    """The value that compiled code and the interpreter read."""
    value, other = schema.from_avro(data), interpreted(schema)[0].read(data)
    assert (value, repr(value)) == (other, repr(other))
    return value


def written(schema: Schema, value: Any) -> bytes:
    """The bytes that compiled code and the interpreter write."""
    data = schema.to_avro(value)
    assert interpreted(schema)[1].write(value) == data
    return data


def refused(schema: Schema, value: Any) -> str:
    """The message of both, which is the same."""
    messages: list[str] = []
    for write in (schema.to_avro, interpreted(schema)[1].write):
        with pytest.raises(EncodeError) as caught:
            write(value)
        messages.append(str(caught.value))
    assert messages[0] == messages[1]
    return messages[0]


@pytest.mark.parametrize("place", PLACES)
@pytest.mark.parametrize("name", TYPES)
def test_numbers_out_of_range(name: str, place: str) -> None:
    type_, first, last, beyond = TYPES[name]
    schema_around, data_around, value_around = PLACES[place]
    schema = schema_around(type_)
    default, nearest, number = (with_options(schema, each) for each in (None, NEAREST, NUMBER))
    for raw in beyond:
        data = data_around(encode_long(raw))
        with pytest.raises(DecodeError):
            default.from_avro(data)
        assert read(nearest, data) == value_around(first if raw < 0 else last)
        assert read(number, data) == value_around(raw)
        assert written(number, value_around(raw)) == data
        for other in (default, nearest):
            if place != "branch before a float":  # which an int is
                refused(other, value_around(raw))


@pytest.mark.parametrize("place", PLACES)
@pytest.mark.parametrize("name", TYPES)
def test_all_other_values_are_as_without_options(name: str, place: str) -> None:
    type_, first, last, _ = TYPES[name]
    schema_around, _, value_around = PLACES[place]
    default = with_options(schema_around(type_), None)
    for value in (first, last, _middle(first)):
        data = default.to_avro(value_around(value))
        for times in (NEAREST, NUMBER, STRICT):
            schema = with_options(schema_around(type_), times)
            assert written(schema, value_around(value)) == data
            assert read(schema, data) == value_around(value)


def _middle(first: Any) -> Any:
    return (
        first.replace(hour=12, minute=30) if isinstance(first, time) else first.replace(year=2026)
    )


@pytest.mark.parametrize("name", TYPES)
def test_numbers_in_range_are_not_written(name: str) -> None:
    """They would be read as something else."""
    type_ = TYPES[name][0]
    assert "instead of its number, got 0" in refused(with_options(type_, NUMBER), 0)
    assert "bool" not in refused(with_options(type_, NUMBER), True)
    refused(with_options(type_, NUMBER), 2**64)


@pytest.mark.parametrize(
    ("union", "branch"),
    [
        ([logical("long", "timestamp-millis"), "int"], 0),  # no int of 32 bits
        (["double", logical("long", "timestamp-millis")], 1),  # double would round it
        ([logical("long", "timestamp-millis"), "double"], 0),
        ([logical("long", "timestamp-millis"), "float", "string"], 0),
        (["string", logical("long", "timestamp-millis"), "null"], 1),
    ],
)
def test_numbers_in_unions(union: Any, branch: int) -> None:
    assert written(with_options(union, NUMBER), MOST)[:1] == encode_long(branch)


def test_many_branches() -> None:
    union = [*(record_of(f"R{n}", a="int") for n in range(70)), logical("int", "date")]
    schema = with_options(union, NUMBER)
    assert read(schema, written(schema, 2**31 - 1)) == 2**31 - 1


# --- values finer than a unit ---------------------------------------------------------------------

FINE: dict[str, tuple[Any, Any, Any]] = {
    # name: type, a value that is too fine, the same in whole units
    "time": (
        logical("int", "time-millis"),
        time(1, 2, 3, 4_500),
        time(1, 2, 3, 4_000),
    ),
    "timestamp": (
        logical("long", "timestamp-millis"),
        datetime(2026, 1, 2, 3, 4, 5, 6_001, tzinfo=UTC),
        datetime(2026, 1, 2, 3, 4, 5, 6_000, tzinfo=UTC),
    ),
    "before 1970": (
        logical("long", "timestamp-millis"),
        datetime(1969, 12, 31, 23, 59, 59, 999_999, tzinfo=UTC),
        datetime(1969, 12, 31, 23, 59, 59, 999_000, tzinfo=UTC),
    ),
    "local": (
        logical("long", "local-timestamp-millis"),
        datetime(2026, 1, 2, 3, 4, 5, 6_999),
        datetime(2026, 1, 2, 3, 4, 5, 6_000),
    ),
    "fine offset": (
        logical("long", "timestamp-millis"),
        datetime(2026, 1, 2, 3, 4, 5, tzinfo=timezone(timedelta(microseconds=500))),
        datetime(2026, 1, 2, 3, 4, 5, tzinfo=timezone(timedelta(milliseconds=500))),
    ),
}


@pytest.mark.parametrize("place", PLACES)
@pytest.mark.parametrize("case", FINE)
def test_values_finer_than_the_unit(case: str, place: str) -> None:
    type_, fine, whole = FINE[case]
    schema_around, _, value_around = PLACES[place]
    schema = schema_around(type_)
    written(with_options(schema, None), value_around(fine))  # rounded down
    message = refused(with_options(schema, STRICT), value_around(fine))
    assert "in whole millis" in message
    assert written(with_options(schema, STRICT), value_around(whole))


def test_microseconds_hold_all_that_python_has() -> None:
    for name in ("timestamp-micros", "local-timestamp-micros"):
        zone = None if name.startswith("local") else UTC
        value = datetime(2026, 1, 2, 3, 4, 5, 6, tzinfo=zone)
        schema = with_options(logical("long", name), STRICT)
        assert read(schema, written(schema, value)) == value


def test_unions_do_not_round() -> None:
    union = [logical("int", "time-millis"), logical("long", "time-micros")]
    value = time(1, 2, 3, 4)
    assert written(with_options(union, STRICT), value)[:1] == b"\2"
    refused(with_options([logical("int", "time-millis"), "null"], STRICT), value)


def test_both_options() -> None:
    both = TimeOptions(out_of_range="number", rounding="error")
    schema = with_options(logical("long", "timestamp-millis"), both)
    assert read(schema, written(schema, MOST)) == MOST
    assert "int beyond" in refused(schema, datetime(2026, 1, 1, 0, 0, 0, 1, tzinfo=UTC))


# --- other versions -------------------------------------------------------------------------------


def test_numbers_of_another_unit_are_converted() -> None:
    millis, micros = (logical("long", f"timestamp-{unit}") for unit in ("millis", "micros"))
    far = 253_402_300_800_123  # milliseconds
    data = encode_long(far * 1000 + 456)
    writer = with_options(micros, None)
    assert with_options(millis, NUMBER).from_avro(data, writer=writer) == far
    assert with_options(micros, NUMBER).from_avro(
        encode_long(far), writer=with_options(millis, None)
    ) == (far * 1000)
    nearest = with_options(millis, NEAREST).from_avro(data, writer=writer)
    assert nearest == datetime(9999, 12, 31, 23, 59, 59, 999_000, tzinfo=UTC)
    assert with_options(millis, STRICT).to_avro(nearest)


def test_times_of_another_unit() -> None:
    reader = logical("long", "time-micros")
    writer = with_options(logical("int", "time-millis"), None)
    data = encode_long(86_400_000)
    assert with_options(reader, NUMBER).from_avro(data, writer=writer) == 86_400_000_000
    assert with_options(reader, NEAREST).from_avro(data, writer=writer) == time.max


def test_nanoseconds_that_a_reader_cannot_hold() -> None:
    reader = logical("long", "timestamp-micros")
    writer = with_options(logical("long", "timestamp-nanos"), None)
    assert with_options(reader, None).from_avro(encode_long(1_001), writer=writer).microsecond == 1
    with pytest.raises(DecodeError, match="whole microseconds"):
        with_options(reader, STRICT).from_avro(encode_long(1_001), writer=writer)
    assert with_options(reader, STRICT).from_avro(encode_long(1_000), writer=writer)


def test_defaults_out_of_range() -> None:
    """A field that the data lack: an error by default, or what readers have for the number."""
    type_ = logical("long", "timestamp-millis")
    schema, empty = record("R", field("at", type_, default=MOST)), with_options(record("R"), None)
    with pytest.raises(ResolutionError, match="years 1 to 9999"):
        with_options(schema, None).from_avro(b"", writer=empty)
    assert with_options(schema, NUMBER).from_avro(b"", writer=empty) == {"at": MOST}
    (last,) = with_options(schema, NEAREST).from_avro(b"", writer=empty).values()
    assert last == datetime(9999, 12, 31, 23, 59, 59, 999_000, tzinfo=UTC)


# --- generated classes ----------------------------------------------------------------------------

WRITTEN = b"".join(
    (
        encode_long(1),
        encode_long(2**31 - 1),
        encode_long(MOST),
        b"\2" + encode_long(LEAST),
        encode_long(MOST),
        encode_long(86_400_000),
        b"\4" + encode_long(MOST) + encode_long(0) + b"\0",
        encode_long(MOST),
        b"\2a",
    )
)


def test_classes_with_numbers() -> None:
    contract = Contract.from_avro(WRITTEN)
    assert (contract.signed, contract.valid_to, contract.closes) == (2**31 - 1, LEAST, 86_400_000)
    assert contract.changed == [MOST, datetime(1970, 1, 1, tzinfo=UTC)]
    assert contract.to_avro() == WRITTEN
    assert pickle.loads(pickle.dumps(contract)) == contract
    assert Contract.from_avro(WRITTEN, writer=Nearest.__avro_schema__) == contract
    assert Contract.from_avro(WRITTEN, writer=_other_version()) == contract
    defaults = Contract(id=1, party=contract.party)
    assert Contract.from_avro(defaults.to_avro()) == defaults


def test_classes_with_the_nearest() -> None:
    contract = Nearest.from_avro(WRITTEN)
    assert contract.signed == date.max
    assert contract.valid_from == datetime.max.replace(tzinfo=UTC)
    assert contract.valid_to == datetime(1, 1, 1, tzinfo=UTC)
    assert contract.closes == time(23, 59, 59, 999_000)
    assert Nearest.from_avro(contract.to_avro()) == contract
    # Defaults of the class are what readers have for the same numbers.
    made = Nearest(id=1, party=contract.party)
    empty = Schema.parse(
        json.dumps(
            {
                **json.loads(str(Nearest.__avro_schema__)),
                "fields": [
                    f
                    for f in json.loads(str(Nearest.__avro_schema__))["fields"]
                    if f["name"] in ("id", "party")
                ],
            }
        )
    )
    assert Nearest.from_avro(encode_long(1) + b"\2a", writer=empty) == made


def _other_version() -> Schema:
    content = json.loads(str(Contract.__avro_schema__))
    content["fields"].append({"name": "more", "type": "null"})
    return Schema.parse(json.dumps(content))


def test_codecs() -> None:
    assert stamp.from_avro(b"\0" + encode_long(MOST)) == MOST
    assert stamp.to_avro(MOST) == b"\0" + encode_long(MOST)
    assert stamp.to_avro(5) == b"\2\x0a"


def test_schemas_keep_their_options() -> None:
    schema = with_options(logical("int", "date"), NUMBER)
    assert pickle.loads(pickle.dumps(schema)).from_avro(encode_long(2**31 - 1)) == 2**31 - 1
    assert schema == with_options(logical("int", "date"), None)  # they are no content


def test_other_words_are_refused() -> None:
    with pytest.raises(ValueError, match='out_of_range must be "error" or "nearest" or "number"'):
        TimeOptions(out_of_range="clamp")  # type: ignore[arg-type] # pyright: ignore[reportArgumentType]
    with pytest.raises(ValueError, match='rounding must be "down" or "error", not 1'):
        TimeOptions(rounding=1)  # type: ignore[arg-type] # pyright: ignore[reportArgumentType]


def test_branches_have_names_under_options() -> None:
    date = {"type": "int", "logicalType": "date"}
    union = with_options(["null", "string", date], TimeOptions(out_of_range="number"))
    data = union.to_avro(10_000_000)
    assert union.from_avro(data, named_branches=True) == ("int", 10_000_000)
    writer = with_options(date, None)
    assert union.from_avro(data[1:], writer=writer, named_branches=True) == ("int", 10_000_000)
