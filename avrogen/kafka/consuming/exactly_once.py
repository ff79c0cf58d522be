"""Handling messages in transactions: what comes of them counts once, whatever happens."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any, Generic, TypeVar, cast

from avrogen.kafka.consuming.batching import BatchLoop
from avrogen.kafka.consuming.handling import DeadLetter
from avrogen.kafka.consuming.loop import current_messages, make_current
from avrogen.kafka.consuming.membership import TakenAway, membership, offsets_behind
from avrogen.kafka.consuming.session import Session

if TYPE_CHECKING:
    from avrogen.kafka.consuming.batch import Batch
    from avrogen.kafka.consuming.poller import RawLane
    from avrogen.kafka.message import Message
    from avrogen.kafka.producing.client import ProducerClient

__all__ = ["TransactionLoop"]

K = TypeVar("K")
V = TypeVar("V")


class TransactionLoop(Generic[K, V]):
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
        session: Session[K, V],
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
        self._batches.poller.leave_offsets()
        with current_messages():
            while True:
                try:
                    self._batches.run_batches(self._all)
                    return
                except TakenAway:
                    # The transaction was aborted. What is left of the batch comes again.
                    continue

    def _all(self, messages: Sequence[Message[K, V]]) -> None:
        """Handle messages in a transaction."""
        with self._client.transaction() as transaction:
            for message in messages:
                make_current(message)
                self._handle(message)
            offsets = offsets_behind(self._batches.poller, messages)
            member = membership(self._batches.poller, self._batches.lanes_of(messages)).result()
            transaction.send_offsets(offsets, member.group)


class _TransactionBatches(BatchLoop[K, V]):
    """Batches whose dead letters, too, are sent in transactions."""

    def __init__(
        self,
        session: Session[K, V],
        client: ProducerClient,
        handler: object,
        *,
        max_records: int,
        max_wait: float,
    ) -> None:
        super().__init__(session, handler, max_records=max_records, max_wait=max_wait)
        self._client = client
        self._lanes: dict[int, RawLane] = {}
        self.dead_letters = session.dead_letters_through(client.producer)

    def collect(self) -> Batch[K, V] | None:
        batch = super().collect()
        parts = [] if batch is None else batch.parts
        self._lanes = {part.lane.partition: part.lane for part in parts}
        return batch

    def lanes_of(self, messages: Sequence[Message[K, V]]) -> list[RawLane]:
        """The lanes of messages of the batch."""
        return [self._lanes[number] for number in {message.partition for message in messages}]

    def send(self, letter: DeadLetter) -> None:
        with self._client.transaction() as transaction:
            super().send(letter)
            number, offset = cast("int", letter.raw.partition()), cast("int", letter.raw.offset())
            offsets: list[Any] = self.poller.partitions_at([(number, offset + 1)])
            member = membership(self.poller, [letter.lane]).result()
            transaction.send_offsets(offsets, member.group)
