"""Bytes of a file that is read from its beginning to its end, with their position."""

from __future__ import annotations

import errno
import os
from collections.abc import Callable
from typing import Any, Final, Protocol, TypeAlias, cast

from avrogen.codec.varints import read_varint
from avrogen.errors import DecodeError

__all__ = ["FileOpener", "FilePath", "InputFile", "ReadableFile", "file_name", "is_file_object"]

FilePath: TypeAlias = "str | os.PathLike[str]"
"""Path of a file, or whatever an opener accepts, such as a URL."""

FileOpener: TypeAlias = Callable[[Any, str], Any]
"""Function ``(path, mode)`` that returns a binary file object, such as fsspec's ``fs.open``."""

_CHUNK: Final = 64 * 1024
_LARGE_CHUNK: Final = 1024 * 1024


class ReadableFile(Protocol):
    """A file object that is open for reading, in binary mode."""

    def read(self, size: int, /) -> bytes:
        """Return up to ``size`` bytes, and no bytes at the end of the file."""
        ...


def is_file_object(file: object) -> bool:
    """Return whether a file is given as an object with ``read`` or ``write``, not as a path."""
    return hasattr(file, "read") or hasattr(file, "write")


def file_name(file: object) -> str:
    """Return the name of a file in messages."""
    name = getattr(file, "name", None) if is_file_object(file) else file
    if isinstance(name, os.PathLike):
        name = os.fspath(cast("os.PathLike[str]", name))
    return name if isinstance(name, str) else "<file>"


class InputFile:
    """A file that is read with a buffer of its own.

    Positions count from where the file object was when it was passed.

    Attributes:
        name: its name in messages.
        is_owned: it was opened here, and is closed here.

    Args:
        file: a path, or a file object that is open for reading in binary mode.
        opener: opens the path; None: a local file.

    Raises:
        OSError: the file cannot be opened.
    """

    def __init__(self, file: FilePath | ReadableFile, opener: FileOpener | None = None) -> None:
        self.name = file_name(file)
        self.is_owned = not is_file_object(file)
        self._buffer = b""
        self._at = 0
        self._buffer_end = 0
        self._file: Any
        if not self.is_owned:
            self._file = file
        elif opener is not None:
            self._file = opener(file, "rb")
        else:
            # Closed by close().
            self._file = open(cast("FilePath", file), "rb", buffering=0)  # noqa: SIM115

    @property
    def position(self) -> int:
        """Number of bytes before the next one."""
        return self._buffer_end - len(self._buffer) + self._at

    def take(self, size: int) -> bytes:
        """Read bytes.

        Raises:
            DecodeError: the file ends within them.
        """
        left = self._fill(size)
        if left < size:
            message = f"truncated: {size:,} bytes expected, {left:,} left"
            raise DecodeError(message, offset=self.position)
        start = self._at
        self._at += size
        return self._buffer[start : self._at]

    def take_up_to(self, size: int) -> bytes:
        """Read bytes, fewer at the end of the file."""
        return self.take(min(self._fill(size), size))

    def long(self) -> int:
        """Read a long.

        Raises:
            DecodeError: it is invalid, or the file ends within it.
        """
        self._fill(10)
        start = self.position - self._at
        try:
            number, self._at = read_varint(self._buffer, self._at, 64)
        except DecodeError as error:
            raise DecodeError(error.message, offset=start + error.offset) from None
        return number

    def is_at_end(self) -> bool:
        """Return whether no byte is left."""
        return self._fill(1) == 0

    def skip_to(self, position: int) -> None:
        """Continue at a later position, or at the end of the file if that is earlier."""
        ahead = position - self.position
        if ahead <= len(self._buffer) - self._at:
            self._at += ahead
        elif self._is_seekable():
            self._file.seek(position - self._buffer_end, os.SEEK_CUR)
            self._buffer, self._at, self._buffer_end = b"", 0, position
        else:
            while ahead > 0 and (skipped := len(self.take_up_to(min(ahead, _LARGE_CHUNK)))):
                ahead -= skipped

    def skip_past(self, marker: bytes) -> bool:
        """Continue after the next marker, or at the end. Return whether there is a marker."""
        while (found := self._buffer.find(marker, self._at)) < 0:
            # It may begin at the end of the buffer.
            self._at = max(self._at, len(self._buffer) - len(marker) + 1)
            if self._fill(len(marker) + _CHUNK) < len(marker):
                self._at = len(self._buffer)
                return False
        self._at = found + len(marker)
        return True

    def close(self) -> None:
        """Close the file, if it was opened here."""
        if self.is_owned:
            self._file.close()

    def _is_seekable(self) -> bool:
        seekable = getattr(self._file, "seekable", None)
        return seekable is not None and bool(seekable())

    def _fill(self, size: int) -> int:
        """Return the number of bytes in the buffer: at least ``size``, unless the file ends."""
        left = len(self._buffer) - self._at
        if left >= size:
            return left
        parts = [self._buffer[self._at :]]
        while left < size:
            # A file that is shorter than it claims costs no more than it has.
            part: object = self._file.read(min(max(size - left, _CHUNK), _LARGE_CHUNK))
            if part is None:
                raise BlockingIOError(errno.EAGAIN, "the file is non-blocking", self.name)
            if not isinstance(part, bytes | bytearray | memoryview):
                kind = type(part).__name__
                raise TypeError(f"{self.name} gives {kind}, not bytes: open it in binary mode")
            if not part:
                break
            parts.append(bytes(cast("bytes", part)))
            left += len(parts[-1])
            self._buffer_end += len(parts[-1])
        self._buffer, self._at = b"".join(parts), 0
        return left
