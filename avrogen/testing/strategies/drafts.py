"""Schemas in the middle of a change, and the changes that lead to their successors."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, replace
from functools import partial
from typing import assert_never

from avrogen.avro import model
from avrogen.avro.references import reachable_types
from avrogen.avro.schema_json import self_contained_json
from avrogen.codec.schema import Schema

__all__ = ["Change", "Draft", "Place", "mapped", "places"]


@dataclass(frozen=True, slots=True)
class Draft:
    """A schema as a value that can be changed: a type, and the named types that it leads to."""

    type: model.AvroType
    types: Mapping[str, model.NamedType]

    def with_type(self, named: model.NamedType) -> Draft:
        """With another definition of a type."""
        return replace(self, types={**self.types, named.name: named})

    def schema(self) -> Schema:
        """The schema."""
        return Schema.parse(json.dumps(self_contained_json(self.type, self.types)))

    def settled(self) -> set[str]:
        """Types that defaults are written for: they would no longer fit, were those to change."""
        found: set[str] = set()
        for named in self.types.values():
            for field in named.fields if isinstance(named, model.Record) else ():
                # Of no default, null and [] say nothing about types.
                if field.default not in (model.NO_DEFAULT, None, []):
                    found |= reachable_types(field.type, self.types).keys()
        return found


@dataclass(frozen=True, slots=True)
class Change:
    """What leads to a successor, and how the two stand to each other.

    Attributes:
        what: what is done, in words.
        backward: whether the successor reads all data of its predecessor.
        forward: whether the predecessor reads all data of its successor.
        make: does it.
    """

    what: str
    backward: bool
    forward: bool
    make: Callable[[], Draft]


@dataclass(frozen=True, slots=True)
class Place:
    """Where a type stands that is no branch of a union.

    Attributes:
        name: of the record and the field, or of what is at the top.
        type: what stands there.
        is_free: whether no default depends on it.
        put: the draft with another type there.
    """

    name: str
    type: model.AvroType
    is_free: bool
    put: Callable[[model.AvroType], Draft]


def places(draft: Draft) -> Iterator[Place]:
    """Wherever a type stands, but for branches of unions."""
    yield from _inside(Place("the top", draft.type, True, lambda type_: replace(draft, type=type_)))
    settled = draft.settled()
    for named in draft.types.values():
        if isinstance(named, model.Record):
            for index, field in enumerate(named.fields):
                is_free = named.name not in settled and field.default is model.NO_DEFAULT
                put = partial(_put_in_field, draft, named, index)
                name = f"{named.name}.{field.name}"
                yield from _inside(Place(name, field.type, is_free, put))


def _put_in_field(draft: Draft, record: model.Record, index: int, type_: model.AvroType) -> Draft:
    fields = list(record.fields)
    fields[index] = replace(fields[index], type=type_)
    return draft.with_type(replace(record, fields=tuple(fields)))


def _inside(place: Place) -> Iterator[Place]:
    """The place itself, and those in what stands there."""
    yield place
    match place.type:
        case model.Array(inner) | model.Map(inner):
            put = partial(_put_in_collection, place, place.type)
            yield from _inside(replace(place, type=inner, put=put))
        case _:
            pass


def _put_in_collection(
    place: Place, outer: model.Array | model.Map, type_: model.AvroType
) -> Draft:
    match outer:
        case model.Array():
            return place.put(replace(outer, items=type_))
        case model.Map():
            return place.put(replace(outer, values=type_))
        case _:
            assert_never(outer)


def mapped(
    type_: model.AvroType, change: Callable[[model.Reference], model.AvroType]
) -> model.AvroType:
    """A type with other references in it."""
    match type_:
        case model.Primitive():
            return type_
        case model.Reference():
            return change(type_)
        case model.Array(items):
            return replace(type_, items=mapped(items, change))
        case model.Map(values):
            return replace(type_, values=mapped(values, change))
        case model.Union(branches):
            return model.Union(tuple(mapped(branch, change) for branch in branches))
        case _:
            assert_never(type_)
