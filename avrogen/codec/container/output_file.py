"""Files that are written as a whole: they appear at their path when they are complete."""

from __future__ import annotations

import os
import secrets
import shutil
import stat
import tempfile
import warnings
from contextlib import suppress
from typing import Any, Final, Protocol, cast

from avrogen.codec.container.input_file import FileOpener, FilePath, file_name, is_file_object

__all__ = ["OutputFile", "WritableFile"]

_SPOOLED: Final = 16 * 2**20
"""Bytes up to which a file for an opener is kept in memory; a larger one is in a temporary file."""

_NEW: Final = os.O_RDWR | os.O_CREAT | os.O_EXCL | getattr(os, "O_BINARY", 0)


class WritableFile(Protocol):
    """A file object that is open for writing, in binary mode."""

    def write(self, data: bytes, /) -> Any:
        """Write all of the data."""
        ...


class OutputFile:
    """A file that is written, or appended to.

    Attributes:
        name: its name in messages.
        existing: the file to append to, at its beginning; None: a new file.
        is_closed: it is complete, or was discarded.

    Args:
        file: a path, or a file object that is open in binary mode.
        opener: opens the path; None: a local file.
        append: keep what is in the file.

    Raises:
        OSError: the file cannot be opened, or created.
    """

    def __init__(
        self, file: FilePath | WritableFile, opener: FileOpener | None, *, append: bool
    ) -> None:
        self.name = file_name(file)
        self.existing: Any = None
        self.is_closed = False
        self._opener = opener
        self._path: FilePath | None = None if is_file_object(file) else cast("FilePath", file)
        self._temporary: str | None = None
        self._size = 0
        self._file: Any = None
        if append:
            self.existing = self._open_existing(file)
        if self.existing is not None:
            self._file = self.existing
        elif self._path is None:
            self._file = file
        elif opener is not None:
            self._file = tempfile.SpooledTemporaryFile(_SPOOLED)  # noqa: SIM115 -- see close
        else:
            self._file = self._new_file(self._path)

    def write(self, data: bytes) -> None:
        """Write data."""
        self._file.write(data)

    def flush(self) -> None:
        """Flush what was written."""
        flush = getattr(self._file, "flush", None)
        if flush is not None:
            flush()

    def seek_end(self) -> None:
        """Continue after the last byte."""
        self._file.seek(0, os.SEEK_END)

    def close(self) -> None:
        """Complete the file."""
        if self.is_closed:
            return
        self.is_closed = True
        if self._path is None:
            return
        if self._opener is not None and self.existing is None:
            with self._file:
                self._file.seek(0)
                with self._opener(self._path, "wb") as target:
                    shutil.copyfileobj(self._file, target, 2**20)
            return
        try:
            self._file.close()
            if self._temporary is not None:
                os.replace(self._temporary, self._target)
        except BaseException:
            self._remove_temporary()
            raise

    def discard(self) -> None:
        """Leave what was at the path before."""
        if self.is_closed:
            return
        self.is_closed = True
        if self.existing is not None:
            with suppress(OSError, ValueError):
                self._file.truncate(self._size)
        if self._path is not None and self._file is not None:
            with suppress(OSError):
                self._file.close()
        self._remove_temporary()

    def __del__(self) -> None:
        if not self.is_closed and self._file is not None:
            message = f"{self.name} was not written: its writer was not closed"
            warnings.warn(message, ResourceWarning, source=self, stacklevel=2)
        self.discard()

    def _remove_temporary(self) -> None:
        if self._temporary is not None:
            with suppress(OSError):
                os.unlink(self._temporary)

    def _open_existing(self, file: FilePath | WritableFile) -> Any:
        """Return the file to append to, at its beginning; None: it is missing, or empty."""
        found: Any = file
        if self._path is not None:
            try:
                if self._opener is not None:
                    found = self._opener(self._path, "r+b")
                else:
                    found = open(self._path, "r+b")  # noqa: SIM115 -- see close
            except FileNotFoundError:
                return None
        self._size = found.seek(0, os.SEEK_END)
        found.seek(0)
        if self._size:
            return found
        if self._path is not None:
            found.close()
        return None

    def _new_file(self, path: FilePath) -> Any:
        """Return a file beside the path, which takes its place when it is complete."""
        self._target = os.path.realpath(path)
        mode = 0o666
        try:
            found = os.stat(self._target)
        except FileNotFoundError:
            pass
        else:
            if not stat.S_ISREG(found.st_mode):
                return open(path, "wb")
            mode = stat.S_IMODE(found.st_mode)
        folder, name = os.path.split(self._target)
        temporary = os.path.join(folder, f".{name[:100]}.{secrets.token_hex(6)}.tmp")
        descriptor = os.open(temporary, _NEW, mode)
        self._temporary = temporary
        return os.fdopen(descriptor, "wb")
