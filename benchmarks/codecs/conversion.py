"""From plain values to objects of generated classes and back, as fast as Python can.

It is the code that somebody would generate, or write by hand, around a library of dicts: dict
displays and constructor calls for one schema.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import fields
from typing import Any, Literal, assert_never

from avrogen.avro import model

__all__ = ["Conversion"]


class Conversion:
    """Converters for one schema.

    Args:
        owner: the generated class or codec.
        named: ``"ambiguous"``: records of a union of several are ``(name, record)`` among plain
            values; ``"all"``: every value of a named type in a union is.

    Attributes:
        to_object: takes plain values.
        to_plain: the other way round; it names where there are several.
    """

    to_object: Callable[[Any], Any]
    to_plain: Callable[[Any], Any]

    def __init__(self, owner: Any, named: Literal["ambiguous", "all"] = "ambiguous") -> None:
        schema = owner.__avro_schema__
        owners = [(owner, schema), *schema.closure()]
        classes = {s.type.name: o for o, s in owners if isinstance(s.type, model.Reference)}
        self.to_object = _ToObject(schema.types, classes, named == "all").function(schema.type)
        self.to_plain = _ToPlain(schema.types, classes, False).function(schema.type)


class _Converter:
    """Source of functions: one for each record, and for each union of several records."""

    def __init__(
        self, types: Mapping[str, model.NamedType], classes: Mapping[str, Any], names_all: bool
    ) -> None:
        self.types = types
        self.classes = classes
        self._names_all = names_all
        self._bound: dict[str, Any] = {}
        self._functions: dict[str | tuple[str, ...], str] = {}
        self._lines: list[str] = []
        self._tables: list[str] = []

    def function(self, type_: model.AvroType) -> Callable[[Any], Any]:
        """The function that converts values of a type."""
        self._lines.append(f"def whole(value): return {self.convert(type_, 'value')}")
        exec("\n".join([*self._lines, *self._tables]), self._bound)
        function: Callable[[Any], Any] = self._bound["whole"]
        return function

    def convert(self, type_: model.AvroType, value: str) -> str:
        """An expression that converts ``value``; ``value`` itself if there is nothing to do."""
        match type_:
            case model.Primitive():
                return value
            case model.Reference(name):
                named = self.types[name]
                if isinstance(named, model.RecordType):
                    return f"{self._record(named)}({value})"
                return self.leaf(named, value)
            case model.Array(items):
                each = self.convert(items, "each")
                return value if each == "each" else f"[{each} for each in {value}]"
            case model.Map(values):
                each = self.convert(values, "each")
                pairs = f"{{key: {each} for key, each in {value}.items()}}"
                return value if each == "each" else pairs
            case model.Union(branches):
                return self._union(branches, value)
            case _:
                assert_never(type_)

    def leaf(self, named: model.EnumType | model.FixedType, value: str) -> str:
        """Convert a value of a class that is none of a record."""
        raise NotImplementedError

    def body(self, record: model.RecordType, attributes: list[str]) -> str:
        """Make the other form of a record out of ``value``."""
        raise NotImplementedError

    def choice(self, functions: Mapping[str, str]) -> str:
        """Convert ``value``, one of the records that there are functions for."""
        raise NotImplementedError

    def bind(self, value: object) -> str:
        """A name for a value."""
        name = f"bound_{len(self._bound)}"
        self._bound[name] = value
        return name

    def table(self, items: Iterable[tuple[str, str]]) -> str:
        """A name for a dict of expressions, which is made when all functions are there."""
        name = f"table_{len(self._tables)}"
        content = ", ".join(f"{key}: {value}" for key, value in items)
        self._tables.append(f"{name} = {{{content}}}")
        return name

    def _record(self, record: model.RecordType) -> str:
        if record.name not in self._functions:
            name = self._functions[record.name] = f"record_{len(self._functions)}"
            attributes = [field.name for field in fields(self.classes[record.name])]
            self._lines.append(f"def {name}(value): return {self.body(record, attributes)}")
        return self._functions[record.name]

    def _union(self, branches: tuple[model.AvroType, ...], value: str) -> str:
        others = [branch for branch in branches if branch != model.Primitive("null")]
        if all(self.convert(branch, value) == value for branch in others):
            return value
        if len(others) == 1:
            if self._names_all and isinstance(others[0], model.Reference):
                # fastavro does so with every record, and with others by where they are defined.
                content = f"({value}[1] if {value}.__class__ is tuple else {value})"
            else:
                content = value
            return f"(None if {value} is None else {self.convert(others[0], content)})"
        records = [self.types[b.name] for b in others if isinstance(b, model.Reference)]
        if len(records) != len(others):
            raise NotImplementedError("records beside other types in a union")
        names = tuple(record.name for record in records)
        if names not in self._functions:
            functions = {
                r.name: self._record(r) for r in records if isinstance(r, model.RecordType)
            }
            name = self._functions[names] = f"union_{len(self._functions)}"
            self._lines.append(f"def {name}(value): return {self.choice(functions)}")
        return f"{self._functions[names]}({value})"


class _ToObject(_Converter):
    def leaf(self, named: model.EnumType | model.FixedType, value: str) -> str:
        class_ = self.classes[named.name]
        return f"{self.bind(class_)}({value})" if isinstance(class_, type) else value

    def body(self, record: model.RecordType, attributes: list[str]) -> str:
        arguments = ", ".join(
            f"{attribute}={self.convert(field.type, f'value[{field.name!r}]')}"
            for field, attribute in zip(record.fields, attributes, strict=True)
        )
        return f"{self.bind(self.classes[record.name])}({arguments})"

    def choice(self, functions: Mapping[str, str]) -> str:
        table = self.table((repr(name), function) for name, function in functions.items())
        return f"value and {table}[value[0]](value[1])"


class _ToPlain(_Converter):
    def leaf(self, named: model.EnumType | model.FixedType, value: str) -> str:
        return value

    def body(self, record: model.RecordType, attributes: list[str]) -> str:
        items = ", ".join(
            f"{field.name!r}: {self.convert(field.type, f'value.{attribute}')}"
            for field, attribute in zip(record.fields, attributes, strict=True)
        )
        return f"{{{items}}}"

    def choice(self, functions: Mapping[str, str]) -> str:
        table = self.table(
            (self.bind(self.classes[name]), f"({name!r}, {function})")
            for name, function in functions.items()
        )
        return f"value and ((chosen := {table}[value.__class__])[0], chosen[1](value))"
