"""Which branch of a union somebody would say is meant by another type, readable or not."""

from __future__ import annotations

from avrogen.avro import model
from avrogen.avro.names import short_name
from avrogen.avro.resolution import Types, is_promotable

__all__ = ["counterpart"]


def counterpart(reader: model.Union, writer: model.AvroType, reader_types: Types) -> int | None:
    """The position of the branch that corresponds to a type, which is no union.

    That is the same type, one of its name, or else the first that it is promoted to. Whether all
    data can be read is another question: a record that gained a field is still that record.
    """
    ranked = [
        (rank, index)
        for index, branch in enumerate(reader.branches)
        if (rank := _rank(branch, writer, reader_types)) is not None
    ]
    return min(ranked)[1] if ranked else None


def _rank(reader: model.AvroType, writer: model.AvroType, reader_types: Types) -> int | None:
    """How far a type is from another; None: it has nothing to do with it."""
    match reader, writer:
        case model.Primitive(one), model.Primitive(other):
            if one == other:
                return 0
            return 3 if is_promotable(one, other) else None
        case (model.Array(), model.Array()) | (model.Map(), model.Map()):
            return 0
        case model.Reference(one), model.Reference(other):
            if one == other:
                return 0
            if other in reader_types[one].aliases:
                return 1
            return 2 if short_name(one) == short_name(other) else None
        case _:
            return None
