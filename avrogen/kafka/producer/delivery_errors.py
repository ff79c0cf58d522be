"""What librdkafka's errors mean for a message.

librdkafka sends again by itself what may work the next time, until ``delivery.timeout.ms`` is over.
So whatever is reported has failed for good, and the question is whether it would fail again.

Logging messages that failed, not all of them when they are many.
"""

from __future__ import annotations

import logging
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from avrogen.errors import DeliveryError
from avrogen.kafka.observability.logs import log_event

if TYPE_CHECKING:
    from confluent_kafka import KafkaError

__all__ = ["NOT_DELIVERED", "RateLimitedLog", "delivery_error", "is_retriable"]

NOT_DELIVERED: Final = "not delivered: "
"""How the message of every DeliveryError about one message begins."""

_RETRIABLE: Final = frozenset(
    {
        # librdkafka: time ran out, or somebody gave up before it did
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
them: librdkafka has waited for it, and somebody has to create it."""

_ADVICE: Final[Mapping[str, str]] = {
    "MSG_SIZE_TOO_LARGE": "message.max.bytes here, max.message.bytes of the topic",
    "_UNKNOWN_TOPIC": "create the topic",
    "UNKNOWN_TOPIC_OR_PART": "create the topic",
    "_UNKNOWN_PARTITION": "the topic has fewer partitions",
    "TOPIC_AUTHORIZATION_FAILED": "the principal needs the right to write to the topic",
    "CLUSTER_AUTHORIZATION_FAILED": "the principal needs the right IdempotentWrite",
    "_MSG_TIMED_OUT": "no acknowledgement within delivery.timeout.ms",
}


def is_retriable(code: str) -> bool:
    """Whether a message that failed with an error of this name may be delivered later."""
    return code in _RETRIABLE


def delivery_error(
    error: KafkaError, topic: str, key: object, *, fatal: bool = False
) -> DeliveryError:
    """What the future of a message raises.

    Args:
        error: what librdkafka reports.
        topic: the message's topic.
        key: its key.
        fatal: whether the producer has met a fatal error.
    """
    from confluent_kafka import KafkaException

    code = error.name()
    advice = f"; {_ADVICE[code]}" if code in _ADVICE else ""
    made = DeliveryError(
        f"{NOT_DELIVERED}{error.str()}{advice}",
        topic=topic,
        key=key,
        code=code,
        retriable=is_retriable(code) and not fatal,
        fatal=fatal,
    )
    made.__cause__ = KafkaException(error)
    return made


_INTERVAL: Final = 1.0
"""Seconds between two records of the same error."""


@dataclass(slots=True)
class _Since:
    time: float
    number: int


class RateLimitedLog:
    """Logs ``delivery.failed``: each kind of error once a second at most, with how many there were.

    When a broker is gone, a full queue of messages fails within moments, all for one reason.

    Args:
        topic: whose messages.
        clock: seconds that never go back.
    """

    def __init__(self, topic: str, clock: Callable[[], float] = time.monotonic) -> None:
        self._topic = topic
        self._clock = clock
        self._since: dict[str | None, _Since] = {}

    def failed(self, error: DeliveryError) -> None:
        """A message was not delivered."""
        now = self._clock()
        since = self._since.setdefault(error.code, _Since(now - _INTERVAL, 0))
        since.number += 1
        if now - since.time < _INTERVAL:
            return
        number, since.time, since.number = since.number, now, 0
        log_event(
            logging.ERROR if error.fatal else logging.WARNING,
            "delivery.failed",
            topic=self._topic,
            code=error.code,
            reason=error.message,
            messages=number,
            retriable=error.retriable,
        )
