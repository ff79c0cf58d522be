"""Defaults as they would have been written.

A reader's default stands in its schema as JSON. As data, it is read like everything else, with
the same logical types and classes, and a backend need know nothing of JSON.
"""

from __future__ import annotations

import struct
from collections.abc import Mapping

from avrogen.avro import model
from avrogen.avro.defaults import completed, matching_branch
from avrogen.codec.varints import encode_long

__all__ = ["default_data"]


def default_data(
    type_: model.AvroType, default: model.Json, types: Mapping[str, model.NamedType]
) -> bytes:
    """A default in Avro's binary encoding (specification, "Complex Types", Records, "default").

    Raises:
        ValueError: it has an enum symbol that its enum lacks, which is found only here since
            schemas in use have such.
    """
    return _written(type_, completed(type_, default, types), types)


def _written(
    type_: model.AvroType, value: model.Json, types: Mapping[str, model.NamedType]
) -> bytes:
    match type_, value:
        case model.Primitive(name), _:
            return _primitive(name, value)
        case model.Reference(name), _:
            return _named(types[name], value, types)
        case model.Array(items), list():
            return _block([_written(items, item, types) for item in value])
        case model.Map(values), dict():
            entries = value.items()
            return _block([_text(key) + _written(values, each, types) for key, each in entries])
        case model.Union(branches), _:
            index = matching_branch(type_, value, types)
            if index is None:
                raise ValueError("it fits no branch of the union")
            return encode_long(index) + _written(branches[index], value, types)
        case _:
            raise AssertionError("defaults are checked when a schema is parsed")


def _primitive(name: model.PrimitiveName, value: model.Json) -> bytes:
    match name, value:
        case "null", None:
            return b""
        case "boolean", bool():
            return b"\1" if value else b"\0"
        case ("int" | "long"), int():
            return encode_long(value)
        case "float", int() | float():
            return struct.pack("<f", value)
        case "double", int() | float():
            return struct.pack("<d", value)
        case "bytes", str():
            return encode_long(len(value)) + value.encode("iso-8859-1")
        case "string", str():
            return _text(value)
        case _:
            raise AssertionError("defaults are checked when a schema is parsed")


def _named(
    named: model.NamedType, value: model.Json, types: Mapping[str, model.NamedType]
) -> bytes:
    match named, value:
        case model.EnumType(name, symbols), str():
            if value not in symbols:
                raise ValueError(f'"{value}" is none of the symbols of {name}')
            return encode_long(symbols.index(value))
        case model.Fixed(), str():
            return value.encode("iso-8859-1")
        case model.Record(fields=fields), dict():
            return b"".join(_written(field.type, value[field.name], types) for field in fields)
        case _:
            raise AssertionError("defaults are checked when a schema is parsed")


def _block(items: list[bytes]) -> bytes:
    return encode_long(len(items)) + b"".join(items) + b"\0" if items else b"\0"


def _text(text: str) -> bytes:
    content = text.encode()
    return encode_long(len(content)) + content
