"""Two schemas side by side: places in both, and the ways that lead there.

What keeps data from being read, as data: one thing, its kind, and where it is.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from enum import StrEnum
from typing import Final, NamedTuple

from avrogen.avro.model import AvroType
from avrogen.avro.source import Pointer

__all__ = [
    "Incompatibility",
    "IncompatibilityType",
    "LocatedIncompatibility",
    "PairPath",
    "SchemaPart",
    "SchemaPath",
    "TypePair",
]


class SchemaPath(NamedTuple):
    """The way to a part of a schema. Each step knows the one before it, as ways may be long.

    Attributes:
        before: the way so far; None at the top.
        steps: keys and indexes that follow.
        owner: the named type whose definition begins here.
    """

    before: SchemaPath | None
    steps: Pointer
    owner: str | None = None

    def path(self) -> str:
        """As Java writes it."""
        ways = list(self._backwards())
        steps = [str(step) for way in reversed(ways) for step in way.steps]
        return "/" + "/".join(steps)

    def part(self, type_: AvroType) -> SchemaPart:
        """What lies there, by the way since the definition around it began."""
        pointer: Pointer = ()
        for way in self._backwards():
            if way.owner is not None:
                return SchemaPart(way.owner, pointer, type_)
            pointer = (*way.steps, *pointer)
        return SchemaPart("", pointer, type_)

    def _backwards(self) -> Iterator[SchemaPath]:
        way: SchemaPath | None = self
        while way is not None:
            yield way
            way = way.before


_TOP: Final = SchemaPath(None, ())


@dataclass(frozen=True, slots=True)
class SchemaPart:
    """A part of a schema, by the definition that it stands in: however often a named type is used,
    its parts are the same.

    Attributes:
        owner: the full name of that definition; "" for what stands in none.
        pointer: the way through its JSON, from the definition or else from the top.
        type: what stands there, or what it belongs to.
    """

    owner: str
    pointer: Pointer
    type: AvroType


class PairPath(NamedTuple):
    """A place in both schemas.

    Attributes:
        path: the way that Avro Java tells; see :attr:`Incompatibility.path`.
        reader: the way through the reader's schema.
        writer: the way through the writer's schema.
    """

    path: SchemaPath = _TOP
    reader: SchemaPath = _TOP
    writer: SchemaPath = _TOP

    def both(self, *steps: str | int) -> PairPath:
        """The same steps further in both."""
        return self.apart(steps, steps)

    def apart(self, reader: Pointer, writer: Pointer) -> PairPath:
        """Different steps; what is compared lies where the reader's lead."""
        return PairPath(
            SchemaPath(self.path, reader),
            SchemaPath(self.reader, reader),
            SchemaPath(self.writer, writer),
        )

    def readers_branch(self, index: int) -> PairPath:
        """A branch of the reader's union."""
        return self._replace(
            path=SchemaPath(self.path, (index,)), reader=SchemaPath(self.reader, (index,))
        )

    def writers_branch(self, index: int) -> PairPath:
        """A branch of the writer's union."""
        return self._replace(
            path=SchemaPath(self.path, (index,)), writer=SchemaPath(self.writer, (index,))
        )

    def anew(self) -> PairPath:
        """The same place, with Java's way beginning here."""
        return self._replace(path=_TOP)

    def inside(self, reader: str, writer: str) -> PairPath:
        """The same place, which is where definitions begin."""
        return self._replace(
            reader=SchemaPath(self.reader, (), reader), writer=SchemaPath(self.writer, (), writer)
        )

    def paths(self) -> tuple[str, str, str]:
        """Java's way, the reader's and the writer's."""
        return self.path.path(), self.reader.path(), self.writer.path()

    def found(self, type_: IncompatibilityType, message: str) -> Incompatibility:
        """Something that is in the way here."""
        return Incompatibility(type_, message, *self.paths())


class TypePair(NamedTuple):
    """A reader's and a writer's type, and where they are."""

    reader: AvroType
    writer: AvroType
    place: PairPath = PairPath()

    @property
    def reader_part(self) -> SchemaPart:
        """The reader's type at its place."""
        return self.place.reader.part(self.reader)

    @property
    def writer_part(self) -> SchemaPart:
        """The writer's type at its place."""
        return self.place.writer.part(self.writer)


class LocatedIncompatibility(NamedTuple):
    """An incompatibility, and the parts of both schemas that it is about."""

    incompatibility: Incompatibility
    reader: SchemaPart
    writer: SchemaPart


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
