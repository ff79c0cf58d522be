"""Where schema text comes from, and how a place in it is named."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TypeAlias

__all__ = ["Location", "Origin", "Pointer", "Source"]

Pointer: TypeAlias = tuple[str | int, ...]
"""The way from the top of a JSON text to one of its values: keys and indexes."""


@dataclass(frozen=True, slots=True, order=True)
class Location:
    """A place in a file, as editors count: lines and columns from 1, columns in characters."""

    path: str
    line: int = 1
    column: int = 1

    def __str__(self) -> str:
        return f"{self.path}:{self.line}:{self.column}"


@dataclass(frozen=True, slots=True)
class Source:
    """One schema file.

    Attributes:
        path: as users should see it, with ``/`` between parts.
        text: what it holds.
        name: its path below the schema folder, which does not depend on where a build runs.
    """

    path: str
    text: str
    name: str = ""


@dataclass(frozen=True, slots=True)
class Origin:
    """The JSON value of a source that something was read from.

    Its line and column are worked out only when a diagnostic needs them
    (:mod:`avrogen.avro.positions`), so that schemas without problems pay nothing for them.
    """

    source: Source
    pointer: Pointer = ()

    def __truediv__(self, step: str | int) -> Origin:
        """The origin of a member or an item of this value."""
        return Origin(self.source, (*self.pointer, step))
