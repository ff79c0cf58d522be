"""Waiting: for something to be true, and for random moments that are the same every time."""

from __future__ import annotations

import random
import time
from collections.abc import Callable

__all__ = ["Moments", "until"]

_LOOK_SECONDS = 0.05


class Moments:
    """Random moments and choices, the same for the same seed."""

    def __init__(self, seed: int) -> None:
        self.seed = seed
        self.random = random.Random(seed)

    def wait(self, least: float, most: float) -> None:
        """Wait for some time between these, in seconds."""
        time.sleep(self.random.uniform(least, most))


def until(true: Callable[[], bool], seconds: float, what: Callable[[], str]) -> None:
    """Wait for something.

    Args:
        true: whether it is there.
        seconds: how long to wait at most.
        what: says what there is instead, if it does not come.

    Raises:
        AssertionError: it did not come.
    """
    deadline = time.monotonic() + seconds
    while not true():
        assert time.monotonic() < deadline, what()
        time.sleep(_LOOK_SECONDS)
