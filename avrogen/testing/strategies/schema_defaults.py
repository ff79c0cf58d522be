"""Defaults for the fields of schemas that are made up."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, NamedTuple

__all__ = ["Default", "default_for"]


class Default(NamedTuple):
    """A default as JSON; ``None`` is null."""

    value: Any


_OF_PRIMITIVES = {
    "null": None,
    "boolean": True,
    "int": 7,
    "long": -8,
    "float": 0.5,
    "double": 1,
    "bytes": "\u00ff",
    "string": "e\u0301",
}

_OF_LOGICAL_TYPES = {"uuid": "f3d6f0d5-5b05-4fde-b011-6c2eaffd74e9", "decimal": "\x01"}


def default_for(type_: Any, definitions: Mapping[str, Any]) -> Default | None:
    """A default of a type; None, where a definition is not known.

    Args:
        type_: the type as JSON.
        definitions: those of named types, by full name.
    """
    match type_:
        case str():
            if type_ in _OF_PRIMITIVES:
                return Default(_OF_PRIMITIVES[type_])
            return default_for(definitions[type_], definitions) if type_ in definitions else None
        case list():
            # Of a union, the first branch: older readers take no other.
            return default_for(type_[0], definitions)
        case {"type": "array", "items": str(items)} if items in _OF_PRIMITIVES:
            return Default([_OF_PRIMITIVES[items]])
        case {"type": "array"}:
            return Default([])
        case {"type": "map", "values": str(values)} if values in _OF_PRIMITIVES:
            return Default({"key": _OF_PRIMITIVES[values]})
        case {"type": "map"}:
            return Default({})  # what is in it may lead back here
        case {"type": "enum", "symbols": symbols}:
            return Default(symbols[-1])
        case {"type": "fixed", "size": size}:
            return Default("\0" * size)
        case {"type": "record", "fields": fields}:
            parts = {field["name"]: default_for(field["type"], definitions) for field in fields}
            if any(part is None for part in parts.values()):
                return None
            return Default({name: part.value for name, part in parts.items() if part})
        case {"type": base, "logicalType": logical} if logical in _OF_LOGICAL_TYPES:
            return Default(_OF_LOGICAL_TYPES[logical]) if base in {"bytes", "string"} else None
        case {"type": base}:
            return default_for(base, definitions)
        case _:
            return None
