"""The consumer of confluent-kafka: how it is created, and what its errors mean.

Most errors need nothing done: librdkafka reports that brokers are down, or that the group has no
coordinator, and keeps trying. After others it will never work, and the consumer raises.
"""

from __future__ import annotations

import logging
from collections.abc import Iterable, Mapping, Sequence
from time import monotonic
from typing import TYPE_CHECKING, Any, Final

from avrogen.errors import ConfigurationError, ConsumeError
from avrogen.extras import comes_with
from avrogen.kafka.callbacks import Callbacks, call_isolated
from avrogen.kafka.checked_access import error_text, refusal_text
from avrogen.kafka.client_config import Settings, consumer_settings
from avrogen.kafka.observability.logs import log_event

if TYPE_CHECKING:
    from confluent_kafka import Consumer, KafkaError, TopicPartition

    from avrogen.kafka.observability.logs import RepeatedFailures
    from avrogen.kafka.observability.observer import Observer

__all__ = [
    "commit_offsets",
    "consume_error",
    "create_consumer",
    "is_metadata_refused",
    "is_refusal",
    "log_error",
    "log_or_raise",
    "partitions_at",
    "partitions_of",
]


def create_consumer(
    client: Settings,
    callbacks: Callbacks,
    *,
    group: str,
    auto_commit: bool,
    observer: Observer | None = None,
) -> Consumer:
    """Create a consumer that is not subscribed to anything.

    Args:
        client: :attr:`avrogen.kafka.client_config.Configuration.client`.
        callbacks: receives errors and statistics.
        group: the consumer group.
        auto_commit: true if librdkafka commits stored offsets in the background.
        observer: told of these commits.

    Raises:
        ConfigurationError: a property is unknown or has an invalid value.
        MissingExtraError: confluent-kafka is not installed.
    """
    with comes_with("kafka"):
        from confluent_kafka import Consumer, KafkaException
    settings = consumer_settings(client, group=group, auto_commit=auto_commit)
    callbacks.install(settings)
    settings["on_commit"] = _commit_callback(settings.get("on_commit"), group, observer, callbacks)
    try:
        return Consumer(settings)
    except (KafkaException, TypeError, ValueError, SystemError) as error:
        raise ConfigurationError(refusal_text(error)) from error


def commit_offsets(
    client: Consumer, offsets: list[TopicPartition], group: str, observer: Observer | None
) -> list[TopicPartition]:
    """Commit offsets, wait until that is done, and tell the observer.

    Args:
        client: the consumer.
        offsets: the offsets.
        group: the consumer group.
        observer: told of the commit.

    Returns:
        The offsets, each with its error.

    Raises:
        KafkaException: the group refuses.
    """
    from confluent_kafka import KafkaException

    began, refusal = monotonic(), None
    try:
        done = _commit(client, offsets)
        refusal = next((each.error for each in done if each.error is not None), None)
        return done
    except KafkaException as error:
        refusal = error.args[0]
        raise
    finally:
        if observer is not None:
            _report_commit(observer, offsets, group, monotonic() - began, refusal)


def _commit(client: Consumer, offsets: list[TopicPartition]) -> list[TopicPartition]:
    """Commit offsets, without their metadata if that is too large for the brokers."""
    from confluent_kafka import KafkaException, TopicPartition

    try:
        done = client.commit(offsets=offsets, asynchronous=False) or []
        if not is_metadata_refused(*(each.error for each in done)):
            return done
    except KafkaException as error:
        if not is_metadata_refused(error.args[0]):
            raise
    bare = [TopicPartition(each.topic, each.partition, each.offset) for each in offsets]
    return client.commit(offsets=bare, asynchronous=False) or []


def _report_commit(
    observer: Observer,
    offsets: Sequence[TopicPartition],
    group: str,
    duration: float,
    error: KafkaError | None,
) -> None:
    committed = {(each.topic, each.partition): each.offset for each in offsets if each.offset >= 0}
    if committed:
        observer.committed(committed, group, duration, None if error is None else error.name())


def _commit_callback(
    given: object, group: str, observer: Observer | None, callbacks: Callbacks
) -> Any:
    def on_commit(error: KafkaError | None, partitions: Sequence[Any]) -> None:
        if is_metadata_refused(error, *(each.error for each in partitions)):
            callbacks.metadata_refused = True  # and the offsets are committed without, later
        if observer is not None:
            _report_commit(observer, partitions, group, 0.0, error)
        if error is not None and error.name() != "_NO_OFFSET":
            log_event(
                logging.WARNING,
                "consumer.commit_failed",
                group=group,
                code=error.name(),
                reason=error_text(error),
                partitions=[each.partition for each in partitions],
            )
        if callable(given):
            call_isolated(given, error, partitions)

    return on_commit


def is_metadata_refused(*errors: KafkaError | None) -> bool:
    """Return true if a broker refuses a commit as its metadata is too large."""
    return any(each is not None and each.name() == "OFFSET_METADATA_TOO_LARGE" for each in errors)


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
    "_AUTHENTICATION": "no broker accepts the credentials: see the properties sasl.* and ssl.*",
    "_SSL": "the certificate of the broker or the client is not accepted: see the properties ssl.*",
    "TOPIC_AUTHORIZATION_FAILED": "the principal needs the ACL Read on the topic",
    "TOPIC_EXCEPTION": "invalid topic name",
    "UNRELEASED_INSTANCE_ID": "another member has the same group.instance.id",
    "UNSUPPORTED_ASSIGNOR": "the brokers do not know the assignor in group.remote.assignor",
    "UNSUPPORTED_VERSION": "the brokers are too old for the configuration",
}
"""Names of errors after which no message will come, with what to look at."""


_REFUSALS: Final = frozenset(
    {
        "CLUSTER_AUTHORIZATION_FAILED",
        "GROUP_AUTHORIZATION_FAILED",
        "SASL_AUTHENTICATION_FAILED",
        "TOPIC_AUTHORIZATION_FAILED",
        "_AUTHENTICATION",
    }
)
"""Names of errors that last until somebody changes credentials or ACLs."""


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
    if error.name() != "_PARTITION_EOF":
        log_error(error, topic, known)


def log_error(error: KafkaError, topic: str, known: RepeatedFailures) -> None:
    """Log an error that came in place of a message, once in an outage."""
    text = error_text(error)
    if known.is_new(f"{error.name()} {text}"):
        log_event(logging.WARNING, "consumer.error", topic=topic, code=error.name(), reason=text)


def is_refusal(error: KafkaError) -> bool:
    """Return True if brokers refuse the credentials, or access to the topic or the group."""
    return error.name() in _REFUSALS and not error.fatal()


def consume_error(error: KafkaError, topic: str) -> ConsumeError:
    """Return the exception of a consumer that cannot go on.

    Args:
        error: what librdkafka reports.
        topic: the consumer's topic.
    """
    from confluent_kafka import KafkaException

    advice = _FINAL.get(error.name(), "")
    made = ConsumeError(
        f"cannot consume: {error_text(error)}{f'; {advice}' if advice else ''}",
        topic=topic,
        code=error.name(),
    )
    made.__cause__ = KafkaException(error)
    return made
