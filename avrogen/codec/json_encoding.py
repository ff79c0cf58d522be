"""Avro's binary encoding as its JSON encoding (Avro 1.12, "JSON Encoding").

That is the JSON of defaults, except in unions: a value there is an object with the name of its
branch as the key, unless it is null.
"""

from __future__ import annotations

import struct
from collections.abc import Iterator, Mapping
from typing import Final, assert_never

from avrogen.avro import model
from avrogen.avro.type_labels import short_label
from avrogen.codec.varints import read_varint

__all__ = ["avro_json"]

_FLOAT: Final = struct.Struct("<f")
_DOUBLE: Final = struct.Struct("<d")
_LARGEST_FLOAT: Final = (2 - 2**-23) * 2.0**127


def avro_json(
    data: bytes, type_: model.AvroType, types: Mapping[str, model.NamedType]
) -> model.Json:
    """Convert a datum to JSON.

    Args:
        data: valid data of exactly one value; arrays and maps have one block each.
        type_: its type.
        types: all named types by full name.
    """
    return _JsonConverter(data, types).of(type_)


class _JsonConverter:
    def __init__(self, data: bytes, types: Mapping[str, model.NamedType]) -> None:
        self._data = data
        self._types = types
        self._position = 0

    def of(self, type_: model.AvroType) -> model.Json:
        match type_:
            case model.Primitive(name):
                return self._primitive(name)
            case model.Reference(name):
                return self._named(self._types[name])
            case model.Array(items):
                return [self.of(items) for _ in self._items()]
            case model.Map(values):
                return {self._text(): self.of(values) for _ in self._items()}
            case model.Union(branches):
                branch = branches[self._long()]
                value = self.of(branch)
                return None if value is None else {short_label(branch): value}
            case _:
                assert_never(type_)

    def _named(self, named: model.NamedType) -> model.Json:
        match named:
            case model.RecordType(fields=fields):
                return {field.name: self.of(field.type) for field in fields}
            case model.EnumType(symbols=symbols):
                return symbols[self._long()]
            case model.FixedType(size=size):
                return self._take(size).decode("latin-1")
            case _:
                assert_never(named)

    def _primitive(self, name: model.PrimitiveName) -> model.Json:
        match name:
            case "null":
                return None
            case "boolean":
                return self._take(1) == b"\x01"
            case "int" | "long":
                return self._long()
            case "float":
                return _shortest(_FLOAT.unpack(self._take(4))[0])
            case "double":
                return float(_DOUBLE.unpack(self._take(8))[0])
            case "bytes":
                return self._take(self._long()).decode("latin-1")
            case "string":
                return self._text()
            case _:
                assert_never(name)

    def _items(self) -> Iterator[int]:
        """Yield the number of each item in the one block; read the empty block at the end."""
        if count := self._long():
            yield from range(count)
            self._long()

    def _text(self) -> str:
        return self._take(self._long()).decode()

    def _long(self) -> int:
        value, self._position = read_varint(self._data, self._position, 64)
        return value

    def _take(self, size: int) -> bytes:
        taken = self._data[self._position : self._position + size]
        self._position += size
        return taken


def _shortest(value: float) -> float:
    """Return the number with the fewest digits that is the same float of 32 bits."""
    candidates = (float(f"{value:.{digits}g}") for digits in range(1, 9))
    # The largest floats may be rounded beyond the greatest.
    fitting = (short for short in candidates if abs(short) <= _LARGEST_FLOAT)
    same = (short for short in fitting if _FLOAT.pack(short) == _FLOAT.pack(value))
    return next(same, value)
