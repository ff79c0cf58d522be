"""Errors of librdkafka as :class:`~avrogen.errors.DeliveryError`, and the log of failures.

librdkafka retries by itself until ``delivery.timeout.ms`` is over. So a reported message has failed
permanently; ``retriable`` is set if sending it again may succeed.
"""

from __future__ import annotations

import logging
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from avrogen.errors import DeliveryError
from avrogen.kafka.checked_access import error_text
from avrogen.kafka.observability.logs import log_event

if TYPE_CHECKING:
    from confluent_kafka import KafkaError

    from avrogen.kafka.callbacks import ConnectionState

__all__ = [
    "NOT_DELIVERED",
    "TOO_LARGE",
    "RateLimitedLog",
    "SizeLimits",
    "auth_failure",
    "delivery_error",
    "is_retriable",
    "with_auth_error",
]

NOT_DELIVERED: Final = "not delivered: "
"""Prefix of the text of every DeliveryError about one message."""

_RETRIABLE: Final = frozenset(
    {
        # librdkafka: a timeout, or a purge before it
        "_ALL_BROKERS_DOWN",
        "_MSG_TIMED_OUT",
        "_PURGE_INFLIGHT",
        "_PURGE_QUEUE",
        "_QUEUE_FULL",
        "_TIMED_OUT",
        "_TIMED_OUT_QUEUE",
        "_TRANSPORT",
        # brokers: RetriableException in Kafka's Java client
        "BROKER_NOT_AVAILABLE",
        "KAFKA_STORAGE_ERROR",
        "LEADER_NOT_AVAILABLE",
        "NETWORK_EXCEPTION",
        "NOT_ENOUGH_REPLICAS",
        "NOT_ENOUGH_REPLICAS_AFTER_APPEND",
        "NOT_LEADER_FOR_PARTITION",
        "REPLICA_NOT_AVAILABLE",
        "REQUEST_TIMED_OUT",
        "THROTTLING_QUOTA_EXCEEDED",
    }
)
"""Names of errors after which the same message may be delivered. An unknown topic is not among
them: librdkafka has waited for it, so it must be created first."""

_ADVICE: Final[Mapping[str, str]] = {
    "_UNKNOWN_TOPIC": "create the topic",
    "UNKNOWN_TOPIC_OR_PART": "create the topic",
    "_UNKNOWN_PARTITION": "the topic has fewer partitions",
    "TOPIC_AUTHORIZATION_FAILED": "the principal needs the ACL Write on the topic",
    "CLUSTER_AUTHORIZATION_FAILED": "the principal needs the ACL IdempotentWrite on the cluster",
    "_MSG_TIMED_OUT": "no acknowledgement within delivery.timeout.ms",
}


def is_retriable(code: str) -> bool:
    """Return True if a message may be delivered by sending it again after an error of this name."""
    return code in _RETRIABLE


_UNREACHED: Final = frozenset(
    {
        "_ALL_BROKERS_DOWN",
        "_MSG_TIMED_OUT",
        "_PURGE_INFLIGHT",
        "_PURGE_QUEUE",
        "_TIMED_OUT",
        "_TIMED_OUT_QUEUE",
        "_TRANSPORT",
        "_UNKNOWN_TOPIC",
    }
)
"""Names of errors of which a refused authentication may be the cause."""


def with_auth_error(error: KafkaError, connection: ConnectionState | None) -> str:
    """Return the text of an error, with the reason why brokers refuse the credentials.

    Args:
        error: error of librdkafka, which knows of a timeout only.
        connection: errors of connections to brokers.
    """
    text = error_text(error)
    if connection is None or error.name() not in _UNREACHED or connection.auth_error is None:
        return text
    return f"{text}; {auth_failure(connection.auth_error)}"


def auth_failure(reason: str) -> str:
    """Return the text for credentials that brokers refuse."""
    return f"brokers refuse the credentials: {reason}"


@dataclass(frozen=True, slots=True)
class SizeLimits:
    """Sizes that a message must not exceed, in bytes.

    Attributes:
        client: ``message.max.bytes`` of the producer.
        topic: ``max.message.bytes`` of the topic; None: not known.
    """

    client: int
    topic: int | None = None

    def allow(self, size: int) -> bool:
        """Return True if neither limit forbids a message of this size by itself."""
        return size + _OVERHEAD <= min(self.client, self.topic or self.client)

    def explain(self, size: int) -> str:
        """Return the reason why a message of this size was refused as too large."""
        has = f"key and value have {size:,} bytes"
        if size + _OVERHEAD > self.client:
            return f"{has}, the producer takes messages of {self.client:,} (message.max.bytes)"
        if self.topic is None:
            return f"{has}, or its batch had more than the topic takes (max.message.bytes)"
        takes = f"the topic takes {self.topic:,} (max.message.bytes)"
        if size + _OVERHEAD > self.topic:
            return f"{has}, {takes}"
        return f"{has}, but its batch had more; when the producer started, {takes}"


_OVERHEAD: Final = 100
"""Bytes that a record batch has around a key and a value, about."""

TOO_LARGE: Final = "MSG_SIZE_TOO_LARGE"
"""Name of the error for messages and for batches."""


def delivery_error(
    error: KafkaError,
    topic: str,
    key: object,
    *,
    fatal: bool = False,
    connection: ConnectionState | None = None,
    size: int | None = None,
    limits: SizeLimits | None = None,
) -> DeliveryError:
    """Return the exception of a message's future.

    Args:
        error: error of the delivery report.
        topic: topic of the message.
        key: key of the message.
        fatal: True if the producer has had a fatal error.
        connection: errors of connections to brokers, which may explain a timeout.
        size: bytes of key and value.
        limits: limits of the size.
    """
    from confluent_kafka import KafkaException

    code = error.name()
    advice, retriable = _ADVICE.get(code), is_retriable(code)
    if code == TOO_LARGE and size is not None and limits is not None:
        advice = limits.explain(size)
        # The batch was too large. The next one is smaller.
        retriable = limits.topic is not None and limits.allow(size)
    made = DeliveryError(
        f"{NOT_DELIVERED}{with_auth_error(error, connection)}{f'; {advice}' if advice else ''}",
        topic=topic,
        key=key,
        code=code,
        retriable=retriable and not fatal,
        fatal=fatal,
    )
    made.__cause__ = KafkaException(error)
    return made


_INTERVAL: Final = 1.0
"""Seconds between two log records with the same error."""


@dataclass(slots=True)
class _Interval:
    began: float
    failures: int


class RateLimitedLog:
    """Logs ``delivery.failed``, at most once a second per error code, with the number of failures.

    If a broker is down, a whole queue of messages fails at once, for one reason.

    Args:
        topic: topic of the messages.
        clock: monotonic clock, in seconds.
    """

    def __init__(self, topic: str, clock: Callable[[], float] = time.monotonic) -> None:
        self._topic = topic
        self._clock = clock
        self._intervals: dict[str | None, _Interval] = {}

    def failed(self, error: DeliveryError) -> None:
        """Count a failure, and log it unless its error code was logged within the last second."""
        now = self._clock()
        interval = self._intervals.setdefault(error.code, _Interval(now - _INTERVAL, 0))
        interval.failures += 1
        if now - interval.began < _INTERVAL:
            return
        failures, interval.began, interval.failures = interval.failures, now, 0
        log_event(
            logging.ERROR if error.fatal else logging.WARNING,
            "delivery.failed",
            topic=self._topic,
            code=error.code,
            reason=error.message,
            messages=failures,
            retriable=error.retriable,
        )
