"""Everybody in turn, round by round, so that what slows the machine down slows all down."""

from __future__ import annotations

import gc
import time
from collections.abc import Callable, Mapping
from statistics import median

__all__ = ["Race", "race"]


class Race:
    """Seconds that everybody took for one message, round by round."""

    def __init__(self, wall: Mapping[str, list[float]], cpu: Mapping[str, list[float]]) -> None:
        self._wall = wall
        self._cpu = cpu

    def per_second(self, name: str) -> float:
        """Messages a second: the median."""
        return 1 / median(self._wall[name])

    def cpu(self, name: str) -> float:
        """Seconds of processor time for a message, of all threads, the broker's too."""
        return median(self._cpu[name])

    def ratio(self, name: str, base: str) -> float:
        """How many times as many messages a second as somebody else: the median of the rounds."""
        return _ratio(self._wall, name, base)

    def cpu_ratio(self, name: str, base: str) -> float:
        """The same by processor time, in which other work on the machine counts less."""
        return _ratio(self._cpu, name, base)


def _ratio(times: Mapping[str, list[float]], name: str, base: str) -> float:
    return median(b / a for a, b in zip(times[name], times[base], strict=True))


def race(
    runners: Mapping[str, Callable[[int], None]],
    *,
    rounds: int,
    messages: int,
    progress: Callable[[int], None] = lambda _: None,
    prepare: Callable[[int], None] = lambda _: None,
) -> Race:
    """Let everybody handle so many messages in every round.

    Args:
        runners: what handles a number of messages, and returns when they are done with.
        rounds: how often each runs.
        messages: how many each time.
        progress: told how many rounds are over.
        prepare: called with the number of messages before each round.
    """
    prepare(messages)
    for run in runners.values():
        run(messages)  # codecs are compiled, connections are made
    wall: dict[str, list[float]] = {name: [] for name in runners}
    cpu: dict[str, list[float]] = {name: [] for name in runners}
    names = list(runners)
    for number in range(rounds):
        prepare(messages)
        # There and back, so that nobody always comes after the same one.
        for name in names if number % 2 else reversed(names):
            gc.collect()
            began, began_cpu = time.perf_counter(), time.process_time()
            runners[name](messages)
            wall[name].append((time.perf_counter() - began) / messages)
            cpu[name].append((time.process_time() - began_cpu) / messages)
        progress(number + 1)
    return Race(wall, cpu)
