"""A schema as it may have been some versions ago."""

from __future__ import annotations

import json
import struct
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from avrogen import Schema
from benchmarks.codecs.plain import Json, is_list, is_object

__all__ = ["Older", "older_writer"]


@dataclass(frozen=True)
class Older:
    """What an older program wrote.

    Attributes:
        schema: the one it had, as JSON.
        data: the value in it.
        value: what of it today's schema makes, plain.
    """

    schema: Json
    data: bytes
    value: Any


def older_writer(schema: Json, value: Any) -> Older | None:
    """Change a record in every way that is common.

    The first two fields have the opposite order; a field of today is not there yet, if there is one
    with a default; one is there that has been removed since; and a long was an int or a double
    a float, if there is one whose value allows it. None if the schema is no record.
    """
    if not is_object(schema) or schema["type"] != "record":
        return None
    fields: list[Any] = schema["fields"]
    today, then = dict(value), dict(value)
    names = {field["name"] for field in fields}
    later = next((f for f in reversed(fields) if "default" in f and _is_simple(f["type"])), None)
    if later is not None:
        today[later["name"]] = later["default"]
        del then[later["name"]]
    narrow = next((f["name"] for f in fields if _fits_narrow(f["type"], then.get(f["name"]))), None)
    older = [
        {**field, "type": _NARROW[field["type"]]} if field["name"] == narrow else field
        for field in fields
        if field is not later
    ]
    older[:2] = reversed(older[:2])
    removed = next(name for name in ("removed", "removed_since") if name not in names)
    older.insert(len(older) // 2, {"name": removed, "type": "string"})
    then[removed] = "no longer needed"
    writer: Mapping[str, Any] = {**schema, "fields": older}
    return Older(writer, Schema.parse(json.dumps(writer)).to_avro(then), today)


_NARROW = {"long": "int", "double": "float"}


def _is_simple(type_: Json) -> bool:
    """Whether it defines nothing that fields after it might refer to, and its default is plain."""
    return all(isinstance(branch, str) for branch in (type_ if is_list(type_) else [type_]))


def _fits_narrow(type_: Json, value: Any) -> bool:
    """Whether the value can have been written as a narrower type."""
    match type_:
        case "long":
            return bool(-(2**31) <= value < 2**31)
        case "double":
            return bool(struct.unpack("<f", struct.pack("<f", value))[0] == value)
        case _:
            return False
