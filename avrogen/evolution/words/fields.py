"""What to do about fields that came or went without a default."""

from __future__ import annotations

import json
from typing import TypeAlias

from avrogen.avro import model
from avrogen.avro.compat.renames import likely_renames
from avrogen.avro.model import Json
from avrogen.avro.resolution import Types
from avrogen.avro.schema_json import type_json

__all__ = ["added_field_hint", "removed_field_hint"]

_Record: TypeAlias = tuple[model.Record, Types]

_LONGEST = 80

_DEFAULTS: dict[str, Json] = {
    "boolean": False,
    "int": 0,
    "long": 0,
    "float": 0.0,
    "double": 0.0,
    "bytes": "",
    "string": "",
}


def added_field_hint(field: model.Field, new: _Record, old: _Record) -> str:
    """For a new field that data of the old version do not have."""
    hint = f"give it a default: {_with_default(field, new[1])}"
    for index, source in likely_renames(new, old):
        if new[0].fields[index].name == field.name:
            former = old[0].fields[source].name
            return f'{hint}; or, if it is {former} by another name: "aliases": ["{former}"]'
    return hint


def removed_field_hint(field: model.Field, old: _Record, new: _Record) -> str:
    """For a field that readers of the old version expect."""
    for index, source in likely_renames(old, new):
        if old[0].fields[index].name == field.name:
            now = new[0].fields[source].name
            return (
                f"if {now} is {field.name} by another name, keep {field.name}: old readers cannot "
                "know an alias"
            )
    return (
        "keep it; it may go after a version in which it has a default, when all readers have that "
        "version"
    )


def _with_default(field: model.Field, types: Types) -> str:
    """The members of the field that say so."""
    match field.type:
        case model.Primitive(name, None) if name in _DEFAULTS:
            return f'"default": {json.dumps(_DEFAULTS[name])}'
        case model.Array():
            return '"default": []'
        case model.Map():
            return '"default": {}'
        case model.Union((model.Primitive("null"), *_)):
            return '"default": null'
        case model.Reference(name) if (first := _first_symbol(types[name])) is not None:
            return f'"default": {json.dumps(first)}'
        case model.Union(branches):
            others = [branch for branch in branches if branch != model.Primitive("null")]
            return _optional([type_json(branch) for branch in others])
        case _:
            return _optional([type_json(field.type)])


def _optional(branches: list[Json]) -> str:
    union = json.dumps(["null", *branches])
    if len(union) > _LONGEST:
        union = '["null", ...]'
    return f'"type": {union}, "default": null'


def _first_symbol(named: model.NamedType) -> str | None:
    """An enum's own default, or else its first symbol."""
    if not isinstance(named, model.EnumType):
        return None
    return named.default or next(iter(named.symbols), None)
