"""Runners of synchronous consumers: handlers are called in the caller's thread.

:class:`MessageRunner` handles messages one by one, or yields them to the user's loop. :func:`drive`
performs the effects of batches and transactions.
"""

from __future__ import annotations

import inspect
import sys
from collections.abc import AsyncIterator, Awaitable, Callable, Coroutine, Generator, Iterator
from concurrent.futures import Future, wait
from contextlib import closing
from typing import TYPE_CHECKING, Any, Final, TypeAlias, TypeVar

from avrogen.kafka.consumer.dead_letter_topic import full_name
from avrogen.kafka.consumer.error_policy import HandlerCancelled, HandlerTypeError
from avrogen.kafka.consumer.runner_core import (
    SCHEMA_MOMENT,
    BlockingCall,
    CallFunction,
    Effect,
    Effects,
    Execution,
    FetchSchema,
    FutureResult,
    InTransaction,
    Lease,
    ReadyMessages,
    RunnerCore,
    WaitForQueue,
    current_messages,
    function_of,
    refuse_generator_function,
    refuse_unfinished,
)

if TYPE_CHECKING:
    from avrogen.kafka.consumer.error_handler import ErrorHandler
    from avrogen.kafka.message import Message

__all__ = [
    "HandlerNeverRuns",
    "HandlerRefused",
    "MessageRunner",
    "Unfinished",
    "call_handler",
    "check_handler",
    "drive",
    "failure_of",
    "observed_handler",
    "perform",
    "perform_next",
]

K = TypeVar("K")
V = TypeVar("V")
T = TypeVar("T")


_READS: Final = 2
"""How often messages are read ahead before the next partition has its turn."""


class MessageRunner(RunnerCore[K, V]):
    """Acquires partition queues one after the other, and handles their messages."""

    def run(self, handle: Callable[[Message[K, V]], object]) -> None:
        """Handle messages until the consumer stops.

        Raises:
            HandlerTypeError: the handler is a coroutine function or a generator function.
            ConsumeError: the consumer must not go on.
        """
        check_handler(handle)
        handle = observed_handler(self.error_handler, handle)
        with current_messages():
            while (queue := self.source.wait()) is not None:
                lease = Lease(queue)
                with self.leased([lease]):
                    self.handle_messages(lease, handle)

    def handle_messages(self, lease: Lease, handle: Callable[[Message[K, V]], object]) -> None:
        """Handle the messages that a queue has now."""
        for _ in range(_READS):
            for message in self.in_order(lease, drive(self.read(lease))):
                try:
                    result = handle(message)
                    if result is not None:
                        refuse_unfinished(handle, result, _ADVICE)
                except BaseException as error:
                    drive(self.recover(lease, failure_of(error), message))
            if lease.passed:
                drive(self.settle(lease))
            queue = lease.queue
            if not queue.messages or queue.yield_requested or lease.backoff is not None:
                return

    def messages(self) -> Generator[Message[K, V]]:
        """Yield messages until the consumer stops.

        Each counts as handled when the next one is asked for.

        Raises:
            ConsumeError: the consumer must not go on.
        """
        execution = Execution(self.iterate())
        with current_messages(), closing(execution):
            while (pending := execution.pending) is not None:
                if isinstance(pending, ReadyMessages):
                    yield from pending.messages
                    execution.send(None)
                else:
                    perform_next(execution, pending)


# --- handlers -------------------------------------------------------------------------------------

Unfinished: TypeAlias = Awaitable[object] | Iterator[object] | AsyncIterator[object]
"""Result of a coroutine function or a generator function. Type checkers refuse such handlers."""


class HandlerNeverRuns:
    """Named in the messages of type checkers: the handler must be a plain function here.

    Coroutine functions are for asyncio consumers, and generator functions for none.
    """


HandlerRefused: TypeAlias = Coroutine[Any, Any, HandlerNeverRuns]
"""Result of running a handler that is refused.

Signatures cannot exclude the functions with a certain result. A coroutine that is not used is an
error for mypy and for pyright, in all of their modes.
"""

_ADVICE: Final = (
    "a synchronous consumer neither awaits nor iterates: use the asyncio consumer, or finish the "
    "work in the handler"
)


def check_handler(handle: object) -> None:
    """Raise if a synchronous consumer would call a handler without running it.

    Raises:
        HandlerTypeError: it is a coroutine function or a generator function, or no function.
    """
    function = function_of(handle)
    refuse_generator_function(function)
    if inspect.iscoroutinefunction(function):
        raise HandlerTypeError(
            f"the handler {full_name(function)} is a coroutine function, which a synchronous "
            "consumer does not await: use the asyncio consumer, or a plain function"
        )


def observed_handler(
    errors: ErrorHandler, handle: Callable[[Message[K, V]], object]
) -> Callable[[Message[K, V]], object]:
    """Return a handler of which the observer is told; without an observer, the handler itself."""
    if errors.observer is None:
        return handle

    def observed(message: Message[K, V]) -> None:
        with errors.observation([message]):
            call_handler(handle, message)

    return observed


def call_handler(function: Callable[..., object], *arguments: object) -> object:
    """Call a function of the user, whose work must be done when it returns."""
    result = function(*arguments)
    if result is not None:
        refuse_unfinished(function, result, _ADVICE)
    return result


def failure_of(error: BaseException) -> Exception:
    """Return the failure that an exception of a handler is, or raise it if it ends the process."""
    if isinstance(error, Exception):
        return error
    asyncio = sys.modules.get("asyncio")  # it is not imported for the sake of this
    if asyncio is not None and isinstance(error, asyncio.CancelledError):
        failure = HandlerCancelled()
        failure.__cause__ = error
        return failure
    raise error


# --- the driver -----------------------------------------------------------------------------------


def drive(effects: Effects[T]) -> T:
    """Perform effects one after the other, and return what they end with."""
    execution = Execution(effects)
    while (effect := execution.pending) is not None:
        perform_next(execution, effect)
    return execution.result


def perform_next(execution: Execution[Any, Any], effect: Effect) -> None:
    """Perform the pending effect of an execution, and resume it."""
    try:
        value = perform(effect)
    except BaseException as error:
        execution.throw(error)
    else:
        execution.send(value)


def _after_a_moment(future: Future[None]) -> Future[None]:
    wait([future], SCHEMA_MOMENT)
    return future


def perform(effect: Effect) -> Any:
    """Perform one effect, and return its result."""
    match effect:
        case WaitForQueue(source, until, or_until):
            return source.wait(until, or_until)
        case FetchSchema(missing):
            return _after_a_moment(missing.start())
        case CallFunction(function, arguments):
            try:
                return call_handler(function, *arguments)
            except Exception:
                raise
            except BaseException as error:
                raise failure_of(error)  # noqa: B904 -- it has its cause
        case BlockingCall(function, arguments):
            return function(*arguments)
        case FutureResult(future):
            return future.result()
        case InTransaction(client, body):
            with client.transaction() as transaction:
                return drive(body(transaction))
