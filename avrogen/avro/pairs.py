"""Two schemas side by side: what is compared with what, and the ways that led there."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final, NamedTuple

from avrogen.avro.incompatibility import Incompatibility, IncompatibilityType, Part
from avrogen.avro.model import AvroType
from avrogen.avro.source import Pointer

__all__ = ["TOP", "Pair", "Way"]


class Way(NamedTuple):
    """The way to a part of a schema. Each step knows the one before it, as ways may be long.

    Attributes:
        before: the way so far; None at the top.
        steps: keys and indexes that follow.
        owner: the named type whose definition begins here.
    """

    before: Way | None
    steps: Pointer
    owner: str | None = None

    def __truediv__(self, step: str | int) -> Way:
        """One step further."""
        return Way(self, (step,))

    def enter(self, name: str) -> Way:
        """Into the definition of a named type."""
        return Way(self, (), name)

    def path(self) -> str:
        """As Java writes it."""
        ways = list(self._backwards())
        steps = [str(step) for way in reversed(ways) for step in way.steps]
        return "/" + "/".join(steps)

    def part(self, type_: AvroType) -> Part:
        """What lies there, by the way since the definition around it began."""
        pointer: Pointer = ()
        for way in self._backwards():
            if way.owner is not None:
                return Part(way.owner, pointer, type_)
            pointer = (*way.steps, *pointer)
        return Part("", pointer, type_)

    def _backwards(self) -> Iterator[Way]:
        way: Way | None = self
        while way is not None:
            yield way
            way = way.before


TOP: Final = Way(None, ())
"""Where every way begins."""


class Pair(NamedTuple):
    """A reader's and a writer's type, and where they are.

    Attributes:
        reader: the type to be read as.
        writer: the type of the data.
        path: the way that Java tells.
        reader_way: the way through the reader's schema.
        writer_way: the way through the writer's schema.
    """

    reader: AvroType
    writer: AvroType
    path: Way
    reader_way: Way
    writer_way: Way

    def both(self, reader: AvroType, writer: AvroType, *steps: str | int) -> Pair:
        """Types inside of these, the same steps further on both sides."""
        return self.apart(reader, steps, writer, steps)

    def apart(
        self, reader: AvroType, reader_steps: Pointer, writer: AvroType, writer_steps: Pointer
    ) -> Pair:
        """Types inside of these; Java tells the reader's steps."""
        return Pair(
            reader,
            writer,
            Way(self.path, reader_steps),
            Way(self.reader_way, reader_steps),
            Way(self.writer_way, writer_steps),
        )

    def readers_branch(self, index: int, branch: AvroType) -> Pair:
        """A branch of the reader's union, which is no step in the way that Java tells."""
        return self._replace(reader=branch, reader_way=self.reader_way / index)

    def writers_branch(self, index: int, branch: AvroType) -> Pair:
        """A branch of the writer's union."""
        way = self.writer_way / index
        return self._replace(writer=branch, path=self.path / index, writer_way=way)

    def enter(self, reader: str, writer: str) -> Pair:
        """The definitions of the named types that these are."""
        mine, theirs = self.reader_way.enter(reader), self.writer_way.enter(writer)
        return self._replace(reader_way=mine, writer_way=theirs)

    def found(self, type_: IncompatibilityType, message: str) -> Incompatibility:
        """Something that is in the way here."""
        return Incompatibility(
            type_,
            message,
            self.path.path(),
            self.reader_way.path(),
            self.writer_way.path(),
            self.reader_way.part(self.reader),
            self.writer_way.part(self.writer),
        )
