"""Generated objects, values of logical types, schemas and errors do what one expects of values."""

from __future__ import annotations

import copy
import dataclasses
import json
import pickle
import pprint
import subprocess
import sys
from collections.abc import Callable
from concurrent.futures import ProcessPoolExecutor
from datetime import UTC, date, datetime, timedelta, timezone
from decimal import Decimal
from multiprocessing import get_context
from typing import Any
from uuid import UUID

import pytest

from avrogen import (
    DecodeError,
    Duration,
    EncodeError,
    LocalTimestampNanos,
    ResolutionError,
    Schema,
    SchemaError,
    TimestampNanos,
)
from avrogen.runtime.v1 import AvroRecord
from examples.demo import events, order
from generated_example import shop_event
from generated_example.com.acme.common import Currency, Money, Sha256
from generated_example.com.acme.logistics import Stop
from generated_example.com.acme.shop import Category, OrderLine, OrderPlaced
from tests.codec.dynamic import Package
from tests.conftest import ROOT

OBJECTS: list[Any] = [
    order(),
    *events(),
    Sha256(bytes(range(32))),
    Currency.EUR,
    Duration(1, 2, 3),
    TimestampNanos(1_742_040_000_123_456_789),
    LocalTimestampNanos(-1),
]


@pytest.mark.parametrize("value", OBJECTS, ids=lambda value: type(value).__name__)
def test_copies_are_equal_and_of_the_same_type(value: Any) -> None:
    copies = [copy.copy(value), copy.deepcopy(value)]
    copies += [pickle.loads(pickle.dumps(value, protocol)) for protocol in range(2, 6)]
    for other in copies:
        assert type(other) is type(value)
        assert other == value
        assert repr(other) == repr(value)


def test_a_deep_copy_shares_no_lists() -> None:
    one = order()
    other = copy.deepcopy(one)
    other.lines.clear()
    assert one.lines
    assert one != other


def test_replace() -> None:
    one = Money(amount=Decimal("1.5"))
    other = dataclasses.replace(one, currency=Currency.GBP)
    assert other == Money(amount=Decimal("1.5"), currency=Currency.GBP)
    assert one.currency is Currency.EUR
    with pytest.raises(dataclasses.FrozenInstanceError):
        one.currency = Currency.GBP  # type: ignore[misc]


def test_objects_that_were_read_are_like_those_that_were_made() -> None:
    made = order()
    read = OrderPlaced.from_avro(made.to_avro())
    assert read == made
    assert repr(read) == repr(made)
    assert type(read) is OrderPlaced
    assert pickle.dumps(read) == pickle.dumps(made)
    assert dataclasses.asdict(read) == dataclasses.asdict(made)
    with pytest.raises(dataclasses.FrozenInstanceError):
        read.note = None  # type: ignore[misc]
    assert dataclasses.replace(read, note=None).note is None


def test_hash_where_the_fields_allow_it() -> None:
    one, other = Money(amount=Decimal("1.5")), Money(amount=Decimal("1.50"))
    assert len({one, other}) == 1
    assert {Sha256(bytes(32)): 1}[Sha256(bytes(32))] == 1
    assert len({Duration(1), Duration(1), Duration(2)}) == 2
    with pytest.raises(TypeError, match="unhashable type: 'list'"):
        hash(order())


def test_functions_of_classes_and_codecs_can_be_sent_to_other_processes() -> None:
    """Before they are compiled, and after."""
    data = [OrderLine(sku=str(n), unit_price=Money(amount=Decimal(n))).to_avro() for n in range(3)]
    lines = [OrderLine.from_avro(each) for each in data]
    union = [shop_event.to_avro(order())]
    assert shop_event.from_avro(union[0]) == order()
    with ProcessPoolExecutor(1, get_context("spawn")) as pool:
        assert list(pool.map(OrderLine.from_avro, data)) == lines
        assert list(pool.map(OrderLine.to_avro, lines)) == data
        assert list(pool.map(shop_event.from_avro, union)) == [order()]
    for function in (Category.from_avro, OrderLine.from_avro, OrderLine.to_avro):
        assert pickle.loads(pickle.dumps(function)) == function
        assert function.__doc__
    for codec in (shop_event, copy.copy(shop_event), copy.deepcopy(shop_event)):
        assert pickle.loads(pickle.dumps(codec)) is shop_event


def test_codecs_that_are_nowhere_to_be_found_are_not_pickled() -> None:
    schema = Schema.parse('{"type": "array", "items": {"type": "fixed", "name": "F", "size": 1}}')
    with pytest.raises(TypeError, match="by its name"):
        pickle.dumps(Package(schema).codec)


# --- repr ----------------------------------------------------------------------------------------


def test_repr_is_that_of_dataclasses() -> None:
    line = OrderLine(sku="tea", unit_price=Money(amount=Decimal("1.5")))
    text = (
        "OrderLine(sku='tea', quantity=1, "
        "unit_price=Money(amount=Decimal('1.5'), currency=<Currency.EUR: 'EUR'>))"
    )
    assert repr(line) == str(line) == text

    @dataclasses.dataclass(frozen=True)
    class Plain:
        sku: str
        more: list[dict[str, int]]

    @dataclasses.dataclass(frozen=True)
    class Own(AvroRecord):
        sku: str
        more: list[dict[str, int]]

    parts: tuple[Any, ...] = ("a'\n", [{"x": 1}, {}])
    assert repr(Own(*parts)) == repr(Plain(*parts)).replace("Plain", "Own")


def wide(**fields: Any) -> Any:
    """An instance of a class with such fields."""
    members = [(name, Any) for name in fields]
    class_ = dataclasses.make_dataclass("Wide", members, bases=(AvroRecord,), frozen=True)
    return class_(**fields)


@pytest.mark.parametrize(
    ("value", "shown"),
    [
        (wide(a="x" * 1_000_000), ["Wide(a='xxxx", "... 999940 more)"]),
        (wide(a=b"\x00" * 1_000_000), [r"\x00", "more)"]),
        (wide(a=list(range(1_000_000))), ["Wide(a=[0, 1, 2, 3, 4, 5, ... 999994 more])"]),
        (wide(a={str(n): n for n in range(100_000)}), ["'5': 5, ... 99994 more})"]),
        (wide(**{f"field_{n}": n for n in range(1000)}), ["field_0=0", "more)"]),
        (wide(a=[wide(b=["x" * 100] * 100)] * 100), ["Wide(a=[", "more"]),
        (wide(a=int("9" * 4000)), ["Wide(a=999", "...)"]),
    ],
    ids=range(7),
)
def test_repr_fits_on_a_screen(value: Any, shown: list[str]) -> None:
    text = repr(value)
    assert len(text) <= 1010
    assert all(part in text for part in shown), text


def test_repr_of_what_is_deep_or_contains_itself() -> None:
    stop = Stop(hub="last")
    for number in range(300):
        stop = Stop(hub=str(number), next=stop)
    assert repr(stop).startswith("Stop(hub='299', arrives=None, next=Stop(") or "..." in repr(stop)
    assert len(repr(stop)) <= 1010
    loop: list[Any] = []
    loop.append(wide(a=loop))
    assert "..." in repr(loop[0])
    assert len(repr(loop[0])) <= 1010


def test_a_repr_that_somebody_wrote_stays() -> None:
    class Mine(Money):
        def __repr__(self) -> str:
            return "mine"

    class Hers(Mine):
        pass

    assert repr(Mine(amount=Decimal(1))) == repr(Hers(amount=Decimal(1))) == "mine"


def test_everything_can_be_shown_all_the_same() -> None:
    value = wide(a=list(range(1000)))
    assert "999" in pprint.pformat(dataclasses.asdict(value), compact=True)


def test_repr_of_long_fixed() -> None:
    package = Package(Schema.parse('{"type": "fixed", "name": "F", "size": 100000}'))
    text = repr(package.classes["F"](bytes(100_000)))
    assert len(text) < 300
    assert text.endswith("more)")


# --- fixed ---------------------------------------------------------------------------------------


def test_fixed() -> None:
    value = Sha256(bytes(range(32)))
    assert Sha256.fromhex(value.hex()) == value
    assert type(Sha256.fromhex(value.hex())) is Sha256
    assert eval(repr(value)) == value
    assert str(value) == f"{value}" == repr(value)
    assert Sha256(bytearray(value)) == Sha256(memoryview(value)) == Sha256(value) == value
    assert value == bytes(range(32))
    assert value[:2] == b"\x00\x01"
    for wrong in (32, list(range(32)), "x" * 32, None):
        with pytest.raises(TypeError):
            Sha256(wrong)  # type: ignore[arg-type]
    for size in (31, 33):
        with pytest.raises(ValueError, match=f"Sha256 has 32 bytes, not {size}"):
            Sha256(bytes(size))


def test_text_of_fixed_is_no_mistake_for_python() -> None:
    """``python -bb`` has str(bytes) raise."""
    code = (
        "from generated_example.com.acme.common import Sha256; value = Sha256(bytes(32));"
        "print(str(value), f'{value}', repr(value))"
    )
    run = subprocess.run([sys.executable, "-bb", "-c", code], cwd=ROOT, check=False)
    assert run.returncode == 0


# --- nanoseconds ---------------------------------------------------------------------------------

INSTANTS = [
    (0, "1970-01-01T00:00:00.000000000+00:00"),
    (1, "1970-01-01T00:00:00.000000001+00:00"),
    (-1, "1969-12-31T23:59:59.999999999+00:00"),
    (1_742_040_000_123_456_789, "2025-03-15T12:00:00.123456789+00:00"),
    (2**63 - 1, "2262-04-11T23:47:16.854775807+00:00"),
    (-(2**63), "1677-09-21T00:12:43.145224192+00:00"),
]


@pytest.mark.parametrize(("nanos", "text"), INSTANTS)
def test_nanos_and_texts(nanos: int, text: str) -> None:
    instant, local = TimestampNanos(nanos), LocalTimestampNanos(nanos)
    bare = text.removesuffix("+00:00")
    assert instant.isoformat() == str(instant) == f"{instant}" == text
    assert local.isoformat() == str(local) == bare
    for own in (text, f"{bare}Z", text.replace(".", ","), text.replace("T", " ")):
        assert TimestampNanos.fromisoformat(own) == instant
    assert LocalTimestampNanos.fromisoformat(bare) == local
    assert TimestampNanos.from_datetime(instant.to_datetime(), instant.nanosecond) == instant
    assert LocalTimestampNanos.from_datetime(local.to_datetime(), local.nanosecond) == local
    assert instant.to_datetime() == datetime.fromisoformat(text)
    assert eval(repr(instant)) == instant
    assert json.loads(json.dumps(instant)) == nanos


@pytest.mark.parametrize(
    ("text", "nanos"),
    [
        ("1970-01-01T00:00:00Z", 0),
        ("1970-01-01T01:00+01:00", 0),
        ("1970-01-01T00:00:00.5Z", 500_000_000),
        ("1970-01-01T00:00:00.000000001-00:00", 1),
        ("1969-12-31T23:00:00.25-01:00", 250_000_000),
        ("19700101T000001Z", 10**9),
    ],
)
def test_other_texts_of_instants(text: str, nanos: int) -> None:
    assert TimestampNanos.fromisoformat(text) == nanos


@pytest.mark.parametrize(
    "text",
    [
        "",
        "x",
        "0",
        "1970-01-01",
        "1970-01-01T00:00:00",
        "1970-01-01T00:00:00.5",
        "1970-01-01T25:00:00Z",
        "1970-13-01T00:00Z",
        "1970-01-01T00:00:00.1234567890Z",
        "1970-01-01T00:00:00.Z",
        "1970-01-01T00:00:00.5 Z",
        "1970-01-01T00:00:00.1.2Z",
        "1970-01-01T00:00:00.\uff15Z",  # a digit, but no ASCII one
    ],
)
def test_texts_that_are_no_instants(text: str) -> None:
    with pytest.raises(ValueError):
        TimestampNanos.fromisoformat(text)


def test_local_texts_have_no_offset() -> None:
    for text in ("1970-01-01T00:00:00Z", "1970-01-01T00:00:00.5+01:00"):
        with pytest.raises(ValueError, match="aware"):
            LocalTimestampNanos.fromisoformat(text)
    assert LocalTimestampNanos.fromisoformat("1970-01-01 00:00:00.5") == 500_000_000


def test_arithmetic_of_nanos() -> None:
    one = TimestampNanos(1_000)
    later = one + timedelta(seconds=1)
    assert (type(later), later) == (TimestampNanos, 1_000_001_000)
    assert (type(later - timedelta(seconds=1)), later - timedelta(seconds=1)) == (
        TimestampNanos,
        one,
    )
    assert (type(later - one), later - one) == (int, 10**9)
    assert (type(one + 1), one + 1, 1 + one) == (int, 1_001, 1_001)
    assert one < later < 2**62
    assert max(one, later) is later
    assert TimestampNanos(5).nanosecond == 5
    assert TimestampNanos(-5).nanosecond == 995


def test_now() -> None:
    before = datetime.now(UTC)
    now = TimestampNanos.now()
    assert before <= now.to_datetime() + timedelta(seconds=1)
    assert abs(now - TimestampNanos.now()) < 60 * 10**9
    east = timezone(timedelta(hours=5))
    shown = LocalTimestampNanos.now(east).to_datetime()
    assert abs(shown - datetime.now(east).replace(tzinfo=None)) < timedelta(minutes=1)
    assert abs(LocalTimestampNanos.now().to_datetime() - datetime.now()) < timedelta(minutes=1)


def test_nanos_beyond_all_years() -> None:
    far = TimestampNanos(10**30)
    assert str(far) == "1" + "0" * 30
    with pytest.raises(OverflowError):
        far.isoformat()
    for value in (datetime(2024, 1, 1), datetime(2024, 1, 1, tzinfo=UTC)):
        type_ = LocalTimestampNanos if value.tzinfo else TimestampNanos
        with pytest.raises(ValueError, match=r"naive|aware"):
            type_.from_datetime(value)


# --- durations -----------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (Duration(), "PT0S"),
        (Duration(1, 2, 3_004), "P1M2DT3.004S"),
        (Duration(months=14), "P14M"),
        (Duration(days=7), "P7D"),
        (Duration(milliseconds=1), "PT0.001S"),
        (Duration(2**32 - 1, 2**32 - 1, 2**32 - 1), "P4294967295M4294967295DT4294967.295S"),
    ],
)
def test_durations_and_texts(value: Duration, text: str) -> None:
    assert value.isoformat() == str(value) == text
    assert Duration.fromisoformat(text) == value
    assert eval(repr(value)) == value


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("P1Y2M", Duration(14)),
        ("P2W", Duration(0, 14)),
        ("PT1H1M1.5S", Duration(0, 0, 3_661_500)),
        ("P1DT0,5S", Duration(0, 1, 500)),
    ],
)
def test_other_texts_of_durations(text: str, value: Duration) -> None:
    assert Duration.fromisoformat(text) == value


@pytest.mark.parametrize(
    "text",
    [
        "",
        "P",
        "PT",
        "P1",
        "1D",
        "P1DT",
        "P-1D",
        "PT0.0001S",
        "P1.5D",
        "P4294967296D",
        "PT1M1H",
        "P1H",
    ],
)
def test_texts_that_are_no_durations(text: str) -> None:
    with pytest.raises(ValueError):
        Duration.fromisoformat(text)


def test_durations_and_timedeltas() -> None:
    delta = timedelta(days=3, seconds=5, milliseconds=7)
    assert Duration.from_timedelta(delta).to_timedelta() == delta
    with pytest.raises(ValueError, match="months"):
        Duration(1).to_timedelta()
    with pytest.raises(ValueError, match="between"):
        Duration.from_timedelta(timedelta(days=-1))
    with pytest.raises(TypeError):
        Duration(True)
    with pytest.raises(TypeError):
        Duration(1.5)  # type: ignore[arg-type]


# --- schemas and errors --------------------------------------------------------------------------

TEXT = (
    '{"type": "record", "name": "R", "doc": "d", "fields": [{"name": "a", "type": "int", "x": 1}]}'
)


def test_schemas_are_equal_by_meaning() -> None:
    schema = Schema.parse(TEXT)
    spaced = Schema.parse(json.dumps(json.loads(TEXT), indent=4))
    moved = Schema.parse(
        '{"fields": [{"x": 1, "type": "int", "name": "a"}], "doc": "d", "namespace": "", '
        '"name": "R", "type": "record"}'
    )
    assert schema == spaced == moved
    assert len({schema, spaced, moved}) == 1
    for other in (
        TEXT.replace('"d"', '"e"'),
        TEXT.replace('"x": 1', '"x": 2'),
        TEXT.replace('"x": 1', '"x": true'),
        TEXT.replace('"x": 1', '"x": [1]'),
        TEXT.replace('"int"', '"long"'),
        TEXT.replace('"a"', '"b"'),
        TEXT.replace('"R"', '"S"'),
        '"int"',
    ):
        assert Schema.parse(other) != schema
    assert Schema.parse(TEXT.replace('"x": 1', '"x": true')) != Schema.parse(
        TEXT.replace('"x": 1', '"x": 1.0')
    )
    assert schema != TEXT
    assert pickle.loads(pickle.dumps(schema)) == schema == copy.deepcopy(schema)
    assert OrderLine.__avro_schema__ == Schema.parse(str(OrderLine.__avro_schema__))


def test_repr_of_schemas_is_short_and_asks_for_nothing() -> None:
    assert repr(Schema.parse('"int"')) == '<Schema "int">'
    text = repr(Schema.embedded("{ not\n even \x1b[31m JSON" + "x" * 1_000_000))
    assert len(text) < 100
    assert text.isprintable()


def failures() -> list[Callable[[], object]]:
    schema = Schema.parse(TEXT)
    other = Schema.parse('["string", "null"]')
    return [
        lambda: Schema.parse('{"type": "record", "name": "a\\u001b[31m\\nb", "fields": 1}'),
        lambda: Schema.parse("{"),
        lambda: schema.to_avro({"a": "x\n\x1b[31m"}),
        lambda: schema.from_avro(b"\xff"),
        lambda: schema.from_avro(b"", writer=other),
        lambda: Schema.parse('{"type": "map", "values": "int"}').from_avro(b"\x02\x04\n\x1b\xff"),
        lambda: Schema.parse('{"type": "map", "values": "int"}').to_avro({"\n\x1b": "\u2028"}),
        lambda: Schema.parse('["null", "int"]').from_avro(b"\x00", writer=other),
        lambda: schema.from_single_object(b"\xc3\x01" + bytes(8)),
    ]


@pytest.mark.parametrize("number", range(len(failures())))
def test_errors_are_pickled_and_fit_in_a_log(number: int) -> None:
    with pytest.raises((SchemaError, EncodeError, DecodeError)) as caught:
        failures()[number]()
    error = caught.value
    for protocol in range(2, 6):
        again = pickle.loads(pickle.dumps(error, protocol))
        assert type(again) is type(error)
        assert str(again) == str(error)
        assert vars(again) == vars(error)
    assert str(copy.copy(error)) == str(error)
    assert str(error).isprintable()
    assert len(str(error)) < 1000


def test_errors_come_back_from_other_processes() -> None:
    with ProcessPoolExecutor(1, get_context("spawn")) as pool:
        with pytest.raises(DecodeError) as caught:
            pool.submit(Money.from_avro, b"\xff").result()
        assert caught.value.offset == 1
        with pytest.raises(ResolutionError) as refused:
            pool.submit(Money.from_avro, b"", writer=Schema.parse('"int"')).result()
        assert refused.value.incompatibilities


def test_dates_and_uuids_are_pythons_own() -> None:
    value = order()
    assert isinstance(value.order_id, UUID)
    assert isinstance(value.customer.born_on, date)
