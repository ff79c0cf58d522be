"""Runner of transactions (exactly once), without I/O: batches, each handled in a transaction.

The offsets of the messages are committed in the transaction in which the handler sends. They are
taken with the group's metadata of a moment at which all partitions are still assigned; if one was
lost, the transaction is aborted, and what is left of the batch is consumed again.

A transaction is committed early, with part of its batch, when half of ``transaction.timeout.ms`` is
used: the coordinator aborts what is open for longer.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterable, Mapping, Sequence
from concurrent.futures import Future
from typing import TYPE_CHECKING, Any, Final, TypeVar, cast

from avrogen.errors import DeliveryError, TransactionError
from avrogen.kafka.checked_access import error_text
from avrogen.kafka.consumer.batch_runner import BatchLimits, BatchPartition, BatchRunner
from avrogen.kafka.consumer.consumer_client import partitions_at, partitions_of
from avrogen.kafka.consumer.error_handler import PendingDeadLetter
from avrogen.kafka.consumer.error_policy import Outage
from avrogen.kafka.consumer.runner_core import (
    BlockingCall,
    CallFunction,
    Effects,
    FutureResult,
    InTransaction,
    current_messages,
    make_current,
)
from avrogen.kafka.consumer.session import ConsumerSession
from avrogen.kafka.observability.logs import log_event
from avrogen.kafka.producer.transactions import TransactionOverdue

if TYPE_CHECKING:
    from avrogen.kafka.consumer.consumer_poll_thread import ConsumerPollThread
    from avrogen.kafka.consumer.fetch_buffer import RawPartitionQueue
    from avrogen.kafka.message import Message
    from avrogen.kafka.producer.producer_client import ProducerClient

__all__ = [
    "PartitionLost",
    "TransactionRunner",
    "group_metadata",
    "refuse_concurrency",
    "transactional_client",
]

K = TypeVar("K")
V = TypeVar("V")

_COMMITTED_TIMEOUT: Final = 10.0


def refuse_concurrency(slots: int) -> None:
    """Raise if messages of a transaction are to be handled at the same time.

    Raises:
        ValueError: there are several slots.
    """
    if slots != 1:
        raise ValueError(
            f"run_transactional() handles messages one after the other, got concurrency={slots}: "
            "a transaction has the offsets of all its messages or of none, and sends of its "
            "producer have one order; use run(..., concurrency=...) and at-least-once handling, or "
            "more members"
        )


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
        self._lifetime = client.require_transactions().lifetime
        self._dead_letters_through = session.dead_letters_through
        self._sends_through: object = None
        self._poll_thread = session.source
        self._unknown: set[RawPartitionQueue] = set()
        self._ends: dict[RawPartitionQueue, int] = {}

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

    def call(
        self, messages: list[Message[K, V]], queues: list[RawPartitionQueue]
    ) -> Effects[list[Message[K, V]]]:
        """Call the handler with messages in a transaction, as many as there is time for.

        Returns:
            The handled messages: those of the transaction; or those of an earlier one that turns
            out to have been committed.
        """
        ends = yield from self._committed(queues)
        done = [each for each in messages if each.offset < ends.get(each.partition, 0)]
        if done:
            return done
        slowest = 0.0

        def body(transaction: Any) -> Effects[None]:
            nonlocal slowest
            clock = self.error_handler.clock
            last = begun = clock()
            for message in messages:
                make_current(message)
                yield CallFunction(self.handle, (message,))
                done.append(message)
                now = clock()
                slowest, last = max(slowest, now - last), now
                # The other half of the time is for one more message, and for the commit.
                if now > begun + self._lifetime / 2 or any(e.yield_requested for e in queues):
                    break
            if slowest > self._lifetime:
                log_event(logging.WARNING, "transaction.overdue", reason=self._too_slow(slowest))
            next_offsets = {message.partition: message.offset + 1 for message in done}
            yield from self._send_offsets(transaction, next_offsets, queues)

        try:
            yield from self._in_transaction(body, queues)
        except TransactionOverdue as error:
            if len(messages) > 1:
                raise  # one by one, they may be quick enough
            if slowest > self._lifetime / 2:
                raise TransactionError(self._too_slow(slowest), fatal=True) from error
            raise TransactionError(error.message, code=error.code, retriable=True) from error
        return done

    def send(self, dead_letter: PendingDeadLetter) -> Effects[None]:
        """Send a record to the dead-letter topic in a transaction, with its offset."""
        partition = cast("int", dead_letter.raw.partition())
        next_offset = cast("int", dead_letter.raw.offset()) + 1
        ends = yield from self._committed([dead_letter.queue])
        if next_offset <= ends.get(partition, 0):
            return
        if self._sends_through is not self._client.producer:
            self._sends_through = self._client.producer
            self.dead_letters = self._dead_letters_through(self._client.producer)
        send = super().send

        def body(transaction: Any) -> Effects[None]:
            yield from send(dead_letter)
            yield from self._send_offsets(
                transaction, {partition: next_offset}, [dead_letter.queue]
            )

        yield from self._in_transaction(body, [dead_letter.queue])

    def before_skipping(self, partition: BatchPartition[K, V], end: int) -> Effects[None]:
        """Commit the offset in a transaction of its own: there may be no other for a long time."""
        queue = partition.queue

        def body(transaction: Any) -> Effects[None]:
            yield from self._send_offsets(transaction, {queue.partition: end}, [queue])

        try:
            ends = yield from self._committed([queue])
            if end > ends.get(queue.partition, 0):
                yield from self._in_transaction(body, [queue])
        except (DeliveryError, TransactionError) as error:
            failure = Outage(error, may_pass=not error.fatal)
            action = self.error_handler.decide(queue, failure, None)
            recovery = self.error_handler.carry_out(queue, action, failure, None, self.handler)
            yield from self.carry_out(partition, recovery)

    # --- inside -----------------------------------------------------------------------------------

    def _in_transaction(
        self, body: Callable[[Any], Effects[None]], queues: Iterable[RawPartitionQueue]
    ) -> Effects[None]:
        """Perform effects in a transaction, and remember its queues if its end is not known."""
        try:
            yield InTransaction(self._client, body)
        except BaseException:
            if self._client.is_renewal_due:
                self._unknown.update(queues)
            raise

    def _committed(self, queues: Sequence[RawPartitionQueue]) -> Effects[Mapping[int, int]]:
        """Return the committed offsets of those partitions whose last transaction ended unknown.

        A commit may have been done although its response was lost. The coordinator finishes it
        before another producer with the same id starts.

        Raises:
            TransactionError: the brokers do not answer yet.
        """
        if self._client.is_renewal_due:
            yield BlockingCall(self._client.renew_if_due, ())
        asked = [queue for queue in queues if queue in self._unknown]
        if asked:
            partitions = [queue.partition for queue in asked]
            found = yield FutureResult(committed_offsets(self._poll_thread, partitions))
            self._ends |= {queue: found.get(queue.partition, 0) for queue in asked}
            self._unknown.difference_update(asked)
        # A queue that was lost, or whose partition is read from elsewhere, has a successor.
        self._unknown = {queue for queue in self._unknown if not queue.lost}
        self._ends = {queue: end for queue, end in self._ends.items() if _is_before(queue, end)}
        return {queue.partition: end for queue, end in self._ends.items() if queue in queues}

    def _send_offsets(
        self, transaction: Any, ends: dict[int, int], queues: Iterable[RawPartitionQueue]
    ) -> Effects[None]:
        offsets = partitions_at(self._poll_thread.topic, ends.items())
        group = yield FutureResult(group_metadata(self._poll_thread, queues))
        yield CallFunction(transaction.send_offsets, (offsets, group))

    def _too_slow(self, seconds: float) -> str:
        return (
            f"the handler took {seconds:.1f} s with one message, and a transaction may be open for "
            f"{self._lifetime:g} s (transaction.timeout.ms); do less in the handler, or raise the "
            "property"
        )


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


def _is_before(queue: RawPartitionQueue, end: int) -> bool:
    """Return True if a queue may have messages before an offset."""
    return not queue.lost and (queue.next_offset is None or queue.next_offset < end)


def committed_offsets(
    poll_thread: ConsumerPollThread, partitions: Iterable[int]
) -> Future[dict[int, int]]:
    """Return the offsets that the group has committed, by partition.

    Raises:
        TransactionError: in the future: the brokers do not answer.
    """
    places = partitions_of(poll_thread.topic, partitions)

    def ask() -> dict[int, int]:
        from confluent_kafka import KafkaException

        try:
            found = poll_thread.client.committed(places, timeout=_COMMITTED_TIMEOUT)
        except KafkaException as error:
            raise TransactionError(
                "the end of the last transaction is not known yet, as the group's committed "
                f"offsets cannot be read: {error_text(error.args[0])}",
                code=error.args[0].name(),
                retriable=True,
            ) from error
        return {each.partition: each.offset for each in found if each.offset >= 0}

    return poll_thread.call(ask)


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
