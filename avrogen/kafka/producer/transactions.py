"""Transactions of a producer: begin, send offsets, commit, abort, with retries.

:class:`TransactionManager` has the blocking steps of one transaction after the other.
``ProducerClient.transaction`` calls them in the caller's thread, ``async_transaction`` in threads
of an event loop.

A transaction coordinator refuses a producer with the same errors whether a newer instance has its
``transactional.id``, or the coordinator itself has aborted the transaction: after
``transaction.timeout.ms``, or after a change of coordinators in which a response was lost. Both are
fatal to librdkafka. :class:`BrokerTrouble` tells them apart by what this process has seen of the
brokers. A producer that is refused after trouble is replaced when the next transaction begins.
"""

from __future__ import annotations

import logging
import time
from collections.abc import Callable, Sequence
from enum import Enum, auto
from itertools import chain, repeat
from typing import TYPE_CHECKING, Any, Final, Protocol

from avrogen.errors import TransactionError
from avrogen.kafka.observability.logs import log_event
from avrogen.kafka.producer.delivery_errors import with_auth_error

if TYPE_CHECKING:
    from confluent_kafka import KafkaError, Producer, TopicPartition

    from avrogen.kafka.callbacks import ConnectionState
    from avrogen.kafka.producer.delivery import DeliveryTracker

__all__ = [
    "PURGE_TIMEOUT",
    "BrokerTrouble",
    "ErrorClass",
    "TransactionManager",
    "TransactionOverdue",
    "TransactionalClient",
    "classify_error",
]

_CALL: Final = 1.0
"""Seconds of one call to librdkafka. It is repeated, so that Ctrl-C takes effect."""

_GROWING: Final = (2.0, 4.0, 8.0, 16.0)
"""Seconds of calls that a timeout ends for good. librdkafka closes the connection then, so a slow
coordinator would never be heard if all calls were short."""

_BACKOFF: Final = 0.1
"""Seconds between a retriable error and the next call."""

_SLOW: Final = 5.0
"""Seconds without a response of the coordinator that count as trouble."""

PURGE_TIMEOUT: Final = 10.0
"""Seconds to wait for the reports of purged messages, which take moments."""


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


_ONLY_BROKERS: Final = frozenset(
    {
        "DUPLICATE_SEQUENCE_NUMBER",
        "INVALID_PRODUCER_ID_MAPPING",
        "INVALID_TXN_STATE",
        "OUT_OF_ORDER_SEQUENCE_NUMBER",
        "UNKNOWN_PRODUCER_ID",
        "_GAPLESS_GUARANTEE",
        "_INCONSISTENT",
    }
)
"""Fatal errors that no newer instance causes: a broker has ended or forgotten something, or lost
track of the sequence of a producer's batches."""

_ENDED: Final = _ONLY_BROKERS | {"_FENCED"}
"""Fatal errors of a transaction that is no longer open."""

_UNREACHABLE: Final = frozenset({"_ALL_BROKERS_DOWN", "_TIMED_OUT", "_TRANSPORT"})


class BrokerTrouble:
    """Memory of the last time at which a broker was not reachable.

    Args:
        within: seconds for which it explains that a transaction was refused.
        clock: monotonic clock, in seconds.
    """

    def __init__(self, within: float, clock: Callable[[], float] = time.monotonic) -> None:
        self._within = within
        self._clock = clock
        self._seen = float("-inf")

    def on_error(self, error: KafkaError) -> None:
        """Note an error of the client if it is about connections."""
        if error.name() in _UNREACHABLE:
            self.note()

    def note(self) -> None:
        """Note trouble now."""
        self._seen = self._clock()

    def is_recent(self) -> bool:
        """Return True if there was trouble within the time that counts."""
        return self._clock() - self._seen <= self._within

    def explains(self, code: str | None) -> bool:
        """Return True if a fatal error of this name is due to brokers, not to a newer instance.

        Trouble explains one refusal: the next one needs trouble of its own.
        """
        if code in _ONLY_BROKERS:
            return True
        recent = code == "_FENCED" and self.is_recent()
        self._seen = float("-inf")
        return recent


class TransactionOverdue(TransactionError):
    """A transaction that the coordinator has aborted, as it was open for too long.

    Attributes:
        seconds: how long it was open.
        lifetime: how long it may be.
    """

    def __init__(self, seconds: float, lifetime: float) -> None:
        super().__init__(
            f"the transaction was open for {seconds:.1f} s, longer than transaction.timeout.ms "
            f"({lifetime:g} s) allows, and the brokers have aborted it; do less in a transaction, "
            "or raise the property",
            code="_FENCED",
        )
        self.seconds = seconds
        self.lifetime = lifetime

    def __reduce__(self) -> tuple[type[TransactionOverdue], tuple[float, float]]:
        return type(self), (self.seconds, self.lifetime)


class TransactionalClient(Protocol):
    """The part of a client that transactions need; ``ProducerClient`` has it."""

    @property
    def producer(self) -> Producer: ...
    @property
    def connection(self) -> ConnectionState: ...
    @property
    def trackers(self) -> tuple[DeliveryTracker, ...]: ...
    @property
    def delivery_timeout(self) -> float | None: ...
    def check_usable(self) -> None: ...
    def fail(self, error: KafkaError) -> None: ...
    def renew_if_due(self) -> None: ...
    def renew_later(self) -> None: ...
    def wait_until_empty(self, timeout: float | None) -> bool: ...


class TransactionManager:
    """Transactions of a producer, one at a time, with calls that are retried.

    Args:
        client: client of a producer with a ``transactional.id``.
        timeout: seconds for a call with all its retries.
        lifetime: seconds after which the coordinator aborts a transaction
            (``transaction.timeout.ms``).

    Attributes:
        is_open: True between begin and commit or abort.
        lifetime: see above.
        trouble: memory of trouble with brokers.
    """

    def __init__(self, client: TransactionalClient, timeout: float, lifetime: float) -> None:
        self._client = client
        self._timeout = timeout
        self._failed_before = 0
        self._begun = 0.0
        self.lifetime = lifetime
        self.is_open = False
        self.trouble = BrokerTrouble(lifetime)

    def init(self) -> None:
        """Fence older producers with the same id, and end their transactions.

        Raises:
            TransactionError: no response of the coordinator, or it refuses.
        """
        self._call("start", self._client.producer.init_transactions, _CALL)

    def begin(self) -> None:
        """Begin a transaction, with a new producer if the last one could not end its transaction.

        Raises:
            DeliveryError: the producer has had a fatal error.
            TransactionError: a transaction is open already, or the producer was fenced.
        """
        self._client.renew_if_due()
        self._client.check_usable()
        failed = self._failed()
        self._call("begin", self._client.producer.begin_transaction)
        self._failed_before = failed
        self._begun = time.monotonic()
        self.is_open = True

    def send_offsets(self, offsets: Sequence[TopicPartition], group: Any) -> None:
        """Commit offsets of a consumer as part of the transaction.

        Args:
            offsets: next offsets to be read, by partition. Without any, nothing is done.
            group: ``consumer_group_metadata()`` of the consumer.

        Raises:
            TransactionError: the offsets are refused, as after a rebalance of the group.
        """
        waits = chain(_GROWING, repeat(_GROWING[-1]))

        def send() -> None:
            given = list(offsets)
            self._client.producer.send_offsets_to_transaction(given, group, next(waits))

        if offsets:
            self._call("send offsets in", send)

    def commit(self) -> None:
        """Deliver all messages, and commit.

        librdkafka would commit without the messages that it refused to queue; those count here.

        Raises:
            TransactionError: a message was not delivered, or the commit failed. The transaction
                must be aborted.
        """
        self._client.wait_until_empty(self._client.delivery_timeout)
        failed = self._failed() - self._failed_before
        if failed:
            unretrieved = (tracker.first_unretrieved() for tracker in self._client.trackers)
            first = next(filter(None, unretrieved), None)
            raise TransactionError(
                f"messages of the transaction were not delivered: {failed}",
                code=first.code if first else None,
                retriable=first is not None and first.retriable,
            ) from first
        self._call("commit", self._client.producer.commit_transaction, _CALL)
        self.is_open = False

    def abort(self, cause: BaseException) -> None:
        """Abort: undelivered messages fail, and consumers skip the delivered ones.

        Undelivered messages count as reported: the cause has notes about them.

        Args:
            cause: exception that the transaction is aborted for.

        Raises:
            TransactionError: the producer was refused. Its cause is ``cause``, unless that is an
                interrupt or a cancellation, which is raised by the caller instead.
        """
        failure = cause if isinstance(cause, TransactionError) and cause.fatal else None
        if failure is None:
            try:
                self._call("abort", self._client.producer.abort_transaction, _CALL)
                self.is_open = False
            except TransactionError as error:
                cause.add_note(f"the transaction was not aborted: {error}")
                failure = error
        if failure is not None:
            self._client.producer.purge()
        self._client.wait_until_empty(PURGE_TIMEOUT)
        for undelivered in filter(None, [each.unretrieved() for each in self._client.trackers]):
            cause.add_note(str(undelivered))
        raised = self._after_failed_abort(failure) if failure is not None else None
        if raised is not None and raised is not cause and isinstance(cause, Exception):
            raise raised from cause

    def _after_failed_abort(self, failure: TransactionError) -> TransactionError | None:
        """Return the error to raise, if any; have the producer replaced if that helps."""
        if not failure.fatal:
            # No response. The coordinator ends the transaction when the next producer starts.
            self._client.renew_later()
            return None
        age = time.monotonic() - self._begun
        overdue = failure.code in _ENDED and age > self.lifetime
        if not overdue and not self.trouble.explains(failure.code):
            return failure
        self._client.renew_later()
        log_event(
            logging.WARNING,
            "transaction.ended_by_brokers",
            code=failure.code,
            reason=failure.message,
            seconds=round(age, 3),
        )
        if overdue:
            return TransactionOverdue(age, self.lifetime)
        return TransactionError(
            "the brokers have ended the transaction after trouble with connections or "
            f"coordinators: {failure.message}",
            code=failure.code,
            retriable=True,
        )

    def _failed(self) -> int:
        return sum(tracker.counters().failed for tracker in self._client.trackers)

    def _call(self, what: str, call: Callable[..., None], *arguments: Any) -> None:
        from confluent_kafka import KafkaException

        started = time.monotonic()
        while True:
            try:
                call(*arguments)
                return
            except KafkaException as exception:
                error: KafkaError = exception.args[0]
                decided = classify_error(error)
                elapsed = time.monotonic() - started
                if elapsed > _SLOW:
                    self.trouble.note()
                if decided is ErrorClass.RETRY and elapsed < self._timeout:
                    if error.name() != "_TIMED_OUT":  # it has waited already
                        time.sleep(_BACKOFF)
                    continue
                if decided is ErrorClass.FATAL:
                    self._client.fail(error)
                cause = with_auth_error(error, self._client.connection)
                raise TransactionError(
                    f"cannot {what} the transaction: {cause}",
                    code=error.name(),
                    retriable=decided in (ErrorClass.RETRY, ErrorClass.ABORT),
                    fatal=decided is ErrorClass.FATAL,
                ) from exception
