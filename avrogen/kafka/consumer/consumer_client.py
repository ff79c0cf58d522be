"""The consumer of librdkafka beneath.

What librdkafka's errors mean for a consumer.

Most need nothing done: librdkafka reports that brokers are away, or that the group is without a
coordinator, and goes on trying. Others say that this will never work.
"""

from __future__ import annotations

import logging
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any, Final

from avrogen.errors import ConfigurationError, ConsumeError
from avrogen.extras import comes_with
from avrogen.kafka.callbacks import Callbacks
from avrogen.kafka.client_config import Settings, consumer_settings
from avrogen.kafka.observability.logs import LOGGER, log_event

if TYPE_CHECKING:
    from confluent_kafka import Consumer, KafkaError

__all__ = ["consume_error", "create_consumer", "log_or_raise"]


def create_consumer(
    client: Settings, callbacks: Callbacks, *, group: str, auto_commit: bool
) -> Consumer:
    """A consumer that is not subscribed to anything.

    Args:
        client: :attr:`avrogen.kafka.client_config.Configuration.client`.
        callbacks: what is told of errors and statistics.
        group: the name of the consumer group.
        auto_commit: whether librdkafka commits stored offsets in the background.

    Raises:
        ConfigurationError: a setting is unknown, or has a value that cannot be.
        MissingExtraError: confluent-kafka is not installed.
    """
    with comes_with("kafka"):
        from confluent_kafka import Consumer, KafkaException
    settings = consumer_settings(client, group=group, auto_commit=auto_commit)
    callbacks.install(settings)
    settings["on_commit"] = _told_of_commits(settings.get("on_commit"), group)
    try:
        return Consumer(settings)
    except KafkaException as error:
        raise ConfigurationError(error.args[0].str()) from error


def _told_of_commits(given: object, group: str) -> Any:
    def on_commit(error: KafkaError | None, partitions: Sequence[Any]) -> None:
        if error is not None and error.name() != "_NO_OFFSET":
            log_event(
                logging.WARNING,
                "consumer.commit_failed",
                group=group,
                code=error.name(),
                reason=error.str(),
                partitions=[each.partition for each in partitions],
            )
        if callable(given):
            try:
                given(error, partitions)
            except Exception:
                LOGGER.exception("callback failed: %r", given)

    return on_commit


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


def log_or_raise(error: KafkaError, topic: str) -> None:
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
