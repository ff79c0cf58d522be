"""Runners of asyncio consumers: handlers are tasks, one per partition at a time.

:class:`AsyncMessageRunner` handles messages one by one, those of different partitions
concurrently; :class:`AsyncMessageIterator` yields them to the user's loop. :class:`AsyncDriver`
performs the effects of these, of batches and of transactions; :class:`AsyncWakeup` leads from the
poll thread to the event loop.
"""

from __future__ import annotations

import asyncio
import dis
import inspect
from collections.abc import Awaitable, Callable
from concurrent.futures import Future
from contextlib import suppress
from time import monotonic
from typing import TYPE_CHECKING, Any, Final, Generic, Self, TypeVar

from avrogen.kafka.asyncio_threads import no_undo, run_to_completion
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
    function_of,
    refuse_generator_function,
    refuse_unfinished,
)
from avrogen.kafka.consumer.signals import StopSignals
from avrogen.kafka.producer.async_producer import async_transaction

if TYPE_CHECKING:
    from avrogen.kafka.consumer.fetch_buffer import RawPartitionQueue
    from avrogen.kafka.consumer.message_source import MessageSource, QueueWaiter, RunnerSession
    from avrogen.kafka.message import Message

__all__ = [
    "AsyncDriver",
    "AsyncMessageIterator",
    "AsyncMessageRunner",
    "AsyncWakeup",
    "call_async_handler",
    "cancel_all",
    "check_async_handler",
]

K = TypeVar("K")
V = TypeVar("V")
T = TypeVar("T")


class AsyncMessageRunner(RunnerCore[K, V]):
    """Acquires partition queues as they get ready, and handles the messages of each in a task.

    Args:
        session: an open consumer.
        wakeup: wakes the runner when a queue may be ready.
        handler: the user's handler, named in the headers of dead-lettered records.
    """

    def __init__(self, session: RunnerSession[K, V], wakeup: QueueWaiter, handler: object) -> None:
        super().__init__(session, handler)
        self.driver = AsyncDriver(wakeup)
        self._wakeup = wakeup
        self._grace = session.grace

    async def run(self, handle: Callable[[Message[K, V]], Awaitable[object]]) -> None:
        """Handle messages until the consumer stops.

        Raises:
            HandlerTypeError: the handler is a plain function or a generator function.
            ConsumeError: the consumer must not go on.
        """
        check_async_handler(handle)
        tasks: set[asyncio.Task[None]] = set()
        failures: list[BaseException] = []
        runner = asyncio.current_task()
        assert runner is not None, "it runs in a task"
        ending = False

        async def work(queue: RawPartitionQueue) -> None:
            try:
                await self._handle_messages(
                    queue, handle, lambda: ending or runner.cancelling() > 0
                )
            except asyncio.CancelledError:
                raise
            except BaseException as error:
                # Others than Exception as well: nothing else would tell of them.
                failures.append(error)
                self._wakeup.wake()

        try:
            while True:
                queue = await self._wakeup.wait(self.source, or_until=lambda: bool(failures))
                if queue is None:
                    break
                if failures:
                    self.release([Lease(queue)])  # it may be the one of the failure
                    break
                task = asyncio.create_task(work(queue))
                tasks.add(task)
                task.add_done_callback(tasks.discard)
            await self._finish(tasks)
        finally:
            ending = True
            await cancel_all(tasks)
        if failures:
            raise failures[0]

    async def _handle_messages(
        self,
        queue: RawPartitionQueue,
        handle: Callable[[Message[K, V]], Awaitable[object]],
        cancelled: Callable[[], bool],
    ) -> None:
        """Handle the messages that a queue has now."""
        lease = Lease(queue)
        with self.leased([lease]):
            for message in self.in_order(lease, await self.driver.drive(self.read(lease))):
                try:
                    with self.error_handler.observation([message]):
                        await call_async_handler(handle, message, cancelled=cancelled)
                except Exception as error:
                    await self.driver.drive(self.recover(lease, error, message))
            await self.driver.drive(self.settle(lease))

    async def _finish(self, tasks: set[asyncio.Task[None]]) -> None:
        """Wait for the in-flight messages, at most for the grace period."""
        self.source.interrupt()
        if tasks:
            await asyncio.wait(tasks, timeout=self._grace)


async def cancel_all(tasks: set[asyncio.Task[None]]) -> None:
    """Cancel tasks, and wait until they have released their queues."""
    for task in tasks:
        task.cancel()
    while tasks:
        await asyncio.wait(tasks)


# --- handlers -------------------------------------------------------------------------------------


def check_async_handler(handle: object) -> None:
    """Raise if a handler cannot be awaited, as far as that shows before it is called.

    A plain function may return an awaitable, such as ``lambda message: save(message, database)``.

    Raises:
        HandlerTypeError: it is a function that returns no awaitable, or a generator function.
    """
    function = function_of(handle)
    code = getattr(function, "__code__", None)
    if inspect.iscoroutinefunction(function):
        return
    if code is not None and code.co_flags & inspect.CO_ITERABLE_COROUTINE:
        return
    refuse_generator_function(function)
    if _returns_no_awaitable(function):
        raise HandlerTypeError(
            f"the handler {full_name(function)} is a plain function, and an asyncio consumer "
            "awaits its handler: write async def, or use the synchronous consumer"
        )


_CONTAINERS: Final = ("builtins", "collections")
"""Modules whose functions return no awaitable, such as ``list.append``."""


def _returns_no_awaitable(function: Any) -> bool:
    """Return true for functions that can only return constants, or say that they return None."""
    if inspect.isbuiltin(function):
        return (function.__module__ or type(function.__self__).__module__) in _CONTAINERS
    if not inspect.isfunction(function):
        return False
    # A wrapper has the annotations of the function that it wraps.
    if not hasattr(function, "__wrapped__"):
        annotations = function.__annotations__
        if annotations.get("return", ...) in (None, "None"):
            return True
    before = None
    for each in dis.get_instructions(function):
        constant = not each.is_jump_target and before in ("LOAD_CONST", "LOAD_SMALL_INT")
        if each.opname == "RETURN_VALUE" and not constant:
            return False
        before = each.opname
    return True


_ADVICE: Final = "await it in the handler"


async def call_async_handler(
    function: Callable[..., Any], *arguments: object, cancelled: Callable[[], bool]
) -> object:
    """Call a function of the user, and await what it returns.

    Args:
        function: a coroutine function, or a function that returns an awaitable.
        arguments: its arguments.
        cancelled: returns true if a CancelledError is for the task, which ends.

    Raises:
        HandlerTypeError: there is nothing to await, or the work is still not done.
        HandlerCancelled: it raised CancelledError by itself.
    """
    try:
        awaitable = function(*arguments)
        if not inspect.isawaitable(awaitable):
            raise HandlerTypeError(
                f"the handler {full_name(function_of(function))} returned an object of type "
                f"{type(awaitable).__qualname__}, and an asyncio consumer awaits what its handler "
                "returns: write async def, or use the synchronous consumer"
            )
        result = await awaitable
    except asyncio.CancelledError as error:
        if cancelled():
            raise
        _forget_cancellation()
        raise HandlerCancelled from error
    if result is not None and not _is_delivery(result):
        refuse_unfinished(function, result, _ADVICE)
    return result


def _is_delivery(result: object) -> bool:
    """Return true for the future of a sent message: closing its producer raises its failure."""
    return asyncio.isfuture(result) and not isinstance(result, asyncio.Task)


def _forget_cancellation() -> None:
    """Undo the cancellation of the current task by its own handler."""
    task = asyncio.current_task()
    while task is not None and task.cancelling():
        task.uncancel()


def _is_task_cancelled() -> bool:
    task = asyncio.current_task()
    return task is not None and task.cancelling() > 0


class AsyncMessageIterator(Generic[K, V]):
    """Messages until the consumer stops; each counts as handled when the next one is asked for.

    It is not an async generator, which would end when it is cancelled: after a timeout
    (``asyncio.timeout``) the next message can be asked for again, and none is missed.

    Args:
        runner: source of the messages.
        signals: entered while messages are asked for.
    """

    def __init__(self, runner: AsyncMessageRunner[K, V], signals: StopSignals) -> None:
        self._runner = runner
        self._signals = signals
        self._execution = Execution(runner.iterate())
        self._asking = False
        self.failure: Exception | None = None
        """Exception that has ended the iteration; None: there was none."""

    def __aiter__(self) -> Self:
        return self

    async def __anext__(self) -> Message[K, V]:
        """Return the next message.

        Raises:
            StopAsyncIteration: the consumer stops.
            ConsumeError: the consumer must not go on.
            RuntimeError: another task waits for the next message.
        """
        if self._asking:
            raise RuntimeError("another task waits for the next message already")
        self._asking = True
        try:
            return await self._next()
        except Exception as error:
            self.failure = error
            self.abandon()
            raise
        finally:
            self._asking = False

    async def _next(self) -> Message[K, V]:
        while (pending := self._execution.pending) is not None:
            if isinstance(pending, ReadyMessages):
                message = next(pending.messages, None)
                if message is not None:
                    return message
                self._execution.send(None)
                continue
            if isinstance(pending, WaitForQueue):
                self._signals.enter()
            try:
                # If this is cancelled, the effect stays pending, and is performed next time.
                value = await self._runner.driver.perform(pending)
            except Exception as error:
                self._execution.throw(error)
                continue
            accepted = self._execution.send(value)
            if not accepted and isinstance(pending, WaitForQueue) and value is not None:
                self._runner.release([Lease(value)])  # the iteration was abandoned meanwhile
        raise StopAsyncIteration

    @property
    def is_active(self) -> bool:
        """True until the iteration ends, or is abandoned."""
        return self._execution.pending is not None

    def abandon(self) -> None:
        """End the iteration. The message that was yielded last does not count as handled."""
        self._signals.leave()
        self._execution.close()


class AsyncDriver:
    """Performs effects on the event loop.

    Args:
        wakeup: wakes it when a partition queue may be ready.
    """

    def __init__(self, wakeup: QueueWaiter) -> None:
        self._wakeup = wakeup

    async def drive(self, effects: Effects[T]) -> T:
        """Perform effects one after the other, and return what they end with."""
        execution = Execution(effects)
        while (effect := execution.pending) is not None:
            try:
                value = await self.perform(effect)
            except BaseException as error:
                execution.throw(error)
            else:
                execution.send(value)
        return execution.result

    async def perform(self, effect: Effect) -> Any:
        """Perform one effect, and return its result."""
        match effect:
            case WaitForQueue(source, until, or_until):
                return await self._wakeup.wait(source, until, or_until)
            case FetchSchema(missing):
                return await _after_a_moment(missing.start())
            case CallFunction(function, arguments):
                return await call_async_handler(function, *arguments, cancelled=_is_task_cancelled)
            case BlockingCall(function, arguments):
                return await run_to_completion(function, no_undo, *arguments)
            case FutureResult(future):
                return await asyncio.wrap_future(future)
            case InTransaction(client, body):
                async with async_transaction(client) as transaction:
                    return await self.drive(body(transaction))


async def _after_a_moment(future: Future[None]) -> Future[None]:
    """Return a future when it is done, or after a moment."""
    loop, done = asyncio.get_running_loop(), asyncio.Event()

    def wake(_: Future[None]) -> None:
        with suppress(RuntimeError):  # the loop may have ended
            loop.call_soon_threadsafe(done.set)

    future.add_done_callback(wake)
    with suppress(TimeoutError):
        await asyncio.wait_for(done.wait(), SCHEMA_MOMENT)
    return future


class AsyncWakeup:
    """Wakes the one task that waits for partition queues with messages."""

    def __init__(self) -> None:
        self._loop: asyncio.AbstractEventLoop | None = None
        self._news = asyncio.Event()

    def bind(self) -> None:
        """Set the running event loop as that of the task."""
        self._loop = asyncio.get_running_loop()

    def wake(self) -> None:
        """Wake the task, from any thread, as a queue may be ready."""
        assert self._loop is not None, "it was bound when the consumer was opened"
        # A consumer that was left open, when its loop was not, wakes nobody.
        with suppress(RuntimeError):
            self._loop.call_soon_threadsafe(self._news.set)

    async def wait(
        self,
        source: MessageSource,
        until: float | None = None,
        or_until: Callable[[], bool] = lambda: False,
    ) -> RawPartitionQueue | None:
        """Wait as :meth:`MessageSource.wait` does. If cancelled, no queue was acquired.

        Raises:
            ConsumeError: Kafka refuses to go on.
        """
        while True:
            self._news.clear()
            queue = source.take()
            if queue is not None or source.stopping or or_until():
                return queue
            now = monotonic()
            if until is not None and now >= until:
                return None
            retry_at = source.next_retry()
            times = [time for time in (until, retry_at) if time is not None]
            await self._news_within(min(times) - now if times else None)

    async def _news_within(self, seconds: float | None) -> None:
        if seconds is None:
            await self._news.wait()
            return
        timer = asyncio.get_running_loop().call_later(max(0.0, seconds), self._news.set)
        try:
            await self._news.wait()
        finally:
            timer.cancel()
