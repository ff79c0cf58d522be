"""Schemas as the text of a file: as a person would write them.

Schemas laid out as text: as a person would write them, a field a line.
"""

from __future__ import annotations

import json
import textwrap
from collections.abc import Mapping

from avrogen.avro import model
from avrogen.avro.model import Json
from avrogen.avro.names import namespace_of, short_name
from avrogen.avro.schema_json import definition_json

__all__ = ["definition_text", "file_text", "laid_out"]

_FILE_WIDTH = 100
"""What fits into so many characters stays on one line, but for a definition as a whole."""


def definition_text(named: model.NamedType, types: Mapping[str, model.NamedType]) -> str:
    """A file that defines one type; others go by their names, short ones in the same namespace.

    Args:
        named: the type.
        types: at least the named types that can be reached from it.
    """
    tree = definition_json(named, types)
    if isinstance(named, model.RecordType):
        tree = {**tree, "fields": [_field(each, named.name) for each in _list(tree["fields"])]}
    return file_text(tree)


def file_text(schema: Json) -> str:
    """A schema over several lines, and each of its fields on one of its own where that fits."""
    if isinstance(schema, dict):
        return f"{_open(schema, 0)}\n"
    return f"{_laid_out(schema, 0, 0)}\n"


def _laid_out(value: Json, indent: int, before: int) -> str:
    """A value.

    Args:
        indent: of the line that it begins in.
        before: characters in front of it in that line, and the comma behind it.
    """
    flat = json.dumps(value, ensure_ascii=False)
    if before + len(flat) <= _FILE_WIDTH or not isinstance(value, dict | list) or not value:
        return flat
    return _open(value, indent)


def _open(value: dict[str, Json] | list[Json], indent: int) -> str:
    """An object or an array with a line for each of its members or items."""
    inner = indent + 2
    if isinstance(value, list):
        lines = [_laid_out(item, inner, inner + 1) for item in value]
        opening, closing = "[", "]"
    else:
        keys = [f"{json.dumps(key, ensure_ascii=False)}: " for key in value]
        lines = [
            key + _laid_out(member, inner, inner + len(key) + 1)
            for key, member in zip(keys, value.values(), strict=True)
        ]
        opening, closing = "{", "}"
    body = ",\n".join(" " * inner + line for line in lines)
    return f"{opening}\n{body}\n{' ' * indent}{closing}"


# --- names ----------------------------------------------------------------------------------------


def _field(field: Json, around: str) -> Json:
    assert isinstance(field, dict)
    return {**field, "type": _shortened(field["type"], namespace_of(around))}


def _shortened(type_: Json, namespace: str) -> Json:
    """A type in which names of a namespace, from inside which it is seen, are short."""
    if isinstance(type_, str):
        return short_name(type_) if namespace and namespace_of(type_) == namespace else type_
    if isinstance(type_, list):
        return [_shortened(branch, namespace) for branch in type_]
    if isinstance(type_, dict):
        inner = {"array": "items", "map": "values"}.get(str(type_["type"]))
        if inner is not None:
            return {**type_, inner: _shortened(type_[inner], namespace)}
    return type_


def _list(value: Json) -> list[Json]:
    assert isinstance(value, list)
    return value


_DOCSTRING_WIDTH = 80
"""What fits into so many characters stays on one line."""


def laid_out(schema: Json, indent: str) -> str:
    """JSON in ASCII over several lines, each of them indented."""
    return "\n".join(f"{indent}{line}" for line in _lines(schema))


def _lines(value: Json) -> list[str]:
    flat = json.dumps(value)
    if len(flat) <= _DOCSTRING_WIDTH:
        return [flat]
    if isinstance(value, list):
        return _bracketed("[", [f"{json.dumps(item)}," for item in value], "]")
    if isinstance(value, dict):
        fields, symbols = value.get("fields"), value.get("symbols")
        if isinstance(fields, list) and fields:
            return _framed(value, "fields", [f"{json.dumps(field)}," for field in fields])
        if isinstance(symbols, list) and symbols:
            wrapped = textwrap.wrap(f"{json.dumps(symbols)[1:-1]},", _DOCSTRING_WIDTH)
            return _framed(value, "symbols", wrapped)
    return [flat]


def _framed(value: dict[str, Json], key: str, items: list[str]) -> list[str]:
    """An object with its one long member at the end."""
    others = json.dumps({name: member for name, member in value.items() if name != key})
    return _bracketed(f'{others[:-1]}, "{key}": [', items, "]}")


def _bracketed(opening: str, items: list[str], closing: str) -> list[str]:
    items[-1] = items[-1].removesuffix(",")
    return [opening, *(f"  {item}" for item in items), closing]
