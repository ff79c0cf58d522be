"""Functions that compiled decoders call."""

from __future__ import annotations

import sys
from array import array
from typing import Literal

from avrogen.codec.python_backend.tables import Unfit
from avrogen.codec.varints import fits, read_varint

__all__ = [
    "read_block",
    "read_int_rest",
    "read_long",
    "read_long_rest",
    "read_span",
    "skip_block",
    "unpack_array",
]


def read_long(data: bytes, position: int) -> tuple[int, int]:
    """A long, and the position after it."""
    number = data[position]
    if number < 128:
        return number >> 1 ^ -(number & 1), position + 1
    second = data[position + 1]
    number += (second << 7) - 128
    if second < 128:
        return number >> 1 ^ -(number & 1), position + 2
    third = data[position + 2]
    number += (third << 14) - (128 << 7)
    if third < 128:
        return number >> 1 ^ -(number & 1), position + 3
    return read_long_rest(data, position + 3, number - (128 << 14))


def read_long_rest(data: bytes, position: int, number: int) -> tuple[int, int]:
    """What comes after three bytes of a long that have given ``number``; the position after it."""
    # Three at once, as recent timestamps have them: ints of up to 30 bits are cheaper.
    high = data[position]
    if high > 127:
        byte = data[position := position + 1]
        high += (byte << 7) - 128
        if byte > 127:
            byte = data[position := position + 1]
            high += (byte << 14) - (128 << 7)
            if byte > 127:
                return _read_end_of_long(data, position + 1, number + (high - (128 << 14) << 21))
    number += high << 21
    return number >> 1 ^ -(number & 1), position + 1


def _read_end_of_long(data: bytes, position: int, number: int) -> tuple[int, int]:
    shift = 42
    while (byte := data[position]) > 127:
        number += byte - 128 << shift
        shift += 7
        position += 1
        if shift == 63:
            # The last byte that there can be holds one bit.
            return read_varint(data, position - 9, 64)
    number += byte << shift
    return number >> 1 ^ -(number & 1), position + 1


def read_int_rest(data: bytes, position: int, number: int) -> tuple[int, int]:
    """The same for an int."""
    number, end = read_long_rest(data, position, number)
    if end - position > 2 or not fits(number, 32):
        raise Unfit
    return number, end


def read_span(data: bytes, position: int) -> tuple[int, int]:
    """A length, as the start and the end of what it announces."""
    first = data[position]
    if first > 127 > (second := data[position + 1]) and not first & 1:
        # Up to 8191, in two bytes.
        position += 2
        return position, position + (first + (second << 7) - 128 >> 1)
    size, start = read_long(data, position)
    end = start + size
    if size < 0 or end > len(data):
        raise Unfit
    return start, end


def read_block(data: bytes, position: int) -> tuple[int, int]:
    """The count of a block, and the position of its items."""
    count, position = read_long(data, position)
    if count > 0:
        return count, position
    if count == 0:
        # The end, in more bytes than it needs: loops over blocks end with a byte that is 0.
        raise Unfit
    size, position = read_long(data, position)
    if not 0 <= size <= len(data) - position:
        raise Unfit
    return -count, position


def skip_block(data: bytes, position: int, least: int) -> tuple[int, int]:
    """How many items of a block are to be passed over, and the position from which on.

    A block that says its size is passed over here, and none remain.
    """
    count, position = read_long(data, position)
    if count > 0:
        return count, position
    if count == 0:
        raise Unfit  # as above
    size, position = read_long(data, position)
    if not 0 <= size <= len(data) - position or -count * least > len(data) - position:
        raise Unfit
    return 0, position + size


def unpack_array(encoded: bytes, code: Literal["d", "f"]) -> list[float]:
    """Floats ("f") or doubles ("d") that lie beside each other."""
    numbers = array(code, encoded)
    if sys.byteorder == "big":
        numbers.byteswap()
    return numbers.tolist()
