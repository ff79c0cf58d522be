"""Generated objects, values of logical types, schemas and errors do what one expects of values."""

from __future__ import annotations

import copy
import dataclasses
import pickle
import pprint
import subprocess
import sys
from concurrent.futures import ProcessPoolExecutor
from datetime import date
from decimal import Decimal
from multiprocessing import get_context
from typing import Any
from uuid import UUID

import pytest

from avrogen import (
    Duration,
    LocalTimestampNanos,
    Schema,
    TimestampNanos,
)
from avrogen.runtime.v1 import AvroRecord
from examples.demo import SCANNED, SETTLED, order
from generated_example import shop_event
from generated_example.com.acme.common import Currency, Money, Sha256
from generated_example.com.acme.logistics import Stop
from generated_example.com.acme.shop import Category, OrderLine, OrderPlaced
from generated_example.com.example import Event, EventType
from tests.conftest import ROOT
from tests.support.dynamic import Package

OBJECTS: list[Any] = [
    order(),
    SETTLED,
    SCANNED,
    Event(id="1", timestamp=1_742_040_000_000, type=EventType.CREATED, resource_id="order/1"),
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


def test_dates_and_uuids_are_pythons_own() -> None:
    value = order()
    assert isinstance(value.order_id, UUID)
    assert isinstance(value.customer.born_on, date)
