"""Classes as the compiler would generate them, made at run time for a drawn schema."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import fields, make_dataclass
from typing import Any, assert_never, cast

from avrogen import Codec, Schema
from avrogen.avro import model
from avrogen.avro.schema_json import definition_json, type_json
from avrogen.runtime.v1 import AvroEnum, AvroFixed, AvroRecord

__all__ = ["Package", "as_plain"]


class Package:
    """Classes for the named types of a schema, and a codec for the schema itself."""

    def __init__(self, schema: Schema) -> None:
        self._types = schema.types
        self._type = schema.type
        self.classes: dict[str, type[Any]] = {}
        for name, named in schema.types.items():
            self._define(name, named)
        self._codecs = [
            Codec[Any](self._schema(json.dumps(definition_json(named, self._types))))
            for name, named in schema.types.items()
            if name not in self.classes
        ]
        text = json.dumps(type_json(schema.type))
        self.codec: Codec[Any] = Codec(self._schema(text))

    def value(self, plain: Any, type_: model.AvroType | None = None) -> Any:
        """The value with instances of classes for dicts, strings and bytes."""
        type_ = self._type if type_ is None else type_
        match type_:
            case model.Primitive():
                return plain
            case model.Array(items):
                return [self.value(item, items) for item in plain]
            case model.Map(values):
                return {key: self.value(value, values) for key, value in plain.items()}
            case model.Reference(name):
                return self._named(name, plain)
            case model.Union():
                raise AssertionError("values of unions are written with their branch")
            case _:
                assert_never(type_)

    def written(self, forced: Any, type_: model.AvroType | None = None) -> Any:
        """Likewise for a value whose union branches are forced; they are not any more."""
        type_ = self._type if type_ is None else type_
        match type_:
            case model.Union(branches):
                name, inner = forced
                branch = next(b for b in branches if _name(b) == name)
                return self.written(inner, branch)
            case model.Array(items):
                return [self.written(item, items) for item in forced]
            case model.Map(values):
                return {key: self.written(value, values) for key, value in forced.items()}
            case model.Reference(name) if isinstance(record := self._types[name], model.RecordType):
                fields = record.fields
                parts = (self.written(forced[field.name], field.type) for field in fields)
                return self.classes[name](*parts)
            case _:
                return self.value(forced, type_)

    def _named(self, name: str, plain: Any) -> Any:
        return self.classes[name](plain) if name in self.classes else plain

    def _define(self, name: str, named: model.NamedType) -> None:
        text = json.dumps(definition_json(named, self._types))
        short = name.rpartition(".")[2]
        match named:
            case model.RecordType(_, fields):
                self.classes[name] = make_dataclass(
                    short,
                    [(f"field_{index}", Any) for index in range(len(fields))],
                    bases=(AvroRecord,),
                    namespace={"__avro_schema__": self._schema(text)},
                    frozen=True,
                    slots=True,
                )
            case model.EnumType(_, symbols):
                members: Mapping[str, str] = {f"M_{symbol}": symbol for symbol in symbols}
                made = _enum(short, members)
                made.__avro_schema__ = self._schema(text)
                self.classes[name] = made
            case model.FixedType(_, _, None):
                self.classes[name] = type(
                    short, (AvroFixed,), {"__avro_schema__": self._schema(text)}
                )
            case model.FixedType():
                pass  # its logical type has a Python type already
            case _:
                assert_never(named)

    def _schema(self, text: str) -> Schema:
        return Schema.embedded(text, lambda: [*self.classes.values(), *self._codecs])


def as_plain(value: Any) -> Any:
    """A value with dicts, strings and bytes in place of classes."""
    match value:
        case AvroEnum():
            return value.value
        case AvroFixed():
            return bytes(value)
        case AvroRecord():
            names = _field_names(type(value))
            return {
                name: as_plain(getattr(value, field.name))
                for name, field in zip(names, fields(cast("Any", value)), strict=True)
            }
        case list():
            items = cast("list[Any]", value)  # type: ignore[redundant-cast]
            return [as_plain(item) for item in items]
        case dict():
            entries = cast("dict[str, Any]", value)
            return {key: as_plain(each) for key, each in entries.items()}
        case _:
            return value


def _field_names(class_: type[AvroRecord]) -> list[str]:
    schema = class_.__avro_schema__
    assert isinstance(schema.type, model.Reference), "generated classes stand for named types"
    record = schema.types[schema.type.name]
    assert isinstance(record, model.RecordType), "it is the class of a record"
    return [field.name for field in record.fields]


_enum: Any = AvroEnum
"""Called with members, a base of enums makes one, which type checkers see for Enum itself only."""


def _name(branch: model.AvroType) -> str:
    match branch:
        case model.Primitive(name) | model.Reference(name):
            return name
        case model.Array():
            return "array"
        case model.Map():
            return "map"
        case model.Union():
            raise AssertionError("unions hold no unions")
        case _:
            assert_never(branch)
