"""A position in bytes, from which pieces are taken with everything looked at."""

from __future__ import annotations

from typing import Literal

from avrogen.codec.interpreter.path_errors import PathError
from avrogen.codec.varints import read_varint
from avrogen.errors import DecodeError

__all__ = ["Cursor"]


class Cursor:
    """A position in bytes. Whatever is taken from there, it moves on behind it.

    Attributes:
        position: how many bytes lie before it.
        empty_items: how many array items there were so far that take no bytes.
    """

    def __init__(self, data: bytes, position: int = 0) -> None:
        self._data = data
        self.position = position
        self.empty_items = 0

    def remaining(self) -> int:
        """How many bytes lie behind it."""
        return len(self._data) - self.position

    def take(self, size: int) -> bytes:
        """The next bytes."""
        if size > self.remaining():
            raise PathError(f"{size} bytes are expected, {self.remaining()} remain", self.position)
        start = self.position
        self.position += size
        return self._data[start : self.position]

    def integer(self, bits: Literal[32, 64]) -> int:
        """A varint."""
        try:
            value, self.position = read_varint(self._data, self.position, bits)
        except DecodeError as error:
            raise PathError(error.message, error.offset) from None
        return value

    def length(self) -> int:
        """The length of what follows, which is there."""
        start = self.position
        size = self.integer(64)
        if size < 0:
            raise PathError(f"a length of {size}", start)
        if size > self.remaining():
            raise PathError(f"{size} bytes are announced, {self.remaining()} remain", start)
        return size

    def string(self) -> str:
        """Text behind its length."""
        size = self.length()
        start = self.position
        try:
            return self.take(size).decode()
        except UnicodeDecodeError as error:
            raise PathError(f"invalid UTF-8: {error.reason}", start + error.start) from None
