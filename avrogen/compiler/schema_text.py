"""Schemas laid out as text: as a person would write them, a field a line."""

from __future__ import annotations

import json
import textwrap

from avrogen.avro.model import Json

__all__ = ["laid_out"]

_WIDTH = 80
"""What fits into so many characters stays on one line."""


def laid_out(schema: Json, indent: str) -> str:
    """JSON in ASCII over several lines, each of them indented."""
    return "\n".join(f"{indent}{line}" for line in _lines(schema))


def _lines(value: Json) -> list[str]:
    flat = json.dumps(value)
    if len(flat) <= _WIDTH:
        return [flat]
    match value:
        case {"fields": [_, *_] as fields, **others}:
            items = [f"{json.dumps(field)}," for field in fields]
            return _framed(others, "fields", items)
        case {"symbols": [_, *_] as symbols, **others}:
            return _framed(
                others, "symbols", textwrap.wrap(f"{json.dumps(symbols)[1:-1]},", _WIDTH)
            )
        case [_, *_]:
            return _bracketed("[", [f"{json.dumps(item)}," for item in value], "]")
        case _:
            return [flat]


def _framed(others: dict[str, Json], key: str, items: list[str]) -> list[str]:
    """An object with one long member at its end."""
    return _bracketed(f'{json.dumps(others)[:-1]}, "{key}": [', items, "]}")


def _bracketed(opening: str, items: list[str], closing: str) -> list[str]:
    items[-1] = items[-1].removesuffix(",")
    return [opening, *(f"  {item}" for item in items), closing]
