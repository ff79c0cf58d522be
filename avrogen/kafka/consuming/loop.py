"""Handling messages one by one, in the thread of the caller."""

from __future__ import annotations

from collections.abc import Callable, Generator, Iterator, Sequence
from contextlib import AbstractContextManager, contextmanager, nullcontext
from dataclasses import dataclass
from time import monotonic
from typing import TYPE_CHECKING, Generic, TypeVar

from avrogen.errors import DeliveryError
from avrogen.kafka.consuming.handling import Resolution
from avrogen.kafka.consuming.reading import ReadingFailed, SchemaUnknown
from avrogen.kafka.consuming.session import Session
from avrogen.kafka.observing.handling import current_message
from avrogen.kafka.observing.trace_context import TraceContext, current_trace

if TYPE_CHECKING:
    from confluent_kafka import Message as RawMessage

    from avrogen.kafka.consuming.poller import RawLane
    from avrogen.kafka.message import Message
    from avrogen.kafka.observing.observer import AnyMessage

__all__ = ["Loop"]

K = TypeVar("K")
V = TypeVar("V")


class Loop(Generic[K, V]):
    """Takes lanes, has their messages handled, and gives them back.

    Args:
        session: an open consumer.
        handler: what the messages are handled by, for dead letters to name it.
    """

    def __init__(self, session: Session[K, V], handler: object) -> None:
        self.handling = session.handling
        self.poller = session.opened.poller
        self.reader = session.opened.reader
        self._dead_letters = session.dead_letters
        self.handler = handler

    def run(self, handle: Callable[[Message[K, V]], object]) -> None:
        """Have messages handled until the consumer stops.

        Raises:
            ConsumeError: it must not go on.
        """
        handle = self.observed(handle)
        with current_messages():
            for lane in self.lanes():
                with self.held(lane) as hold:
                    hold.rest = self._work_through(lane, handle)

    def _work_through(
        self, lane: RawLane, handle: Callable[[Message[K, V]], object]
    ) -> float | None:
        """Handle what waits in a lane now.

        Returns:
            Seconds that the lane has to rest before its first message is tried again.
        """
        read, done, waiting = self.reader.read, self.handling.done, lane.waiting
        for _ in range(len(waiting)):
            message = rest = None
            try:
                message = read(waiting[0])
                make_current(message)
                handle(message)
            except SchemaUnknown as unknown:
                rest = self._learnt(lane, unknown)
            except Exception as error:
                rest = self.failed(lane, error, message)
            else:
                done(lane, message.offset)
            if rest is not None:
                return rest
            if lane.interrupted:
                break
        return None

    def _learnt(self, lane: RawLane, unknown: SchemaUnknown) -> float | None:
        try:
            unknown.learn()
        except ReadingFailed as error:
            return self.failed(lane, error)
        return None

    def messages(self) -> Generator[Message[K, V]]:
        """Messages until the consumer stops; one counts as handled when the next is asked for.

        Raises:
            ConsumeError: it must not go on.
        """
        with current_messages():
            for lane in self.lanes():
                with self.held(lane) as hold:
                    hold.rest = yield from self._messages_of(lane)

    def _messages_of(self, lane: RawLane) -> Generator[Message[K, V], None, float | None]:
        for _ in range(len(lane.waiting)):
            rest = None
            try:
                message = self.read(lane.waiting[0])
            except ReadingFailed as error:
                rest = self.failed(lane, error)
            else:
                make_current(message)
                with self.observation([message]):
                    yield message
                self.handling.done(lane, message.offset)
            if rest is not None:
                return rest
            if lane.interrupted:
                break
        return None

    # --- lanes ------------------------------------------------------------------------------------

    def lanes(self) -> Iterator[RawLane]:
        """Lanes with messages, one after the other, each to be held; until the consumer stops."""
        while (lane := self.poller.wait()) is not None:
            yield lane

    @contextmanager
    def held(self, lane: RawLane) -> Generator[Hold]:
        """Around the handling of a lane's messages: whatever happens, it is given back."""
        hold = Hold()
        started = monotonic()
        try:
            yield hold
        finally:
            self.handling.counts.handling_time += monotonic() - started
            self.poller.give_back(lane, rest=hold.rest)

    def read(self, raw: RawMessage) -> Message[K, V]:
        """Decode a message, and learn its schema before if it has not come up yet.

        Raises:
            ReadingFailed: it cannot be read.
        """
        while True:
            try:
                return self.reader.read(raw)
            except SchemaUnknown as unknown:
                unknown.learn()

    # --- failures ---------------------------------------------------------------------------------

    def failed(
        self, lane: RawLane, error: Exception, message: AnyMessage | None = None
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

    def resolve(self, resolution: Resolution) -> float | None:
        """Send the dead letters that a resolution gives; see :meth:`failed`."""
        undelivered: DeliveryError | None = None
        try:
            letter = next(resolution)
            while True:
                assert self._dead_letters is not None, "there is a topic for them"
                try:
                    self._dead_letters.send(*letter)
                    undelivered = None
                except DeliveryError as error:
                    undelivered = error
                letter = resolution.send(undelivered)
        except StopIteration as end:
            rest: float | None = end.value
            return rest

    # --- observing --------------------------------------------------------------------------------

    def observed(
        self, handle: Callable[[Message[K, V]], object]
    ) -> Callable[[Message[K, V]], object]:
        """A handler that the observer is told of; the same, if there is none."""
        if self.handling.observer is None:
            return handle

        def observed(message: Message[K, V]) -> None:
            with self.observation([message]):
                handle(message)

        return observed

    def observation(self, messages: Sequence[Message[K, V]]) -> AbstractContextManager[object]:
        observer = self.handling.observer
        if observer is None:
            return nullcontext()
        return observer.handling(messages, self.handling.group)


@dataclass(slots=True)
class Hold:
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
    current_trace.set(TraceContext.from_headers(message.headers) if message.headers else None)
