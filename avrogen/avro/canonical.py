"""Parsing Canonical Form (Avro 1.12, "Transforming into Parsing Canonical Form")."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import assert_never

from avrogen.avro import model

__all__ = ["canonical_form"]


def canonical_form(type_: model.AvroType, types: Mapping[str, model.NamedType]) -> str:
    """What of a schema matters to who reads its data, in exactly one spelling.

    Args:
        type_: the type.
        types: at least the named types that can be reached from it.
    """
    return _Writer(types).type(type_)


class _Writer:
    def __init__(self, types: Mapping[str, model.NamedType]) -> None:
        self._types = types
        self._defined: set[str] = set()

    def type(self, type_: model.AvroType) -> str:
        match type_:
            case model.Primitive(name):
                return f'"{name}"'
            case model.Reference(name):
                return self._reference(name)
            case model.Array(items):
                return f'{{"type":"array","items":{self.type(items)}}}'
            case model.Map(values):
                return f'{{"type":"map","values":{self.type(values)}}}'
            case model.Union(branches):
                return f"[{','.join(map(self.type, branches))}]"
            case _:
                assert_never(type_)

    def _reference(self, name: str) -> str:
        if name in self._defined:
            return f'"{name}"'
        self._defined.add(name)
        named = self._types[name]
        match named:
            case model.Record(fields=fields):
                # [FULLNAMES], [STRIP], [ORDER]: of a record its name, type and fields.
                inner = ",".join(
                    f'{{"name":"{f.name}","type":{self.type(f.type)}}}' for f in fields
                )
                return f'{{"name":"{name}","type":"record","fields":[{inner}]}}'
            case model.EnumType(symbols=symbols):
                listed = json.dumps(symbols, separators=(",", ":"))
                return f'{{"name":"{name}","type":"enum","symbols":{listed}}}'
            case model.Fixed(size=size):
                return f'{{"name":"{name}","type":"fixed","size":{size}}}'
            case _:
                assert_never(named)
