"""What a test has gone wrong: answers that are errors, answers that come late or never."""

from __future__ import annotations

import threading
from collections.abc import Callable
from dataclasses import dataclass
from typing import TypeAlias

from avrogen.testing.registry.exchange import Request, Response

__all__ = ["Answer", "Delay", "Fault", "Faults", "Silence", "Where", "everywhere"]

Where: TypeAlias = Callable[[Request], bool]
"""Which requests something goes wrong for."""


def everywhere(_request: Request) -> bool:
    """All of them."""
    return True


@dataclass(frozen=True, slots=True)
class Answer:
    """This answer comes, whatever was asked; nothing else happens."""

    response: Response


@dataclass(frozen=True, slots=True)
class Delay:
    """The right answer comes after so many seconds."""

    seconds: float


@dataclass(frozen=True, slots=True)
class Silence:
    """The connection stays open, and no answer comes."""


Fault: TypeAlias = Answer | Delay | Silence


@dataclass(slots=True)
class _Planned:
    fault: Fault
    where: Where
    left: int | None


class Faults:
    """What is planned. Threads may share it."""

    def __init__(self) -> None:
        self._planned: list[_Planned] = []
        self._lock = threading.Lock()

    def plan(self, fault: Fault, where: Where, times: int | None) -> None:
        """Let something go wrong for the next requests; None is without end."""
        with self._lock:
            self._planned.append(_Planned(fault, where, times))

    def forget(self) -> None:
        """Let everything go right again."""
        with self._lock:
            self._planned.clear()

    def take(self, request: Request) -> Fault | None:
        """What goes wrong for this request: what was planned first and is not used up."""
        with self._lock:
            for planned in self._planned:
                if planned.left != 0 and planned.where(request):
                    if planned.left is not None:
                        planned.left -= 1
                    return planned.fault
            return None
