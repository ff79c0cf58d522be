"""Functions that compiled encoders call.

Tables that compiled code looks things up in.
"""

from __future__ import annotations

import marshal
import struct
import sys
from array import array
from collections.abc import Callable, Sequence
from datetime import datetime
from functools import cache
from typing import Any, Final, TypeVar

from avrogen.avro.model import TimeUnit
from avrogen.codec.conversions import timestamp_from_units
from avrogen.codec.varints import encode_long, encode_varint

__all__ = [
    "SMALL",
    "TRAILING_BYTES",
    "UNZIGZAG",
    "FallBack",
    "as_bytes",
    "as_datetime",
    "as_dict",
    "as_int",
    "as_list",
    "check_reals",
    "leading_bytes",
    "long_writer",
    "pack_array",
    "prefixes",
    "small_ints",
    "timestamp_writer",
]

_BYTES_LIKE: Final = (bytes, bytearray, memoryview)
_LIST: Final[type[list[Any]]] = list
_DICT: Final[type[dict[Any, Any]]] = dict
_PACK2, _PACK3, _PACK4, _PACK5, _PACK6, _PACK7, _PACK8, _PACK9, _PACK10 = (
    struct.Struct(f"{size}B").pack for size in range(2, 11)
)

V = TypeVar("V")


@cache
def long_writer(bits: int, tag: bytes) -> Callable[[int], bytes]:
    """A function that encodes an int of so many bits behind a tag, if it is in no table."""
    limit = 1 << bits

    def write(number: int) -> bytes:
        rest = number + number if number >= 0 else ~(number + number)
        a = rest & 127 | 128
        if rest < 1 << 14:
            return _PACK2(a, rest >> 7)
        if rest < 1 << 21:
            return _PACK3(a, rest >> 7 & 127 | 128, rest >> 14)
        if rest < 1 << 28:
            return _PACK4(a, rest >> 7 & 127 | 128, rest >> 14 & 127 | 128, rest >> 21)
        if rest >= limit:
            raise FallBack
        # In two halves: ints of up to 30 bits are cheaper.
        high, rest = rest >> 28, rest & 0xFFFFFFF
        b, c, d = rest >> 7 & 127 | 128, rest >> 14 & 127 | 128, rest >> 21 | 128
        if high < 1 << 7:
            return _PACK5(a, b, c, d, high)
        e = high & 127 | 128
        if high < 1 << 14:
            return _PACK6(a, b, c, d, e, high >> 7)
        f = high >> 7 & 127 | 128
        if high < 1 << 21:
            return _PACK7(a, b, c, d, e, f, high >> 14)
        g = high >> 14 & 127 | 128
        if high < 1 << 28:
            return _PACK8(a, b, c, d, e, f, g, high >> 21)
        h, last = high >> 21 & 127 | 128, high >> 28
        if last < 1 << 7:
            return _PACK9(a, b, c, d, e, f, g, h, last)
        return _PACK10(a, b, c, d, e, f, g, h, last & 127 | 128, 1)

    return (lambda number: tag + write(number)) if tag else write


@cache
def timestamp_writer(unit: TimeUnit, tag: bytes) -> Callable[[int], bytes]:
    """A function that encodes a timestamp behind a tag, if its year in UTC is from 1 to 9999."""
    write_long = long_writer(64, tag)

    def write(units: int) -> bytes:
        timestamp_from_units(units, unit, local=False)
        return tag + encode_long(units) if -SMALL <= units < SMALL else write_long(units)

    return write


def as_int(value: Any) -> int:
    """Ints of some subclass as such: what they are, not what they say."""
    if isinstance(value, int) and not isinstance(value, bool):
        return int.__index__(value)
    raise FallBack


def as_bytes(value: Any) -> bytes:
    """Other buffers as bytes."""
    return bytes(_instance(value, _BYTES_LIKE))


def as_datetime(value: Any) -> datetime:
    """Datetimes of a subclass pass."""
    return _instance(value, datetime)


def as_list(value: Any) -> list[object]:
    """Lists of a subclass as such: the items that they give."""
    return list(_instance(value, _LIST))


def as_dict(value: Any) -> dict[object, object]:
    """Dicts of a subclass as such."""
    return dict(_instance(value, _DICT))


def _instance(value: Any, type_: type[V] | tuple[type[V], ...]) -> V:
    if isinstance(value, type_):
        return value
    raise FallBack


def check_reals(values: Sequence[Any]) -> None:
    """Refuse what ``struct`` would take for a number although it is neither int nor float."""
    for type_ in set(map(type, values)):
        if not issubclass(type_, int | float) or type_ is bool:
            raise FallBack


_MANY: Final = 16
"""Items from which on it pays to have a look at them all at once."""

_MARSHALLED_LIST: Final = 5
"""Bytes in front of the items of a list: "[" and their count."""


def _as_marshalled(values: list[Any]) -> bytes:
    try:
        return marshal.dumps(values, 2)
    except ValueError:
        # Something in the list is of no type that this format knows, or the list is of its own.
        return b""


def pack_array(values: list[Any], code: str) -> bytes | bytearray:
    """Floats and ints as array items; ``code`` is the one of ``struct``."""
    count = len(values)
    if code == "d" and count >= _MANY:
        # Nothing looks at the types of many objects faster than what writes them down: in this
        # format a float, and nothing but a float, is "g" and its eight bytes, little-endian. From
        # the first on, each "g" shows where the next has to be.
        written = bytearray(_as_marshalled(values))
        del written[:_MARSHALLED_LIST]
        if len(written) == 9 * count and written[::9].count(b"g") == count:
            del written[::9]
            return written
    if [*map(type, values)].count(float) != count:
        check_reals(values)
    if code == "d" and count < _MANY and sys.byteorder == "little":
        return array("d", values).tobytes()
    # More work to begin with and less for each value. Unlike ``array``, ``struct`` refuses doubles
    # that are too large for a float.
    return struct.pack(f"<{count}{code}", *values)


class FallBack(Exception):
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
