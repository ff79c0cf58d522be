"""Tables and small functions that compiled code uses."""

from __future__ import annotations

import struct
import sys
from array import array
from collections.abc import Callable, Sequence
from datetime import datetime
from functools import cache
from typing import Any, Final, TypeVar
from uuid import UUID, SafeUUID

from avrogen.codec.varints import encode_long, fits, read_varint

__all__ = [
    "SMALL",
    "UNZIGZAG",
    "Unfit",
    "as_bytes",
    "as_datetime",
    "as_dict",
    "as_int",
    "as_list",
    "check_reals",
    "long_writer",
    "pack_array",
    "prefixes",
    "read_block",
    "read_int",
    "read_long",
    "read_span",
    "skip_block",
    "small_ints",
    "unpack_array",
    "uuid_from_int",
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


UNZIGZAG: Final = [(n >> 1) ^ -(n & 1) for n in range(128)]
"""Ints of one byte, by that byte."""

# --- writing -------------------------------------------------------------------------------------

_BYTES_LIKE: Final = (bytes, bytearray, memoryview)
_LIST: Final[type[list[Any]]] = list
_DICT: Final[type[dict[Any, Any]]] = dict
_ONE: Final = [bytes([n]) for n in range(128)]
_PACK2: Final = struct.Struct("2B").pack
_PACK3: Final = struct.Struct("3B").pack
_PACK4: Final = struct.Struct("4B").pack

V = TypeVar("V")


@cache
def long_writer(bits: int, tag: bytes) -> Callable[[int], bytes]:
    """A function that encodes an int of so many bits behind a tag, if it is in no table."""

    def write(number: int) -> bytes:
        rest = number + number if number >= 0 else ~(number + number)
        if rest < 0x10000000:
            return tag + _unsigned(rest)
        if not fits(number, bits):
            raise Unfit
        low = rest & 0xFFFFFFF | 0x10000000
        four = _PACK4(low & 127 | 128, low >> 7 & 127 | 128, low >> 14 & 127 | 128, low >> 21)
        high = rest >> 28
        if high < 0x10000000:
            return tag + four + _unsigned(high)
        return tag + encode_long(number)

    return write


def _unsigned(rest: int) -> bytes:
    """A varint of at most four bytes."""
    if rest < 0x80:
        return _ONE[rest]
    if rest < 0x4000:
        return _PACK2(rest & 127 | 128, rest >> 7)
    if rest < 0x200000:
        return _PACK3(rest & 127 | 128, rest >> 7 & 127 | 128, rest >> 14)
    return _PACK4(rest & 127 | 128, rest >> 7 & 127 | 128, rest >> 14 & 127 | 128, rest >> 21)


def as_int(value: Any) -> int:
    """Ints of some subclass as such."""
    if isinstance(value, int) and not isinstance(value, bool):
        return int(value)
    raise Unfit


def as_bytes(value: Any) -> bytes:
    """Other buffers as bytes."""
    return bytes(_instance(value, _BYTES_LIKE))


def as_datetime(value: Any) -> datetime:
    """Datetimes of a subclass pass."""
    return _instance(value, datetime)


def as_list(value: Any) -> list[object]:
    """Lists of a subclass pass."""
    return _instance(value, _LIST)


def as_dict(value: Any) -> dict[object, object]:
    """Dicts of a subclass pass."""
    return _instance(value, _DICT)


def _instance(value: Any, type_: type[V] | tuple[type[V], ...]) -> V:
    if isinstance(value, type_):
        return value
    raise Unfit


def check_reals(values: Sequence[Any]) -> None:
    """Refuse what ``struct`` would take for a number although it is neither int nor float."""
    for type_ in set(map(type, values)):
        if not issubclass(type_, int | float) or type_ is bool:
            raise Unfit


def pack_array(values: list[Any], code: str) -> bytes:
    """Floats and ints as array items; ``code`` is the one of ``struct``."""
    if set(map(type, values)) != {float}:
        check_reals(values)
    if code == "d" and sys.byteorder == "little":
        return array("d", values).tobytes()
    # Unlike ``array``, ``struct`` refuses doubles that are too large for a float.
    return struct.pack(f"<{len(values)}{code}", *values)


# --- reading -------------------------------------------------------------------------------------


def read_long(data: bytes, position: int) -> tuple[int, int]:
    """A long, and the position after it."""
    first = data[position]
    second = data[position + 1] if first > 127 else 0
    if second < 128:
        if first < 128:
            return (first >> 1) ^ -(first & 1), position + 1
        number = first & 127 | second << 7
        return (number >> 1) ^ -(number & 1), position + 2
    third = data[position + 2]
    number = first & 127 | (second & 127) << 7 | (third & 127) << 14
    if third < 128:
        return (number >> 1) ^ -(number & 1), position + 3
    fourth = data[position + 3]
    if fourth < 128:
        number |= fourth << 21
        return (number >> 1) ^ -(number & 1), position + 4
    return read_varint(data, position, 64)


def read_int(data: bytes, position: int) -> tuple[int, int]:
    """An int, and the position after it."""
    if data[position] < 128 or data[position + 1] < 128 or data[position + 2] < 128:
        return read_long(data, position)
    return read_varint(data, position, 32)


def read_span(data: bytes, position: int) -> tuple[int, int]:
    """A length, as the start and the end of what it announces."""
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


def unpack_array(data: bytes, position: int, count: int, code: str, items: list[float]) -> int:
    """Read so many floats ("f") or doubles ("d") into a list; returns the position after them."""
    layout = f"<{count}{code}"
    items += struct.unpack_from(layout, data, position)
    return position + struct.calcsize(layout)


_set_uuid_int: Final[Callable[[UUID, int], None]] = UUID.__dict__["int"].__set__
_set_uuid_safety: Final[Callable[[UUID, SafeUUID], None]] = UUID.__dict__["is_safe"].__set__


def uuid_from_int(number: int) -> UUID:
    """The UUID of an int of 128 bits, without the many ways of ``UUID.__init__``."""
    uuid = object.__new__(UUID)
    _set_uuid_int(uuid, number)
    _set_uuid_safety(uuid, SafeUUID.unknown)
    return uuid
