"""Runners of synchronous consumers: handlers are called in the caller's thread.

:class:`MessageRunner` handles messages one by one, or yields them to the user's loop. :func:`drive`
performs the effects of batches and transactions.
"""

from __future__ import annotations

from collections.abc import Callable, Generator
from contextlib import closing
from typing import TYPE_CHECKING, Any, TypeVar

from avrogen.kafka.consumer.runner_core import (
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
)

if TYPE_CHECKING:
    from avrogen.kafka.message import Message

__all__ = ["MessageRunner", "drive", "perform_next"]

K = TypeVar("K")
V = TypeVar("V")
T = TypeVar("T")


class MessageRunner(RunnerCore[K, V]):
    """Acquires partition queues one after the other, and handles their messages."""

    def run(self, handle: Callable[[Message[K, V]], object]) -> None:
        """Handle messages until the consumer stops.

        Raises:
            ConsumeError: the consumer must not go on.
        """
        handle = self._observed_handler(handle)
        with current_messages():
            while (queue := self.source.wait()) is not None:
                lease = Lease(queue)
                with self.leased([lease]):
                    self.handle_messages(lease, handle)

    def handle_messages(self, lease: Lease, handle: Callable[[Message[K, V]], object]) -> None:
        """Handle the messages that a queue has now."""
        for message in self.in_order(lease, drive(self.read(lease))):
            try:
                handle(message)
            except Exception as error:
                drive(self.recover(lease, error, message))
        drive(self.settle(lease))

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

    def _observed_handler(
        self, handle: Callable[[Message[K, V]], object]
    ) -> Callable[[Message[K, V]], object]:
        if self.error_handler.observer is None:
            return handle

        def observed(message: Message[K, V]) -> None:
            with self.error_handler.observation([message]):
                handle(message)

        return observed


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
        value = _perform(effect)
    except BaseException as error:
        execution.throw(error)
    else:
        execution.send(value)


def _perform(effect: Effect) -> Any:
    match effect:
        case WaitForQueue(source, until, or_until):
            return source.wait(until, or_until)
        case FetchSchema(missing):
            return missing.learn()
        case CallFunction(function, arguments) | BlockingCall(function, arguments):
            return function(*arguments)
        case FutureResult(future):
            return future.result()
        case InTransaction(client, body):
            with client.transaction() as transaction:
                return drive(body(transaction))
