"""Parsing Canonical Form of schemas, and fingerprints (Avro 1.12, "Schema Fingerprints").

The form keeps the parts of a schema that matter to readers of its data, in exactly one spelling
(Avro 1.12, "Transforming into Parsing Canonical Form").
"""

from __future__ import annotations

import functools
import hashlib
from collections.abc import Iterator, Mapping
from typing import Literal, TypeAlias, assert_never

from avrogen.avro import model
from avrogen.avro.schema_json import compact_text

__all__ = ["Algorithm", "canonical_form", "crc64_avro", "fingerprint"]


def canonical_form(type_: model.AvroType, types: Mapping[str, model.NamedType]) -> str:
    """Return a schema in Parsing Canonical Form.

    Args:
        type_: the type.
        types: at least the named types that can be reached from it.
    """
    written: list[str] = []
    defined: set[str] = set()
    # The stack is a list: chains of types may be longer than Python's.
    waiting: list[str | model.AvroType] = [type_]
    while waiting:
        part = waiting.pop()
        match part:
            case str():
                written.append(part)
            case model.Reference(name) if name in defined:
                written.append(_quoted(name))
            case model.Reference(name):
                defined.add(name)
                waiting += reversed([*_definition(types[name])])
            case _:
                waiting += reversed([*_parts(part)])
    return "".join(written)


def _parts(
    type_: model.Primitive | model.Array | model.Map | model.Union,
) -> Iterator[str | model.AvroType]:
    """Yield the text of a type, with types in it that are yet to be written."""
    match type_:
        case model.Primitive(name):
            yield f'"{name}"'
        case model.Array(items):
            yield from ('{"type":"array","items":', items, "}")
        case model.Map(values):
            yield from ('{"type":"map","values":', values, "}")
        case model.Union(branches):
            yield "["
            for position, branch in enumerate(branches):
                yield from (",", branch) if position else (branch,)
            yield "]"
        case _:
            assert_never(type_)


def _definition(named: model.NamedType) -> Iterator[str | model.AvroType]:
    match named:
        case model.RecordType(name, fields):
            # [FULLNAMES], [STRIP], [ORDER]: of a record its name, type and fields.
            yield f'{{"name":{_quoted(name)},"type":"record","fields":['
            for position, field in enumerate(fields):
                yield f'{"," if position else ""}{{"name":{_quoted(field.name)},"type":'
                yield from (field.type, "}")
            yield "]}"
        case model.EnumType(name, symbols):
            yield f'{{"name":{_quoted(name)},"type":"enum","symbols":'
            yield f"{compact_text(list(symbols))}}}"
        case model.FixedType(name, size):
            yield f'{{"name":{_quoted(name)},"type":"fixed","size":{size}}}'
        case _:
            assert_never(named)


def _quoted(name: str) -> str:
    """Return a name as a JSON string; those of schemas that are only read may need escapes."""
    return f'"{name}"' if name.isidentifier() else compact_text(name)


Algorithm: TypeAlias = Literal["crc64-avro", "md5", "sha256"]

_EMPTY = 0xC15D213AA4D7A795


def fingerprint(canonical_form: str, algorithm: Algorithm = "crc64-avro") -> bytes:
    """Return the fingerprint of a schema in Parsing Canonical Form.

    CRC-64-AVRO is little-endian, as in single-object encoding.
    """
    data = canonical_form.encode()
    match algorithm:
        case "crc64-avro":
            return crc64_avro(data).to_bytes(8, "little")
        case "md5":
            return hashlib.md5(data, usedforsecurity=False).digest()
        case "sha256":
            return hashlib.sha256(data).digest()
        case _:
            assert_never(algorithm)


def crc64_avro(data: bytes) -> int:
    """Return the 64-bit Rabin fingerprint of the specification, as an unsigned integer."""
    table = _table()
    value = _EMPTY
    for byte in data:
        value = (value >> 8) ^ table[(value ^ byte) & 0xFF]
    return value


@functools.cache
def _table() -> tuple[int, ...]:
    table: list[int] = []
    for byte in range(256):
        value = byte
        for _ in range(8):
            value = (value >> 1) ^ (_EMPTY if value & 1 else 0)
        table.append(value)
    return tuple(table)
