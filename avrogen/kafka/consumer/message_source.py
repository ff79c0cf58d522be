"""Protocols between runners and what feeds them.

A runner (:mod:`avrogen.kafka.consumer.runner` and its siblings) gets queues of messages from a
:class:`MessageSource` and everything else from a :class:`RunnerSession`. In production these are
:class:`~avrogen.kafka.consumer.consumer_poll_thread.ConsumerPollThread` and
:class:`~avrogen.kafka.consumer.session.ConsumerSession`; the test kit has its own, without Kafka.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from concurrent.futures import Future
from typing import TYPE_CHECKING, Protocol, TypeVar

from avrogen.kafka.consumer.dead_letter_topic import DeadLetterOrigin, SentDeadLetter
from avrogen.kafka.consumer.error_handler import ErrorHandler
from avrogen.kafka.consumer.fetch_buffer import InFlightFigures, RawPartitionQueue
from avrogen.kafka.consumer.message_reader import MessageReader

if TYPE_CHECKING:
    from confluent_kafka import Message as RawMessage

    from avrogen.errors import DeliveryError

__all__ = ["DeadLetterSender", "MessageSource", "QueueWaiter", "RunnerSession"]

K = TypeVar("K")
V = TypeVar("V")


class MessageSource(Protocol):
    """Hands out partition queues with messages. Any thread may call it."""

    @property
    def stopping(self) -> bool:
        """True if nothing more is handed out."""
        ...

    def take(self) -> RawPartitionQueue | None:
        """Return a queue with messages; None: there is none now, or the consumer stops.

        Raises:
            ConsumeError: Kafka refuses to go on.
        """
        ...

    def wait(
        self, until: float | None = None, or_until: Callable[[], bool] = ...
    ) -> RawPartitionQueue | None:
        """Wait for a queue with messages; None: time is over, or the consumer stops.

        Args:
            until: when time is over, by the consumer's clock; None: never.
            or_until: another condition that ends the wait.

        Raises:
            ConsumeError: Kafka refuses to go on.
        """
        ...

    def release(self, queue: RawPartitionQueue, *, backoff: float | None = None) -> None:
        """Return a queue.

        Args:
            queue: the queue.
            backoff: seconds until its first message is to be retried; None: at once.
        """
        ...

    def next_retry(self) -> float | None:
        """Return when the first backoff ends, by the consumer's clock; None: there is none."""
        ...

    def interrupt(self) -> None:
        """Request all queues back after the in-flight message."""
        ...

    def ensure_capacity(self, max_records: int) -> None:
        """Let each queue hold at least so many messages, for batches of that size."""
        ...

    def made_room(self) -> None:
        """Fetch more, as messages were taken out of acquired queues."""
        ...

    def watch(self, scheduler: InFlightFigures | None) -> None:
        """Ask a scheduler for figures of the in-flight messages; None: no longer."""
        ...

    def recall(self) -> Future[None]:
        """Remember what is handled out of order, and read what was before the last restart.

        Returns:
            A future, after which messages can be taken. It raises ClosedError if the source ends.
        """
        ...


class QueueWaiter(Protocol):
    """Waits for queues with messages on an event loop."""

    def wake(self) -> None:
        """End a wait: there may be something to take. Any thread may call it."""
        ...

    async def wait(
        self,
        source: MessageSource,
        until: float | None = None,
        or_until: Callable[[], bool] = ...,
    ) -> RawPartitionQueue | None:
        """Wait as :meth:`MessageSource.wait` does. If it is cancelled, no queue was taken."""
        ...


class RunnerSession(Protocol[K, V]):
    """An open consumer, as runners see it."""

    @property
    def error_handler(self) -> ErrorHandler:
        """Decides what follows when a message fails."""
        ...

    @property
    def source(self) -> MessageSource:
        """Hands out messages."""
        ...

    @property
    def reader(self) -> MessageReader[K, V]:
        """Decodes them."""
        ...

    @property
    def dead_letters(self) -> DeadLetterSender | None:
        """Sends dead letters; None: the topic has no dead-letter topic."""
        ...

    @property
    def grace(self) -> float:
        """Seconds that an in-flight message is waited for."""
        ...


class DeadLetterSender(Protocol):
    """Sends dead letters for a runner."""

    def send(self, raw: RawMessage, origin: DeadLetterOrigin) -> None:
        """Send a message, and wait until it is acknowledged.

        Args:
            raw: the message.
            origin: the source and the reason.

        Raises:
            DeliveryError: it was not delivered.
        """
        ...

    def start(self, raw: RawMessage, origin: DeadLetterOrigin) -> SentDeadLetter:
        """Send a message behind those that were sent before, and do not wait for it.

        Args:
            raw: the message.
            origin: the source and the reason.
        """
        ...

    def try_start(self, raw: RawMessage, origin: DeadLetterOrigin) -> SentDeadLetter | None:
        """Send a message as :meth:`start` does, unless that may block; None: it may.

        Args:
            raw: the message.
            origin: the source and the reason.
        """
        ...

    def finish(self, sent: Sequence[SentDeadLetter]) -> list[DeliveryError | None]:
        """Wait until messages are acknowledged.

        Args:
            sent: results of :meth:`start`.

        Returns:
            The error of each; None: it is acknowledged.
        """
        ...
