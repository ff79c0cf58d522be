"""Changes of a schema, as its next version would have them or as nobody should make them.

Schemas are JSON in one piece: every named type is defined where it is first used.
"""

from __future__ import annotations

import copy
import json
import random
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any, Final, TypeAlias

from avrogen import Schema, SchemaError
from tests.support.schema_meaning import PRIMITIVES, is_list, is_object

__all__ = ["evolved"]

Json: TypeAlias = Any


@dataclass(frozen=True)
class Place:
    """Where a type stands: ``holder[key]``."""

    holder: Any
    key: str | int

    @property
    def type(self) -> Json:
        """The type that stands there."""
        return self.holder[self.key]

    def put(self, type_: Json) -> None:
        """Have another stand there."""
        self.holder[self.key] = type_


_PROMOTED: Final = {
    "int": ["long", "float", "double"],
    "long": ["float", "double", "int"],
    "float": ["double"],
    "double": ["float"],
    "string": ["bytes"],
    "bytes": ["string"],
    "boolean": ["int"],
    "null": ["string"],
}
_NEW_FIELDS: Final[Sequence[tuple[Json, Json]]] = (
    (["null", "string"], None),
    ("int", 7),
    ("double", 1),
    ("string", "é"),
    ("bytes", "\u00ff\u0000"),
    ({"type": "array", "items": "int"}, []),
    ({"type": "array", "items": "string"}, ["x", "y"]),
    ({"type": "map", "values": "long"}, {"k": 1}),
    ({"type": "fixed", "name": "NewFixed", "size": 2}, "\u0001\u00fe"),
    ({"type": "enum", "name": "NewEnum", "symbols": ["P", "Q"]}, "Q"),
    (
        {
            "type": "record",
            "name": "NewRecord",
            "fields": [
                {"name": "a", "type": "int"},
                {"name": "b", "type": {"type": "array", "items": "int"}, "default": [1]},
            ],
        },
        {"a": 5},
    ),
    ("long", "no default"),
)
_DEFAULTS: Final[Sequence[Json]] = (None, 0, "", [], {}, False)
_UNITS: Final = (
    "timestamp-millis",
    "timestamp-micros",
    "timestamp-nanos",
    "local-timestamp-micros",
)


def evolved(text: str, source: random.Random) -> str:
    """Another version of a schema, with up to three changes."""
    for _ in range(10):
        root = {"": json.loads(text)}
        for _ in range(source.choice((1, 1, 2, 3))):
            places = list(_places(root, ""))
            source.choice(_CHANGES)(root, places, source)
        changed = json.dumps(root[""])
        try:
            Schema.parse(changed)
        except SchemaError:
            continue
        return changed
    return text


def _places(holder: Any, key: str | int) -> Iterator[Place]:
    """Wherever a type stands, inside others too."""
    yield Place(holder, key)
    type_ = holder[key]
    if is_list(type_):
        for index in range(len(type_)):
            yield from _places(type_, index)
    elif is_object(type_):
        for inner in ("items", "values"):
            if inner in type_:
                yield from _places(type_, inner)
        for field in type_.get("fields", ()):
            yield from _places(field, "type")


def _definitions(places: Sequence[Place], *kinds: str) -> list[dict[str, Json]]:
    return [p.type for p in places if is_object(p.type) and p.type["type"] in kinds]


# --- fields --------------------------------------------------------------------------------------

Change: TypeAlias = Callable[[Any, Sequence[Place], random.Random], None]


def _fields(change: Callable[[list[dict[str, Json]], random.Random], None]) -> Change:
    """A change of the fields of some record."""

    def of_record(root: Any, places: Sequence[Place], source: random.Random) -> None:
        records = _definitions(places, "record", "error")
        if records:
            change(source.choice(records)["fields"], source)

    return of_record


def _drop(fields: list[dict[str, Json]], source: random.Random) -> None:
    if fields:
        fields.pop(source.randrange(len(fields)))


def _add(fields: list[dict[str, Json]], source: random.Random) -> None:
    type_, default = source.choice(_NEW_FIELDS)
    field: dict[str, Json] = {"name": f"new_{len(fields)}", "type": copy.deepcopy(type_)}
    if default != "no default":
        field["default"] = copy.deepcopy(default)
    fields.insert(source.randint(0, len(fields)), field)


def _shuffle(fields: list[dict[str, Json]], source: random.Random) -> None:
    source.shuffle(fields)


def _rename(fields: list[dict[str, Json]], source: random.Random) -> None:
    if fields:
        field = source.choice(fields)
        field["aliases"] = [*field.get("aliases", ()), *source.choice(([field["name"]], []))]
        field["name"] += "_renamed"


def _give_default(fields: list[dict[str, Json]], source: random.Random) -> None:
    if fields:
        field = source.choice(fields)
        field["default"] = copy.deepcopy(source.choice(_DEFAULTS))


# --- types ---------------------------------------------------------------------------------------


def _promote(root: Any, places: Sequence[Place], source: random.Random) -> None:
    simple = [place for place in places if _primitive(place.type) in _PROMOTED]
    if simple:
        place = source.choice(simple)
        place.put(source.choice(_PROMOTED[_primitive(place.type)]))


def _primitive(type_: Json) -> str:
    kind = type_["type"] if is_object(type_) else type_
    return kind if isinstance(kind, str) and kind in PRIMITIVES else ""


def _into_union(root: Any, places: Sequence[Place], source: random.Random) -> None:
    place = source.choice(places)
    others = source.choice((["null"], ["string"], ["double", "null"]))
    place.put(source.choice(([*others, place.type], [place.type, *others])))


def _unions(root: Any, places: Sequence[Place], source: random.Random) -> None:
    unions = [place for place in places if is_list(place.type) and place.type]
    if unions:
        place = source.choice(unions)
        match source.randrange(4):
            case 0:
                place.put(source.choice(place.type))
            case 1:
                source.shuffle(place.type)
            case 2 if len(place.type) > 1:
                place.type.pop(source.randrange(len(place.type)))
            case _:
                place.type.append(source.choice(sorted(PRIMITIVES)))


def _logical(root: Any, places: Sequence[Place], source: random.Random) -> None:
    logical = [p.type for p in places if is_object(p.type) and "logicalType" in p.type]
    if logical:
        type_ = source.choice(logical)
        if type_["logicalType"] == "decimal":
            type_[source.choice(("precision", "scale"))] = source.randint(1, 20)
        elif type_["type"] == "long" and source.random() < 0.7:
            type_["logicalType"] = source.choice(_UNITS)
        else:
            del type_["logicalType"]


def _symbols(root: Any, places: Sequence[Place], source: random.Random) -> None:
    enums = _definitions(places, "enum")
    if enums:
        enum = source.choice(enums)
        symbols: list[str] = enum["symbols"]
        match source.randrange(4):
            case 0:
                symbols.insert(source.randint(0, len(symbols)), "NEW_SYMBOL")
            case 1 if len(symbols) > 1:
                symbols.remove(source.choice([s for s in symbols if s != enum.get("default")]))
            case 2:
                enum["default"] = source.choice(symbols)
            case _:
                source.shuffle(symbols)


def _size(root: Any, places: Sequence[Place], source: random.Random) -> None:
    fixed = _definitions(places, "fixed")
    if fixed:
        source.choice(fixed)["size"] += 1


def _rename_type(root: Any, places: Sequence[Place], source: random.Random) -> None:
    named = _definitions(places, "record", "error", "enum", "fixed")
    if named:
        type_ = source.choice(named)
        short, namespace = type_["name"], type_.get("namespace", "")
        full = f"{namespace}.{short}" if namespace else short
        match source.randrange(3):
            case 0:
                type_["name"] = f"{short}Renamed"
                type_["aliases"] = [*type_.get("aliases", ()), full]
            case 1:
                type_["name"] = f"{short}Renamed"
            case _:
                type_["namespace"] = f"{namespace}.other" if namespace else "other"
        space = type_.get("namespace", "")
        new = f"{space}.{type_['name']}" if space else type_["name"]
        for place in places:
            if place.type in (full, f".{full}"):
                place.put(new)


_CHANGES: Final[Sequence[Change]] = (
    _fields(_drop),
    _fields(_drop),
    _fields(_add),
    _fields(_add),
    _fields(_shuffle),
    _fields(_rename),
    _fields(_give_default),
    _promote,
    _promote,
    _into_union,
    _unions,
    _logical,
    _symbols,
    _size,
    _rename_type,
)
