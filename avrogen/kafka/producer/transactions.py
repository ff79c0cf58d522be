"""Transactional calls of librdkafka, with retries: :class:`TransactionManager`."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from enum import Enum, auto
from typing import TYPE_CHECKING, Any, Final

from avrogen.errors import TransactionError
from avrogen.kafka.checked_access import error_text

if TYPE_CHECKING:
    from confluent_kafka import KafkaError, Producer, TopicPartition

__all__ = ["ErrorClass", "TransactionManager", "classify_error"]

_CALL: Final = 1.0
"""Seconds of one call to librdkafka. It is repeated, so that Ctrl-C takes effect."""

_BACKOFF: Final = 0.1
"""Seconds between a retriable error and the next call."""


class ErrorClass(Enum):
    """Reaction that an error of a transactional call demands."""

    RETRY = auto()
    """Repeat the call."""
    ABORT = auto()
    """Abort this transaction; the next one may be committed."""
    FATAL = auto()
    """Close the producer: it can commit no further transaction."""
    REFUSED = auto()
    """Fix the program: the call was invalid, such as a commit without a begin."""


def classify_error(error: KafkaError) -> ErrorClass:
    """Return the reaction to an error.

    Source: librdkafka, INTRODUCTION.md, "Transactional producer API".
    """
    if error.fatal():
        return ErrorClass.FATAL
    if error.retriable():
        return ErrorClass.RETRY
    return ErrorClass.ABORT if error.txn_requires_abort() else ErrorClass.REFUSED


class TransactionManager:
    """Transactional calls of a producer, which are retried until they succeed or cannot.

    Args:
        producer: producer with a ``transactional.id``.
        timeout: seconds for a call with all its retries.
        on_fatal: called with a fatal error.
    """

    def __init__(
        self, producer: Producer, timeout: float, on_fatal: Callable[[KafkaError], None]
    ) -> None:
        self._producer = producer
        self._timeout = timeout
        self._on_fatal = on_fatal
        self.is_open = False
        """True between begin and commit or abort."""

    def init(self) -> None:
        """Fence older producers with the same id, and end their transactions.

        Raises:
            TransactionError: no response of the coordinator, or it refuses.
        """
        self._call("start", self._producer.init_transactions, _CALL)

    def begin(self) -> None:
        """Begin a transaction.

        Raises:
            TransactionError: a transaction is open already, or the producer was fenced.
        """
        self._call("begin", self._producer.begin_transaction)
        self.is_open = True

    def send_offsets(self, offsets: Sequence[TopicPartition], group: Any) -> None:
        """Commit offsets of a consumer as part of the transaction.

        Args:
            offsets: next offsets to be read, by partition.
            group: ``consumer_group_metadata()`` of the consumer.

        Raises:
            TransactionError: the offsets are refused, as after a rebalance of the group.
        """
        send = self._producer.send_offsets_to_transaction
        self._call("send offsets in", send, list(offsets), group, _CALL)

    def commit(self) -> None:
        """Deliver all messages, and commit.

        Raises:
            TransactionError: the commit failed; the transaction must be aborted, unless the error
                is fatal.
        """
        self._call("commit", self._producer.commit_transaction, _CALL)
        self.is_open = False

    def abort(self) -> None:
        """Abort: undelivered messages fail, and consumers skip the delivered ones.

        Raises:
            TransactionError: the abort failed. The coordinator aborts the transaction after
                ``transaction.timeout.ms``.
        """
        self._call("abort", self._producer.abort_transaction, _CALL)
        self.is_open = False

    def _call(self, what: str, call: Callable[..., None], *arguments: Any) -> None:
        from confluent_kafka import KafkaException

        deadline = time.monotonic() + self._timeout
        while True:
            try:
                call(*arguments)
                return
            except KafkaException as exception:
                error: KafkaError = exception.args[0]
                decided = classify_error(error)
                if decided is ErrorClass.RETRY and time.monotonic() < deadline:
                    if error.name() != "_TIMED_OUT":  # it has waited already
                        time.sleep(_BACKOFF)
                    continue
                if decided is ErrorClass.FATAL:
                    self._on_fatal(error)
                raise TransactionError(
                    f"cannot {what} the transaction: {error_text(error)}",
                    code=error.name(),
                    retriable=decided in (ErrorClass.RETRY, ErrorClass.ABORT),
                    fatal=decided is ErrorClass.FATAL,
                ) from exception
