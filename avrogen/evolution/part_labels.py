"""Names of schema parts in messages: ``Order.total``, ``each item of Order.lines``."""

from __future__ import annotations

from collections.abc import Sequence

from avrogen.avro import model
from avrogen.avro.compat.paths import SchemaPart
from avrogen.avro.names import short_name
from avrogen.avro.resolution import Types

__all__ = ["enclosing_field", "joined", "part_label", "part_path"]

_MOST_NAMES = 6


def part_label(part: SchemaPart, types: Types, top: str) -> str:
    """Return the name of a part: ``Order.total``, ``each item of Order.lines``, ``Size``.

    Args:
        part: the part.
        types: named types of its schema.
        top: name of the schema as a whole.
    """
    named = types.get(part.owner)
    name, rest = (short_name(part.owner) if named else top), part.pointer
    field = enclosing_field(part, types)
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


def part_path(part: SchemaPart, top: str) -> str:
    """Return a part as a definition and a path in it: ``com.acme.Order /fields/3``.

    Args:
        part: the part.
        top: name of the schema as a whole.
    """
    return f"{part.owner or top} /{'/'.join(map(str, part.pointer))}"


def enclosing_field(part: SchemaPart, types: Types) -> model.Field | None:
    """Return the field that contains a part, if any."""
    named = types.get(part.owner)
    match named, part.pointer:
        case model.RecordType(fields=fields), ("fields", int(index), *_):
            return fields[index]
        case _:
            return None


def joined(names: Sequence[str]) -> str:
    """Return one or more names as ``a, b and c``; of more than six, the first five."""
    shown = list(names)
    if len(names) > _MOST_NAMES:
        shown = [*names[: _MOST_NAMES - 1], f"{len(names) - _MOST_NAMES + 1} more"]
    *most, last = shown
    return f"{', '.join(most)} and {last}" if most else last
