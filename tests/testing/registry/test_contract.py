"""What clients get from a registry, the embedded one and a real one alike.

Confluent's own client asks. Where the two differ, ``test_differences.py`` says so.
"""

from __future__ import annotations

from typing import Literal

import pytest
from confluent_kafka.schema_registry import Schema, SchemaReference, SchemaRegistryClient

from tests.support.schemas import field
from tests.testing.registry.conftest import AnyRegistry
from tests.testing.registry.schemas import name_of, named, record, refused


@pytest.fixture
def client(registry: AnyRegistry) -> SchemaRegistryClient:
    return registry.client()


# --- registering and finding ----------------------------------------------------------------------


def test_a_schema_is_registered_once(registry: AnyRegistry, subject: str) -> None:
    schema = record(field("a"))
    first = registry.client().register_schema(subject, schema)
    assert first > 0
    assert registry.client().register_schema(subject, schema) == first
    assert registry.client().get_versions(subject) == [1]


def test_ids_belong_to_schemas_and_versions_to_subjects(
    client: SchemaRegistryClient, subject: str
) -> None:
    schema = record(field("a"))
    id_ = client.register_schema(subject, schema)
    assert client.register_schema(f"{subject}-2", record(field("a"))) != id_
    assert client.register_schema(f"{subject}-3", schema) == id_
    assert client.get_latest_version(f"{subject}-3").version == 1
    uses = {(use.subject, use.version) for use in client.get_schema_versions(id_)}
    assert uses == {(subject, 1), (f"{subject}-3", 1)}


@pytest.mark.parametrize("version", ["latest", -1, 1])
def test_a_version_can_be_fetched(
    client: SchemaRegistryClient, subject: str, version: int | Literal["latest"]
) -> None:
    schema = record(field("a", doc="ä ∂ 🎈"))
    id_ = client.register_schema(subject, schema)
    found = client.get_version(subject, version)
    assert (found.subject, found.version, found.schema_id) == (subject, 1, id_)
    assert named(found.schema) == named(schema)
    assert named(registry_text := client.get_schema(id_)) == named(schema)
    assert registry_text.schema_type == "AVRO"


def test_what_is_not_there(client: SchemaRegistryClient, subject: str) -> None:
    nowhere = f"{subject}-nowhere"
    client.register_schema(subject, record(field("a")))
    assert refused(lambda: client.get_latest_version(nowhere)) == (404, 40401)
    assert refused(lambda: client.get_version(nowhere, 1)) == (404, 40401)
    assert refused(lambda: client.get_versions(nowhere)) == (404, 40401)
    assert refused(lambda: client.get_version(subject, 2)) == (404, 40402)
    assert refused(lambda: client.get_schema(2_000_000_000)) == (404, 40403)
    assert refused(lambda: client.lookup_schema(nowhere, record())) == (404, 40401)
    assert refused(lambda: client.lookup_schema(subject, record())) == (404, 40403)


def test_a_schema_can_be_looked_up(client: SchemaRegistryClient, subject: str) -> None:
    first, second = record(field("a")), record(field("a"), field("b", default=1))
    client.register_schema(subject, first)
    client.set_compatibility(subject, "NONE")
    id_ = client.register_schema(subject, second)
    found = client.lookup_schema(subject, second)
    assert (found.subject, found.version, found.schema_id) == (subject, 2, id_)
    assert client.lookup_schema(subject, first).version == 1
    assert client.get_versions(subject) == [1, 2]
    assert subject in client.get_subjects()


@pytest.mark.parametrize("text", ['{"type": "record"}', "no schema", '{"type": "nonsense"}'])
def test_what_is_no_schema(client: SchemaRegistryClient, subject: str, text: str) -> None:
    assert refused(lambda: client.register_schema(subject, Schema(text, "AVRO"))) == (422, 42201)
    assert subject not in client.get_subjects()


@pytest.mark.parametrize("name", ["with space", "with/slash", "ünïcode", "a%2Fb", "q?a=b&c"])
def test_subjects_of_any_name(client: SchemaRegistryClient, subject: str, name: str) -> None:
    subject = f"{subject} {name}"
    id_ = client.register_schema(subject, record(field("a")))
    assert client.get_latest_version(subject).schema_id == id_
    assert subject in client.get_subjects()


def test_other_types_than_avro_are_kept(client: SchemaRegistryClient, subject: str) -> None:
    text = '{"$schema": "http://json-schema.org/draft-07/schema#", "type": "object"}'
    client.register_schema(subject, Schema(text, "JSON"))
    assert client.get_latest_version(subject).schema.schema_type == "JSON"


# --- references -----------------------------------------------------------------------------------


def test_references(client: SchemaRegistryClient, subject: str) -> None:
    inner = record(field("a"))
    to_inner = SchemaReference(name_of(inner), f"{subject}-inner", 1)
    middle = record(field("i", name_of(inner)), references=[to_inner])
    to_middle = SchemaReference(name_of(middle), f"{subject}-middle", 1)
    outer = record(field("m", name_of(middle)), references=[to_middle])
    client.register_schema(f"{subject}-inner", inner)
    middle_id = client.register_schema(f"{subject}-middle", middle)
    outer_id = client.register_schema(subject, outer)
    assert client.get_schema(outer_id).references == outer.references
    assert client.get_referenced_by(f"{subject}-inner", 1) == [middle_id]
    assert client.get_referenced_by(f"{subject}-middle", 1) == [outer_id]
    assert client.get_referenced_by(subject, 1) == []
    assert client.lookup_schema(subject, outer).schema_id == outer_id


def test_references_that_lead_nowhere(client: SchemaRegistryClient, subject: str) -> None:
    nowhere = SchemaReference("avrogen.tests.Nowhere", f"{subject}-nowhere", 1)
    schema = record(field("i", "avrogen.tests.Nowhere"), references=[nowhere])
    assert refused(lambda: client.register_schema(subject, schema))[0] == 422


def test_what_is_referred_to_stays(client: SchemaRegistryClient, subject: str) -> None:
    inner = record(field("a"))
    to_inner = SchemaReference(name_of(inner), f"{subject}-inner", 1)
    outer = record(field("i", name_of(inner)), references=[to_inner])
    client.register_schema(f"{subject}-inner", inner)
    client.register_schema(subject, outer)
    delete = [
        lambda: client.delete_version(f"{subject}-inner", 1),
        lambda: client.delete_subject(f"{subject}-inner"),
    ]
    assert list(map(refused, delete)) == [(422, 42206), (422, 42206)]
    client.delete_subject(subject)
    client.delete_subject(subject, permanent=True)
    assert client.delete_subject(f"{subject}-inner") == [1]


# --- compatibility --------------------------------------------------------------------------------


def test_levels_of_subjects(client: SchemaRegistryClient, subject: str) -> None:
    client.register_schema(subject, record(field("a")))
    client.set_compatibility(subject, "full_transitive")
    assert client.get_compatibility(subject) == "FULL_TRANSITIVE"
    client.set_compatibility(subject, "FORWARD")
    assert client.get_compatibility(subject) == "FORWARD"
    client.delete_config(subject)


def test_what_is_incompatible_is_not_registered(client: SchemaRegistryClient, subject: str) -> None:
    old = record(field("a"))
    new = record(field("a"), field("b"), name=name_of(old))
    client.register_schema(subject, old)
    client.set_compatibility(subject, "BACKWARD")
    assert refused(lambda: client.register_schema(subject, new)) == (409, 409)
    assert client.get_versions(subject) == [1]
    client.set_compatibility(subject, "FORWARD")
    client.register_schema(subject, new)
    assert client.get_versions(subject) == [1, 2]


def test_compatibility_can_be_tried(client: SchemaRegistryClient, subject: str) -> None:
    old = record(field("a"))
    good = record(field("a"), field("b", default=1), name=name_of(old))
    bad = record(field("a"), field("b"), name=name_of(old))
    client.register_schema(subject, old)
    client.set_compatibility(subject, "BACKWARD")
    for version in ("latest", 1):
        assert client.test_compatibility(subject, good, version) is True
        assert client.test_compatibility(subject, bad, version) is False
    assert client.test_compatibility_all_versions(subject, good) is True
    assert client.test_compatibility_all_versions(subject, bad) is False
    assert refused(lambda: client.test_compatibility(subject, good, 7)) == (404, 40402)
    assert client.get_versions(subject) == [1]


# --- deleting -------------------------------------------------------------------------------------


def test_a_version_is_deleted_softly_then_for_good(
    registry: AnyRegistry, client: SchemaRegistryClient, subject: str
) -> None:
    first = record(field("a"))
    second = record(field("a"), field("b", default=1), name=name_of(first))
    first_id = client.register_schema(subject, first)
    second_id = client.register_schema(subject, second)
    assert client.delete_version(subject, 1) == 1
    assert client.get_versions(subject) == [2]
    assert client.get_versions(subject, deleted=True) == [1, 2]
    assert refused(lambda: client.get_version(subject, 1)) == (404, 40402)
    assert client.get_version(subject, 1, deleted=True).schema_id == first_id
    assert named(client.get_schema(first_id)) == named(first)
    fresh = registry.client()
    assert refused(lambda: fresh.lookup_schema(subject, first)) == (404, 40403)
    assert client.delete_version(subject, 1, permanent=True) == 1
    assert client.get_versions(subject, deleted=True) == [2]
    assert client.get_latest_version(subject).schema_id == second_id


def test_what_is_deleted_comes_back_as_a_new_version(
    registry: AnyRegistry, client: SchemaRegistryClient, subject: str
) -> None:
    schema = record(field("a"))
    id_ = client.register_schema(subject, schema)
    client.register_schema(subject, record(field("a"), field("b", default=1), name=name_of(schema)))
    client.delete_version(subject, 1)
    assert registry.client().register_schema(subject, schema) == id_
    assert client.get_versions(subject) == [2, 3]


def test_a_subject_is_deleted_softly_then_for_good(
    client: SchemaRegistryClient, subject: str
) -> None:
    schema = record(field("a"))
    client.register_schema(subject, schema)
    assert client.delete_subject(subject) == [1]
    assert subject not in client.get_subjects()
    assert subject in client.get_subjects(deleted=True)
    assert refused(lambda: client.get_latest_version(subject)) == (404, 40401)
    assert refused(lambda: client.delete_subject(subject)) == (404, 40404)
    assert client.delete_subject(subject, permanent=True) == [1]
    assert subject not in client.get_subjects(deleted=True)
    assert refused(lambda: client.delete_subject(subject)) == (404, 40401)
