"""From what processes wrote down to what was lost and what was done twice."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass

from tests.faults.ledger import Entry, Step

__all__ = ["Count", "Miscount", "count", "numbers"]


class Miscount(AssertionError):
    """Events were lost, came twice or from nowhere. No slow machine does that: unlike what is late,
    it is not tried again."""


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

    def require_all(self, *, once: bool) -> None:
        """Everything that was due must have arrived, and nothing else.

        Args:
            once: whether nothing may have arrived again.

        Raises:
            Miscount: it has not.
        """
        if self.lost or self.foreign or (once and self.repeated):
            raise Miscount(str(self))


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
