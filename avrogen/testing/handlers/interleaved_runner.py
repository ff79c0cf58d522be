"""Concurrent handling without threads: which call goes on next is drawn from a schedule.

What starts, what is retried and what is committed is decided by production's
:class:`~avrogen.kafka.consumer.concurrent_core.ConcurrentCore`. Here, one call at a time goes on,
so that a schedule always has the same result: synchronous handlers are called one after the other,
coroutines take turns at each ``await``.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Collection, Generator
from random import Random
from typing import TYPE_CHECKING, Any, Final, Generic, TypeVar

from avrogen.kafka.consumer.async_runner import (
    AsyncDriver,
    call_async_handler,
    cancel_all,
    check_async_handler,
)
from avrogen.kafka.consumer.concurrent_core import ConcurrentCore, RawKeyQueue
from avrogen.kafka.consumer.runner import (
    call_handler,
    check_handler,
    drive,
    failure_of,
    observed_handler,
)
from avrogen.kafka.consumer.runner_core import Lease, current_messages

if TYPE_CHECKING:
    from avrogen.kafka.consumer.key_scheduler import ConcurrencyLimits
    from avrogen.kafka.message import Message
    from avrogen.testing.handlers.fake_session import FakeWakeup, HandlerSession

__all__ = ["AsyncInterleavedRunner", "InterleavedRunner"]

K = TypeVar("K")
V = TypeVar("V")

_SETTLING: Final = 4
"""Turns of the event loop until a coroutine that goes on has come to its next ``await``."""


class _Interleaved(ConcurrentCore[K, V]):
    """The common part of both kinds.

    Args:
        session: the messages.
        handler: the user's handler.
        limits: limits of handling concurrently.
        random: draws the schedule.
    """

    def __init__(
        self,
        session: HandlerSession[K, V],
        handler: object,
        limits: ConcurrencyLimits,
        random: Random,
    ) -> None:
        super().__init__(session, handler, limits)
        self.random = random
        self._fake = session.source

    def start_all(self) -> list[RawKeyQueue]:
        """Start as many messages as there are slots, and return their key queues."""
        while (queue := self._fake.take()) is not None:
            self.scheduler.add(queue)
        self.attend()
        self.refill()
        found: list[RawKeyQueue] = []
        while (keys := self.next_key_queue()) is not None:
            found.append(keys)
        return found

    def pass_time(self) -> bool:
        """Set the clock forward to the next event; return false if there is none."""
        event = None if self.failures else self.next_event()
        if event is None:
            return False
        self._fake.pass_time(event)
        return True


class InterleavedRunner(_Interleaved[K, V]):
    """Calls a handler with one of the messages that are in flight, in any order."""

    def run(self, handle: Callable[[Message[K, V]], object]) -> None:
        """Handle all messages.

        Raises:
            HandlerTypeError: the handler is a coroutine function or a generator function.
            ConsumeError: the consumer must not go on.
        """
        check_handler(handle)
        handle = observed_handler(self.error_handler, handle)
        in_flight: list[RawKeyQueue] = []
        with current_messages():
            while True:
                in_flight += self.start_all()
                if in_flight:
                    self._handle(in_flight.pop(self.random.randrange(len(in_flight))), handle)
                elif not self.pass_time():
                    break
        self.release_all()
        self.raise_failure()

    def _handle(self, keys: RawKeyQueue, handle: Callable[[Message[K, V]], object]) -> None:
        lease, started = Lease(keys), self.error_handler.clock()
        try:
            messages = keys.first_decoded() or drive(self.read(lease, 1))
            for message in self.in_order(lease, messages):
                try:
                    call_handler(handle, message)
                except BaseException as error:
                    drive(self.recover(lease, failure_of(error), message))
        except Exception as error:
            self.failures.append(error)
        finally:
            self.end(keys, lease, started)


class AsyncInterleavedRunner(_Interleaved[K, V]):
    """Lets one of the coroutines that are in flight go on to its next ``await``, in any order."""

    def __init__(
        self,
        session: HandlerSession[K, V],
        wakeup: FakeWakeup,
        handler: object,
        limits: ConcurrencyLimits,
        random: Random,
    ) -> None:
        super().__init__(session, handler, limits, random)
        self._driver = AsyncDriver(wakeup)
        self._turns = _Turns()

    async def run(self, handle: Callable[[Message[K, V]], Awaitable[object]]) -> None:
        """Handle all messages.

        Raises:
            HandlerTypeError: the handler is a plain function or a generator function.
            ConsumeError: the consumer must not go on.
        """
        check_async_handler(handle)
        tasks: set[asyncio.Task[None]] = set()
        try:
            while True:
                for keys in self.start_all():
                    task = asyncio.create_task(self._handle(keys, handle))
                    tasks.add(task)
                    task.add_done_callback(tasks.discard)
                if tasks:
                    await self._turns.give_one(self.random, tasks)
                elif not self.pass_time():
                    break
        finally:
            await cancel_all(tasks)
        self.release_all()
        self.raise_failure()

    async def _handle(
        self, keys: RawKeyQueue, handle: Callable[[Message[K, V]], Awaitable[object]]
    ) -> None:
        lease, started = Lease(keys), self.error_handler.clock()
        try:
            messages = keys.first_decoded() or await self._driver.drive(self.read(lease, 1))
            for message in self.in_order(lease, messages):
                try:
                    with self.error_handler.observation([message]):
                        await _TakingTurns(
                            call_async_handler(handle, message, cancelled=_is_cancelled),
                            self._turns,
                        )
                except Exception as error:
                    await self._driver.drive(self.recover(lease, error, message))
        except Exception as error:
            self.failures.append(error)
        finally:
            self.end(keys, lease, started)
            self._turns.news.set()


class _Turns:
    """Coroutines that wait for their turn.

    Attributes:
        news: set when one waits, or has ended.
    """

    def __init__(self) -> None:
        self.news = asyncio.Event()
        self._waiting: list[asyncio.Future[None]] = []

    def wait(self) -> asyncio.Future[None]:
        """Return a future that is done when it is the caller's turn."""
        turn: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._waiting.append(turn)
        self.news.set()
        return turn

    async def give_one(self, random: Random, tasks: Collection[asyncio.Task[None]]) -> None:
        """Give one of them its turn, and wait until it has come to its next ``await``.

        Args:
            random: draws which one.
            tasks: the tasks that have not ended.
        """
        for _ in range(_SETTLING):
            await asyncio.sleep(0)
        if not self._waiting:
            if tasks:  # and all of them wait for something else, such as time
                await self.news.wait()
                self.news.clear()
            return
        self.news.clear()
        turn = self._waiting.pop(random.randrange(len(self._waiting)))
        if not turn.done():  # its task may have been cancelled
            turn.set_result(None)
        for _ in range(_SETTLING):
            await asyncio.sleep(0)


class _TakingTurns(Generic[V]):
    """An awaitable that waits for its turn before it begins, and after each ``await``."""

    def __init__(self, awaitable: Awaitable[V], turns: _Turns) -> None:
        self._awaitable = awaitable
        self._turns = turns

    def __await__(self) -> Generator[Any, Any, V]:
        steps: Any = self._awaitable.__await__()
        error: BaseException | None = None
        while True:
            try:
                if error is None:
                    yield from self._turns.wait()
            except BaseException as cancelled:
                error = cancelled
            try:
                pending = steps.send(None) if error is None else steps.throw(error)
            except StopIteration as end:
                result: V = end.value
                return result
            error = None
            try:
                yield pending
            except BaseException as raised:
                error = raised


def _is_cancelled() -> bool:
    task = asyncio.current_task()
    return task is not None and task.cancelling() > 0
