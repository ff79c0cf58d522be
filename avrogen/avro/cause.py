"""The cause of an incompatibility, as data."""

from __future__ import annotations

from typing import NamedTuple, TypeAlias

from avrogen.avro.incompatibility import Incompatibility, IncompatibilityType
from avrogen.avro.places import Found, Part
from avrogen.avro.source import Pointer

__all__ = ["Cause", "CauseKey"]

CauseKey: TypeAlias = tuple[IncompatibilityType, str, str, Pointer, str, Pointer]
"""Kind, message, and where it is in the reader's and in the writer's schema."""


class Cause(NamedTuple):
    """What is in the way, where it is defined.

    Attributes:
        found: what it is; its paths begin at the definition.
        reported: what Avro Java and Confluent's registry say of it about the schemas as a whole.
    """

    found: Found
    reported: Incompatibility

    @property
    def reader(self) -> Part:
        """The part of the reader's schema."""
        return self.found.reader

    @property
    def writer(self) -> Part:
        """The part of the writer's schema."""
        return self.found.writer

    @property
    def key(self) -> CauseKey:
        """What is equal for equal causes, whatever the schemas are that they were found in."""
        incompatibility, reader, writer = self.found
        return (
            incompatibility.type,
            incompatibility.message,
            reader.owner,
            reader.pointer,
            writer.owner,
            writer.pointer,
        )
