"""The result of a delivery, :class:`Outcome`, and the observer that records it."""

from __future__ import annotations

from collections.abc import Generator, Sequence
from concurrent.futures import Future
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Generic, TypeVar, cast

from avrogen.kafka.consumer.dead_letter_topic import (
    DeadLetterOrigin,
    SentDeadLetter,
    headers_for,
)
from avrogen.kafka.message import Headers
from avrogen.kafka.observability.observer import AnyMessage, Observer, Partition
from avrogen.testing.messages import DeadLetter

if TYPE_CHECKING:
    from confluent_kafka import KafkaError
    from confluent_kafka import Message as RawMessage

    from avrogen.errors import ConsumeError, DeliveryError
    from avrogen.kafka.message import Header
    from avrogen.testing.handlers.incoming_messages import Delivery

__all__ = ["Outcome", "RecordingDeadLetters", "RecordingObserver", "Retried"]

K = TypeVar("K")
V = TypeVar("V")


@dataclass(frozen=True, slots=True, kw_only=True)
class Retried(Generic[V]):
    """A failed call of the handler that was retried.

    Attributes:
        value: the value that it was called with; of a batch, the first.
        error: the exception that it raised.
        attempt: calls with the value so far, from 1.
        delay: seconds until the next call, without the policy's jitter.
    """

    value: V
    error: BaseException
    attempt: int
    delay: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Outcome(Generic[K, V]):
    """The result of a delivery: everything that a consumer would have done.

    Attributes:
        handled: values that the handler has handled, in order.
        retries: failed calls of the handler that were retried.
        dead_letters: messages that went to the dead-letter topic.
        stopped: the error that stops the consumer; None: it would go on.
        unhandled: deliveries that are not handled as the consumer stops; they would come again.
        skipped: deliveries of types that the consumer does not handle (``unknown``, ``only``).
    """

    handled: list[V]
    retries: list[Retried[V]]
    dead_letters: list[DeadLetter[K, V]]
    stopped: ConsumeError | None
    unhandled: list[Delivery[V, K]]
    skipped: list[Delivery[V, K]] = field(default_factory=list["Delivery[V, K]"])

    @property
    def delays(self) -> list[float]:
        """The seconds before each retry, in order."""
        return [retry.delay for retry in self.retries]


# --- recording ------------------------------------------------------------------------------------


class RecordingDeadLetters:
    """Keeps dead letters instead of sending them.

    It is a :class:`~avrogen.kafka.consumer.message_source.DeadLetterSender`.

    Attributes:
        sent: origin and headers of each dead letter, by partition and offset of the message.
    """

    def __init__(self) -> None:
        self.sent: dict[tuple[int, int], tuple[DeadLetterOrigin, Headers]] = {}

    def start(self, raw: RawMessage, origin: DeadLetterOrigin) -> SentDeadLetter:
        """Keep a dead letter, which counts as acknowledged."""
        self.send(raw, origin)
        acknowledged: Future[KafkaError | None] = Future()
        acknowledged.set_result(None)
        return SentDeadLetter(raw, origin, acknowledged)

    try_start = start

    def finish(self, sent: Sequence[SentDeadLetter]) -> list[DeliveryError | None]:
        """Return that each is acknowledged."""
        return [None for _ in sent]

    def send(self, raw: RawMessage, origin: DeadLetterOrigin) -> None:
        """Keep a dead letter."""
        headers = cast("Sequence[Header]", raw.headers() or ())
        place = cast("int", raw.partition()), cast("int", raw.offset())
        self.sent[place] = origin, Headers(headers_for(headers, origin))


class RecordingObserver(Observer):
    """Records what the consumer reports.

    Args:
        sent: the recorded dead letters; None: the topic has no dead-letter topic.

    Attributes:
        handled: values that were handled.
        retries: failed calls that were retried.
        dead_letters: messages that went to the dead-letter topic.
        asserted: the AssertionError of a handler, which fails the test.
        skipped_places: partitions and offsets of messages that were skipped.
    """

    def __init__(self, sent: RecordingDeadLetters | None) -> None:
        self.handled: list[Any] = []
        self.retries: list[Retried[Any]] = []
        self.dead_letters: list[DeadLetter[Any, Any]] = []
        self.asserted: AssertionError | None = None
        self.skipped_places: set[tuple[int, int]] = set()
        self._sent = sent

    @contextmanager
    def handling(self, messages: Sequence[AnyMessage], group: str) -> Generator[None]:
        try:
            yield
        except AssertionError as error:
            self.asserted = error
            raise
        self.handled += [message.value for message in messages]

    def retrying(
        self, message: AnyMessage, error: BaseException, attempt: int, delay: float
    ) -> None:
        self.retries.append(Retried(value=message.value, error=error, attempt=attempt, delay=delay))

    def skipped(self, partition: Partition, offset: int, name: str, group: str) -> None:
        self.skipped_places.add((partition[1], offset))

    def dead_lettered(self, message: AnyMessage, error: BaseException, topic: str) -> None:
        assert self._sent is not None, "it was sent somewhere"
        origin, headers = self._sent.sent[message.partition, message.offset]
        self.dead_letters.append(
            DeadLetter(
                key=message.key,
                value=message.value,
                raw_key=message.raw_key,
                raw_value=message.raw_value,
                headers=headers,
                origin=origin,
            )
        )
