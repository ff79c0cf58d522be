"""What a schema means, read from its JSON by nothing but this module.

The tests compare embedded schemas with their sources through it, so that a mistake of avrogen's own
parser cannot hide itself. It takes valid schemas only. Named types are pulled out under their full
names; wherever one was defined or used, its full name stands. What may be written in two ways is
written in one: namespaces are in the names, ``{"type": "int"}`` is ``"int"``.
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import Any, TypeAlias, TypeGuard

__all__ = ["PRIMITIVES", "Meaning", "canonical_form", "is_list", "is_object", "loads", "meaning"]

Json: TypeAlias = Any

PRIMITIVES = {"null", "boolean", "int", "long", "float", "double", "bytes", "string"}
_NAMED = {"record", "error", "enum", "fixed"}
_STRING_OR_COMMENT = re.compile(r'"(?:\\.|[^"\\])*"|//[^\n]*|/\*.*?\*/', re.DOTALL)


def is_list(schema: Json) -> TypeGuard[list[Json]]:
    """Whether it is a JSON array: a union."""
    return isinstance(schema, list)


def is_object(schema: Json) -> TypeGuard[dict[str, Json]]:
    """Whether it is a JSON object."""
    return isinstance(schema, dict)


@dataclass
class Meaning:
    """A type, and the definitions of all named types in it by full name."""

    type: Json
    definitions: dict[str, Json] = field(default_factory=dict[str, Json])


def loads(text: str) -> Json:
    """JSON with the comments that Avro Java allows."""
    kept = _STRING_OR_COMMENT.sub(lambda m: m[0] if m[0].startswith('"') else " ", text)
    return json.loads(kept)


def meaning(schema: Json, others: Mapping[str, Json] = MappingProxyType({})) -> Meaning:
    """What a schema means.

    Args:
        others: definitions of other files, by full name.
    """
    known = set(others)
    _collect_names(schema, "", known)
    result = Meaning(None, dict(others))
    result.type = _type(schema, "", known, result.definitions)
    return result


def _collect_names(schema: Json, namespace: str, known: set[str]) -> None:
    if is_list(schema):
        for branch in schema:
            _collect_names(branch, namespace, known)
    elif is_object(schema):
        kind = schema.get("type")
        if kind in _NAMED:
            name, inner = _names(schema, namespace)
            known.add(name)
            for member in schema.get("fields", []):
                _collect_names(member["type"], inner, known)
        elif kind == "array":
            _collect_names(schema["items"], namespace, known)
        elif kind == "map":
            _collect_names(schema["values"], namespace, known)
        else:
            _collect_names(kind, namespace, known)


def _names(schema: Mapping[str, Json], namespace: str) -> tuple[str, str]:
    """Full name of a definition, and the namespace inside it (specification, "Names")."""
    name = schema["name"]
    if "." in name:
        full = name
    else:
        own = schema.get("namespace", namespace)
        full = f"{own}.{name}" if own else name
    full = full.removeprefix(".")
    return full, full.rpartition(".")[0]


def _type(schema: Json, namespace: str, known: set[str], out: dict[str, Json]) -> Json:
    if isinstance(schema, str):
        return _use(schema, namespace, known)
    if is_list(schema):
        return [_type(branch, namespace, known, out) for branch in schema]
    kind = schema["type"]
    if isinstance(kind, str) and kind in _NAMED:
        name, inner = _names(schema, namespace)
        own: dict[str, Json] = {k: v for k, v in schema.items() if k != "namespace"}
        own["name"] = name
        if "aliases" in own:
            own["aliases"] = [
                a if "." in a or not inner else f"{inner}.{a}" for a in own["aliases"]
            ]
        if "fields" in own:
            own["fields"] = [
                {**member, "type": _type(member["type"], inner, known, out)}
                for member in map(_without_empty_aliases, own["fields"])
            ]
        out[name] = _without_empty_aliases(own)
        return name
    if kind == "array":
        return {**schema, "items": _type(schema["items"], namespace, known, out)}
    if kind == "map":
        return {**schema, "values": _type(schema["values"], namespace, known, out)}
    inner_type = _type(kind, namespace, known, out)
    rest = {k: v for k, v in schema.items() if k != "type"}
    return {"type": inner_type, **rest} if rest else inner_type


def _without_empty_aliases(own: dict[str, Json]) -> dict[str, Json]:
    return {k: v for k, v in own.items() if k != "aliases" or v}


def _use(name: str, namespace: str, known: set[str]) -> str:
    if "." in name:
        return name.removeprefix(".")
    inherited = f"{namespace}.{name}" if namespace else name
    if name in PRIMITIVES:
        return name
    return name if name in known and inherited not in known else inherited


def canonical_form(found: Meaning) -> str:
    """Parsing canonical form (specification, "Transforming into Parsing Canonical Form")."""
    return _canonical(found.type, found.definitions, set())


def _canonical(schema: Json, definitions: Mapping[str, Json], seen: set[str]) -> str:
    if isinstance(schema, str):
        if schema in PRIMITIVES or schema in seen:
            return json.dumps(schema, ensure_ascii=False)
        seen.add(schema)
        return _definition(definitions[schema], definitions, seen)
    if is_list(schema):
        return "[" + ",".join(_canonical(b, definitions, seen) for b in schema) + "]"
    if schema["type"] == "array":
        return '{"type":"array","items":' + _canonical(schema["items"], definitions, seen) + "}"
    if schema["type"] == "map":
        return '{"type":"map","values":' + _canonical(schema["values"], definitions, seen) + "}"
    return _canonical(schema["type"], definitions, seen)


def _definition(own: Json, definitions: Mapping[str, Json], seen: set[str]) -> str:
    name = json.dumps(own["name"], ensure_ascii=False)
    if own["type"] == "enum":
        symbols = json.dumps(own["symbols"], separators=(",", ":"), ensure_ascii=False)
        return f'{{"name":{name},"type":"enum","symbols":{symbols}}}'
    if own["type"] == "fixed":
        return f'{{"name":{name},"type":"fixed","size":{own["size"]}}}'
    fields = ",".join(
        f'{{"name":"{field["name"]}","type":{_canonical(field["type"], definitions, seen)}}}'
        for field in own["fields"]
    )
    # An error is a record here, as in Avro Java: it differs from one in protocols only.
    return f'{{"name":{name},"type":"record","fields":[{fields}]}}'
