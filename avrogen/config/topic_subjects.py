"""Subjects of the configured topics in a schema registry, and the types of their schemas."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from avrogen.avro import model
from avrogen.config.config import Config, TopicConfig, key_type
from avrogen.config.registry_connection import CommandError
from avrogen.kafka.topic import subject_name

__all__ = ["Subject", "configured_subjects", "topic_subjects", "type_title"]


@dataclass(frozen=True, slots=True)
class Subject:
    """A subject, and the type whose schema is registered there.

    Attributes:
        name: name of the subject.
        type: type of its schema.
    """

    name: str
    type: model.AvroType

    @property
    def title(self) -> str:
        """Return a short text for the type."""
        return type_title(self.type)


def configured_subjects(
    config: Config, types: Mapping[str, model.NamedType]
) -> tuple[Subject, ...]:
    """Return the subjects of all topics, each once, in the order of the configuration.

    Subjects of values follow the strategy of their topic. The subject of keys is always
    ``{topic}-key``, as a topic has one key type; keys of primitive types have no schema and no
    subject.

    Args:
        config: a configuration that fits the types.
        types: all named types by full name.

    Raises:
        CommandError: one subject would contain two types.
    """
    subjects: dict[str, Subject] = {}
    for topic in config.topics:
        for subject in topic_subjects(topic, types):
            other = subjects.setdefault(subject.name, subject)
            if other != subject:
                raise CommandError(
                    f"subject {subject.name} would contain {other.title} and {subject.title}",
                    f'set another subject-strategy for topic "{topic.topic}" in avrogen.toml',
                )
    return tuple(subjects.values())


def topic_subjects(topic: TopicConfig, types: Mapping[str, model.NamedType]) -> Iterator[Subject]:
    """Yield the subjects of one topic: one for each type of value, then one for keys if any."""
    for name in topic.value:
        full_name = model.wire_name(types[name]) if name in types else name
        subject = subject_name(topic.subject_strategy, topic.topic, "value", full_name)
        yield Subject(subject, model.Reference(name))
    key = key_type(topic, types)
    if key is not None and key in types:
        yield Subject(subject_name("topic", topic.topic, "key", key), model.Reference(key))


def type_title(type_: model.AvroType) -> str:
    """Return a short text for a type."""
    match type_:
        case model.Reference(name) | model.Primitive(name):
            return name
        case model.Array(items):
            return f"array of {type_title(items)}"
        case model.Map(values):
            return f"map of {type_title(values)}"
        case model.Union(branches):
            return " | ".join(map(type_title, branches))
