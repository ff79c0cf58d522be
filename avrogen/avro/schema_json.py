"""Schemas to JSON, with everything that was read (Avro 1.12, "Schema Declaration")."""

from __future__ import annotations

import json
from collections import deque
from collections.abc import Callable, Iterable, Iterator, Mapping
from itertools import count
from typing import assert_never

from avrogen.avro import model
from avrogen.avro.diagnostics import Code, diagnostic
from avrogen.avro.json_reader import MOST_LEVELS, MOST_NESTED_TYPES
from avrogen.avro.model import Json
from avrogen.avro.names import PRIMITIVES, namespace_of, short_name
from avrogen.avro.source import Location
from avrogen.avro.type_labels import declared_kind

__all__ = [
    "compact_text",
    "definition_json",
    "map_objects",
    "same_json",
    "self_contained_json",
    "type_json",
]

_OnReference = Callable[[str, int], Json]
"""Returns the JSON of a named type that is used at a depth."""


def compact_text(tree: Json) -> str:
    """Return JSON as text without spaces, in which characters are not escaped needlessly."""
    return json.dumps(tree, ensure_ascii=False, separators=(",", ":"))


def map_objects(tree: Json, change: Callable[[dict[str, Json]], Json]) -> Json:
    """Return JSON in which each object is replaced by the result of a function, innermost first."""
    match tree:
        case dict():
            return change({key: map_objects(value, change) for key, value in tree.items()})
        case list():
            return [map_objects(item, change) for item in tree]
        case _:
            return tree


def type_json(type_: model.AvroType, types: Mapping[str, model.NamedType] | None = None) -> Json:
    """Return a type, with named types in it by their full names.

    Args:
        type_: the type.
        types: named types whose names in schemas differ from those in the model.
    """
    return _type(type_, lambda name, depth: _as_seen_from("", name, types or {}))


def definition_json(
    named: model.NamedType, types: Mapping[str, model.NamedType]
) -> dict[str, Json]:
    """Return the definition of a named type, with other named types in it by their full names.

    Args:
        named: the type.
        types: at least the named types that can be reached from it.
    """
    namespace = namespace_of(model.wire_name(named))
    return _definition(named, lambda name, depth: _as_seen_from(namespace, name, types))


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
    try:
        return _checked_depth(_first_use_json(type_, types, elsewhere))
    except _TooDeep:
        pass
    try:
        return _checked_depth(_least_nested_json(type_, types, elsewhere))
    except _TooDeep:
        message = "types that contain each other are nested too deeply to be written as one schema"
        raise SchemaError([diagnostic(Code.NESTING, Location("<schema>"), message)]) from None


class _TooDeep(Exception):
    """The reader of schemas would not accept such a depth."""


def _first_use_json(
    type_: model.AvroType, types: Mapping[str, model.NamedType], elsewhere: frozenset[str]
) -> Json:
    defined = set(elsewhere)

    def seen_from(namespace: str) -> _OnReference:
        def on_reference(name: str, depth: int) -> Json:
            if name in defined:
                return _as_seen_from(namespace, name, types)
            defined.add(name)
            inside = seen_from(namespace_of(model.wire_name(types[name])))
            return _definition(types[name], inside, depth)

        return on_reference

    return _type(type_, seen_from(""))


def _least_nested_json(
    type_: model.AvroType, types: Mapping[str, model.NamedType], elsewhere: frozenset[str]
) -> Json:
    """Define each type at the use that is found first, breadth first."""
    homes: dict[str, tuple[str | None, int]] = {}
    waiting: deque[str | None] = deque([None])
    while waiting:
        user = waiting.popleft()
        for number, name in enumerate(_uses(type_ if user is None else types[user])):
            if name not in homes and name not in elsewhere:
                homes[name] = user, number
                waiting.append(name)

    def used_by(user: str | None) -> _OnReference:
        numbers = count()

        def on_reference(name: str, depth: int) -> Json:
            if homes.get(name) == (user, next(numbers)):
                return _definition(types[name], used_by(name), depth)
            namespace = namespace_of(_written_name(user or "", types))
            return _as_seen_from(namespace, name, types)

        return on_reference

    return _type(type_, used_by(None))


def _uses(type_: model.AvroType | model.NamedType) -> Iterator[str]:
    match type_:
        case model.RecordType(fields=fields):
            for field in fields:
                yield from model.references(field.type)
        case model.EnumType() | model.FixedType():
            return
        case _:
            yield from model.references(type_)


def _checked_depth(tree: Json) -> Json:
    level: list[Json] = [tree]
    for _ in range(MOST_LEVELS):
        level = [inner for value in level for inner in _inner(value) if _inner(inner)]
        if not level:
            return tree
    raise _TooDeep


def _inner(value: Json) -> Iterable[Json]:
    match value:
        case dict():
            return value.values()
        case list():
            return value
        case _:
            return ()


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


def _type(type_: model.AvroType, on_reference: _OnReference, depth: int = 0) -> Json:
    if depth > MOST_NESTED_TYPES:
        raise _TooDeep
    match type_:
        case model.Primitive(name, attributes=attributes):
            return {"type": name, **attributes} if attributes else name
        case model.Reference(name):
            return on_reference(name, depth)
        case model.Array(items, attributes):
            return {"type": "array", "items": _type(items, on_reference, depth + 1), **attributes}
        case model.Map(values, attributes):
            return {"type": "map", "values": _type(values, on_reference, depth + 1), **attributes}
        case model.Union(branches):
            return [_type(branch, on_reference, depth + 1) for branch in branches]
        case _:
            assert_never(type_)


def _definition(
    named: model.NamedType, on_reference: _OnReference, depth: int = 0
) -> dict[str, Json]:
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
            own: dict[str, Json] = {
                "fields": [_field(field, on_reference, depth) for field in fields]
            }
        case model.EnumType(symbols=symbols, default=default):
            own = {"symbols": list(symbols)}
            if default is not None:
                own["default"] = default
        case model.FixedType(size=size):
            own = {"size": size}
        case _:
            assert_never(named)
    return {**head, **own, **named.attributes}


def _field(field: model.Field, on_reference: _OnReference, depth: int) -> dict[str, Json]:
    members: dict[str, Json] = {
        "name": field.name,
        "type": _type(field.type, on_reference, depth + 1),
    }
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
    match one, other:
        case bool(), _:
            return one is other
        case _, bool():
            return False
        case list(), list():
            return len(one) == len(other) and all(map(same_json, one, other))
        case dict(), dict():
            return one.keys() == other.keys() and all(same_json(one[k], other[k]) for k in one)
        case _:
            return one == other
