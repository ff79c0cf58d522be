"""Runner of coroutine functions at the same time, in order by key."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from contextlib import suppress
from typing import TYPE_CHECKING, Any, Final, TypeVar, cast

from avrogen.errors import ClosedError
from avrogen.kafka.consumer.async_runner import (
    AsyncDriver,
    call_async_handler,
    cancel_all,
    check_async_handler,
)
from avrogen.kafka.consumer.concurrent_core import (
    ConcurrentCore,
    RawKeyQueue,
    RawPartitionRun,
)
from avrogen.kafka.consumer.key_scheduler import PartitionRun
from avrogen.kafka.consumer.runner_core import Lease

if TYPE_CHECKING:
    from avrogen.kafka.consumer.key_scheduler import ConcurrencyLimits
    from avrogen.kafka.consumer.message_source import QueueWaiter, RunnerSession
    from avrogen.kafka.message import Message

__all__ = ["AsyncConcurrentRunner"]

K = TypeVar("K")
V = TypeVar("V")

_IN_A_ROW: Final = 50
"""Messages that a task handles before the event loop's other work has its turn, if none waits."""


class AsyncConcurrentRunner(ConcurrentCore[K, V]):
    """Handles messages in tasks, as many at a time as there are slots.

    A task handles messages one after the other, as long as there are any: no task is made for a
    message that waits. Handlers that do not wait are called in runs. As soon as one waits, the
    event loop gets on, and other tasks handle what is behind its message.

    Args:
        session: an open consumer.
        wakeup: wakes the runner when a queue may be ready.
        handler: the user's handler, named in the headers of dead-lettered records.
        limits: limits of handling concurrently.
    """

    def __init__(
        self,
        session: RunnerSession[K, V],
        wakeup: QueueWaiter,
        handler: object,
        limits: ConcurrencyLimits,
    ) -> None:
        super().__init__(session, handler, limits)
        self.driver = AsyncDriver(wakeup)
        self._wakeup = wakeup
        self._ending = False
        self._retry_set = False
        self._yielding = 0  # tasks that give way to the event loop's other work
        self._watching = False

    async def run(self, handle: Callable[[Message[K, V]], Awaitable[object]]) -> None:
        """Handle messages until the consumer stops.

        Raises:
            HandlerTypeError: the handler is a plain function or a generator function.
            ConsumeError: the consumer must not go on.
        """
        check_async_handler(handle)
        self._handle = handle
        self._runner = asyncio.current_task()
        self._loop = asyncio.get_running_loop()
        tasks: set[asyncio.Task[None]] = set()
        self.source.watch(self.scheduler)
        try:
            with suppress(ClosedError):  # the source raises its failure, or stops
                await asyncio.wrap_future(self.source.recall())
            await self._acquire_queues(tasks)
            if tasks:
                await asyncio.wait(tasks, timeout=self.grace)
        finally:
            self._ending = True
            await cancel_all(tasks)
            self.release_all()
            self.source.watch(None)
        self.raise_failure()

    async def _acquire_queues(self, tasks: set[asyncio.Task[None]]) -> None:
        """Acquire queues and start tasks, until the consumer stops or has failed."""
        until: float | None = None
        while True:
            queue = await self._wakeup.wait(self.source, until, self._is_needed)
            self._retry_set = False
            if queue is not None:
                self.scheduler.add(queue)
            if self.failures or self.source.stopping:
                return
            self.attend()
            while not self._yielding and (work := self.next_work()) is not None:
                task = asyncio.create_task(self._handle_messages(work))
                tasks.add(task)
                task.add_done_callback(tasks.discard)
            if not self._yielding:
                self.refill()
            until = self.next_event()

    def _is_needed(self) -> bool:
        return self._retry_set or self.needs_attention()

    def gets_on(self, now: float) -> bool:
        """Return true if a task that gives way goes on soon, and takes messages by itself."""
        return self._yielding > 0

    def next_work(self) -> Any:
        """Return what a task should do next: rather a run, until a handler waits."""
        return self.next_quick_work() or self.next_key_queue()

    async def _handle_messages(self, first: Any) -> None:
        """Do what :meth:`next_work` has returned, and more as long as there is any."""
        work = first
        count = 0
        while work is not None:
            self._watch()
            try:
                await self.perform_work(work)
            except asyncio.CancelledError:
                raise
            except BaseException as error:
                # Others than Exception as well: nothing else would tell of them.
                self.failures.append(error)
                self._wakeup.wake()
            count += len(work.messages) if isinstance(work, PartitionRun) else 1
            if count >= _IN_A_ROW:
                count = 0
                await self._give_way()
            work = self.next_work()
        if self.next_event() is not None or not self.scheduler.in_flight:
            self._wake()

    async def _give_way(self) -> None:
        """Let the event loop's other work have its turn."""
        self._yielding += 1
        try:
            await asyncio.sleep(0)
        finally:
            self._yielding -= 1

    def _watch(self) -> None:
        """Look at what is in flight as soon as the event loop gets on."""
        if not self._watching:
            self._watching = True
            self._loop.call_soon(self._look)

    def _look(self) -> None:
        """Have others handle what is behind messages in flight: their handlers wait."""
        self._watching = False
        scheduler = self.scheduler
        runs = scheduler.runs()
        for run in runs:
            scheduler.split(run)
        if runs or (scheduler.ready and scheduler.in_flight < scheduler.limits.slots):
            self._wake()

    def _wake(self) -> None:
        """Start tasks for what has become ready."""
        self._retry_set = True
        self._wakeup.wake()

    async def perform_work(self, work: Any) -> None:
        """Handle the first message of a key queue, or a run."""
        if isinstance(work, PartitionRun):
            await self._handle_run(cast("RawPartitionRun", work))
            return
        keys: RawKeyQueue = work
        lease, started = Lease(keys), self.error_handler.clock()
        try:
            messages = keys.first_decoded() or await self.driver.drive(self.read(lease, 1))
            for message in self.in_order(lease, messages):
                try:
                    with self.error_handler.observation([message]):
                        await call_async_handler(self._handle, message, cancelled=self._is_ending)
                except Exception as error:
                    await self.driver.drive(self.recover(lease, error, message))
        finally:
            self.end(keys, lease, started)

    async def _handle_run(self, run: RawPartitionRun) -> None:
        """Handle messages of a run, until one fails or its handler waits."""
        lease, started = Lease(run.owner.queue), self.error_handler.clock()
        try:
            for message in self.in_order(lease, run.messages):
                if self.ends_early(run):
                    break
                error: Exception | None = None
                try:
                    with self.error_handler.observation([message]):
                        await call_async_handler(self._handle, message, cancelled=self._is_ending)
                except Exception as raised:
                    error = raised
                if error is None and run.split_off is None:
                    continue
                keys = run.split_off or self.scheduler.split(run)
                lease = Lease(keys)
                for _ in self.in_order(lease, [message]):
                    if error is not None:
                        await self.driver.drive(self.recover(lease, error, message))
                break
        finally:
            self.end_run(run, lease, started)

    def _is_ending(self) -> bool:
        return self._ending or (self._runner is not None and self._runner.cancelling() > 0)
