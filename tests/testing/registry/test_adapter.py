"""avrogen's own client over every registry: the questions of the port, each answered alike."""

from __future__ import annotations

import uuid
from collections.abc import Iterator

import pytest
from confluent_kafka.schema_registry import Schema

from avrogen import RegistryError
from avrogen.avro.compat.levels import Level
from avrogen.kafka import SchemaRegistry, connect
from avrogen.kafka.registry.protocol import LATEST, SchemaReference, SchemaText
from tests.support.schemas import field
from tests.testing.registry.conftest import AnyRegistry
from tests.testing.registry.schemas import name_of, named, record


@pytest.fixture
def port(registry: AnyRegistry) -> Iterator[SchemaRegistry]:
    port = connect({"url": registry.url})
    yield port
    port.close()


def text(schema: Schema, *references: SchemaReference) -> SchemaText:
    return SchemaText(schema.schema_str or "", references)


def test_registering_and_finding(port: SchemaRegistry, subject: str) -> None:
    first = record(field("a"))
    second = record(field("a"), field("b", default=1), name=name_of(first))
    assert port.lookup(subject, text(first)) is None
    registered = port.register(subject, text(first))
    assert (registered.subject, registered.version) == (subject, 1)
    assert port.register(subject, text(first)) == registered
    latest = port.register(subject, text(second))
    assert latest.version == 2
    found = port.lookup(subject, text(first))
    assert found is not None and (found.version, found.id) == (1, registered.id)
    assert named(Schema(port.by_id(latest.id).text)) == named(second)
    assert list(port.versions(subject)) == [1, 2]
    assert subject in port.subjects()
    newest = port.version(subject, LATEST)
    assert newest is not None and (newest.version, newest.id) == (2, latest.id)


def test_what_is_not_there(port: SchemaRegistry, subject: str) -> None:
    assert port.version(subject, LATEST) is None
    assert list(port.versions(subject)) == []
    assert port.lookup(subject, text(record())) is None
    assert port.compatibility(subject, text(record())).compatible
    port.register(subject, text(record(field("a"))))
    assert port.version(subject, 2) is None
    assert port.lookup(subject, text(record())) is None
    with pytest.raises(RegistryError) as caught:
        port.by_id(2_000_000_000)
    assert (caught.value.status, caught.value.transient) == (404, False)
    with pytest.raises(RegistryError) as caught:
        port.by_guid(uuid.uuid4())
    assert (caught.value.status, caught.value.transient) == (404, False)


def test_guids(registry: AnyRegistry, port: SchemaRegistry, subject: str) -> None:
    """Of the three, only the one that is as Confluent's from version 8 has them."""
    registered = port.register(subject, text(record(field("a"))))
    assert (registered.guid is not None) == (registry.kind == "embedded")
    if registered.guid is not None:
        assert port.by_guid(registered.guid) == registered.schema


def test_compatibility(registry: AnyRegistry, port: SchemaRegistry, subject: str) -> None:
    old = record(field("a"))
    new = record(field("a"), field("b"), name=name_of(old))
    port.register(subject, text(old))
    registry.client().set_compatibility(subject, "BACKWARD")
    assert port.level(subject) is Level.BACKWARD
    verdict = port.compatibility(subject, text(new))
    assert not verdict.compatible
    assert any("READER_FIELD_MISSING" in m for m in verdict.messages) == (
        registry.kind == "embedded"
    )
    with pytest.raises(RegistryError) as caught:
        port.register(subject, text(new))
    assert (caught.value.status, caught.value.subject) == (409, subject)
    assert isinstance(port.level(), Level)
    assert isinstance(port.level(f"{subject}-nowhere"), Level)


def test_references(port: SchemaRegistry, subject: str) -> None:
    inner = record(field("a"))
    outer = record(field("i", name_of(inner)))
    reference = SchemaReference(name_of(inner), f"{subject}-inner", 1)
    port.register(f"{subject}-inner", text(inner))
    registered = port.register(subject, text(outer, reference))
    assert port.by_id(registered.id).references == (reference,)
    found = port.lookup(subject, text(outer, reference))
    assert found is not None and found.id == registered.id


def test_other_types_are_refused(registry: AnyRegistry, port: SchemaRegistry, subject: str) -> None:
    schema = '{"$schema": "http://json-schema.org/draft-07/schema#", "type": "object"}'
    registry.client().register_schema(subject, Schema(schema, "JSON"))
    with pytest.raises(RegistryError, match="JSON"):
        port.version(subject, LATEST)
