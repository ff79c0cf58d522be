"""The future of a message that was sent.

There is one for every message, so it is made to cost little. ``concurrent.futures.Future`` makes
a lock, a condition and two lists, which take longer than all else that sending does; here, they are
made when somebody waits, which few do. What this knows of its base class (the names of its
attributes) is the same in all Pythons since 3.2.
"""

from __future__ import annotations

from concurrent.futures import Future
from datetime import UTC, datetime
from threading import Condition
from typing import TYPE_CHECKING, Any, Final

from avrogen.errors import DeliveryError
from avrogen.kafka.message import Delivered

if TYPE_CHECKING:
    from confluent_kafka import KafkaError, Message

    from avrogen.kafka.producing.outbox import Outbox

__all__ = ["Delivery", "delivered"]

_RUNNING: Final = "RUNNING"
_FINISHED: Final = "FINISHED"


class Delivery(Future[Delivered]):
    """Where a message is, once it is there. It raises DeliveryError if it does not get there.

    What was sent cannot be taken back: ``cancel`` does nothing and returns False.
    """

    # Of the base class, where they are set for each future.
    _state = _RUNNING
    _result: Any = None
    _exception: BaseException | None = None

    _sending: object = None
    _seen = False

    def __init__(self, outbox: Outbox) -> None:
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
        try:
            partition = message.partition()
        except SystemError:
            # With the exception of a fatal error pending, the first call fails, and takes it away.
            partition = message.partition()
        if error is not None:
            self.fail(error, message.key())
            return
        outbox = self._outbox
        latency = message.latency() or 0.0
        place = partition, message.offset(), message.timestamp()[1]
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
