"""Attributes of schemas: the scope that they are read in, and readers for those of all kinds.

"Attributes not defined in this document are permitted as metadata, but must not affect the format
of serialized data" (Avro 1.12, "Schema Declaration").
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import NamedTuple, TypeAlias

from avrogen.avro.diagnostics import Code, Diagnostics
from avrogen.avro.json_reader import MOST_LEVELS_OF_ATTRIBUTES, MOST_LEVELS_OF_DEFAULTS
from avrogen.avro.logical_types import InvalidLogicalType, logical_type, logical_types_of
from avrogen.avro.model import Attributes, Json, LogicalType
from avrogen.avro.schema_json import has_levels
from avrogen.avro.source import Origin
from avrogen.avro.type_labels import json_label

__all__ = [
    "IsAcknowledged",
    "ParseScope",
    "aliases_of",
    "custom_attributes",
    "doc_of",
    "logical_type_of",
    "never_acknowledged",
    "without_deep_values",
]


IsAcknowledged: TypeAlias = Callable[[Attributes, str], bool]
"""Function of the attributes of a schema, and the full name of the field that it is in or ""."""


def never_acknowledged(attributes: Attributes, field: str) -> bool:
    """Return False: every unknown or invalid logical type is a warning."""
    return False


class ParseScope(NamedTuple):
    """The place of a schema in a file, and the names that are valid there.

    Attributes:
        origin: JSON of the schema.
        namespace: namespace of the names in it.
        depth: number of types around it.
        field: the field that it belongs to, such as "Order.shipping"; "": none.
        full_field: the same with the full name of the record.
        is_acknowledged: tells of a logical type that it needs no warning.
    """

    origin: Origin
    namespace: str = ""
    depth: int = 0
    field: str = ""
    full_field: str = ""
    is_acknowledged: IsAcknowledged = never_acknowledged

    @property
    def in_field(self) -> str:
        """The field, as the end of a message."""
        return f" in field {self.field}" if self.field else ""

    def at(self, *steps: str | int) -> ParseScope:
        """Return the scope of a part of the JSON."""
        return self._replace(origin=self.origin.at(*steps))

    def inside(self, *steps: str | int) -> ParseScope:
        """Return the scope of a schema inside this one."""
        return self.at(*steps)._replace(depth=self.depth + 1)


def custom_attributes(schema: Mapping[str, Json], kind: str) -> Attributes:
    """Return the attributes that the specification does not define for a kind of schema.

    They are in the order of the source. A doc that is not a string is one of them.
    """
    defined = _SPECIFIED[kind]
    return {
        key: value
        for key, value in schema.items()
        if key not in defined or (key == "doc" and not isinstance(value, str))
    }


def without_deep_values(
    schema: dict[str, Json], scope: ParseScope, diagnostics: Diagnostics
) -> dict[str, Json]:
    """Return a schema or a field without the values that are nested too deeply, and report them.

    Values are read recursively, unlike the schemas inside schemas.
    """
    deep = [
        key
        for key, value in schema.items()
        if isinstance(value, dict | list)
        and key not in _WITH_SCHEMAS
        and not has_levels(value, _most_levels(key))
    ]
    for key in deep:
        message = (
            f"{json_label(key)} is nested more than {_most_levels(key)} levels deep{scope.in_field}"
        )
        diagnostics.report(Code.NESTING, scope.at(key).origin, message, key=True)
    return {key: schema[key] for key in schema if key not in deep} if deep else schema


def _most_levels(key: str) -> int:
    return MOST_LEVELS_OF_DEFAULTS if key == "default" else MOST_LEVELS_OF_ATTRIBUTES


def doc_of(schema: Mapping[str, Json], scope: ParseScope, diagnostics: Diagnostics) -> str | None:
    """Return the doc of a definition or a field."""
    doc = schema.get("doc")
    if doc is None or isinstance(doc, str):
        return doc
    diagnostics.report(
        Code.DOC_NOT_TEXT,
        scope.at("doc").origin,
        f'"doc" must be a string, not {json_label(doc)}{scope.in_field}: '
        "it is kept as a custom attribute",
        'write the text as a string: "doc": "..."',
    )
    return None


def aliases_of(
    schema: Mapping[str, Json], scope: ParseScope, diagnostics: Diagnostics
) -> tuple[str, ...]:
    """Return the aliases of a definition or a field: "any string is accepted as an alias"."""
    aliases = schema.get("aliases")
    if aliases is None:
        return ()
    if isinstance(aliases, list):
        names = [alias for alias in aliases if isinstance(alias, str)]
        if len(names) == len(aliases):
            return tuple(names)
    message = f'"aliases" must be a list of strings, not {json_label(aliases)}{scope.in_field}'
    diagnostics.refuse(
        Code.WRONG_ATTRIBUTE, scope.at("aliases").origin, message, read_as="they are ignored"
    )
    return ()


def logical_type_of(
    attributes: Attributes, base: str, size: int, scope: ParseScope, diagnostics: Diagnostics
) -> LogicalType | None:
    """Return the logical type of a schema; None, with a warning, if it is unknown or invalid.

    Args:
        attributes: custom attributes of the schema.
        base: name of its type.
        size: bytes, for fixed.
        scope: place of the schema.
        diagnostics: receives the warning.
    """
    if "logicalType" not in attributes:
        return None
    if scope.is_acknowledged(attributes, scope.full_field):
        diagnostics = Diagnostics()  # of what is acknowledged, none is read
    name = attributes["logicalType"]
    at = scope.at("logicalType").origin
    try:
        logical = logical_type(name, base, size, attributes) if isinstance(name, str) else None
    except InvalidLogicalType as problem:
        diagnostics.report(
            Code.INVALID_LOGICAL_TYPE, at, f"{problem}{scope.in_field}: values are plain {base}"
        )
        return None
    if logical is None:
        fitting = logical_types_of(base, size)
        near = diagnostics.similar(name, fitting) if isinstance(name, str) else None
        diagnostics.report(
            Code.UNKNOWN_LOGICAL_TYPE,
            at,
            f"unknown logical type {json_label(name)}{scope.in_field}: values are plain {base}",
            f'did you mean "{near}"?' if near else None,
        )
    return logical


_WITH_SCHEMAS = frozenset({"type", "fields", "items", "values"})

_SPECIFIED: Mapping[str, frozenset[str]] = {
    "record": frozenset({"type", "name", "namespace", "doc", "aliases", "fields"}),
    "enum": frozenset({"type", "name", "namespace", "doc", "aliases", "symbols", "default"}),
    "fixed": frozenset({"type", "name", "namespace", "doc", "aliases", "size"}),
    "array": frozenset({"type", "items"}),
    "map": frozenset({"type", "values"}),
    "primitive": frozenset({"type"}),
    "field": frozenset({"name", "type", "doc", "default", "order", "aliases"}),
}
