"""Defaults of fields against their types (Avro 1.12, "Complex Types", Records, "default").

A default is JSON. For bytes and fixed it is a string, each character a byte (ISO-8859-1). For a
union it fits one of the branches; readers use the first that it fits.
"""

from __future__ import annotations

import struct
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import NamedTuple, assert_never

from avrogen.avro import model
from avrogen.avro.model import Json
from avrogen.avro.source import Pointer
from avrogen.avro.type_labels import json_label

__all__ = ["Mismatch", "completed", "matching_branch", "mismatch"]

_MOST_COMPLETED = 64
"""Maximum depth of records that lack fields, each in the default of the one around it."""

_MOST_SHOWN = 3
"""Maximum number of them in a message."""

_LONGEST_NUMBER = 40
"""Characters of a number in a message."""

_BOUNDS = {"int": 1 << 31, "long": 1 << 63}


@dataclass(frozen=True, slots=True)
class Mismatch:
    """The reason why a default does not fit its type.

    Attributes:
        message: expected and found.
        pointer: path from the default to the value that does not fit.
        is_symbol: it would fit if its enum had one more symbol, as in some schemas in use.
    """

    message: str
    pointer: Pointer = ()
    is_symbol: bool = False


class _DefaultCompletion(NamedTuple):
    """The fields that are completed by their own defaults.

    Attributes:
        records: records around the current value that lack a field.
        settled: fields whose defaults fit, by names of record and field. Each is checked once:
            without that, types that contain the next one twice each would take exponential time.
    """

    records: tuple[str, ...]
    settled: set[tuple[str, str]]


def mismatch(
    type_: model.AvroType,
    default: Json,
    types: Mapping[str, model.NamedType],
    *,
    _completion: _DefaultCompletion | None = None,
) -> Mismatch | None:
    """Return the reason why a default does not fit a type; None if it fits.

    Types that are not among ``types`` are invalid, and any default fits them.
    """
    completion = _completion or _DefaultCompletion((), set())
    match type_:
        case model.Primitive(name):
            return _primitive(name, default)
        case model.Reference(name):
            return _named(types[name], default, types, completion) if name in types else None
        case model.Array(items):
            if not isinstance(default, list):
                return _expected("an array", default)
            return _first(((i, items, v) for i, v in enumerate(default)), types, completion)
        case model.Map(values):
            if not isinstance(default, dict):
                return _expected("an object", default)
            wrong = next((m for m in map(_text, default) if m), None)
            return wrong or _first(((k, values, v) for k, v in default.items()), types, completion)
        case model.Union(branches):
            found = [mismatch(b, default, types, _completion=completion) for b in branches]
            if None in found or not found:
                return None
            soft = [m for m in found if m and m.is_symbol]
            return soft[0] if soft else _expected("a value of one of the union's branches", default)
        case _:
            assert_never(type_)


def matching_branch(
    union: model.Union, default: Json, types: Mapping[str, model.NamedType]
) -> int | None:
    """Return the index of the first branch that a default fits."""
    for index, branch in enumerate(union.branches):
        if mismatch(branch, default, types) is None:
            return index
    return None


def completed(type_: model.AvroType, default: Json, types: Mapping[str, model.NamedType]) -> Json:
    """Return a default that fits, completed with the defaults of fields that it leaves out."""
    match type_:
        case model.Primitive():
            return default
        case model.Reference(name):
            named = types[name]
            if not isinstance(named, model.RecordType):
                return default
            assert isinstance(default, dict)
            return {
                f.name: completed(
                    f.type, default[f.name] if f.name in default else _own_default(f), types
                )
                for f in named.fields
            }
        case model.Array(items):
            assert isinstance(default, list)
            return [completed(items, item, types) for item in default]
        case model.Map(values):
            assert isinstance(default, dict)
            return {key: completed(values, value, types) for key, value in default.items()}
        case model.Union(branches):
            index = matching_branch(type_, default, types)
            return default if index is None else completed(branches[index], default, types)
        case _:
            assert_never(type_)


def _own_default(field: model.Field) -> Json:
    assert field.default is not model.NO_DEFAULT, "the default was checked"
    return field.default


def _first(
    parts: Iterable[tuple[str | int, model.AvroType, Json]],
    types: Mapping[str, model.NamedType],
    completion: _DefaultCompletion,
) -> Mismatch | None:
    """Return the first mismatch among the parts of a value, with the step that leads to it."""
    for step, type_, value in parts:
        found = mismatch(type_, value, types, _completion=completion)
        if found:
            return Mismatch(found.message, (step, *found.pointer), found.is_symbol)
    return None


def _named(
    named: model.NamedType,
    default: Json,
    types: Mapping[str, model.NamedType],
    completion: _DefaultCompletion,
) -> Mismatch | None:
    match named:
        case model.EnumType(symbols=symbols):
            if not isinstance(default, str):
                return _expected("a symbol", default)
            if default in symbols:
                return None
            return Mismatch(f'"{default}" is not a symbol of {named.name}', is_symbol=True)
        case model.FixedType(size=size):
            wrong = _bytes(default)
            if wrong or (isinstance(default, str) and len(default) == size):
                return wrong
            return Mismatch(f"expected {size} bytes, found {len(str(default))}")
        case model.RecordType():
            return _record(named, default, types, completion)
        case _:
            assert_never(named)


def _record(
    record: model.RecordType,
    default: Json,
    types: Mapping[str, model.NamedType],
    completion: _DefaultCompletion,
) -> Mismatch | None:
    if not isinstance(default, dict):
        return _expected("an object", default)
    given = ((f.name, f.type, default[f.name]) for f in record.fields if f.name in default)
    found = _first(given, types, completion)
    if found:
        return found
    for field in record.fields:
        if field.name in default:
            continue
        if field.default is model.NO_DEFAULT:
            return Mismatch(f'field "{field.name}" of {record.name} is missing')
        if (record.name, field.name) in completion.settled:
            continue
        if record.name in completion.records:
            return Mismatch(f"the default of {record.name}.{field.name} contains itself")
        if len(completion.records) >= _MOST_COMPLETED:
            return Mismatch(f"defaults complete each other more than {_MOST_COMPLETED} levels deep")
        deeper = _DefaultCompletion((*completion.records, record.name), completion.settled)
        inner = mismatch(field.type, field.default, types, _completion=deeper)
        if inner:
            message = f"the default of {record.name}.{field.name} does not fit: {inner.message}"
            shown = inner.message if len(completion.records) >= _MOST_SHOWN else message
            return Mismatch(shown, is_symbol=inner.is_symbol)
        completion.settled.add((record.name, field.name))
    return None


def _primitive(name: model.PrimitiveName, default: Json) -> Mismatch | None:
    match name:
        case "null":
            return None if default is None else _expected("null", default)
        case "boolean":
            return None if isinstance(default, bool) else _expected("true or false", default)
        case "int" | "long":
            return _integer(name, default)
        case "float" | "double":
            return _number(name, default)
        case "bytes":
            return _bytes(default)
        case "string":
            return _text(default) if isinstance(default, str) else _expected("a string", default)
        case _:
            assert_never(name)


def _integer(name: str, default: Json) -> Mismatch | None:
    if not isinstance(default, int) or isinstance(default, bool):
        return _expected("an integer", default)
    bound = _BOUNDS[name]
    return (
        None
        if -bound <= default < bound
        else Mismatch(f"{str(default)[:_LONGEST_NUMBER]} is out of range for {name}")
    )


def _number(name: str, default: Json) -> Mismatch | None:
    if not isinstance(default, int | float) or isinstance(default, bool):
        return _expected("a number", default)
    try:
        struct.pack("<f" if name == "float" else "<d", default)
    except OverflowError:
        return Mismatch(f"{str(default)[:_LONGEST_NUMBER]} is out of range for {name}")
    return None


def _text(default: str) -> Mismatch | None:
    if default.isascii() or not any("\ud800" <= char <= "\udfff" for char in default):
        return None
    return Mismatch("it contains a lone surrogate, which UTF-8 cannot encode")


def _bytes(default: Json) -> Mismatch | None:
    if not isinstance(default, str):
        return _expected("a string", default)
    if not default.isascii() and max(default) > "\xff":
        return Mismatch(f'"{max(default)}" is not a byte: write bytes as characters up to U+00FF')
    return None


def _expected(what: str, found: Json) -> Mismatch:
    return Mismatch(f"expected {what}, found {json_label(found)}")
