"""Labels of types, logical types and JSON values for messages."""

from __future__ import annotations

import json
from typing import TypeAlias, assert_never

from avrogen.avro import model
from avrogen.avro.logical_types import logical_type_label
from avrogen.avro.model import Json
from avrogen.avro.resolution import Types

__all__ = ["declared_kind", "json_label", "kind_of", "short_json", "short_label", "type_label"]

_MOST_BRANCHES = 6
_LONGEST_JSON = 60

_UnnamedType: TypeAlias = model.Primitive | model.Array | model.Map | model.Union


def type_label(type_: model.AvroType, types: Types) -> str:
    """Describe a type: ``timestamp-millis``, ``an array of record shop.Order``, ``null or string``.

    Args:
        type_: the type.
        types: at least the named types in it, by full name.
    """
    match type_:
        case model.Primitive(name, logical):
            return logical_type_label(logical) or name
        case model.Reference(name):
            return f"{kind_of(types[name])} {name}"
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


def kind_of(type_: model.NamedType | _UnnamedType) -> str:
    """Return the specification's name of a kind of types: "record", "array", "long" ...

    An error is a record; see :func:`declared_kind`.
    """
    match type_:
        case model.Primitive(name):
            return name
        case model.Array():
            return "array"
        case model.Map():
            return "map"
        case model.Union():
            return "union"
        case model.RecordType():
            return "record"
        case model.EnumType():
            return "enum"
        case model.FixedType():
            return "fixed"
        case _:
            assert_never(type_)


def declared_kind(named: model.NamedType) -> str:
    """Return the value of "type" in a definition: as :func:`kind_of`, or "error"."""
    is_error = isinstance(named, model.RecordType) and named.is_error
    return "error" if is_error else kind_of(named)


def short_label(type_: model.AvroType) -> str:
    """Return the full name of a named type, or the kind of another. Branches differ in it."""
    return type_.name if isinstance(type_, model.Reference) else kind_of(type_)


def json_label(value: Json) -> str:
    """Describe a JSON value: ``an object``, ``an array``, or its text."""
    match value:
        case dict():
            return "an object"
        case list():
            return "an array"
        case _:
            return short_json(value)


def short_json(value: Json) -> str:
    """Return the beginning of a JSON value's text."""
    text = json.dumps(value, ensure_ascii=False)
    return text if len(text) <= _LONGEST_JSON else f"{text[:_LONGEST_JSON]}..."
