"""Dead-lettered records as text and JSON, with keys and values decoded by their schema ids.

Bytes that cannot be decoded are described: the reason is part of the output.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from typing import TYPE_CHECKING, Any, Final, cast

from avrogen.codec.values import TimestampNanos
from avrogen.console.schema_lookup import SchemasById
from avrogen.dead_letters.dead_letter_reader import DeadLetterRecord
from avrogen.errors import AvrogenError
from avrogen.kafka.serde.decoders import name_of
from avrogen.kafka.wire_format import (
    KEY_HEADER,
    VALUE_HEADER,
    describe_bytes,
    last_header,
    unframe,
    unframe_with_header,
)
from avrogen.message_text import printable

if TYPE_CHECKING:
    from avrogen.codec.schema import Schema
    from avrogen.kafka.registry.protocol import SchemaRegistry
    from avrogen.kafka.wire_format import SchemaId

__all__ = ["Decoded", "Decoder", "dead_letter_json", "dead_letter_text"]

_LONGEST: Final = 2_000
"""Characters of a value in text."""

_EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)


@dataclass(frozen=True, slots=True)
class Decoded:
    """Decoded bytes.

    Attributes:
        type: full name of the Avro type; None for text and unknown data.
        value: plain values; None if the bytes could not be decoded.
        problem: reason why the bytes could not be decoded; None if they could.
    """

    type: str | None
    value: Any
    problem: str | None = None


class Decoder:
    """A decoder of keys and values by their schema ids.

    Args:
        registry: registry of the schemas; without one, only text is decoded.
    """

    def __init__(self, registry: SchemaRegistry | None) -> None:
        self._registry = None if registry is None else SchemasById(registry)

    def value(self, record: DeadLetterRecord) -> Decoded:
        """Decode the value of a record."""
        return self._decoded(record.value, record, VALUE_HEADER)

    def key(self, record: DeadLetterRecord) -> Decoded:
        """Decode the key of a record: text, or data with a schema id."""
        try:
            return self._text(record.key)
        except UnicodeDecodeError:
            return self._decoded(record.key, record, KEY_HEADER)

    def _text(self, data: bytes | None) -> Decoded:
        text = None if data is None else data.decode()
        if text is not None and not text.isprintable():
            raise UnicodeDecodeError("utf-8", data or b"", 0, 1, "not printable")
        return Decoded(None, text)

    def _decoded(self, data: bytes | None, record: DeadLetterRecord, name: str) -> Decoded:
        if data is None:
            return Decoded(None, None)
        header = last_header(list(record.headers), name)
        try:
            framed = unframe(data) if header is None else unframe_with_header(data, header)
        except AvrogenError:
            return Decoded(None, None, describe_bytes(data))
        schema = self._schema(framed.schema)
        if isinstance(schema, str):
            return Decoded(None, None, schema)
        try:
            return Decoded(name_of(schema), schema.from_avro(framed.body))
        except AvrogenError as error:
            return Decoded(name_of(schema), None, str(error))

    def _schema(self, id_: SchemaId) -> Schema | str:
        """Return the schema of an id, or the reason why it is unknown."""
        if self._registry is None:
            return f"encoded with schema id {id_}; no registry configured to decode it"
        try:
            return self._registry.get(id_)
        except AvrogenError as error:
            return str(error).partition("\n")[0]


# --- text -----------------------------------------------------------------------------------------


def dead_letter_text(record: DeadLetterRecord, decoder: Decoder) -> str:
    """Return the lines of a record."""
    return "\n".join(_lines(record, decoder))


def _lines(record: DeadLetterRecord, decoder: Decoder) -> Iterator[str]:
    yield f"{record.topic} [{record.partition}] {record.offset}{_at(record.timestamp, ', ')}"
    origin = record.origin
    if origin is None:
        yield "  from     unknown: the record has no valid dead-letter headers"
    else:
        place = f"{printable(origin.topic)} [{origin.partition}] {origin.offset}"
        yield f"  from     {place}{_at(origin.timestamp, ', ')}"
        step = " ".join(filter(None, (origin.stage, "in" * bool(origin.handler), origin.handler)))
        step += f", group {origin.group}" if origin.group else ""
        yield f"  failed   {printable(step)}"
        first, *more = origin.message.splitlines() or [""]
        yield f"  with     {printable(f'{origin.error}: {first}')}"
        yield from (f"           {printable(line)}" for line in more)
        if origin.dropped:
            yield f"  dropped  {printable(origin.dropped)}"
    yield f"  key      {_content(decoder.key(record), record.key)}"
    yield f"  value    {_content(decoder.value(record), record.value)}"
    for name, value in record.headers:
        text = "" if value is None else value.decode("utf-8", "backslashreplace")
        yield f"  header   {printable(name)}: {_shortened(text)}"


def _at(milliseconds: int | None, before: str) -> str:
    return "" if milliseconds is None else f"{before}{_time(milliseconds)}"


def _time(milliseconds: int) -> str:
    try:
        return (_EPOCH + timedelta(milliseconds=milliseconds)).isoformat(timespec="milliseconds")
    except OverflowError:
        return f"{milliseconds} ms since 1970"


def _content(decoded: Decoded, data: bytes | None) -> str:
    if data is None:
        return "none"
    if decoded.problem is not None:
        kind = f"{decoded.type}: " if decoded.type else ""
        return _shortened(f"{len(data)} bytes, {kind}{decoded.problem}")
    kind = f"{decoded.type} " if decoded.type else ""
    return _shortened(kind + json.dumps(_json_value(decoded.value), ensure_ascii=False))


def _shortened(text: str) -> str:
    text = printable(" ".join(text.split()))
    return text if len(text) <= _LONGEST else f"{text[:_LONGEST]}... ({len(text)} characters)"


# --- JSON -----------------------------------------------------------------------------------------


def dead_letter_json(record: DeadLetterRecord, decoder: Decoder) -> str:
    """Return a record as a line of JSON, with bytes in hexadecimal."""
    origin = record.origin
    return json.dumps(
        {
            "topic": record.topic,
            "partition": record.partition,
            "offset": record.offset,
            "timestamp": record.timestamp,
            "origin": origin
            and {
                "topic": origin.topic,
                "partition": origin.partition,
                "offset": origin.offset,
                "timestamp": origin.timestamp,
                "stage": origin.stage,
                "group": origin.group,
                "handler": origin.handler,
                "error": origin.error,
                "message": origin.message,
                "traceback": origin.traceback,
                "dropped": origin.dropped,
            },
            "key": _as_json(decoder.key(record), record.key),
            "value": _as_json(decoder.value(record), record.value),
            "headers": [
                [name, None if value is None else value.decode("utf-8", "backslashreplace")]
                for name, value in record.headers
            ],
        },
        ensure_ascii=False,
    )


def _as_json(decoded: Decoded, data: bytes | None) -> Mapping[str, object] | None:
    if data is None:
        return None
    return {
        "bytes": data.hex(),
        "type": decoded.type,
        "value": _json_value(decoded.value),
        "problem": decoded.problem,
    }


def _json_value(value: Any) -> Any:
    """Return plain Avro values as JSON values."""
    match value:
        case None | bool() | str():
            return value
        case TimestampNanos():
            return str(value)
        case int() | float():
            return value
        case bytes():
            return value.hex()
        case datetime() | date() | time():
            return value.isoformat()
        case list():
            items = map(_json_value, value)  # pyright: ignore[reportUnknownArgumentType]  # Any
            return list(items)
        case dict():
            entries = cast("dict[str, Any]", value)
            return {key: _json_value(item) for key, item in entries.items()}
        case _:
            return str(value)
