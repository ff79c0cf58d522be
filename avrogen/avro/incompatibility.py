"""What keeps data from being read, as data: one thing, its kind, and where it is."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

__all__ = ["Incompatibility", "IncompatibilityType"]


class IncompatibilityType(StrEnum):
    """What kind of thing is in the way, in Avro Java's words."""

    TYPE_MISMATCH = "TYPE_MISMATCH"
    """The types differ, and one is not promoted to the other."""
    NAME_MISMATCH = "NAME_MISMATCH"
    """The short names of named types differ, and no alias of the reader's is the other's."""
    FIXED_SIZE_MISMATCH = "FIXED_SIZE_MISMATCH"
    """The sizes of fixed types differ."""
    MISSING_ENUM_SYMBOLS = "MISSING_ENUM_SYMBOLS"
    """The writer's enum has symbols that the reader's lacks, and that one has no default."""
    READER_FIELD_MISSING_DEFAULT_VALUE = "READER_FIELD_MISSING_DEFAULT_VALUE"
    """The reader has a field that is not written and has no default."""
    MISSING_UNION_BRANCH = "MISSING_UNION_BRANCH"
    """The writer's type, or a branch of its union, is like no branch of the reader's union."""


@dataclass(frozen=True, slots=True)
class Incompatibility:
    """One thing that keeps data from being read.

    Attributes:
        type: its kind.
        message: Avro Java's message.
        path: where it is, as Avro Java and Confluent say it: the way through the reader's schema,
            such as ``/fields/1/type/symbols``, and the positions of branches in writer's unions.
        reader_path: where it is in the reader's schema, references followed.
        writer_path: where it is in the writer's schema, likewise.
    """

    type: IncompatibilityType
    message: str
    path: str
    reader_path: str
    writer_path: str

    def __str__(self) -> str:
        return f"{self.type} at {self.path}: {self.message}"
