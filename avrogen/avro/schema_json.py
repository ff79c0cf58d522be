"""Schemas to JSON, with everything that was read (Avro 1.12, "Schema Declaration")."""

from __future__ import annotations

import json
from collections import deque
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping
from itertools import count
from typing import Any, Final, TypeAlias, assert_never

from avrogen.avro import model
from avrogen.avro.diagnostics import Code, diagnostic
from avrogen.avro.json_reader import MOST_LEVELS
from avrogen.avro.model import Json
from avrogen.avro.names import PRIMITIVES, namespace_of, short_name
from avrogen.avro.source import Location
from avrogen.avro.type_labels import declared_kind

__all__ = [
    "compact_text",
    "definition_json",
    "has_levels",
    "map_objects",
    "same_json",
    "self_contained_json",
    "type_json",
]

_OnReference = Callable[[str], Json]
"""Returns the JSON of a named type where it is used."""


def compact_text(tree: Json) -> str:
    """Return JSON as text without spaces, in which characters are not escaped needlessly."""
    try:
        return json.dumps(tree, ensure_ascii=False, separators=(",", ":"))
    except RecursionError:
        from avrogen.avro.deep_json import encode

        return encode(tree)


def map_objects(tree: Json, change: Callable[[dict[str, Json]], Json]) -> Json:
    """Return JSON in which each object is replaced by the result of a function, innermost first."""
    root: list[Any] = [tree]
    # Containers after those around them: the last are the innermost.
    places: list[tuple[Any, Any]] = [(root, 0)]
    for holder, key in places:
        part: Json = holder[key]
        match part:
            case dict():
                entries: dict[str, Json] = part
                holder[key] = entries.copy()
                places.extend((holder[key], inner) for inner in entries)
            case list():
                items: list[Json] = part
                holder[key] = items.copy()
                places.extend((holder[key], index) for index in range(len(items)))
            case _:
                pass
    for holder, key in reversed(places):
        if isinstance(holder[key], dict):
            holder[key] = change(holder[key])
    changed: Json = root[0]
    return changed


def has_levels(tree: Json, most: int) -> bool:
    """Tell if objects and arrays are nested no more deeply than this."""
    level = [tree] if _inner(tree) else []
    for _ in range(most):
        if not level:
            return True
        level = [inner for value in level for inner in _inner(value) if _inner(inner)]
    return not level


def _inner(value: Json) -> Collection[Json]:
    match value:
        case dict():
            return value.values()
        case list():
            return value
        case _:
            return ()


def type_json(type_: model.AvroType, types: Mapping[str, model.NamedType] | None = None) -> Json:
    """Return a type, with named types in it by their full names.

    Args:
        type_: the type.
        types: named types whose names in schemas differ from those in the model.
    """
    return _type(type_, lambda name: _as_seen_from("", name, types or {}))


def definition_json(
    named: model.NamedType, types: Mapping[str, model.NamedType]
) -> dict[str, Json]:
    """Return the definition of a named type, with other named types in it by their full names.

    Args:
        named: the type.
        types: at least the named types that can be reached from it.
    """
    namespace = namespace_of(model.wire_name(named))
    return _definition(named, lambda name: _as_seen_from(namespace, name, types))


def self_contained_json(
    type_: model.AvroType, types: Mapping[str, model.NamedType], elsewhere: Iterable[str] = ()
) -> Json:
    """Return a type with every named type in it defined at its first use, depth first.

    Where that would be nested more deeply than is accepted, each is defined where it is nested
    least, and may be used before.

    Args:
        type_: the type.
        types: at least the named types that can be reached from it.
        elsewhere: full names of types that are not defined in it.

    Raises:
        SchemaError: it would be nested too deeply even so.
    """
    from avrogen.errors import SchemaError

    elsewhere = frozenset(elsewhere)
    first_use = _defined(type_, types, _first_uses(type_, types, elsewhere))
    if has_levels(first_use, _EASY_LEVELS):
        return first_use
    least_nested = _defined(type_, types, _outermost_uses(type_, types, elsewhere))
    for levels in (_EASY_LEVELS, MOST_LEVELS):
        for tree in (first_use, least_nested):
            if has_levels(tree, levels):
                return tree
    message = "types that contain each other are nested too deeply to be written as one schema"
    raise SchemaError([diagnostic(Code.NESTING, Location("<schema>"), message)])


_EASY_LEVELS: Final = 250
"""Depth of objects and arrays that every implementation reads."""

_Homes: TypeAlias = dict[str, tuple[str | None, int]]
"""For each type the use that it is defined at: the type that uses it, None at the top, and the
number of the use there."""


def _first_uses(
    type_: model.AvroType, types: Mapping[str, model.NamedType], elsewhere: frozenset[str]
) -> _Homes:
    """Find the first use of each type, depth first: no use precedes it in the text."""
    homes: _Homes = {}
    waiting: list[tuple[str | None, Iterator[tuple[int, str]]]]
    waiting = [(None, enumerate(_uses(type_)))]
    while waiting:
        user, uses = waiting[-1]
        for number, name in uses:
            if name not in homes and name not in elsewhere:
                homes[name] = user, number
                waiting.append((name, enumerate(_uses(types[name]))))
                break
        else:
            waiting.pop()
    return homes


def _outermost_uses(
    type_: model.AvroType, types: Mapping[str, model.NamedType], elsewhere: frozenset[str]
) -> _Homes:
    """Find the use of each type that is nested least: breadth first."""
    homes: _Homes = {}
    waiting: deque[str | None] = deque([None])
    while waiting:
        user = waiting.popleft()
        for number, name in enumerate(_uses(type_ if user is None else types[user])):
            if name not in homes and name not in elsewhere:
                homes[name] = user, number
                waiting.append(name)
    return homes


def _defined(type_: model.AvroType, types: Mapping[str, model.NamedType], homes: _Homes) -> Json:
    """Return a type with each named type in it defined at its home.

    The definitions are empty at first, and filled one after the other: chains of types may be
    longer than Python's stack.
    """
    made: dict[str, dict[str, Json]] = {name: {} for name in homes}

    def used_by(user: str | None) -> _OnReference:
        numbers = count()

        def on_reference(name: str) -> Json:
            if homes.get(name) == (user, next(numbers)):
                return made[name]
            namespace = namespace_of(_written_name(user or "", types))
            return _as_seen_from(namespace, name, types)

        return on_reference

    tree = _type(type_, used_by(None))
    for name, definition in made.items():
        definition.update(_definition(types[name], used_by(name)))
    return tree


def _uses(type_: model.AvroType | model.NamedType) -> Iterator[str]:
    match type_:
        case model.RecordType(fields=fields):
            for field in fields:
                yield from model.references(field.type)
        case model.EnumType() | model.FixedType():
            return
        case _:
            yield from model.references(type_)


def _as_seen_from(namespace: str, name: str, types: Mapping[str, model.NamedType]) -> str:
    """Return the name that refers to a type from inside a namespace.

    The specification has no way to refer from a namespace to a type without one. Avro Java looks
    there for names that the namespace lacks; if it has the name, too, a leading dot is needed.
    """
    if name in PRIMITIVES:  # only in schemas that are only read
        return f".{name}"
    written = _written_name(name, types)
    return f".{written}" if namespace and f"{namespace}.{written}" in types else written


def _written_name(name: str, types: Mapping[str, model.NamedType]) -> str:
    return model.wire_name(types[name]) if name in types else name


def _type(type_: model.AvroType, on_reference: _OnReference) -> Json:
    match type_:
        case model.Primitive(name, attributes=attributes):
            return {"type": name, **attributes} if attributes else name
        case model.Reference(name):
            return on_reference(name)
        case model.Array(items, attributes):
            return {"type": "array", "items": _type(items, on_reference), **attributes}
        case model.Map(values, attributes):
            return {"type": "map", "values": _type(values, on_reference), **attributes}
        case model.Union(branches):
            return [_type(branch, on_reference) for branch in branches]
        case _:
            assert_never(type_)


def _definition(named: model.NamedType, on_reference: _OnReference) -> dict[str, Json]:
    written = model.wire_name(named)
    namespace, name = namespace_of(written), short_name(written)
    head: dict[str, Json] = {"type": declared_kind(named), "name": name, "namespace": namespace}
    if named.doc is not None:
        head["doc"] = named.doc
    if named.aliases:
        dot = "." if namespace else ""  # in front of names without a namespace, as in Avro Java
        head["aliases"] = [each if "." in each else f"{dot}{each}" for each in named.aliases]
    match named:
        case model.RecordType(fields=fields):
            own: dict[str, Json] = {"fields": [_field(field, on_reference) for field in fields]}
        case model.EnumType(symbols=symbols, default=default):
            own = {"symbols": list(symbols)}
            if default is not None:
                own["default"] = default
        case model.FixedType(size=size):
            own = {"size": size}
        case _:
            assert_never(named)
    return {**head, **own, **named.attributes}


def _field(field: model.Field, on_reference: _OnReference) -> dict[str, Json]:
    members: dict[str, Json] = {"name": field.name, "type": _type(field.type, on_reference)}
    if field.doc is not None:
        members["doc"] = field.doc
    if field.default is not model.NO_DEFAULT:
        members["default"] = field.default
    if field.order is not None:
        members["order"] = field.order.value
    if field.aliases:
        members["aliases"] = list(field.aliases)
    return {**members, **field.attributes}


def same_json(one: Json, other: Json) -> bool:
    """Compare JSON values: 1 equals 1.0, and unlike in Python not ``true``."""
    waiting = [(one, other)]
    while waiting:
        match waiting.pop():
            case (bool() as mine, theirs) | (theirs, bool() as mine):
                if mine is not theirs:
                    return False
            case list() as mine, list() as theirs if len(mine) == len(theirs):
                waiting.extend(zip(mine, theirs, strict=True))
            case dict() as mine, dict() as theirs if mine.keys() == theirs.keys():
                waiting.extend((mine[key], theirs[key]) for key in mine)
            case list() | dict(), _:
                return False
            case mine, theirs:
                if mine != theirs:
                    return False
    return True
