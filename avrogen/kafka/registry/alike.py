"""Whether two schemas say the same, or stand for the same data."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import TYPE_CHECKING, assert_never

from avrogen.avro import model

if TYPE_CHECKING:
    from avrogen.codec.schema import Schema

__all__ = ["say_the_same", "write_alike"]

_JAVA = "avro.java."
"""What begins like that says which Java classes values are, and is added by Avro Java."""


def say_the_same(one: Schema, other: Schema) -> bool:
    """Whether they are equal, but for what Avro Java notes in schemas for itself."""
    return one == other or (write_alike(one, other) and _without_java(one) == _without_java(other))


def write_alike(one: Schema, other: Schema) -> bool:
    """Whether they give every value the same bytes, and read the same values from them.

    Docs, defaults, aliases and custom attributes make no difference. Canonical forms alone would
    not do, as they leave logical types out: a date and a count of days have the same.
    """
    if one.canonical_form != other.canonical_form:
        return False
    return list(_logical_types(one)) == list(_logical_types(other))


def _without_java(schema: Schema) -> model.Json:
    def strip(value: model.Json) -> model.Json:
        match value:
            case dict():
                kept = {k: strip(v) for k, v in value.items() if not k.startswith(_JAVA)}
                # A primitive type that has no attributes left goes by its name.
                return kept["type"] if kept.keys() == {"type"} else kept
            case list():
                return [strip(each) for each in value]
            case _:
                return value

    return strip(json.loads(str(schema)))


def _logical_types(schema: Schema) -> Iterator[model.LogicalType | None]:
    """Those of all types that can have one, in the order of the canonical form."""
    yield from _in_type(schema.type)
    for named in schema.types.values():
        match named:
            case model.Record(fields=fields):
                for field in fields:
                    yield from _in_type(field.type)
            case model.Fixed(logical=logical):
                yield logical
            case model.EnumType():
                pass
            case _:
                assert_never(named)


def _in_type(type_: model.AvroType) -> Iterator[model.LogicalType | None]:
    match type_:
        case model.Primitive(logical=logical):
            yield logical
        case model.Array(inner) | model.Map(inner):
            yield from _in_type(inner)
        case model.Union(branches):
            for branch in branches:
                yield from _in_type(branch)
        case model.Reference():
            pass
        case _:
            assert_never(type_)
