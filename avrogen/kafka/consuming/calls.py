"""What other threads want done in the poller's."""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import Future
from queue import Empty, SimpleQueue
from time import monotonic
from typing import Final, TypeVar

from avrogen.errors import ClosedError

__all__ = ["Calls"]

T = TypeVar("T")

_OFTEN: Final = 1.0
"""Seconds since the last call that still count as often."""


class Calls:
    """Functions to be called in one thread, whichever thread wants it."""

    def __init__(self) -> None:
        self._waiting: SimpleQueue[Callable[[], None]] = SimpleQueue()
        self._last = -_OFTEN
        self._closed = False

    def add(self, function: Callable[[], T]) -> Future[T]:
        """Have a function called.

        Returns:
            What comes of it. It raises ClosedError if the thread has ended.
        """
        future: Future[T] = Future()

        def call() -> None:
            if not future.set_running_or_notify_cancel():
                return  # who wanted it has given up
            if self._closed:
                future.set_exception(ClosedError("the consumer is closed"))
                return
            try:
                future.set_result(function())
            except BaseException as error:
                future.set_exception(error)

        self._waiting.put(call)
        if self._closed:
            self.serve()
        return future

    def serve(self) -> None:
        """Call what is waiting. This is for the thread alone."""
        while True:
            try:
                call = self._waiting.get_nowait()
            except Empty:
                return
            call()
            self._last = monotonic()

    def close(self) -> None:
        """The thread ends: nothing is called any more."""
        self._closed = True
        self.serve()

    def are_frequent(self) -> bool:
        """Whether there will be another one soon, by all appearance."""
        return monotonic() - self._last < _OFTEN
