"""Which branch of a union somebody would say is meant by another type, readable or not."""

from __future__ import annotations

from collections.abc import Mapping

from avrogen.avro import model
from avrogen.avro.names import short_name
from avrogen.avro.resolution import Types, is_promotable

__all__ = ["counterpart"]


def counterpart(
    reader: model.Union,
    writer: model.AvroType,
    reader_types: Types,
    renames: Mapping[str, str] | None = None,
) -> int | None:
    """The position of the branch that corresponds to a type, which is no union.

    That is the same type, one of its name, or else the first that it is promoted to. Whether all
    data can be read is another question: a record that gained a field is still that record.

    Args:
        reader: the union.
        writer: the type.
        reader_types: the named types that the union leads to.
        renames: names of the writer's types that the reader's have by other names, as far as
            nothing in the schemas says so.
    """
    ranked = [
        (rank, index)
        for index, branch in enumerate(reader.branches)
        if (rank := _rank(branch, writer, reader_types, renames or {})) is not None
    ]
    return min(ranked)[1] if ranked else None


def _rank(
    reader: model.AvroType, writer: model.AvroType, reader_types: Types, renames: Mapping[str, str]
) -> int | None:
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
            if short_name(one) == short_name(other):
                return 2
            return 3 if renames.get(other) == one else None
        case _:
            return None
