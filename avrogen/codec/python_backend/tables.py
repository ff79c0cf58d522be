"""Tables that compiled code looks things up in."""

from __future__ import annotations

from functools import cache
from typing import Final

from avrogen.codec.varints import encode_long, encode_varint

__all__ = [
    "SMALL",
    "TRAILING_BYTES",
    "UNZIGZAG",
    "Unfit",
    "leading_bytes",
    "prefixes",
    "small_ints",
]


class Unfit(Exception):
    """Compiled code meets something that it leaves to ``checked``."""


SMALL: Final = 512
"""Ints from -SMALL up to SMALL are in tables. What is not has more than one byte."""


@cache
def small_ints(tag: bytes) -> list[bytes]:
    """Encodings of small ints behind a tag, at the index of the int; negative ones at the end."""
    return [tag + encode_long(n) for n in (*range(SMALL), *range(-SMALL, 0))]


@cache
def prefixes(tag: bytes) -> list[bytes]:
    """Encodings of lengths and counts from 0 to 1023 behind a tag."""
    return [tag + encode_long(n) for n in range(2 * SMALL)]


@cache
def leading_bytes(tag: bytes) -> list[bytes]:
    """Seven bits of a number, with others to follow, behind a tag."""
    return [tag + bytes([bits | 128]) for bits in range(128)]


class _TrailingBytes(dict[int, bytes]):
    """The last bytes of numbers, by what is left of these when the bits before are taken off.

    What was seen is remembered, until there are too many.
    """

    _ROOM: Final = 1024

    def __missing__(self, number: int) -> bytes:
        if len(self) >= self._ROOM:
            self.clear()
        written = self[number] = encode_varint(number)
        return written


TRAILING_BYTES: Final = _TrailingBytes()

UNZIGZAG: Final = [(n >> 1) ^ -(n & 1) for n in range(128)]
"""Ints of one byte, by that byte."""
