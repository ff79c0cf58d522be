"""Whether all data of a writer's schema can be read with a reader's, and if not, why not.

Verdicts, error types, messages and locations are those of Avro Java's SchemaCompatibility, which
Confluent's Schema Registry reports: whoever sees one here finds it there.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import assert_never

from avrogen.avro import model
from avrogen.avro.resolution import Types, is_promotable, names_match, written_fields

__all__ = ["Incompatibility", "IncompatibilityType", "Place", "incompatibilities"]


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


@dataclass(frozen=True, slots=True)
class Place:
    """A place in both schemas, as paths without a slash at the end.

    Attributes:
        path: as :attr:`Incompatibility.path`.
        reader: in the reader's schema.
        writer: in the writer's schema.
    """

    path: str = ""
    reader: str = ""
    writer: str = ""

    def both(self, step: str) -> Place:
        """The same step in both."""
        return self.apart(step, step)

    def apart(self, reader: str, writer: str) -> Place:
        """Different steps; what is compared lies where the reader's leads."""
        path, mine, theirs = self.path, self.reader, self.writer
        return Place(f"{path}/{reader}", f"{mine}/{reader}", f"{theirs}/{writer}")

    def readers_branch(self, index: int) -> Place:
        """A branch of the reader's union."""
        return Place(f"{self.path}/{index}", f"{self.reader}/{index}", self.writer)

    def writers_branch(self, index: int) -> Place:
        """A branch of the writer's union."""
        return Place(f"{self.path}/{index}", self.reader, f"{self.writer}/{index}")

    def found(self, type_: IncompatibilityType, message: str) -> Incompatibility:
        """What is wrong here."""
        root = "/"
        return Incompatibility(
            type_, message, self.path or root, self.reader or root, self.writer or root
        )


def incompatibilities(
    reader: model.AvroType,
    reader_types: Types,
    writer: model.AvroType,
    writer_types: Types,
    place: Place | None = None,
) -> tuple[Incompatibility, ...]:
    """All that keeps some data of the writer's schema from being read; nothing, if they all are.

    Args:
        reader: what is to read.
        reader_types: the named types that it leads to.
        writer: what was written with.
        writer_types: likewise.
        place: where the two stand; None: at the top.

    Raises:
        RecursionError: types lie too deep in each other to be compared.
    """
    comparison = _Comparison(reader_types, writer_types)
    return tuple(comparison.compare(reader, writer, place or Place()))


class _Comparison:
    def __init__(self, reader_types: Types, writer_types: Types) -> None:
        self._reader_types = reader_types
        self._writer_types = writer_types
        self._found: dict[tuple[str, str], list[Incompatibility]] = {}
        """For pairs of named types. While one is being compared, it is compatible with itself."""

    def compare(
        self, reader: model.AvroType, writer: model.AvroType, place: Place
    ) -> list[Incompatibility]:
        match reader, writer:
            case model.Union(), model.Union(branches):
                places = [place.writers_branch(index) for index in range(len(branches))]
                return [
                    there.found(*_missing_branch(self._kind(branch)))
                    for branch, there in zip(branches, places, strict=True)
                    if self._lacks(reader, branch, there)
                ]
            case _, model.Union(branches):
                found: list[Incompatibility] = []
                for index, branch in enumerate(branches):
                    found += self.compare(reader, branch, place.writers_branch(index))
                return found
            case model.Union(), _:
                if not self._lacks(reader, writer, place):
                    return []
                return [place.found(*_missing_branch(self._kind(writer)))]
            case model.Primitive(one), model.Primitive(other) if is_promotable(one, other):
                return []
            case model.Array(one), model.Array(other):
                return self.compare(one, other, place.both("items"))
            case model.Map(one), model.Map(other):
                return self.compare(one, other, place.both("values"))
            case model.Reference(one), model.Reference(other):
                return self._named(self._reader_types[one], self._writer_types[other], place)
            case _:
                return [self._mismatch(reader, writer, place)]

    def _lacks(self, reader: model.Union, writer: model.AvroType, place: Place) -> bool:
        return all(
            self.compare(branch, writer, place.readers_branch(index))
            for index, branch in enumerate(reader.branches)
        )

    def _kind(self, writer: model.AvroType) -> str:
        return _kind(writer, self._writer_types)

    def _mismatch(
        self, reader: model.AvroType, writer: model.AvroType, place: Place
    ) -> Incompatibility:
        mine, theirs = _kind(reader, self._reader_types), self._kind(writer)
        message = f"reader type: {mine} not compatible with writer type: {theirs}"
        return place.found(IncompatibilityType.TYPE_MISMATCH, message)

    def _named(
        self, reader: model.NamedType, writer: model.NamedType, place: Place
    ) -> list[Incompatibility]:
        pair = reader.name, writer.name
        if pair not in self._found:
            self._found[pair] = []
            self._found[pair] = self._compare_named(reader, writer, place)
        return self._found[pair]

    def _compare_named(
        self, reader: model.NamedType, writer: model.NamedType, place: Place
    ) -> list[Incompatibility]:
        if type(reader) is not type(writer):
            mine, theirs = model.Reference(reader.name), model.Reference(writer.name)
            return [self._mismatch(mine, theirs, place)]
        found: list[Incompatibility] = []
        if not names_match(reader, writer):
            message = f"expected: {writer.name}"
            found.append(place.both("name").found(IncompatibilityType.NAME_MISMATCH, message))
        match reader, writer:
            case model.Fixed(size=one), model.Fixed(size=other) if one != other:
                message = f"expected: {other}, found: {one}"
                kind = IncompatibilityType.FIXED_SIZE_MISMATCH
                found.append(place.both("size").found(kind, message))
            case model.EnumType(), model.EnumType():
                lacking = sorted(set(writer.symbols) - set(reader.symbols))
                if lacking and reader.default is None:
                    message = f"[{', '.join(lacking)}]"
                    kind = IncompatibilityType.MISSING_ENUM_SYMBOLS
                    found.append(place.both("symbols").found(kind, message))
            case model.Record(), model.Record():
                found += self._compare_fields(reader, writer, place)
            case _:
                pass
        return found

    def _compare_fields(
        self, reader: model.Record, writer: model.Record, place: Place
    ) -> list[Incompatibility]:
        found: list[Incompatibility] = []
        positions = written_fields(reader, writer)
        for index, (field, position) in enumerate(zip(reader.fields, positions, strict=True)):
            step = f"fields/{index}"
            if position is not None:
                there = place.apart(f"{step}/type", f"fields/{position}/type")
                found += self.compare(field.type, writer.fields[position].type, there)
            elif field.default is model.NO_DEFAULT:
                kind = IncompatibilityType.READER_FIELD_MISSING_DEFAULT_VALUE
                found.append(place.apart(step, "fields").found(kind, field.name))
        return found


def _missing_branch(writer: str) -> tuple[IncompatibilityType, str]:
    message = f"reader union lacking writer type: {writer}"
    return IncompatibilityType.MISSING_UNION_BRANCH, message


def _kind(type_: model.AvroType, types: Mapping[str, model.NamedType]) -> str:
    """Avro Java's name of a type."""
    match type_:
        case model.Primitive(name):
            return name.upper()
        case model.Array():
            return "ARRAY"
        case model.Map():
            return "MAP"
        case model.Union():
            return "UNION"
        case model.Reference(name):
            match types[name]:
                case model.Record():
                    return "RECORD"
                case model.EnumType():
                    return "ENUM"
                case model.Fixed():
                    return "FIXED"
        case _:
            assert_never(type_)
