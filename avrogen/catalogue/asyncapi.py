"""A catalogue as an AsyncAPI 3.1 document (https://www.asyncapi.com/docs/reference).

Topics are channels, what is on them are messages with Avro schemas as payloads. For each topic
there are two operations, as the generated package has a producer and a consumer of each.

Avro schemas as AsyncAPI documents can hold them.

AsyncAPI has a schema of its own for Avro schemas (its definition ``avroSchema_v1``), which knows
less than Avro does: aliases are names without dots, there are no errors, and attributes by the
names of Avro's own are of their types. What it does not know becomes an attribute with ``x-``
before its name, so nothing is lost, and what is on the wire is the same.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import replace
from typing import Final, assert_never

from avrogen.avro import model
from avrogen.avro.model import Json, reachable_types
from avrogen.avro.names import is_full_name, is_name, namespace_of, short_name
from avrogen.avro.schema_json import self_contained_json
from avrogen.catalogue.catalogue_model import CatalogueModel, carried_types, topic_ownership
from avrogen.catalogue.example_snippets import Example
from avrogen.catalogue.ownership import Ownership
from avrogen.catalogue.views import first_line
from avrogen.catalogue.yaml_writer import yaml_text
from avrogen.config.catalogue_section import TITLE
from avrogen.config.config import TopicConfig, key_type
from avrogen.config.topic_subjects import topic_subjects
from avrogen.errors import SchemaError

__all__ = ["AVRO_FORMAT", "asyncapi_text", "payload_schema"]

_BINARY: Final = "avro/binary"
"""The content type that Avro's specification has for its binary encoding."""

_KAFKA: Final = "0.5.0"
"""The version of the Kafka bindings (https://www.asyncapi.com/docs/reference/bindings/kafka)."""

_STRATEGIES: Final = {
    "topic": "TopicNameStrategy",
    "record": "RecordNameStrategy",
    "topic-record": "TopicRecordNameStrategy",
}
"""Subject strategies as the binding calls them: by the names of Confluent's classes."""

_KEYS: Final[Mapping[str, dict[str, Json]]] = {
    "boolean": {"type": "boolean"},
    "int": {"type": "integer", "format": "int32"},
    "long": {"type": "integer", "format": "int64"},
    "float": {"type": "number", "format": "float"},
    "double": {"type": "number", "format": "double"},
    "bytes": {"type": "string", "format": "binary"},
    "string": {"type": "string"},
}
"""Primitive keys, as AsyncAPI's own schemas have them."""

_KEY: Final = re.compile(r"[A-Za-z0-9._-]+")
"""Keys of components and messages that can stand in references without escapes."""

_UNSAFE: Final = re.compile(r"[^A-Za-z0-9._-]")

_DEAD_LETTER: Final[Json] = {
    "name": "deadLetter",
    "title": "Dead letter",
    "summary": "The original bytes of a message that could not be handled; headers say why.",
    "contentType": "application/octet-stream",
    "headers": {
        "type": "object",
        "patternProperties": {r"^__connect\.errors\.": {"type": "string"}},
    },
    "payload": {"type": "string", "format": "binary"},
}


def asyncapi_text(
    catalogue: CatalogueModel, examples: Mapping[str, Example | None], title: str = TITLE
) -> str:
    """Return the document as YAML. Its version is a digest of its content; schemas have none.

    Args:
        catalogue: schemas and topics.
        examples: of all types, by their ids.
        title: title of the catalogue.
    """
    carried = {
        name: None for topic in catalogue.topics for name in carried_types(topic, catalogue.types)
    }
    schemas: dict[str, Json] = {
        _key(name): payload_schema(name, catalogue.types) for name in sorted(carried)
    }
    parts: dict[str, Json] = {
        "channels": dict(_channels(catalogue, examples)),
        "operations": dict(_operations(catalogue.topics)),
        "components": {"schemas": schemas},
    }
    body = yaml_text(parts)
    head: dict[str, Json] = {
        "asyncapi": "3.1.0",
        "info": {
            "title": title,
            "version": hashlib.sha256(body.encode("utf-8")).hexdigest()[:12],
        },
        "defaultContentType": _BINARY,
    }
    return yaml_text(head) + body


def _channels(
    catalogue: CatalogueModel, examples: Mapping[str, Example | None]
) -> Iterator[tuple[str, Json]]:
    for topic in catalogue.topics:
        messages: dict[str, Json] = {
            _key(name): _message(name, topic, catalogue, examples[name]) for name in _values(topic)
        }
        if topic.tombstones:
            messages["tombstone"] = _tombstone(topic, catalogue)
        channel: dict[str, Json] = {
            "address": topic.topic,
            "title": topic.topic,
            "messages": messages,
            "bindings": {"kafka": {"topic": topic.topic, "bindingVersion": _KAFKA}},
            "x-subjects": [subject.name for subject in topic_subjects(topic, catalogue.types)],
        }
        if topic.description:
            channel["description"] = topic.description
        channel |= _ownership(topic_ownership(topic))
        for name, services in (("producers", topic.producers), ("consumers", topic.consumers)):
            if services:
                channel[f"x-{name}"] = list(services)
        if topic.dead_letter is not None:
            channel["x-dead-letter"] = topic.dead_letter
        yield topic.name, channel
    yield from _dead_letter_channels(catalogue.topics)


def _dead_letter_channels(topics: Iterable[TopicConfig]) -> Iterator[tuple[str, Json]]:
    """Yield a channel for each dead-letter topic that has no channel yet."""
    described = {topic.topic for topic in topics}
    for topic in topics:
        if topic.dead_letter is not None and topic.dead_letter not in described:
            described.add(topic.dead_letter)
            channel: Json = {
                "address": topic.dead_letter,
                "title": topic.dead_letter,
                "messages": {"deadLetter": _DEAD_LETTER},
                "bindings": {"kafka": {"topic": topic.dead_letter, "bindingVersion": _KAFKA}},
            }
            # With a dot, which no topic's own name has.
            yield f"{topic.name}.deadLetters", channel


def _operations(topics: Iterable[TopicConfig]) -> Iterator[tuple[str, Json]]:
    for topic in topics:
        names = [*_values(topic), *(["tombstone"] if topic.tombstones else [])]
        for action in ("send", "receive"):
            operation: Json = {
                "action": action,
                "channel": {"$ref": f"#/channels/{topic.name}"},
                "messages": [
                    {"$ref": f"#/channels/{topic.name}/messages/{_key(name)}"} for name in names
                ],
                "bindings": {"kafka": {"bindingVersion": _KAFKA}},
            }
            yield f"{action}{topic.name}", operation


def _message(
    name: str, topic: TopicConfig, catalogue: CatalogueModel, example: Example | None
) -> dict[str, Json]:
    entry = catalogue.entries[name]
    message: dict[str, Json] = {"name": name, "title": entry.name}
    if entry.doc:
        message["summary"] = first_line(entry.doc)
    message |= _ownership(entry.ownership)
    message["contentType"] = _BINARY
    message["payload"] = {"$ref": f"#/components/schemas/{_key(name)}"}
    message["bindings"] = {"kafka": _binding(topic, catalogue)}
    if example is not None:
        message["examples"] = [{"name": "avroJson", "payload": example.json}]
    return message


def _ownership(found: Ownership) -> dict[str, Json]:
    """Return tags, and what AsyncAPI has no fields for."""
    members: dict[str, Json] = {}
    if found.tags:
        members["tags"] = [{"name": tag} for tag in found.tags]
    if found.owner:
        members["x-owner"] = found.owner
    if found.status:
        members["x-status"] = found.status
    if found.is_deprecated:
        members["x-deprecated"] = found.reason or True
    return members


def _tombstone(topic: TopicConfig, catalogue: CatalogueModel) -> Json:
    binding = _binding(topic, catalogue)
    return {
        "name": "tombstone",
        "title": "Tombstone",
        "summary": "A message without a value: what has its key is gone.",
        "payload": {"type": "null"},
        "bindings": {"kafka": {k: v for k, v in binding.items() if k in ("key", "bindingVersion")}},
    }


def _binding(topic: TopicConfig, catalogue: CatalogueModel) -> dict[str, Json]:
    """Return the Kafka message binding: key schema, and the schema id's location in the payload."""
    binding: dict[str, Json] = {}
    key = key_type(topic, catalogue.types)
    if key is not None:
        binding["key"] = _KEYS.get(key) or {"$ref": f"#/components/schemas/{_key(key)}"}
    return {
        **binding,
        "schemaIdLocation": "payload",
        "schemaIdPayloadEncoding": "confluent",
        "schemaLookupStrategy": _STRATEGIES[topic.subject_strategy],
        "bindingVersion": _KAFKA,
    }


def _values(topic: TopicConfig) -> tuple[str, ...]:
    return tuple(dict.fromkeys(topic.value))


AVRO_FORMAT: Final = "application/vnd.apache.avro+json;version=1.9.0"
"""The latest format of Avro schemas that AsyncAPI has a name for."""

_OWN: Final = frozenset({"aliases", "default", "doc", "name", "namespace", "order"})
"""Attributes that AsyncAPI looks at wherever they stand."""


def payload_schema(name: str, types: Mapping[str, model.NamedType]) -> Json:
    """Return a Multi Format Schema Object: a type's schema with its dependencies.

    A schema that is nested too deep to be written as one, or has names that the specification does
    not allow, is described in words.
    """
    reached = reachable_types(model.Reference(name), types)
    if not all(map(_has_valid_names, reached.values())):
        return {
            "description": f"The schema of {name} has names that Avro's specification does not "
            "allow: catalog.json has it."
        }
    known = {each: _known(named) for each, named in reached.items()}
    try:
        tree = self_contained_json(model.Reference(name), known)
    except SchemaError:
        return {"description": f"The types of {name} lie too deep in each other for one schema."}
    return {"schemaFormat": AVRO_FORMAT, "schema": tree}


def _has_valid_names(named: model.NamedType) -> bool:
    match named:
        case model.RecordType(fields=fields):
            inner = [field.name for field in fields]
        case model.EnumType(symbols=symbols):
            inner = list(symbols)
        case model.FixedType():
            inner = []
    return is_full_name(named.name) and all(map(is_name, inner))


def _key(name: str) -> str:
    """Return a key for a name: itself, or with a digest, as keys have few characters."""
    if _KEY.fullmatch(name):
        return name
    digest = hashlib.sha256(name.encode()).hexdigest()[:12]
    return f"{_UNSAFE.sub('_', name)}-{digest}"


def _known(named: model.NamedType) -> model.NamedType:
    near, others = _aliases(named)
    attributes = _renamed(named.attributes) | ({"x-aliases": others} if others else {})
    if near:  # AsyncAPI knows them without a namespace only
        attributes |= {"aliases": near}
    match named:
        case model.RecordType(fields=fields):
            if named.is_error:
                attributes |= {"x-error": True}
            known = tuple(map(_known_field, fields))
            return replace(named, aliases=(), attributes=attributes, fields=known, is_error=False)
        case model.EnumType() | model.FixedType():
            return replace(named, aliases=(), attributes=attributes)
        case _:
            assert_never(named)


def _aliases(named: model.NamedType) -> tuple[list[Json], list[Json]]:
    """Split off the namespace of names in the type's own namespace."""
    namespace = namespace_of(model.wire_name(named))
    near: list[Json] = [
        short_name(alias)
        for alias in named.aliases
        if namespace_of(alias) == namespace and is_name(short_name(alias))
    ]
    others: list[Json] = [
        alias
        for alias in named.aliases
        if namespace_of(alias) != namespace or not is_name(short_name(alias))
    ]
    return near, others


def _known_field(field: model.Field) -> model.Field:
    others: list[Json] = [alias for alias in field.aliases if not is_name(alias)]
    attributes = _renamed(field.attributes) | ({"x-aliases": others} if others else {})
    near = tuple(alias for alias in field.aliases if is_name(alias))
    return replace(field, type=_known_type(field.type), aliases=near, attributes=attributes)


def _known_type(type_: model.AvroType) -> model.AvroType:
    match type_:
        case model.Primitive(attributes=attributes):
            return replace(type_, attributes=_renamed(attributes))
        case model.Reference():
            return type_
        case model.Array(items, attributes):
            return model.Array(_known_type(items), _renamed(attributes))
        case model.Map(values, attributes):
            return model.Map(_known_type(values), _renamed(attributes))
        case model.Union(branches):
            return model.Union(tuple(map(_known_type, branches)))
        case _:
            assert_never(type_)


def _renamed(attributes: model.Attributes) -> dict[str, Json]:
    return {f"x-{key}" if key in _OWN else key: value for key, value in attributes.items()}
