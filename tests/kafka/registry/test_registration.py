"""The rule by which schemas are found and registered."""

from __future__ import annotations

import json
from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given

from avrogen import RegistryError, Schema
from avrogen.kafka.registry.protocol import Compatibility, RegisteredSchema, SchemaText
from avrogen.kafka.registry.registration import (
    MAX_COMPARED,
    find,
    find_or_register,
    same_wire_format,
)
from avrogen.kafka.registry.schema_references import resolve_references, split_schema
from avrogen.kafka.topic import SubjectStrategy, subject_name
from tests.support.memory_registry import MemoryRegistry
from tests.support.strategies import schemas

ORDER: dict[str, Any] = {
    "type": "record",
    "name": "Order",
    "namespace": "shop",
    "doc": "An order.",
    "fields": [
        {"name": "id", "type": "string"},
        {"name": "at", "type": {"type": "long", "logicalType": "timestamp-millis"}},
    ],
}


def parsed(value: Any) -> Schema:
    return Schema.parse(json.dumps(value))


def changed(**attributes: Any) -> dict[str, Any]:
    return {**ORDER, **attributes}


@pytest.fixture
def registry() -> MemoryRegistry:
    return MemoryRegistry()


def written(registry: MemoryRegistry) -> int:
    return registry.asked["register"]


# --- the rule -------------------------------------------------------------------------------------


def test_what_is_there_is_found_and_nothing_written(registry: MemoryRegistry) -> None:
    schema = parsed(ORDER)
    there = registry.register("s", SchemaText(str(schema)))
    registry.asked.clear()
    for register in (False, True):
        assert find_or_register(registry, "s", schema, register=register) == there
    assert registry.asked == {"lookup": 2, "version": 2}


def test_what_is_missing_is_an_error(registry: MemoryRegistry) -> None:
    with pytest.raises(RegistryError, match="not registered") as caught:
        find_or_register(registry, "s", parsed(ORDER))
    assert caught.value.subject == "s"
    assert "avrogen registry register" in str(caught.value)
    assert written(registry) == 0


def test_what_is_missing_is_registered_when_asked(registry: MemoryRegistry) -> None:
    schema = parsed(ORDER)
    registered = find_or_register(registry, "s", schema, register=True)
    assert registered == RegisteredSchema(
        "s", 1, 1, SchemaText(str(schema)), MemoryRegistry.guid(registered.schema)
    )
    assert list(registry.asked) == ["lookup", "versions", "version", "compatibility", "register"]


def test_what_is_incompatible_is_never_sent(registry: MemoryRegistry) -> None:
    registry.verdict = Compatibility(False, ("reader field missing", "x\x1b[31m"))
    with pytest.raises(RegistryError, match="incompatible: reader field missing; x") as caught:
        find_or_register(registry, "s", parsed(ORDER), register=True)
    assert "avrogen check" in str(caught.value)
    assert "\x1b" not in str(caught.value)
    assert written(registry) == 0


def test_one_text_for_a_schema_however_it_is_written(registry: MemoryRegistry) -> None:
    spellings = [
        json.dumps(ORDER, indent=4),
        json.dumps(dict(reversed(ORDER.items()))),
        json.dumps({**ORDER, "name": "shop.Order", "namespace": "elsewhere"}),
    ]
    for text in spellings:
        find_or_register(registry, "s", Schema.parse(text), register=True)
    (version,) = registry.kept["s"]
    assert Schema.parse(version.schema.text) == parsed(ORDER)


# --- registered by others -------------------------------------------------------------------------


def test_a_schema_in_another_spelling_is_found(registry: MemoryRegistry) -> None:
    theirs = registry.register("s", SchemaText(json.dumps(ORDER, indent=2)))
    registry.register("s", SchemaText(json.dumps(changed(doc="newer"))))
    assert find_or_register(registry, "s", parsed(ORDER), register=True) == theirs
    assert written(registry) == 2


def test_a_schema_registered_with_references_is_found(registry: MemoryRegistry) -> None:
    whole = parsed(changed(fields=[{"name": "m", "type": MONEY}]))
    theirs = find_or_register(registry, "s", whole, register=True, references=True)
    assert theirs.schema.references
    assert find_or_register(registry, "s", whole) == theirs


def test_what_java_adds_makes_no_other_schema(registry: MemoryRegistry) -> None:
    string = {"type": "string", "avro.java.string": "String"}
    fields = [{"name": "id", "type": string}, ORDER["fields"][1]]
    theirs = registry.register("s", SchemaText(json.dumps(changed(fields=fields))))
    assert find_or_register(registry, "s", parsed(ORDER), register=True) == theirs
    assert written(registry) == 1


@pytest.mark.parametrize(
    "theirs",
    [
        changed(doc="Theirs."),
        changed(aliases=["Bestellung"]),
        changed(owner="them"),
        changed(fields=[{**ORDER["fields"][0], "default": ""}, ORDER["fields"][1]]),
        changed(fields=[{**ORDER["fields"][0], "default": None}, ORDER["fields"][1]]),
        changed(aliases="Bestellung"),
    ],
    ids=["doc", "alias", "attribute", "default", "bad default", "bad alias"],
)
def test_what_gives_the_same_bytes_will_do_to_write_with(
    registry: MemoryRegistry, theirs: dict[str, Any]
) -> None:
    there = registry.register("s", SchemaText(json.dumps(theirs)))
    assert find_or_register(registry, "s", parsed(ORDER)) == there
    # Registered it is all the same, as readers may need what differs.
    assert find_or_register(registry, "s", parsed(ORDER), register=True).version == 2
    # And what says the same is preferred.
    registry.register("s", SchemaText(json.dumps(changed(doc="Newer."))))
    found = find_or_register(registry, "s", parsed(ORDER))
    assert found.version == 2


def test_only_the_latest_versions_are_compared(registry: MemoryRegistry) -> None:
    registry.register("s", SchemaText(json.dumps(ORDER, indent=2)))
    for number in range(MAX_COMPARED):
        registry.register("s", SchemaText(json.dumps(changed(doc=str(number)))))
    assert find(registry, "s", parsed(ORDER)) is None
    assert registry.asked["version"] == MAX_COMPARED


def chain(length: int) -> str:
    """Records that lead to each other, one after the other."""
    fields = ([{"name": "next", "type": f"R{n + 1}"}] for n in range(length))
    records = [{"type": "record", "name": f"R{n}", "fields": f} for n, f in enumerate(fields)]
    return json.dumps([*records, {"type": "record", "name": f"R{length}", "fields": []}])


@pytest.mark.parametrize("other", ["no schema", '"int"', chain(2_000)], ids=lambda t: t[:9])
def test_versions_that_are_something_else_are_passed_over(
    registry: MemoryRegistry, other: str
) -> None:
    theirs = registry.register("s", SchemaText(json.dumps(ORDER, indent=2)))
    registry.register("s", SchemaText(other))
    assert find(registry, "s", parsed(ORDER)) == theirs


@pytest.mark.parametrize(
    "other",
    [
        changed(fields=ORDER["fields"][:1]),
        changed(name="Ordre"),
        changed(fields=[ORDER["fields"][0], {"name": "at", "type": "long"}]),
    ],
    ids=["fields", "name", "logical-type"],
)
def test_another_schema_than_asked_is_refused(registry: MemoryRegistry, other: Any) -> None:
    class Confused(MemoryRegistry):
        def lookup(self, subject: str, schema: SchemaText) -> RegisteredSchema | None:
            return RegisteredSchema(subject, 1, 7, SchemaText(json.dumps(other)))

    with pytest.raises(RegistryError, match="another schema") as caught:
        find(Confused(), "s", parsed(ORDER))
    assert caught.value.id == 7


def test_another_schema_than_sent_is_refused() -> None:
    class Confused(MemoryRegistry):
        def register(self, subject: str, schema: SchemaText) -> RegisteredSchema:
            return replace(super().register(subject, schema), schema=SchemaText('"int"'))

    with pytest.raises(RegistryError, match="another schema"):
        find_or_register(Confused(), "s", parsed(ORDER), register=True)


def test_another_doc_than_asked_is_not(registry: MemoryRegistry) -> None:
    class Normalizing(MemoryRegistry):
        def lookup(self, subject: str, schema: SchemaText) -> RegisteredSchema | None:
            text = json.dumps(changed(doc="Something else."))
            return RegisteredSchema(subject, 1, 7, SchemaText(text))

    found = find(Normalizing(), "s", parsed(ORDER))
    assert found is not None and found.id == 7


def test_registries_that_are_away_are_no_missing_schemas() -> None:
    class Away(MemoryRegistry):
        def version(self, subject: str, version: object) -> RegisteredSchema | None:
            raise RegistryError("away", transient=True)

    registry = Away()
    registry.register("s", SchemaText(json.dumps(ORDER, indent=2)))
    with pytest.raises(RegistryError, match="away"):
        find_or_register(registry, "s", parsed(ORDER), register=True)
    assert written(registry) == 1


# --- references -----------------------------------------------------------------------------------

MONEY: dict[str, Any] = {
    "type": "record",
    "name": "Money",
    "namespace": "shop",
    "fields": [
        {"name": "amount", "type": "double"},
        {"name": "currency", "type": {"type": "enum", "name": "Currency", "symbols": ["EUR"]}},
    ],
}


def test_references_are_registered_from_the_bottom(registry: MemoryRegistry) -> None:
    schema = parsed(changed(fields=[{"name": "a", "type": MONEY}, {"name": "b", "type": "Money"}]))
    registered = find_or_register(registry, "orders", schema, register=True, references=True)
    assert list(registry.kept) == ["shop.Currency", "shop.Money", "orders"]
    (reference,) = registered.schema.references
    assert (reference.name, reference.subject, reference.version) == ("shop.Money", "shop.Money", 1)
    assert '"symbols"' not in registered.schema.text
    assert resolve_references(registry, registered.schema, "orders") == schema


def test_references_are_found_again(registry: MemoryRegistry) -> None:
    schema = parsed(changed(fields=[{"name": "a", "type": MONEY}]))
    first = find_or_register(registry, "orders", schema, register=True, references=True)
    registry.asked.clear()
    assert find_or_register(registry, "orders", schema, references=True) == first
    assert registry.asked["register"] == 0


def test_missing_references_are_an_error(registry: MemoryRegistry) -> None:
    schema = parsed(changed(fields=[{"name": "a", "type": MONEY}]))
    with pytest.raises(RegistryError, match="not registered") as caught:
        find_or_register(registry, "orders", schema, references=True)
    assert caught.value.subject == "shop.Currency"
    assert not registry.kept


def test_types_in_a_circle_share_a_definition(registry: MemoryRegistry) -> None:
    tree = {
        "type": "record",
        "name": "Tree",
        "fields": [
            {"name": "money", "type": MONEY},
            {
                "name": "branches",
                "type": {
                    "type": "array",
                    "items": {
                        "type": "record",
                        "name": "Branch",
                        "fields": [{"name": "tree", "type": "Tree"}],
                    },
                },
            },
        ],
    }
    schema = parsed(["null", tree, "Branch"])
    registered = find_or_register(registry, "s", schema, register=True, references=True)
    assert list(registry.kept) == ["shop.Currency", "shop.Money", "Branch", "s"]
    assert resolve_references(registry, registered.schema, "s") == schema


@given(schemas().map(parsed))
def test_any_schema_comes_back_from_its_definitions(schema: Schema) -> None:
    registry = MemoryRegistry()
    registered = find_or_register(registry, "subject", schema, register=True, references=True)
    assert resolve_references(registry, registered.schema, "subject") == schema
    assert find_or_register(registry, "subject", schema, references=True) == registered
    *needed, _ = split_schema(schema)
    assert [*(each.name for each in needed), "subject"] == list(registry.kept)


# --- alike ----------------------------------------------------------------------------------------


@given(schemas().map(parsed))
def test_a_schema_is_like_itself_and_its_text(schema: Schema) -> None:
    assert same_wire_format(schema, schema)
    assert same_wire_format(schema, Schema.parse(str(schema)))


LONG = {"type": "long"}
MILLIS = {"type": "long", "logicalType": "timestamp-millis"}
MICROS = {"type": "long", "logicalType": "timestamp-micros"}


@pytest.mark.parametrize(
    ("one", "other"),
    [
        (LONG, MILLIS),
        (MILLIS, MICROS),
        ({"type": "array", "items": MILLIS}, {"type": "array", "items": MICROS}),
        (["null", MILLIS], ["null", LONG]),
        (
            {"type": "bytes", "logicalType": "decimal", "precision": 4, "scale": 2},
            {"type": "bytes", "logicalType": "decimal", "precision": 4, "scale": 1},
        ),
        (
            {"type": "fixed", "name": "F", "size": 16, "logicalType": "uuid"},
            {"type": "fixed", "name": "F", "size": 16},
        ),
    ],
)
def test_logical_types_make_schemas_unlike(one: Any, other: Any) -> None:
    assert parsed(one).canonical_form == parsed(other).canonical_form
    assert not same_wire_format(parsed(one), parsed(other))


# --- subjects -------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("strategy", "key", "value"),
    [
        ("topic", "orders-key", "orders-value"),
        ("record", "shop.Order", "shop.Order"),
        ("topic-record", "orders-shop.Order", "orders-shop.Order"),
    ],
)
def test_subjects(strategy: SubjectStrategy, key: str, value: str) -> None:
    assert subject_name(strategy, "orders", "key", "shop.Order") == key
    assert subject_name(strategy, "orders", "value", "shop.Order") == value


def test_only_one_strategy_does_without_names() -> None:
    assert subject_name("topic", "orders", "key", None) == "orders-key"
    named: list[SubjectStrategy] = ["record", "topic-record"]
    for strategy in named:
        with pytest.raises(ValueError, match="record needs a named type"):
            subject_name(strategy, "orders", "key", None)
