"""Parsing Canonical Form (Avro 1.12, "Transforming into Parsing Canonical Form")."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from typing import TypeAlias, assert_never

from avrogen.avro import model

__all__ = ["canonical_form"]

_Piece: TypeAlias = str | model.AvroType
"""Text, or a type that is still to be written."""


def canonical_form(type_: model.AvroType, types: Mapping[str, model.NamedType]) -> str:
    """What of a schema matters to who reads its data, in exactly one spelling.

    The stack is a list: chains of types may be longer than Python's.

    Args:
        type_: the type.
        types: at least the named types that can be reached from it.
    """
    defined: set[str] = set()
    written: list[str] = []
    waiting = [_pieces(type_, types, defined)]
    while waiting:
        for piece in waiting[-1]:
            if isinstance(piece, str):
                written.append(piece)
            else:
                waiting.append(_pieces(piece, types, defined))
                break
        else:
            waiting.pop()
    return "".join(written)


def _pieces(
    type_: model.AvroType, types: Mapping[str, model.NamedType], defined: set[str]
) -> Iterator[_Piece]:
    match type_:
        case model.Primitive(name):
            yield f'"{name}"'
        case model.Reference(name) if name in defined:
            yield f'"{name}"'
        case model.Reference(name):
            defined.add(name)
            yield from _definition(types[name])
        case model.Array(items):
            yield '{"type":"array","items":'
            yield items
            yield "}"
        case model.Map(values):
            yield '{"type":"map","values":'
            yield values
            yield "}"
        case model.Union(branches):
            yield "["
            for index, branch in enumerate(branches):
                if index:
                    yield ","
                yield branch
            yield "]"
        case _:
            assert_never(type_)


def _definition(named: model.NamedType) -> Iterator[_Piece]:
    """[FULLNAMES], [STRIP], [ORDER]: of a record its name, type and fields, and so on."""
    match named:
        case model.Record(name, fields):
            yield f'{{"name":"{name}","type":"record","fields":['
            for index, field in enumerate(fields):
                yield f'{"," if index else ""}{{"name":"{field.name}","type":'
                yield field.type
                yield "}"
            yield "]}"
        case model.EnumType(name, symbols):
            listed = json.dumps(symbols, separators=(",", ":"))
            yield f'{{"name":"{name}","type":"enum","symbols":{listed}}}'
        case model.Fixed(name, size):
            yield f'{{"name":"{name}","type":"fixed","size":{size}}}'
        case _:
            assert_never(named)
