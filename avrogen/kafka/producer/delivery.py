"""Delivery reports of sent messages, and the counts of a typed producer.

:class:`DeliveryFuture` exists once per message, so it must be cheap. ``concurrent.futures.Future``
creates a lock, a condition and two lists, which takes longer than the rest of a send; here they are
created when somebody waits, which is rare. The names of the base class's attributes are the same in
all Pythons since 3.2. :class:`PostedDelivery` is for messages without a future.

Nothing that happens once per message takes a lock: calls of C functions are atomic that count
(``next`` of a ``count``, ``append`` to a deque), and locks are for those who read.

Delivery reports may be called with an exception pending. confluent-kafka raises librdkafka's fatal
error from the call that polls. If that call takes longer than 0.2 s, or is a transactional one, it
continues to call delivery reports with the exception set. The next call of a C function may then
fail with SystemError, even the acquisition of a lock, which nobody would release. So a report
begins with a call without effect that always raises a pending exception
(:data:`clear_pending_exception`). Python checks calls of C functions, but not those that it has
specialised after a while; calls of ``partial`` objects are never specialised (Python 3.11 to 3.14).
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable
from concurrent.futures import Future, InvalidStateError
from contextlib import suppress
from datetime import UTC, datetime
from functools import partial
from itertools import count
from threading import Condition, Lock
from typing import TYPE_CHECKING, Any, Final

from avrogen.errors import DeliveryError
from avrogen.kafka.message import Delivered
from avrogen.kafka.observability.counters import ProducerCounters
from avrogen.kafka.producer.delivery_errors import (
    NOT_DELIVERED,
    TOO_LARGE,
    RateLimitedLog,
    SizeLimits,
    auth_failure,
    delivery_error,
)

if TYPE_CHECKING:
    from confluent_kafka import KafkaError, Message

    from avrogen.kafka.callbacks import ConnectionState
    from avrogen.kafka.observability.observer import Observer

__all__ = [
    "DeliveryFuture",
    "DeliveryTracker",
    "PostedDelivery",
    "clear_pending_exception",
    "delivered",
]

_RUNNING: Final = "RUNNING"
_FINISHED: Final = "FINISHED"


class DeliveryFuture(Future[Delivered]):
    """Future of a sent message: its position, or a DeliveryError.

    A sent message cannot be cancelled: ``cancel`` does nothing and returns False.

    Every method of the base class begins with its condition. So the state of a future without one
    need not change: a report leaves the position, and whoever creates the condition settles.

    Attributes:
        tracker: counts of messages; set it at once.
        sending: the observer's object for the message.
    """

    # Attributes of the base class, which sets them for each future.
    _state = _RUNNING
    _result: Any = None
    _exception: BaseException | None = None

    tracker: DeliveryTracker
    sending: object = None

    _position: tuple[int | None, int | None, int] | None = None
    _has_condition = False
    _retrieved = False

    if not TYPE_CHECKING:
        # A constructor in Python, or that of the base class, takes as long as a small encoding.
        __init__ = object.__init__

    def __getattr__(self, name: str) -> Any:
        """Create the attributes of the base class that waiting needs, on first use."""
        if name not in ("_condition", "_waiters", "_done_callbacks"):
            raise AttributeError(f"{type(self).__name__!r} object has no attribute {name!r}")
        attributes = vars(self)
        with self.tracker.lock:
            if "_condition" not in attributes:
                attributes["_waiters"] = []
                attributes["_done_callbacks"] = []
                attributes["_condition"] = Condition()
                self._has_condition = True
        if self._position is not None:
            self._settle()
        return attributes[name]

    def __call__(self, error: KafkaError | None, message: Message) -> None:
        """Settle the future with a delivery report, in the polling thread."""
        try:  # noqa: SIM105 -- suppress() costs more than all else here
            clear_pending_exception()
        except SystemError:
            pass  # the pending exception
        if error is not None:
            self.fail(error, message.key(), message.value())
            return
        tracker = self.tracker
        latency = message.latency() or 0.0
        self._position = message.partition(), message.offset(), message.timestamp()[1]
        tracker.latencies.append(latency)
        # In this order, as __getattr__ does the reverse: one of the two settles, or both.
        if self._has_condition:
            self._settle()
        if tracker.observer is not None:
            tracker.observer.delivered(self.sending, self.result(), latency)

    def _settle(self) -> None:
        with suppress(InvalidStateError):  # the other of the two was first
            self.set_result(self._position)  # type: ignore[arg-type] # see result

    def fail(self, error: KafkaError, key: bytes | None, value: bytes | None) -> None:
        """Settle the future with an error: the message was not delivered, or not queued."""
        failure = self.tracker.failure(error, key, value)
        self.set_exception(failure)
        if self.tracker.observer is not None:
            self.tracker.observer.undelivered(self.sending, failure)

    def result(self, timeout: float | None = None) -> Delivered:
        """Wait for the delivery; return the message's position.

        Args:
            timeout: seconds; None: no limit but ``delivery.timeout.ms``.

        Raises:
            DeliveryError: the message was not delivered.
            TimeoutError: the message is still in flight.
        """
        try:
            place: Any = super().result(timeout)
        except DeliveryError as error:
            self._retrieve(error)
            raise
        return delivered(self.tracker.topic, place)

    def exception(self, timeout: float | None = None) -> BaseException | None:
        """Wait for the delivery; return its error, or None.

        Raises:
            TimeoutError: the message is still in flight.
        """
        error = super().exception(timeout)
        if isinstance(error, DeliveryError):
            self._retrieve(error)
        return error

    def _retrieve(self, error: DeliveryError) -> None:
        with self.tracker.lock:
            if not self._retrieved:
                self._retrieved = True
                self.tracker.count_retrieved_failure(error)


class PostedDelivery:
    """Delivery of messages without a future: counts reports, and keeps failures for ``flush``.

    Without an observer, one object serves all messages of a producer.

    Args:
        tracker: counts of messages.
        sending: the observer's object for the message.
    """

    __slots__ = ("_tracker", "is_queued", "sending")

    def __init__(self, tracker: DeliveryTracker, sending: object = None) -> None:
        self._tracker = tracker
        self.sending = sending
        self.is_queued = False
        """True if it was queued after it had to wait, on an event loop."""

    def __call__(self, error: KafkaError | None, message: Message) -> None:
        """Count a delivery report, in the polling thread; as :class:`DeliveryFuture` does."""
        try:  # noqa: SIM105 -- suppress() costs more than all else here
            clear_pending_exception()
        except SystemError:
            pass  # the pending exception
        if error is not None:
            self.fail(error, message.key(), message.value())
            return
        tracker = self._tracker
        latency = message.latency() or 0.0
        tracker.latencies.append(latency)
        if tracker.observer is not None:
            position = message.partition(), message.offset(), message.timestamp()[1]
            tracker.observer.delivered(self.sending, delivered(tracker.topic, position), latency)

    def fail(self, error: KafkaError, key: bytes | None, value: bytes | None) -> None:
        """Count a message that was not delivered, or not queued."""
        failure = self._tracker.failure(error, key, value, posted=True)
        if self._tracker.observer is not None:
            self._tracker.observer.undelivered(self.sending, failure)


def delivered(topic: str, place: tuple[int | None, int | None, int]) -> Delivered:
    """Return the position of a delivery report: partition, offset, milliseconds since 1970."""
    partition, offset, milliseconds = place
    if partition is None or offset is None:  # with acks=0
        partition, offset = partition or -1, -1 if offset is None else offset
    return Delivered(topic, partition, offset, datetime.fromtimestamp(milliseconds / 1000, UTC))


clear_pending_exception = partial(bool)
"""Call without effect, which raises and so clears a pending exception, as SystemError."""


_MAX_KEPT: Final = 100
"""Maximum number of unretrieved failures that are kept for error messages."""


class DeliveryTracker:
    """Counts of sent, delivered and failed messages of a typed producer. Thread-safe.

    A failure is retrieved when somebody calls ``result`` or ``exception`` of the message's future.
    Unretrieved failures are raised when the producer is closed.

    Attributes:
        topic: name of the topic.
        observer: observer of deliveries; None for none.
        limits: sizes that messages must not exceed.
        sent: counts messages: ``next`` before each is queued.
        latencies: of deliveries that are not counted yet, in seconds; a report appends its own.
        lock: held for all other changes here.
    """

    __slots__ = (
        "_connection",
        "_delivered",
        "_failed",
        "_is_fatal",
        "_latency_max",
        "_latency_total",
        "_log",
        "_looks",
        "_on_large_batch",
        "_plain_key",
        "_posted_errors",
        "_posted_failed",
        "_unretrieved",
        "_unretrieved_errors",
        "_unsent",
        "latencies",
        "limits",
        "lock",
        "observer",
        "sent",
        "topic",
    )

    def __init__(
        self,
        topic: str,
        plain_key: Callable[[bytes | None], object],
        observer: Observer | None,
        is_fatal: Callable[[], bool],
        limits: SizeLimits,
        on_large_batch: Callable[[], None],
        connection: ConnectionState | None = None,
    ) -> None:
        """Start at zero.

        Args:
            topic: name of the topic.
            plain_key: decoder of keys, for errors.
            observer: observer of deliveries.
            is_fatal: function that returns True after a fatal error of the client. All later
                failures are fatal, which their delivery reports do not tell.
            limits: sizes that messages must not exceed.
            on_large_batch: called, in the polling thread, when a message was refused as too large
                that fits by itself.
            connection: errors of connections to brokers, which explain timeouts.
        """
        self.topic = topic
        self.observer = observer
        self.lock = Lock()
        self._plain_key = plain_key
        self._is_fatal = is_fatal
        self._connection = connection
        self._looks: deque[tuple[int, float]] = deque()
        self._on_large_batch = on_large_batch
        self.limits = limits
        self._log = RateLimitedLog(topic)
        self.sent = count()
        self.latencies: deque[float] = deque()
        self._unsent = self._delivered = self._failed = self._unretrieved = self._posted_failed = 0
        self._latency_total = self._latency_max = 0.0
        self._unretrieved_errors: dict[int, DeliveryError] = {}
        self._posted_errors: list[DeliveryError] = []

    @property
    def pending(self) -> int:
        """Number of messages that are neither delivered nor failed."""
        with self.lock:
            return self._in_flight()

    def counters(self) -> ProducerCounters:
        """Return the counters."""
        with self.lock:
            done = self._count_done()
            mean = self._latency_total / self._delivered if self._delivered else 0.0
            sent = done + self._in_flight()
            return ProducerCounters(sent, self._delivered, self._failed, mean, self._latency_max)

    def not_sent(self) -> None:
        """Take back the count of a message that was not queued, and has no delivery."""
        with self.lock:
            self._unsent += 1

    def _count_done(self) -> int:
        """Count deliveries; return the number of messages that are done. Needs the lock."""
        latencies = self.latencies
        while latencies:
            latency = latencies.popleft()
            self._delivered += 1
            self._latency_total += latency
            if latency > self._latency_max:
                self._latency_max = latency
        return self._delivered + self._failed

    def _in_flight(self) -> int:
        """Return the number of messages that are not done. Needs the lock."""
        done = self._count_done()  # first: a message that is sent meanwhile is in flight
        sent = next(self.sent) - self._unsent
        self._unsent += 1  # looking at a count counts, too
        return sent - done

    def failure(
        self, error: KafkaError, key: bytes | None, value: bytes | None, *, posted: bool = False
    ) -> DeliveryError:
        """Count and log a failed message; return its error.

        Args:
            error: error of librdkafka.
            key: bytes of the key.
            value: bytes of the value.
            posted: the message has no future: :meth:`posted_failure` has its error.
        """
        size = len(key or b"") + len(value or b"")
        made = delivery_error(
            error,
            self.topic,
            self._plain_key(key),
            fatal=self._is_fatal(),
            connection=self._connection,
            size=size,
            limits=self.limits,
        )
        if made.code == TOO_LARGE and self.limits.allow(size):
            self._on_large_batch()
        with self.lock:
            self._failed += 1
            self._unretrieved += 1
            if len(self._unretrieved_errors) < _MAX_KEPT:
                self._unretrieved_errors[id(made)] = made
            if posted:
                self._posted_failed += 1
                if len(self._posted_errors) < _MAX_KEPT:
                    self._posted_errors.append(made)
        self._log.failed(made)
        return made

    def look(self, now: float) -> None:
        """Note how many messages were sent by now, for :meth:`oldest_in_flight`."""
        with self.lock:
            done = self._count_done()
            sent = done + self._in_flight()
            while self._looks and self._looks[0][0] <= done:
                self._looks.popleft()
            if sent > done and (not self._looks or self._looks[-1][0] < sent):
                self._looks.append((sent, now))

    def oldest_in_flight(self, now: float) -> float | None:
        """Return the age of the oldest in-flight message, at the last look; None: there was none.

        Messages are taken to be delivered in order.
        """
        with self.lock:
            done = self._count_done()
            return next((now - at for sent, at in self._looks if sent > done), None)

    def count_retrieved_failure(self, error: DeliveryError) -> None:
        """Count the first retrieval of a failure. The caller holds :attr:`lock`."""
        if self._unretrieved:  # otherwise the error of close() has included it
            self._unretrieved -= 1
        self._unretrieved_errors.pop(id(error), None)

    def first_unretrieved(self) -> DeliveryError | None:
        """Return the first unretrieved failure; None if there is none."""
        with self.lock:
            return next(iter(self._unretrieved_errors.values()), None)

    def posted_failure(self) -> DeliveryError | None:
        """Return one error for all failures without a future since the last call; None if none.

        They count as retrieved afterwards.
        """
        with self.lock:
            failed, errors = self._posted_failed, self._posted_errors
            self._posted_failed, self._posted_errors = 0, []
            self._unretrieved -= min(failed, self._unretrieved)
            for error in errors:
                self._unretrieved_errors.pop(id(error), None)
        return self._error_of(failed, errors[0]) if failed else None

    def unretrieved(self) -> DeliveryError | None:
        """Return one error for all unretrieved failures and in-flight messages; None without any.

        They count as retrieved afterwards.
        """
        first = self.first_unretrieved()
        with self.lock:
            pending = self._in_flight()
            undelivered = self._unretrieved + pending
            self._unretrieved = self._posted_failed = 0
            self._unretrieved_errors.clear()
            self._posted_errors.clear()
        return self._error_of(undelivered, first, pending) if undelivered else None

    def _error_of(
        self, undelivered: int, first: DeliveryError | None, pending: int = 0
    ) -> DeliveryError:
        messages = "1 message was" if undelivered == 1 else f"{undelivered} messages were"
        why = f"; the first: {first.message.removeprefix(NOT_DELIVERED)}" if first else ""
        late = f"; {pending} may still arrive" if pending else ""
        if pending and not first and self._connection is not None:
            reason = self._connection.auth_error
            why = "" if reason is None else f"; {auth_failure(reason)}"
        error = DeliveryError(
            f"{messages} not delivered{why}{late}",
            topic=self.topic,
            key=first.key if first and undelivered == 1 else None,
            code=first.code if first else "_TIMED_OUT",
            retriable=first.retriable if first else True,
            fatal=first.fatal if first else False,
            undelivered=undelivered,
        )
        error.__cause__ = first
        return error
