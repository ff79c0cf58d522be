"""Differences of two definitions of one full name, in words.

"A schema or protocol may not contain multiple definitions of a fullname" (Avro 1.12, "Names").
Equal definitions count once, and so do those that differ in documentation.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator, Mapping
from typing import Final

from avrogen.avro import model
from avrogen.avro.model import Json
from avrogen.avro.schema_json import definition_json, map_objects
from avrogen.avro.type_labels import declared_kind, short_json

__all__ = [
    "are_encoded_alike",
    "are_equal",
    "differ_in_docs_only",
    "first_difference",
    "meaning_fingerprint",
]

_ENCODED: Final = frozenset(
    {"fields", "items", "logicalType", "name", "namespace", "precision", "scale", "size"}
    | {"symbols", "type", "values"}
)
"""Attributes that data depend on."""

_CONTEXT: Final = 20
"""Characters shown before the place at which two long values differ."""


def are_equal(one: model.NamedType, other: model.NamedType) -> bool:
    """Tell if two definitions differ at most in the order of their attributes."""
    return _text(_tree(one)) == _text(_tree(other))


def are_encoded_alike(one: model.NamedType, other: model.NamedType) -> bool:
    """Tell if two definitions have the same data: docs, defaults and aliases do not matter."""
    return _text(_encoded(one)) == _text(_encoded(other))


def differ_in_docs_only(one: model.NamedType, other: model.NamedType) -> bool:
    """Tell if two definitions are equal without the docs of the types and of their fields."""
    return _text(_without_docs(_tree(one))) == _text(_without_docs(_tree(other)))


def meaning_fingerprint(name: str, types: Mapping[str, model.NamedType]) -> str:
    """Return a fingerprint of a type and all types that it refers to, without their docs.

    Unlike that of the canonical form, it covers defaults, aliases and custom attributes. Packages
    contain it, so it is the same in every version of avrogen.

    Args:
        name: name of the type.
        types: at least the named types that can be reached from it.
    """
    reachable = model.reachable_types(model.Reference(name), types)
    trees = {
        model.wire_name(named): _without_docs(definition_json(named, types))
        for named in reachable.values()
    }
    text = json.dumps(trees, sort_keys=True)
    return hashlib.sha256(text.encode("ascii")).hexdigest()[:16]


def first_difference(here: model.NamedType, there: model.NamedType) -> str:
    """Describe the first difference of two definitions, docs aside: ``field "a" is only here``.

    Args:
        here: the definition that a message is about.
        there: the one that it is compared with.
    """
    if type(here) is not type(there):
        return f"{_article(declared_kind(here))} here, {_article(declared_kind(there))} there"
    mine, theirs = _without_docs(_tree(here)), _without_docs(_tree(there))
    # The order of a definition's members: what distinguishes two types most comes first.
    found = (
        *_of_fields(mine.pop("fields", None), theirs.pop("fields", None)),
        *_of_symbols(mine.pop("symbols", None), theirs.pop("symbols", None)),
        *_of_members("", mine, theirs),
    )
    return next(iter(found), "their order of attributes differs")


def _tree(named: model.NamedType) -> dict[str, Json]:
    # Without the other types: references stay what they are called here.
    return definition_json(named, {})


def _encoded(named: model.NamedType) -> Json:
    def members(found: dict[str, Json]) -> Json:
        return {key: value for key, value in found.items() if key in _ENCODED}

    return map_objects(_tree(named), members)


def _text(tree: Json) -> str:
    """Return JSON as text to compare: 1, 1.0 and true are equal to Python and differ as JSON."""
    return json.dumps(tree, sort_keys=True)


def _without_docs(tree: dict[str, Json]) -> dict[str, Json]:
    """Return a definition without its doc and those of its fields."""
    fields = tree.get("fields")
    if not isinstance(fields, list):
        return {key: value for key, value in tree.items() if key != "doc"}
    plain: list[Json] = [
        {key: value for key, value in field.items() if key != "doc"}
        for field in fields
        if isinstance(field, dict)
    ]
    return {**{key: value for key, value in tree.items() if key != "doc"}, "fields": plain}


def _of_fields(mine: Json, theirs: Json) -> Iterator[str]:
    ours, others = _by_name(mine), _by_name(theirs)
    yield from (f'field "{name}" is only here' for name in ours if name not in others)
    yield from (f'field "{name}" is only there' for name in others if name not in ours)
    for number, (name, other) in enumerate(zip(ours, others, strict=False), 1):
        if name != other:
            yield f'field {number} is "{name}" here, "{other}" there'
            return
    for name in ours:
        if name in others:
            yield from _of_members(f'field "{name}": ', ours[name], others[name])


def _by_name(fields: Json) -> dict[str, dict[str, Json]]:
    if not isinstance(fields, list):
        return {}
    return {str(field["name"]): field for field in fields if isinstance(field, dict)}


def _of_symbols(mine: Json, theirs: Json) -> Iterator[str]:
    ours = [str(symbol) for symbol in mine] if isinstance(mine, list) else []
    others = [str(symbol) for symbol in theirs] if isinstance(theirs, list) else []
    yield from (f'symbol "{symbol}" is only here' for symbol in ours if symbol not in others)
    yield from (f'symbol "{symbol}" is only there' for symbol in others if symbol not in ours)
    for number, (symbol, other) in enumerate(zip(ours, others, strict=False), 1):
        if symbol != other:
            yield f'symbol {number} is "{symbol}" here, "{other}" there'
            return


def _of_members(place: str, mine: Mapping[str, Json], theirs: Mapping[str, Json]) -> Iterator[str]:
    for key in dict.fromkeys((*mine, *theirs)):
        if key not in mine:
            yield f"{place}{key} {short_json(theirs[key])} is only there"
        elif key not in theirs:
            yield f"{place}{key} {short_json(mine[key])} is only here"
        elif _text(mine[key]) != _text(theirs[key]):
            ours, others = _apart(mine[key], theirs[key])
            yield f"{place}{key} is {ours} here, {others} there"


def _apart(here: Json, there: Json) -> tuple[str, str]:
    """Return two different values as short texts, cut so that they differ."""
    one, other = short_json(here), short_json(there)
    if one != other:
        return one, other
    one, other = _text(here), _text(there)
    start = max(
        0,
        next(i for i, (a, b) in enumerate(zip(one + "$", other + "$", strict=False)) if a != b)
        - _CONTEXT,
    )
    return (
        f"...{one[start : start + 3 * _CONTEXT]}...",
        f"...{other[start : start + 3 * _CONTEXT]}...",
    )


def _article(kind: str) -> str:
    return f"an {kind}" if kind[0] in "aeiou" else f"a {kind}"
