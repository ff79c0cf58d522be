"""Messages for breaking changes: what changed from old to new, and what to do instead.

A root cause says what a reader lacks of a writer. Messages always go from the old version to the
new one, in either direction of compatibility.
"""

from __future__ import annotations

import json
from typing import NamedTuple, TypeAlias, assert_never

from avrogen.avro import model
from avrogen.avro.compat.levels import Direction
from avrogen.avro.compat.paths import IncompatibilityType, SchemaPart
from avrogen.avro.compat.renames import likely_renames
from avrogen.avro.compat.root_causes import RootCause
from avrogen.avro.diagnostics import Code
from avrogen.avro.model import Json, references
from avrogen.avro.names import short_name
from avrogen.avro.resolution import Types, is_promotable
from avrogen.avro.schema_json import type_json
from avrogen.avro.type_labels import type_label
from avrogen.evolution.comparison import Change
from avrogen.evolution.part_labels import enclosing_field, joined, part_label
from avrogen.evolution.units import ComparisonUnit, UnitKind

__all__ = ["BreakingMessage", "Sides", "breaking_message", "sides_of"]


class Sides(NamedTuple):
    """The old and the new part of a breaking change, with the types of their schemas.

    Attributes:
        old: part of the old schema.
        old_types: named types of the old schema.
        new: part of the new schema.
        new_types: named types of the new schema.
        unit: the compared unit.
    """

    old: SchemaPart
    old_types: Types
    new: SchemaPart
    new_types: Types
    unit: ComparisonUnit


class BreakingMessage(NamedTuple):
    """Code, message and hint of a breaking change.

    Attributes:
        code: diagnostics code.
        head: the change, without its consequence.
        hint: what to do instead.
        new: part of the new schema to which the diagnostic points.
    """

    code: Code
    head: str
    hint: str
    new: SchemaPart


def sides_of(change: Change[RootCause]) -> Sides:
    """Return the old and the new part of a change, whose root cause has reader and writer."""
    reader, writer = change.found.reader, change.found.writer
    old, new = (writer, reader) if change.direction is Direction.BACKWARD else (reader, writer)
    unit = change.units[0]
    return Sides(old, change.old.types, new, unit.new.types, unit)


def breaking_message(change: Change[RootCause]) -> BreakingMessage:
    """Return the message for a breaking change."""
    sides, direction = sides_of(change), change.direction
    match change.found.found.type:
        case IncompatibilityType.TYPE_MISMATCH:
            if _is_missing_default(change.found):
                return _field(sides, direction)
            return _type(sides, direction)
        case IncompatibilityType.NAME_MISMATCH:
            return _name(sides, direction)
        case IncompatibilityType.FIXED_SIZE_MISMATCH:
            return _size(sides)
        case IncompatibilityType.MISSING_ENUM_SYMBOLS:
            return _symbols(sides, direction)
        case IncompatibilityType.READER_FIELD_MISSING_DEFAULT_VALUE:
            return _field(sides, direction)
        case IncompatibilityType.MISSING_UNION_BRANCH:
            return _branch(sides, direction)
        case _ as never:
            assert_never(never)


def _is_missing_default(cause: RootCause) -> bool:
    """Return whether a type mismatch is that of a field without a default whose enum has one.

    Avro Java then compares the type of the field with the record.
    """
    reader, writer = cause.reader, cause.writer
    return bool(writer.owner) and writer.pointer == () and len(reader.pointer) == 3


# --- types ----------------------------------------------------------------------------------------


def _type(sides: Sides, direction: Direction) -> BreakingMessage:
    place = part_label(sides.new, sides.new_types, sides.unit.title)
    old, new = _type_labels(sides)
    match _is_branch(sides.old), _is_branch(sides.new):
        case True, True:
            place = f"a union branch of {place}"
        case True, False:
            old = f"a union with {old}"
        case False, True:
            new = f"a union with {new}"
        case _:
            pass
    head = f"{place} changed from {old} to {new}"
    return BreakingMessage(Code.TYPE_CHANGED, head, _type_hint(sides, direction), sides.new)


def _type_labels(sides: Sides) -> tuple[str, str]:
    """Return the old and the new type as they are named in messages."""
    return type_label(sides.old.type, sides.old_types), type_label(sides.new.type, sides.new_types)


def _type_hint(sides: Sides, direction: Direction) -> str:
    old = type_label(sides.old.type, sides.old_types)
    instead = "add a new field of the new type, with a default, and leave this one unchanged"
    if sides.unit.kind is UnitKind.KEY:
        instead = "create a new topic for the new type"
    elif enclosing_field(sides.new, sides.new_types) is None:
        instead = "define a new type under another name"
    match sides.old.type, sides.new.type:
        case model.Primitive("null"), _ if direction is Direction.BACKWARD:
            return "keep null in the union: existing data may contain it"
        case model.Primitive(one), model.Primitive(other) if is_promotable(one, other):
            return f"types can be widened, not narrowed: keep {old}, or {instead}"
        case model.Primitive(one), model.Primitive(other) if is_promotable(other, one):
            return f"old readers cannot read the wider type: keep {old}, or {instead}"
        case _:
            return f"keep {old}, or {instead}"


def _name(sides: Sides, direction: Direction) -> BreakingMessage:
    old, new = sides.old.owner, sides.new.owner
    has_alias = old in sides.new_types[new].aliases
    head = f"{old} was renamed to {new}" + ("" if has_alias else " without an alias")
    if direction is Direction.BACKWARD:
        hint = f'if it is the same type, add "aliases": ["{old}"]'
    else:
        hint = f"keep the name {short_name(old)}: old readers do not know the new aliases"
    return BreakingMessage(Code.TYPE_RENAMED, head, hint, sides.new)


def _size(sides: Sides) -> BreakingMessage:
    old, new = sides.old_types[sides.old.owner], sides.new_types[sides.new.owner]
    assert isinstance(old, model.FixedType) and isinstance(
        new, model.FixedType
    ), "types of other kinds have no size"
    head = f"the size of {short_name(new.name)} changed from {old.size} to {new.size} bytes"
    hint = "define another fixed type of the new size, and add a new field for it with a default"
    return BreakingMessage(Code.SIZE_CHANGED, head, hint, sides.new)


# --- enums and unions -----------------------------------------------------------------------------


def _symbols(sides: Sides, direction: Direction) -> BreakingMessage:
    old, new = sides.old_types[sides.old.owner], sides.new_types[sides.new.owner]
    assert isinstance(old, model.EnumType) and isinstance(
        new, model.EnumType
    ), "types of other kinds have no symbols"
    name, part = short_name(new.name), sides.new
    if direction is Direction.BACKWARD:
        lacking = [symbol for symbol in old.symbols if symbol not in new.symbols]
        head = f"{joined(lacking)} {_were(lacking)} removed from {name}, which has no default"
        first = next(iter(new.symbols), "UNKNOWN")
        hint = (
            "keep symbols that existing data may contain, or give the enum a default, such as "
            f'"default": "{first}"'
        )
    else:
        lacking = [symbol for symbol in new.symbols if symbol not in old.symbols]
        head = f"{joined(lacking)} {_were(lacking)} added to {name}, which had no default"
        part = SchemaPart(part.owner, ("symbols", new.symbols.index(lacking[0])), part.type)
        hint = (
            "give the enum a default first, in a separate version; add symbols when all readers "
            "have that version"
        )
    return BreakingMessage(Code.SYMBOLS_UNKNOWN, head, hint, part)


def _branch(sides: Sides, direction: Direction) -> BreakingMessage:
    place = part_label(sides.new, sides.new_types, sides.unit.title)
    old, new = _type_labels(sides)
    if direction is Direction.BACKWARD:
        verb = "could be" if _is_branch(sides.old) else "was"
        head = f"{place} {verb} {old}, which is missing in the new union"
        hint = _removed_branch_hint(sides)
    else:
        verb = "may be" if _is_branch(sides.new) else "is"
        head = f"{place} {verb} {new}, which is missing in the old union"
        hint = "add a new field for it, with a default, or update all readers first"
    return BreakingMessage(Code.BRANCH_UNKNOWN, head, hint, sides.new)


def _removed_branch_hint(sides: Sides) -> str:
    """Return the hint for a branch that was removed, or renamed without an alias."""
    hint = "keep the branch as long as data with it exist"
    if not isinstance(sides.old.type, model.Reference):
        return hint
    old = sides.old_types[sides.old.type.name]
    for name in references(sides.new.type):
        if name not in sides.old_types and type(sides.new_types[name]) is type(old):
            return (
                f'{hint}; if {name} is the renamed {old.name}, add "aliases": ["{old.name}"] to it'
            )
    return hint


# --- fields ---------------------------------------------------------------------------------------


def _field(sides: Sides, direction: Direction) -> BreakingMessage:
    old, new = sides.old_types[sides.old.owner], sides.new_types[sides.new.owner]
    assert isinstance(old, model.RecordType) and isinstance(
        new, model.RecordType
    ), "types of other kinds have no fields"
    name = short_name(new.name)
    if direction is Direction.BACKWARD:
        field = enclosing_field(sides.new, sides.new_types)
        assert field is not None, "the reader's field lacks a default"
        head = f"{name}.{field.name} was added without a default"
        hint = _added_field_hint(field, (new, sides.new_types), (old, sides.old_types))
        part = SchemaPart(sides.new.owner, sides.new.pointer[:2], sides.new.type)
    else:
        field = enclosing_field(sides.old, sides.old_types)
        assert field is not None, "the reader's field lacks a default"
        head = f"{name}.{field.name} was removed and had no default"
        hint = _removed_field_hint(field, (old, sides.old_types), (new, sides.new_types))
        part = SchemaPart(sides.new.owner, ("fields",), sides.new.type)
    return BreakingMessage(Code.FIELD_WITHOUT_DEFAULT, head, hint, part)


def _is_branch(part: SchemaPart) -> bool:
    """Return whether a part is a branch of a union."""
    return bool(part.pointer) and isinstance(part.pointer[-1], int)


def _were(symbols: list[str]) -> str:
    return "was" if len(symbols) == 1 else "were"


# --- hints for fields -----------------------------------------------------------------------------

_Record: TypeAlias = tuple[model.RecordType, Types]

_LONGEST = 80
"""Characters of a union in a hint."""

_DEFAULTS: dict[str, Json] = {
    "boolean": False,
    "int": 0,
    "long": 0,
    "float": 0.0,
    "double": 0.0,
    "bytes": "",
    "string": "",
}


def _added_field_hint(field: model.Field, new: _Record, old: _Record) -> str:
    """Return the hint for a field that data of the old version do not contain."""
    hint = f"give it a default: {_with_default(field, new[1])}"
    for index, source in likely_renames(new, old):
        if new[0].fields[index].name == field.name:
            former = old[0].fields[source].name
            return f'{hint}; or, if it is the renamed {former}, add "aliases": ["{former}"]'
    return hint


def _removed_field_hint(field: model.Field, old: _Record, new: _Record) -> str:
    """Return the hint for a field that readers of the old version expect."""
    for index, source in likely_renames(old, new):
        if old[0].fields[index].name == field.name:
            now = new[0].fields[source].name
            return (
                f"if {now} is the renamed {field.name}, keep the name {field.name}: old readers do "
                "not know the new aliases"
            )
    return "keep it; give it a default first, and remove it when all readers have that version"


def _with_default(field: model.Field, types: Types) -> str:
    """Return the attributes that give a field a default."""
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
    """Return the default of an enum, or else its first symbol."""
    if not isinstance(named, model.EnumType):
        return None
    return named.default or next(iter(named.symbols), None)
