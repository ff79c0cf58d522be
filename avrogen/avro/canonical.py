"""Parsing Canonical Form (Avro 1.12, "Transforming into Parsing Canonical Form")."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from typing import assert_never

from avrogen.avro import model

__all__ = ["canonical_form"]


def canonical_form(type_: model.AvroType, types: Mapping[str, model.NamedType]) -> str:
    """What of a schema matters to who reads its data, in exactly one spelling.

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
                written.append(f'"{name}"')
            case model.Reference(name):
                defined.add(name)
                waiting += reversed([*_definition(types[name])])
            case _:
                waiting += reversed([*_parts(part)])
    return "".join(written)


def _parts(
    type_: model.Primitive | model.Array | model.Map | model.Union,
) -> Iterator[str | model.AvroType]:
    """Text of a type, with types in it that are yet to be written."""
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
        case model.Record(name, fields):
            # [FULLNAMES], [STRIP], [ORDER]: of a record its name, type and fields.
            yield f'{{"name":"{name}","type":"record","fields":['
            for position, field in enumerate(fields):
                yield f'{"," if position else ""}{{"name":"{field.name}","type":'
                yield from (field.type, "}")
            yield "]}"
        case model.EnumType(name, symbols):
            listed = json.dumps(symbols, separators=(",", ":"))
            yield f'{{"name":"{name}","type":"enum","symbols":{listed}}}'
        case model.Fixed(name, size):
            yield f'{{"name":"{name}","type":"fixed","size":{size}}}'
        case _:
            assert_never(named)
