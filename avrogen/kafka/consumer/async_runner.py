"""Runners of asyncio consumers: handlers are tasks, one per partition at a time.

:class:`AsyncMessageRunner` handles messages one by one, those of different partitions
concurrently; :class:`AsyncMessageIterator` yields them to the user's loop. :class:`AsyncDriver`
performs the effects of these, of batches and of transactions; :class:`AsyncWakeup` leads from the
poll thread to the event loop.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from contextlib import suppress
from time import monotonic
from typing import TYPE_CHECKING, Any, Generic, Self, TypeVar

from avrogen.kafka.asyncio_threads import no_undo, run_to_completion
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
)
from avrogen.kafka.consumer.signals import AsyncStopSignals
from avrogen.kafka.producer.async_producer import async_transaction
from avrogen.kafka.single_flight import AsyncSingleFlight

if TYPE_CHECKING:
    from avrogen.kafka.consumer.fetch_buffer import RawPartitionQueue
    from avrogen.kafka.consumer.message_source import MessageSource, QueueWaiter, RunnerSession
    from avrogen.kafka.message import Message

__all__ = ["AsyncDriver", "AsyncMessageIterator", "AsyncMessageRunner", "AsyncWakeup"]

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
            ConsumeError: the consumer must not go on.
        """
        tasks: set[asyncio.Task[None]] = set()
        failures: list[Exception] = []

        async def work(queue: RawPartitionQueue) -> None:
            try:
                await self._handle_messages(queue, handle)
            except Exception as error:
                failures.append(error)
                self._wakeup.wake()

        try:
            while True:
                queue = await self._wakeup.wait(self.source, or_until=lambda: bool(failures))
                if queue is None:
                    break
                task = asyncio.create_task(work(queue))
                tasks.add(task)
                task.add_done_callback(tasks.discard)
            await self._finish(tasks)
        finally:
            await _cancel(tasks)
        if failures:
            raise failures[0]

    async def _handle_messages(
        self, queue: RawPartitionQueue, handle: Callable[[Message[K, V]], Awaitable[object]]
    ) -> None:
        """Handle the messages that a queue has now."""
        lease = Lease(queue)
        with self.leased([lease]):
            for message in self.in_order(lease, await self.driver.drive(self.read(lease))):
                try:
                    with self.error_handler.observation([message]):
                        await handle(message)
                except Exception as error:
                    await self.driver.drive(self.recover(lease, error, message))
            await self.driver.drive(self.settle(lease))

    async def _finish(self, tasks: set[asyncio.Task[None]]) -> None:
        """Wait for the in-flight messages, at most for the grace period."""
        self.source.interrupt()
        if tasks:
            await asyncio.wait(tasks, timeout=self._grace)


async def _cancel(tasks: set[asyncio.Task[None]]) -> None:
    """Cancel tasks, and wait until they have released their queues."""
    for task in tasks:
        task.cancel()
    while tasks:
        await asyncio.wait(tasks)


class AsyncMessageIterator(Generic[K, V]):
    """Messages until the consumer stops; each counts as handled when the next one is asked for.

    It is not an async generator, which would end when it is cancelled: after a timeout
    (``asyncio.timeout``) the next message can be asked for again, and none is missed.

    Args:
        runner: source of the messages.
        signals: entered while messages are asked for.
    """

    def __init__(self, runner: AsyncMessageRunner[K, V], signals: AsyncStopSignals) -> None:
        self._runner = runner
        self._signals = signals
        self._execution = Execution(runner.iterate())
        self._asking = False

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
        except Exception:
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
        self._schemas: AsyncSingleFlight[None] = AsyncSingleFlight()

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
                return await self._schemas.call(missing.key, missing.learn)
            case CallFunction(function, arguments):
                return await function(*arguments)
            case BlockingCall(function, arguments):
                return await run_to_completion(function, no_undo, *arguments)
            case FutureResult(future):
                return await asyncio.wrap_future(future)
            case InTransaction(client, body):
                async with async_transaction(client) as transaction:
                    return await self.drive(body(transaction))


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
