"""What the configured topics register, and under which subjects."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Final

from avrogen.avro import model
from avrogen.compiler.checks import key_type
from avrogen.config.config import Config, TopicConfig
from avrogen.config.registry_connection import CommandError
from avrogen.kafka.subjects import SubjectStrategy, subject_name

__all__ = ["Subject", "configured_subjects", "topic_subjects", "type_title"]

_STRATEGIES: Final[Mapping[str, SubjectStrategy]] = {
    "topic": "topic",
    "record": "record",
    "topic-record": "topic-record",
}
"""As the configuration calls them."""


@dataclass(frozen=True, slots=True)
class Subject:
    """A subject, and the type whose schema is registered there.

    Attributes:
        name: of the subject.
        type: the type.
    """

    name: str
    type: model.AvroType

    @property
    def title(self) -> str:
        """What people call the type."""
        return type_title(self.type)


def configured_subjects(
    config: Config, types: Mapping[str, model.NamedType]
) -> tuple[Subject, ...]:
    """The subjects of all topics, each once, in the order of the configuration.

    Values go by the strategy of their topic. Keys are always ``{topic}-key``, as a topic has one
    type of keys, and only if they are of a named type: keys of primitive types are written without
    a schema.

    Args:
        config: the configuration, checked against the types.
        types: every named type by full name.

    Raises:
        Problem: one subject would have to hold two types.
    """
    subjects: dict[str, Subject] = {}
    for topic in config.topics:
        for subject in topic_subjects(topic, types):
            other = subjects.setdefault(subject.name, subject)
            if other != subject:
                raise CommandError(
                    f"the subject {subject.name} would hold {other.title} and {subject.title}",
                    f'give the topic "{topic.topic}" another subject-strategy in avrogen.toml',
                )
    return tuple(subjects.values())


def topic_subjects(topic: TopicConfig, types: Mapping[str, model.NamedType]) -> Iterator[Subject]:
    """The subjects of one topic: those of its values, then that of its keys if it has one."""
    strategy = _STRATEGIES[topic.subject_strategy]
    for name in topic.value:
        subject = subject_name(strategy, topic.topic, "value", name)
        yield Subject(subject, model.Reference(name))
    key = key_type(topic, types)
    if key is not None and key in types:
        yield Subject(subject_name("topic", topic.topic, "key", key), model.Reference(key))


def type_title(type_: model.AvroType) -> str:
    """A type in a few words."""
    match type_:
        case model.Reference(name) | model.Primitive(name):
            return name
        case model.Array(items):
            return f"array of {type_title(items)}"
        case model.Map(values):
            return f"map of {type_title(values)}"
        case model.Union(branches):
            return " | ".join(map(type_title, branches))
