"""From what processes wrote down to what was lost and what was done twice."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from tests.faults.ledger import Entry, Step

__all__ = ["Count", "Miscount", "count", "most_repeated", "numbers", "out_of_order"]


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


def out_of_order(lives: Sequence[Sequence[Entry]], keys: int) -> list[str]:
    """Whatever happened to events of a key in another order than they have, or at one time.

    An event may be handled again by another process, and then those behind it, too.

    Args:
        lives: what processes wrote down, each after the one before it.
        keys: how many keys there are, in turns.
    """
    found: list[str] = []
    handled: set[int] = set()
    for life in lives:
        busy: dict[int, int] = {}
        last: dict[int, int] = {}
        for entry in life:
            number = entry.number
            key = number % keys
            if entry.step is Step.BEGUN:
                if key in busy:
                    found.append(f"{number} with {busy[key]}")
                if number <= last.get(key, -1):
                    found.append(f"{number} after {last[key]}")
                if number >= keys and number - keys not in handled:
                    found.append(f"{number} before {number - keys}")
                busy[key] = last[key] = number
            elif entry.step is Step.HANDLED:
                busy.pop(key, None)
                handled.add(number)
    return found


def most_repeated(lives: Sequence[Sequence[Entry]], milliseconds: int) -> int:
    """How many events may come again: those in flight at a kill, and those handled just before.

    Args:
        lives: what processes wrote down that were killed.
        milliseconds: between commits.
    """
    most = 0
    for life in lives:
        begun, handled = set(numbers(life, Step.BEGUN)), set(numbers(life, Step.HANDLED))
        end = max((entry.at for entry in life), default=0) - milliseconds
        late = [e for e in life if e.step is Step.HANDLED and e.at >= end]
        most += len(begun - handled) + len(late)
    return most


def numbers(entries: Iterable[Entry], step: Step) -> list[int]:
    """The numbers of the events that a step is noted of, as often as it is."""
    return [entry.number for entry in entries if entry.step is step]
