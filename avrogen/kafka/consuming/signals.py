"""SIGTERM and SIGINT while a consumer runs: it stops when the message in hand is done."""

from __future__ import annotations

import signal
import threading
from collections.abc import Callable, Generator
from contextlib import contextmanager
from types import FrameType
from typing import Final

__all__ = ["SIGNALS", "stopped_by_signals"]

SIGNALS: Final = (signal.SIGTERM, signal.SIGINT)
"""What orchestrators and terminals send to have a program end."""


@contextmanager
def stopped_by_signals(stop: Callable[[], None]) -> Generator[None]:
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
