"""Serving librdkafka's callbacks: delivery reports, errors, statistics."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Generator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Final

from avrogen.kafka.observability.logs import LOGGER

if TYPE_CHECKING:
    from confluent_kafka import KafkaError, Producer

__all__ = ["ProducerPollThread"]

_POLL: Final = 0.1
"""Seconds of one go. Reports end it; this is how soon the thread sees what else it should do.

Nothing may take more than 0.2 s: confluent-kafka divides longer calls, and goes on to the next part
with the exception of a fatal error pending, in which callbacks fail.
"""

_FLUSH: Final = 0.02
"""Seconds of one go at flushing, which ends early only when nothing is left."""


class ProducerPollThread:
    """Polls a producer in a thread of its own, so that futures settle whatever others do.

    Args:
        producer: whose callbacks are served.
        on_error: told the fatal error, which confluent-kafka raises where it polls.
    """

    def __init__(self, producer: Producer, on_error: Callable[[KafkaError], None]) -> None:
        self._producer = producer
        self._on_error = on_error
        self._stopping = False
        self._flushing = 0
        self._waiting = 0
        self._progress = threading.Condition()
        self._hooks: tuple[Callable[[], None], ...] = ()
        self._thread = threading.Thread(target=self._run, name="avrogen producer", daemon=True)
        self._thread.start()

    def add_hook(self, hook: Callable[[], None]) -> None:
        """Have a function called after every go, by whoever polls. It must be quick."""
        with self._progress:
            self._hooks = (*self._hooks, hook)

    def remove_hook(self, hook: Callable[[], None]) -> None:
        """Have it called no longer."""
        with self._progress:
            self._hooks = tuple(other for other in self._hooks if other is not hook)

    def wait(self, done: Callable[[], bool], timeout: float | None) -> bool:
        """Wait until reports have made something true. What lingers is sent at once meanwhile.

        Args:
            done: what is waited for. It is called again after every go.
            timeout: seconds; None: for ever.

        Returns:
            Whether it came true.
        """
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
        """The same, polling in this thread: what lingers is sent now, and not in the next go."""
        deadline = _deadline(timeout)
        while not done():
            left = _left(deadline)
            if left <= 0 or self._stopping:
                return done()
            self._go(self._producer.flush, left)
        return True

    @contextmanager
    def flushing(self) -> Generator[None]:
        """What lingers is sent at once while this is held (``linger.ms``)."""
        with self._progress:
            self._flushing += 1
        try:
            yield
        finally:
            with self._progress:
                self._flushing -= 1

    def stop(self) -> None:
        """End the thread. Nothing is served any more."""
        self._stopping = True
        if threading.current_thread() is not self._thread:
            self._thread.join()

    def _run(self) -> None:
        while not self._stopping:
            if self._flushing:
                self._go(self._producer.flush, _FLUSH)
            else:
                self._go(self._producer.poll, _POLL)

    def _go(self, serve: Callable[[float], object], seconds: float) -> None:
        from confluent_kafka import KafkaException

        try:
            serve(seconds)
        except KafkaException as exception:
            self._on_error(exception.args[0])
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
    """Seconds until a deadline, but no more than one go."""
    return min(_POLL, deadline - time.monotonic())
