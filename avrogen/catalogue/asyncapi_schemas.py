"""Avro schemas as AsyncAPI documents can hold them.

AsyncAPI has a schema of its own for Avro schemas (its definition ``avroSchema_v1``), which knows
less than Avro does: aliases are names without dots, there are no errors, and attributes by the
names of Avro's own are of their types. What it does not know becomes an attribute with ``x-``
before its name, so nothing is lost, and what is on the wire is the same.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Final, assert_never

from avrogen.avro import model
from avrogen.avro.model import Json
from avrogen.avro.names import is_name, namespace_of, short_name
from avrogen.avro.references import reachable_types
from avrogen.avro.schema_json import self_contained_json

__all__ = ["AVRO_FORMAT", "payload_schema"]

AVRO_FORMAT: Final = "application/vnd.apache.avro+json;version=1.9.0"
"""The latest format of Avro schemas that AsyncAPI has a name for."""

_OWN: Final = frozenset({"aliases", "default", "doc", "name", "namespace", "order"})
"""Attributes that AsyncAPI looks at wherever they stand."""


def payload_schema(name: str, types: Mapping[str, model.NamedType]) -> Json:
    """The schema of a type with every type it refers to, in a Multi Format Schema Object.

    A schema that is nested too deep to be written as one is described in words.
    """
    reached = reachable_types(model.Reference(name), types)
    known = {each: _known(named) for each, named in reached.items()}
    try:
        tree = self_contained_json(model.Reference(name), known)
    except RecursionError:
        return {"description": f"The types of {name} lie too deep in each other for one schema."}
    return {"schemaFormat": AVRO_FORMAT, "schema": tree}


def _known(named: model.NamedType) -> model.NamedType:
    aliases, others = _aliases(named)
    attributes = _renamed(named.attributes) | ({"x-aliases": others} if others else {})
    match named:
        case model.Record(fields=fields):
            if named.is_error:
                attributes |= {"x-error": True}
            known = tuple(map(_known_field, fields))
            return replace(
                named, aliases=aliases, attributes=attributes, fields=known, is_error=False
            )
        case model.EnumType() | model.Fixed():
            return replace(named, aliases=aliases, attributes=attributes)
        case _:
            assert_never(named)


def _aliases(named: model.NamedType) -> tuple[tuple[str, ...], list[Json]]:
    """Those in the type's own namespace, without it; and the others."""
    namespace = namespace_of(named.name)
    near = tuple(
        short_name(alias)
        for alias in named.aliases
        if namespace_of(alias) == namespace and is_name(short_name(alias))
    )
    others: list[Json] = [
        alias
        for alias in named.aliases
        if namespace_of(alias) != namespace or not is_name(short_name(alias))
    ]
    return near, others


def _known_field(field: model.Field) -> model.Field:
    others: list[Json] = [alias for alias in field.aliases if not is_name(alias)]
    attributes = _renamed(field.attributes) | ({"x-aliases": others} if others else {})
    near = tuple(alias for alias in field.aliases if is_name(alias))
    return replace(field, type=_known_type(field.type), aliases=near, attributes=attributes)


def _known_type(type_: model.AvroType) -> model.AvroType:
    match type_:
        case model.Primitive(attributes=attributes):
            return replace(type_, attributes=_renamed(attributes))
        case model.Reference():
            return type_
        case model.Array(items, attributes):
            return model.Array(_known_type(items), _renamed(attributes))
        case model.Map(values, attributes):
            return model.Map(_known_type(values), _renamed(attributes))
        case model.Union(branches):
            return model.Union(tuple(map(_known_type, branches)))
        case _:
            assert_never(type_)


def _renamed(attributes: model.Attributes) -> dict[str, Json]:
    return {f"x-{key}" if key in _OWN else key: value for key, value in attributes.items()}
