"""Zigzag variable-length integers (specification, "Primitive Types": int and long)."""

from __future__ import annotations

from typing import Final, Literal

from avrogen.errors import DecodeError

__all__ = ["encode_long", "encode_varint", "fits", "read_varint"]

_WIDTH: Final = {32: 5, 64: 10}
"""Greatest size of an int and of a long."""


def fits(number: int, bits: int) -> bool:
    """Return whether a number fits a signed integer of ``bits`` bits."""
    # A range would look at every number in it for an instance of a subclass of int.
    bound = 1 << (bits - 1)
    return -bound <= number < bound


def encode_long(value: int) -> bytes:
    """Encode a signed int of at most 64 bits, in as few bytes as possible."""
    return encode_varint((value << 1) ^ (value >> 63))


def encode_varint(number: int) -> bytes:
    """Encode an unsigned int: seven bits a byte, lowest first; all but the last have bit 7 set."""
    out = bytearray()
    while number > 0x7F:
        out.append(number & 0x7F | 0x80)
        number >>= 7
    out.append(number)
    return bytes(out)


def read_varint(data: bytes, position: int, bits: Literal[32, 64]) -> tuple[int, int]:
    """Read an int or a long. More bytes than needed are accepted within its greatest size.

    Returns:
        The value, and the position after it.

    Raises:
        DecodeError: the bytes end within it, or it has more than ``bits`` bits.
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
            raise DecodeError("truncated: the data end within a number", offset=len(data))
    raise DecodeError(f"the number has more than {bits} bits", offset=position)
