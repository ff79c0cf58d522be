"""Types in the words of messages."""

from __future__ import annotations

from typing import assert_never

from avrogen.avro import model
from avrogen.avro.logical_types import logical_type_label
from avrogen.avro.resolution import Types

__all__ = ["type_label"]

_MOST_BRANCHES = 6


def type_label(type_: model.AvroType, types: Types) -> str:
    """A type: ``timestamp-millis``, ``an array of record shop.Order``, ``null or string``."""
    match type_:
        case model.Primitive(name, logical):
            return logical_type_label(logical) or name
        case model.Reference(name):
            return f"{_kind(types[name])} {name}"
        case model.Array(items):
            return f"an array of {type_label(items, types)}"
        case model.Map(values):
            return f"a map of {type_label(values, types)}"
        case model.Union(branches):
            names = [type_label(branch, types) for branch in branches[:_MOST_BRANCHES]]
            if len(branches) > _MOST_BRANCHES:
                names.append(f"{len(branches) - _MOST_BRANCHES} others")
            return " or ".join(names) or "an empty union"
        case _:
            assert_never(type_)


def _kind(named: model.NamedType) -> str:
    match named:
        case model.RecordType():
            return "record"
        case model.EnumType():
            return "enum"
        case model.FixedType():
            return "fixed"
        case _:
            assert_never(named)
