"""Notes what a consumer does: :class:`RecordingObserver`.

What has come of messages that were delivered to a handler: :class:`Outcome`.
"""

from __future__ import annotations

from collections.abc import Generator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Generic, TypeVar, cast

from avrogen.kafka.consumer.dead_letter_topic import (
    DeadLetterOrigin,
    DeadLetterProducer,
    headers_for,
)
from avrogen.kafka.message import Headers
from avrogen.kafka.observability.observer import AnyMessage, Observer
from avrogen.testing.messages import DeadLetter

if TYPE_CHECKING:
    from confluent_kafka import Message as RawMessage

    from avrogen.errors import ConsumeError
    from avrogen.kafka.message import Header
    from avrogen.testing.handlers.incoming import Delivery

__all__ = ["Outcome", "RecordingDeadLetters", "RecordingObserver", "Retried"]


class RecordingDeadLetters(DeadLetterProducer):
    """Keeps the dead letters that it is to send.

    Args:
        topic: the name of the dead-letter topic.
    """

    def __init__(self, topic: str) -> None:
        super().__init__({}, topic)
        self.sent: dict[tuple[int, int], tuple[DeadLetterOrigin, Headers]] = {}
        """What became of a message, by its partition and offset."""

    def send(self, raw: RawMessage, origin: DeadLetterOrigin) -> None:
        headers = cast("Sequence[Header]", raw.headers() or ())
        place = cast("int", raw.partition()), cast("int", raw.offset())
        self.sent[place] = origin, Headers(headers_for(headers, origin))


class RecordingObserver(Observer):
    """Told of everything by the consumer itself.

    Args:
        letters: where dead letters go; None: there is no topic for them.
    """

    def __init__(self, letters: RecordingDeadLetters | None) -> None:
        self.handled: list[Any] = []
        self.retries: list[Retried[Any]] = []
        self.dead_letters: list[DeadLetter[Any, Any]] = []
        self.asserted: AssertionError | None = None
        """What a handler raised that is the test's own."""
        self._letters = letters

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

    def dead_lettered(self, message: AnyMessage, error: BaseException, topic: str) -> None:
        assert self._letters is not None, "it was sent somewhere"
        origin, headers = self._letters.sent[message.partition, message.offset]
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


K = TypeVar("K")
V = TypeVar("V")


@dataclass(frozen=True, slots=True, kw_only=True)
class Retried(Generic[V]):
    """A call of the handler that failed and was followed by another.

    Attributes:
        value: what it was called with; of a batch, the first.
        error: what it raised.
        attempt: how often it had been called with it by then, from 1 up.
        delay: seconds until the next call. The policy's jitter is left out.
    """

    value: V
    error: BaseException
    attempt: int
    delay: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Outcome(Generic[K, V]):
    """What a consumer would have done.

    Attributes:
        handled: the values that the handler has returned from, in that order.
        retries: each time that it failed and was called again.
        dead_letters: messages that went to the dead-letter topic.
        stopped: why the consumer would stop; None: it would go on.
        unhandled: what was delivered and not handled, as the consumer stops; it would come again.
    """

    handled: list[V]
    retries: list[Retried[V]]
    dead_letters: list[DeadLetter[K, V]]
    stopped: ConsumeError | None
    unhandled: list[Delivery[V, K]]

    @property
    def delays(self) -> list[float]:
        """Seconds of all pauses, in their order."""
        return [retry.delay for retry in self.retries]
