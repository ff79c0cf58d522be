"""Which names a file defines: read before anything else, so that references can point anywhere."""

from __future__ import annotations

from collections.abc import Iterator

from avrogen.avro.model import Json
from avrogen.avro.names import full_name, namespace_of

__all__ = ["NAMED_KINDS", "declared_names", "scope_of"]

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
