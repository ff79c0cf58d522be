"""The registry's client and the rule of registration, over the embedded registry and real ones."""

from __future__ import annotations

import json
import uuid
from collections.abc import Callable, Iterator
from contextlib import closing
from typing import Any

import pytest

from avrogen import RegistryError, Schema
from avrogen.avro.compat.levels import Level
from avrogen.kafka import SchemaRegistry, connect
from avrogen.kafka.registry.protocol import LATEST, SchemaText
from avrogen.kafka.registry.registration import find, find_or_register
from avrogen.kafka.registry.schema_references import resolve_references
from tests.support.registry_requests import ask, path
from tests.testing.registry.conftest import AnyRegistry

CHARACTERS = "s/ö %&-value"
"""Characters that names of subjects may have and paths must not."""


@pytest.fixture
def asked(registry: AnyRegistry) -> Iterator[SchemaRegistry]:
    """Each registry in turn, with caches and retries."""
    with closing(connect({"url": registry.url, "timeout": 30})) as asked:
        yield asked


@pytest.fixture
def order() -> dict[str, Any]:
    """A schema that no other test registers."""
    return {
        "type": "record",
        "name": f"Order{uuid.uuid4().hex}",
        "namespace": "com.acme",
        "doc": "An order.",
        "fields": [
            {"name": "id", "type": "string", "doc": "Names it."},
            {"name": "note", "type": ["null", "string"], "default": None},
        ],
    }


def parsed(schema: dict[str, Any]) -> Schema:
    return Schema.parse(json.dumps(schema))


def with_fields(schema: dict[str, Any], *fields: dict[str, Any]) -> dict[str, Any]:
    return {**schema, "fields": [*schema["fields"], *fields]}


def set_level(registry: AnyRegistry, subject: str, level: Level) -> None:
    status, _ = ask(registry.url + path("config", subject), "PUT", {"compatibility": level})
    assert status == 200


def other_client(registry: AnyRegistry, subject: str, text: str, **more: Any) -> int:
    """Register a text as another program would, in whatever spelling."""
    body = {"schema": text, **more}
    status, answer = ask(registry.url + path("subjects", subject, "versions"), "POST", body)
    assert status == 200, answer
    return int(answer["id"])


# --- the port -------------------------------------------------------------------------------------


def test_there_and_back(asked: SchemaRegistry, subject: str, order: dict[str, Any]) -> None:
    subject += CHARACTERS
    schema = SchemaText(str(parsed(order)))
    assert asked.lookup(subject, schema) is None
    assert asked.version(subject, LATEST) is None
    assert asked.versions(subject) == ()
    registered = asked.register(subject, schema)
    assert (registered.subject, registered.version) == (subject, 1)
    assert asked.lookup(subject, schema) == registered
    assert asked.version(subject, LATEST) == asked.version(subject, 1)
    assert asked.versions(subject) == (1,)
    assert asked.version(subject, 2) is None
    assert subject in asked.subjects()
    text = asked.by_id(registered.id)
    assert Schema.parse(text.text) == parsed(order)
    assert asked.register(subject, schema) == registered


def test_guids(asked: SchemaRegistry, subject: str, order: dict[str, Any]) -> None:
    registered = asked.register(subject, SchemaText(str(parsed(order))))
    if registered.guid is None:
        with pytest.raises(
            RegistryError, match="does not have the schema, or has no GUIDs"
        ) as caught:
            asked.by_guid(uuid.uuid4())
        assert not caught.value.transient
    else:
        assert Schema.parse(asked.by_guid(registered.guid).text) == parsed(order)


def test_what_no_id_stands_for(asked: SchemaRegistry) -> None:
    with pytest.raises(RegistryError, match="does not have the schema") as caught:
        asked.by_id(2**31 - 1)
    assert caught.value.status == 404
    assert not caught.value.transient


def test_levels_and_verdicts(
    registry: AnyRegistry, asked: SchemaRegistry, subject: str, order: dict[str, Any]
) -> None:
    asked.register(subject, SchemaText(str(parsed(order))))
    set_level(registry, subject, Level.BACKWARD_TRANSITIVE)
    assert asked.level(subject) is Level.BACKWARD_TRANSITIVE
    assert asked.level() in Level
    required = parsed(with_fields(order, {"name": "more", "type": "int"}))
    verdict = asked.compatibility(subject, SchemaText(str(required)))
    assert not verdict.compatible
    optional = parsed(with_fields(order, {"name": "more", "type": "int", "default": 1}))
    assert asked.compatibility(subject, SchemaText(str(optional))).compatible
    assert asked.compatibility(f"{subject}-new", SchemaText(str(required))).compatible


def test_a_verdict_is_about_the_versions_that_the_level_is_about(
    registry: AnyRegistry, asked: SchemaRegistry, subject: str, order: dict[str, Any]
) -> None:
    """The third version reads the second, and not the first."""
    more: dict[str, Any] = {"name": "more", "type": "int"}
    versions: list[dict[str, Any]] = [
        {**order, "fields": []},
        {**order, "fields": [{**more, "default": 1}]},
        {**order, "fields": [more]},
    ]
    first, second, third = (SchemaText(str(parsed(version))) for version in versions)
    asked.register(subject, first)
    set_level(registry, subject, Level.BACKWARD)
    asked.register(subject, second)
    assert asked.compatibility(subject, third).compatible
    set_level(registry, subject, Level.BACKWARD_TRANSITIVE)
    assert not asked.compatibility(subject, third).compatible


def test_versions_that_were_deleted_are_still_there_by_number(
    registry: AnyRegistry, asked: SchemaRegistry, subject: str, order: dict[str, Any]
) -> None:
    asked.register(subject, SchemaText(str(parsed(order))))
    set_level(registry, subject, Level.NONE)
    asked.register(subject, SchemaText(str(parsed({**order, "fields": []}))))
    status, _ = ask(registry.url + path("subjects", subject, "versions", 1), "DELETE")
    assert status == 200
    assert asked.versions(subject) == (2,)
    deleted = asked.version(subject, 1)
    assert deleted is not None
    assert Schema.parse(deleted.schema.text) == parsed(order)


def test_schemas_of_other_types_are_refused(
    registry: AnyRegistry, asked: SchemaRegistry, subject: str
) -> None:
    draft = "http://json-schema.org/draft-07/schema#"
    text = json.dumps({"$schema": draft, "type": "object", "title": uuid.uuid4().hex})
    id_ = other_client(registry, subject, text, schemaType="JSON")
    for ask_for in (lambda: asked.by_id(id_), lambda: asked.version(subject, LATEST)):
        with pytest.raises(RegistryError, match="expected schema type AVRO, got JSON"):
            ask_for()


def test_a_schema_that_the_registry_does_not_take(asked: SchemaRegistry, subject: str) -> None:
    with pytest.raises(RegistryError) as caught:
        asked.register(subject, SchemaText('{"type": "nonsense"}'))
    assert caught.value.status == 422
    assert not caught.value.transient


def test_a_wrong_path_is_no_missing_subject(registry: AnyRegistry, subject: str) -> None:
    url = registry.url.replace("/apis/ccompat/v7", "") + "/elsewhere"
    with (
        closing(connect({"url": url, "timeout": 30})) as asked,
        pytest.raises(RegistryError, match="no schema registry at this URL") as caught,
    ):
        asked.versions(subject)
    assert not caught.value.transient


# --- the rule -------------------------------------------------------------------------------------


def test_registered_when_asked_and_found_ever_after(
    registry: AnyRegistry, asked: SchemaRegistry, subject: str, order: dict[str, Any]
) -> None:
    schema = parsed(order)
    with pytest.raises(RegistryError, match="not registered"):
        find_or_register(asked, subject, schema)
    registered = find_or_register(asked, subject, schema, register=True)
    assert find_or_register(asked, subject, schema) == registered
    with closing(connect({"url": registry.url, "timeout": 30})) as fresh:
        assert find_or_register(fresh, subject, schema) == registered
    assert asked.versions(subject) == (1,)


def test_incompatible_schemas_are_not_sent(
    registry: AnyRegistry, asked: SchemaRegistry, subject: str, order: dict[str, Any]
) -> None:
    find_or_register(asked, subject, parsed(order), register=True)
    set_level(registry, subject, Level.BACKWARD)
    required = parsed(with_fields(order, {"name": "more", "type": "int"}))
    with pytest.raises(RegistryError, match="the schema is incompatible"):
        find_or_register(asked, subject, required, register=True)
    assert asked.versions(subject) == (1,)


SPELLINGS: dict[str, Callable[[dict[str, Any]], str]] = {
    "indented": lambda order: json.dumps(order, indent=4),
    "reversed": lambda order: json.dumps(dict(reversed(order.items()))),
    "full-name": lambda order: json.dumps(
        {**order, "name": f"com.acme.{order['name']}", "namespace": "elsewhere"}
    ),
}
"""How other programs may write the same schema."""


@pytest.mark.parametrize("spelling", SPELLINGS)
def test_schemas_that_other_programs_registered_are_found(
    registry: AnyRegistry,
    asked: SchemaRegistry,
    subject: str,
    order: dict[str, Any],
    spelling: str,
) -> None:
    id_ = other_client(registry, subject, SPELLINGS[spelling](order))
    found = find_or_register(asked, subject, parsed(order), register=True)
    assert found.id == id_
    assert asked.versions(subject) == (1,)


def test_schemas_that_other_programs_registered_with_references(
    registry: AnyRegistry, asked: SchemaRegistry, subject: str, order: dict[str, Any]
) -> None:
    money: dict[str, Any] = {"type": "record", "name": f"{order['name']}.Money", "fields": []}
    other_client(registry, f"{subject}-money", json.dumps(money))
    text = json.dumps(with_fields(order, {"name": "total", "type": money["name"]}))
    reference: dict[str, Any] = {"name": money["name"], "subject": f"{subject}-money", "version": 1}
    id_ = other_client(registry, subject, text, references=[reference])
    whole = parsed(with_fields(order, {"name": "total", "type": money}))
    assert resolve_references(asked, asked.by_id(id_), "schema") == whole
    found = find(asked, subject, whole)
    assert found is not None and found.id == id_


def test_registered_with_references(
    asked: SchemaRegistry, subject: str, order: dict[str, Any]
) -> None:
    money: dict[str, Any] = {
        "type": "record",
        "name": f"{order['name']}.Money",
        "fields": [
            {
                "name": "currency",
                "type": {
                    "type": "enum",
                    "name": f"{order['name']}.Currency",
                    "symbols": ["EUR"],
                },
            }
        ],
    }
    whole = parsed(with_fields(order, {"name": "total", "type": money}))
    registered = find_or_register(asked, subject, whole, register=True, references=True)
    assert [each.name for each in registered.schema.references] == [money["name"]]
    assert resolve_references(asked, asked.by_id(registered.id), "schema") == whole
    assert find_or_register(asked, subject, whole, references=True) == registered
    assert asked.versions(money["name"]) == (1,)
