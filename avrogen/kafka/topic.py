"""What a topic is: :class:`Topic`. Generated code declares those that are configured."""

from __future__ import annotations

from dataclasses import KW_ONLY, dataclass
from typing import Generic, Literal, TypeAlias, TypeVar

from avrogen.codec.schema import SchemaOwner
from avrogen.kafka.subjects import SubjectStrategy

__all__ = ["KeyType", "PrimitiveKey", "SubjectStrategy", "Topic"]

K = TypeVar("K")
V = TypeVar("V")

PrimitiveKey: TypeAlias = Literal["boolean", "int", "long", "float", "double", "bytes", "string"]
"""Keys that need no schema: they are written as Kafka's own serializers write them."""

KeyType: TypeAlias = "PrimitiveKey | SchemaOwner"
"""What keys are: a primitive, or a type whose schema is in the registry."""


@dataclass(frozen=True, slots=True)
class Topic(Generic[K, V]):
    """A Kafka topic and what is on it: keys of the Python type ``K``, values of ``V``.

    ``K`` is None for a topic whose messages have no keys; None is among ``V`` if a message may be
    a tombstone, which has no value and stands for the end of its key.

    Attributes:
        name: what it is called in Kafka.
        value: the types of its values: generated classes, or codecs of types that have no class.
        key: the type of its keys; None if messages have none.
        key_field: the Avro field of every value that its key is taken from.
        subject_strategy: where the registry has the schemas of its values.
        dead_letter: the topic for messages that cannot be handled.
        tombstones: whether a message may be a tombstone.
    """

    name: str
    _: KW_ONLY
    value: tuple[SchemaOwner, ...]
    key: KeyType | None = None
    key_field: str | None = None
    subject_strategy: SubjectStrategy = "topic"
    dead_letter: str | None = None
    tombstones: bool = False
