"""Graceful shutdown by SIGTERM and SIGINT, for threads and for asyncio.

The first signal stops the consumer after the in-flight message. From then on the former handlers
are in place again: a second signal does what it would have done without a consumer.
"""

from __future__ import annotations

import asyncio
import signal
import threading
from collections.abc import Callable
from types import FrameType, TracebackType
from typing import Any, Final, Self

__all__ = ["SIGNALS", "AsyncStopSignals", "StopSignals"]

SIGNALS: Final = (signal.SIGTERM, signal.SIGINT)
"""Signals by which orchestrators and terminals end a program."""


class StopSignals:
    """Calls a function when a signal comes, while it is entered.

    In threads other than the main one it does nothing, as Python handles signals in that only.

    Args:
        stop: the function. It may be called between any two instructions, so it must take no locks.
    """

    def __init__(self, stop: Callable[[], None]) -> None:
        self._stop = stop
        self._former: dict[signal.Signals, Any] = {}

    def enter(self) -> None:
        """Install the handlers, if they are not installed."""
        if self._former or threading.current_thread() is not threading.main_thread():
            return
        for number in SIGNALS:
            self._former[number] = signal.getsignal(number)
            try:
                self._install(number)
            except NotImplementedError:  # event loops on Windows
                del self._former[number]
                return

    def leave(self) -> None:
        """Restore the former handlers, if they are not restored."""
        former, self._former = self._former, {}
        for number, handler in former.items():
            self._restore(number, handler)

    def __enter__(self) -> Self:
        self.enter()
        return self

    def __exit__(
        self,
        exc_type: type[BaseException] | None,
        exc: BaseException | None,
        tb: TracebackType | None,
    ) -> None:
        self.leave()

    def _received(self, _number: int, _frame: FrameType | None) -> None:
        self.leave()
        self._stop()

    def _install(self, number: signal.Signals) -> None:
        signal.signal(number, self._received)

    def _restore(self, number: signal.Signals, former: Any) -> None:
        # None: the handler was not installed by Python, which cannot restore it. Another one: it
        # was replaced meanwhile.
        if former is not None and signal.getsignal(number) == self._received:
            signal.signal(number, former)


class AsyncStopSignals(StopSignals):
    """As :class:`StopSignals`, on the running event loop, which calls the function.

    Former handlers are restored, such as that of :func:`asyncio.run`, which cancels the main task.
    """

    def _install(self, number: signal.Signals) -> None:
        asyncio.get_running_loop().add_signal_handler(number, self._received, number, None)

    def _restore(self, number: signal.Signals, former: Any) -> None:
        asyncio.get_running_loop().remove_signal_handler(number)
        if former is not None:  # as above
            signal.signal(number, former)
