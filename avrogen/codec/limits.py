"""How much the codec takes before it refuses, so that no input can exhaust the process.

Everything else that bytes claim is checked against the bytes that are there: a length, and the
count of a block times the fewest bytes that an item can have, are never more than what remains.
"""

from __future__ import annotations

from typing import Final

__all__ = ["MAX_DECIMAL_DIGITS", "MAX_DEPTH", "MAX_EMPTY_ITEMS"]

MAX_DEPTH: Final = 200
"""Records within records of a recursive type, on the way in and on the way out.

Records that contain each other without recursion are as deep as their schema, and not counted.
"""

MAX_EMPTY_ITEMS: Final = 100_000
"""Array items in one datum that take no bytes, such as ``null``."""

MAX_DECIMAL_DIGITS: Final = 10_000
"""Digits of a decimal, whatever precision its schema allows."""
