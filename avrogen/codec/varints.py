"""Zigzag variable-length integers (specification, "Primitive Types": int and long)."""

from __future__ import annotations

from typing import Final, Literal

from avrogen.errors import DecodeError

__all__ = ["encode_long", "encode_varint", "fits", "read_varint"]

_WIDTH: Final = {32: 5, 64: 10}
"""The most bytes that an int and a long take."""


def fits(number: int, bits: int) -> bool:
    """Whether a signed number of so many bits can be this one."""
    # A range would look at every number in it for an instance of a subclass of int.
    bound = 1 << (bits - 1)
    return -bound <= number < bound


def encode_long(value: int) -> bytes:
    """The shortest encoding of an int of at most 64 bits, signed."""
    return encode_varint((value << 1) ^ (value >> 63))


def encode_varint(number: int) -> bytes:
    """Seven bits a byte, the lowest first; every byte but the last has its highest bit set."""
    out = bytearray()
    while number > 0x7F:
        out.append(number & 0x7F | 0x80)
        number >>= 7
    out.append(number)
    return bytes(out)


def read_varint(data: bytes, position: int, bits: Literal[32, 64]) -> tuple[int, int]:
    """Read an int or a long; longer encodings than needed are taken if they are within its width.

    Returns:
        The value, and the position after it.

    Raises:
        DecodeError: the bytes end within it, or it is more than ``bits`` wide.
    """
    result = 0
    for index, byte in enumerate(data[position : position + _WIDTH[bits]]):
        result |= (byte & 0x7F) << (7 * index)
        if byte < 0x80:
            if result >> bits:
                break
            return (result >> 1) ^ -(result & 1), position + index + 1
    else:
        if len(data) - position < _WIDTH[bits]:
            raise DecodeError("the bytes end within a number", offset=len(data))
    raise DecodeError(f"a number of more than {bits} bits", offset=position)
