"""Objects to messages."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any
from uuid import UUID

import pytest

from avrogen import Codec, EncodeError, RegistryError, Schema
from avrogen.kafka import Serializer
from avrogen.kafka.registry.protocol import Compatibility, RegisteredSchema, SchemaText
from avrogen.kafka.serde import serializer
from avrogen.kafka.wire_format import frame_prefix, header_value
from examples.demo import order
from generated_example import ShopEvent, shop_event
from generated_example.com.acme.logistics import ParcelKey
from generated_example.com.acme.shop import OrderCancelled, OrderPlaced
from tests.kafka.serde.contexts import TOPIC, context
from tests.support.memory_registry import MemoryRegistry

PLACED = order()
KEY = ParcelKey(carrier="Snail & Sons", tracking_number="S-1729")
UUIDS: Codec[UUID] = Codec(Schema.parse('{"type": "string", "logicalType": "uuid"}'))


@pytest.fixture
def registry() -> MemoryRegistry:
    return MemoryRegistry()


def test_the_id_and_the_body(registry: MemoryRegistry) -> None:
    serializer = Serializer(registry, OrderPlaced, register=True)
    assert serializer(PLACED, context()) == frame_prefix(1) + PLACED.to_avro()
    assert list(registry.kept) == [f"{TOPIC}-value"]


def test_the_text_is_that_of_the_schema(registry: MemoryRegistry) -> None:
    Serializer(registry, OrderPlaced, register=True)(PLACED, context())
    (version,) = registry.kept[f"{TOPIC}-value"]
    assert version.schema == SchemaText(str(OrderPlaced.__avro_schema__))


def test_none_is_a_tombstone(registry: MemoryRegistry) -> None:
    assert Serializer(registry, OrderPlaced)(None, context()) is None
    assert not registry.asked


def test_the_registry_is_asked_once(registry: MemoryRegistry) -> None:
    serializer = Serializer(registry, OrderPlaced, register=True)
    for _ in range(3):
        serializer(PLACED, context())
    assert registry.asked["lookup"] == registry.asked["register"] == 1


def test_keys_and_values_have_subjects_of_their_own(registry: MemoryRegistry) -> None:
    serializer = Serializer(registry, ParcelKey, register=True)
    serializer(KEY, context("key"))
    serializer(KEY, context("value"))
    assert list(registry.kept) == [f"{TOPIC}-key", f"{TOPIC}-value"]


def test_several_types_on_a_topic(registry: MemoryRegistry) -> None:
    serializer = Serializer[OrderPlaced | OrderCancelled](
        registry, OrderPlaced, OrderCancelled, register=True
    )
    assert serializer(PLACED, context()) == frame_prefix(1) + PLACED.to_avro()
    assert list(registry.kept) == [f"{TOPIC}-com.acme.shop.OrderPlaced"]
    serializer.prepare(TOPIC)
    assert list(registry.kept) == [
        f"{TOPIC}-com.acme.shop.OrderPlaced",
        f"{TOPIC}-com.acme.shop.OrderCancelled",
    ]


def test_subjects_by_record(registry: MemoryRegistry) -> None:
    Serializer(registry, ParcelKey, strategy="record", register=True)(KEY, context())
    assert list(registry.kept) == ["com.acme.logistics.ParcelKey"]


def test_several_topics_with_ids_of_their_own() -> None:
    class IdPerSubject(MemoryRegistry):
        def lookup(self, subject: str, schema: SchemaText) -> RegisteredSchema:
            return RegisteredSchema(subject, 1, {"a-value": 7, "b-value": 8}[subject], schema)

    serializer = Serializer(IdPerSubject(), ParcelKey)
    body = KEY.to_avro()
    for topic, id_ in (("a", 7), ("b", 8), ("a", 7)):
        assert serializer(KEY, context(topic=topic)) == frame_prefix(id_) + body


def test_references(registry: MemoryRegistry) -> None:
    Serializer(registry, OrderCancelled, register=True, references=True).prepare(TOPIC)
    assert list(registry.kept) == [
        "com.acme.shop.CancellationReason",
        "com.acme.common.Currency",
        "com.acme.common.Money",
        f"{TOPIC}-value",
    ]


def test_topics_without_end_fill_no_memory(
    registry: MemoryRegistry, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(serializer, "MAX_BOUND", 2)
    by_record = Serializer(registry, ParcelKey, strategy="record", register=True)
    for topic in ("a", "b", "b", "c", "c"):
        by_record(KEY, context(topic=topic))
    assert registry.asked["lookup"] == 3
    by_record(KEY, context(topic="a"))
    assert registry.asked["lookup"] == 4


# --- headers --------------------------------------------------------------------------------------


def test_a_header_names_the_schema(registry: MemoryRegistry) -> None:
    serializer = Serializer(registry, ParcelKey, register=True, header=True)
    listed: list[tuple[str, bytes]] = [("trace_id", b"1")]
    assert serializer(KEY, context(headers=listed)) == KEY.to_avro()
    guid = MemoryRegistry.guid(SchemaText(str(ParcelKey.__avro_schema__)))
    assert listed == [("trace_id", b"1"), ("__value_schema_id", header_value(guid))]
    named: dict[str, bytes] = {}
    assert serializer(KEY, context("key", headers=named)) == KEY.to_avro()
    assert named == {"__key_schema_id": header_value(guid)}


def test_a_header_needs_headers(registry: MemoryRegistry) -> None:
    serializer = Serializer(registry, ParcelKey, register=True, header=True)
    with pytest.raises(EncodeError, match="needs headers in the context: a list or a dict"):
        serializer(KEY, context())


def test_a_header_needs_a_guid() -> None:
    class WithoutGuids(MemoryRegistry):
        def register(self, subject: str, schema: SchemaText) -> RegisteredSchema:
            return replace(super().register(subject, schema), guid=None)

    serializer = Serializer(WithoutGuids(), ParcelKey, register=True, header=True)
    with pytest.raises(RegistryError, match="GUID, and the registry has none"):
        serializer(KEY, context(headers=[]))


# --- codecs and schemas ---------------------------------------------------------------------------


def test_a_union(registry: MemoryRegistry) -> None:
    serializer: Serializer[ShopEvent] = Serializer(registry, shop_event, register=True)
    assert serializer(PLACED, context()) == frame_prefix(1) + shop_event.to_avro(PLACED)
    assert registry.asked["lookup"] == 1


def test_a_primitive(registry: MemoryRegistry) -> None:
    serializer = Serializer(registry, UUIDS, register=True)
    value = UUID(int=7)
    assert serializer(value, context("key")) == frame_prefix(1) + UUIDS.to_avro(value)
    assert list(registry.kept) == [f"{TOPIC}-key"]


def test_a_schema(registry: MemoryRegistry) -> None:
    schema = ParcelKey.__avro_schema__
    serializer: Serializer[Any] = Serializer(registry, schema, register=True)
    value = {"carrier": "a", "tracking_number": "b"}
    assert serializer(value, context()) == frame_prefix(1) + schema.to_avro(value)


# --- what is refused ------------------------------------------------------------------------------


def test_a_missing_schema_is_an_error(registry: MemoryRegistry) -> None:
    serializer = Serializer(registry, OrderPlaced)
    for write in (lambda: serializer(PLACED, context()), lambda: serializer.prepare(TOPIC)):
        with pytest.raises(RegistryError, match="not registered") as caught:
            write()
        assert caught.value.subject == f"{TOPIC}-value"


def test_a_schema_that_comes_later_is_found(registry: MemoryRegistry) -> None:
    serializer = Serializer(registry, OrderPlaced)
    with pytest.raises(RegistryError):
        serializer(PLACED, context())
    registry.register(f"{TOPIC}-value", SchemaText(str(OrderPlaced.__avro_schema__)))
    assert serializer(PLACED, context()) == frame_prefix(1) + PLACED.to_avro()


def test_an_incompatible_schema_is_an_error(registry: MemoryRegistry) -> None:
    registry.verdict = Compatibility(False, ("because",))
    with pytest.raises(RegistryError, match="incompatible: because"):
        Serializer(registry, OrderPlaced, register=True).prepare(TOPIC)


def test_a_value_of_another_class_is_an_error(registry: MemoryRegistry) -> None:
    serializer: Serializer[Any] = Serializer(registry, OrderPlaced, OrderCancelled, register=True)
    for value in (KEY, {"order_id": 1}, "text"):
        with pytest.raises(EncodeError, match="expected OrderPlaced or OrderCancelled, got"):
            serializer(value, context())
    assert not registry.asked


def test_a_value_that_does_not_fit_is_an_error(registry: MemoryRegistry) -> None:
    number: Any = 7
    wrong = replace(KEY, carrier=number)
    with pytest.raises(EncodeError, match=r"\$\.carrier"):
        Serializer(registry, ParcelKey, register=True)(wrong, context())


def test_subclasses_are_written_as_what_they_are(registry: MemoryRegistry) -> None:
    @dataclass(frozen=True, slots=True, kw_only=True)
    class Special(ParcelKey):
        pass

    serializer = Serializer(registry, ParcelKey, register=True)
    special = Special(carrier="a", tracking_number="b")
    plain = ParcelKey(carrier="a", tracking_number="b")
    assert serializer(special, context()) == serializer(plain, context())


def test_a_context_is_needed(registry: MemoryRegistry) -> None:
    with pytest.raises(EncodeError, match="expected a SerializationContext"):
        Serializer(registry, ParcelKey)(KEY)


@pytest.mark.parametrize(
    ("targets", "arguments", "error", "expected"),
    [
        ((), {}, TypeError, "expected generated classes"),
        ((dict,), {}, TypeError, "expected a generated class"),
        ((UUIDS, ParcelKey), {}, TypeError, "or a single Codec"),
        ((UUIDS,), {"strategy": "record"}, ValueError, "record needs a named type"),
        (
            (ParcelKey,),
            {"strategy": "colour"},
            ValueError,
            "got 'colour'",
        ),
    ],
)
def test_what_no_serializer_can_be_made_of(
    registry: MemoryRegistry,
    targets: tuple[Any, ...],
    arguments: dict[str, Any],
    error: type[Exception],
    expected: str,
) -> None:
    with pytest.raises(error, match=expected):
        Serializer(registry, *targets, **arguments)
