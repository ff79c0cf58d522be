"""Schemas as indented text, in two layouts.

    definition_text, file_text    schema files: a line for each member of a definition
    docstring_text                docstrings of generated code: a line for each field or symbol list

Schema files are read and edited by people; docstrings are ASCII and as short as that allows.
"""

from __future__ import annotations

import json
import textwrap
from collections.abc import Mapping

from avrogen.avro import model
from avrogen.avro.model import Json
from avrogen.avro.names import PRIMITIVES, namespace_of, short_name
from avrogen.avro.schema_json import definition_json

__all__ = ["definition_text", "docstring_text", "file_text"]

_FILE_WIDTH = 100
"""Maximum length of a line in files, for values that can be broken."""

_DOCSTRING_WIDTH = 80
"""Maximum length of a line in docstrings, for values that can be broken."""

# --- files ----------------------------------------------------------------------------------------


def definition_text(named: model.NamedType, types: Mapping[str, model.NamedType]) -> str:
    """Return a file that defines one type, with other types by name.

    Names in the same namespace are short.

    Args:
        named: the type.
        types: at least the named types that can be reached from it.
    """
    tree = definition_json(named, types)
    if isinstance(named, model.RecordType):
        tree = {
            **tree,
            "fields": [_field(each, model.wire_name(named)) for each in _list(tree["fields"])],
        }
    return file_text(tree)


def file_text(schema: Json) -> str:
    """Return a file with a schema, with a line for each of its fields that fits into one."""
    if isinstance(schema, dict):
        return f"{_open(schema, 0)}\n"
    return f"{_value(schema, 0, 0)}\n"


def _value(value: Json, indent: int, before: int) -> str:
    """Return a value on one line if it fits, or else on several.

    Args:
        value: the value.
        indent: indentation of its first line.
        before: characters of that line before it, and the comma after it.
    """
    flat = json.dumps(value, ensure_ascii=False)
    if before + len(flat) <= _FILE_WIDTH or not isinstance(value, dict | list) or not value:
        return flat
    return _open(value, indent)


def _open(value: dict[str, Json] | list[Json], indent: int) -> str:
    """Return an object or an array with a line for each of its members or items."""
    inner = indent + 2
    if isinstance(value, list):
        lines = [_value(item, inner, inner + 1) for item in value]
        opening, closing = "[", "]"
    else:
        keys = [f"{json.dumps(key, ensure_ascii=False)}: " for key in value]
        lines = [
            key + _value(member, inner, inner + len(key) + 1)
            for key, member in zip(keys, value.values(), strict=True)
        ]
        opening, closing = "{", "}"
    body = ",\n".join(" " * inner + line for line in lines)
    return f"{opening}\n{body}\n{' ' * indent}{closing}"


def _field(field: Json, around: str) -> Json:
    assert isinstance(field, dict)
    return {**field, "type": _shortened(field["type"], namespace_of(around))}


def _shortened(type_: Json, namespace: str) -> Json:
    """Return a type as seen from inside a namespace: with short names of its types."""
    if isinstance(type_, str):
        short = short_name(type_)
        is_inside = namespace and namespace_of(type_) == namespace and short not in PRIMITIVES
        return short if is_inside else type_
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


# --- docstrings -----------------------------------------------------------------------------------


def docstring_text(schema: Json, indent: str) -> str:
    """Return a schema in ASCII, with each of its lines indented."""
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
    """Return the lines of an object with its one long member at the end."""
    others = json.dumps({name: member for name, member in value.items() if name != key})
    return _bracketed(f'{others[:-1]}, "{key}": [', items, "]}")


def _bracketed(opening: str, items: list[str], closing: str) -> list[str]:
    items[-1] = items[-1].removesuffix(",")
    return [opening, *(f"  {item}" for item in items), closing]
