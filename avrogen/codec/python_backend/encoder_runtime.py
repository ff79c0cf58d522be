"""Functions and tables of compiled encoders. Compiled decoders share some of the tables."""

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
    "check_floats",
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
    """Return a function that encodes ints after a tag, except those in tables."""
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
    """Return a function that encodes timestamps of the years 1 to 9999 in UTC after a tag."""
    write_long = long_writer(64, tag)

    def write(units: int) -> bytes:
        timestamp_from_units(units, unit, local=False)
        return tag + encode_long(units) if -SMALL <= units < SMALL else write_long(units)

    return write


def as_int(value: Any) -> int:
    """Convert an instance of a subclass of int: its value, not what its methods say."""
    if isinstance(value, int) and not isinstance(value, bool):
        return int.__index__(value)
    raise FallBack


def as_bytes(value: Any) -> bytes:
    """Convert other buffers to bytes."""
    return bytes(_instance(value, _BYTES_LIKE))


def as_datetime(value: Any) -> datetime:
    """Accept instances of subclasses of datetime."""
    return _instance(value, datetime)


def as_list(value: Any) -> list[object]:
    """Convert an instance of a subclass of list: the items that it yields."""
    return list(_instance(value, _LIST))


def as_dict(value: Any) -> dict[object, object]:
    """Convert an instance of a subclass of dict."""
    return dict(_instance(value, _DICT))


def _instance(value: Any, type_: type[V] | tuple[type[V], ...]) -> V:
    if isinstance(value, type_):
        return value
    raise FallBack


def check_floats(values: Sequence[Any]) -> None:
    """Refuse values that ``struct`` would accept although they are neither int nor float."""
    for type_ in set(map(type, values)):
        if not issubclass(type_, int | float) or type_ is bool:
            raise FallBack


_MANY: Final = 16
"""Number of items from which a check of all at once is faster."""

_MARSHALLED_LIST: Final = 5
"""Bytes before the items of a list: "[" and their count."""


def _as_marshalled(values: list[Any]) -> bytes:
    try:
        return marshal.dumps(values, 2)
    except ValueError:
        # An item is of a type that this format does not have, or the list contains itself.
        return b""


def pack_array(values: list[Any], code: str) -> bytes | bytearray:
    """Encode floats and ints as array items; ``code`` is that of ``struct``."""
    count = len(values)
    if code == "d" and count >= _MANY:
        # The fastest check of the types of many objects is to serialize them: in this format
        # a float, and only a float, is "g" and its eight bytes, little-endian. From the first on,
        # each "g" shows the position of the next.
        written = bytearray(_as_marshalled(values))
        del written[:_MARSHALLED_LIST]
        if len(written) == 9 * count and written[::9].count(b"g") == count:
            del written[::9]
            return written
    if [*map(type, values)].count(float) != count:
        check_floats(values)
    if code == "d" and count < _MANY and sys.byteorder == "little":
        return array("d", values).tobytes()
    # A higher fixed cost, and less per value. Unlike ``array``, ``struct`` refuses doubles that are
    # too large for a float.
    return struct.pack(f"<{count}{code}", *values)


class FallBack(Exception):
    """Raised by compiled code to leave a value or data to the interpreter."""


SMALL: Final = 512
"""Ints from -SMALL up to SMALL are in tables. All others have more than one byte."""


@cache
def small_ints(tag: bytes) -> list[bytes]:
    """Return encodings of small ints after a tag, by the int as index, negative ones last."""
    return [tag + encode_long(n) for n in (*range(SMALL), *range(-SMALL, 0))]


@cache
def prefixes(tag: bytes) -> list[bytes]:
    """Return encodings of lengths and counts from 0 to 1023 after a tag."""
    return [tag + encode_long(n) for n in range(2 * SMALL)]


@cache
def leading_bytes(tag: bytes) -> list[bytes]:
    """Return encodings of seven bits of a number, before further ones, after a tag."""
    return [tag + bytes([bits | 128]) for bits in range(128)]


class _TrailingBytes(dict[int, bytes]):
    """The last bytes of numbers, by the number without its low bits: a cache of limited size."""

    _ROOM: Final = 1024

    def __missing__(self, number: int) -> bytes:
        if len(self) >= self._ROOM:
            self.clear()
        written = self[number] = encode_varint(number)
        return written


TRAILING_BYTES: Final = _TrailingBytes()

UNZIGZAG: Final = [(n >> 1) ^ -(n & 1) for n in range(128)]
"""Ints of one byte by that byte."""
