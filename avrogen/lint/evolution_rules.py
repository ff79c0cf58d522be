"""Rules for what cannot be changed later: enums, fields, aliases and keys."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from avrogen.avro import model
from avrogen.avro.diagnostics import Code
from avrogen.avro.names import short_name
from avrogen.avro.source import Origin
from avrogen.lint.schema_view import FieldView, RuleFinding, SchemaView, is_key_file, plain_type
from avrogen.lint.text_edits import RemoveItem

__all__ = [
    "enums_without_default",
    "nullable_keys",
    "own_aliases",
    "permanent_fields",
    "unstable_keys",
]


def enums_without_default(view: SchemaView) -> Iterator[RuleFinding]:
    """Yield enums without a default: no symbol can be added for old readers."""
    for name, named in view.types.items():
        if isinstance(named, model.EnumType) and named.default is None:
            assert named.origin is not None, "parsed types have an origin"
            unknown = next(
                (s for s in named.symbols if s.upper() in ("UNKNOWN", "UNSPECIFIED", "OTHER")), None
            )
            yield RuleFinding(
                Code.ENUM_WITHOUT_DEFAULT,
                named.origin,
                f"the enum {name} has no default: readers of this version cannot read symbols that "
                "are added later",
                (
                    f'add "default": "{unknown}"'
                    if unknown
                    else 'add a symbol such as UNKNOWN, and "default": "UNKNOWN"'
                ),
            )


def permanent_fields(view: SchemaView) -> Iterator[RuleFinding]:
    """Yield fields without a default: readers of this version need them in all data."""
    for each in view.fields:
        if each.field.default is not model.NO_DEFAULT or each.is_nullable:
            continue
        if each.record.name not in view.keys:
            yield RuleFinding(
                Code.PERMANENT_FIELD,
                each.origin,
                f"the field {each.label} has no default: it can never be removed, as readers of "
                "this version need it",
                "give it a default, or accept it where it identifies the event",
            )


def own_aliases(view: SchemaView) -> Iterator[RuleFinding]:
    """Yield aliases that are the name of the type or field itself."""
    for name, named in view.types.items():
        assert named.origin is not None, "parsed types have an origin"
        yield from _own_alias(named.aliases, name, short_name(name), named.origin)
    for each in view.fields:
        yield from _own_alias(each.field.aliases, each.field.name, each.label, each.origin)


def _own_alias(
    aliases: Sequence[str], name: str, label: str, origin: Origin
) -> Iterator[RuleFinding]:
    if name in aliases:
        at = origin / "aliases"
        item = at / aliases.index(name)
        yield RuleFinding(
            Code.OWN_ALIAS,
            item,
            f"{label} has its own name as an alias, which has no effect",
            "remove it",
            (RemoveItem(at if len(aliases) == 1 else item),),
        )


def nullable_keys(view: SchemaView) -> Iterator[RuleFinding]:
    """Yield keys that may be null, or whose fields may be."""
    for each in _key_fields(view):
        if each.is_nullable:
            yield RuleFinding(
                Code.NULLABLE_KEY,
                each.origin / "type",
                f"{each.label} may be null, and belongs to the {view.keys[each.record.name]}: "
                "messages with null have one partition, and compaction keeps one of them",
                "use a type without null",
            )
    for root in view.parsed.roots:
        if is_key_file(root) and plain_type(root.type)[2]:
            yield RuleFinding(
                Code.NULLABLE_KEY,
                Origin(root.source),
                f"the key of {root.source.name} may be null",
                "use a type without null",
            )


def unstable_keys(view: SchemaView) -> Iterator[RuleFinding]:
    """Yield fields of keys whose equal values may have different bytes."""
    for each in _key_fields(view):
        match each.type:
            case model.Primitive("float" | "double" as name):
                kind = f"a {name}"
            case model.Map():
                kind = "a map, which has no order"
            case _:
                continue
        yield RuleFinding(
            Code.UNSTABLE_KEY,
            each.type_origin,
            f"{each.label} is {kind}, and belongs to the {view.keys[each.record.name]}: equal keys "
            "may have different bytes, and so different partitions",
            "use strings, integers or enums in keys",
        )


def _key_fields(view: SchemaView) -> Iterator[FieldView]:
    if view.keys:
        yield from (each for each in view.fields if each.record.name in view.keys)
