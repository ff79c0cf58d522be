"""From what processes wrote down to what was lost and what was done twice."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from tests.faults.ledger import Entry, Step

__all__ = ["Count", "count", "numbers", "offsets"]


@dataclass(frozen=True, slots=True)
class Count:
    """What became of events.

    Attributes:
        due: how many had to arrive.
        arrived: how many of them did.
        lost: the numbers of those that did not.
        repeated: how often an event arrived again after its first time.
        foreign: the numbers of those that arrived and were never sent.
    """

    due: int
    arrived: int
    lost: frozenset[int]
    repeated: int
    foreign: frozenset[int]


def count(due: Iterable[int], arrivals: Iterable[int], *, possible: Iterable[int] = ()) -> Count:
    """Compare what had to arrive with what did.

    Args:
        due: the numbers of events that had to arrive.
        arrivals: the number of an event each time that it arrived.
        possible: the numbers of events that may have arrived, such as those that were sent and
            never acknowledged, because the producer was killed before it could be.
    """
    wanted, times = frozenset(due), Counter(arrivals)
    arrived = frozenset(times)
    return Count(
        due=len(wanted),
        arrived=len(wanted & arrived),
        lost=wanted - arrived,
        repeated=times.total() - len(times),
        foreign=arrived - wanted - frozenset(possible),
    )


def numbers(entries: Iterable[Entry], step: Step) -> list[int]:
    """The numbers of the events that a step is noted of, as often as it is."""
    return [entry.number for entry in entries if entry.step is step]


def offsets(entries: Sequence[Entry], step: Step, partition: int) -> list[int]:
    """The offsets of a partition that a step is noted of, in the order of the notes."""
    return [e.offset for e in entries if e.step is step and e.partition == partition]
