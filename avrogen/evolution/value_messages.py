"""Messages for value-changing changes: what changed, its effect on decoded values, and the fix.

Avro's side of one is :class:`~avrogen.avro.compat.value_changes.ValueChange`; its messages say
what became of what. Here each kind gets its code, effect and hint.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import NamedTuple

from avrogen.avro.compat.value_changes import ValueChange, ValueChangeKind
from avrogen.avro.diagnostics import Code
from avrogen.avro.names import namespace_of, short_name
from avrogen.evolution.comparison import Change
from avrogen.evolution.part_labels import enclosing_field, joined, part_label

__all__ = [
    "ValueChangeMessage",
    "namespace_message",
    "renamed_namespace",
    "value_change_message",
]


class ValueChangeMessage(NamedTuple):
    """Code, message and hint of a value-changing change.

    Attributes:
        code: diagnostics code.
        message: the change and its effect; in the table below, the effect.
        hint: the fix, or a precaution.
    """

    code: Code
    message: str
    hint: str


_NEW_FIELD = "leave it unchanged, and add a new field with a default for the new type"

_MESSAGES: Mapping[ValueChangeKind, ValueChangeMessage] = {
    ValueChangeKind.DECIMAL: ValueChangeMessage(
        Code.DECIMAL_CHANGED,
        "avrogen rescales values and rejects those that do not fit; Java and most others read the "
        "unscaled digits unchanged",
        _NEW_FIELD,
    ),
    ValueChangeKind.TIME_UNIT: ValueChangeMessage(
        Code.TIME_UNIT_CHANGED,
        "avrogen converts the unit; Java and most others read the number unchanged, which is wrong "
        "by a factor of a thousand",
        _NEW_FIELD,
    ),
    ValueChangeKind.TIME_ZONE: ValueChangeMessage(
        Code.TIME_ZONE_CHANGED,
        "instants are read as local times or the reverse, regardless of the time zone",
        _NEW_FIELD,
    ),
    ValueChangeKind.MEANING: ValueChangeMessage(
        Code.MEANING_CHANGED,
        "existing data decode to other values, or not at all",
        _NEW_FIELD,
    ),
    ValueChangeKind.SEMANTICS: ValueChangeMessage(
        Code.SEMANTICS_CHANGED,
        "Avro does not know it and reads the same numbers or text; if they count in another unit, "
        "values are wrong by a factor of a thousand",
        "check that values mean the same as before; else leave it unchanged, and add a new field "
        "with a default",
    ),
    ValueChangeKind.ROUNDING: ValueChangeMessage(
        Code.DIGITS_LOST,
        "large numbers are rounded to fewer digits",
        "double represents every int exactly; no type is wider than long",
    ),
    ValueChangeKind.BYTES_AS_TEXT: ValueChangeMessage(
        Code.BYTES_AS_TEXT,
        "bytes that are not valid UTF-8 cannot be read",
        "make sure that all data are UTF-8, or add a new field with a default",
    ),
    ValueChangeKind.DEFAULT_CHANGED: ValueChangeMessage(
        Code.DEFAULT_CHANGED,
        "data without the field decode to another value than before",
        "keep the default; writers can set another value explicitly",
    ),
    ValueChangeKind.DEFAULT_REMOVED: ValueChangeMessage(
        Code.DEFAULT_REMOVED,
        "data without the field can no longer be read",
        "keep the default as long as such data exist",
    ),
    ValueChangeKind.ENUM_DEFAULT: ValueChangeMessage(
        Code.ENUM_DEFAULT_CHANGED,
        "unknown symbols decode to another symbol than before",
        "keep the default",
    ),
    ValueChangeKind.FIELD_RENAMED: ValueChangeMessage(
        Code.FIELD_RENAMED,
        "if it is a rename, the new field decodes to its default and existing values are lost",
        "",
    ),
    ValueChangeKind.NAMESPACE: ValueChangeMessage(
        Code.NAMESPACE_CHANGED,
        "schema resolution accepts that, but look-ups by full name fail: classes, subjects, unions "
        "in some libraries",
        "",
    ),
    ValueChangeKind.AMBIGUOUS_ALIAS: ValueChangeMessage(
        Code.AMBIGUOUS_ALIAS,
        "avrogen prefers the name; Avro Java and Confluent's registry reject such schemas",
        "remove the alias",
    ),
    ValueChangeKind.CLAIMED_TWICE: ValueChangeMessage(
        Code.CLAIMED_TWICE,
        "avrogen assigns the value to the field with that name, else to the first match; the other "
        "field takes its default, or decoding fails; other libraries differ",
        "use the name or alias for one field only",
    ),
    ValueChangeKind.SYMBOLS_AS_DEFAULT: ValueChangeMessage(
        Code.SYMBOLS_AS_DEFAULT,
        "they decode new symbols to that one",
        "update all readers before writers use new symbols, if the difference matters to them",
    ),
    ValueChangeKind.ALIAS_REMOVED: ValueChangeMessage(
        Code.ALIAS_REMOVED,
        "data with that name can no longer be read, or lose this value",
        "keep the alias as long as such data exist",
    ),
}


def value_change_message(change: Change[ValueChange]) -> ValueChangeMessage:
    """Return the message for a value-changing change."""
    found, unit = change.found, change.units[0]
    effect = _MESSAGES[found.kind]
    label = part_label(found.new, unit.new.types, unit.title)
    message = f"{label}: {found.message}: {effect.message}"
    return ValueChangeMessage(effect.code, message, _rename_hint(change) or effect.hint)


def namespace_message(changes: Sequence[Change[ValueChange]]) -> ValueChangeMessage:
    """Return the message for all types that moved from one namespace to another."""
    effect = _MESSAGES[ValueChangeKind.NAMESPACE]
    found = changes[0].found
    head = found.message
    if len(changes) > 1:
        old, new = (name or "(none)" for name in (renamed_namespace(found) or ()))
        types = [short_name(change.found.new.owner) for change in changes]
        head = f"the namespace {old} became {new} ({joined(types)})"
    hint = f'add an alias with the old full name to each type: "aliases": ["{found.old.owner}"]'
    return ValueChangeMessage(effect.code, f"{head}: {effect.message}", hint)


def renamed_namespace(change: ValueChange) -> tuple[str, str] | None:
    """Return the old and the new namespace if the change is that of a namespace."""
    if change.kind is not ValueChangeKind.NAMESPACE:
        return None
    return namespace_of(change.old.owner), namespace_of(change.new.owner)


def _rename_hint(change: Change[ValueChange]) -> str | None:
    """Return the hint for a renamed field, which contains its old name."""
    if change.found.kind is not ValueChangeKind.FIELD_RENAMED:
        return None
    field = enclosing_field(change.found.old, change.old.types)
    assert field is not None, "a renamed field is a field"
    return f'if it is, add "aliases": ["{field.name}"]'
