"""Handling messages in transactions, with asyncio."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from typing import TYPE_CHECKING, Any, Generic, TypeVar, cast

from avrogen.kafka.aio.batching import AsyncBatchLoop
from avrogen.kafka.aio.transactions import async_transaction
from avrogen.kafka.aio.waking import Waking
from avrogen.kafka.consuming.handling import DeadLetter
from avrogen.kafka.consuming.loop import current_messages, make_current
from avrogen.kafka.consuming.membership import TakenAway, membership, offsets_behind
from avrogen.kafka.consuming.session import Session

if TYPE_CHECKING:
    from avrogen.kafka.consuming.batch import Batch
    from avrogen.kafka.consuming.poller import RawLane
    from avrogen.kafka.message import Message
    from avrogen.kafka.producing.client import ProducerClient

__all__ = ["AsyncTransactionLoop"]

K = TypeVar("K")
V = TypeVar("V")


class AsyncTransactionLoop(Generic[K, V]):
    """As :class:`avrogen.kafka.consuming.exactly_once.TransactionLoop`."""

    def __init__(
        self,
        session: Session[K, V],
        waking: Waking,
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
        self._batches.poller.leave_offsets()
        with current_messages():
            while True:
                try:
                    await self._batches.run_batches(self._all)
                    return
                except TakenAway:
                    # The transaction was aborted. What is left of the batch comes again.
                    continue

    async def _all(self, messages: Sequence[Message[K, V]]) -> None:
        """Handle messages in a transaction, one after the other."""
        async with async_transaction(self._client) as transaction:
            for message in messages:
                make_current(message)
                await self._handle(message)
            offsets = offsets_behind(self._batches.poller, messages)
            lanes = self._batches.lanes_of(messages)
            member = await asyncio.wrap_future(membership(self._batches.poller, lanes))
            await transaction.send_offsets(offsets, member.group)


class _AsyncTransactionBatches(AsyncBatchLoop[K, V]):
    """Batches whose dead letters, too, are sent in transactions."""

    def __init__(
        self,
        session: Session[K, V],
        waking: Waking,
        client: ProducerClient,
        handler: object,
        *,
        max_records: int,
        max_wait: float,
    ) -> None:
        super().__init__(session, waking, handler, max_records=max_records, max_wait=max_wait)
        self._client = client
        self._lanes: dict[int, RawLane] = {}
        self.dead_letters = session.dead_letters_through(client.producer)

    async def collect(self) -> Batch[K, V] | None:
        batch = await super().collect()
        parts = [] if batch is None else batch.parts
        self._lanes = {part.lane.partition: part.lane for part in parts}
        return batch

    def lanes_of(self, messages: Sequence[Message[K, V]]) -> list[RawLane]:
        """The lanes of messages of the batch."""
        return [self._lanes[number] for number in {message.partition for message in messages}]

    async def send(self, letter: DeadLetter) -> None:
        async with async_transaction(self._client) as transaction:
            await super().send(letter)
            number, offset = cast("int", letter.raw.partition()), cast("int", letter.raw.offset())
            offsets: list[Any] = self.poller.partitions_at([(number, offset + 1)])
            member = await asyncio.wrap_future(membership(self.poller, [letter.lane]))
            await transaction.send_offsets(offsets, member.group)
