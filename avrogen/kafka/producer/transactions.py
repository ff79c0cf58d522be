"""Transactions: a producer's messages count all together or not at all."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from enum import Enum, auto
from typing import TYPE_CHECKING, Any, Final

from avrogen.errors import TransactionError

if TYPE_CHECKING:
    from confluent_kafka import KafkaError, Producer, TopicPartition

__all__ = ["ErrorClass", "TransactionManager", "classify_error"]

_CALL: Final = 1.0
"""Seconds of one call to librdkafka, after which it is called again: so Ctrl-C is heard."""

_BACKOFF: Final = 0.1
"""Seconds between calls that failed and may work the next time."""


class ErrorClass(Enum):
    """What an error of a transactional call asks for."""

    RETRY = auto()
    """The same call again."""
    ABORT = auto()
    """This transaction cannot be committed; another one may."""
    FATAL = auto()
    """No transaction of this producer can be."""
    REFUSED = auto()
    """The call made no sense, such as a commit without a beginning."""


def classify_error(error: KafkaError) -> ErrorClass:
    """What to do about an error (librdkafka, INTRODUCTION.md, "Transactional producer API")."""
    if error.fatal():
        return ErrorClass.FATAL
    if error.retriable():
        return ErrorClass.RETRY
    return ErrorClass.ABORT if error.txn_requires_abort() else ErrorClass.REFUSED


class TransactionManager:
    """The transactional calls of a producer, each until it works or cannot.

    Args:
        producer: with a ``transactional.id``.
        timeout: seconds for a call with all of its retries.
        on_fatal: told the error after which the producer can do nothing more.
    """

    def __init__(
        self, producer: Producer, timeout: float, on_fatal: Callable[[KafkaError], None]
    ) -> None:
        self._producer = producer
        self._timeout = timeout
        self._on_fatal = on_fatal
        self.is_open = False
        """Whether a transaction was begun and has not ended."""

    def init(self) -> None:
        """Take the place of older producers with the same id, and end what they have begun.

        Raises:
            TransactionError: the coordinator does not answer, or refuses.
        """
        self._call("start", self._producer.init_transactions, _CALL)

    def begin(self) -> None:
        """Begin a transaction.

        Raises:
            TransactionError: the producer is in one, or was fenced.
        """
        self._call("begin", self._producer.begin_transaction)
        self.is_open = True

    def send_offsets(self, offsets: Sequence[TopicPartition], group: Any) -> None:
        """Make offsets of a consumer part of the transaction.

        Args:
            offsets: the next offsets to be read, by partition.
            group: the consumer's ``consumer_group_metadata()``.

        Raises:
            TransactionError: they cannot be, such as when the group has a new generation.
        """
        send = self._producer.send_offsets_to_transaction
        self._call("send offsets in", send, list(offsets), group, _CALL)

    def commit(self) -> None:
        """Deliver what was sent, and commit.

        Raises:
            TransactionError: it could not be; it has to be aborted, unless the error is fatal.
        """
        self._call("commit", self._producer.commit_transaction, _CALL)
        self.is_open = False

    def abort(self) -> None:
        """Abort: what was sent and not delivered yet fails, and the rest is skipped by readers.

        Raises:
            TransactionError: that was not possible. The coordinator does it when
                ``transaction.timeout.ms`` is over.
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
                    if error.name() != "_TIMED_OUT":  # which has waited already
                        time.sleep(_BACKOFF)
                    continue
                if decided is ErrorClass.FATAL:
                    self._on_fatal(error)
                raise TransactionError(
                    f"cannot {what} the transaction: {error.str()}",
                    code=error.name(),
                    retriable=decided in (ErrorClass.RETRY, ErrorClass.ABORT),
                    fatal=decided is ErrorClass.FATAL,
                ) from exception
