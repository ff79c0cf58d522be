"""Changes of types: of what stands somewhere, and of enums, fixed types and names."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from functools import partial
from typing import Final

from avrogen.avro import model
from avrogen.testing.strategies.drafts import Change, Draft, Place, mapped, places

__all__ = ["type_changes"]

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
"""What is read as what (specification, "Schema Resolution")."""


def type_changes(draft: Draft) -> Iterator[Change]:
    """All changes of types that there are for a schema."""
    settled = draft.settled()
    for place in places(draft):
        yield from _of_place(draft, place)
    for named in draft.types.values():
        yield from _renamed(draft, named)
        match named:
            case model.EnumType():
                yield from _of_enum(draft, named, is_free=named.name not in settled)
            case model.Fixed(size=size, logical=None) if named.name not in settled:
                larger = replace(named, size=size + 1)
                yield _change(f"{named.name} is larger", False, False, draft.with_type(larger))
            case _:
                pass


def _change(what: str, backward: bool, forward: bool, draft: Draft) -> Change:
    return Change(what, backward, forward, lambda: draft)


# --- what stands somewhere ------------------------------------------------------------------------


def _of_place(draft: Draft, place: Place) -> Iterator[Change]:
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


def _of_union(draft: Draft, place: Place, branches: tuple[model.AvroType, ...]) -> Iterator[Change]:
    name = _free_full_name(draft, "avrogen.testing.Added")
    more = place.put(model.Union((*branches, model.Reference(name)))).with_type(
        model.Record(name, ())
    )
    yield _change(f"{place.name} has another branch", True, False, more)
    for index, branch in enumerate(branches):
        # The first has the default. Another of the same short name might read what this one wrote.
        if index and isinstance(branch, model.Reference) and _is_alone(branch, branches):
            less = place.put(model.Union(branches[:index] + branches[index + 1 :]))
            yield _change(f"{place.name} has no branch {branch.name}", False, True, less)


def _is_alone(branch: model.Reference, branches: tuple[model.AvroType, ...]) -> bool:
    names = [_short(other.name) for other in branches if isinstance(other, model.Reference)]
    return names.count(_short(branch.name)) == 1


# --- named types ----------------------------------------------------------------------------------


def _of_enum(draft: Draft, enum: model.EnumType, *, is_free: bool) -> Iterator[Change]:
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


def _renamed(draft: Draft, named: model.NamedType) -> Iterator[Change]:
    name = _free_full_name(draft, f"{named.name}Renamed")
    renamed = replace(named, name=name)
    known = replace(renamed, aliases=(*named.aliases, named.name))
    make = partial(_with_name, draft, named.name)
    yield Change(f"{named.name} is renamed, with an alias", True, False, partial(make, known))
    if named.name not in named.aliases:  # an alias to itself, which schemas in use have
        what = f"{named.name} is renamed, without an alias"
        yield Change(what, False, False, partial(make, renamed))


def _with_name(draft: Draft, old: str, definition: model.NamedType) -> Draft:
    """The draft in which a type has another name wherever it is used."""

    def rename(reference: model.Reference) -> model.AvroType:
        return model.Reference(definition.name) if reference.name == old else reference

    def inside(named: model.NamedType) -> model.NamedType:
        if not isinstance(named, model.Record):
            return named
        fields = (replace(f, type=mapped(f.type, rename)) for f in named.fields)
        return replace(named, fields=tuple(fields))

    others = (definition if name == old else named for name, named in draft.types.items())
    return Draft(mapped(draft.type, rename), {n.name: inside(n) for n in others})


def _free_full_name(draft: Draft, name: str) -> str:
    """A name whose last part no other type has, nor an alias."""
    named = draft.types.values()
    taken = {_short(known) for each in named for known in (each.name, *each.aliases)}
    while _short(name) in taken:
        name += "_"
    return name


def _short(name: str) -> str:
    return name.rpartition(".")[2]
