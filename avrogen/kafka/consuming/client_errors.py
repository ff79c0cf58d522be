"""What librdkafka's errors mean for a consumer.

Most need nothing done: librdkafka reports that brokers are away, or that the group is without a
coordinator, and goes on trying. Others say that this will never work.
"""

from __future__ import annotations

import logging
from collections.abc import Mapping
from typing import TYPE_CHECKING, Final

from avrogen.errors import ConsumeError
from avrogen.kafka.observing.events import log_event

if TYPE_CHECKING:
    from confluent_kafka import KafkaError

__all__ = ["consume_error", "tell"]

_FINAL: Final[Mapping[str, str]] = {
    "_AUTO_OFFSET_RESET": "there is no committed offset, and auto.offset.reset is error",
    "_FATAL": "",
    "CLUSTER_AUTHORIZATION_FAILED": "",
    "FENCED_INSTANCE_ID": "another member has the same group.instance.id",
    "GROUP_AUTHORIZATION_FAILED": "the principal needs the right to read in the group",
    "GROUP_MAX_SIZE_REACHED": "group.max.size of the brokers",
    "INCONSISTENT_GROUP_PROTOCOL": (
        "members of the group have other assignors: partition.assignment.strategy"
    ),
    "INVALID_GROUP_ID": "",
    "INVALID_SESSION_TIMEOUT": "group.min.session.timeout.ms and its max of the brokers",
    "SASL_AUTHENTICATION_FAILED": "",
    "TOPIC_AUTHORIZATION_FAILED": "the principal needs the right to read the topic",
    "TOPIC_EXCEPTION": "the topic's name is none",
    "UNRELEASED_INSTANCE_ID": "another member has the same group.instance.id",
    "UNSUPPORTED_ASSIGNOR": "group.remote.assignor is none that the brokers have",
    "UNSUPPORTED_VERSION": "the brokers are too old for what is configured",
}
"""Names of errors after which nothing will come, with what to look at."""


def tell(error: KafkaError, topic: str) -> None:
    """Log an error that came in place of a message, or raise it if nothing will come any more.

    Args:
        error: what librdkafka reports.
        topic: the consumer's topic.

    Raises:
        ConsumeError: the consumer cannot go on after this.
    """
    if error.fatal() or error.name() in _FINAL:
        raise consume_error(error, topic)
    if error.name() != "_PARTITION_EOF":
        log_event(
            logging.WARNING, "consumer.error", topic=topic, code=error.name(), reason=error.str()
        )


def consume_error(error: KafkaError, topic: str) -> ConsumeError:
    """What a consumer raises that cannot go on.

    Args:
        error: what librdkafka reports.
        topic: the consumer's topic.
    """
    from confluent_kafka import KafkaException

    advice = _FINAL.get(error.name(), "")
    made = ConsumeError(
        f"cannot consume: {error.str()}{f'; {advice}' if advice else ''}",
        topic=topic,
        code=error.name(),
    )
    made.__cause__ = KafkaException(error)
    return made
