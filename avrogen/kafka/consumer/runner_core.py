"""Core of all runners, without I/O: the same decisions for threads and for asyncio.

A decision that must wait for something is a generator of *effects*: it yields what has to be done,
is resumed with the result, or with the exception that it raised, and ends with a value of its own.
A driver performs the effects: :func:`avrogen.kafka.consumer.runner.drive` blocks,
:class:`avrogen.kafka.consumer.async_runner.AsyncDriver` awaits. So nothing here starts a thread,
reads a clock (the error handler has one) or awaits.

Handlers are called with messages in a plain loop, as this is done for every message::

    with core.leased([lease]):
        for message in core.in_order(lease, drive(core.read(lease))):
            try:
                handle(message)
            except Exception as error:
                drive(core.recover(lease, error, message))
        drive(core.settle(lease))

Longer than 500 lines because the effects and the decisions that yield them are read together.
"""

from __future__ import annotations

import functools
import inspect
from collections.abc import AsyncGenerator, Callable, Generator, Iterable, Sequence
from concurrent.futures import Future
from contextlib import closing, contextmanager
from dataclasses import dataclass, field
from typing import (
    TYPE_CHECKING,
    Any,
    ClassVar,
    Final,
    Generic,
    NamedTuple,
    TypeAlias,
    TypeVar,
    cast,
)

from avrogen.errors import ConsumeError, DeliveryError, TransactionError
from avrogen.kafka.consumer.dead_letter_topic import full_name
from avrogen.kafka.consumer.error_handler import PassedMessage, PendingDeadLetter, Recovery
from avrogen.kafka.consumer.error_policy import HandlerTypeError
from avrogen.kafka.consumer.message_reader import (
    READ_AHEAD,
    MessageUnreadable,
    SchemaNotCached,
    SkippedMessage,
)
from avrogen.kafka.message import NO_HEADERS
from avrogen.kafka.observability.context import MessageTrace, current_message, current_trace

if TYPE_CHECKING:
    from avrogen.kafka.consumer.fetch_buffer import RawPartitionQueue
    from avrogen.kafka.consumer.message_source import MessageSource, RunnerSession
    from avrogen.kafka.message import Message
    from avrogen.kafka.observability.observer import AnyMessage
    from avrogen.kafka.producer.producer_client import ProducerClient

__all__ = [
    "SCHEMA_MOMENT",
    "BlockingCall",
    "CallFunction",
    "Effect",
    "Effects",
    "Execution",
    "FetchSchema",
    "FutureResult",
    "InTransaction",
    "Lease",
    "ReadyMessages",
    "RunnerCore",
    "WaitForQueue",
    "current_messages",
    "function_of",
    "make_current",
    "refuse_generator_function",
    "refuse_unfinished",
]

K = TypeVar("K")
V = TypeVar("V")
T = TypeVar("T")
E = TypeVar("E")


# --- effects --------------------------------------------------------------------------------------


class WaitForQueue(NamedTuple):
    """Wait for a partition queue with messages; its result is None if there is none in time.

    Attributes:
        source: source of the queues.
        until: end of the waiting, by the consumer's clock; None: the consumer's stop.
        or_until: condition that ends the waiting as well.
    """

    source: MessageSource
    until: float | None = None
    or_until: Callable[[], bool] = lambda: False


class FetchSchema(NamedTuple):
    """Fetch a schema from the registry in a thread, once for all who wait for the same one.

    Its result is the future of that, after :data:`SCHEMA_MOMENT` seconds at most. Whoever waited
    longer would keep messages of other partitions waiting, and the consumer's stop.

    Attributes:
        missing: the schema that is not cached.
    """

    missing: SchemaNotCached


SCHEMA_MOMENT: Final = 0.05
"""Seconds in which a registry that is well has answered."""

SCHEMA_BACKOFF: Final = 0.05
"""Seconds after which a partition that waits for a schema looks again."""


class CallFunction(NamedTuple):
    """Call a function of the user; with asyncio, await what it returns.

    Attributes:
        function: a function, or a coroutine function for asyncio.
        arguments: its arguments.
    """

    function: Callable[..., Any]
    arguments: tuple[Any, ...]


class BlockingCall(NamedTuple):
    """Call a function that blocks; with asyncio, in a thread.

    Attributes:
        function: the function.
        arguments: its arguments.
    """

    function: Callable[..., Any]
    arguments: tuple[Any, ...]


class FutureResult(NamedTuple):
    """Wait for the result of a future.

    Attributes:
        future: the future, which another thread completes.
    """

    future: Future[Any]


class InTransaction(NamedTuple):
    """Perform effects in a transaction, which is aborted if they raise.

    Attributes:
        client: client of the producer that has the transaction.
        body: returns the effects. It is called with the transaction, whose ``send_offsets`` is to
            be called by :class:`Call`.
    """

    client: ProducerClient
    body: Callable[[Any], Effects[None]]


Effect: TypeAlias = (
    WaitForQueue | FetchSchema | CallFunction | BlockingCall | FutureResult | InTransaction
)
"""Anything that a driver performs."""

Effects: TypeAlias = Generator[Effect, Any, T]
"""Yields effects, is sent their results, and returns a value."""


class Execution(Generic[E, T]):
    """Execution of a generator, one effect at a time.

    Args:
        effects: the generator.

    Attributes:
        pending: effect to perform next; None: the generator has ended.
        result: value that it has returned.
    """

    __slots__ = ("_effects", "pending", "result")

    result: T

    def __init__(self, effects: Generator[E, Any, T]) -> None:
        self._effects = effects
        self.pending: E | None = None
        self._resume(effects.send, None)

    def send(self, value: object) -> bool:
        """Go on after the pending effect was performed with this result.

        Returns:
            False if the execution was closed meanwhile: the result is ignored.
        """
        if self.pending is None:
            return False
        self._resume(self._effects.send, value)
        return True

    def throw(self, error: BaseException) -> None:
        """Go on after the pending effect has raised this exception."""
        if self.pending is not None:
            self._resume(self._effects.throw, error)

    def close(self) -> None:
        """Abandon the generator at the pending effect, whose result is ignored."""
        self.pending = None
        self._effects.close()

    def _resume(self, resume: Callable[[Any], E], argument: object) -> None:
        self.pending = None
        try:
            self.pending = resume(argument)
        except StopIteration as end:
            self.result = end.value


# --- one partition queue at a time ----------------------------------------------------------------


@dataclass(slots=True, eq=False)
class Lease:
    """A partition queue while a runner has it.

    Attributes:
        queue: the queue, which is acquired.
        backoff: seconds until its first message is retried; None: no pause.
        failed: true if handling the current message has failed, until the loop goes on.
        passed: the messages of the queue that are passed.
    """

    queue: RawPartitionQueue
    backoff: float | None = None
    failed: bool = False
    passed: list[PassedMessage] = field(default_factory=list[PassedMessage])


_MOST_PASSED: Final = 500
_ALONE_BYTES: Final = 60_000
"""Bytes of a message whose dead letter is on its way alone: with others, it might exceed the size
limit of the topic, and would be sent again behind them."""


class ReadyMessages(NamedTuple, Generic[K, V]):
    """Messages for the user's loop; each counts as handled when the next one is asked for.

    Attributes:
        messages: the messages. If it is closed, the last one was not handled.
    """

    messages: Generator[Message[K, V]]


class RunnerCore(Generic[K, V]):
    """Everything that runners decide about the messages of a partition queue.

    Args:
        session: an open consumer.
        handler: the user's handler, named in the headers of dead-lettered records.
    """

    passes_dead_letters: ClassVar[bool] = True
    """True if messages are handled while dead letters of those before them are on their way."""

    def __init__(self, session: RunnerSession[K, V], handler: object) -> None:
        self.error_handler = session.error_handler
        self.source = session.source
        self.reader = session.reader
        self.dead_letters = session.dead_letters
        self.handler = handler

    @contextmanager
    def leased(self, leases: Sequence[Lease]) -> Generator[None]:
        """Release queues at the end of the block, in any case, and count its time."""
        clock = self.error_handler.clock
        started = clock()
        try:
            yield
        finally:
            self.error_handler.counts.handling_time += clock() - started
            self.release(leases)

    def release(self, leases: Iterable[Lease]) -> None:
        """Release queues, each after its backoff."""
        for lease in leases:
            if lease.passed:  # the loop was left, and nobody waits for its dead letters
                lease.queue.go_back(lease.passed[0].attempts)
            self.source.release(lease.queue, backoff=lease.backoff)

    # --- reading ----------------------------------------------------------------------------------

    def read(
        self, lease: Lease, limit: int = READ_AHEAD
    ) -> Effects[list[Message[K, V] | SkippedMessage]]:
        """Decode messages from the front of a queue, and recover from those that are unreadable.

        Args:
            lease: the queue.
            limit: messages to decode at most.

        Returns:
            The messages; none if the next is to be retried later, if there are no more, or if a
            schema has to be fetched first.
        """
        queue = lease.queue
        for _ in range(_MOST_PASSED):
            try:
                messages = yield from self.decode(lease, queue.passed, limit)
            except MessageUnreadable as error:
                yield from self.recover(lease, error)
                lease.failed = False
                if lease.backoff is not None or queue.yield_requested:
                    break
            else:
                self.error_handler.received(queue, messages)
                return messages
        return []

    def decode(self, lease: Lease, *limits: int) -> Effects[list[Message[K, V] | SkippedMessage]]:
        """Decode messages of a queue.

        While a schema is being fetched, the queue backs off: others are handled meanwhile.

        Args:
            lease: the queue.
            limits: as for :meth:`MessageReader.read_ahead`.

        Returns:
            The messages; none if a schema has to be fetched first.

        Raises:
            MessageUnreadable: the first message cannot be decoded.
        """
        queue = lease.queue
        try:
            return self.reader.read_ahead(queue.messages, *limits)
        except SchemaNotCached as missing:
            if queue.schema_fetch is None or queue.schema_fetch[0] != missing.key:
                queue.schema_fetch = missing.key, (yield FetchSchema(missing))
            fetch = queue.schema_fetch[1]
            if fetch.done():
                queue.schema_fetch = None
                fetch.result()
            else:
                lease.backoff = SCHEMA_BACKOFF
        return []

    # --- handling ---------------------------------------------------------------------------------

    def in_order(
        self, lease: Lease, messages: Iterable[Message[K, V] | SkippedMessage]
    ) -> Generator[Message[K, V]]:
        """Yield messages, and count each as handled when the next one is asked for.

        A message whose handling has failed, so that :meth:`recover` was called, is not counted.
        There are no more messages if it is retried, or if the queue is wanted back.
        """
        queue, counts = lease.queue, self.error_handler.counts
        settled, done, set_message = queue.settled, queue.done, current_message.set
        is_traced = True
        for message in messages:
            if settled and message.offset in settled:
                self._leave_out(lease, message.offset)
                continue
            if isinstance(message, SkippedMessage):
                self.skip(lease, message)
                if queue.yield_requested:
                    return
                continue
            # As make_current(), for every message.
            set_message(message)
            if message.headers is not NO_HEADERS:
                is_traced = True
                current_trace.set(MessageTrace(message.headers))
            elif is_traced:
                is_traced = False
                current_trace.set(None)
            yield message
            if lease.failed:
                lease.failed = False
                if lease.backoff is not None:
                    return
            elif queue.passed:
                # Messages before it are not done yet: settle() waits for them.
                lease.passed.append(PassedMessage(message.offset, queue.pass_over()))
                return
            else:
                if not (settled and message.offset in settled):
                    done(message.offset)
                counts.consumed += 1
                queue.dead_letters_in_a_row = 0
            if queue.yield_requested:
                return

    def skip(self, lease: Lease, message: SkippedMessage) -> None:
        """Go on behind a message that is not for the handler."""
        self.error_handler.skip(lease.queue, message)
        self._go_on(lease, message.offset)

    def _leave_out(self, lease: Lease, offset: int) -> None:
        """Go on behind a message that is settled."""
        lease.queue.settled.discard(offset)
        self._go_on(lease, offset)

    def _go_on(self, lease: Lease, offset: int) -> None:
        """Go on behind a message that is counted already."""
        queue = lease.queue
        if queue.passed:
            lease.passed.append(PassedMessage(offset, queue.pass_over(), counted=True))
        else:
            queue.done(offset)

    def iterate(self) -> Generator[Effect | ReadyMessages[K, V], Any, None]:
        """Yield messages for the user's loop, among effects, until the consumer stops."""
        queue: RawPartitionQueue | None
        while (queue := (yield WaitForQueue(self.source))) is not None:
            lease = Lease(queue)
            with self.leased([lease]):
                messages = yield from self.read(lease)
                yield from self.settle(lease)  # the user may leave the loop
                if messages and lease.backoff is None:
                    with closing(self._observed(lease, messages)) as ready:
                        yield ReadyMessages(ready)

    def _observed(
        self, lease: Lease, messages: Iterable[Message[K, V] | SkippedMessage]
    ) -> Generator[Message[K, V]]:
        for message in self.in_order(lease, messages):
            with self.error_handler.observation([message]):
                yield message

    # --- failures ---------------------------------------------------------------------------------

    def recover(
        self, lease: Lease, error: Exception, message: AnyMessage | None = None
    ) -> Effects[None]:
        """Recover after the first message of a queue has failed, and set the backoff.

        Args:
            lease: the queue.
            error: the exception that reading or handling the message has raised.
            message: argument of the handler; None: the message is unreadable.

        Raises:
            ConsumeError: the consumer must stop.
        """
        offset = cast("int", lease.queue.next_message.offset())
        if offset in lease.queue.settled:  # and unreadable, or it would have been left out
            self._leave_out(lease, offset)
            return
        recovery = self.error_handler.recover(lease.queue, error, message, self.handler)
        yield from self.carry_out(lease, recovery)

    def carry_out(self, lease: Lease, recovery: Recovery) -> Effects[None]:
        """Send the dead letter of a recovery, and set the backoff that it ends with.

        The first of several dead letters in a row is waited for. If it arrives, the next two are on
        their way at the same time, then six, and so on. So where they cannot be delivered, no
        message behind the first one is handled.
        """
        try:
            steps = Execution(recovery)
        except ConsumeError:
            yield from self.settle(lease)  # what is done counts
            raise
        dead_letter = steps.pending
        if dead_letter is not None and self.passes_dead_letters:
            lease.failed = True
            yield from self._pass(lease, steps, dead_letter)
            return
        while (dead_letter := steps.pending) is not None:
            undelivered: DeliveryError | TransactionError | None = None
            try:
                yield from self.send(dead_letter)
            except (DeliveryError, TransactionError) as error:
                undelivered = error
            steps.send(undelivered)
        lease.backoff = steps.result
        lease.failed = True

    def _pass(
        self,
        lease: Lease,
        steps: Execution[PendingDeadLetter, float | None],
        dead_letter: PendingDeadLetter,
    ) -> Effects[None]:
        """Send a dead letter behind others that are on their way, and wait if they are too many."""
        assert self.dead_letters is not None, "there is a dead-letter topic"
        queue, raw = lease.queue, dead_letter.raw
        alone = len(raw.value() or b"") > _ALONE_BYTES
        if alone:
            yield from self.settle(lease)
            if lease.backoff is not None:
                return
        arguments = raw, dead_letter.origin
        sent = self.dead_letters.try_start(*arguments)
        if sent is None:
            sent = yield BlockingCall(self.dead_letters.start, arguments)
        offset = cast("int", raw.offset())
        lease.passed.append(PassedMessage(offset, queue.pass_over(), steps, sent))
        if alone or len(lease.passed) >= min(2 * queue.dead_letters_in_a_row, _MOST_PASSED):
            yield from self.settle(lease)

    def settle(self, lease: Lease) -> Effects[None]:
        """Wait for the dead letters that are on their way, and count messages as done.

        If one was not delivered, its message is the next one again, and the backoff is set.

        Raises:
            ConsumeError: the consumer must stop.
        """
        passed = lease.passed
        if not passed:
            return
        letters = [each.sent for each in passed if each.sent is not None]
        errors: list[DeliveryError | None] = []
        if letters:
            assert self.dead_letters is not None, "dead letters were sent"
            errors = yield BlockingCall(self.dead_letters.finish, (letters,))
        lease.passed = []
        backoff = self.error_handler.settle(lease.queue, passed, errors)
        if backoff is not None:
            lease.backoff, lease.failed = backoff, True

    def send(self, dead_letter: PendingDeadLetter) -> Effects[None]:
        """Send a record to the dead-letter topic, and wait until it is acknowledged.

        Raises:
            DeliveryError, TransactionError: it was not delivered.
        """
        assert self.dead_letters is not None, "there is a dead-letter topic"
        yield BlockingCall(self.dead_letters.send, (dead_letter.raw, dead_letter.origin))


# --- handlers -------------------------------------------------------------------------------------


def function_of(handle: object) -> Any:
    """Return the function that a handler calls: that of a partial, a method or a callable object.

    Raises:
        HandlerTypeError: it cannot be called.
    """
    if not callable(handle):
        raise HandlerTypeError(
            f"the handler must be a function, got an object of type {type(handle).__qualname__}"
        )
    while True:
        if isinstance(handle, functools.partial):
            handle = handle.func
        elif inspect.ismethod(handle):
            handle = handle.__func__
        elif isinstance(handle, type) or inspect.isroutine(handle):
            return handle
        else:
            handle = type(handle).__call__


def refuse_generator_function(function: Any) -> None:
    """Raise if calling the function of a handler would run nothing of it.

    Raises:
        HandlerTypeError: its body has ``yield``.
    """
    if inspect.isasyncgenfunction(function) or inspect.isgeneratorfunction(function):
        raise HandlerTypeError(
            f"the handler {full_name(function)} is a generator function: calling it runs nothing; "
            "remove yield"
        )


_LAZY: Final[tuple[type, ...]] = (Generator, AsyncGenerator, map, filter)


def refuse_unfinished(handle: object, result: Any, advice: str) -> None:
    """Raise if the result of a handler shows that its work is not done.

    Args:
        handle: the handler.
        result: a coroutine or another awaitable, a generator, ``map`` or ``filter``; any other
            object is ignored.
        advice: what to do about it.

    Raises:
        HandlerTypeError: so that the message does not count as handled.
    """
    if _is_unfinished(result):
        if hasattr(result, "send") and hasattr(result, "close"):
            result.close()  # or Python would warn that a coroutine was never awaited
        raise HandlerTypeError(
            f"the handler {full_name(function_of(handle))} returned an object of type "
            f"{type(result).__qualname__}, whose work is not done; {advice}"
        )


def _is_unfinished(result: object) -> bool:
    return isinstance(result, _LAZY) or inspect.isawaitable(result)


# --- the current message --------------------------------------------------------------------------


@contextmanager
def current_messages() -> Generator[None]:
    """Restore the current message and trace after a block that calls :func:`make_current`."""
    message, trace = current_message.get(), current_trace.get()
    try:
        yield
    finally:
        current_message.set(message)
        current_trace.set(trace)


def make_current(message: AnyMessage) -> None:
    """Set the in-flight message: log records name it, and sent messages continue its trace."""
    current_message.set(message)
    untraced = message.headers is NO_HEADERS  # as most are
    current_trace.set(None if untraced else MessageTrace(message.headers))
