"""Handling messages with asyncio: one by one, those of different partitions at the same time.

Messages by ``async for``.

From the thread that polls to a task that waits.
"""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Awaitable, Callable
from contextlib import ExitStack, suppress
from time import monotonic
from typing import TYPE_CHECKING, Generic, Self, TypeVar

from avrogen.errors import DeliveryError, TransactionError
from avrogen.kafka.asyncio_threads import no_undo, run_to_completion
from avrogen.kafka.consumer.error_handler import DeadLetterFailure, PendingDeadLetter, Recovery
from avrogen.kafka.consumer.message_reader import MessageUnreadable, SchemaNotCached
from avrogen.kafka.consumer.runner import make_current
from avrogen.kafka.consumer.signals import AsyncStopSignals
from avrogen.kafka.single_flight import AsyncSingleFlight

if TYPE_CHECKING:
    from avrogen.kafka.consumer.fetch_buffer import RawPartitionQueue
    from avrogen.kafka.consumer.message_source import MessageSource, QueueWaiter, RunnerSession
    from avrogen.kafka.message import Message
    from avrogen.kafka.observability.observer import AnyMessage

__all__ = ["AsyncMessageIterator", "AsyncMessageRunner", "AsyncWakeup"]

K = TypeVar("K")
V = TypeVar("V")


class AsyncMessageRunner(Generic[K, V]):
    """Takes lanes, has their messages handled, and gives them back.

    Args:
        session: an open consumer.
        waking: wakes it when there is something to take.
        handler: what the messages are handled by, for dead letters to name it.
    """

    def __init__(self, session: RunnerSession[K, V], waking: QueueWaiter, handler: object) -> None:
        self.handling = session.error_handler
        self.source = session.source
        self.reader = session.reader
        self.waking = waking
        self.handler = handler
        self.learning: AsyncSingleFlight[None] = AsyncSingleFlight()
        self.dead_letters = session.dead_letters
        self._grace = session.grace

    async def run(self, handle: Callable[[Message[K, V]], Awaitable[object]]) -> None:
        """Have messages handled until the consumer stops.

        Raises:
            ConsumeError: it must not go on.
        """
        tasks: set[asyncio.Task[None]] = set()
        failures: list[Exception] = []

        async def work(lane: RawPartitionQueue) -> None:
            try:
                await self._work_through(lane, handle)
            except Exception as error:
                failures.append(error)
                self.waking.wake()

        try:
            while True:
                lane = await self.waking.wait(self.source, or_until=lambda: bool(failures))
                if lane is None:
                    break
                task = asyncio.create_task(work(lane))
                tasks.add(task)
                task.add_done_callback(tasks.discard)
            await self._finish(tasks)
        finally:
            await _cancelled(tasks)
        if failures:
            raise failures[0]

    async def _finish(self, tasks: set[asyncio.Task[None]]) -> None:
        """Have messages in hand finished, but wait no longer than the grace."""
        self.source.interrupt()
        if tasks:
            await asyncio.wait(tasks, timeout=self._grace)

    async def _work_through(
        self, lane: RawPartitionQueue, handle: Callable[[Message[K, V]], Awaitable[object]]
    ) -> None:
        """Handle what waits in a lane now, and give it back."""
        rest = None
        started = monotonic()
        try:
            messages, rest = await self.read(lane)
            for message in messages:
                make_current(message)
                try:
                    with self.handling.observation([message]):
                        await handle(message)
                except Exception as error:
                    rest = await self.failed(lane, error, message)
                    if rest is not None:
                        break
                else:
                    self.handling.done(lane, message.offset)
                if lane.yield_requested:
                    break
        finally:
            self.handling.counts.handling_time += monotonic() - started
            self.source.release(lane, backoff=rest)

    async def read(self, lane: RawPartitionQueue) -> tuple[list[Message[K, V]], float | None]:
        """What can be read of what waits in a lane; what comes first and cannot is dealt with.

        The registry is asked in a thread, once for all lanes that wait for the same schema.

        Returns:
            Messages, and seconds that the lane has to rest, if there are none for that reason.
        """
        try:
            messages = self.reader.read_ahead(lane.messages)
        except SchemaNotCached as unknown:
            return [], await self._learnt(lane, unknown)
        except MessageUnreadable as error:
            return [], await self.failed(lane, error)
        self.handling.received(lane, messages)
        return messages, None

    # --- failures ---------------------------------------------------------------------------------

    async def _learnt(self, lane: RawPartitionQueue, unknown: SchemaNotCached) -> float | None:
        try:
            await self.learning.call(unknown.key, unknown.learn)
        except MessageUnreadable as error:
            return await self.failed(lane, error)
        return None

    async def failed(
        self, lane: RawPartitionQueue, error: Exception, message: AnyMessage | None = None
    ) -> float | None:
        """As :meth:`avrogen.kafka.consumer.runner.MessageRunner.failed`."""
        return await self.resolve(self.handling.resolution(lane, error, message, self.handler))

    async def resolve(self, resolution: Recovery) -> float | None:
        """Send the dead letters that a resolution gives; see :meth:`failed`."""
        undelivered: DeadLetterFailure | None = None
        try:
            letter = next(resolution)
            while True:
                try:
                    await self.send(letter)
                    undelivered = None
                except (DeliveryError, TransactionError) as error:
                    undelivered = error
                letter = resolution.send(undelivered)
        except StopIteration as end:
            rest: float | None = end.value
            return rest

    async def send(self, letter: PendingDeadLetter) -> None:
        """Send a dead letter in a thread, and wait until it is acknowledged.

        Raises:
            DeliveryError, TransactionError: it is not.
        """
        assert self.dead_letters is not None, "there is a topic for them"
        await run_to_completion(self.dead_letters.send, no_undo, letter.raw, letter.origin)


async def _cancelled(tasks: set[asyncio.Task[None]]) -> None:
    """Cancel tasks, and wait until they have given back what they had."""
    for task in tasks:
        task.cancel()
    while tasks:
        await asyncio.wait(tasks)


class AsyncMessageIterator(Generic[K, V]):
    """Messages until the consumer stops; one counts as handled when the next is asked for.

    It is no generator, as those end when they are cancelled: whoever gives up waiting for a message
    (``asyncio.timeout``) can ask again, and nothing is lost.

    Args:
        loop: takes lanes.
        signals: in place while messages are asked for.
    """

    def __init__(self, loop: AsyncMessageRunner[K, V], signals: AsyncStopSignals) -> None:
        self._loop = loop
        self._signals = signals
        self._lane: RawPartitionQueue | None = None
        self._ahead: deque[Message[K, V]] = deque()
        self._in_hand: Message[K, V] | None = None
        self._observation = ExitStack()
        self._asking = False
        self._ended = False

    def __aiter__(self) -> Self:
        return self

    async def __anext__(self) -> Message[K, V]:
        """The next message.

        Raises:
            StopAsyncIteration: the consumer stops.
            ConsumeError: it must not go on.
            RuntimeError: another task waits for the next message already.
        """
        if self._asking:
            raise RuntimeError("another task waits for the next message already")
        self._asking = True
        try:
            self._finish()
            message = None
            while message is None and not self._ended:
                message = await self._next()
        except Exception:
            self.abandon()
            raise
        finally:
            self._asking = False
        if message is None:
            raise StopAsyncIteration
        self._in_hand = message
        make_current(message)
        self._observation.enter_context(self._loop.handling.observation([message]))
        return message

    def abandon(self) -> None:
        """Nobody will ask for more. The message in hand, if there is one, was not handled."""
        self._ended = True
        self._signals.leave()
        self._in_hand = None
        self._observation.close()
        if self._lane is not None:
            self._give_back(self._lane)

    def _finish(self) -> None:
        """The message that was given out was handled."""
        self._observation.close()
        if self._in_hand is not None and self._lane is not None:
            self._loop.handling.done(self._lane, self._in_hand.offset)
            self._in_hand = None
            if self._lane.yield_requested or not self._ahead:
                self._give_back(self._lane)

    async def _next(self) -> Message[K, V] | None:
        """The next message; None: there is none yet, or none any more."""
        if self._lane is not None and self._lane.yield_requested:
            self._give_back(self._lane)
        if self._ahead:
            return self._ahead.popleft()
        if self._lane is None:
            self._signals.enter()
            self._lane = await self._loop.waking.wait(self._loop.source)
            if self._lane is None:
                self.abandon()
                return None
        # If this is cancelled while the registry is asked, the lane stays for the next time.
        messages, rest = await self._loop.read(self._lane)
        self._ahead.extend(messages)
        if not messages:
            self._give_back(self._lane, rest)
        return None

    def _give_back(self, lane: RawPartitionQueue, rest: float | None = None) -> None:
        self._lane = None
        self._ahead.clear()
        self._loop.source.release(lane, backoff=rest)


class AsyncWakeup:
    """Wakes the one task that waits for lanes with messages."""

    def __init__(self) -> None:
        self._loop: asyncio.AbstractEventLoop | None = None
        self._news = asyncio.Event()

    def bind(self) -> None:
        """It is the running loop that the task is on."""
        self._loop = asyncio.get_running_loop()

    def wake(self) -> None:
        """There may be something to take. Any thread may say so."""
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
        """As :meth:`MessageSource.wait`. If it is cancelled, nothing was taken.

        Raises:
            ConsumeError: Kafka refuses to go on.
        """
        while True:
            self._news.clear()
            lane = source.take()
            if lane is not None or source.stopping or or_until():
                return lane
            now = monotonic()
            if until is not None and now >= until:
                return None
            retry = source.next_retry()
            times = [time for time in (until, retry) if time is not None]
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
