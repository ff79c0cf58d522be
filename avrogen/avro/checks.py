"""Checks that need all types at hand: do defaults fit?"""

from __future__ import annotations

from collections.abc import Mapping

from avrogen.avro import model
from avrogen.avro.defaults import matching_branch, mismatch
from avrogen.avro.diagnostics import Code, Diagnostics

__all__ = ["check_types"]


def check_types(types: Mapping[str, model.NamedType], diagnostics: Diagnostics) -> None:
    """Report what is wrong with types that are well formed each by itself."""
    for named in types.values():
        if isinstance(named, model.Record):
            for field in named.fields:
                if field.default is not model.NO_DEFAULT:
                    _check_default(named, field, field.default, types, diagnostics)


def _check_default(
    record: model.Record,
    field: model.Field,
    default: model.Json,
    types: Mapping[str, model.NamedType],
    diagnostics: Diagnostics,
) -> None:
    assert field.origin is not None, "what was parsed has an origin"
    at = field.origin / "default"
    place = f"in field {record.name.rpartition('.')[2]}.{field.name}"
    found = mismatch(field.type, default, types)
    if found:
        for step in found.pointer:
            at = at / step
        if found.is_symbol and not _is_defined_later(field, types):
            message = f"{found.message}, {place}: readers cannot use this default"
            diagnostics.report(Code.DEFAULT_NOT_A_SYMBOL, at, message)
        else:
            message = f"the default does not fit its type, {place}: {found.message}"
            diagnostics.report(Code.DEFAULT_MISMATCH, at, message, _hint(field.type, default))
    elif isinstance(field.type, model.Union) and matching_branch(field.type, default, types):
        diagnostics.report(
            Code.DEFAULT_NOT_FIRST_BRANCH,
            at,
            f"the default fits a later branch of the union, {place}",
            "older readers know defaults for the first branch only: move that branch to the front",
        )


def _is_defined_later(field: model.Field, types: Mapping[str, model.NamedType]) -> bool:
    """Whether a field uses a type that only comes after it in the file.

    Avro Java, which lets a symbol pass that the enum lacks, does not do so there.
    """
    if not isinstance(field.type, model.Reference):
        return False
    used, defined = field.origin, types[field.type.name].origin
    assert used is not None and defined is not None, "what was parsed has an origin"
    return used.source == defined.source and used.pointer < defined.pointer[: len(used.pointer)]


def _hint(type_: model.AvroType, default: model.Json) -> str | None:
    match type_, default:
        case model.Primitive(), None:
            return 'for a field that may be null, write a union: ["null", ...]'
        case model.Union(), "null":
            return "null is written without quotation marks"
        case _:
            return None
