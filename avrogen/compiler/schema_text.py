"""Schemas laid out as text: as a person would write them, a field a line."""

from __future__ import annotations

import json
import textwrap

from avrogen.avro.model import Json

__all__ = ["laid_out"]

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
