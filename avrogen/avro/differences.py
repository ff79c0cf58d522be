"""What keeps one definition from being read as another, and what else has to be compared for it.

These are the steps of Avro Java's SchemaCompatibility for a single pair of types, in its order.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import assert_never

from avrogen.avro import model
from avrogen.avro.incompatibility import IncompatibilityType
from avrogen.avro.places import Found, Pair
from avrogen.avro.resolution import Types, is_promotable, names_match, written_fields

__all__ = [
    "branch_missing",
    "is_same_kind",
    "is_trivial",
    "kind_of",
    "may_read",
    "named_differences",
    "type_mismatch",
]


def named_differences(
    pair: Pair, reader_types: Types, writer_types: Types
) -> Iterator[Found | Pair]:
    """What is in the way, and the pairs of inner types that have to be compared.

    Args:
        pair: two named types of the same kind; its place is where their definitions begin.
        reader_types: the named types of the reader.
        writer_types: likewise.
    """
    assert isinstance(pair.reader, model.Reference), "only references name types"
    assert isinstance(pair.writer, model.Reference), "only references name types"
    reader, writer = reader_types[pair.reader.name], writer_types[pair.writer.name]
    if not names_match(reader, writer):
        kind = IncompatibilityType.NAME_MISMATCH
        yield _found(pair, kind, f"expected: {writer.name}", "name")
    match reader, writer:
        case model.Fixed(size=mine), model.Fixed(size=theirs):
            if mine != theirs:
                kind = IncompatibilityType.FIXED_SIZE_MISMATCH
                yield _found(pair, kind, f"expected: {theirs}, found: {mine}", "size")
        case model.EnumType(), model.EnumType():
            lacking = sorted(set(writer.symbols) - set(reader.symbols))
            if lacking and reader.default is None:
                kind = IncompatibilityType.MISSING_ENUM_SYMBOLS
                yield _found(pair, kind, f"[{', '.join(lacking)}]", "symbols")
        case model.Record(), model.Record():
            yield from _fields(pair, reader, writer, reader_types)
        case _:
            raise AssertionError("they are of one kind")


def _fields(
    pair: Pair, reader: model.Record, writer: model.Record, reader_types: Types
) -> Iterator[Found | Pair]:
    positions = written_fields(reader, writer)
    for index, (field, position) in enumerate(zip(reader.fields, positions, strict=True)):
        here = ("fields", index)
        if position is not None:
            written = writer.fields[position].type
            if not is_trivial(field.type, written):
                place = pair.place.apart((*here, "type"), ("fields", position, "type"))
                yield Pair(field.type, written, place)
        elif field.default is not model.NO_DEFAULT:
            continue
        elif _is_enum_with_default(field.type, reader_types):
            # As Java has it: the enum's default is none of the field, and what is said of the
            # field is that its type is not the record's.
            place = pair.place.apart((*here, "type"), ())
            yield Pair(field.type, pair.writer, place)
        else:
            there = pair._replace(place=pair.place.apart(here, ("fields",)))
            kind = IncompatibilityType.READER_FIELD_MISSING_DEFAULT_VALUE
            yield _found(there, kind, field.name)


def type_mismatch(pair: Pair, reader_types: Types, writer_types: Types) -> Found:
    """That one type is not read as another."""
    mine, theirs = kind_of(pair.reader, reader_types), kind_of(pair.writer, writer_types)
    message = f"reader type: {mine} not compatible with writer type: {theirs}"
    return _found(pair, IncompatibilityType.TYPE_MISMATCH, message)


def branch_missing(pair: Pair, writer_types: Types) -> Found:
    """That a union has no branch that reads a type."""
    message = f"reader union lacking writer type: {kind_of(pair.writer, writer_types)}"
    return _found(pair, IncompatibilityType.MISSING_UNION_BRANCH, message)


def is_trivial(reader: model.AvroType, writer: model.AvroType) -> bool:
    """Whether two types are primitive, and one is read as the other."""
    match reader, writer:
        case model.Primitive(one), model.Primitive(other):
            return is_promotable(one, other)
        case _:
            return False


def may_read(
    reader: model.AvroType, writer: model.AvroType, reader_types: Types, writer_types: Types
) -> bool:
    """Whether a branch of a union can read a type at all, going by kinds and names."""
    match reader, writer:
        case model.Reference(one), model.Reference(other):
            mine, theirs = reader_types[one], writer_types[other]
            return type(mine) is type(theirs) and names_match(mine, theirs)
        case (model.Array(), model.Array()) | (model.Map(), model.Map()):
            return True
        case _:
            return is_trivial(reader, writer)


def is_same_kind(one: str, other: str, reader_types: Types, writer_types: Types) -> bool:
    """Whether two named types are both records, both enums or both fixed."""
    return type(reader_types[one]) is type(writer_types[other])


def kind_of(type_: model.AvroType, types: Types) -> str:
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


def _is_enum_with_default(type_: model.AvroType, types: Types) -> bool:
    if not isinstance(type_, model.Reference):
        return False
    named = types[type_.name]
    return isinstance(named, model.EnumType) and named.default is not None


def _found(pair: Pair, type_: IncompatibilityType, message: str, *steps: str) -> Found:
    pair = pair._replace(place=pair.place.both(*steps)) if steps else pair
    return Found(pair.place.found(type_, message), pair.reader_part, pair.writer_part)
