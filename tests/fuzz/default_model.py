"""Values of JSON defaults, as plainly as can be; see :mod:`tests.fuzz.resolution_model`."""

from __future__ import annotations

import struct
from collections.abc import Mapping
from typing import Any, TypeAlias

from tests.support.schema_meaning import is_list, is_object

__all__ = ["Unresolvable", "UnusableDefault", "default_value", "kind_of"]

Json: TypeAlias = Any


class Unresolvable(Exception):
    """These data cannot be read as what the reader wants."""


class UnusableDefault(Unresolvable):
    """A default has a symbol that its enum lacks, which Java's SchemaCompatibility does not see."""


def kind_of(type_: Json, definitions: Mapping[str, Json]) -> tuple[str, Json]:
    """What a type is, and its definition."""
    own = definitions.get(type_, type_) if isinstance(type_, str) else type_
    if isinstance(own, str):
        return own, None
    kind = own["type"]
    return (kind, own) if isinstance(kind, str) else kind_of(kind, definitions)


def default_value(default: Json, type_: Json, definitions: Mapping[str, Json]) -> Any:
    """The value of a default that fits its type.

    Raises:
        UnusableDefault: it has a symbol that its enum lacks.
    """
    if is_list(type_):
        fitting = [branch for branch in type_ if _fits(default, branch, definitions)]
        if not fitting:
            raise UnusableDefault(default)
        return default_value(default, fitting[0], definitions)
    kind, own = kind_of(type_, definitions)
    match kind:
        case "double":
            return float(default)
        case "float":
            return struct.unpack("<f", struct.pack("<f", default))[0]
        case "bytes" | "fixed":
            return default.encode("iso-8859-1")
        case "array":
            return [default_value(item, own["items"], definitions) for item in default]
        case "map":
            values = own["values"]
            return {key: default_value(v, values, definitions) for key, v in default.items()}
        case "record" | "error":
            given = {f["name"]: default.get(f["name"], f.get("default")) for f in own["fields"]}
            return {
                f["name"]: default_value(given[f["name"]], f["type"], definitions)
                for f in own["fields"]
            }
        case "enum" if default not in own["symbols"]:
            raise UnusableDefault(default)
        case _:
            return default


def _fits(default: Json, type_: Json, definitions: Mapping[str, Json]) -> bool:
    if is_list(type_):
        return any(_fits(default, branch, definitions) for branch in type_)
    kind, own = kind_of(type_, definitions)
    number = isinstance(default, int | float) and not isinstance(default, bool)
    match kind:
        case "null":
            return default is None
        case "boolean":
            return isinstance(default, bool)
        case "int":
            return number and isinstance(default, int) and -(2**31) <= default < 2**31
        case "long":
            return number and isinstance(default, int) and -(2**63) <= default < 2**63
        case "float" | "double":
            return number
        case "bytes":
            return isinstance(default, str) and all(char <= "\xff" for char in default)
        case "fixed":
            return isinstance(default, str) and len(default) == own["size"]
        case "string":
            return isinstance(default, str)
        case "enum":
            return default in own["symbols"]
        case "array":
            items = own["items"]
            return is_list(default) and all(_fits(v, items, definitions) for v in default)
        case "map":
            values = own["values"]
            return is_object(default) and all(
                _fits(v, values, definitions) for v in default.values()
            )
        case _:
            return is_object(default) and all(
                (
                    _fits(default[f["name"]], f["type"], definitions)
                    if f["name"] in default
                    else "default" in f
                )
                for f in own["fields"]
            )
