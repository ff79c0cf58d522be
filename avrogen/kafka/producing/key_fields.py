"""Keys that are a field of the value."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import fields, is_dataclass
from operator import attrgetter
from typing import Any

from avrogen.avro import model
from avrogen.avro.schema_json import type_json
from avrogen.codec.schema import Schema, SchemaOwner

__all__ = ["key_of_field"]


def key_of_field(owner: SchemaOwner, name: str) -> Callable[[Any], Any]:
    """The function from a value to its key.

    A field of a logical type gives what it is on the wire: a UUID in a string gives its text.

    Args:
        owner: the generated class of the value.
        name: the name of the Avro field.

    Raises:
        TypeError: values are no records, or have no such field.
    """
    position, field = _field(owner.__avro_schema__, name)
    assert is_dataclass(owner), "records are dataclasses, with their fields in the order of Avro's"
    get = attrgetter(fields(owner)[position].name)
    convert = _to_wire(field.type)
    return get if convert is None else lambda value: convert(get(value))


def _field(schema: Schema, name: str) -> tuple[int, model.Field]:
    record = schema.types[schema.type.name] if isinstance(schema.type, model.Reference) else None
    if isinstance(record, model.Record):
        for position, field in enumerate(record.fields):
            if field.name == name:
                return position, field
    raise TypeError(f"keys are to be taken from the field {name}, and {schema!r} has none")


def _to_wire(type_: model.AvroType) -> Callable[[Any], Any] | None:
    """From a Python value to that of the type without its logical type; None: they are the same."""
    match type_:
        case model.Primitive("string", model.Uuid()):
            return str
        case model.Primitive(name, logical) if logical is not None:
            from_python = Schema.parse(_dumped(type_)).to_avro
            to_plain = Schema.parse(f'"{name}"').from_avro
            return lambda value: to_plain(from_python(value))
        case _:
            return None


def _dumped(type_: model.AvroType) -> str:
    import json

    return json.dumps(type_json(type_))
