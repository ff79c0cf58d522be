"""msgspec's MessagePack, the yardstick: what typed objects cost in C, without Avro.

Structs are written as arrays, so that no names are in the bytes, as none are in Avro's.
"""

from __future__ import annotations

import datetime
import decimal
import uuid
from collections.abc import Iterator, Mapping
from enum import StrEnum
from functools import reduce
from importlib import import_module
from types import GenericAlias
from typing import Any, assert_never

from avrogen.avro import model
from benchmarks.codecs.jobs import Job, Jobs, Unable
from benchmarks.codecs.workload import Workload

__all__ = ["prepare"]


def prepare(workload: Workload) -> Jobs:
    """Structs with the fields of the schema to MessagePack and back."""
    msgpack = import_module("msgspec.msgpack")
    schema = workload.owner.__avro_schema__
    structs = _Structs(schema.types)
    type_ = structs.type(schema.type)
    encode, decode = msgpack.Encoder().encode, msgpack.Decoder(type_).decode
    value = structs.value(schema.type, workload.value)
    return Jobs(
        encode=Job("encode(value)", {"encode": encode, "value": value}),
        decode=Job("decode(data)", {"decode": decode, "data": encode(value)}),
        evolve=None,
        equal=lambda read, plain: read == structs.value(schema.type, plain),
        header=None,
    )


class _Structs:
    """Types that are equal to those of a schema."""

    def __init__(self, types: Mapping[str, model.NamedType]) -> None:
        self._types = types
        self._made: dict[str, Any] = {}
        self._chosen = {
            name
            for record in types.values()
            if isinstance(record, model.RecordType)
            for field in record.fields
            for name in _chosen(field.type)
        }
        """Records that a tag tells from others in a union."""

    def type(self, type_: model.AvroType) -> Any:
        """The Python type, struct classes in it."""
        match type_:
            case model.Primitive(name, None):
                return _PRIMITIVES[name]
            case model.Primitive(_, logical):
                return _LOGICAL[logical.__class__]
            case model.Reference(name):
                if name not in self._made:
                    self._made[name] = None
                    self._made[name] = self._named(self._types[name])
                if self._made[name] is None:
                    raise Unable("recursive types")
                return self._made[name]
            case model.Array(items):
                return GenericAlias(list, (self.type(items),))
            case model.Map(values):
                return GenericAlias(dict, (str, self.type(values)))
            case model.Union(branches):
                return reduce(_either, map(self.type, branches))
            case _:
                assert_never(type_)

    def value(self, type_: model.AvroType, plain: Any) -> Any:
        """A plain value with structs in place of dicts."""
        match type_:
            case model.Primitive():
                return plain
            case model.Reference(name):
                return self._named_value(self._types[name], plain)
            case model.Array(items):
                return [self.value(items, each) for each in plain]
            case model.Map(values):
                return {key: self.value(values, each) for key, each in plain.items()}
            case model.Union(branches):
                if plain.__class__ is tuple:
                    return self.value(model.Reference(plain[0]), plain[1])
                others = [branch for branch in branches if branch != model.Primitive("null")]
                return plain if plain is None or len(others) > 1 else self.value(others[0], plain)
            case _:
                assert_never(type_)

    def _named(self, named: model.NamedType) -> Any:
        match named:
            case model.RecordType():
                fields = [(field.name, self.type(field.type)) for field in named.fields]
                define, tag = import_module("msgspec").defstruct, named.name in self._chosen
                return define(_short(named), fields, array_like=True, tag=tag)
            case model.EnumType():
                return StrEnum(_short(named), {symbol: symbol for symbol in named.symbols})
            case model.FixedType():
                return bytes
            case _:
                assert_never(named)

    def _named_value(self, named: model.NamedType, plain: Any) -> Any:
        match named:
            case model.RecordType():
                values = [self.value(field.type, plain[field.name]) for field in named.fields]
                return self._made[named.name](*values)
            case model.EnumType():
                return self._made[named.name](plain)
            case model.FixedType():
                return plain
            case _:
                assert_never(named)


def _either(left: Any, right: Any) -> Any:
    return left | right


def _chosen(type_: model.AvroType) -> Iterator[str]:
    match type_:
        case model.Array(inner) | model.Map(inner):
            yield from _chosen(inner)
        case model.Union(branches):
            named = [branch.name for branch in branches if isinstance(branch, model.Reference)]
            if len(named) > 1:
                yield from named
        case _:
            return


def _short(named: model.NamedType) -> str:
    return named.name.rpartition(".")[2]


_PRIMITIVES: dict[str, Any] = {
    "null": None,
    "boolean": bool,
    "int": int,
    "long": int,
    "float": float,
    "double": float,
    "bytes": bytes,
    "string": str,
}

_LOGICAL: dict[type[object], Any] = {
    model.Decimal: decimal.Decimal,
    model.Uuid: uuid.UUID,
    model.Date: datetime.date,
    model.Timestamp: datetime.datetime,
}
