"""The consumer of confluent-kafka: how it is created, and what its errors mean.

Most errors need nothing done: librdkafka reports that brokers are down, or that the group has no
coordinator, and keeps trying. After others it will never work, and the consumer raises.
"""

from __future__ import annotations

import logging
from collections.abc import Iterable, Mapping, Sequence
from typing import TYPE_CHECKING, Any, Final

from avrogen.errors import ConfigurationError, ConsumeError
from avrogen.extras import comes_with
from avrogen.kafka.callbacks import Callbacks
from avrogen.kafka.client_config import Settings, consumer_settings
from avrogen.kafka.observability.logs import LOGGER, log_event

if TYPE_CHECKING:
    from confluent_kafka import Consumer, KafkaError, TopicPartition

    from avrogen.kafka.observability.logs import RepeatedFailures

__all__ = ["consume_error", "create_consumer", "log_or_raise", "partitions_at", "partitions_of"]


def create_consumer(
    client: Settings, callbacks: Callbacks, *, group: str, auto_commit: bool
) -> Consumer:
    """Create a consumer that is not subscribed to anything.

    Args:
        client: :attr:`avrogen.kafka.client_config.Configuration.client`.
        callbacks: receives errors and statistics.
        group: the consumer group.
        auto_commit: true if librdkafka commits stored offsets in the background.

    Raises:
        ConfigurationError: a property is unknown or has an invalid value.
        MissingExtraError: confluent-kafka is not installed.
    """
    with comes_with("kafka"):
        from confluent_kafka import Consumer, KafkaException
    settings = consumer_settings(client, group=group, auto_commit=auto_commit)
    callbacks.install(settings)
    settings["on_commit"] = _log_failed_commits(settings.get("on_commit"), group)
    try:
        return Consumer(settings)
    except KafkaException as error:
        raise ConfigurationError(error.args[0].str()) from error


def _log_failed_commits(given: object, group: str) -> Any:
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


# --- partitions -----------------------------------------------------------------------------------


def partitions_of(topic: str, numbers: Iterable[int]) -> list[TopicPartition]:
    """Return partitions as the client accepts them."""
    from confluent_kafka import TopicPartition

    return [TopicPartition(topic, number) for number in numbers]


def partitions_at(topic: str, offsets: Iterable[tuple[int, int]]) -> list[TopicPartition]:
    """Return partitions with their offsets as the client accepts them."""
    from confluent_kafka import TopicPartition

    return [TopicPartition(topic, number, offset) for number, offset in offsets]


# --- errors ---------------------------------------------------------------------------------------

_FINAL: Final[Mapping[str, str]] = {
    "_AUTO_OFFSET_RESET": "no committed offset, and auto.offset.reset is error",
    "_FATAL": "",
    "CLUSTER_AUTHORIZATION_FAILED": "",
    "FENCED_INSTANCE_ID": "another member has the same group.instance.id",
    "GROUP_AUTHORIZATION_FAILED": "the principal needs the ACL Read on the group",
    "GROUP_MAX_SIZE_REACHED": "see group.max.size of the brokers",
    "INCONSISTENT_GROUP_PROTOCOL": (
        "members of the group have other assignors; check partition.assignment.strategy"
    ),
    "INVALID_GROUP_ID": "",
    "INVALID_SESSION_TIMEOUT": (
        "see group.min.session.timeout.ms and group.max.session.timeout.ms of the brokers"
    ),
    "SASL_AUTHENTICATION_FAILED": "",
    "TOPIC_AUTHORIZATION_FAILED": "the principal needs the ACL Read on the topic",
    "TOPIC_EXCEPTION": "invalid topic name",
    "UNRELEASED_INSTANCE_ID": "another member has the same group.instance.id",
    "UNSUPPORTED_ASSIGNOR": "the brokers do not know the assignor in group.remote.assignor",
    "UNSUPPORTED_VERSION": "the brokers are too old for the configuration",
}
"""Names of errors after which no message will come, with what to look at."""


def log_or_raise(error: KafkaError, topic: str, known: RepeatedFailures) -> None:
    """Log an error that came in place of a message, or raise it if no message will come any more.

    Args:
        error: what librdkafka reports.
        topic: the consumer's topic.
        known: errors that were logged before.

    Raises:
        ConsumeError: the consumer cannot go on.
    """
    if error.fatal() or error.name() in _FINAL:
        raise consume_error(error, topic)
    if error.name() != "_PARTITION_EOF" and known.is_new(f"{error.name()} {error.str()}"):
        log_event(
            logging.WARNING, "consumer.error", topic=topic, code=error.name(), reason=error.str()
        )


def consume_error(error: KafkaError, topic: str) -> ConsumeError:
    """Return the exception of a consumer that cannot go on.

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
