"""Schemas laid out as text: as a person would write them, a field a line."""

from __future__ import annotations

import json

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
            head = json.dumps(others)[:-1]
            separator = ", " if others else ""
            return [f'{head}{separator}"fields": [', *_items(fields), "]}"]
        case [_, *_]:
            return ["[", *_items(value), "]"]
        case _:
            return [flat]


def _items(values: list[Json]) -> list[str]:
    lines = [f"  {json.dumps(value)}," for value in values]
    lines[-1] = lines[-1][:-1]
    return lines
