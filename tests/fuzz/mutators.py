"""Ways in which bytes go wrong: by accident, and on purpose."""

from __future__ import annotations

import random
from collections.abc import Callable, Sequence
from typing import Final, TypeAlias

from avrogen.codec.varints import encode_long

__all__ = ["MUTATORS", "mutated"]

Mutator: TypeAlias = Callable[[bytearray, random.Random], None]
"""Changes a message in place. It may be empty."""

_LENGTHS: Final = (
    *(-1, -2, -64, -(2**31), -(2**63)),
    *(1, 63, 64, 2**20, 2**31 - 1, 2**31, 2**32, 2**40, 2**62, 2**63 - 1),
)
"""Lengths and counts that claim too much, are negative, or overflow somebody's arithmetic."""

_OVERLONG: Final = (
    b"\x80\x00",  # 0, in two bytes
    b"\x82\x80\x80\x80\x00",  # 1, in as many as an int may have
    b"\xff\xff\xff\xff\x0f",  # the least int
    b"\xff\xff\xff\xff\x1f",  # a bit more than an int has
    b"\x80\x80\x80\x80\x80\x00",  # 0, in more than an int may have
    b"\x80" * 9 + b"\x00",  # 0, in as many as a long may have
    b"\xff" * 9 + b"\x01",  # the least long
    b"\xff" * 9 + b"\x02",  # a bit more than a long has
    b"\x80" * 10 + b"\x00",
    b"\xff" * 20,
)
"""Varints that are longer than they need be, or than they may be."""

_PIECES: Final = (
    b"\x00",
    b"\x02",
    b"\x01",
    b"\xc3\xa9",
    b"\xed\xa0\x80",  # half of a surrogate pair, as some write it in UTF-8
    b"\xc0\x80",  # NUL in two bytes, likewise
    b"\xff\xff",
    bytes(8),
    b"\x00\x00\x00\x00\x00\x00\xf0\x7f",  # infinity
    b"\x01\x00\x00\x00\x00\x00\xf8\xff",  # NaN
)


def _flip(data: bytearray, source: random.Random) -> None:
    for _ in range(source.choice((1, 1, 1, 2, 5))):
        if data:
            data[source.randrange(len(data))] ^= 1 << source.randrange(8)


def _set(data: bytearray, source: random.Random) -> None:
    if data:
        data[source.randrange(len(data))] = source.choice((0, 1, 2, 3, 127, 128, 254, 255))


def _truncate(data: bytearray, source: random.Random) -> None:
    del data[source.randint(0, len(data)) :]


def _append(data: bytearray, source: random.Random) -> None:
    data += source.choice(_PIECES)


def _insert(data: bytearray, source: random.Random) -> None:
    place = source.randint(0, len(data))
    data[place:place] = source.choice((*_PIECES, source.randbytes(source.randint(1, 9))))


def _delete(data: bytearray, source: random.Random) -> None:
    start, end = _slice(data, source)
    del data[start:end]


def _duplicate(data: bytearray, source: random.Random) -> None:
    start, end = _slice(data, source)
    data[end:end] = data[start:end] * source.choice((1, 1, 2, 16))


def _move(data: bytearray, source: random.Random) -> None:
    start, end = _slice(data, source)
    piece = data[start:end]
    del data[start:end]
    place = source.randint(0, len(data))
    data[place:place] = piece


def _overlong(data: bytearray, source: random.Random) -> None:
    _replace(data, source, source.choice(_OVERLONG))


def _same_but_longer(data: bytearray, source: random.Random) -> None:
    """Continue the last byte of what may be a varint with bytes that add nothing."""
    ends = [index for index, byte in enumerate(data) if byte < 128]
    if ends:
        place = source.choice(ends)
        data[place] |= 128
        data[place + 1 : place + 1] = bytes([128]) * source.randrange(3) + b"\x00"


def _length(data: bytearray, source: random.Random) -> None:
    _replace(data, source, encode_long(source.choice(_LENGTHS)))


def _negative_block(data: bytearray, source: random.Random) -> None:
    """A negative count and a size, which may lie, in place of what may be a count."""
    counts = [index for index, byte in enumerate(data) if 0 < byte < 128 and byte % 2 == 0]
    if counts:
        place = source.choice(counts)
        size = source.choice((0, 1, len(data) - place, len(data), *_LENGTHS))
        data[place : place + 1] = bytes([data[place] - 1]) + encode_long(size)


def _replace(data: bytearray, source: random.Random, piece: bytes) -> None:
    place = source.randint(0, len(data))
    data[place : place + source.choice((0, 1, 1, len(piece)))] = piece


def _slice(data: bytearray, source: random.Random) -> tuple[int, int]:
    start = source.randint(0, len(data))
    return start, min(len(data), start + source.choice((1, 2, 4, 16)))


MUTATORS: Final[Sequence[Mutator]] = (
    _flip,
    _set,
    _truncate,
    _append,
    _insert,
    _delete,
    _duplicate,
    _move,
    _overlong,
    _same_but_longer,
    _length,
    _negative_block,
)


def mutated(data: bytes, source: random.Random, others: Sequence[bytes] = ()) -> bytes:
    """A message with one or several things wrong; or spliced with another."""
    out = bytearray(data)
    if others and source.random() < 0.1:
        out[source.randint(0, len(out)) :] = source.choice(others)[source.randint(0, len(out)) :]
    for _ in range(source.choice((1, 1, 1, 2, 3))):
        source.choice(MUTATORS)(out, source)
    return bytes(out)
