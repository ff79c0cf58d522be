"""Floats as JSON."""

from __future__ import annotations

import struct
from typing import Final

__all__ = ["float_tree", "shortest"]

_FLOAT: Final = struct.Struct("<f")
_LARGEST_FLOAT: Final = (2 - 2**-23) * 2.0**127


def float_tree(value: float, bits: int) -> float | str:
    """Return a number, or the string for one that JSON lacks."""
    if value - value != 0:
        return "NaN" if value != value else "Infinity" if value > 0 else "-Infinity"
    return shortest(value) if bits == 32 else value


def shortest(value: float) -> float:
    """Return the number with the fewest digits that is the same float of 32 bits."""
    candidates = (float(f"{value:.{digits}g}") for digits in range(6, 10))
    # The largest floats may be rounded beyond the greatest.
    fitting = (short for short in candidates if abs(short) <= _LARGEST_FLOAT)
    same = (short for short in fitting if _FLOAT.pack(short) == _FLOAT.pack(value))
    return next(same, value)
