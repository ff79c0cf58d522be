"""Handling messages by the batch, with asyncio."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Iterable
from time import monotonic
from typing import TYPE_CHECKING, TypeVar

from avrogen.kafka.aio.loop import AsyncLoop
from avrogen.kafka.aio.waking import Waking
from avrogen.kafka.consuming.batch import Batch, Part
from avrogen.kafka.consuming.failures import Outage, RetryIn
from avrogen.kafka.consuming.reading import ReadingFailed, SchemaUnknown
from avrogen.kafka.consuming.session import Session

if TYPE_CHECKING:
    from avrogen.kafka.message import Message

__all__ = ["AsyncBatchLoop"]

K = TypeVar("K")
V = TypeVar("V")


class AsyncBatchLoop(AsyncLoop[K, V]):
    """As :class:`avrogen.kafka.consuming.batching.BatchLoop`. There is one batch at a time."""

    def __init__(
        self,
        session: Session[K, V],
        waking: Waking,
        handler: object,
        *,
        max_records: int,
        max_wait: float,
    ) -> None:
        super().__init__(session, waking, handler)
        self._max_records = max_records
        self._max_wait = max_wait
        # A lane must be able to hold a batch.
        self.poller.intake.limit = max(self.poller.intake.limit, max_records)

    async def run_batches(self, handle: Callable[[list[Message[K, V]]], Awaitable[object]]) -> None:
        """Have batches handled until the consumer stops.

        Raises:
            ConsumeError: it must not go on.
        """
        while (batch := await self.collect()) is not None:
            started = monotonic()
            try:
                await self._handle(batch, handle)
            finally:
                self.handling.counts.handling_time += monotonic() - started
                self.give_back(batch.parts)

    # --- collecting -------------------------------------------------------------------------------

    async def collect(self) -> Batch[K, V] | None:
        """The next batch, whose lanes are to be given back; None: the consumer stops."""
        batch: Batch[K, V] = Batch(self._max_records, self._max_wait)
        try:
            while not batch.is_ready(self.handling.clock()):
                lane = await self.waking.wait(self.poller, batch.deadline, batch.wants_attention)
                if lane is not None:
                    batch.parts.append(Part(lane))
                if self.poller.stopping:
                    self.give_back(batch.parts)
                    return None
                for part, trouble in batch.fill(self.reader.read_ahead):
                    await self._deal_with(part, trouble)
                self.give_back(batch.release())
            return batch
        except BaseException:
            self.give_back(batch.parts)
            raise

    def give_back(self, parts: Iterable[Part[K, V]]) -> None:
        """Give lanes back."""
        for part in parts:
            self.poller.give_back(part.lane, rest=part.rest)

    async def _deal_with(self, part: Part[K, V], trouble: SchemaUnknown | ReadingFailed) -> None:
        try:
            if isinstance(trouble, ReadingFailed):
                raise trouble
            await self.learning.call(trouble.key, trouble.learn)
        except ReadingFailed as failed:
            if part.messages:
                part.complete = True
            else:
                part.rest = await self.failed(part.lane, failed)

    # --- handling ---------------------------------------------------------------------------------

    async def _handle(
        self, batch: Batch[K, V], handle: Callable[[list[Message[K, V]]], Awaitable[object]]
    ) -> None:
        messages = batch.messages
        for part in batch.parts:
            self.handling.received(part.lane, part.messages)
        try:
            with self.handling.observation(messages):
                await handle(messages)
        except Exception as error:
            await self._failed_together(batch, handle, error)
        else:
            for part in batch.parts:
                for message in part.messages:
                    self.handling.done(part.lane, message.offset)

    async def _failed_together(
        self,
        batch: Batch[K, V],
        handle: Callable[[list[Message[K, V]]], Awaitable[object]],
        error: Exception,
    ) -> None:
        """A batch comes again, or its messages do one by one, to see which of them is at fault."""
        first = batch.parts[0]
        message = first.messages[0]
        failure = self.handling.failure(error)
        step = self.handling.step(first.lane, failure, message)
        if isinstance(step, RetryIn):
            batch.rest(step.seconds, self.handling.clock())
        elif isinstance(failure, Outage) or len(batch) == 1:
            steps = self.handling.steps(first.lane, step, failure, message, self.handler)
            first.rest = await self.resolve(steps)
        else:
            for part in batch.parts:
                await self._handle_one_by_one(part, handle)

    async def _handle_one_by_one(
        self, part: Part[K, V], handle: Callable[[list[Message[K, V]]], Awaitable[object]]
    ) -> None:
        for message in part.messages:
            if part.lane.interrupted:
                return
            try:
                with self.handling.observation([message]):
                    await handle([message])
            except Exception as error:
                part.rest = await self.failed(part.lane, error, message)
                if part.rest is not None:
                    return
            else:
                self.handling.done(part.lane, message.offset)
