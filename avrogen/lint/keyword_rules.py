"""Rules for attributes that are meant to be keywords of Avro.

A reader of schemas ignores attributes that it does not know, so a misspelled keyword has no effect,
and no error says so.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Final

from avrogen.avro import model
from avrogen.avro.diagnostics import Code
from avrogen.avro.model import Attributes
from avrogen.avro.names import short_name
from avrogen.avro.source import Origin
from avrogen.lint.name_words import closest_keyword
from avrogen.lint.schema_view import RuleFinding, SchemaView
from avrogen.lint.text_edits import Edit, RenameKey, ReplaceValue

__all__ = ["misplaced_keywords", "misspelled_keywords", "precision_without_decimal"]

_DEFINITION: Final = ("namespace", "doc", "aliases")
_DECIMAL: Final = ("logicalType", "precision", "scale")

_OPTIONAL: Final[Mapping[str, tuple[str, ...]]] = {
    "record": _DEFINITION,
    "enum": (*_DEFINITION, "default"),
    "fixed": (*_DEFINITION, *_DECIMAL),
    "field": ("doc", "default", "order", "aliases"),
    "bytes": _DECIMAL,
    "other": ("logicalType",),
}
"""Keywords that may be left out, and so be misspelled without an error, by kind of part."""

_MISPLACED: Final[Mapping[str, tuple[str, ...]]] = {
    "record": ("default", "order", "symbols", "items"),
    "enum": ("order", "fields", "items"),
    "fixed": ("default", "order", "symbols"),
    "field": ("symbols", "items", "namespace"),
    "bytes": ("default", "order", "symbols"),
    "other": ("default", "order", "symbols"),
}
"""Keywords of other kinds of parts, which have no effect here."""


def _parts(view: SchemaView) -> Iterator[tuple[str, Attributes, Origin, str]]:
    """Yield the parts with attributes: kind, attributes, JSON and name for messages."""
    for name, named in view.types.items():
        if named.attributes:
            assert named.origin is not None, "parsed types have an origin"
            yield _kind(named), named.attributes, named.origin, short_name(name)
    for each in view.fields:
        if each.field.attributes:
            yield "field", each.field.attributes, each.origin, each.label
    for use in view.uses:
        match use.type:
            case model.Primitive(name, _, attributes) if attributes:
                yield "bytes" if name == "bytes" else "other", attributes, use.origin, use.place
            case model.Array(_, attributes) | model.Map(_, attributes) if attributes:
                yield "other", attributes, use.origin, use.place
            case _:
                pass


def _kind(named: model.NamedType) -> str:
    match named:
        case model.RecordType():
            return "record"
        case model.EnumType():
            return "enum"
        case model.FixedType():
            return "fixed"


def misspelled_keywords(view: SchemaView) -> Iterator[RuleFinding]:
    """Yield attributes that differ from a keyword by a letter, in case or in number."""
    for kind, attributes, origin, place in _parts(view):
        keywords = [key for key in _OPTIONAL[kind] if key not in attributes]
        for key in attributes:
            if key in _OPTIONAL[kind] or key in _DECIMAL:
                continue
            meant = closest_keyword(key, keywords)
            if meant is not None:
                at = origin / key
                edits: list[Edit] = [RenameKey(at, meant)]
                value = attributes[key]
                if meant == "aliases" and isinstance(value, str):
                    edits.append(ReplaceValue(at, [value]))
                yield RuleFinding(
                    Code.MISSPELT_KEYWORD,
                    at,
                    f'"{key}" in {place} has no effect: the keyword is "{meant}"',
                    f'write "{meant}"',
                    tuple(edits),
                    is_key=True,
                )


def misplaced_keywords(view: SchemaView) -> Iterator[RuleFinding]:
    """Yield keywords of other parts, such as the default of a field in its type."""
    for kind, attributes, origin, place in _parts(view):
        for key in _MISPLACED[kind]:
            if key in attributes:
                belongs = "the field" if key in ("default", "order") else "another kind of schema"
                yield RuleFinding(
                    Code.MISPLACED_KEYWORD,
                    origin / key,
                    f'"{key}" has no effect on this part of {place}',
                    f"it belongs to {belongs}: move or remove it",
                    is_key=True,
                )


def precision_without_decimal(view: SchemaView) -> Iterator[RuleFinding]:
    """Yield bytes and fixed with precision or scale, which are no decimals."""
    for kind, attributes, origin, place in _parts(view):
        if kind in ("bytes", "fixed") and "logicalType" not in attributes:
            key = next((key for key in ("precision", "scale") if key in attributes), None)
            if key is not None:
                yield RuleFinding(
                    Code.PRECISION_WITHOUT_DECIMAL,
                    origin / key,
                    f'"{key}" in {place} has no effect without a logical type: values are bytes',
                    'add "logicalType": "decimal"',
                    is_key=True,
                )
