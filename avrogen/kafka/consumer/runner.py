"""Handling messages one by one, in the thread of the caller."""

from __future__ import annotations

from collections.abc import Callable, Generator, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from time import monotonic
from typing import TYPE_CHECKING, Generic, TypeVar

from avrogen.errors import DeliveryError, TransactionError
from avrogen.kafka.consumer.error_handler import DeadLetterFailure, PendingDeadLetter, Recovery
from avrogen.kafka.consumer.message_reader import NO_HEADERS, MessageUnreadable, SchemaNotCached
from avrogen.kafka.observability.context import TraceContext, current_message, current_trace

if TYPE_CHECKING:
    from avrogen.kafka.consumer.fetch_buffer import RawPartitionQueue
    from avrogen.kafka.consumer.message_source import RunnerSession
    from avrogen.kafka.message import Message
    from avrogen.kafka.observability.observer import AnyMessage

__all__ = ["MessageRunner"]

K = TypeVar("K")
V = TypeVar("V")


class MessageRunner(Generic[K, V]):
    """Takes lanes, has their messages handled, and gives them back.

    Args:
        session: an open consumer.
        handler: what the messages are handled by, for dead letters to name it.
    """

    def __init__(self, session: RunnerSession[K, V], handler: object) -> None:
        self.handling = session.error_handler
        self.source = session.source
        self.reader = session.reader
        self.dead_letters = session.dead_letters
        self.handler = handler

    def run(self, handle: Callable[[Message[K, V]], object]) -> None:
        """Have messages handled until the consumer stops.

        Raises:
            ConsumeError: it must not go on.
        """
        with current_messages():
            for lane in self.lanes():
                with self.held(lane) as hold:
                    hold.rest = self._work_through(lane, self._observed(handle))

    def _work_through(
        self, lane: RawPartitionQueue, handle: Callable[[Message[K, V]], object]
    ) -> float | None:
        """Handle what waits in a lane now.

        Returns:
            Seconds that the lane has to rest before its first message is tried again.
        """
        messages, rest = self._read(lane)
        for message in messages:
            make_current(message)
            try:
                handle(message)
            except Exception as error:
                rest = self.failed(lane, error, message)
                if rest is not None:
                    break
            else:
                self.handling.done(lane, message.offset)
            if lane.yield_requested:
                break
        return rest

    def messages(self) -> Generator[Message[K, V]]:
        """Messages until the consumer stops; one counts as handled when the next is asked for.

        Raises:
            ConsumeError: it must not go on.
        """
        with current_messages():
            for lane in self.lanes():
                with self.held(lane) as hold:
                    messages, hold.rest = self._read(lane)
                    for message in messages:
                        make_current(message)
                        with self.handling.observation([message]):
                            yield message
                        self.handling.done(lane, message.offset)
                        if lane.yield_requested:
                            break

    def _read(self, lane: RawPartitionQueue) -> tuple[list[Message[K, V]], float | None]:
        """What can be read of what waits in a lane; what comes first and cannot is dealt with.

        Returns:
            Messages, and seconds that the lane has to rest, if there are none for that reason.
        """
        try:
            messages = self.reader.read_ahead(lane.messages)
        except SchemaNotCached as unknown:
            return [], self._learnt(lane, unknown)
        except MessageUnreadable as error:
            return [], self.failed(lane, error)
        self.handling.received(lane, messages)
        return messages, None

    def _learnt(self, lane: RawPartitionQueue, unknown: SchemaNotCached) -> float | None:
        try:
            unknown.learn()
        except MessageUnreadable as error:
            return self.failed(lane, error)
        return None

    # --- lanes ------------------------------------------------------------------------------------

    def lanes(self) -> Iterator[RawPartitionQueue]:
        """Lanes with messages, one after the other, each to be held; until the consumer stops."""
        while (lane := self.source.wait()) is not None:
            yield lane

    @contextmanager
    def held(self, lane: RawPartitionQueue) -> Generator[Lease]:
        """Around the handling of a lane's messages: whatever happens, it is given back."""
        hold = Lease()
        started = monotonic()
        try:
            yield hold
        finally:
            self.handling.counts.handling_time += monotonic() - started
            self.source.release(lane, backoff=hold.rest)

    # --- failures ---------------------------------------------------------------------------------

    def failed(
        self, lane: RawPartitionQueue, error: Exception, message: AnyMessage | None = None
    ) -> float | None:
        """Do what follows when the first message of a lane has failed.

        Args:
            lane: the lane.
            error: what reading or handling it has raised.
            message: what the handler was called with; None: it could not be read.

        Returns:
            Seconds after which it is to be tried again; None: it is dealt with.

        Raises:
            ConsumeError: the consumer must not go on.
        """
        return self.resolve(self.handling.resolution(lane, error, message, self.handler))

    def resolve(self, resolution: Recovery) -> float | None:
        """Send the dead letters that a resolution gives; see :meth:`failed`."""
        undelivered: DeadLetterFailure | None = None
        try:
            letter = next(resolution)
            while True:
                try:
                    self.send(letter)
                    undelivered = None
                except (DeliveryError, TransactionError) as error:
                    undelivered = error
                letter = resolution.send(undelivered)
        except StopIteration as end:
            rest: float | None = end.value
            return rest

    def send(self, letter: PendingDeadLetter) -> None:
        """Send a dead letter, and wait until it is acknowledged.

        Raises:
            DeliveryError, TransactionError: it is not.
        """
        assert self.dead_letters is not None, "there is a topic for them"
        self.dead_letters.send(letter.raw, letter.origin)

    # --- observing --------------------------------------------------------------------------------

    def _observed(
        self, handle: Callable[[Message[K, V]], object]
    ) -> Callable[[Message[K, V]], object]:
        """A handler that the observer is told of; the same, if there is none."""
        if self.handling.observer is None:
            return handle

        def observed(message: Message[K, V]) -> None:
            with self.handling.observation([message]):
                handle(message)

        return observed


@dataclass(slots=True)
class Lease:
    """What becomes of a lane when it is given back.

    Attributes:
        rest: seconds until its first message is to be tried again; None: it need not rest.
    """

    rest: float | None = None


@contextmanager
def current_messages() -> Generator[None]:
    """Around the handling of messages, each made current by :func:`make_current`."""
    message, trace = current_message.get(), current_trace.get()
    try:
        yield
    finally:
        current_message.set(message)
        current_trace.set(trace)


def make_current(message: AnyMessage) -> None:
    """This message is in hand from now on: log records say so, and what is sent carries on."""
    current_message.set(message)
    untraced = message.headers is NO_HEADERS  # as most are
    current_trace.set(None if untraced else TraceContext.from_headers(message.headers))
