"""Messages to objects: as the class of their name, from any version, and what is in the way."""

from __future__ import annotations

import json
import threading
from concurrent.futures import ThreadPoolExecutor
from typing import Any, assert_type
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st

from avrogen import (
    AvrogenError,
    Codec,
    DecodeError,
    FramingError,
    RegistryError,
    ResolutionError,
    Schema,
)
from avrogen.kafka import Deserializer, Serializer
from avrogen.kafka.registry import caching
from avrogen.kafka.registry.protocol import SchemaReference, SchemaText
from avrogen.kafka.serde.decoders import MAX_DECODERS
from avrogen.kafka.wire_format import frame_prefix, header_value
from avrogen.runtime.v1 import AvroRecord
from examples.demo import order
from generated_example import ShopEvent, shop_event
from generated_example.com.acme.logistics import ParcelKey
from generated_example.com.acme.shop import (
    CancellationReason,
    Customer,
    OrderCancelled,
    OrderPlaced,
)
from tests.kafka.serde.contexts import TOPIC, context
from tests.support.memory_registry import MemoryRegistry

PLACED = order()
CANCELLED = OrderCancelled(
    order_id=PLACED.order_id,
    cancelled_at=PLACED.placed_at,
    reason=CancellationReason.CUSTOMER_REQUEST,
)
KEY = ParcelKey(carrier="Snail & Sons", tracking_number="S-1729")
KEY_SCHEMA = SchemaText(str(ParcelKey.__avro_schema__))


class Registry(MemoryRegistry):
    """A registry that schemas are put into by their ids."""

    def put(self, id: int, schema: object, *references: SchemaReference) -> None:
        text = schema if isinstance(schema, str) else json.dumps(schema)
        self.ids[SchemaText(text, references)] = id


@pytest.fixture
def registry() -> Registry:
    """Has the schemas of both orders under 1 and 2, that of the key under 3."""
    registry = Registry()
    classes: list[type[AvroRecord]] = [OrderPlaced, OrderCancelled, ParcelKey]
    for id_, class_ in enumerate(classes, 1):
        registry.put(id_, str(class_.__avro_schema__))
    return registry


def renamed(class_: type[AvroRecord], name: str) -> str:
    """The schema of a class under another full name."""
    tree = json.loads(str(class_.__avro_schema__))
    tree["namespace"], _, tree["name"] = name.rpartition(".")
    return json.dumps(tree)


# --- what is read ---------------------------------------------------------------------------------


def test_there_and_back(registry: Registry) -> None:
    serializer = Serializer(registry, OrderPlaced, register=True)
    deserializer = Deserializer(registry, OrderPlaced)
    read = deserializer(serializer(PLACED, context()), context())
    assert_type(read, OrderPlaced | None)
    assert read == PLACED


@pytest.mark.parametrize("kind", [bytes, bytearray, memoryview])
def test_any_buffer(registry: Registry, kind: Any) -> None:
    deserializer = Deserializer(registry, ParcelKey)
    for _ in range(2):
        assert deserializer(kind(frame_prefix(3) + KEY.to_avro())) == KEY


def test_tombstones(registry: Registry) -> None:
    assert Deserializer(registry, OrderPlaced)(None, context()) is None


def test_the_class_of_the_name(registry: Registry) -> None:
    deserializer = Deserializer[OrderPlaced | OrderCancelled](registry, OrderPlaced, OrderCancelled)
    read = deserializer(frame_prefix(1) + PLACED.to_avro())
    assert_type(read, OrderPlaced | OrderCancelled | None)
    assert read == PLACED
    assert deserializer(frame_prefix(2) + CANCELLED.to_avro()) == CANCELLED


def test_the_class_that_has_the_name_as_an_alias(registry: Registry) -> None:
    registry.put(9, renamed(OrderPlaced, "com.acme.legacy.NewOrder"))
    deserializer = Deserializer[Any](registry, OrderCancelled, OrderPlaced)
    assert deserializer(frame_prefix(9) + PLACED.to_avro()) == PLACED


def test_the_class_of_the_short_name(registry: Registry) -> None:
    registry.put(9, renamed(ParcelKey, "elsewhere.ParcelKey"))
    deserializer = Deserializer[Any](registry, OrderPlaced, ParcelKey)
    assert deserializer(frame_prefix(9) + KEY.to_avro()) == KEY


def test_a_full_name_is_meant_before_a_short_one(registry: Registry) -> None:
    other = Schema.parse(renamed(ParcelKey, "elsewhere.ParcelKey"))
    deserializer = Deserializer[Any](registry, other, ParcelKey)
    assert deserializer(frame_prefix(3) + KEY.to_avro()) == KEY


def test_an_older_version(registry: Registry) -> None:
    tree = json.loads(str(ParcelKey.__avro_schema__))
    tree["fields"].insert(0, {"name": "depot", "type": "string"})
    registry.put(9, tree)
    older = Schema.parse(json.dumps(tree))
    data = older.to_avro({"depot": "d", "carrier": "c", "tracking_number": "t"})
    deserializer = Deserializer(registry, ParcelKey)
    assert deserializer(frame_prefix(9) + data) == ParcelKey(carrier="c", tracking_number="t")


def test_a_schema_with_references(registry: Registry) -> None:
    serializer = Serializer(registry, OrderCancelled, register=True, references=True)
    data = serializer(CANCELLED, context())
    assert Deserializer(registry, OrderCancelled)(data) == CANCELLED


def test_a_bad_default_of_the_writer(registry: Registry) -> None:
    tree = json.loads(str(ParcelKey.__avro_schema__))
    tree["fields"][0]["default"] = 7
    registry.put(9, tree)
    assert Deserializer(registry, ParcelKey)(frame_prefix(9) + KEY.to_avro()) == KEY


@pytest.mark.parametrize("namespace", ["abc-123.x", ".x", "x.", "2024", "Outer$", "größe", ""])
def test_a_namespace_that_breaks_the_rules(
    registry: Registry, namespace: str, caplog: pytest.LogCaptureFixture
) -> None:
    tree = json.loads(str(ParcelKey.__avro_schema__))
    tree["namespace"] = namespace
    registry.put(9, tree)
    deserializer = Deserializer[ParcelKey | OrderPlaced](registry, ParcelKey, OrderPlaced)
    for _ in range(3):
        assert deserializer(frame_prefix(9) + KEY.to_avro()) == KEY
    records = [record.__dict__ for record in caplog.records if record.name == "avrogen.kafka"]
    assert [record["event"] for record in records] == ["schema.tolerated"] * bool(namespace)
    for record in records:
        assert (record["schema_id"], record["code"]) == (9, "AVR510")
        assert record["problem"].startswith(f'schema 9:1:54: invalid namespace "{namespace}"; ')


def test_a_schema_with_references_that_break_the_rules(registry: Registry) -> None:
    inner = {
        "type": "record",
        "name": "I",
        "namespace": "a-b",
        "fields": [{"name": "x", "type": "int"}],
    }
    registry.register("inner", SchemaText(json.dumps(inner)))
    outer = {"type": "record", "name": "O", "fields": [{"name": "i", "type": "a-b.I"}]}
    registry.put(9, outer, SchemaReference("a-b.I", "inner", 1))
    reader = Schema.parse(
        json.dumps(outer).replace('"a-b.I"', json.dumps({**inner, "namespace": ""}))
    )
    assert Deserializer(registry, reader)(frame_prefix(9) + b"\x02") == {"i": {"x": 1}}


def test_a_header(registry: Registry) -> None:
    guid = MemoryRegistry.guid(KEY_SCHEMA)
    deserializer = Deserializer(registry, ParcelKey)
    named: list[tuple[str, bytes]] = [("other", b""), ("__value_schema_id", header_value(guid))]
    for _ in range(2):
        assert deserializer(KEY.to_avro(), context(headers=named)) == KEY
        assert deserializer(KEY.to_avro(), context(headers=dict(named))) == KEY
    assert deserializer(header_value(guid) + KEY.to_avro()) == KEY
    assert registry.asked == {"by_guid": 1}
    # The key has a header of its own.
    assert deserializer(frame_prefix(3) + KEY.to_avro(), context("key", headers=named)) == KEY


def test_a_header_that_the_serializer_wrote(registry: Registry) -> None:
    serializer = Serializer(registry, OrderPlaced, register=True, header=True)
    headers: list[tuple[str, bytes]] = []
    data = serializer(PLACED, context(headers=headers))
    assert data == PLACED.to_avro()
    assert Deserializer(registry, OrderPlaced)(data, context(headers=headers)) == PLACED


# --- unions, codecs, schemas ----------------------------------------------------------------------


def test_a_union_is_read_as_classes(registry: Registry) -> None:
    registry.put(9, str(shop_event.__avro_schema__))
    deserializer = Deserializer[Any](registry, OrderCancelled, OrderPlaced)
    for event in (PLACED, CANCELLED):
        assert deserializer(frame_prefix(9) + shop_event.to_avro(event)) == event


def test_a_class_is_read_as_a_union(registry: Registry) -> None:
    deserializer: Deserializer[ShopEvent] = Deserializer(registry, shop_event)
    assert deserializer(frame_prefix(1) + PLACED.to_avro()) == PLACED
    assert deserializer(frame_prefix(2) + CANCELLED.to_avro()) == CANCELLED


def test_a_union_beside_a_class(registry: Registry) -> None:
    deserializer = Deserializer[Any](registry, shop_event, ParcelKey)
    assert deserializer(frame_prefix(1) + PLACED.to_avro()) == PLACED
    assert deserializer(frame_prefix(3) + KEY.to_avro()) == KEY


def test_a_primitive(registry: Registry) -> None:
    uuids: Codec[UUID] = Codec(Schema.parse('{"type": "string", "logicalType": "uuid"}'))
    registry.put(9, str(uuids.__avro_schema__))
    assert Deserializer(registry, uuids)(frame_prefix(9) + uuids.to_avro(UUID(int=7))) == UUID(
        int=7
    )


def test_a_schema_gives_plain_values(registry: Registry) -> None:
    deserializer: Deserializer[Any] = Deserializer(registry, ParcelKey.__avro_schema__)
    expected = {"carrier": KEY.carrier, "tracking_number": KEY.tracking_number}
    assert deserializer(frame_prefix(3) + KEY.to_avro()) == expected


# --- how often the registry is asked --------------------------------------------------------------


def test_the_registry_is_asked_once(registry: Registry) -> None:
    deserializer = Deserializer(registry, OrderPlaced)
    data = frame_prefix(1) + PLACED.to_avro()
    for _ in range(3):
        assert deserializer(data) == PLACED
    assert registry.asked == {"by_id": 1}


def test_threads_that_meet_a_new_schema_cause_one_request() -> None:
    class Slow(Registry):
        def by_id(self, id: int) -> SchemaText:
            begun.set()
            assert go.wait(30)
            return super().by_id(id)

    begun, go = threading.Event(), threading.Event()
    registry = Slow()
    registry.put(3, str(ParcelKey.__avro_schema__))
    deserializer = Deserializer(registry, ParcelKey)
    data = frame_prefix(3) + KEY.to_avro()
    with ThreadPoolExecutor(8) as pool:
        futures = [pool.submit(deserializer, data) for _ in range(8)]
        assert begun.wait(30)
        go.set()
        assert [future.result(30) for future in futures] == [KEY] * 8
    assert registry.asked == {"by_id": 1}


def test_decoders_are_bounded() -> None:
    class Endless(Registry):
        def by_id(self, id: int) -> SchemaText:
            self.asked["by_id"] += 1
            return SchemaText('"int"')

    registry = Endless()
    deserializer: Deserializer[Any] = Deserializer(registry, Schema.parse('"int"'))
    for id_ in range(MAX_DECODERS + 1):
        assert deserializer(frame_prefix(id_) + b"\x02") == 1
    deserializer(frame_prefix(MAX_DECODERS) + b"\x02")
    assert registry.asked["by_id"] == MAX_DECODERS + 1
    deserializer(frame_prefix(0) + b"\x02")
    assert registry.asked["by_id"] == MAX_DECODERS + 2


# --- what is in the way ---------------------------------------------------------------------------


def test_another_type_than_those_that_are_read(registry: Registry) -> None:
    deserializer = Deserializer[Any](registry, OrderPlaced, OrderCancelled)
    with pytest.raises(DecodeError) as caught:
        deserializer(frame_prefix(3) + KEY.to_avro())
    assert "com.acme.logistics.ParcelKey was written, expected" in str(caught.value)
    assert "expected com.acme.shop.OrderPlaced or com.acme.shop.OrderCancelled" in str(caught.value)


def test_another_type_than_the_only_one(registry: Registry) -> None:
    with pytest.raises(ResolutionError, match="NAME_MISMATCH"):
        Deserializer(registry, OrderPlaced)(frame_prefix(3) + KEY.to_avro())


def test_a_short_name_that_may_mean_two(registry: Registry) -> None:
    registry.put(9, renamed(ParcelKey, "c.ParcelKey"))
    a, b = (Schema.parse(renamed(ParcelKey, f"{each}.ParcelKey")) for each in "ab")
    with pytest.raises(DecodeError, match=r"may be a\.ParcelKey or b\.ParcelKey"):
        Deserializer[Any](registry, a, b)(frame_prefix(9) + KEY.to_avro())


def test_a_version_that_cannot_be_read(registry: Registry) -> None:
    tree = json.loads(str(Customer.__avro_schema__))
    del tree["fields"][0]
    registry.put(9, tree)
    deserializer = Deserializer(registry, Customer)
    for _ in range(2):
        with pytest.raises(ResolutionError, match="READER_FIELD_MISSING_DEFAULT_VALUE"):
            deserializer(frame_prefix(9))
    assert registry.asked == {"by_id": 1}


def test_errors_say_where_it_was(registry: Registry) -> None:
    deserializer = Deserializer(registry, ParcelKey)
    with pytest.raises(DecodeError) as caught:
        deserializer(frame_prefix(3) + KEY.to_avro()[:-1], context())
    assert caught.value.__notes__ == [f"in a value of topic {TOPIC}, written with schema 3"]
    with pytest.raises(DecodeError) as caught:
        deserializer(frame_prefix(3))
    assert caught.value.__notes__ == ["in a message, written with schema 3"]


@pytest.mark.parametrize("data", [b"", b"\x00\x00", b'{"a": 1}', b"\xc3\x01" + bytes(8)])
def test_foreign_messages(registry: Registry, data: bytes) -> None:
    with pytest.raises(FramingError):
        Deserializer(registry, ParcelKey)(data)
    assert not registry.asked


def test_a_header_that_names_nothing(registry: Registry) -> None:
    headers = [("__value_schema_id", b"nonsense")]
    with pytest.raises(FramingError, match="invalid schema id header"):
        Deserializer(registry, ParcelKey)(KEY.to_avro(), context(headers=headers))


PIECES = st.one_of(
    st.binary(max_size=30),
    st.sampled_from([b"\x00", b"\x01", frame_prefix(1), frame_prefix(3) + KEY.to_avro(), b"{}"]),
    st.sampled_from([header_value(MemoryRegistry.guid(KEY_SCHEMA)), KEY.to_avro()]),
)


@given(data=st.lists(PIECES).map(b"".join), header=st.none() | PIECES)
def test_whatever_comes_is_read_or_an_error_of_ours(data: bytes, header: bytes | None) -> None:
    registry = Registry()
    registry.put(3, KEY_SCHEMA.text)
    deserializer = Deserializer(registry, ParcelKey)
    headers = None if header is None else [("__value_schema_id", header)]
    for _ in range(2):
        try:
            read = deserializer(data, context(headers=headers))
        except AvrogenError as error:
            assert str(error)
        else:
            assert isinstance(read, ParcelKey)


@pytest.mark.parametrize("schema", ["no schema", '{"type": "record"}'])
def test_a_broken_schema_is_looked_at_now_and_then(
    registry: Registry, schema: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    now = 0.0
    monkeypatch.setattr(caching, "monotonic", lambda: now)
    registry.put(9, schema)
    deserializer = Deserializer(registry, ParcelKey)
    for _ in range(3):
        with pytest.raises(RegistryError, match="invalid Avro schema: schema 9:1:"):
            deserializer(frame_prefix(9))
    assert registry.asked == {"by_id": 1}
    now = 31.0
    with pytest.raises(RegistryError):
        deserializer(frame_prefix(9))
    assert registry.asked == {"by_id": 2}


def test_a_registry_that_is_away_is_asked_again() -> None:
    class Away(Registry):
        def by_id(self, id: int) -> SchemaText:
            if not self.asked["by_id"]:
                self.asked["by_id"] += 1
                raise RegistryError("away", transient=True)
            return super().by_id(id)

    registry = Away()
    registry.put(3, str(ParcelKey.__avro_schema__))
    deserializer = Deserializer(registry, ParcelKey)
    data = frame_prefix(3) + KEY.to_avro()
    with pytest.raises(RegistryError, match="away"):
        deserializer(data)
    assert deserializer(data) == KEY


@pytest.mark.parametrize(
    ("targets", "error", "expected"),
    [
        ((), TypeError, "expected at least one"),
        ((dict,), TypeError, "expected a generated class"),
        ((ParcelKey, ParcelKey.__avro_schema__), ValueError, "two of the types"),
    ],
)
def test_what_no_deserializer_can_be_made_of(
    registry: Registry, targets: tuple[Any, ...], error: type[Exception], expected: str
) -> None:
    with pytest.raises(error, match=expected):
        Deserializer(registry, *targets)
