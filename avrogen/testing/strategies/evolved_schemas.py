"""Strategies for evolved schemas, with their compatibility.

Schemas in the middle of a change, and the changes that lead to their successors.

Changes of the fields of records.

Changes of types: of what stands somewhere, and of enums, fixed types and names.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, replace
from functools import partial
from typing import Final, assert_never

from hypothesis import strategies as st
from hypothesis.strategies import SearchStrategy

from avrogen.avro import model
from avrogen.avro.model import reachable_types
from avrogen.avro.names import short_name
from avrogen.avro.schema_json import self_contained_json
from avrogen.codec.schema import Schema

__all__ = [
    "Evolution",
    "MutableSchema",
    "SchemaChange",
    "TypeLocation",
    "evolved",
    "field_changes",
    "mapped",
    "places",
    "type_changes",
]


@dataclass(frozen=True, slots=True)
class Evolution:
    """A schema and its evolved successor.

    Attributes:
        schema: the successor.
        change: what was changed, in words.
        backward: whether the successor reads all data of its predecessor.
        forward: whether the predecessor reads all data of its successor. Both are as the
            specification and registries have it, for whom bytes are read as a string.
    """

    schema: Schema
    change: str
    backward: bool
    forward: bool


def evolved(schema: Schema, /) -> SearchStrategy[Evolution]:
    """Return successors of a schema with at most one change.

    The verdict follows from the change and from the specification's rules ("Schema Resolution"),
    not from a comparison of the two: a registry or a check of one's own can be tested with it.
    Compatible and incompatible successors come about as often, as far as there are both.
    """
    draft = MutableSchema(schema.type, schema.types)
    changes = [
        SchemaChange("nothing is changed", True, True, lambda: draft),
        *field_changes(draft),
        *type_changes(draft),
    ]
    verdicts = sorted({(c.backward, c.forward) for c in changes}, reverse=True)
    groups = [[c for c in changes if (c.backward, c.forward) == verdict] for verdict in verdicts]
    return st.one_of([st.sampled_from(group) for group in groups]).map(_done)


def _done(change: SchemaChange) -> Evolution:
    return Evolution(change.make().schema(), change.what, change.backward, change.forward)


@dataclass(frozen=True, slots=True)
class MutableSchema:
    """A schema that can be changed: a type and its named types."""

    type: model.AvroType
    types: Mapping[str, model.NamedType]

    def with_type(self, named: model.NamedType) -> MutableSchema:
        """Replace the definition of a type."""
        return replace(self, types={**self.types, named.name: named})

    def schema(self) -> Schema:
        """The schema."""
        return Schema.parse(json.dumps(self_contained_json(self.type, self.types)))

    def settled(self) -> set[str]:
        """Types that defaults depend on, which therefore must not change."""
        found: set[str] = set()
        for named in self.types.values():
            for field in named.fields if isinstance(named, model.RecordType) else ():
                # Of no default, null and [] say nothing about types.
                if field.default not in (model.NO_DEFAULT, None, []):
                    found |= reachable_types(field.type, self.types).keys()
        return found


@dataclass(frozen=True, slots=True)
class SchemaChange:
    """A change of a schema, and its effect on compatibility.

    Attributes:
        what: what is done, in words.
        backward: whether the successor reads all data of its predecessor.
        forward: whether the predecessor reads all data of its successor.
        make: does it.
    """

    what: str
    backward: bool
    forward: bool
    make: Callable[[], MutableSchema]


@dataclass(frozen=True, slots=True)
class TypeLocation:
    """Location of a type that is not a union branch.

    Attributes:
        name: of the record and the field, or of what is at the top.
        type: what stands there.
        is_free: whether no default depends on it.
        put: the draft with another type there.
    """

    name: str
    type: model.AvroType
    is_free: bool
    put: Callable[[model.AvroType], MutableSchema]


def places(draft: MutableSchema) -> Iterator[TypeLocation]:
    """Yield all locations of types except union branches."""
    yield from _inside(
        TypeLocation("the top", draft.type, True, lambda type_: replace(draft, type=type_))
    )
    settled = draft.settled()
    for named in draft.types.values():
        if isinstance(named, model.RecordType):
            for index, field in enumerate(named.fields):
                is_free = named.name not in settled and field.default is model.NO_DEFAULT
                put = partial(_put_in_field, draft, named, index)
                name = f"{named.name}.{field.name}"
                yield from _inside(TypeLocation(name, field.type, is_free, put))


def _put_in_field(
    draft: MutableSchema, record: model.RecordType, index: int, type_: model.AvroType
) -> MutableSchema:
    fields = list(record.fields)
    fields[index] = replace(fields[index], type=type_)
    return draft.with_type(replace(record, fields=tuple(fields)))


def _inside(place: TypeLocation) -> Iterator[TypeLocation]:
    """Yield a location and those inside it."""
    yield place
    match place.type:
        case model.Array(inner) | model.Map(inner):
            put = partial(_put_in_collection, place, place.type)
            yield from _inside(replace(place, type=inner, put=put))
        case _:
            pass


def _put_in_collection(
    place: TypeLocation, outer: model.Array | model.Map, type_: model.AvroType
) -> MutableSchema:
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
    """Return a type with mapped references."""
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


def field_changes(draft: MutableSchema) -> Iterator[SchemaChange]:
    """Return all possible field changes of a schema."""
    settled = draft.settled()
    for named in draft.types.values():
        if isinstance(named, model.RecordType):
            yield from _harmless(draft, named)
            if named.name not in settled:
                yield _added(draft, named, model.NO_DEFAULT)
                for index in range(len(named.fields)):
                    yield from _removed_or_renamed(draft, named, index)


def _harmless(draft: MutableSchema, record: model.RecordType) -> Iterator[SchemaChange]:
    yield _added(draft, record, "")
    yield SchemaChange(
        f"the fields of {record.name} stand in another order",
        True,
        True,
        lambda: draft.with_type(replace(record, fields=record.fields[::-1])),
    )


def _added(
    draft: MutableSchema, record: model.RecordType, default: model.Json | model.NoDefault
) -> SchemaChange:
    name = _free_field_name(record, "added")
    has_default = default is not model.NO_DEFAULT
    field = model.Field(name, model.Primitive("string"), default)
    return SchemaChange(
        f"{record.name} has a new field {name}, {'with' if has_default else 'without'} default",
        has_default,
        True,
        lambda: draft.with_type(replace(record, fields=(*record.fields, field))),
    )


def _removed_or_renamed(
    draft: MutableSchema, record: model.RecordType, index: int
) -> Iterator[SchemaChange]:
    field = record.fields[index]
    name = f"{record.name}.{field.name}"
    has_default = field.default is not model.NO_DEFAULT

    def put(*fields: model.Field) -> MutableSchema:
        before, after = record.fields[:index], record.fields[index + 1 :]
        return draft.with_type(replace(record, fields=(*before, *fields, *after)))

    renamed = replace(field, name=_free_field_name(record, f"{field.name}_renamed"))
    known = replace(renamed, aliases=(*field.aliases, field.name))
    yield SchemaChange(f"{name} is gone", True, has_default, put)
    yield SchemaChange(
        f"{name} is renamed, without an alias", has_default, has_default, lambda: put(renamed)
    )
    yield SchemaChange(f"{name} is renamed, with an alias", True, has_default, lambda: put(known))


def _free_field_name(record: model.RecordType, name: str) -> str:
    taken = {name for field in record.fields for name in (field.name, *field.aliases)}
    while name in taken:
        name += "_"
    return name


_PROMOTIONS: Final[list[tuple[model.PrimitiveName, model.PrimitiveName]]] = [
    ("int", "long"),
    ("int", "float"),
    ("int", "double"),
    ("long", "float"),
    ("long", "double"),
    ("float", "double"),
    ("string", "bytes"),
    ("bytes", "string"),
]
"""Promotions of primitive types (specification, "Schema Resolution")."""


def type_changes(draft: MutableSchema) -> Iterator[SchemaChange]:
    """Return all possible type changes of a schema."""
    settled = draft.settled()
    for place in places(draft):
        yield from _of_place(draft, place)
    for named in draft.types.values():
        yield from _renamed(draft, named)
        match named:
            case model.EnumType():
                yield from _of_enum(draft, named, is_free=named.name not in settled)
            case model.FixedType(size=size, logical=None) if named.name not in settled:
                larger = replace(named, size=size + 1)
                yield _change(f"{named.name} is larger", False, False, draft.with_type(larger))
            case _:
                pass


def _change(what: str, backward: bool, forward: bool, draft: MutableSchema) -> SchemaChange:
    return SchemaChange(what, backward, forward, lambda: draft)


# --- what stands somewhere ------------------------------------------------------------------------


def _of_place(draft: MutableSchema, place: TypeLocation) -> Iterator[SchemaChange]:
    match place.type:
        case model.Union(branches):
            yield from _of_union(draft, place, branches)
            return
        case model.Primitive(name, logical) if place.is_free:
            for written, read in _PROMOTIONS if logical is None else ():
                if written == name:
                    both_ways = (read, written) in _PROMOTIONS
                    promoted = place.put(model.Primitive(read))
                    yield _change(
                        f"{place.name}: {written} is now {read}", True, both_ways, promoted
                    )
            other: model.PrimitiveName = "string" if name == "boolean" else "boolean"
            retyped = place.put(model.Primitive(other))
            yield _change(f"{place.name}: {name} is now {other}", False, False, retyped)
        case _:
            pass
    if place.is_free and place.type != model.Primitive("null"):
        optional = place.put(model.Union((model.Primitive("null"), place.type)))
        yield _change(f"{place.name} may be null", True, False, optional)


def _of_union(
    draft: MutableSchema, place: TypeLocation, branches: tuple[model.AvroType, ...]
) -> Iterator[SchemaChange]:
    name = _free_full_name(draft, "avrogen.testing.Added")
    more = place.put(model.Union((*branches, model.Reference(name)))).with_type(
        model.RecordType(name, ())
    )
    yield _change(f"{place.name} has another branch", True, False, more)
    for index, branch in enumerate(branches):
        # The first has the default. Another of the same short name might read what this one wrote.
        if index and isinstance(branch, model.Reference) and _is_alone(branch, branches):
            less = place.put(model.Union(branches[:index] + branches[index + 1 :]))
            yield _change(f"{place.name} has no branch {branch.name}", False, True, less)


def _is_alone(branch: model.Reference, branches: tuple[model.AvroType, ...]) -> bool:
    names = [short_name(other.name) for other in branches if isinstance(other, model.Reference)]
    return names.count(short_name(branch.name)) == 1


# --- named types ----------------------------------------------------------------------------------


def _of_enum(
    draft: MutableSchema, enum: model.EnumType, *, is_free: bool
) -> Iterator[SchemaChange]:
    has_default = enum.default is not None
    added = "ADDED"
    while added in enum.symbols:
        added += "_"
    more = draft.with_type(replace(enum, symbols=(*enum.symbols, added)))
    yield _change(f"{enum.name} has another symbol", True, has_default, more)
    symbol = next((s for s in reversed(enum.symbols) if s != enum.default), None)
    if is_free and symbol is not None and len(enum.symbols) > 1:
        kept = tuple(s for s in enum.symbols if s != symbol)
        less = draft.with_type(replace(enum, symbols=kept))
        yield _change(f"{enum.name} has no symbol {symbol}", has_default, True, less)


def _renamed(draft: MutableSchema, named: model.NamedType) -> Iterator[SchemaChange]:
    name = _free_full_name(draft, f"{named.name}Renamed")
    renamed = replace(named, name=name)
    known = replace(renamed, aliases=(*named.aliases, named.name))
    make = partial(_with_name, draft, named.name)
    yield SchemaChange(f"{named.name} is renamed, with an alias", True, False, partial(make, known))
    if named.name not in named.aliases:  # an alias to itself, which schemas in use have
        what = f"{named.name} is renamed, without an alias"
        yield SchemaChange(what, False, False, partial(make, renamed))


def _with_name(draft: MutableSchema, old: str, definition: model.NamedType) -> MutableSchema:
    """Rename a type wherever it is used."""

    def rename(reference: model.Reference) -> model.AvroType:
        return model.Reference(definition.name) if reference.name == old else reference

    def inside(named: model.NamedType) -> model.NamedType:
        if not isinstance(named, model.RecordType):
            return named
        fields = (replace(f, type=mapped(f.type, rename)) for f in named.fields)
        return replace(named, fields=tuple(fields))

    others = (definition if name == old else named for name, named in draft.types.items())
    return MutableSchema(mapped(draft.type, rename), {n.name: inside(n) for n in others})


def _free_full_name(draft: MutableSchema, name: str) -> str:
    """Return a full name whose short name no type or alias has."""
    named = draft.types.values()
    taken = {short_name(known) for each in named for known in (each.name, *each.aliases)}
    while short_name(name) in taken:
        name += "_"
    return name
