"""Runner of transactions (exactly once), without I/O: batches, each handled in a transaction.

The offsets of the messages are committed in the transaction in which the handler sends. They are
taken with the group's metadata of a moment at which all partitions are still assigned; if one was
lost, the transaction is aborted, and what is left of the batch is consumed again.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from concurrent.futures import Future
from typing import TYPE_CHECKING, Any, TypeVar, cast

from avrogen.errors import TransactionError
from avrogen.kafka.consumer.batch_runner import BatchLimits, BatchRunner
from avrogen.kafka.consumer.consumer_client import partitions_at
from avrogen.kafka.consumer.error_handler import PendingDeadLetter
from avrogen.kafka.consumer.runner_core import (
    CallFunction,
    Effects,
    FutureResult,
    InTransaction,
    current_messages,
    make_current,
)
from avrogen.kafka.consumer.session import ConsumerSession

if TYPE_CHECKING:
    from avrogen.kafka.consumer.consumer_poll_thread import ConsumerPollThread
    from avrogen.kafka.consumer.fetch_buffer import RawPartitionQueue
    from avrogen.kafka.message import Message
    from avrogen.kafka.producer.producer_client import ProducerClient

__all__ = ["PartitionLost", "TransactionRunner", "group_metadata", "transactional_client"]

K = TypeVar("K")
V = TypeVar("V")


class TransactionRunner(BatchRunner[K, V]):
    """Handles the messages of each batch one by one in a transaction, and commits them with it.

    Args:
        session: an open consumer.
        handle: the user's handler, which is called with each message.
        client: client of the producer that has the transactions.
        limits: limits of each transaction.
    """

    passes_dead_letters = False  # each is sent in a transaction

    def __init__(
        self,
        session: ConsumerSession[K, V],
        handle: Callable[..., Any],
        client: ProducerClient,
        limits: BatchLimits,
    ) -> None:
        super().__init__(session, handle, limits)
        self._client = client
        self.dead_letters = session.dead_letters_through(client.producer)
        self._poll_thread = session.source

    def run(self) -> Effects[None]:
        """Handle transactions until the consumer stops.

        Raises:
            ConsumeError: the consumer must not go on.
        """
        self._poll_thread.leave_offsets()
        with current_messages():
            while True:
                try:
                    yield from super().run()
                    return
                except PartitionLost:
                    # The transaction was aborted. What is left of the batch comes again.
                    continue

    def call(self, messages: list[Message[K, V]], queues: list[RawPartitionQueue]) -> Effects[None]:
        """Call the handler with each message in a transaction."""

        def body(transaction: Any) -> Effects[None]:
            for message in messages:
                make_current(message)
                yield CallFunction(self.handle, (message,))
            ends = {message.partition: message.offset + 1 for message in messages}
            yield from self._send_offsets(transaction, ends, queues)

        yield InTransaction(self._client, body)

    def send(self, dead_letter: PendingDeadLetter) -> Effects[None]:
        """Send a record to the dead-letter topic in a transaction, with its offset."""
        send = super().send

        def body(transaction: Any) -> Effects[None]:
            yield from send(dead_letter)
            raw = dead_letter.raw
            ends = {cast("int", raw.partition()): cast("int", raw.offset()) + 1}
            yield from self._send_offsets(transaction, ends, [dead_letter.queue])

        yield InTransaction(self._client, body)

    def _send_offsets(
        self, transaction: Any, ends: dict[int, int], queues: Iterable[RawPartitionQueue]
    ) -> Effects[None]:
        offsets = partitions_at(self._poll_thread.topic, ends.items())
        group = yield FutureResult(group_metadata(self._poll_thread, queues))
        yield CallFunction(transaction.send_offsets, (offsets, group))


class PartitionLost(BaseException):
    """A partition was lost: what was done for it must not be committed.

    It is not an Exception, as no message has failed.
    """


def group_metadata(
    poll_thread: ConsumerPollThread, queues: Iterable[RawPartitionQueue]
) -> Future[Any]:
    """Return the consumer group's metadata, with which offsets of these queues are committed.

    It holds the member's generation: brokers refuse it once the group has a newer one. As a member
    of the newer one may have lost a partition with it, it is taken between two polls, so that a
    rebalance comes before or after.

    Raises:
        PartitionLost: in the future: one of the queues was lost.
    """
    wanted = list(queues)

    def metadata() -> Any:
        if any(queue.lost for queue in wanted):
            raise PartitionLost
        return poll_thread.client.consumer_group_metadata()

    return poll_thread.call(metadata)


def transactional_client(producer: Any) -> ProducerClient:
    """Return the client of a producer that has transactions.

    Args:
        producer: a typed producer, or the client itself.

    Raises:
        TransactionError: it has no ``transactional.id``.
    """
    client: ProducerClient = producer if hasattr(producer, "producer") else producer.client
    if client.transactions is None:
        raise TransactionError(
            'the producer has no "transactional.id"; transactions need one in its configuration'
        )
    return client
