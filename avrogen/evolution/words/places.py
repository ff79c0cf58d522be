"""Places in schemas as people name them."""

from __future__ import annotations

from avrogen.avro import model
from avrogen.avro.compat.paths import Part
from avrogen.avro.names import short_name
from avrogen.avro.resolution import Types
from avrogen.avro.source import Pointer

__all__ = ["field_at", "path_words", "place_words"]


def place_words(part: Part, types: Types, top: str) -> str:
    """A part of a schema: ``Order.total``, ``each item of Order.lines``, ``Size``.

    Args:
        part: the part.
        types: the named types of its schema.
        top: what the schema as a whole is called.
    """
    named = types.get(part.owner)
    name, rest = (short_name(part.owner) if named else top), part.pointer
    field = field_at(part, types)
    if field is not None:
        name, rest = f"{name}.{field.name}", part.pointer[3:]
    for step in rest:
        match step:
            case "items":
                name = f"each item of {name}"
            case "values":
                name = f"each value of {name}"
            case _:
                pass
    return name


def path_words(part: Part, top: str) -> str:
    """A part as a definition and a path from there: ``com.acme.Order /fields/3``.

    Args:
        part: the part.
        top: what the schema as a whole is called.
    """
    return f"{part.owner or top} {_path(part.pointer)}"


def field_at(part: Part, types: Types) -> model.Field | None:
    """The field that a part belongs to."""
    named = types.get(part.owner)
    match named, part.pointer:
        case model.Record(fields=fields), ("fields", int(index), *_):
            return fields[index]
        case _:
            return None


def _path(pointer: Pointer) -> str:
    return "/" + "/".join(map(str, pointer))
