"""How confluent-kafka calls serializers and deserializers: ``(value or bytes, context)``."""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol

from avrogen.kafka.framing import (
    KEY_HEADER,
    VALUE_HEADER,
    as_bytes,
    last_header,
    unframe,
    unframe_with_header,
)

if TYPE_CHECKING:
    from typing_extensions import Buffer

    from avrogen.kafka.framing import Headers, SchemaId
    from avrogen.kafka.subjects import Part

__all__ = ["Context", "named_schema", "part_of", "place", "split"]


class Context(Protocol):
    """What is used of ``confluent_kafka.serialization.SerializationContext``."""

    @property
    def topic(self) -> str: ...

    @property
    def field(self) -> str: ...

    @property
    def headers(self) -> Headers: ...


def part_of(context: Context) -> Part:
    """Whether it is about keys or about values."""
    return "key" if context.field == "key" else "value"


def split(data: Buffer, context: Context | None) -> tuple[bytes, bytes]:
    """What of a message names its schema, if anything does, and the rest of it.

    Nothing is looked at closely: this is done with every message, and most begin like others.

    Raises:
        FramingError: it is no buffer.
    """
    data = as_bytes(data)
    header = _header(context)
    if header is not None:
        return header, data
    end = 17 if data[:1] == b"\x01" else 5
    return data[:end], data[end:]


def named_schema(data: Buffer, context: Context | None) -> SchemaId:
    """The schema of a message that does not begin like others.

    Raises:
        FramingError: it names none.
    """
    header = _header(context)
    framed = unframe(data) if header is None else unframe_with_header(data, header)
    return framed.schema


def place(context: Context | None, schema: SchemaId) -> str:
    """Where an error came up, for a note to it."""
    where = "" if context is None else f" in a {part_of(context)} of topic {context.topic}"
    return f"{where.lstrip() or 'in a message'}, written with schema {schema}"


def _header(context: Context | None) -> bytes | None:
    if context is None or not context.headers:
        return None
    name = KEY_HEADER if context.field == "key" else VALUE_HEADER
    return last_header(context.headers, name)
