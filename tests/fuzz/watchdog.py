"""An end to what does not end by itself."""

from __future__ import annotations

import signal
from collections.abc import Generator
from contextlib import contextmanager
from typing import NoReturn

__all__ = ["TooSlow", "watched"]


class TooSlow(BaseException):
    """It took too long. Not an Exception: whatever handles those is not to go on."""


@contextmanager
def watched(seconds: float) -> Generator[None]:
    """Raise :class:`TooSlow` in the main thread unless this ends within so many seconds."""

    def ring(number: int, frame: object) -> NoReturn:
        raise TooSlow(f"more than {seconds} seconds")

    before = signal.signal(signal.SIGALRM, ring)
    signal.setitimer(signal.ITIMER_REAL, seconds)
    try:
        yield
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)
        signal.signal(signal.SIGALRM, before)
