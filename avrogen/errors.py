"""Every exception that avrogen raises, in one tree.

    AvrogenError
    ├── SchemaError          a schema or configuration is at fault; carries all diagnostics
    └── CodecError           a value or bytes are at fault
        ├── EncodeError      a Python value does not fit its schema
        └── DecodeError      bytes are no datum of their schema

All of them are importable from ``avrogen`` and survive pickling.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable

    from avrogen.avro.diagnostics import Diagnostic

__all__ = ["AvrogenError", "CodecError", "DecodeError", "EncodeError", "SchemaError"]


class AvrogenError(Exception):
    """Base class of every exception that avrogen raises on purpose."""


class SchemaError(AvrogenError):
    """Schemas that cannot be used, with every problem that was found in them.

    Attributes:
        diagnostics: the problems, in the order of files and positions.
    """

    diagnostics: tuple[Diagnostic, ...]

    def __init__(self, diagnostics: Iterable[Diagnostic]) -> None:
        self.diagnostics = tuple(diagnostics)
        super().__init__(self.diagnostics)

    def __str__(self) -> str:
        return "\n".join(map(str, self.diagnostics))

    def __reduce__(self) -> tuple[type[SchemaError], tuple[tuple[Diagnostic, ...]]]:
        return type(self), (self.diagnostics,)


class CodecError(AvrogenError):
    """What :class:`EncodeError` and :class:`DecodeError` have in common.

    Attributes:
        message: what was expected and what came.
        path: where in the value, such as ``$.lines[2].price``; ``$`` is the whole value.
    """

    message: str
    path: str

    def __init__(self, message: str, path: str = "$") -> None:
        self.message = message
        self.path = path
        super().__init__(message, path)

    def __str__(self) -> str:
        return f"{self.path}: {self.message}"


class EncodeError(CodecError):
    """A Python value that does not fit the schema it was to be written with."""


class DecodeError(CodecError):
    """Bytes that are not a datum of the schema they were read with.

    Attributes:
        offset: how many bytes into the input the trouble is.
    """

    offset: int

    def __init__(self, message: str, path: str = "$", offset: int = 0) -> None:
        super().__init__(message, path)
        self.offset = offset
        self.args = (message, path, offset)

    def __str__(self) -> str:
        return f"{self.path}: {self.message} (byte {self.offset})"
