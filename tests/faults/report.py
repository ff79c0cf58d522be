"""What fault tests counted, as a table to read and to put into ``docs/reliability.md``."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from tests.faults.counting import Count

__all__ = ["FIGURES", "Figures", "table"]

FIGURES = "figures of faults"
"""The name of the property that a test's report has them under."""

_HEAD = ("fault", "due", "arrived", "lost", "repeated", "details", "seconds")


@dataclass(frozen=True, slots=True)
class Figures:
    """What one test counted.

    Attributes:
        what: happened.
        count: what became of the events.
        seconds: how long it took.
        more: other numbers, by what they count.
    """

    what: str
    count: Count
    seconds: float
    more: Mapping[str, int]

    def row(self) -> list[str]:
        """The cells of its row, which survive the way between processes of pytest-xdist."""
        count = self.count
        more = ", ".join(f"{number} {what.replace('_', ' ')}" for what, number in self.more.items())
        numbers = (count.due, count.arrived, len(count.lost), count.repeated)
        return [self.what, *map(str, numbers), more, f"{self.seconds:.0f}"]


def table(rows: Iterable[list[str]]) -> str:
    """The rows as a table in Markdown."""
    cells = [list(_HEAD), ["---"] * len(_HEAD), *sorted(rows)]
    widths = [max(len(row[i]) for row in cells) for i in range(len(_HEAD))]
    return "\n".join(
        "| " + " | ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)) + " |"
        for row in cells
    )
