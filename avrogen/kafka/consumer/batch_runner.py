"""A batch that is being put together, of messages from several lanes. It waits for nothing.

Handling messages by the batch, in the thread of the caller.

Handling messages by the batch, with asyncio.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Awaitable, Callable, Iterable, Iterator
from dataclasses import dataclass, field
from time import monotonic
from typing import TYPE_CHECKING, Generic, TypeVar

from avrogen.kafka.consumer.async_runner import AsyncMessageRunner
from avrogen.kafka.consumer.error_policy import Outage, RetryIn
from avrogen.kafka.consumer.message_reader import MessageUnreadable, SchemaNotCached
from avrogen.kafka.consumer.runner import MessageRunner

if TYPE_CHECKING:
    from confluent_kafka import Message as RawMessage

    from avrogen.kafka.consumer.fetch_buffer import RawPartitionQueue
    from avrogen.kafka.consumer.message_source import QueueWaiter, RunnerSession
    from avrogen.kafka.message import Message

__all__ = ["AsyncBatchRunner", "Batch", "BatchPartition", "BatchRunner"]

K = TypeVar("K")
V = TypeVar("V")


@dataclass(slots=True, eq=False)
class BatchPartition(Generic[K, V]):
    """What a batch has of one lane: the first of what waits there.

    Attributes:
        lane: the lane, which is taken.
        messages: its messages in the batch.
        complete: whether what follows them must not be in the same batch, as it cannot be read.
        rest: seconds that the lane has to rest when it is given back.
    """

    lane: RawPartitionQueue
    messages: list[Message[K, V]] = field(default_factory=list["Message[K, V]"])
    complete: bool = False
    rest: float | None = None

    @property
    def open(self) -> bool:
        """Whether there is more that can be added."""
        more = len(self.lane.messages) > len(self.messages)
        return more and not self.complete and self.rest is None and not self.lane.yield_requested


class Batch(Generic[K, V]):
    """Parts of several lanes.

    Args:
        max_records: messages at most.
        max_wait: seconds that the first message waits for others.
    """

    def __init__(self, max_records: int, max_wait: float) -> None:
        self.parts: list[BatchPartition[K, V]] = []
        self._max_records = max_records
        self._max_wait = max_wait
        self.deadline: float | None = None
        """When it is handled at the latest; None: there is nothing to handle."""

    @property
    def messages(self) -> list[Message[K, V]]:
        """All messages, by lane."""
        return [message for part in self.parts for message in part.messages]

    def __len__(self) -> int:
        return sum(len(part.messages) for part in self.parts)

    def wants_attention(self) -> bool:
        """Whether there is something to add, or a lane to give back."""
        return any(part.open or part.lane.yield_requested for part in self.parts)

    def fill(
        self, read: Callable[[deque[RawMessage], int, int], list[Message[K, V]]]
    ) -> Iterator[tuple[BatchPartition[K, V], SchemaNotCached | MessageUnreadable]]:
        """Add what waits in the lanes.

        Args:
            read: decodes messages, see :meth:`MessageReader.read_ahead`.

        Yields:
            A part and what keeps its next message from being read. It is dealt with before the
            iteration goes on: the schema is learnt, the message done with, or the part's lane is
            made to rest.
        """
        room = self._max_records - len(self)
        for part in self.parts:
            while room and part.open:
                try:
                    messages = read(part.lane.messages, len(part.messages), room)
                    part.messages += messages
                    room -= len(messages)
                except SchemaNotCached as unknown:
                    yield part, unknown
                except MessageUnreadable as failed:
                    if part.messages:
                        part.complete = True
                    else:
                        yield part, failed

    def release(self) -> list[BatchPartition[K, V]]:
        """Let go of lanes that have nothing for this batch, or are wanted elsewhere."""
        released = [each for each in self.parts if not each.messages or each.lane.yield_requested]
        self.parts = [each for each in self.parts if each not in released]
        return released

    def is_ready(self, now: float) -> bool:
        """Whether it is to be handled now; it begins to wait with its first message."""
        if not self.parts:
            self.deadline = None
            return False
        if self.deadline is None:
            self.deadline = now + self._max_wait
        return now >= self.deadline or len(self) == self._max_records

    def rest(self, seconds: float, now: float) -> None:
        """It failed, and comes again after so many seconds: all lanes rest.

        The first lane has been told of the failure already.
        """
        for part in self.parts:
            part.rest = seconds
        for part in self.parts[1:]:
            part.lane.failed(now)


class BatchRunner(MessageRunner[K, V]):
    """Takes lanes until there are enough messages, and has them handled together.

    Args:
        session: an open consumer.
        handler: what the messages are handled by, for dead letters to name it.
        max_records: messages of a batch at most.
        max_wait: seconds that the first message of a batch waits for others.
    """

    def __init__(
        self, session: RunnerSession[K, V], handler: object, *, max_records: int, max_wait: float
    ) -> None:
        super().__init__(session, handler)
        self._max_records = max_records
        self._max_wait = max_wait
        # A lane must be able to hold a batch.
        self.source.ensure_capacity(max_records)

    def run_batches(self, handle: Callable[[list[Message[K, V]]], object]) -> None:
        """Have batches handled until the consumer stops.

        Raises:
            ConsumeError: it must not go on.
        """
        while (batch := self.collect()) is not None:
            started = monotonic()
            try:
                self._handle(batch, handle)
            finally:
                self.handling.counts.handling_time += monotonic() - started
                self.give_back(batch.parts)

    # --- collecting -------------------------------------------------------------------------------

    def collect(self) -> Batch[K, V] | None:
        """The next batch, whose lanes are to be given back; None: the consumer stops."""
        batch: Batch[K, V] = Batch(self._max_records, self._max_wait)
        try:
            while not batch.is_ready(self.handling.clock()):
                lane = self.source.wait(batch.deadline, batch.wants_attention)
                if lane is not None:
                    batch.parts.append(BatchPartition(lane))
                if self.source.stopping:
                    self.give_back(batch.parts)
                    return None
                for part, trouble in batch.fill(self.reader.read_ahead):
                    self._deal_with(part, trouble)
                self.give_back(batch.release())
            return batch
        except BaseException:
            self.give_back(batch.parts)
            raise

    def give_back(self, parts: Iterable[BatchPartition[K, V]]) -> None:
        """Give lanes back."""
        for part in parts:
            self.source.release(part.lane, backoff=part.rest)

    def _deal_with(
        self, part: BatchPartition[K, V], trouble: SchemaNotCached | MessageUnreadable
    ) -> None:
        try:
            if isinstance(trouble, MessageUnreadable):
                raise trouble
            trouble.learn()
        except MessageUnreadable as failed:
            if part.messages:
                part.complete = True
            else:
                part.rest = self.failed(part.lane, failed)

    # --- handling ---------------------------------------------------------------------------------

    def _handle(self, batch: Batch[K, V], handle: Callable[[list[Message[K, V]]], object]) -> None:
        messages = batch.messages
        for part in batch.parts:
            self.handling.received(part.lane, part.messages)
        try:
            with self.handling.observation(messages):
                handle(messages)
        except Exception as error:
            self._failed_together(batch, handle, error)
        else:
            for part in batch.parts:
                for message in part.messages:
                    self.handling.done(part.lane, message.offset)

    def _failed_together(
        self,
        batch: Batch[K, V],
        handle: Callable[[list[Message[K, V]]], object],
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
            first.rest = self.resolve(steps)
        else:
            for part in batch.parts:
                self._handle_one_by_one(part, handle)

    def _handle_one_by_one(
        self, part: BatchPartition[K, V], handle: Callable[[list[Message[K, V]]], object]
    ) -> None:
        for message in part.messages:
            if part.lane.yield_requested:
                return
            try:
                with self.handling.observation([message]):
                    handle([message])
            except Exception as error:
                part.rest = self.failed(part.lane, error, message)
                if part.rest is not None:
                    return
            else:
                self.handling.done(part.lane, message.offset)


class AsyncBatchRunner(AsyncMessageRunner[K, V]):
    """As :class:`avrogen.kafka.consumer.batch_runner.BatchRunner`. There is one batch at a time."""

    def __init__(
        self,
        session: RunnerSession[K, V],
        waking: QueueWaiter,
        handler: object,
        *,
        max_records: int,
        max_wait: float,
    ) -> None:
        super().__init__(session, waking, handler)
        self._max_records = max_records
        self._max_wait = max_wait
        # A lane must be able to hold a batch.
        self.source.ensure_capacity(max_records)

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
                lane = await self.waking.wait(self.source, batch.deadline, batch.wants_attention)
                if lane is not None:
                    batch.parts.append(BatchPartition(lane))
                if self.source.stopping:
                    self.give_back(batch.parts)
                    return None
                for part, trouble in batch.fill(self.reader.read_ahead):
                    await self._deal_with(part, trouble)
                self.give_back(batch.release())
            return batch
        except BaseException:
            self.give_back(batch.parts)
            raise

    def give_back(self, parts: Iterable[BatchPartition[K, V]]) -> None:
        """Give lanes back."""
        for part in parts:
            self.source.release(part.lane, backoff=part.rest)

    async def _deal_with(
        self, part: BatchPartition[K, V], trouble: SchemaNotCached | MessageUnreadable
    ) -> None:
        try:
            if isinstance(trouble, MessageUnreadable):
                raise trouble
            await self.learning.call(trouble.key, trouble.learn)
        except MessageUnreadable as failed:
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
        self, part: BatchPartition[K, V], handle: Callable[[list[Message[K, V]]], Awaitable[object]]
    ) -> None:
        for message in part.messages:
            if part.lane.yield_requested:
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
