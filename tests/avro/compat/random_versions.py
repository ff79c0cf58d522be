"""Random schemas, and random changes of them: small, with few names, so that much collides."""

from __future__ import annotations

import copy
import random
from collections.abc import Iterator
from typing import Any

__all__ = ["random_pairs"]

_PRIMITIVES = ["null", "boolean", "int", "long", "float", "double", "bytes", "string"]
_NAMES = ["R", "S", "E", "F", "T"]
_DEFAULTS: dict[str, Any] = {"int": 1, "long": 1, "string": "", "null": None}


def random_pairs(seed: int) -> Iterator[tuple[Any, Any]]:
    """Without end; either schema of a pair may be invalid."""
    source = random.Random(seed)
    while True:
        one = _Maker(source).type(4)
        other = changed(one, source) if source.random() < 0.85 else _Maker(source).type(4)
        yield (one, other) if source.random() < 0.5 else (other, one)


class _Maker:
    """Makes one schema."""

    def __init__(self, source: random.Random) -> None:
        self._source = source
        self._defined: list[str] = []

    def type(self, depth: int, *, in_union: bool = False) -> Any:
        kind = self._source.random()
        if depth == 0 or kind < 0.35:
            return self._source.choice(_PRIMITIVES)
        if kind < 0.45:
            return {"type": "array", "items": self.type(depth - 1)}
        if kind < 0.52:
            return {"type": "map", "values": self.type(depth - 1)}
        if kind < 0.7 and not in_union:
            branches = [self.type(depth - 1, in_union=True) for _ in range(3)]
            return list({_branch_name(branch): branch for branch in branches}.values())
        return self._named(depth)

    def _named(self, depth: int) -> Any:
        source = self._source
        name = f"{source.choice('xy')}.{source.choice(_NAMES)}"
        if self._defined and source.random() < 0.45:
            return source.choice(self._defined)
        if name in self._defined:
            return name
        self._defined.append(name)
        named: dict[str, Any] = {"name": name}
        if source.random() < 0.2:
            named["aliases"] = [f"{source.choice('xy')}.{source.choice(_NAMES)}"]
        kind = source.random()
        if kind < 0.25:
            symbols = [symbol for symbol in "ABC" if source.random() < 0.7] or ["A"]
            default = {"default": symbols[0]} if source.random() < 0.3 else {}
            return {**named, "type": "enum", "symbols": symbols, **default}
        if kind < 0.4:
            return {**named, "type": "fixed", "size": source.choice([2, 4])}
        fields = [self._field(field, depth) for field in "abcd" if source.random() < 0.6]
        return {**named, "type": "record", "fields": fields}

    def _field(self, name: str, depth: int) -> dict[str, Any]:
        field = {"name": name, "type": self.type(depth - 1)}
        if self._source.random() < 0.15:
            field["aliases"] = [self._source.choice("abcdz")]
        first = field["type"][0] if _is_list(field["type"]) else field["type"]
        if self._source.random() < 0.3 and isinstance(first, str) and first in _DEFAULTS:
            field["default"] = _DEFAULTS[first]
        return field


def _branch_name(branch: Any) -> str:
    return branch if isinstance(branch, str) else str(branch.get("name", branch["type"]))


def changed(schema: Any, source: random.Random) -> Any:
    """Another version of a schema."""
    schema = copy.deepcopy(schema)
    for _ in range(source.choice([0, 1, 1, 2, 3])):
        nodes = list(_nodes(schema))
        if nodes:
            _change(source.choice(nodes), source)
    return schema


def _nodes(node: Any) -> Iterator[Any]:
    """Definitions, fields, unions, arrays and maps."""
    if isinstance(node, list | dict):
        yield node
        for inner in _inside(node):
            yield from _nodes(inner)


def _inside(node: Any) -> list[Any]:
    if _is_list(node):
        return [*node]
    return [*(node.get(key) for key in ("type", "items", "values")), *node.get("fields", ())]


def _is_list(node: object) -> bool:
    return isinstance(node, list)


def _change(node: Any, source: random.Random) -> None:
    coin = source.random() < 0.5
    if _is_list(node):
        node[:] = node[1:] if coin else [*node, source.choice(_PRIMITIVES)]
    elif "symbols" in node:
        node["symbols"] = node["symbols"][:1] if coin else [*node["symbols"], "Z"]
    elif "size" in node:
        node["size"] = 8
    elif "fields" in node:
        if coin:
            del node["fields"][:1]
        elif source.random() < 0.5:
            node["fields"].insert(0, {"name": "n", "type": source.choice(_PRIMITIVES)})
        else:
            node["name"] = f"x.{source.choice(_NAMES)}"
    elif "name" in node:
        node.pop("default", None)
        if coin and isinstance(node["type"], str):
            node["type"] = source.choice(_PRIMITIVES)
    else:
        node["items" if "items" in node else "values"] = source.choice(_PRIMITIVES)
