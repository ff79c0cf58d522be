"""Records as lines of JSON, with keys and values decoded by the ids of their schemas.

What cannot be decoded is there in base64, with the reason. ``avrogen send`` reads these lines.
"""

from __future__ import annotations

import json
from base64 import b64encode
from contextlib import suppress
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any, Final, Literal, NamedTuple, TypeAlias

from avrogen.avro.model import Reference, wire_name
from avrogen.console.schema_lookup import SchemasById, is_about_schema
from avrogen.errors import AvrogenError, DecodeError, RegistryError
from avrogen.kafka.serde.primitive_keys import KeyReader, key_reader
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
    from avrogen.console.topic_reader import TopicRecord
    from avrogen.kafka.topic import PrimitiveKey

__all__ = ["JsonPart", "KeyFormat", "KeyMatch", "RecordFormatter", "time_text"]

KeyFormat: TypeAlias = "Literal['auto', 'avro'] | PrimitiveKey"
"""Format of keys: ``avro`` with a schema id, one of Kafka's own, or ``auto`` for the first that
fits of ``avro`` and ``string``."""

_EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)


class JsonPart(NamedTuple):
    """A key or a value.

    Attributes:
        json: its JSON; None if it could not be decoded.
        problem: the reason.
    """

    json: str | None
    problem: str | None = None


_NULL: Final = JsonPart("null")


class RecordFormatter:
    """Formats the records of a topic.

    Args:
        schemas: schemas of the registry; None without one.
        keys: format of keys.
    """

    def __init__(self, schemas: SchemasById | None, keys: KeyFormat = "auto") -> None:
        self._schemas = schemas
        self._keys: KeyFormat = keys
        self._read_key: KeyReader | None = None
        if keys != "auto" and keys != "avro" and keys != "bytes":
            self._read_key = key_reader(keys)

    def line(self, record: TopicRecord) -> str:
        """Return a record as one line of JSON.

        Raises:
            RegistryError: the registry does not respond, or refuses the credentials.
        """
        framing: set[str] = set()
        key = self.key(record, framing)
        value = self._framed(record, record.value, VALUE_HEADER, framing)
        headers = [
            [name, _header_value(content)]
            for name, content in record.headers
            if name not in framing
        ]
        members = [
            *_members("key", key, record.key),
            *_members("value", value, record.value),
            f'"headers":{_dump(headers)}',
            f'"timestamp":{_dump(time_text(record.timestamp))}',
            f'"topic":{_dump(record.topic)}',
            f'"partition":{record.partition}',
            f'"offset":{record.offset}',
        ]
        return f"{{{','.join(members)}}}"

    def key(self, record: TopicRecord, framing: set[str] | None = None) -> JsonPart:
        """Return the key of a record.

        Args:
            record: the record.
            framing: gets the name of the header with the schema's GUID, if there is one.

        Raises:
            RegistryError: as :meth:`line`.
        """
        data = record.key
        if data is None:
            return _NULL
        if self._keys == "bytes":
            return JsonPart(None, "read as bytes")
        if self._read_key is not None:
            return _primitive(data, self._read_key)
        has_id = data[:1] in (b"\0", b"\1") or last_header(list(record.headers), KEY_HEADER)
        if self._keys == "auto" and not has_id:
            return _text(data)
        return self._framed(record, data, KEY_HEADER, set() if framing is None else framing)

    def _framed(
        self, record: TopicRecord, data: bytes | None, name: str, framing: set[str]
    ) -> JsonPart:
        """Return data with a schema id."""
        if data is None:
            return _NULL
        header = last_header(list(record.headers), name)
        try:
            framed = unframe(data) if header is None else unframe_with_header(data, header)
        except AvrogenError as error:
            return JsonPart(None, str(error))
        if self._schemas is None:
            id_ = framed.schema
            return JsonPart(
                None, f"encoded with schema id {id_}; no registry configured to decode it"
            )
        try:
            schema = self._schemas.get(framed.schema)
            text = schema.avro_to_json(framed.body)
        except RegistryError as error:
            if not is_about_schema(error):
                raise
            return JsonPart(None, str(error).partition("\n")[0])
        except AvrogenError as error:
            return JsonPart(None, str(error))
        if text == "null":
            # The same JSON is a tombstone.
            return JsonPart(None, "null of a schema, and no tombstone")
        if header is not None:
            framing.add(name)
        return JsonPart(_with_type(text, schema) if name == VALUE_HEADER else text)


class KeyMatch:
    """Predicate of records with a key.

    Args:
        key: the text of the key, or its JSON.
        formatter: decodes the keys.
    """

    def __init__(self, key: str, formatter: RecordFormatter) -> None:
        self._data = key.encode("utf-8", "surrogateescape")
        self._formatter = formatter
        self._trees: list[object] = [key]
        with suppress(ValueError, RecursionError):
            self._trees.append(json.loads(key))

    def __call__(self, record: TopicRecord) -> bool:
        """Return True if a record has the key.

        Raises:
            RegistryError: as :meth:`RecordFormatter.line`.
        """
        if record.key is None:
            return False
        if record.key == self._data:
            return True
        text = self._formatter.key(record).json
        return text is not None and json.loads(text) in self._trees


def _members(name: str, part: JsonPart, data: bytes | None) -> list[str]:
    if part.json is not None:
        return [f'"{name}":{part.json}']
    encoded = b64encode(data or b"").decode("ascii")
    return [f'"{name}_base64":"{encoded}"', f'"{name}_problem":{_dump(part.problem)}']


def _with_type(text: str, schema: Schema) -> str:
    """Return the JSON of a record with its name, as of a union: a topic may have several types."""
    type_ = schema.type
    if not isinstance(type_, Reference) or text[:1] != "{" or text.startswith('{"$type":'):
        return text
    tag = f'{{"$type":{_dump(wire_name(schema.types[type_.name]))}'
    return f"{tag}}}" if text == "{}" else f"{tag},{text[1:]}"


def _primitive(data: bytes, read: Any) -> JsonPart:
    try:
        value = read(data)
        if isinstance(value, float) and value - value != 0:
            return JsonPart(None, f"{value} is no number in JSON")
        return JsonPart(_dump(value))
    except DecodeError as error:
        return JsonPart(None, error.message)


def _text(data: bytes) -> JsonPart:
    """Return a key that is text; most keys are."""
    try:
        text = data.decode()
    except UnicodeDecodeError:
        return JsonPart(None, describe_bytes(data))
    if any(character < " " and character not in "\t\n\r" for character in text):
        return JsonPart(None, describe_bytes(data))
    return JsonPart(_dump(text))


def _header_value(data: bytes | None) -> object:
    if data is None:
        return None
    try:
        return data.decode()
    except UnicodeDecodeError:
        return {"base64": b64encode(data).decode("ascii")}


def time_text(milliseconds: int | None) -> str | int | None:
    """Return a timestamp in ISO 8601; the number, if it is out of range."""
    if milliseconds is None:
        return None
    try:
        time = _EPOCH + timedelta(milliseconds=milliseconds)
    except OverflowError:
        return milliseconds
    return f"{time.replace(tzinfo=None).isoformat(timespec='milliseconds')}Z"


def _dump(tree: object) -> str:
    return json.dumps(tree, ensure_ascii=False, separators=(",", ":"))
