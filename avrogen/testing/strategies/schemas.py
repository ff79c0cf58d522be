"""Strategies for schemas of all kinds.

Types without types in them, for schemas that are made up.

Defaults for the fields of schemas that are made up.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from typing import Any, Final, NamedTuple

from hypothesis import strategies as st
from hypothesis.strategies import DrawFn, SearchStrategy

from avrogen.avro.logical_types import FIXED_SIZES, LOGICAL_TYPES
from avrogen.avro.names import PRIMITIVES, namespace_of, short_name
from avrogen.codec.schema import Schema

__all__ = [
    "FIXED_KINDS",
    "LEAVES",
    "Default",
    "arbitrary_schema",
    "decimals",
    "default_for",
    "schema_json",
]

_DEPTH: Final = 3
_SYMBOLS: Final = (1, 2, 5, 64, 65, 300)
"""Numbers of symbols of an enum: positions over 63 take two bytes."""


def arbitrary_schema() -> SearchStrategy[Schema]:
    """Return valid Avro 1.12 schemas of all kinds.

    Named types in namespaces and without, recursion through unions, arrays and maps, aliases,
    defaults, logical types, docs, orders and custom attributes; at the top stands any type.
    """
    return schema_json().map(lambda schema: Schema.parse(json.dumps(schema)))


@st.composite
def schema_json(draw: DrawFn) -> Any:
    """Draw a schema as JSON, with each named type defined at its first use."""
    namespaces = draw(st.sampled_from([[""], ["space0", "space1"], ["space0", "space0.inner"]]))
    return _Drawing(draw, namespaces).schema(_DEPTH, "", in_union=False)


class _Drawing:
    """State of one schema under construction.

    Attributes:
        _defined: the named types that can be referred to, by full name.
        _count: how many have got a name.
    """

    def __init__(self, draw: DrawFn, namespaces: Sequence[str]) -> None:
        self._draw = draw
        self._namespaces = namespaces
        self._defined: dict[str, Any] = {}
        self._count = 0

    def schema(self, depth: int, namespace: str, *, in_union: bool) -> Any:
        """Draw a type inside a namespace."""
        kinds = ["leaf", "leaf", "enum", "fixed"]
        if depth > 0:
            kinds += ["record", "record", "array", "map"] + ([] if in_union else ["union"])
        if self._defined:
            kinds.append("reference")
        match self._draw(st.sampled_from(kinds)):
            case "leaf":
                return self._draw(LEAVES | decimals())
            case "enum":
                return self._enum(namespace)
            case "fixed":
                return self._named("fixed", namespace, **self._draw(FIXED_KINDS))[0]
            case "array":
                return {"type": "array", "items": self.schema(depth - 1, namespace, in_union=False)}
            case "map":
                return {"type": "map", "values": self.schema(depth - 1, namespace, in_union=False)}
            case "record":
                return self._record(depth, namespace)
            case "union":
                return self._union(depth, namespace)
            case _:
                name = self._draw(st.sampled_from(sorted(self._defined)))
                return self._as_seen_from(namespace, name)

    def _named(self, kind: str, namespace: str, **members: Any) -> tuple[Any, str]:
        """Draw a definition in one of its spellings, with its full name."""
        self._count += 1
        own, name = self._draw(st.sampled_from(self._namespaces)), f"T{self._count}"
        full = f"{own}.{name}" if own else name
        if own == namespace:
            head: dict[str, Any] = {"type": kind, "name": name}
        elif own and self._draw(st.booleans()):
            head = {"type": kind, "name": full}
        else:
            head = {"type": kind, "name": name, "namespace": own}
        if self._draw(_SELDOM):
            head["aliases"] = self._draw(
                st.sampled_from([[f"Old{name}"], [f"old.{name}", "Older"]])
            )
            head["aliases"] = [f"{alias}{self._count}" for alias in head["aliases"]]
        if self._draw(_SELDOM):
            head |= self._draw(st.sampled_from([{"doc": "A type."}, {"owner": {"team": ["a", 1]}}]))
        defined = {**head, **members}
        if kind != "record":  # which must not contain itself directly
            self._defined[full] = defined
        return defined, full

    def _enum(self, namespace: str) -> Any:
        symbols = [f"S{n}" for n in range(self._draw(st.sampled_from(_SYMBOLS)))]
        default = {"default": self._draw(st.sampled_from(symbols))} if self._draw(_SELDOM) else {}
        return self._named("enum", namespace, symbols=symbols, **default)[0]

    def _record(self, depth: int, namespace: str) -> Any:
        record, full = self._named("record", namespace)
        inner = namespace_of(full)
        record["fields"] = [
            self._field(f"f{index}", self.schema(depth - 1, inner, in_union=False))
            for index in range(self._draw(st.integers(0, 5)))
        ]
        link = self._draw(st.sampled_from(["", "", "union", "array", "map"]))
        if link:
            itself = self._as_seen_from(inner, full)
            types = {
                "union": ["null", itself],
                "array": {"type": "array", "items": itself},
                "map": {"type": "map", "values": itself},
            }
            record["fields"].append({"name": "again", "type": types[link]})
        self._defined[full] = record
        return record

    def _field(self, name: str, type_: Any) -> Any:
        field = {"name": name, "type": type_}
        match self._draw(st.sampled_from(["", "", "", "default", "default", "alias", "order"])):
            case "default":
                default = default_for(type_, self._defined)
                return field if default is None else {**field, "default": default.value}
            case "alias":
                return {**field, "aliases": [f"old_{name}"], "doc": "A field."}
            case "order":
                order = self._draw(st.sampled_from(["ascending", "descending", "ignore"]))
                return {**field, "order": order, "pii": True}
            case _:
                return field

    def _union(self, depth: int, namespace: str) -> Any:
        """Draw a union: at most one branch per unnamed type (specification, "Unions")."""
        # Sometimes of branches that only the size of a number tells apart.
        branches: list[Any] = ["int", "long"] if self._draw(_SELDOM) else []
        taken: set[str] = set(branches)
        for _ in range(self._draw(st.integers(1, 5))):
            known = dict(self._defined)
            branch = self.schema(depth - 1, namespace, in_union=True)
            name = self._branch_name(branch, namespace)
            if name in taken:
                self._defined = known  # what was defined in it is not there
            else:
                taken.add(name)
                branches.append(branch)
        return branches

    def _branch_name(self, branch: Any, namespace: str) -> str:
        if isinstance(branch, str):
            return branch if branch in PRIMITIVES or "." in branch else f"{namespace}.{branch}"
        if "name" not in branch:
            return str(branch["type"])
        name = branch["name"]
        return name if "." in name else f"{branch.get('namespace', namespace)}.{name}"

    def _as_seen_from(self, namespace: str, name: str) -> str:
        """Return a full name, or the short one where it is equivalent."""
        short = short_name(name)
        return short if namespace_of(name) == namespace and self._draw(st.booleans()) else name


_SELDOM = st.sampled_from([False, False, False, True])


_PRIMITIVES: Final = ("null", "boolean", "int", "long", "float", "double", "bytes", "string")
_LOGICAL: Final = (
    *((base, name) for name, (bases, _) in LOGICAL_TYPES.items() for base in bases),
    ("string", "colour"),  # which nobody knows
)
"""Base types and names of all logical types but decimal."""

LEAVES: Final[SearchStrategy[Any]] = st.sampled_from(
    [
        *_PRIMITIVES,
        *({"type": base, "logicalType": logical} for base, logical in _LOGICAL if base != "fixed"),
        {"type": "string", "avro.java.string": "String"},
    ]
)
"""Primitives, by themselves, as logical types and with custom attributes."""

FIXED_KINDS: Final[SearchStrategy[Any]] = st.sampled_from(
    [
        *({"size": size} for size in (0, 1, 2, 9, 64, 100)),
        *({"size": size, "logicalType": name} for name, size in FIXED_SIZES.items()),
        {"size": 4, "logicalType": "decimal", "precision": 9, "scale": 1},
        {"size": 4, "logicalType": "decimal", "precision": 1},
    ]
)
"""Features that distinguish fixed types, apart from their names."""


@st.composite
def decimals(draw: DrawFn) -> Any:
    """Decimals in bytes."""
    precision = draw(st.integers(1, 40))
    scale = draw(st.integers(0, precision))
    return {"type": "bytes", "logicalType": "decimal", "precision": precision, "scale": scale}


class Default(NamedTuple):
    """A default as JSON; ``None`` is null."""

    value: Any


_OF_PRIMITIVES = {
    "null": None,
    "boolean": True,
    "int": 7,
    "long": -8,
    "float": 0.5,
    "double": 1,
    "bytes": "\u00ff",
    "string": "e\u0301",
}

_OF_LOGICAL_TYPES: Final[Mapping[str, Default | None]] = {
    **dict.fromkeys(LOGICAL_TYPES),
    "uuid": Default("f3d6f0d5-5b05-4fde-b011-6c2eaffd74e9"),
    "decimal": Default("\x01"),
    "big-decimal": Default("\x02\x01\x04"),
}
"""Defaults of logical types on bytes and strings, where those of the base types may not do."""


def default_for(type_: Any, definitions: Mapping[str, Any]) -> Default | None:
    """Return a default of a type; None if a definition is unknown.

    Args:
        type_: the type as JSON.
        definitions: those of named types, by full name.
    """
    match type_:
        case str():
            if type_ in _OF_PRIMITIVES:
                return Default(_OF_PRIMITIVES[type_])
            return default_for(definitions[type_], definitions) if type_ in definitions else None
        case list():
            # Of a union, the first branch: older readers take no other.
            return default_for(type_[0], definitions)
        case {"type": "array", "items": str(items)} if items in _OF_PRIMITIVES:
            return Default([_OF_PRIMITIVES[items]])
        case {"type": "array"}:
            return Default([])
        case {"type": "map", "values": str(values)} if values in _OF_PRIMITIVES:
            return Default({"key": _OF_PRIMITIVES[values]})
        case {"type": "map"}:
            return Default({})  # what is in it may lead back here
        case {"type": "enum", "symbols": symbols}:
            return Default(symbols[-1])
        case {"type": "fixed", "size": size}:
            return Default("\0" * size)
        case {"type": "record", "fields": fields}:
            parts = {field["name"]: default_for(field["type"], definitions) for field in fields}
            if any(part is None for part in parts.values()):
                return None
            return Default({name: part.value for name, part in parts.items() if part})
        case {"type": "bytes" | "string", "logicalType": logical} if logical in _OF_LOGICAL_TYPES:
            return _OF_LOGICAL_TYPES[logical]
        case {"type": base}:
            return default_for(base, definitions)
        case _:
            return None
