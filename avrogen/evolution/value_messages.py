"""Changes of values in words: what was changed, what that does, and what to do instead.

Places in schemas as people name them.

What became of schemas in the user's words, with what to do about it.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import NamedTuple

from avrogen.avro import model
from avrogen.avro.compat.paths import SchemaPart
from avrogen.avro.compat.value_changes import ValueChange, ValueChangeKind
from avrogen.avro.diagnostics import Code
from avrogen.avro.names import namespace_of, short_name
from avrogen.avro.resolution import Types
from avrogen.avro.source import Pointer
from avrogen.evolution.comparison import Change

__all__ = [
    "ValueChangeMessage",
    "field_at",
    "namespace_message",
    "namespaces",
    "path_message",
    "place_message",
    "value_change_message",
]


class ValueChangeMessage(NamedTuple):
    """What is said of a change of values.

    Attributes:
        code: the kind of change.
        message: what was changed, and what that does.
        hint: what to do instead, or to make sure of.
    """

    code: Code
    message: str
    hint: str


_NEW_FIELD = "leave it as it is, and add a new field with a default for what is wanted now"

_WORDS: Mapping[ValueChangeKind, ValueChangeMessage] = {
    ValueChangeKind.DECIMAL: ValueChangeMessage(
        Code.DECIMAL_CHANGED,
        "avrogen reads the same values, or refuses those that do not fit; Java and most others "
        "take the digits as they are",
        _NEW_FIELD,
    ),
    ValueChangeKind.TIME_UNIT: ValueChangeMessage(
        Code.TIME_UNIT_CHANGED,
        "avrogen reads the same times; Java and most others take the number as it is, which is "
        "a thousand times too much or too little",
        _NEW_FIELD,
    ),
    ValueChangeKind.TIME_ZONE: ValueChangeMessage(
        Code.TIME_ZONE_CHANGED,
        "instants are read as local times or the other way round, whatever zone was meant",
        _NEW_FIELD,
    ),
    ValueChangeKind.MEANING: ValueChangeMessage(
        Code.MEANING_CHANGED,
        "what was written is read as something else, if it can be read at all",
        _NEW_FIELD,
    ),
    ValueChangeKind.ROUNDING: ValueChangeMessage(
        Code.DIGITS_LOST,
        "large numbers are read as the nearest that has fewer digits",
        "double holds every int; for long there is no wider type",
    ),
    ValueChangeKind.BYTES_AS_TEXT: ValueChangeMessage(
        Code.BYTES_AS_TEXT,
        "bytes that are no UTF-8 cannot be read",
        "make sure that there are no others, or add a new field with a default",
    ),
    ValueChangeKind.DEFAULT_CHANGED: ValueChangeMessage(
        Code.DEFAULT_CHANGED,
        "data from before the field was there get another value than they had",
        "keep the default; who writes can give another value all the same",
    ),
    ValueChangeKind.DEFAULT_REMOVED: ValueChangeMessage(
        Code.DEFAULT_REMOVED,
        "data from before the field was there cannot be read any more",
        "keep the default as long as there are such data",
    ),
    ValueChangeKind.ENUM_DEFAULT: ValueChangeMessage(
        Code.ENUM_DEFAULT_CHANGED,
        "symbols that a reader does not know are something else to it than they were",
        "keep the default",
    ),
    ValueChangeKind.FIELD_RENAMED: ValueChangeMessage(
        Code.FIELD_RENAMED,
        "if it is the same field by another name, it takes its default and its values are lost",
        "",
    ),
    ValueChangeKind.NAMESPACE: ValueChangeMessage(
        Code.NAMESPACE_CHANGED,
        "resolution passes that, but whoever looks a type up by its full name does not find it: "
        "classes, subjects, unions in some libraries",
        "",
    ),
    ValueChangeKind.AMBIGUOUS_ALIAS: ValueChangeMessage(
        Code.AMBIGUOUS_ALIAS,
        "avrogen takes the name first; Avro Java and Confluent's registry refuse such schemas",
        "remove the alias",
    ),
    ValueChangeKind.CLAIMED_TWICE: ValueChangeMessage(
        Code.CLAIMED_TWICE,
        "avrogen gives the value to the field of that name, or else to the first, and the other "
        "takes its default, or nothing can be read; others do otherwise",
        "let one field have the name or the alias",
    ),
    ValueChangeKind.ALIAS_REMOVED: ValueChangeMessage(
        Code.ALIAS_REMOVED,
        "data that have it by that name cannot be read any more, or lose what they say of it",
        "keep the alias as long as there are such data",
    ),
}


def value_change_message(problem: Change[ValueChange]) -> ValueChangeMessage:
    """What is said of a change."""
    change, unit = problem.found, problem.units[0]
    words = _WORDS[change.kind]
    place = place_message(change.new, unit.new.types, unit.title)
    hint = _hint(problem) or words.hint
    return ValueChangeMessage(words.code, f"{place}: {change.message}: {words.message}", hint)


def namespace_message(problems: Sequence[Change[ValueChange]]) -> ValueChangeMessage:
    """What is said of types that all went from one namespace to another."""
    words = _WORDS[ValueChangeKind.NAMESPACE]
    change = problems[0].found
    what = change.message
    if len(problems) > 1:
        old, new = (name or "(none)" for name in (namespaces(change) or ()))
        others = [short_name(problem.found.new.owner) for problem in problems]
        what = f"the namespace {old} became {new} ({', '.join(others[:5])}"
        what += f" and {len(others) - 5} more)" if len(others) > 5 else ")"
    hint = f'say what they were called, such as "aliases": ["{change.old.owner}"]'
    return ValueChangeMessage(words.code, f"{what}: {words.message}", hint)


def namespaces(change: ValueChange) -> tuple[str, str] | None:
    """The old and the new namespace, if that is what was changed."""
    if change.kind is not ValueChangeKind.NAMESPACE:
        return None
    return namespace_of(change.old.owner), namespace_of(change.new.owner)


def _hint(problem: Change[ValueChange]) -> str | None:
    """What to do about a renamed field, which depends on its name."""
    if problem.found.kind is not ValueChangeKind.FIELD_RENAMED:
        return None
    field = field_at(problem.found.old, problem.old.types)
    assert field is not None, "it is a field that was renamed"
    return f'if it is, say so: "aliases": ["{field.name}"]'


def place_message(part: SchemaPart, types: Types, top: str) -> str:
    """A part of a schema: ``Order.total``, ``each item of Order.lines``, ``Size``.

    Args:
        part: the part.
        types: the named types of its schema.
        top: what the schema as a whole is called.
    """
    named = types.get(part.owner)
    name, rest = (short_name(part.owner) if named else top), part.pointer
    field = field_at(part, types)
    if field is not None:
        name, rest = f"{name}.{field.name}", part.pointer[3:]
    for step in rest:
        match step:
            case "items":
                name = f"each item of {name}"
            case "values":
                name = f"each value of {name}"
            case _:
                pass
    return name


def path_message(part: SchemaPart, top: str) -> str:
    """A part as a definition and a path from there: ``com.acme.Order /fields/3``.

    Args:
        part: the part.
        top: what the schema as a whole is called.
    """
    return f"{part.owner or top} {_path(part.pointer)}"


def field_at(part: SchemaPart, types: Types) -> model.Field | None:
    """The field that a part belongs to."""
    named = types.get(part.owner)
    match named, part.pointer:
        case model.RecordType(fields=fields), ("fields", int(index), *_):
            return fields[index]
        case _:
            return None


def _path(pointer: Pointer) -> str:
    return "/" + "/".join(map(str, pointer))
