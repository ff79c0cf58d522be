"""Functions of compiled decoders, and classes to fill immutable instances without ``__init__``."""

from __future__ import annotations

import sys
from array import array
from collections.abc import Callable
from typing import Any, Final, Literal
from uuid import UUID

from avrogen.codec.python_backend.encoder_runtime import FallBack
from avrogen.codec.varints import fits, read_varint

__all__ = [
    "UNSET_UUID",
    "read_block",
    "read_int_rest",
    "read_long",
    "read_long_rest",
    "read_span",
    "skip_block",
    "stand_in_for",
    "twin_of",
    "unpack_array",
]


def read_long(data: bytes, position: int) -> tuple[int, int]:
    """Read a long. Return it and the position after it."""
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
    """Read the rest of a long, whose first three bytes gave ``number``, as :func:`read_long`."""
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
    """Read the rest of an int likewise."""
    number, end = read_long_rest(data, position, number)
    if end - position > 2 or not fits(number, 32):
        raise FallBack
    return number, end


def read_span(data: bytes, position: int) -> tuple[int, int]:
    """Read a length. Return the start and the end of the data."""
    first = data[position]
    if first > 127 > (second := data[position + 1]) and not first & 1:
        # Up to 8191, in two bytes.
        position += 2
        return position, position + (first + (second << 7) - 128 >> 1)
    size, start = read_long(data, position)
    end = start + size
    if size < 0 or end > len(data):
        raise FallBack
    return start, end


def read_block(data: bytes, position: int) -> tuple[int, int]:
    """Read the count of a block. Return it and the position of its items."""
    count, position = read_long(data, position)
    if count > 0:
        return count, position
    if count == 0:
        # The end, in more bytes than necessary: loops over blocks end with a single byte 0.
        raise FallBack
    size, position = read_long(data, position)
    if not 0 <= size <= len(data) - position:
        raise FallBack
    return -count, position


def skip_block(data: bytes, position: int, least: int) -> tuple[int, int]:
    """Read the count of a block to skip. Return the number of items to skip, and their position.

    A block with its size is skipped here, and 0 items remain.
    """
    count, position = read_long(data, position)
    if count > 0:
        return count, position
    if count == 0:
        raise FallBack  # as above
    size, position = read_long(data, position)
    if not 0 <= size <= len(data) - position or -count * least > len(data) - position:
        raise FallBack
    return 0, position + size


def unpack_array(encoded: bytes, code: Literal["d", "f"]) -> list[float]:
    """Decode adjacent floats ("f") or doubles ("d")."""
    numbers = array(code, encoded)
    if sys.byteorder == "big":
        numbers.byteswap()
    return numbers.tolist()


UNSET_UUID: Final = type(
    "UnsetUuid",
    (UUID,),
    {"__slots__": (), "__init__": object.__init__, "__setattr__": object.__setattr__},
)
"""A class whose instances become UUIDs once ``int`` and ``is_safe`` are set.

A twin is not possible, as UUIDs have weak references; an empty subclass has the same layout.
"""


def twin_of(class_: type[object]) -> type[object] | None:
    """Return a class whose instances can be filled and then become instances of ``class_``.

    It has the same slots, but no ``__setattr__`` that refuses to set them; ``__class__`` can be
    assigned as instances of both have the same layout.

    Returns:
        The twin; None if the layouts differ, as with weak references.
    """
    namespace: dict[str, Any] = {
        "__new__": object.__new__,
        "__init__": object.__init__,
        "__setattr__": object.__setattr__,
        "__delattr__": object.__delattr__,
        "__module__": class_.__module__,
        "__qualname__": f"{class_.__qualname__}Twin",
    }
    if "__slots__" in class_.__dict__:
        namespace["__slots__"] = class_.__dict__["__slots__"]
    # ``type`` instead of the class's metaclass, which might register it as a subclass.
    twin = type(f"{class_.__name__}Twin", class_.__bases__, namespace)
    trial: Any = object.__new__(twin)
    try:
        trial.__class__ = class_
    except TypeError:
        return None
    return twin


def stand_in_for(
    class_: type[object], attributes: tuple[str, ...]
) -> tuple[type[object], Callable[[Any], Any]]:
    """Return a class to fill where there is no twin, and a function that makes the instance."""
    stand_in = type("StandIn", (), {"__slots__": attributes})

    def instance(filled: Any) -> Any:
        made = object.__new__(class_)
        for name in attributes:
            object.__setattr__(made, name, getattr(filled, name))
        return made

    return stand_in, instance
