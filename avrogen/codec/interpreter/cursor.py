"""A position in data, with checks of everything that is read from there."""

from __future__ import annotations

from typing import Literal

from avrogen.codec.interpreter.path_errors import PathError
from avrogen.codec.varints import read_varint
from avrogen.errors import DecodeError

__all__ = ["Cursor"]


class Cursor:
    """A position in data, which moves on with each read.

    Attributes:
        position: number of bytes before it.
        empty_items: number of array items without bytes so far.
    """

    def __init__(self, data: bytes, position: int = 0) -> None:
        self._data = data
        self.position = position
        self.empty_items = 0

    def remaining(self) -> int:
        """Return the number of bytes after the position."""
        return len(self._data) - self.position

    def take(self, size: int) -> bytes:
        """Read bytes."""
        if size > self.remaining():
            raise PathError(
                f"truncated: {size} bytes expected, {self.remaining()} left", self.position
            )
        start = self.position
        self.position += size
        return self._data[start : self.position]

    def integer(self, bits: Literal[32, 64]) -> int:
        """Read a varint."""
        try:
            value, self.position = read_varint(self._data, self.position, bits)
        except DecodeError as error:
            raise PathError(error.message, error.offset) from None
        return value

    def length(self) -> int:
        """Read a length. So many bytes follow."""
        start = self.position
        size = self.integer(64)
        if size < 0:
            raise PathError(f"negative length {size}", start)
        if size > self.remaining():
            raise PathError(
                f"truncated: length prefix {size}, only {self.remaining()} bytes left", start
            )
        return size

    def string(self) -> str:
        """Read a string with its length."""
        size = self.length()
        start = self.position
        try:
            return self.take(size).decode()
        except UnicodeDecodeError as error:
            raise PathError(f"invalid UTF-8: {error.reason}", start + error.start) from None
