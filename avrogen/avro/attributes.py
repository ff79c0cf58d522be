"""The attributes of schemas: which are the specification's, and reading them one by one.

"Attributes not defined in this document are permitted as metadata, but must not affect the format
of serialized data" (Avro 1.12, "Schema Declaration").

Where in a file a schema stands, and what holds there.

Which names a file defines: read before anything else, so that references can point anywhere.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from typing import NamedTuple

from avrogen.avro.diagnostics import Code, Diagnostics
from avrogen.avro.logical_types import LOGICAL_TYPES, InvalidLogicalType, logical_type
from avrogen.avro.model import Attributes, Json, LogicalType
from avrogen.avro.names import full_name, namespace_of, similar
from avrogen.avro.source import Origin

__all__ = [
    "NAMED_KINDS",
    "ParseScope",
    "aliases_of",
    "brief",
    "custom_attributes",
    "declared_names",
    "doc_of",
    "logical_type_of",
    "scope_of",
]

_DEFINED: Mapping[str, frozenset[str]] = {
    "record": frozenset({"type", "name", "namespace", "doc", "aliases", "fields"}),
    "enum": frozenset({"type", "name", "namespace", "doc", "aliases", "symbols", "default"}),
    "fixed": frozenset({"type", "name", "namespace", "doc", "aliases", "size"}),
    "array": frozenset({"type", "items"}),
    "map": frozenset({"type", "values"}),
    "primitive": frozenset({"type"}),
    "field": frozenset({"name", "type", "doc", "default", "order", "aliases"}),
}

_LONGEST = 60


def custom_attributes(schema: Mapping[str, Json], kind: str) -> Attributes:
    """What the specification does not define for this kind of schema, in the order of the source.

    A doc that is no text is kept here, too.
    """
    defined = _DEFINED[kind]
    return {
        key: value
        for key, value in schema.items()
        if key not in defined or (key == "doc" and not isinstance(value, str))
    }


def doc_of(schema: Mapping[str, Json], where: ParseScope, diagnostics: Diagnostics) -> str | None:
    """The doc of a definition or a field."""
    doc = schema.get("doc")
    if doc is None or isinstance(doc, str):
        return doc
    diagnostics.report(
        Code.DOC_NOT_TEXT,
        where.at("doc").origin,
        f"doc is {brief(doc)}{where.place}: it is kept as an attribute, and is no documentation",
        'write the text as a string: "doc": "..."',
    )
    return None


def aliases_of(
    schema: Mapping[str, Json], where: ParseScope, diagnostics: Diagnostics
) -> tuple[str, ...]:
    """The aliases of a definition or a field as written; "any string is accepted as an alias"."""
    aliases = schema.get("aliases")
    if aliases is None:
        return ()
    if isinstance(aliases, list):
        names = [alias for alias in aliases if isinstance(alias, str)]
        if len(names) == len(aliases):
            return tuple(names)
    diagnostics.report(
        Code.WRONG_ATTRIBUTE,
        where.at("aliases").origin,
        f'"aliases" is a list of strings, not {brief(aliases)}{where.place}',
    )
    return ()


def logical_type_of(
    attributes: Attributes, base: str, size: int, where: ParseScope, diagnostics: Diagnostics
) -> LogicalType | None:
    """The logical type that attributes give to a type, or None with a warning if it is no such.

    Args:
        attributes: the custom attributes of the schema.
        base: the name of its type.
        size: bytes, if that is fixed.
    """
    if "logicalType" not in attributes:
        return None
    name = attributes["logicalType"]
    at = where.at("logicalType").origin
    try:
        logical = logical_type(name, base, size, attributes) if isinstance(name, str) else None
    except InvalidLogicalType as problem:
        diagnostics.report(
            Code.INVALID_LOGICAL_TYPE, at, f"{problem}{where.place}: values are plain {base}"
        )
        return None
    if logical is None:
        near = similar(name, ["decimal", *LOGICAL_TYPES]) if isinstance(name, str) else None
        diagnostics.report(
            Code.UNKNOWN_LOGICAL_TYPE,
            at,
            f"unknown logical type {brief(name)}{where.place}: values are plain {base}",
            f'did you mean "{near}"?' if near else None,
        )
    return logical


def brief(value: Json) -> str:
    """A JSON value in a message."""
    match value:
        case dict():
            return "an object"
        case list():
            return "an array"
        case _:
            text = json.dumps(value, ensure_ascii=False)
            return text if len(text) <= _LONGEST else f"{text[:_LONGEST]}..."


class ParseScope(NamedTuple):
    """Carried along while schemas are taken apart.

    Attributes:
        origin: the JSON of the schema.
        namespace: the namespace that holds for the names in it.
        depth: how many types are around it.
        place: how messages name it: " in field Order.shipping", or nothing.
    """

    origin: Origin
    namespace: str = ""
    depth: int = 0
    place: str = ""

    def at(self, *steps: str | int) -> ParseScope:
        """A part of the JSON."""
        origin = Origin(self.origin.source, (*self.origin.pointer, *steps))
        return self._replace(origin=origin)

    def inside(self, *steps: str | int) -> ParseScope:
        """A schema inside this one."""
        return self.at(*steps)._replace(depth=self.depth + 1)


NAMED_KINDS = ("record", "error", "enum", "fixed")


def declared_names(schema: Json, namespace: str = "") -> Iterator[str]:
    """Full names of the types that are defined anywhere in a schema, valid or not."""
    if isinstance(schema, list):
        for branch in schema:
            yield from declared_names(branch, namespace)
    if not isinstance(schema, dict):
        return
    kind, name = schema.get("type"), schema.get("name")
    if kind in NAMED_KINDS and isinstance(name, str):
        full, inner = scope_of(name, schema.get("namespace"), namespace)
        yield full
        fields = schema.get("fields")
        for field in fields if isinstance(fields, list) else ():
            if isinstance(field, dict):
                yield from declared_names(field.get("type"), inner)
    elif kind == "array":
        yield from declared_names(schema.get("items"), namespace)
    elif kind == "map":
        yield from declared_names(schema.get("values"), namespace)


def scope_of(name: str, declared: Json, around: str) -> tuple[str, str]:
    """Full name of a definition, and the namespace that holds inside it.

    Args:
        name: its ``name``, which may have dots.
        declared: its ``namespace`` attribute, if it has one.
        around: the namespace that holds where it stands.
    """
    full = full_name(name, declared if isinstance(declared, str) else around)
    return full, namespace_of(full)
