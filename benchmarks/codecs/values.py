"""Plausible values for a schema, always the same."""

from __future__ import annotations

import random
import string
from collections.abc import Mapping
from typing import assert_never

from avrogen import Schema
from avrogen.avro import model
from benchmarks.codecs.plain import is_object

__all__ = ["plausible_value"]

_DEPTH = 7
"""How many unions and collections lie around a place that is null or empty if it can be."""


def plausible_value(schema: Schema, *, seed: int) -> object:
    """A plain value without logical types, where most of what can be null is not."""
    return _Maker(schema.types, random.Random(seed)).value(schema.type, 0)


class _Maker:
    def __init__(self, types: Mapping[str, model.NamedType], source: random.Random) -> None:
        self._types = types
        self._random = source

    def value(self, type_: model.AvroType, depth: int) -> object:
        match type_:
            case model.Primitive(name, None):
                return self._primitive(name)
            case model.Primitive(_, logical):
                raise NotImplementedError(f"values of {logical}")
            case model.Reference(name):
                return self._named(self._types[name], depth)
            case model.Array(items):
                return [self.value(items, depth + 1) for _ in range(4 if depth < _DEPTH else 0)]
            case model.Map(values):
                size = 3 if depth < _DEPTH else 0
                return {self._word(): self.value(values, depth + 1) for _ in range(size)}
            case model.Union(branches):
                return self._branch(branches, depth)
            case _:
                assert_never(type_)

    def _named(self, named: model.NamedType, depth: int) -> object:
        match named:
            case model.RecordType():
                return {f.name: self.value(f.type, depth) for f in named.fields}
            case model.EnumType():
                return self._random.choice(named.symbols)
            case model.FixedType():
                return self._random.randbytes(named.size)
            case _:
                assert_never(named)

    def _branch(self, branches: tuple[model.AvroType, ...], depth: int) -> object:
        null = model.Primitive("null")
        if null in branches and (depth >= _DEPTH or self._random.random() < 0.25):
            return None
        branch = self._random.choice([b for b in branches if b != null])
        value = self.value(branch, depth + 1)
        if isinstance(branch, model.Reference) and is_object(value) and len(branches) > 2:
            return (branch.name, value)
        return value

    def _primitive(self, name: model.PrimitiveName) -> object:
        match name:
            case "null":
                return None
            case "boolean":
                return self._random.random() < 0.5
            case "int":
                return self._random.randrange(-100, 100_000)
            case "long":
                return self._random.randrange(2**40)
            case "float" | "double":
                return self._random.randrange(-100_000, 100_000) / 64  # either holds it exactly
            case "bytes":
                return self._random.randbytes(500)
            case "string":
                return " ".join(self._word() for _ in range(3))
            case _:
                assert_never(name)

    def _word(self) -> str:
        return "".join(self._random.choices(string.ascii_lowercase, k=self._random.randint(2, 9)))
