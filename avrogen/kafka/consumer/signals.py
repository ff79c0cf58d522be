"""SIGTERM and SIGINT while a consumer runs: it stops when the message in hand is done.

SIGTERM and SIGINT while a consumer runs on a loop: as :mod:`avrogen.kafka.consumer.signals`.
"""

from __future__ import annotations

import asyncio
import signal
import threading
from collections.abc import Callable, Generator
from contextlib import contextmanager
from types import FrameType
from typing import Final

__all__ = ["SIGNALS", "AsyncStopSignals", "stop_on_signals"]

SIGNALS: Final = (signal.SIGTERM, signal.SIGINT)
"""What orchestrators and terminals send to have a program end."""


@contextmanager
def stop_on_signals(stop: Callable[[], None]) -> Generator[None]:
    """Call a function when a signal comes; afterwards, what was there before has its place back.

    That is so from the first signal on: a second one, of whoever cannot wait, does what it would
    have done without a consumer. Python takes signals in its main thread only; in others, nothing
    changes.

    Args:
        stop: called between two instructions of whatever runs, so it must not take locks.
    """
    if threading.current_thread() is not threading.main_thread():
        yield
        return
    before = {number: signal.getsignal(number) for number in SIGNALS}

    def restore() -> None:
        for number, handler in before.items():
            # None: it was not put there by Python, which cannot put it back.
            if signal.getsignal(number) is received and handler is not None:
                signal.signal(number, handler)

    def received(_number: int, _frame: FrameType | None) -> None:
        restore()
        stop()

    for number in SIGNALS:
        signal.signal(number, received)
    try:
        yield
    finally:
        restore()


class AsyncStopSignals:
    """Calls a function when a signal comes, from when it is entered to when it is left.

    From the first signal on, what was there before has its place back, such as the handler of
    :func:`asyncio.run` that cancels the task. It changes nothing in loops of other threads than the
    main one, to which Python gives no signals, and where a loop takes none (Windows).

    Args:
        stop: the function.
    """

    def __init__(self, stop: Callable[[], None]) -> None:
        self._stop = stop
        self._before: dict[signal.Signals, object] = {}

    def enter(self) -> None:
        """Begin. Doing so twice does nothing."""
        if self._before or threading.current_thread() is not threading.main_thread():
            return
        loop = asyncio.get_running_loop()
        for number in SIGNALS:
            before = signal.getsignal(number)
            try:
                loop.add_signal_handler(number, self._received)
            except NotImplementedError:
                return
            self._before[number] = before

    def leave(self) -> None:
        """End. Doing so twice does nothing."""
        while self._before:
            number, before = self._before.popitem()
            asyncio.get_running_loop().remove_signal_handler(number)
            # None: it was not put there by Python, which cannot put it back.
            if before is not None:
                signal.signal(number, before)  # type: ignore[arg-type]  # getsignal gave it

    def _received(self) -> None:
        self.leave()
        self._stop()
