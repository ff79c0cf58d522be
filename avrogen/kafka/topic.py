"""A Kafka topic and its types: :class:`Topic`. Generated code declares the configured topics."""

from __future__ import annotations

from dataclasses import KW_ONLY, dataclass
from typing import Generic, Literal, TypeAlias, TypeVar

from avrogen.codec.schema import SchemaOwner
from avrogen.kafka.subjects import SubjectStrategy

__all__ = ["KeyType", "PrimitiveKey", "SubjectStrategy", "Topic"]

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
    """

    name: str
    _: KW_ONLY
    value: tuple[SchemaOwner, ...]
    key: KeyType | None = None
    key_field: str | None = None
    subject_strategy: SubjectStrategy = "topic"
    dead_letter: str | None = None
    tombstones: bool = False
