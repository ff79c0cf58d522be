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
    """Raise :class:`TooSlow` unless this ends within so many seconds of computing."""

    def ring(number: int, frame: object) -> NoReturn:
        raise TooSlow(f"more than {seconds} seconds")

    before = signal.signal(signal.SIGPROF, ring)
    signal.setitimer(signal.ITIMER_PROF, seconds)
    try:
        yield
    finally:
        signal.setitimer(signal.ITIMER_PROF, 0)
        signal.signal(signal.SIGPROF, before)
