"""Schemas as JSON, in short."""

from __future__ import annotations

import json
from typing import Any

from avrogen import Schema

__all__ = ["enum", "field", "fixed", "items", "logical", "parsed", "record", "record_of", "values"]


def parsed(schema: Any) -> Schema:
    """Parse a schema."""
    return Schema.parse(json.dumps(schema))


def record(name: str, /, *fields: dict[str, Any], **attributes: Any) -> dict[str, Any]:
    """A record with fields of :func:`field`."""
    return {"type": "record", "name": name, "fields": list(fields), **attributes}


def field(name: str, type_: Any = "int", **attributes: Any) -> dict[str, Any]:
    """A field of a record."""
    return {"name": name, "type": type_, **attributes}


def record_of(name: str = "R", /, **types: Any) -> dict[str, Any]:
    """A record with fields of these types, by name."""
    return record(name, *(field(key, type_) for key, type_ in types.items()))


def enum(*symbols: str, name: str = "E", **attributes: Any) -> dict[str, Any]:
    """An enum with these symbols."""
    return {"type": "enum", "name": name, "symbols": list(symbols), **attributes}


def fixed(size: Any, name: str = "F", **attributes: Any) -> dict[str, Any]:
    """A fixed type of so many bytes."""
    return {"type": "fixed", "name": name, "size": size, **attributes}


def items(type_: Any) -> dict[str, Any]:
    """An array."""
    return {"type": "array", "items": type_}


def values(type_: Any) -> dict[str, Any]:
    """A map."""
    return {"type": "map", "values": type_}


def logical(type_: str, name: str, **attributes: Any) -> dict[str, Any]:
    """A primitive type with a logical type."""
    return {"type": type_, "logicalType": name, **attributes}
