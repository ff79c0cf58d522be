"""Dead letters for people and for programs: decoded as far as that can be done."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from typing import TYPE_CHECKING, Any, Final, cast

from avrogen.codec.values import TimestampNanos
from avrogen.dead_letters.dead_letter_reader import DeadLetterRecord
from avrogen.errors import AvrogenError
from avrogen.kafka.registry.schema_references import resolve_references
from avrogen.kafka.serde.decoders import name_of
from avrogen.kafka.wire_format import (
    KEY_HEADER,
    VALUE_HEADER,
    describe_bytes,
    last_header,
    unframe,
    unframe_with_header,
)

if TYPE_CHECKING:
    from avrogen.codec.schema import Schema
    from avrogen.kafka.registry.protocol import SchemaRegistry
    from avrogen.kafka.wire_format import SchemaId

__all__ = ["Decoded", "Decoder", "dead_letter_json", "dead_letter_text"]

_LONGEST: Final = 2_000
"""Characters of a value in text: enough to know a message by."""

_EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)


@dataclass(frozen=True, slots=True)
class Decoded:
    """What bytes say.

    Attributes:
        type: the full name of the Avro type; None: it is text, or nothing is known.
        value: plain values; None if they could not be decoded.
        problem: why not; None: they could.
    """

    type: str | None
    value: Any
    problem: str | None = None


class Decoder:
    """Decodes keys and values with the schemas that they name.

    Args:
        registry: where these are; None: nowhere, and only text is recognised.
    """

    def __init__(self, registry: SchemaRegistry | None) -> None:
        self._registry = registry
        self._schemas: dict[SchemaId, Schema | str] = {}

    def value(self, letter: DeadLetterRecord) -> Decoded:
        """The value of a letter."""
        return self._decoded(letter.value, letter, VALUE_HEADER)

    def key(self, letter: DeadLetterRecord) -> Decoded:
        """The key of a letter: text, or something with a schema."""
        try:
            return self._text(letter.key)
        except UnicodeDecodeError:
            return self._decoded(letter.key, letter, KEY_HEADER)

    def _text(self, data: bytes | None) -> Decoded:
        text = None if data is None else data.decode()
        if text is not None and not text.isprintable():
            raise UnicodeDecodeError("utf-8", data or b"", 0, 1, "no text that can be shown")
        return Decoded(None, text)

    def _decoded(self, data: bytes | None, letter: DeadLetterRecord, name: str) -> Decoded:
        if data is None:
            return Decoded(None, None)
        header = last_header(list(letter.headers), name)
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
        """The schema of an id, or why there is none."""
        if self._registry is None:
            return f"written with schema {id_}, and no registry is given"
        found = self._schemas.get(id_)
        if found is None:
            try:
                if isinstance(id_, int):
                    text = self._registry.by_id(id_)
                else:
                    text = self._registry.by_guid(id_)
                found = resolve_references(self._registry, text, f"schema {id_}")
            except AvrogenError as error:
                found = str(error).partition("\n")[0]
            self._schemas[id_] = found
        return found


# --- for people -----------------------------------------------------------------------------------


def dead_letter_text(letter: DeadLetterRecord, decoder: Decoder) -> str:
    """A few lines on a letter."""
    return "\n".join(_lines(letter, decoder))


def _lines(letter: DeadLetterRecord, decoder: Decoder) -> Iterator[str]:
    yield f"{letter.topic} [{letter.partition}] {letter.offset}{_at(letter.timestamp, ', ')}"
    origin = letter.origin
    if origin is None:
        yield "  from     nobody says where: it has no headers of a dead letter"
    else:
        place = f"{origin.topic} [{origin.partition}] {origin.offset}"
        yield f"  from     {place}{_at(origin.timestamp, ', ')}"
        where = " ".join(filter(None, (origin.stage, "in" * bool(origin.handler), origin.handler)))
        yield f"  failed   {where}{', group ' * bool(origin.group)}{origin.group}"
        first, *more = origin.message.splitlines() or [""]
        yield f"  with     {origin.error}: {first}"
        yield from (f"           {line}" for line in more)
    yield f"  key      {_shown(decoder.key(letter), letter.key)}"
    yield f"  value    {_shown(decoder.value(letter), letter.value)}"
    for name, value in letter.headers:
        text = "" if value is None else value.decode("utf-8", "backslashreplace")
        yield f"  header   {name}: {_cut(text)}"


def _at(milliseconds: int | None, before: str) -> str:
    return "" if milliseconds is None else f"{before}{_time(milliseconds)}"


def _time(milliseconds: int) -> str:
    try:
        return (_EPOCH + timedelta(milliseconds=milliseconds)).isoformat(timespec="milliseconds")
    except OverflowError:
        return f"{milliseconds} ms since 1970"


def _shown(decoded: Decoded, data: bytes | None) -> str:
    if data is None:
        return "none"
    if decoded.problem is not None:
        kind = f"{decoded.type}: " if decoded.type else ""
        return _cut(f"{len(data)} bytes, {kind}{decoded.problem}")
    kind = f"{decoded.type} " if decoded.type else ""
    return _cut(kind + json.dumps(_plain(decoded.value), ensure_ascii=False))


def _cut(text: str) -> str:
    text = " ".join(text.split())
    return text if len(text) <= _LONGEST else f"{text[:_LONGEST]}... ({len(text)} characters)"


# --- for programs ---------------------------------------------------------------------------------


def dead_letter_json(letter: DeadLetterRecord, decoder: Decoder) -> str:
    """A line of JSON with all there is to say of a letter. Bytes are hexadecimal."""
    origin = letter.origin
    return json.dumps(
        {
            "topic": letter.topic,
            "partition": letter.partition,
            "offset": letter.offset,
            "timestamp": letter.timestamp,
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
            },
            "key": _as_json(decoder.key(letter), letter.key),
            "value": _as_json(decoder.value(letter), letter.value),
            "headers": [
                [name, None if value is None else value.decode("utf-8", "backslashreplace")]
                for name, value in letter.headers
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
        "value": _plain(decoded.value),
        "problem": decoded.problem,
    }


def _plain(value: Any) -> Any:
    """Plain values of Avro as JSON can have them."""
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
            return list(map(_plain, value))  # pyright: ignore[reportUnknownArgumentType]  # Any
        case dict():
            entries = cast("dict[str, Any]", value)
            return {key: _plain(item) for key, item in entries.items()}
        case _:
            return str(value)
