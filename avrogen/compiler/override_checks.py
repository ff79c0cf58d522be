"""Checks of types of one's own (the table ``types``) against the schemas."""

from __future__ import annotations

from collections.abc import Iterator
from typing import assert_never

from avrogen.avro import model
from avrogen.avro.diagnostics import Code, Diagnostics
from avrogen.avro.parser import Parsed
from avrogen.avro.source import Location
from avrogen.compiler.checks import near_type
from avrogen.compiler.type_mapping import NO_OVERRIDES, overridden_types
from avrogen.config.custom_types import BuildOverrides, CustomTypes

__all__ = ["check_types"]


def check_types(custom: CustomTypes, parsed: Parsed, diagnostics: Diagnostics) -> None:
    """Report overrides of Python types that fit no type, each at its position in the file."""
    if not custom.locations:
        return
    fits: set[str] = set()
    problems: dict[str, str] = {}
    for place, type_, overrides in _places(parsed, custom.overrides):
        for _, found in overridden_types(type_, parsed.types, overrides):
            assert found.selector is not None, "only types with an override are yielded"
            if found.problem is None:
                fits.add(found.selector)
            else:
                problems.setdefault(found.selector, f"{found.problem} ({place})")
    for selector, location in custom.locations.items():
        kind, _, name = selector.partition(":")
        problem = problems.get(selector)
        # That of a field is for those branches of a union that it fits.
        if problem is not None and not (kind == "field" and selector in fits):
            diagnostics.report(
                Code.TYPE_OVERRIDE,
                location,
                f'the type for "{name}" does not fit: {problem}',
                hint="name another base, or override single fields, under [types.fields]",
            )
        elif selector not in fits:
            _report_unused(kind, name, parsed, location, diagnostics)


def _places(
    parsed: Parsed, overrides: BuildOverrides
) -> Iterator[tuple[str, model.AvroType, BuildOverrides]]:
    """Yield fields and roots of files, with the overrides that apply there.

    Types of other packages have those of their packages.
    """
    for full_name, named in parsed.types.items():
        if isinstance(named, model.RecordType) and full_name not in parsed.imported:
            for field in named.fields:
                name = f"{named.name}.{field.name}"
                yield f"field {name}", field.type, overrides.at_field(name)
    for root in parsed.roots:
        yield root.source.name, root.type, overrides


def _report_unused(
    kind: str, name: str, parsed: Parsed, location: Location, diagnostics: Diagnostics
) -> None:
    if kind == "field":
        message, hint = _unknown_field(name, parsed, diagnostics)
        diagnostics.report(Code.TYPE_OVERRIDE, location, message, hint)
        return
    attribute = "connect.name" if kind == "connect" else "logicalType"
    known = {value for value in _attributes(parsed, attribute) if isinstance(value, str)}
    near = diagnostics.similar(name, sorted(known))
    diagnostics.report(
        Code.OVERRIDE_UNUSED,
        location,
        f'no value of the schemas has the {attribute} "{name}"',
        hint=f'did you mean "{near}"?' if near else "remove the entry",
    )


def _unknown_field(name: str, parsed: Parsed, diagnostics: Diagnostics) -> tuple[str, str | None]:
    """Return the message and the hint for an override of a field that does not exist."""
    record, _, field = name.rpartition(".")
    found = parsed.types.get(record)
    if not isinstance(found, model.RecordType):
        records = [n for n, t in parsed.types.items() if isinstance(t, model.RecordType)]
        return f'unknown record "{record}"', near_type(record, records)
    names = [each.name for each in found.fields]
    if record in parsed.imported:
        return f"{record} is a type of another package, which has types of its own", None
    if field in names:
        return f"field {name} has no values that could have another type", None
    near = diagnostics.similar(field, names)
    return f'{record} has no field "{field}"', f'did you mean "{record}.{near}"?' if near else None


def _attributes(parsed: Parsed, key: str) -> Iterator[model.Json]:
    """Yield the values of an attribute of primitive and named types."""
    everything = (type_ for _, type_, _ in _places(parsed, NO_OVERRIDES))
    for type_ in everything:
        yield from _attributes_in(type_, key)
    for named in parsed.types.values():
        yield named.attributes.get(key)


def _attributes_in(type_: model.AvroType, key: str) -> Iterator[model.Json]:
    match type_:
        case model.Primitive(attributes=attributes):
            yield attributes.get(key)
        case model.Reference():
            return
        case model.Array(inner) | model.Map(inner):
            yield from _attributes_in(inner, key)
        case model.Union(branches):
            for branch in branches:
                yield from _attributes_in(branch, key)
        case _:
            assert_never(type_)
