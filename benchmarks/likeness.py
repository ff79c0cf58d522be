"""Schema files in the likeness of public ones, always the same.

What is imitated are the about 850 files that the project is tested with: one record in most files,
a doc at nearly every field, half of the fields nullable with the default ``null``, an enum in every
third file, a nested record in every fourth, uses of types of other files, dates and decimals in
between, and now and then a record of a hundred columns.
"""

from __future__ import annotations

import json
import random
from pathlib import Path
from typing import Any

__all__ = ["write_likeness"]

_NAMESPACES = [
    f"org.example.{area}.{part}"
    for area in ("active", "passive", "connector", "stream", "kafka")
    for part in ("phone", "watch", "survey", "clinic")
]
_WORDS = (
    *("time", "value", "user", "source", "project", "amount", "total", "count", "rate", "level"),
    *("state", "reason", "device", "sensor", "battery", "heart", "step", "sleep", "light", "sound"),
    *("order", "price", "version", "status", "region", "language", "start", "end"),
)
_PRIMITIVES = ("string", "double", "float", "int", "long", "boolean", "bytes")
_LOGICAL: tuple[dict[str, Any], ...] = (
    {"type": "long", "logicalType": "timestamp-millis"},
    {"type": "long", "logicalType": "timestamp-micros"},
    {"type": "int", "logicalType": "date"},
    {"type": "string", "logicalType": "uuid"},
    {"type": "bytes", "logicalType": "decimal", "precision": 12, "scale": 2},
)


def write_likeness(folder: Path, files: int, *, seed: int = 20250314) -> None:
    """Write so many files.

    Args:
        folder: made if it is missing.
        files: each holds one record, with what is defined inside it.
    """
    maker = _Maker(random.Random(seed))
    for number in range(files):
        schema = maker.record(number)
        path = folder / schema["namespace"].replace(".", "/") / f"{schema['name']}.avsc"
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(json.dumps(schema, indent=2) + "\n", "utf-8")


class _Maker:
    def __init__(self, source: random.Random) -> None:
        self._random = source
        self._made: list[str] = []

    def record(self, number: int) -> dict[str, Any]:
        """The record of a file."""
        namespace = _NAMESPACES[number % len(_NAMESPACES)]
        columns = 100 if number % 40 == 39 else self._random.randint(3, 14)
        name = f"{self._words(2).title().replace('_', '')}{number}"
        schema = {
            "namespace": namespace,
            "type": "record",
            "name": name,
            "doc": self._doc(14),
            "fields": [self._field(f"{name}{index}", index) for index in range(columns)],
        }
        self._made.append(f"{namespace}.{name}")
        return schema

    def _field(self, unique: str, index: int) -> dict[str, Any]:
        field: dict[str, Any] = {"name": f"{self._words(2)}_{index}", "type": self._type(unique)}
        if self._random.random() < 0.5:
            field |= {"type": ["null", field["type"]], "default": None}
        if self._random.random() < 0.9:
            field["doc"] = self._doc(9)
        return field

    def _type(self, unique: str) -> Any:
        kind = self._random.random()
        if kind < 0.68:
            return self._random.choice(_PRIMITIVES)
        if kind < 0.82:
            return self._random.choice(_LOGICAL)
        if kind < 0.86:
            symbols = [f"{self._words(1).upper()}_{number}" for number in range(5)]
            return {
                "type": "enum",
                "name": f"{unique}Kind",
                "symbols": symbols,
                "doc": self._doc(6),
            }
        if kind < 0.89:
            fields = [
                {"name": f"part_{n}", "type": "double", "doc": self._doc(5)} for n in range(3)
            ]
            return {
                "type": "record",
                "name": f"{unique}Part",
                "doc": self._doc(7),
                "fields": fields,
            }
        if kind < 0.93:
            return {"type": "array", "items": self._random.choice(_PRIMITIVES)}
        if kind < 0.96 or not self._made:
            return {"type": "map", "values": self._random.choice(_PRIMITIVES)}
        return self._random.choice(self._made)

    def _words(self, count: int) -> str:
        return "_".join(self._random.choice(_WORDS) for _ in range(count))

    def _doc(self, words: int) -> str:
        return self._words(words).replace("_", " ").capitalize() + "."
