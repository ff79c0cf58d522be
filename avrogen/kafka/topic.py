"""A Kafka topic and its types: :class:`Topic`, which generated code declares.

Its schemas are registered under subjects, whose names follow Confluent's strategies.
"""

from __future__ import annotations

from dataclasses import KW_ONLY, dataclass
from typing import Generic, Literal, TypeAlias, TypeVar, assert_never

from avrogen.codec.schema import SchemaOwner

__all__ = [
    "KeyType",
    "Part",
    "PrimitiveKey",
    "SubjectStrategy",
    "Topic",
    "needs_name",
    "subject_name",
]

K = TypeVar("K")
V = TypeVar("V")

PrimitiveKey: TypeAlias = Literal["boolean", "int", "long", "float", "double", "bytes", "string"]
"""Key types without a schema, in the encoding of Kafka's own serializers."""

KeyType: TypeAlias = "PrimitiveKey | SchemaOwner"
"""Type of a topic's keys: a primitive, or a type whose schema is in the registry."""


@dataclass(frozen=True, slots=True)
class Topic(Generic[K, V]):
    """A Kafka topic with keys of the Python type ``K`` and values of the Python type ``V``.

    ``K`` is None for a topic without keys. ``V`` includes None if the topic has tombstones:
    messages without a value, which delete their key.

    Attributes:
        name: name of the topic in Kafka.
        value: types of its values: generated classes, or codecs of types without a class.
        key: type of its keys; None for a topic without keys.
        key_field: Avro field of the value that is the key; None: keys are passed to ``send``.
        subject_strategy: naming of the subjects that have the schemas of its values.
        dead_letter: name of its dead-letter topic; None if it has none.
        tombstones: True if messages may be tombstones.
        ignore_contract_rules: True if schemas with active rules of a data contract are accepted,
            which are not executed.
    """

    name: str
    _: KW_ONLY
    value: tuple[SchemaOwner, ...]
    key: KeyType | None = None
    key_field: str | None = None
    subject_strategy: SubjectStrategy = "topic"
    dead_letter: str | None = None
    tombstones: bool = False
    ignore_contract_rules: bool = False


Part: TypeAlias = Literal["key", "value"]
"""Part of a message that a schema is for."""

SubjectStrategy: TypeAlias = Literal["topic", "record", "topic-record"]
"""Naming of subjects; Confluent's three strategies.

``topic``: the topic's name with ``-value`` or ``-key`` (``TopicNameStrategy``); ``record``: the
type's full name (``RecordNameStrategy``); ``topic-record``: both, joined by a hyphen
(``TopicRecordNameStrategy``).
"""


def needs_name(strategy: SubjectStrategy) -> bool:
    """Return True if the strategy needs types with a name.

    Raises:
        ValueError: unknown strategy.
    """
    known: tuple[SubjectStrategy, ...] = ("topic", "record", "topic-record")
    if strategy not in known:
        raise ValueError(f"subject strategy must be one of {', '.join(known)}, got {strategy!r}")
    return strategy != "topic"


def subject_name(strategy: SubjectStrategy, topic: str, part: Part, name: str | None) -> str:
    """Return the subject of a schema.

    Args:
        strategy: naming of subjects.
        topic: name of the topic.
        part: part of its messages that the schema is for.
        name: full name of the type; None if it has none.

    Raises:
        ValueError: the strategy needs a name, and the type has none.
    """
    if strategy == "topic":
        return f"{topic}-{part}"
    if name is None:
        raise ValueError(f"subject strategy {strategy} needs a named type: record, enum or fixed")
    match strategy:
        case "record":
            return name
        case "topic-record":
            return f"{topic}-{name}"
        case _:
            assert_never(strategy)
