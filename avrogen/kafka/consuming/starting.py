"""Before a consumer starts: the registry is asked for what is written now.

So it shows at start, and not at the first message, that the registry cannot be reached or refuses
its credentials, and decoders are there when messages come.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING, Any

from avrogen.errors import DecodeError
from avrogen.kafka.observing.events import log_event
from avrogen.kafka.registry.port import LATEST
from avrogen.kafka.subjects import Part, subject_name
from avrogen.kafka.targets import name_of

if TYPE_CHECKING:
    from avrogen.kafka.registry.port import SchemaRegistry
    from avrogen.kafka.topic import Topic

__all__ = ["learn_schemas"]


def learn_schemas(
    topic: Topic[Any, Any], registry: SchemaRegistry, learn: Callable[[Part, int], None]
) -> None:
    """Learn the latest schemas that the topic's keys and values are written with.

    That one cannot be read is logged and no more: older messages may be readable, and nobody may
    write with it yet.

    Args:
        topic: the topic.
        registry: where its schemas are.
        learn: given the id of each; it raises DecodeError where one cannot be read.

    Raises:
        RegistryError: the registry does not answer, or refuses.
    """
    for part, subject in _subjects(topic):
        latest = registry.version(subject, LATEST)
        if latest is None:
            # No producer has registered it yet.
            log_event(logging.INFO, "consumer.no_schema", topic=topic.name, subject=subject)
            continue
        try:
            learn(part, latest.id)
        except DecodeError as error:
            log_event(
                logging.WARNING,
                "consumer.schema_unreadable",
                topic=topic.name,
                subject=subject,
                version=latest.version,
                reason=str(error),
            )


def _subjects(topic: Topic[Any, Any]) -> Iterator[tuple[Part, str]]:
    strategy = topic.subject_strategy
    for owner in topic.value:
        yield "value", subject_name(strategy, topic.name, "value", name_of(owner.__avro_schema__))
    if topic.key is not None and not isinstance(topic.key, str):
        yield "key", subject_name("topic", topic.name, "key", None)
