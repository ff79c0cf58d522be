"""Functions that compiled decoders call.

How instances of immutable classes are filled without their slow ``__init__``.
"""

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
        raise FallBack
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
        raise FallBack
    return start, end


def read_block(data: bytes, position: int) -> tuple[int, int]:
    """The count of a block, and the position of its items."""
    count, position = read_long(data, position)
    if count > 0:
        return count, position
    if count == 0:
        # The end, in more bytes than it needs: loops over blocks end with a byte that is 0.
        raise FallBack
    size, position = read_long(data, position)
    if not 0 <= size <= len(data) - position:
        raise FallBack
    return -count, position


def skip_block(data: bytes, position: int, least: int) -> tuple[int, int]:
    """How many items of a block are to be passed over, and the position from which on.

    A block that says its size is passed over here, and none remain.
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
    """Floats ("f") or doubles ("d") that lie beside each other."""
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

A twin would not do, as UUIDs have weak references; a subclass that adds nothing is laid out alike.
"""


def twin_of(class_: type[object]) -> type[object] | None:
    """A class whose instances can be filled and then become instances of ``class_``.

    It has the same slots, but no ``__setattr__`` that refuses to set them; ``__class__`` can be
    assigned between the two because instances are laid out alike.

    Returns:
        The twin; None if instances are not laid out alike, as where there are weak references.
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
    # ``type`` and not the class's metaclass: this is not to be known as a subclass.
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
    """A class to be filled instead where there is no twin, and what makes instances of it then."""
    stand_in = type("StandIn", (), {"__slots__": attributes})

    def instance(filled: Any) -> Any:
        made = object.__new__(class_)
        for name in attributes:
            object.__setattr__(made, name, getattr(filled, name))
        return made

    return stand_in, instance
