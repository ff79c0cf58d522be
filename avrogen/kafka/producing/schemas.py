"""Which ids stand in front of a topic's keys and values: the registry is asked once, at start."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from avrogen.kafka.registry.registration import find_or_register
from avrogen.kafka.subjects import subject_name
from avrogen.kafka.targets import name_of

if TYPE_CHECKING:
    from avrogen.codec.schema import SchemaOwner
    from avrogen.kafka.registry.port import SchemaRegistry
    from avrogen.kafka.topic import Topic

__all__ = ["TopicIds", "resolve"]


@dataclass(frozen=True, slots=True)
class TopicIds:
    """The ids of a topic's schemas.

    Attributes:
        values: by what carries the schema.
        key: None if keys need no schema.
    """

    values: Mapping[SchemaOwner, int]
    key: int | None


def resolve(registry: SchemaRegistry, topic: Topic[Any, Any], *, register: bool) -> TopicIds:
    """Look up the schemas of a topic, all before the first message.

    Args:
        registry: where.
        topic: whose schemas.
        register: whether what is missing is registered, if its subject's level allows it.

    Raises:
        RegistryError: a schema is missing or incompatible, which it says with the subject and what
            to do, or the registry does not answer.
    """
    ids: dict[SchemaOwner, int] = {}
    for owner in topic.value:
        schema = owner.__avro_schema__
        subject = subject_name(topic.subject_strategy, topic.name, "value", name_of(schema))
        ids[owner] = find_or_register(registry, subject, schema, register=register).id
    if topic.key is None or isinstance(topic.key, str):
        return TopicIds(ids, None)
    # Whatever the strategy of the values is: it is there to tell several types apart.
    subject = subject_name("topic", topic.name, "key", None)
    key = find_or_register(registry, subject, topic.key.__avro_schema__, register=register)
    return TopicIds(ids, key.id)
