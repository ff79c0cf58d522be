"""How much the codec takes before it refuses, so that no input can exhaust the process.

These limits are for what bytes could otherwise claim without having it. Everything else is bounded
by the bytes that are there: a length, and the count of a block times the fewest bytes that an item
can have, are never more than what remains, so a value never has more items than its data have
bytes, but for those that take none.

No honest message meets the defaults. Where one does, other limits are given to a call
(``from_avro(data, limits=Limits(max_depth=1000))``) or to the whole process (:func:`set_limits`).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

__all__ = ["MAX_DECIMAL_DIGITS", "Limits", "current_limits", "set_limits"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Limits:
    """What a datum may have at most.

    Attributes:
        max_depth: records within records of a recursive type, on the way in and on the way out.
            Records that contain each other without recursion are as deep as their schema, and not
            counted. Python's own recursion limit, of 1,000 calls by default, ends at about 400:
            beyond that, raise ``sys.setrecursionlimit`` as well.
        max_empty_items: array items that take no bytes, such as ``null``, in all arrays together;
            likewise records beyond one for each byte, where a schema makes very many of few bytes.

    Raises:
        ValueError: a limit is no int of at least 0.
    """

    max_depth: int = 200
    max_empty_items: int = 100_000

    def __post_init__(self) -> None:
        for name in ("max_depth", "max_empty_items"):
            value: object = getattr(self, name)
            if not isinstance(value, int) or isinstance(value, bool) or value < 0:
                raise ValueError(f"{name} must be an int of at least 0, not {value!r}")


MAX_DECIMAL_DIGITS: Final = 10_000
"""Digits of a decimal, whatever precision its schema allows: more take too long to compute."""

_current = Limits()


def current_limits() -> Limits:
    """What holds for calls that are given no limits."""
    return _current


def set_limits(limits: Limits) -> None:
    """Have other limits hold in the whole process, for calls that are given none."""
    global _current  # noqa: PLW0603 -- a setting of the process is what it is
    _current = limits
