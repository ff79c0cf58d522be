"""What a process did, written down so that it is still known when the process is killed.

A line for each step, in a file that is appended to by one system call for each line: whatever a
process has written, the system has, however the process ends. Only a machine that fails would lose
it, and none does here.
"""

from __future__ import annotations

import os
import time
from dataclasses import dataclass, field
from enum import StrEnum
from pathlib import Path
from types import TracebackType
from typing import Self

__all__ = ["Entry", "Ledger", "Step", "read_entries"]


class Step(StrEnum):
    """What happened to an event."""

    SENT = "sent"
    """It was given to the producer. What became of it is not known yet."""
    DELIVERED = "delivered"
    """The brokers have it."""
    FAILED = "failed"
    """The producer gave up on it."""
    BEGUN = "begun"
    """The handler of a consumer has it, and others at the same time."""
    HANDLED = "handled"
    """The handler of a consumer is done with it."""
    RETRIED = "retried"
    """The handler asked for it to be given again."""
    REFUSED = "refused"
    """The handler failed on it for good."""
    ASSIGNED = "assigned"
    """A partition has come to a consumer; the event's number has no meaning."""


@dataclass(frozen=True, slots=True)
class Entry:
    """One step of one event.

    Attributes:
        step: what happened.
        number: of the event; each event has one of its own.
        partition: -1 if it is not known.
        offset: -1 if it is not known.
        at: milliseconds when it was written down, by the clock of the machine.
    """

    step: Step
    number: int
    partition: int = -1
    offset: int = -1
    at: int = field(default=0, compare=False)


class Ledger:
    """A file to write entries to. Threads may share it."""

    def __init__(self, path: Path) -> None:
        self._file = os.open(path, os.O_WRONLY | os.O_APPEND | os.O_CREAT)

    def write(self, entry: Entry) -> None:
        """Write an entry down; when this returns, it is not lost any more."""
        now = time.time_ns() // 1_000_000
        line = f"{entry.step} {entry.number} {entry.partition} {entry.offset} {now}\n"
        os.write(self._file, line.encode("ascii"))

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        exc_type: type[BaseException] | None,
        exc: BaseException | None,
        tb: TracebackType | None,
    ) -> None:
        os.close(self._file)


def read_entries(path: Path) -> list[Entry]:
    """What was written down so far; nothing if there is no such file."""
    if not path.exists():
        return []
    return [_entry(line) for line in path.read_text("ascii").splitlines()]


def _entry(line: str) -> Entry:
    step, *numbers = line.split()
    return Entry(Step(step), *map(int, numbers))
