"""The landscape as an AsyncAPI 3.0 document (https://www.asyncapi.com/docs/reference).

Topics are channels, what is on them are messages with Avro schemas as payloads. For each topic
there are two operations, as the generated package has a producer and a consumer of each.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Iterator, Mapping
from typing import Final

from avrogen.avro.model import Json
from avrogen.catalogue.asyncapi_schemas import payload_schema
from avrogen.catalogue.examples import Example
from avrogen.catalogue.landscape import Landscape, carried_types
from avrogen.catalogue.views import first_line
from avrogen.catalogue.yaml_text import yaml_text
from avrogen.compiler.checks import key_type
from avrogen.config.config import Topic
from avrogen.config.subjects import topic_subjects

__all__ = ["asyncapi_text"]

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


def asyncapi_text(landscape: Landscape, examples: Mapping[str, Example | None]) -> str:
    """The document, in YAML. Its version is a digest of what it says, as schemas have no version.

    Args:
        landscape: schemas and topics.
        examples: of all types, by their ids.
    """
    carried = {
        name: None for topic in landscape.topics for name in carried_types(topic, landscape.types)
    }
    schemas: dict[str, Json] = {
        name: payload_schema(name, landscape.types) for name in sorted(carried)
    }
    parts: dict[str, Json] = {
        "channels": dict(_channels(landscape, examples)),
        "operations": dict(_operations(landscape.topics)),
        "components": {"schemas": schemas},
    }
    body = yaml_text(parts)
    head: dict[str, Json] = {
        "asyncapi": "3.0.0",
        "info": {
            "title": "Event catalogue",
            "version": hashlib.sha256(body.encode("utf-8")).hexdigest()[:12],
        },
        "defaultContentType": _BINARY,
    }
    return yaml_text(head) + body


def _channels(
    landscape: Landscape, examples: Mapping[str, Example | None]
) -> Iterator[tuple[str, Json]]:
    for topic in landscape.topics:
        messages: dict[str, Json] = {
            name: _message(name, topic, landscape, examples[name]) for name in _values(topic)
        }
        if topic.tombstones:
            messages["tombstone"] = _tombstone(topic, landscape)
        channel: dict[str, Json] = {
            "address": topic.topic,
            "title": topic.topic,
            "messages": messages,
            "bindings": {"kafka": {"topic": topic.topic, "bindingVersion": _KAFKA}},
            "x-subjects": [subject.name for subject in topic_subjects(topic, landscape.types)],
        }
        if topic.dead_letter is not None:
            channel["x-dead-letter"] = topic.dead_letter
        yield topic.name, channel
    yield from _dead_letter_channels(landscape.topics)


def _dead_letter_channels(topics: Iterable[Topic]) -> Iterator[tuple[str, Json]]:
    """A channel for each topic that takes dead letters and is none of those described."""
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


def _operations(topics: Iterable[Topic]) -> Iterator[tuple[str, Json]]:
    for topic in topics:
        names = [*_values(topic), *(["tombstone"] if topic.tombstones else [])]
        for action in ("send", "receive"):
            operation: Json = {
                "action": action,
                "channel": {"$ref": f"#/channels/{topic.name}"},
                "messages": [
                    {"$ref": f"#/channels/{topic.name}/messages/{name}"} for name in names
                ],
                "bindings": {"kafka": {"bindingVersion": _KAFKA}},
            }
            yield f"{action}{topic.name}", operation


def _message(
    name: str, topic: Topic, landscape: Landscape, example: Example | None
) -> dict[str, Json]:
    entry = landscape.entries[name]
    message: dict[str, Json] = {"name": name, "title": entry.name}
    if entry.doc:
        message["summary"] = first_line(entry.doc)
    message["contentType"] = _BINARY
    message["payload"] = {"$ref": f"#/components/schemas/{name}"}
    message["bindings"] = {"kafka": _binding(topic, landscape)}
    if example is not None:
        message["examples"] = [{"name": "avroJson", "payload": example.json}]
    return message


def _tombstone(topic: Topic, landscape: Landscape) -> Json:
    binding = _binding(topic, landscape)
    return {
        "name": "tombstone",
        "title": "Tombstone",
        "summary": "A message without a value: what has its key is gone.",
        "payload": {"type": "null"},
        "bindings": {"kafka": {k: v for k, v in binding.items() if k in ("key", "bindingVersion")}},
    }


def _binding(topic: Topic, landscape: Landscape) -> dict[str, Json]:
    """Keys and where schemas are found: ids stand before the value, as Confluent has it."""
    binding: dict[str, Json] = {}
    key = key_type(topic, landscape.types)
    if key is not None:
        binding["key"] = _KEYS.get(key) or {"$ref": f"#/components/schemas/{key}"}
    return {
        **binding,
        "schemaIdLocation": "payload",
        "schemaIdPayloadEncoding": "confluent",
        "schemaLookupStrategy": _STRATEGIES[topic.subject_strategy],
        "bindingVersion": _KAFKA,
    }


def _values(topic: Topic) -> tuple[str, ...]:
    return tuple(dict.fromkeys(topic.value))
