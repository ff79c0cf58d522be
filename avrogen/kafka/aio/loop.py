"""Handling messages with asyncio: one by one, those of different partitions at the same time."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from time import monotonic
from typing import TYPE_CHECKING, Generic, TypeVar

from avrogen.errors import DeliveryError, TransactionError
from avrogen.kafka.aio.threads import completed, nothing
from avrogen.kafka.aio.waking import Waking
from avrogen.kafka.async_flight import AsyncSingleFlight
from avrogen.kafka.consuming.handling import DeadLetter, Resolution, Undelivered
from avrogen.kafka.consuming.loop import make_current
from avrogen.kafka.consuming.reading import ReadingFailed, SchemaUnknown
from avrogen.kafka.consuming.session import Session

if TYPE_CHECKING:
    from avrogen.kafka.consuming.poller import RawLane
    from avrogen.kafka.message import Message
    from avrogen.kafka.observing.observer import AnyMessage

__all__ = ["AsyncLoop"]

K = TypeVar("K")
V = TypeVar("V")


class AsyncLoop(Generic[K, V]):
    """Takes lanes, has their messages handled, and gives them back.

    Args:
        session: an open consumer.
        waking: wakes it when there is something to take.
        handler: what the messages are handled by, for dead letters to name it.
    """

    def __init__(self, session: Session[K, V], waking: Waking, handler: object) -> None:
        self.handling = session.handling
        self.poller = session.opened.poller
        self.reader = session.opened.reader
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

        async def work(lane: RawLane) -> None:
            try:
                await self._work_through(lane, handle)
            except Exception as error:
                failures.append(error)
                self.waking.wake()

        try:
            while True:
                lane = await self.waking.wait(self.poller, or_until=lambda: bool(failures))
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
        with self.poller.changed:
            self.poller.intake.interrupt()
        if tasks:
            await asyncio.wait(tasks, timeout=self._grace)

    async def _work_through(
        self, lane: RawLane, handle: Callable[[Message[K, V]], Awaitable[object]]
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
                if lane.interrupted:
                    break
        finally:
            self.handling.counts.handling_time += monotonic() - started
            self.poller.give_back(lane, rest=rest)

    async def read(self, lane: RawLane) -> tuple[list[Message[K, V]], float | None]:
        """What can be read of what waits in a lane; what comes first and cannot is dealt with.

        The registry is asked in a thread, once for all lanes that wait for the same schema.

        Returns:
            Messages, and seconds that the lane has to rest, if there are none for that reason.
        """
        try:
            messages = self.reader.read_ahead(lane.waiting)
        except SchemaUnknown as unknown:
            return [], await self._learnt(lane, unknown)
        except ReadingFailed as error:
            return [], await self.failed(lane, error)
        self.handling.received(lane, messages)
        return messages, None

    # --- failures ---------------------------------------------------------------------------------

    async def _learnt(self, lane: RawLane, unknown: SchemaUnknown) -> float | None:
        try:
            await self.learning.call(unknown.key, unknown.learn)
        except ReadingFailed as error:
            return await self.failed(lane, error)
        return None

    async def failed(
        self, lane: RawLane, error: Exception, message: AnyMessage | None = None
    ) -> float | None:
        """As :meth:`avrogen.kafka.consuming.loop.Loop.failed`."""
        return await self.resolve(self.handling.resolution(lane, error, message, self.handler))

    async def resolve(self, resolution: Resolution) -> float | None:
        """Send the dead letters that a resolution gives; see :meth:`failed`."""
        undelivered: Undelivered | None = None
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

    async def send(self, letter: DeadLetter) -> None:
        """Send a dead letter in a thread, and wait until it is acknowledged.

        Raises:
            DeliveryError, TransactionError: it is not.
        """
        assert self.dead_letters is not None, "there is a topic for them"
        await completed(self.dead_letters.send, nothing, letter.raw, letter.origin)


async def _cancelled(tasks: set[asyncio.Task[None]]) -> None:
    """Cancel tasks, and wait until they have given back what they had."""
    for task in tasks:
        task.cancel()
    while tasks:
        await asyncio.wait(tasks)
