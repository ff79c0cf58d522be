"""Handling messages in transactions: what comes of them counts once, whatever happens.

Handling messages in transactions, with asyncio.

Offsets that are part of a transaction: of partitions that are the consumer's still.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Iterable, Sequence
from concurrent.futures import Future
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Generic, TypeVar, cast

from avrogen.kafka.consumer.async_runner import AsyncWakeup
from avrogen.kafka.consumer.batch_runner import AsyncBatchRunner, BatchRunner
from avrogen.kafka.consumer.consumer_client import partitions_at
from avrogen.kafka.consumer.consumer_poll_thread import ConsumerPollThread
from avrogen.kafka.consumer.error_handler import PendingDeadLetter
from avrogen.kafka.consumer.fetch_buffer import RawPartitionQueue
from avrogen.kafka.consumer.runner import current_messages, make_current
from avrogen.kafka.consumer.session import ConsumerSession
from avrogen.kafka.producer.async_producer import async_transaction

if TYPE_CHECKING:
    from avrogen.kafka.consumer.batch_runner import Batch
    from avrogen.kafka.message import Message
    from avrogen.kafka.observability.observer import AnyMessage
    from avrogen.kafka.producer.producer_client import ProducerClient

__all__ = [
    "AsyncTransactionRunner",
    "GroupMembership",
    "PartitionLost",
    "TransactionRunner",
    "group_membership",
    "offsets_behind",
]

K = TypeVar("K")
V = TypeVar("V")


class TransactionRunner(Generic[K, V]):
    """Takes a batch, handles its messages in a transaction, and commits their offsets with it.

    Args:
        session: an open consumer.
        client: whose transactions.
        handle: called with each message.
        max_records: messages of a transaction at most.
        max_wait: seconds that the first of them waits for others.
    """

    def __init__(
        self,
        session: ConsumerSession[K, V],
        client: ProducerClient,
        handle: Callable[[Message[K, V]], object],
        *,
        max_records: int,
        max_wait: float,
    ) -> None:
        self._client = client
        self._handle = handle
        self._batches = _TransactionBatches(
            session, client, handle, max_records=max_records, max_wait=max_wait
        )

    def run(self) -> None:
        """Handle messages until the consumer stops.

        Raises:
            ConsumeError: it must not go on.
        """
        self._batches.poll_thread.leave_offsets()
        with current_messages():
            while True:
                try:
                    self._batches.run_batches(self._all)
                    return
                except PartitionLost:
                    # The transaction was aborted. What is left of the batch comes again.
                    continue

    def _all(self, messages: Sequence[Message[K, V]]) -> None:
        """Handle messages in a transaction."""
        with self._client.transaction() as transaction:
            for message in messages:
                make_current(message)
                self._handle(message)
            offsets = offsets_behind(self._batches.poll_thread, messages)
            member = group_membership(
                self._batches.poll_thread, self._batches.lanes_of(messages)
            ).result()
            transaction.send_offsets(offsets, member.group)


class _TransactionBatches(BatchRunner[K, V]):
    """Batches whose dead letters, too, are sent in transactions."""

    def __init__(
        self,
        session: ConsumerSession[K, V],
        client: ProducerClient,
        handler: object,
        *,
        max_records: int,
        max_wait: float,
    ) -> None:
        super().__init__(session, handler, max_records=max_records, max_wait=max_wait)
        self._client = client
        self.poll_thread = session.source
        self._lanes: dict[int, RawPartitionQueue] = {}
        self.dead_letters = session.dead_letters_through(client.producer)

    def collect(self) -> Batch[K, V] | None:
        batch = super().collect()
        parts = [] if batch is None else batch.parts
        self._lanes = {part.lane.partition: part.lane for part in parts}
        return batch

    def lanes_of(self, messages: Sequence[Message[K, V]]) -> list[RawPartitionQueue]:
        """The lanes of messages of the batch."""
        return [self._lanes[number] for number in {message.partition for message in messages}]

    def send(self, letter: PendingDeadLetter) -> None:
        with self._client.transaction() as transaction:
            super().send(letter)
            number, offset = cast("int", letter.raw.partition()), cast("int", letter.raw.offset())
            offsets: list[Any] = partitions_at(self.poll_thread.topic, [(number, offset + 1)])
            member = group_membership(self.poll_thread, [letter.lane]).result()
            transaction.send_offsets(offsets, member.group)


class AsyncTransactionRunner(Generic[K, V]):
    """As :class:`avrogen.kafka.consumer.transaction_runner.TransactionRunner`."""

    def __init__(
        self,
        session: ConsumerSession[K, V],
        waking: AsyncWakeup,
        client: ProducerClient,
        handle: Callable[[Message[K, V]], Awaitable[object]],
        *,
        max_records: int,
        max_wait: float,
    ) -> None:
        self._client = client
        self._handle = handle
        self._batches = _AsyncTransactionBatches(
            session, waking, client, handle, max_records=max_records, max_wait=max_wait
        )

    async def run(self) -> None:
        """Handle messages until the consumer stops.

        Raises:
            ConsumeError: it must not go on.
        """
        self._batches.poll_thread.leave_offsets()
        with current_messages():
            while True:
                try:
                    await self._batches.run_batches(self._all)
                    return
                except PartitionLost:
                    # The transaction was aborted. What is left of the batch comes again.
                    continue

    async def _all(self, messages: Sequence[Message[K, V]]) -> None:
        """Handle messages in a transaction, one after the other."""
        async with async_transaction(self._client) as transaction:
            for message in messages:
                make_current(message)
                await self._handle(message)
            offsets = offsets_behind(self._batches.poll_thread, messages)
            lanes = self._batches.lanes_of(messages)
            member = await asyncio.wrap_future(group_membership(self._batches.poll_thread, lanes))
            await transaction.send_offsets(offsets, member.group)


class _AsyncTransactionBatches(AsyncBatchRunner[K, V]):
    """Batches whose dead letters, too, are sent in transactions."""

    def __init__(
        self,
        session: ConsumerSession[K, V],
        waking: AsyncWakeup,
        client: ProducerClient,
        handler: object,
        *,
        max_records: int,
        max_wait: float,
    ) -> None:
        super().__init__(session, waking, handler, max_records=max_records, max_wait=max_wait)
        self._client = client
        self.poll_thread = session.source
        self._lanes: dict[int, RawPartitionQueue] = {}
        self.dead_letters = session.dead_letters_through(client.producer)

    async def collect(self) -> Batch[K, V] | None:
        batch = await super().collect()
        parts = [] if batch is None else batch.parts
        self._lanes = {part.lane.partition: part.lane for part in parts}
        return batch

    def lanes_of(self, messages: Sequence[Message[K, V]]) -> list[RawPartitionQueue]:
        """The lanes of messages of the batch."""
        return [self._lanes[number] for number in {message.partition for message in messages}]

    async def send(self, letter: PendingDeadLetter) -> None:
        async with async_transaction(self._client) as transaction:
            await super().send(letter)
            number, offset = cast("int", letter.raw.partition()), cast("int", letter.raw.offset())
            offsets: list[Any] = partitions_at(self.poll_thread.topic, [(number, offset + 1)])
            member = await asyncio.wrap_future(group_membership(self.poll_thread, [letter.lane]))
            await transaction.send_offsets(offsets, member.group)


class PartitionLost(BaseException):
    """A partition is somebody else's by now: what was done for it must not be committed.

    It is no Exception, as it is no failure of a message.
    """


@dataclass(frozen=True, slots=True)
class GroupMembership:
    """Who commits.

    Attributes:
        group: what brokers know the member by, and the generation that it is of. When there is
            another generation by the time it comes to them, they refuse.
    """

    group: Any


def group_membership(
    poller: ConsumerPollThread, lanes: Iterable[RawPartitionQueue]
) -> Future[GroupMembership]:
    """Who commits offsets of these lanes.

    It is found out between two polls: a rebalance comes before or after it. The generation alone
    would not do, as a member of the next one may have lost a partition with it.

    Returns:
        That. It raises TakenAway.
    """
    held = list(lanes)

    def find_out() -> GroupMembership:
        if any(lane.lost for lane in held):
            raise PartitionLost
        return GroupMembership(poller.client.consumer_group_metadata())

    return poller.call(find_out)


def offsets_behind(poller: ConsumerPollThread, messages: Sequence[AnyMessage]) -> list[Any]:
    """The offsets behind messages, as the client has them. Those of a partition are in order."""
    ends = {message.partition: message.offset + 1 for message in messages}
    return partitions_at(poller.topic, ends.items())
