"""Schemas as JSON, in short, and what reads and writes their values."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

from avrogen import Schema
from avrogen.codec.interpreter.encoder import InterpretedEncoder
from avrogen.codec.planner import plan_for
from tests.codec.dynamic import Package

__all__ = ["fixed", "items", "logical", "parsed", "readers", "record", "values", "writers"]


def parsed(schema: Any) -> Schema:
    """The schema."""
    return Schema.parse(json.dumps(schema))


def record(name: str = "R", /, **fields: Any) -> dict[str, Any]:
    """A record with fields of these types."""
    members = [{"name": key, "type": type_} for key, type_ in fields.items()]
    return {"type": "record", "name": name, "fields": members}


def items(type_: Any) -> dict[str, Any]:
    """An array."""
    return {"type": "array", "items": type_}


def values(type_: Any) -> dict[str, Any]:
    """A map."""
    return {"type": "map", "values": type_}


def logical(type_: str, name: str, **more: Any) -> dict[str, Any]:
    """A primitive type with a logical type."""
    return {"type": type_, "logicalType": name, **more}


def fixed(size: int, **more: Any) -> dict[str, Any]:
    """A fixed type."""
    return {"type": "fixed", "name": "F", "size": size, **more}


def readers(schema: Any) -> list[Callable[[bytes], Any]]:
    """What reads plain values, and classes."""
    own = parsed(schema)
    return [own.from_avro, Package(own).codec.from_avro]


def writers(schema: Any) -> list[Callable[[Any], bytes]]:
    """What writes plain values: compiled, and step by step."""
    own = parsed(schema)
    return [own.to_avro, InterpretedEncoder(plan_for(own.type, own.types, None)).write]
