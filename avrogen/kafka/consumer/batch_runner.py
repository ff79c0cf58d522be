"""Runner of batches, without I/O: it yields effects, which the drivers of both kinds perform.

A batch has messages of several partition queues. It is handled when it is full, or when its first
message has waited long enough. If the handler fails permanently, the messages are handled one by
one, so that only those at fault are dead-lettered.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Generic, TypeVar, cast

from avrogen.kafka.consumer.error_handler import PassedMessage
from avrogen.kafka.consumer.error_policy import Outage, RetryIn
from avrogen.kafka.consumer.fetch_buffer import PartitionQueue
from avrogen.kafka.consumer.message_reader import MessageUnreadable, SkippedMessage
from avrogen.kafka.consumer.runner_core import (
    CallFunction,
    Effects,
    Lease,
    RunnerCore,
    WaitForQueue,
)

if TYPE_CHECKING:
    from avrogen.kafka.consumer.fetch_buffer import RawPartitionQueue
    from avrogen.kafka.consumer.message_source import RunnerSession
    from avrogen.kafka.message import Message

__all__ = ["Batch", "BatchLimits", "BatchPartition", "BatchRunner"]

K = TypeVar("K")
V = TypeVar("V")


@dataclass(frozen=True, slots=True)
class BatchLimits:
    """Limits of a batch.

    Attributes:
        max_records: most messages of a batch.
        max_wait: seconds that the first message waits for others.

    Raises:
        ValueError: a limit allows no message, or no end.
    """

    max_records: int
    max_wait: float

    def __post_init__(self) -> None:
        if self.max_records < 1:
            raise ValueError(f"max_records must be at least 1, got {self.max_records}")
        if not 0 <= self.max_wait < float("inf"):
            raise ValueError(f"max_wait must be finite and not negative, got {self.max_wait}")


@dataclass(slots=True, eq=False)
class BatchPartition(Lease, Generic[K, V]):
    """The part of a batch that comes from one partition queue: messages from its front.

    Attributes:
        messages: the messages. Skipped ones are among them, but the first is none.
        complete: true if the next message cannot be part of this batch, as it is unreadable, or its
            schema is being fetched.
    """

    messages: list[Message[K, V] | SkippedMessage] = field(
        default_factory=list["Message[K, V] | SkippedMessage"]
    )
    complete: bool = False

    def to_handle(self) -> Sequence[Message[K, V]]:
        """Return the messages for the handler."""
        if SkippedMessage not in map(type, self.messages):
            return cast("list[Message[K, V]]", self.messages)
        return [message for message in self.messages if not isinstance(message, SkippedMessage)]

    @property
    def has_more(self) -> bool:
        """True if more messages of the queue can be added."""
        waiting = len(self.queue.messages) > self.queue.passed + len(self.messages)
        usable = self.backoff is None and not self.queue.yield_requested
        return waiting and usable and not self.complete


class Batch(Generic[K, V]):
    """A batch that is collected and handled.

    Args:
        limits: its limits.

    Attributes:
        partitions: its parts.
        deadline: time at which it is handled even if it is not full; None: it is empty.
    """

    def __init__(self, limits: BatchLimits) -> None:
        self.partitions: list[BatchPartition[K, V]] = []
        self.deadline: float | None = None
        self._limits = limits

    @property
    def messages(self) -> list[Message[K, V]]:
        """All messages for the handler, by partition."""
        messages: list[Message[K, V]] = []
        for partition in self.partitions:
            messages += partition.to_handle()
        return messages

    @property
    def queues(self) -> list[RawPartitionQueue]:
        """The queues of its parts."""
        return [partition.queue for partition in self.partitions]

    def __len__(self) -> int:
        """Return the number of messages, skipped ones included."""
        return sum(len(partition.messages) for partition in self.partitions)

    @property
    def room(self) -> int:
        """Number of messages that can be added."""
        return self._limits.max_records - len(self)

    def needs_attention(self) -> bool:
        """True if there are messages to add, or queues to release."""
        return any(each.has_more or each.queue.yield_requested for each in self.partitions)

    def take_unneeded(self) -> list[BatchPartition[K, V]]:
        """Remove parts that have no messages, or whose queue is wanted back."""
        unneeded = [e for e in self.partitions if not e.messages or e.queue.yield_requested]
        self.partitions = [each for each in self.partitions if each not in unneeded]
        return unneeded

    def is_ready(self, now: float) -> bool:
        """Return true if it should be handled now; its wait begins with the first message."""
        if not self.partitions:
            self.deadline = None
            return False
        if self.deadline is None:
            self.deadline = now + self._limits.max_wait
        return now >= self.deadline or not self.room

    def retry_in(self, seconds: float, now: float) -> None:
        """Retry the whole batch later: all queues back off.

        The failure was counted for the first queue already.
        """
        for partition in self.partitions:
            partition.backoff = seconds
        for partition in self.partitions[1:]:
            partition.queue.failed(now)


class BatchRunner(RunnerCore[K, V]):
    """Acquires partition queues until there are enough messages, and handles these together.

    Args:
        session: an open consumer.
        handle: the user's handler, a coroutine function for asyncio.
        limits: limits of each batch.
    """

    def __init__(
        self,
        session: RunnerSession[K, V],
        handle: Callable[..., Any],
        limits: BatchLimits,
    ) -> None:
        super().__init__(session, handle)
        self.handle = handle
        self._limits = limits
        self.source.ensure_capacity(limits.max_records)

    def run(self) -> Effects[None]:
        """Handle batches until the consumer stops.

        Raises:
            ConsumeError: the consumer must not go on.
        """
        while (batch := (yield from self._collect())) is not None:
            with self.leased(batch.partitions):
                yield from self.handle_batch(batch)
                for partition in batch.partitions:
                    yield from self.settle(partition)

    def call(
        self, messages: list[Message[K, V]], queues: list[RawPartitionQueue]
    ) -> Effects[list[Message[K, V]]]:
        """Call the handler.

        Args:
            messages: messages of a batch.
            queues: the queues that they are from.

        Returns:
            The handled messages, of each partition the first ones.
        """
        yield CallFunction(self.handle, (messages,))
        return messages

    # --- collecting -------------------------------------------------------------------------------

    def _collect(self) -> Effects[Batch[K, V] | None]:
        """Return the next batch, whose queues are to be released; None: the consumer stops."""
        batch: Batch[K, V] = Batch(self._limits)
        source, clock = self.source, self.error_handler.clock
        try:
            while not batch.is_ready(clock()):
                queue: RawPartitionQueue | None
                queue = yield WaitForQueue(source, batch.deadline, batch.needs_attention)
                if queue is not None:
                    batch.partitions.append(BatchPartition(queue))
                if source.stopping:
                    self.release(batch.partitions)
                    return None
                yield from self._fill(batch)
                self.release(batch.take_unneeded())
        except BaseException:
            self.release(batch.partitions)
            raise
        return batch

    def _fill(self, batch: Batch[K, V]) -> Effects[None]:
        """Add the messages that the queues have now, as far as they can be read."""
        for partition in batch.partitions:
            queue = partition.queue
            while batch.room and partition.has_more:
                start = queue.passed + len(partition.messages)
                try:
                    messages = yield from self.decode(partition, start, batch.room)
                except MessageUnreadable as error:
                    if partition.messages:
                        partition.complete = True
                    else:
                        yield from self.recover(partition, error)
                else:
                    if messages and not partition.messages:
                        yield from self.settle(partition)
                    if partition.backoff is None:
                        yield from self._add(partition, messages)
                    elif partition.messages:
                        # Its next message waits for a schema: these need not.
                        partition.complete, partition.backoff = True, None
            yield from self.settle(partition)

    def _add(
        self, partition: BatchPartition[K, V], messages: list[Message[K, V] | SkippedMessage]
    ) -> Effects[None]:
        """Add messages up to one that is settled, and leave out those at the front that are."""
        queue = partition.queue
        if not queue.settled:
            partition.messages += messages
            messages = []
        for message in messages:
            if message.offset in queue.settled:
                yield from self.skip_first(partition)
                if partition.backoff is not None:
                    return
                if partition.messages:
                    partition.complete = True
                    return
                queue.settled.discard(message.offset)
                queue.done(message.offset)
            else:
                partition.messages.append(message)
        yield from self.skip_first(partition)

    def skip_first(self, partition: BatchPartition[K, V]) -> Effects[None]:
        """Skip the messages in front of the first that is for the handler."""
        messages = partition.messages
        skipped: list[SkippedMessage] = []
        for message in messages:
            if not isinstance(message, SkippedMessage):
                break
            skipped.append(message)
        if skipped and len(skipped) == len(messages):
            yield from self.before_skipping(partition, messages[-1].offset + 1)
        if partition.backoff is None:
            for each in skipped:
                self.skip(partition, each)
        del messages[: len(skipped)]

    def before_skipping(self, partition: BatchPartition[K, V], end: int) -> Effects[None]:
        """Prepare for skipping all messages up to an offset, none of which is for the handler.

        Args:
            partition: the partition. If its backoff is set, they are not skipped now.
            end: the offset.
        """
        yield from ()

    # --- handling ---------------------------------------------------------------------------------

    def handle_batch(self, batch: Batch[K, V]) -> Effects[None]:
        """Handle a batch that is collected."""
        messages = batch.messages
        for partition in batch.partitions:
            self.error_handler.received(partition.queue, partition.messages)
        try:
            with self.error_handler.observation(messages):
                handled = yield from self.call(messages, batch.queues)
        except Exception as error:
            yield from self._recover_batch(batch, error)
        else:
            for partition, end in zip(batch.partitions, self.ends(batch, handled), strict=True):
                partition.queue.dead_letters_in_a_row = 0
                if self._done_together(partition, end):
                    continue
                for message in partition.messages:
                    if message.offset > end:
                        break
                    if isinstance(message, SkippedMessage):
                        self.skip(partition, message)
                    else:
                        self.error_handler.done(partition.queue, message.offset)

    def _done_together(self, partition: BatchPartition[K, V], end: int) -> bool:
        """Count all messages of a part as handled; False: not all are, or they go one by one."""
        messages, queue = partition.messages, partition.queue
        if type(queue) is not PartitionQueue or queue.settled or queue.passed:
            return False
        if not messages or messages[-1].offset != end or SkippedMessage in map(type, messages):
            return False
        queue.done_together(len(messages), end)
        self.error_handler.counts.consumed += len(messages)
        return True

    def ends(self, batch: Batch[K, V], handled: Sequence[Message[K, V]]) -> list[int]:
        """Return the offset of the last handled message of each part; -1: there is none.

        Args:
            batch: the batch.
            handled: its handled messages.
        """
        if len(handled) == len(batch):  # so none is skipped
            return [partition.messages[-1].offset for partition in batch.partitions]
        ends = {message.partition: message.offset for message in handled}
        return [ends.get(partition.queue.partition, -1) for partition in batch.partitions]

    def _recover_batch(self, batch: Batch[K, V], error: Exception) -> Effects[None]:
        """Retry the batch later, or handle its messages one by one to find those at fault."""
        first = batch.partitions[0]
        message = first.messages[0]
        assert not isinstance(message, SkippedMessage), "these are skipped when they come first"
        failure = self.error_handler.classify(error)
        action = self.error_handler.decide(first.queue, failure, message)
        if isinstance(action, RetryIn):
            batch.retry_in(action.seconds, self.error_handler.clock())
        elif isinstance(failure, Outage) or len(batch.messages) == 1:
            recovery = self.error_handler.carry_out(
                first.queue, action, failure, message, self.handler
            )
            yield from self.carry_out(first, recovery)
        else:
            for partition in batch.partitions:
                yield from self._handle_one_by_one(partition)

    def _handle_one_by_one(self, partition: BatchPartition[K, V]) -> Effects[None]:
        queue = partition.queue
        for message in _without_last_skipped(partition.messages):
            if queue.yield_requested:
                return
            if isinstance(message, SkippedMessage):
                self.skip(partition, message)
                continue
            try:
                with self.error_handler.observation([message]):
                    yield from self.call([message], [queue])
            except Exception as error:
                yield from self.recover(partition, error, message)
            else:
                partition.passed.append(PassedMessage(message.offset, queue.pass_over()))
                yield from self.settle(partition)
            if partition.backoff is not None:
                return


def _without_last_skipped(
    messages: Sequence[Message[K, V] | SkippedMessage],
) -> Sequence[Message[K, V] | SkippedMessage]:
    """Return messages up to the last one for the handler.

    Those behind it stay in their queue, and come first in the next batch.
    """
    end = len(messages)
    while end and isinstance(messages[end - 1], SkippedMessage):
        end -= 1
    return messages[:end]
