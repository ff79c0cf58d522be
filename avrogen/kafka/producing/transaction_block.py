"""One transaction from beginning to end, in steps that each wait: for threads and for asyncio."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from avrogen.errors import TransactionError

if TYPE_CHECKING:
    from avrogen.kafka.producing.client import ProducerClient
    from avrogen.kafka.producing.transactions import Transactions

__all__ = ["TransactionBlock"]

_PURGE: Final = 10.0
"""Seconds for what is given up to be reported, which takes moments."""


class TransactionBlock:
    """Begins a transaction, and ends it one way or the other.

    Args:
        client: whose typed producers send in it.

    Raises:
        TransactionError: the client has no ``transactional.id``.
    """

    def __init__(self, client: ProducerClient) -> None:
        if client.transactions is None:
            raise TransactionError(
                'the producer has no "transactional.id" in its settings, which transactions need'
            )
        self._client = client
        self._calls = client.transactions
        self._failed_before = 0

    def begin(self) -> Transactions:
        """Begin.

        Returns:
            The calls that make offsets part of it.

        Raises:
            DeliveryError: the producer has met a fatal error.
            TransactionError: another transaction goes on.
        """
        self._client.check_usable()
        self._failed_before = self._failed()
        self._calls.begin()
        return self._calls

    def commit(self) -> None:
        """Deliver everything, and commit.

        librdkafka does not know of messages that it has refused to take, and would commit the rest.

        Raises:
            TransactionError: a message was not delivered, or it could not be committed.
        """
        self._client.wait_until_empty(self._client.delivery_timeout)
        failed = self._failed() - self._failed_before
        if failed:
            unseen = (outbox.first_unseen() for outbox in self._client.outboxes)
            first = next(filter(None, unseen), None)
            raise TransactionError(
                f"messages of the transaction were not delivered: {failed}",
                code=first.code if first else None,
                retriable=first is not None and first.retriable,
            ) from first
        self._calls.commit()

    def give_up(self, cause: BaseException) -> TransactionError | None:
        """End it with nothing of it counting. Who gets the cause knows of its messages.

        Args:
            cause: why. What comes of giving up is noted on it.

        Returns:
            A fatal error that came up only now.
        """
        fatal = None
        if isinstance(cause, TransactionError) and cause.fatal:
            self._client.producer.purge()
        else:
            try:
                self._calls.abort()
            except TransactionError as error:
                cause.add_note(f"and the transaction was not aborted: {error}")
                fatal = error if error.fatal else None
        self._client.wait_until_empty(_PURGE)
        for undelivered in filter(None, [o.unseen() for o in self._client.outboxes]):
            cause.add_note(str(undelivered))
        return fatal

    def _failed(self) -> int:
        return sum(outbox.counters().failed for outbox in self._client.outboxes)
