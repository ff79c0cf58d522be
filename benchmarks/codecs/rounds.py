"""Timing on a machine where other things happen as well.

Everything is timed once in each round, a few milliseconds long, so that whatever slows the machine
down for a while slows all contenders down. What is told of a contender is the median, over all
rounds, of how it compared with others *within* a round.
"""

from __future__ import annotations

import gc
from collections.abc import Callable, Hashable, Mapping
from statistics import median
from typing import Generic, TypeVar

from benchmarks.codecs.jobs import Job

__all__ = ["Times", "measure"]

Key = TypeVar("Key", bound=Hashable)


class Times(Generic[Key]):
    """Seconds that each job took for one run of it, round by round."""

    def __init__(self, rounds: Mapping[Key, list[float]]) -> None:
        self._rounds = rounds

    def __contains__(self, key: Key) -> bool:
        return key in self._rounds

    def seconds(self, key: Key) -> float:
        """The median."""
        return median(self._rounds[key])

    def faster(self, key: Key, base: Key) -> float:
        """How many times as fast as another job it is."""
        return median(b / a for a, b in zip(self._rounds[key], self._rounds[base], strict=True))


def measure(
    jobs: Mapping[Key, Job],
    *,
    rounds: int,
    sample: float,
    progress: Callable[[int], None] = lambda _: None,
) -> Times[Key]:
    """Time jobs.

    Args:
        jobs: those that are compared with each other should stand beside each other.
        rounds: how many times each is timed.
        sample: how long, in seconds; each job is repeated as often as it takes.
        progress: told how many rounds are over.
    """
    timers = {key: job.timer() for key, job in jobs.items()}
    repeats: dict[Key, int] = {}
    for key, timer in timers.items():
        once = min(timer.timeit(1) for _ in range(5))
        repeats[key] = max(1, round(sample / max(once, 1e-7)))
    times: dict[Key, list[float]] = {key: [] for key in jobs}
    gc.collect()
    gc.freeze()  # what is there now need not be looked at again
    try:
        for number in range(rounds):
            # There and back, so that nobody always comes after the same one.
            for key in list(timers) if number % 2 else list(reversed(timers)):
                count = repeats[key]
                # No garbage is collected meanwhile: ``timeit`` sees to that.
                times[key].append(timers[key].timeit(count) / count)
            gc.collect()
            progress(number + 1)
    finally:
        gc.unfreeze()
    return Times(times)
