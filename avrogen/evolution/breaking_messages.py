"""Causes of incompatibility in words: what was changed, and what to do instead.

What to do about fields that came or went without a default.
"""

from __future__ import annotations

import json
from typing import NamedTuple, TypeAlias, assert_never

from avrogen.avro import model
from avrogen.avro.compat.levels import Direction
from avrogen.avro.compat.paths import IncompatibilityType, SchemaPart
from avrogen.avro.compat.renames import likely_renames
from avrogen.avro.compat.root_causes import RootCause
from avrogen.avro.describe import type_label
from avrogen.avro.diagnostics import Code
from avrogen.avro.model import Json
from avrogen.avro.names import short_name
from avrogen.avro.references import references
from avrogen.avro.resolution import Types, is_promotable
from avrogen.avro.schema_json import type_json
from avrogen.evolution.comparison import Change
from avrogen.evolution.units import ComparisonUnit, UnitKind
from avrogen.evolution.value_messages import field_at, place_message

__all__ = [
    "BreakingMessage",
    "Sides",
    "added_field_hint",
    "breaking_message",
    "removed_field_hint",
    "sides",
]


class Sides(NamedTuple):
    """The parts of both versions that a problem is about, with the types around them."""

    old: SchemaPart
    old_types: Types
    new: SchemaPart
    new_types: Types
    unit: ComparisonUnit
    """What was compared."""


class BreakingMessage(NamedTuple):
    """What is said of a cause.

    Attributes:
        code: the kind of problem.
        head: what was changed.
        hint: what to do instead.
        new: the part of the new schema where it is said.
    """

    code: Code
    head: str
    hint: str
    new: SchemaPart


def sides(problem: Change[RootCause]) -> Sides:
    """Old and new instead of reader and writer."""
    reader, writer = problem.found.reader, problem.found.writer
    old, new = (writer, reader) if problem.direction is Direction.BACKWARD else (reader, writer)
    unit = problem.units[0]
    return Sides(old, problem.old.types, new, unit.new.types, unit)


def breaking_message(problem: Change[RootCause]) -> BreakingMessage:
    """What is said of a cause."""
    both, direction = sides(problem), problem.direction
    match problem.found.found.incompatibility.type:
        case IncompatibilityType.TYPE_MISMATCH:
            if _is_about_a_default(problem.found):
                return _field(both, direction)
            return _type(both, direction)
        case IncompatibilityType.NAME_MISMATCH:
            return _name(both, direction)
        case IncompatibilityType.FIXED_SIZE_MISMATCH:
            return _size(both)
        case IncompatibilityType.MISSING_ENUM_SYMBOLS:
            return _symbols(both, direction)
        case IncompatibilityType.READER_FIELD_MISSING_DEFAULT_VALUE:
            return _field(both, direction)
        case IncompatibilityType.MISSING_UNION_BRANCH:
            return _branch(both, direction)
        case _ as never:
            assert_never(never)


def _is_about_a_default(cause: RootCause) -> bool:
    """Whether Java means a field that has no default, though its enum has one: it then compares the
    type of the field with the record."""
    reader, writer = cause.reader, cause.writer
    return bool(writer.owner) and writer.pointer == () and len(reader.pointer) == 3


# --- types ----------------------------------------------------------------------------------------


def _type(both: Sides, direction: Direction) -> BreakingMessage:
    place = place_message(both.new, both.new_types, both.unit.title)
    old, new = type_label(both.old.type, both.old_types), type_label(both.new.type, both.new_types)
    was = "could be" if _is_branch(both.old) else "was"
    is_ = "may be" if _is_branch(both.new) else "is"
    head = f"{place} {was} {old} and {is_} {new}"
    return BreakingMessage(Code.TYPE_CHANGED, head, _type_hint(both, direction), both.new)


def _type_hint(both: Sides, direction: Direction) -> str:
    old = type_label(both.old.type, both.old_types)
    instead = "add a new field for the new type, with a default, and leave this one as it is"
    if both.unit.kind is UnitKind.KEY:
        instead = "make a new topic for the new type"
    elif field_at(both.new, both.new_types) is None:
        instead = "make a new type of it, under another name"
    match both.old.type, both.new.type:
        case model.Primitive("null"), _ if direction is Direction.BACKWARD:
            return "keep null in the union: there are data that have it"
        case model.Primitive(one), model.Primitive(other) if is_promotable(one, other):
            return f"types may widen and not narrow: keep {old}, or {instead}"
        case model.Primitive(one), model.Primitive(other) if is_promotable(other, one):
            return f"old readers cannot widen what they read: keep {old}, or {instead}"
        case _:
            return f"keep {old}, or {instead}"


def _name(both: Sides, direction: Direction) -> BreakingMessage:
    old, new = both.old.owner, both.new.owner
    has_alias = old in both.new_types[new].aliases
    head = f"{old} is called {new}" + ("" if has_alias else " and has no alias for that")
    if direction is Direction.BACKWARD:
        hint = f'if it is the same type, say so: "aliases": ["{old}"]'
    else:
        hint = f"keep the name {short_name(old)}: readers that know no other cannot know an alias"
    return BreakingMessage(Code.TYPE_RENAMED, head, hint, both.new)


def _size(both: Sides) -> BreakingMessage:
    old, new = both.old_types[both.old.owner], both.new_types[both.new.owner]
    assert isinstance(old, model.FixedType) and isinstance(
        new, model.FixedType
    ), "only those have sizes"
    head = f"{short_name(new.name)} had {old.size} bytes and has {new.size}"
    hint = "make a type of its own for the new size, and a new field with a default for it"
    return BreakingMessage(Code.SIZE_CHANGED, head, hint, both.new)


# --- enums and unions -----------------------------------------------------------------------------


def _symbols(both: Sides, direction: Direction) -> BreakingMessage:
    old, new = both.old_types[both.old.owner], both.new_types[both.new.owner]
    assert isinstance(old, model.EnumType) and isinstance(new, model.EnumType), "only those do"
    name, part = short_name(new.name), both.new
    if direction is Direction.BACKWARD:
        lacking = [symbol for symbol in old.symbols if symbol not in new.symbols]
        head = f"{_listed(lacking)} {_were(lacking)} removed from {name}, which has no default"
        first = next(iter(new.symbols), "UNKNOWN")
        hint = f'keep what data may have, or say what to take instead, such as "default": "{first}"'
    else:
        lacking = [symbol for symbol in new.symbols if symbol not in old.symbols]
        head = f"{_listed(lacking)} {_were(lacking)} added to {name}, which had no default"
        part = SchemaPart(part.owner, ("symbols", new.symbols.index(lacking[0])), part.type)
        hint = (
            "give the enum a default first, in a version of its own; once all readers have it, "
            "symbols can be added"
        )
    return BreakingMessage(Code.SYMBOLS_UNKNOWN, head, hint, part)


def _branch(both: Sides, direction: Direction) -> BreakingMessage:
    place = place_message(both.new, both.new_types, both.unit.title)
    old, new = type_label(both.old.type, both.old_types), type_label(both.new.type, both.new_types)
    if direction is Direction.BACKWARD:
        verb = "could be" if _is_branch(both.old) else "was"
        head = f"{place} {verb} {old}, which its union does not have"
        hint = _removed_branch_hint(both)
    else:
        verb = "may be" if _is_branch(both.new) else "is"
        head = f"{place} {verb} {new}, which its union did not have"
        hint = (
            "readers of the old schema do not know of it: add a new field for it, with a default, "
            "or update all readers before"
        )
    return BreakingMessage(Code.BRANCH_UNKNOWN, head, hint, both.new)


def _removed_branch_hint(both: Sides) -> str:
    """A branch may be gone, or only be called otherwise."""
    hint = "keep the branch as long as there are data of it"
    if not isinstance(both.old.type, model.Reference):
        return hint
    old = both.old_types[both.old.type.name]
    for name in references(both.new.type):
        if name not in both.old_types and type(both.new_types[name]) is type(old):
            return f'{hint}; if {name} is {old.name}, say so there: "aliases": ["{old.name}"]'
    return hint


# --- fields ---------------------------------------------------------------------------------------


def _field(both: Sides, direction: Direction) -> BreakingMessage:
    old, new = both.old_types[both.old.owner], both.new_types[both.new.owner]
    assert isinstance(old, model.RecordType) and isinstance(
        new, model.RecordType
    ), "only those have fields"
    name = short_name(new.name)
    if direction is Direction.BACKWARD:
        field = field_at(both.new, both.new_types)
        assert field is not None, "the reader's field lacks a default"
        head = f"{name}.{field.name} is new and has no default"
        hint = added_field_hint(field, (new, both.new_types), (old, both.old_types))
        part = SchemaPart(both.new.owner, both.new.pointer[:2], both.new.type)
    else:
        field = field_at(both.old, both.old_types)
        assert field is not None, "the reader's field lacks a default"
        head = f"{name}.{field.name} was removed and had no default"
        hint = removed_field_hint(field, (old, both.old_types), (new, both.new_types))
        part = SchemaPart(both.new.owner, ("fields",), both.new.type)
    return BreakingMessage(Code.FIELD_WITHOUT_DEFAULT, head, hint, part)


def _is_branch(part: SchemaPart) -> bool:
    """Whether a part is one of several that may stand there."""
    return bool(part.pointer) and isinstance(part.pointer[-1], int)


def _listed(symbols: list[str]) -> str:
    shown = symbols[:5] if len(symbols) > 6 else symbols
    more = [f"{len(symbols) - len(shown)} others"] if len(shown) < len(symbols) else []
    *most, last = [*shown, *more]
    return f"{', '.join(most)} and {last}" if most else last


def _were(symbols: list[str]) -> str:
    return "was" if len(symbols) == 1 else "were"


_Record: TypeAlias = tuple[model.RecordType, Types]

_LONGEST = 80

_DEFAULTS: dict[str, Json] = {
    "boolean": False,
    "int": 0,
    "long": 0,
    "float": 0.0,
    "double": 0.0,
    "bytes": "",
    "string": "",
}


def added_field_hint(field: model.Field, new: _Record, old: _Record) -> str:
    """For a new field that data of the old version do not have."""
    hint = f"give it a default: {_with_default(field, new[1])}"
    for index, source in likely_renames(new, old):
        if new[0].fields[index].name == field.name:
            former = old[0].fields[source].name
            return f'{hint}; or, if it is {former} by another name: "aliases": ["{former}"]'
    return hint


def removed_field_hint(field: model.Field, old: _Record, new: _Record) -> str:
    """For a field that readers of the old version expect."""
    for index, source in likely_renames(old, new):
        if old[0].fields[index].name == field.name:
            now = new[0].fields[source].name
            return (
                f"if {now} is {field.name} by another name, keep {field.name}: old readers cannot "
                "know an alias"
            )
    return (
        "keep it; it may go after a version in which it has a default, when all readers have that "
        "version"
    )


def _with_default(field: model.Field, types: Types) -> str:
    """The members of the field that say so."""
    match field.type:
        case model.Primitive(name, None) if name in _DEFAULTS:
            return f'"default": {json.dumps(_DEFAULTS[name])}'
        case model.Array():
            return '"default": []'
        case model.Map():
            return '"default": {}'
        case model.Union((model.Primitive("null"), *_)):
            return '"default": null'
        case model.Reference(name) if (first := _first_symbol(types[name])) is not None:
            return f'"default": {json.dumps(first)}'
        case model.Union(branches):
            others = [branch for branch in branches if branch != model.Primitive("null")]
            return _optional([type_json(branch) for branch in others])
        case _:
            return _optional([type_json(field.type)])


def _optional(branches: list[Json]) -> str:
    union = json.dumps(["null", *branches])
    if len(union) > _LONGEST:
        union = '["null", ...]'
    return f'"type": {union}, "default": null'


def _first_symbol(named: model.NamedType) -> str | None:
    """An enum's own default, or else its first symbol."""
    if not isinstance(named, model.EnumType):
        return None
    return named.default or next(iter(named.symbols), None)
