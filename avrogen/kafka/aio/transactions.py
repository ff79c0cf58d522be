"""Transactions for asyncio: the calls block, so each runs in a thread."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, Sequence
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING, Any

from avrogen.kafka.aio.threads import completed, nothing
from avrogen.kafka.producing.transaction_block import TransactionBlock

if TYPE_CHECKING:
    from confluent_kafka import TopicPartition

    from avrogen.kafka.producing.client import ProducerClient
    from avrogen.kafka.producing.transactions import Transactions

__all__ = ["AsyncTransaction", "async_transaction"]


class AsyncTransaction:
    """What else can be part of a transaction."""

    def __init__(self, calls: Transactions) -> None:
        self._calls = calls

    async def send_offsets(self, offsets: Sequence[TopicPartition], group: Any) -> None:
        """See :meth:`Transactions.send_offsets`."""
        await completed(self._calls.send_offsets, nothing, offsets, group)


@asynccontextmanager
async def async_transaction(client: ProducerClient) -> AsyncGenerator[AsyncTransaction]:
    """See :meth:`ProducerClient.transaction`. A cancellation aborts as any other exception does."""
    block = TransactionBlock(client)

    def end_at_once(calls: Transactions) -> None:
        block.give_up(asyncio.CancelledError())

    calls = await completed(block.begin, end_at_once)
    try:
        yield AsyncTransaction(calls)
        await completed(block.commit, nothing)
    except BaseException as error:
        fatal = await completed(block.give_up, nothing, error)
        if fatal is not None and isinstance(error, Exception):
            raise fatal from error
        raise
