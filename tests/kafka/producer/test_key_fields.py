"""Keys from fields of every type that a key can have: what is on the wire there is the key."""

from __future__ import annotations

from datetime import UTC, date, datetime, time
from decimal import Decimal
from typing import Any
from uuid import UUID

import pytest

from avrogen import Duration, EncodeError, TimestampNanos
from avrogen.kafka.producer.record_encoder import RecordEncoder, TopicSchemaIds, key_of_field
from avrogen.kafka.topic import Topic
from tests.conftest import Build
from tests.golden.custom_types.expected.custom_types.com.acme import Country, Order
from tests.support.own_types import Money, OrderId

FIELDS: list[tuple[str, Any, object, object]] = [
    ("text", "string", "a", "a"),
    ("number", "int", 7, 7),
    ("large", "long", 2**40, 2**40),
    ("flag", "boolean", True, True),
    ("real", "double", 1.5, 1.5),
    ("data", "bytes", b"\x00", b"\x00"),
    ("class", "string", "a keyword in Python", "a keyword in Python"),
    ("unknown", {"type": "string", "logicalType": "colour"}, "red", "red"),
    (
        "uuid",
        {"type": "string", "logicalType": "uuid"},
        UUID(int=1),
        "00000000-0000-0000-0000-000000000001",
    ),
    ("day", {"type": "int", "logicalType": "date"}, date(1970, 1, 3), 2),
    (
        "at",
        {"type": "long", "logicalType": "timestamp-millis"},
        datetime(1970, 1, 1, 0, 0, 1, tzinfo=UTC),
        1000,
    ),
    ("nanos", {"type": "long", "logicalType": "timestamp-nanos"}, TimestampNanos(5), 5),
    ("clock", {"type": "int", "logicalType": "time-millis"}, time(0, 0, 2), 2000),
    (
        "amount",
        {"type": "bytes", "logicalType": "decimal", "precision": 4, "scale": 2},
        Decimal("1.28"),
        b"\x00\x80",
    ),
]


@pytest.fixture
def package(build: Build) -> Any:
    fields = [{"name": name, "type": type_} for name, type_, _, _ in FIELDS]
    return build({"e.avsc": {"type": "record", "name": "Everything", "fields": fields}})


def test_keys_are_what_is_on_the_wire(package: Any) -> None:
    values = {("class_" if name == "class" else name): value for name, _, value, _ in FIELDS}
    everything = package.Everything(**values)
    found = {name: key_of_field(package.Everything, name)(everything) for name, _, _, _ in FIELDS}
    assert found == {name: key for name, _, _, key in FIELDS}
    assert {name: type(key) for name, key in found.items()} == {
        name: type(key) for name, _, _, key in FIELDS
    }


def test_a_field_that_is_not_there(package: Any) -> None:
    with pytest.raises(TypeError, match="key field gone does not exist"):
        key_of_field(package.Everything, "gone")


def test_types_that_are_one_in_python(build: Build) -> None:
    """The first that holds the value is written, as in unions."""
    package = build(
        {
            "d.avsc": [
                {
                    "type": "fixed",
                    "name": name,
                    "size": 4,
                    "logicalType": "decimal",
                    "precision": precision,
                    "scale": 2,
                }
                for name, precision in (("Small", 3), ("Large", 8))
            ],
            "p.avsc": {"type": "fixed", "name": "Period", "size": 12, "logicalType": "duration"},
        }
    )
    owners = package.small, package.large, package.period
    topic: Topic[None, Any] = Topic("amounts", value=owners, subject_strategy="topic-record")
    outgoing = RecordEncoder(topic, TopicSchemaIds(dict(zip(owners, (1, 2, 3), strict=True)), None))

    def framed(value: object) -> bytes:
        prefix, encode, _ = outgoing.encoder(value)
        return prefix + encode(value)

    assert framed(Decimal("1.28"))[:5] == b"\x00\x00\x00\x00\x01"
    assert framed(Decimal("12.80"))[:5] == b"\x00\x00\x00\x00\x02"
    assert framed(Duration(1, 2, 3))[:5] == b"\x00\x00\x00\x00\x03"
    with pytest.raises(EncodeError):
        framed(Decimal("1.234"))
    with pytest.raises(EncodeError, match="takes Decimal or Duration, not str"):
        framed("1.28")


def test_fields_with_types_of_ones_own_give_their_base_values() -> None:
    """As the keys of other producers are: those know nothing of the types."""
    order = Order(order_id=OrderId("7"), price=Money("EUR", Decimal("1.50")), span=bytes(12))
    assert key_of_field(Order, "order_id")(order) == "7"
    assert key_of_field(Order, "price")(order) == "EUR 1.50"
    assert key_of_field(Order, "total")(order) == b"\1\0"
    assert key_of_field(Order, "day")(order) == 3
    assert key_of_field(Order, "placed_at")(order) == 5
    assert key_of_field(Order, "country")(order) == Country(b"DE")
