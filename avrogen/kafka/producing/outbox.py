"""What a typed producer has sent and what came of it."""

from __future__ import annotations

from collections.abc import Callable
from threading import Lock
from typing import TYPE_CHECKING, Final

from avrogen.errors import DeliveryError
from avrogen.kafka.observing.counters import ProducerCounters
from avrogen.kafka.producing.failure_log import FailureLog
from avrogen.kafka.producing.failures import NOT_DELIVERED, delivery_error

if TYPE_CHECKING:
    from confluent_kafka import KafkaError

    from avrogen.kafka.observing.observer import Observer

__all__ = ["Outbox"]

_KEPT: Final = 100
"""Failures that are kept to be named, of those that nobody has seen."""


class Outbox:
    """The accounts of a typed producer, kept by the threads that send and the one that polls.

    A failure counts as seen when somebody has asked the future of its message for it. Those that
    nobody has seen are what a producer must not be closed over in silence.

    Attributes:
        topic: where messages go.
        observer: who wants to know; None for nobody.
        lock: held to change anything here, and to settle a message's future with it.
    """

    __slots__ = (
        "_delivered",
        "_failed",
        "_is_fatal",
        "_latency_max",
        "_latency_total",
        "_log",
        "_plain_key",
        "_sent",
        "_unseen",
        "_unseen_errors",
        "lock",
        "observer",
        "topic",
    )

    def __init__(
        self,
        topic: str,
        plain_key: Callable[[bytes | None], object],
        observer: Observer | None,
        is_fatal: Callable[[], bool],
    ) -> None:
        """Begin at nothing.

        Args:
            topic: where messages go.
            plain_key: what makes a key of its bytes.
            observer: who wants to know.
            is_fatal: whether the producer beneath has met a fatal error: then all that fails does
                so for this reason, which reports of messages do not say.
        """
        self.topic = topic
        self.observer = observer
        self.lock = Lock()
        self._plain_key = plain_key
        self._is_fatal = is_fatal
        self._log = FailureLog(topic)
        self._sent = self._delivered = self._failed = self._unseen = 0
        self._latency_total = self._latency_max = 0.0
        self._unseen_errors: dict[int, DeliveryError] = {}

    @property
    def pending(self) -> int:
        """Messages whose fate is not known yet."""
        with self.lock:
            return self._sent - self._delivered - self._failed

    def counters(self) -> ProducerCounters:
        """The figures so far."""
        with self.lock:
            mean = self._latency_total / self._delivered if self._delivered else 0.0
            return ProducerCounters(
                self._sent, self._delivered, self._failed, mean, self._latency_max
            )

    def count_sent(self, number: int = 1) -> None:
        """Messages are about to be queued; -1 if one was not."""
        with self.lock:
            self._sent += number

    def count_delivered(self, latency: float) -> None:
        """A message was acknowledged so many seconds after it was queued. :attr:`lock` is held."""
        self._delivered += 1
        self._latency_total += latency
        if latency > self._latency_max:
            self._latency_max = latency

    def failure(self, error: KafkaError, key: bytes | None) -> DeliveryError:
        """A message was not delivered: what its future is to raise."""
        made = delivery_error(error, self.topic, self._plain_key(key), fatal=self._is_fatal())
        with self.lock:
            self._failed += 1
            self._unseen += 1
            if len(self._unseen_errors) < _KEPT:
                self._unseen_errors[id(made)] = made
        self._log.failed(made)
        return made

    def count_seen(self, error: DeliveryError) -> None:
        """Somebody has asked a future for its failure, for the first time. :attr:`lock` is held."""
        if self._unseen:  # otherwise it was among those that a producer was closed over
            self._unseen -= 1
        self._unseen_errors.pop(id(error), None)

    def first_unseen(self) -> DeliveryError | None:
        """The first failure that nobody has seen."""
        with self.lock:
            return next(iter(self._unseen_errors.values()), None)

    def unseen(self) -> DeliveryError | None:
        """One error for all messages that are not delivered and of which nobody knows; else None.

        It can be asked for once: they are known then.
        """
        first = self.first_unseen()
        with self.lock:
            pending = self._sent - self._delivered - self._failed
            undelivered = self._unseen + pending
            self._unseen = 0
            self._unseen_errors.clear()
        if not undelivered:
            return None
        messages = "1 message was" if undelivered == 1 else f"{undelivered} messages were"
        why = f"; the first: {first.message.removeprefix(NOT_DELIVERED)}" if first else ""
        late = f"; {pending} may still arrive" if pending else ""
        error = DeliveryError(
            f"{messages} not delivered{why}{late}",
            topic=self.topic,
            key=first.key if first and undelivered == 1 else None,
            code=first.code if first else "_TIMED_OUT",
            retriable=first.retriable if first else True,
            fatal=first.fatal if first else False,
            undelivered=undelivered,
        )
        error.__cause__ = first
        return error
