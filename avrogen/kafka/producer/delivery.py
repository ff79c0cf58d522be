"""The future of a message that was sent.

There is one for every message, so it is made to cost little. ``concurrent.futures.Future`` makes
a lock, a condition and two lists, which take longer than all else that sending does; here, they are
made when somebody waits, which few do. What this knows of its base class (the names of its
attributes) is the same in all Pythons since 3.2.

Delivery reports that are called with an exception pending.

confluent-kafka raises the fatal error of librdkafka where somebody polls. If that takes longer than
0.2 s, or happens inside of a transactional call, it goes on to call delivery reports with the
exception already set. Whatever is called next then may fail with SystemError, for no fault of its
own: even the acquisition of a lock, which nobody would release.

So the first thing that a report does is a call that has no effect and is sure to be checked for
this. Python checks calls of C functions, but not those that it has specialised after a while;
calls of ``partial`` objects are never specialised (Python 3.11 to 3.14).

What a typed producer has sent and what came of it.
"""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import Future
from datetime import UTC, datetime
from functools import partial
from threading import Condition, Lock
from typing import TYPE_CHECKING, Any, Final

from avrogen.errors import DeliveryError
from avrogen.kafka.message import Delivered
from avrogen.kafka.observability.counters import ProducerCounters
from avrogen.kafka.producer.delivery_errors import NOT_DELIVERED, RateLimitedLog, delivery_error

if TYPE_CHECKING:
    from confluent_kafka import KafkaError, Message

    from avrogen.kafka.observability.observer import Observer

__all__ = ["DeliveryFuture", "DeliveryTracker", "clear_pending_exception", "delivered"]

_RUNNING: Final = "RUNNING"
_FINISHED: Final = "FINISHED"


class DeliveryFuture(Future[Delivered]):
    """Where a message is, once it is there. It raises DeliveryError if it does not get there.

    What was sent cannot be taken back: ``cancel`` does nothing and returns False.
    """

    # Of the base class, where they are set for each future.
    _state = _RUNNING
    _result: Any = None
    _exception: BaseException | None = None

    _sending: object = None
    _seen = False

    def __init__(self, outbox: DeliveryTracker) -> None:
        self._outbox = outbox

    def __getattr__(self, name: str) -> Any:
        """What the base class needs when somebody waits, made then."""
        if name not in ("_condition", "_waiters", "_done_callbacks"):
            raise AttributeError(f"{type(self).__name__!r} object has no attribute {name!r}")
        with self._outbox.lock:
            attributes = vars(self)
            if "_condition" not in attributes:
                attributes["_waiters"] = []
                attributes["_done_callbacks"] = []
                attributes["_condition"] = Condition()
            return attributes[name]

    def observe(self, sending: object) -> None:
        """Keep what the observer has returned for this message."""
        self._sending = sending

    def __call__(self, error: KafkaError | None, message: Message) -> None:
        """The delivery report; whoever polls calls it."""
        try:  # noqa: SIM105 -- suppress() costs more than all else here
            clear_pending_exception()
        except SystemError:
            pass  # see there
        if error is not None:
            self.fail(error, message.key())
            return
        outbox = self._outbox
        latency = message.latency() or 0.0
        place = message.partition(), message.offset(), message.timestamp()[1]
        with outbox.lock:
            outbox.count_delivered(latency)
            nobody_waits = "_condition" not in vars(self)
            if nobody_waits:
                self._result = place
                self._state = _FINISHED
        if not nobody_waits:
            self.set_result(place)  # type: ignore[arg-type] # see result
        if outbox.observer is not None:
            outbox.observer.delivered(self._sending, self.result(), latency)

    def fail(self, error: KafkaError, key: bytes | None) -> None:
        """The message was not delivered, or not even queued."""
        failure = self._outbox.failure(error, key)
        self.set_exception(failure)
        if self._outbox.observer is not None:
            self._outbox.observer.undelivered(self._sending, failure)

    def result(self, timeout: float | None = None) -> Delivered:
        """Where the message is; waits until that is known.

        Args:
            timeout: seconds; None: as long as it takes, which is ``delivery.timeout.ms`` at most.

        Raises:
            DeliveryError: it was not delivered.
            TimeoutError: nothing is known yet.
        """
        try:
            place: Any = super().result(timeout)
        except DeliveryError as error:
            self._see(error)
            raise
        return delivered(self._outbox.topic, place)

    def exception(self, timeout: float | None = None) -> BaseException | None:
        """Why the message was not delivered, or None; waits until that is known.

        Raises:
            TimeoutError: nothing is known yet.
        """
        error = super().exception(timeout)
        if isinstance(error, DeliveryError):
            self._see(error)
        return error

    def _see(self, error: DeliveryError) -> None:
        with self._outbox.lock:
            if not self._seen:
                self._seen = True
                self._outbox.count_seen(error)


def delivered(topic: str, place: tuple[int | None, int | None, int]) -> Delivered:
    """Partition, offset and milliseconds since 1970, as a delivery report has them."""
    partition, offset, milliseconds = place
    if partition is None or offset is None:  # as of acks=0
        partition, offset = partition or -1, -1 if offset is None else offset
    return Delivered(topic, partition, offset, datetime.fromtimestamp(milliseconds / 1000, UTC))


clear_pending_exception = partial(bool)
"""Raises SystemError if an exception was pending, which is gone then."""


_KEPT: Final = 100
"""Failures that are kept to be named, of those that nobody has seen."""


class DeliveryTracker:
    """The accounts of a typed producer, kept by the threads that send and the one that polls.

    A failure counts as seen when somebody has asked the future of its message for it. Those that
    nobody has seen are what a producer must not be closed over in silence.

    Attributes:
        topic: where messages go.
        observer: who wants to know; None for nobody.
        lock: held to change anything here, and to settle a message's future with it.
    """

    __slots__ = (
        "_delivered",
        "_failed",
        "_is_fatal",
        "_latency_max",
        "_latency_total",
        "_log",
        "_plain_key",
        "_sent",
        "_unseen",
        "_unseen_errors",
        "lock",
        "observer",
        "topic",
    )

    def __init__(
        self,
        topic: str,
        plain_key: Callable[[bytes | None], object],
        observer: Observer | None,
        is_fatal: Callable[[], bool],
    ) -> None:
        """Begin at nothing.

        Args:
            topic: where messages go.
            plain_key: what makes a key of its bytes.
            observer: who wants to know.
            is_fatal: whether the producer beneath has met a fatal error: then all that fails does
                so for this reason, which reports of messages do not say.
        """
        self.topic = topic
        self.observer = observer
        self.lock = Lock()
        self._plain_key = plain_key
        self._is_fatal = is_fatal
        self._log = RateLimitedLog(topic)
        self._sent = self._delivered = self._failed = self._unseen = 0
        self._latency_total = self._latency_max = 0.0
        self._unseen_errors: dict[int, DeliveryError] = {}

    @property
    def pending(self) -> int:
        """Messages whose fate is not known yet."""
        with self.lock:
            return self._sent - self._delivered - self._failed

    def counters(self) -> ProducerCounters:
        """The figures so far."""
        with self.lock:
            mean = self._latency_total / self._delivered if self._delivered else 0.0
            return ProducerCounters(
                self._sent, self._delivered, self._failed, mean, self._latency_max
            )

    def count_sent(self, number: int = 1) -> None:
        """Messages are about to be queued; -1 if one was not."""
        with self.lock:
            self._sent += number

    def count_delivered(self, latency: float) -> None:
        """A message was acknowledged so many seconds after it was queued. :attr:`lock` is held."""
        self._delivered += 1
        self._latency_total += latency
        if latency > self._latency_max:
            self._latency_max = latency

    def failure(self, error: KafkaError, key: bytes | None) -> DeliveryError:
        """A message was not delivered: what its future is to raise."""
        made = delivery_error(error, self.topic, self._plain_key(key), fatal=self._is_fatal())
        with self.lock:
            self._failed += 1
            self._unseen += 1
            if len(self._unseen_errors) < _KEPT:
                self._unseen_errors[id(made)] = made
        self._log.failed(made)
        return made

    def count_seen(self, error: DeliveryError) -> None:
        """Somebody has asked a future for its failure, for the first time. :attr:`lock` is held."""
        if self._unseen:  # otherwise it was among those that a producer was closed over
            self._unseen -= 1
        self._unseen_errors.pop(id(error), None)

    def first_unseen(self) -> DeliveryError | None:
        """The first failure that nobody has seen."""
        with self.lock:
            return next(iter(self._unseen_errors.values()), None)

    def unseen(self) -> DeliveryError | None:
        """One error for all messages that are not delivered and of which nobody knows; else None.

        It can be asked for once: they are known then.
        """
        first = self.first_unseen()
        with self.lock:
            pending = self._sent - self._delivered - self._failed
            undelivered = self._unseen + pending
            self._unseen = 0
            self._unseen_errors.clear()
        if not undelivered:
            return None
        messages = "1 message was" if undelivered == 1 else f"{undelivered} messages were"
        why = f"; the first: {first.message.removeprefix(NOT_DELIVERED)}" if first else ""
        late = f"; {pending} may still arrive" if pending else ""
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
