"""Thread that serves librdkafka's callbacks: delivery reports, errors, statistics."""

from __future__ import annotations

import logging
import threading
import time
import warnings
from collections.abc import Callable, Generator, Sequence
from contextlib import contextmanager
from typing import TYPE_CHECKING, Final

from avrogen.kafka.observability.logs import LOGGER, log_event

if TYPE_CHECKING:
    from confluent_kafka import KafkaError, Producer

    from avrogen.kafka.producer.delivery import DeliveryTracker

__all__ = ["EXIT_TIMEOUT", "ProducerPollThread"]

_POLL: Final = 0.1
"""Seconds of one ``poll``, which delivery reports end; the thread reacts to others after it.

A call must not take more than 0.2 s: confluent-kafka divides longer calls, and continues with the
exception of a fatal error pending, in which callbacks fail.
"""

EXIT_TIMEOUT: Final = 10.0
"""Seconds at the end of the process for the messages of clients that were not closed."""

_FLUSH: Final = 0.02
"""Seconds of one ``flush``, which ends early only if no message is left."""

_WATCH: Final = 1.0
"""Seconds from one look at messages and connections to the next."""


class ProducerPollThread:
    """Polls a producer in a thread of its own, so that futures settle at any time.

    Args:
        producer: the producer to be polled.
        on_error: called with the fatal error, which confluent-kafka raises from ``poll``.
    """

    def __init__(self, producer: Producer, on_error: Callable[[KafkaError], None]) -> None:
        self._producer = producer
        self._on_error = on_error
        self._stopping = False
        self._flushing = 0
        self._waiting = 0
        self._progress = threading.Condition()
        self._hooks: tuple[Callable[[], None], ...] = ()
        self.polled_at = time.monotonic()
        """Time of the last poll of the thread, by the monotonic clock."""
        self.watch: Callable[[], Callable[[], None] | None] = lambda: None
        """Reference to a function that the thread calls every second."""
        self._next_watch = 0.0
        self._thread = threading.Thread(target=self._run, name="avrogen producer", daemon=True)
        self._thread.start()

    def replace(self, producer: Producer, on_error: Callable[[KafkaError], None]) -> None:
        """Poll another producer from now on."""
        self._producer, self._on_error = producer, on_error

    def add_hook(self, hook: Callable[[], None]) -> None:
        """Call a function after every poll, in the polling thread. It must be quick."""
        with self._progress:
            self._hooks = (*self._hooks, hook)

    def remove_hook(self, hook: Callable[[], None]) -> None:
        """Stop calling a function."""
        with self._progress:
            self._hooks = tuple(other for other in self._hooks if other is not hook)

    def wait(self, done: Callable[[], bool], timeout: float | None) -> bool:
        """Wait for a condition that delivery reports fulfil. Lingering messages are sent meanwhile.

        Args:
            done: the condition, which is evaluated after every poll.
            timeout: seconds; None: no limit.

        Returns:
            True if the condition was fulfilled.
        """
        if self.is_current:
            return self.flush(done, timeout)
        deadline = _deadline(timeout)
        with self.flushing(), self._progress:
            self._waiting += 1
            try:
                while not done():
                    left = _left(deadline)
                    if left <= 0 or self._stopping:
                        return done()
                    self._progress.wait(left)
                return True
            finally:
                self._waiting -= 1

    def flush(self, done: Callable[[], bool], timeout: float | None) -> bool:
        """Wait as :meth:`wait` does, but poll in this thread: lingering messages are sent now."""
        deadline = _deadline(timeout)
        while not done():
            left = _left(deadline)
            if left <= 0 or self._stopping:
                return done()
            self._serve(left, flush=True)
        return True

    @contextmanager
    def flushing(self) -> Generator[None]:
        """Disable ``linger.ms`` within a block: send messages at once."""
        with self._progress:
            self._flushing += 1
        try:
            yield
        finally:
            with self._progress:
                self._flushing -= 1

    @property
    def is_current(self) -> bool:
        """True in the polling thread: in callbacks of futures and of observers."""
        return threading.current_thread() is self._thread

    def after_callbacks(self, close: Callable[[], object]) -> None:
        """Close something in a thread of its own, as callbacks of librdkafka must not close it.

        Args:
            close: function that closes it; what it raises is logged.
        """

        def run() -> None:
            try:
                close()
            except Exception:
                LOGGER.exception("closing a producer in a delivery callback failed")

        threading.Thread(target=run, name="avrogen close").start()

    def stop(self) -> None:
        """Stop the thread. No callbacks are served afterwards."""
        self._stopping = True
        if threading.current_thread() is not self._thread:
            self._thread.join()

    def deliver_rest(self, trackers: Sequence[DeliveryTracker], seconds: float) -> None:
        """Deliver messages of a client that was not closed when the process ends, and warn.

        Args:
            trackers: those of its typed producers.
            seconds: bound.
        """

        def pending() -> int:
            return sum(tracker.pending for tracker in trackers)

        def delivered() -> int:
            return sum(tracker.counters().delivered for tracker in trackers)

        in_flight, before = pending(), delivered()
        self.flush(lambda: pending() == 0, seconds)
        lost = in_flight - (delivered() - before)
        names = ", ".join(tracker.topic for tracker in trackers)
        log_event(
            logging.ERROR if lost else logging.WARNING,
            "producer.unclosed",
            topics=names,
            in_flight=in_flight,
            lost=lost,
        )
        warnings.warn(
            f"a producer ({names}) was not used in a with block: it was not closed when the "
            f"process ended; messages in flight: {in_flight}, lost: {lost}",
            ResourceWarning,
            stacklevel=2,
        )

    def _run(self) -> None:
        while not self._stopping:
            if self._flushing:
                self._serve(_FLUSH, flush=True)
            else:
                self._serve(_POLL)
            self._watch()

    def _watch(self) -> None:
        now = self.polled_at = time.monotonic()
        if now < self._next_watch:
            return
        self._next_watch = now + _WATCH
        watch = self.watch()
        if watch is not None:
            watch()

    def _serve(self, seconds: float, *, flush: bool = False) -> None:
        from confluent_kafka import KafkaException

        producer, on_error = self._producer, self._on_error
        try:
            if flush:
                producer.flush(seconds)
            else:
                producer.poll(seconds)
        except KafkaException as exception:
            on_error(exception.args[0])
        except Exception:
            LOGGER.exception("polling failed")
        for hook in self._hooks:
            hook()
        if self._waiting:
            with self._progress:
                self._progress.notify_all()


def _deadline(timeout: float | None) -> float:
    return float("inf") if timeout is None else time.monotonic() + timeout


def _left(deadline: float) -> float:
    """Return the seconds until a deadline, at most those of one poll."""
    return min(_POLL, deadline - time.monotonic())
