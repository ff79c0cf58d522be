"""Places in two schemas that are compared, and incompatibilities there.

SchemaPath, SchemaPart    a place in one schema: its path, and the definition that it is in
PairPath, TypePair        a place in both schemas, and the types there
Incompatibility           one reason why data cannot be read, as Avro Java reports it
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
    """Path to a part of a schema: a linked list, as paths may be long.

    Attributes:
        before: path so far; None at the top.
        steps: keys and indexes that follow.
        owner: named type whose definition begins here.
    """

    before: SchemaPath | None
    steps: Pointer
    owner: str | None = None

    def path(self) -> str:
        """Return the path in Java's notation."""
        paths = list(self._backwards())
        steps = [str(step) for path in reversed(paths) for step in path.steps]
        return "/" + "/".join(steps)

    def part(self, type_: AvroType) -> SchemaPart:
        """Return the part at this path, relative to the definition around it."""
        pointer: Pointer = ()
        for path in self._backwards():
            if path.owner is not None:
                return SchemaPart(path.owner, pointer, type_)
            pointer = (*path.steps, *pointer)
        return SchemaPart("", pointer, type_)

    def _backwards(self) -> Iterator[SchemaPath]:
        path: SchemaPath | None = self
        while path is not None:
            yield path
            path = path.before


_TOP: Final = SchemaPath(None, ())


@dataclass(frozen=True, slots=True)
class SchemaPart:
    """A part of a schema, relative to the definition around it: equal for all uses of that type.

    Attributes:
        owner: full name of that definition; "": none.
        pointer: path in its JSON, from the definition or else from the top.
        type: the type there, or the one that the part belongs to.
    """

    owner: str
    pointer: Pointer
    type: AvroType


class PairPath(NamedTuple):
    """A place in both schemas.

    Attributes:
        path: path in Avro Java's reports; see :attr:`Incompatibility.path`.
        reader: path in the reader's schema.
        writer: path in the writer's schema.
    """

    path: SchemaPath = _TOP
    reader: SchemaPath = _TOP
    writer: SchemaPath = _TOP

    def step(self, *steps: str | int) -> PairPath:
        """Follow the same steps in both schemas."""
        return self.split(steps, steps)

    def split(self, reader: Pointer, writer: Pointer) -> PairPath:
        """Follow different steps; Java's path is the reader's."""
        return PairPath(
            SchemaPath(self.path, reader),
            SchemaPath(self.reader, reader),
            SchemaPath(self.writer, writer),
        )

    def readers_branch(self, index: int) -> PairPath:
        """Enter a branch of the reader's union."""
        return self._replace(
            path=SchemaPath(self.path, (index,)), reader=SchemaPath(self.reader, (index,))
        )

    def writers_branch(self, index: int) -> PairPath:
        """Enter a branch of the writer's union."""
        return self._replace(
            path=SchemaPath(self.path, (index,)), writer=SchemaPath(self.writer, (index,))
        )

    def restart(self) -> PairPath:
        """Return the same place, with Java's path beginning here."""
        return self._replace(path=_TOP)

    def enter(self, reader: str, writer: str) -> PairPath:
        """Return the same place as the beginning of two definitions."""
        return self._replace(
            reader=SchemaPath(self.reader, (), reader), writer=SchemaPath(self.writer, (), writer)
        )

    def paths(self) -> tuple[str, str, str]:
        """Return Java's path, the reader's and the writer's."""
        return self.path.path(), self.reader.path(), self.writer.path()

    def found(self, type_: IncompatibilityType, message: str) -> Incompatibility:
        """Return an incompatibility at this place."""
        return Incompatibility(type_, message, *self.paths())


class TypePair(NamedTuple):
    """A reader's and a writer's type, and their place."""

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
    """An incompatibility, and the parts of both schemas that it concerns.

    Paths are worked out when they are asked for: a comparison finds many more incompatibilities
    than it reports, and their paths may be as long as the schemas.

    Attributes:
        type: kind of the incompatibility.
        message: Avro Java's message.
        pair: the types, and the place.
    """

    type: IncompatibilityType
    message: str
    pair: TypePair

    @property
    def incompatibility(self) -> Incompatibility:
        """The incompatibility with its paths."""
        return self.pair.place.found(self.type, self.message)

    @property
    def reader(self) -> SchemaPart:
        """The part of the reader's schema."""
        return self.pair.reader_part

    @property
    def writer(self) -> SchemaPart:
        """The part of the writer's schema."""
        return self.pair.writer_part


class IncompatibilityType(StrEnum):
    """Kind of an incompatibility, in Avro Java's words."""

    TYPE_MISMATCH = "TYPE_MISMATCH"
    """The types differ, and the writer's is not promoted to the reader's."""
    NAME_MISMATCH = "NAME_MISMATCH"
    """The short names of named types differ, and no alias of the reader's is the other's."""
    FIXED_SIZE_MISMATCH = "FIXED_SIZE_MISMATCH"
    """The sizes of fixed types differ."""
    MISSING_ENUM_SYMBOLS = "MISSING_ENUM_SYMBOLS"
    """The writer's enum has symbols that the reader's lacks, and the reader's has no default."""
    READER_FIELD_MISSING_DEFAULT_VALUE = "READER_FIELD_MISSING_DEFAULT_VALUE"
    """The reader has a field without a default that is not written."""
    MISSING_UNION_BRANCH = "MISSING_UNION_BRANCH"
    """The reader's union has no branch for the writer's type, or for a branch of its union."""


@dataclass(frozen=True, slots=True)
class Incompatibility:
    """One reason why data cannot be read.

    Attributes:
        type: kind of the incompatibility.
        message: Avro Java's message.
        path: place as Avro Java and Confluent report it: the path in the reader's schema, such as
            ``/fields/1/type/symbols``, with positions of branches in writer's unions.
        reader_path: path in the reader's schema, references followed.
        writer_path: path in the writer's schema, likewise.
    """

    type: IncompatibilityType
    message: str
    path: str
    reader_path: str
    writer_path: str

    def __str__(self) -> str:
        return f"{self.type} at {self.path}: {self.message}"
