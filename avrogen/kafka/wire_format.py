"""Confluent's wire format: the schema id of a message, in both forms.

    in front of the body    00, the schema's id as 4 bytes, big-endian, body
    in a header             01, the schema's GUID as 16 bytes; the message is the body alone

Readers accept either form in either place, as Confluent's do (``DualSchemaIdDeserializer``). A
header has precedence; of several headers with one name, the last counts. Nothing here calls a
registry or Kafka.

:func:`describe_bytes` guesses the format of other bytes. The guess helps to find their producer; it
is for error messages only.

Source: docs.confluent.io/platform/current/schema-registry/fundamentals/serdes-develop/#wire-format
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final, NamedTuple, TypeAlias
from uuid import UUID

from avrogen.errors import EncodeError, FramingError

if TYPE_CHECKING:
    from typing_extensions import Buffer

__all__ = [
    "KEY_HEADER",
    "MAX_ID",
    "VALUE_HEADER",
    "Framed",
    "Headers",
    "SchemaId",
    "as_bytes",
    "describe_bytes",
    "frame_prefix",
    "header_value",
    "last_header",
    "unframe",
    "unframe_with_header",
]

KEY_HEADER: Final = "__key_schema_id"
"""Header with the GUID of the key's schema."""

VALUE_HEADER: Final = "__value_schema_id"
"""Header with the GUID of the value's schema."""

MAX_ID: Final = 2**31 - 1
"""Largest id: registries use Java's int, from 1. The wire has room for twice as many."""

SchemaId: TypeAlias = int | UUID
"""Id of a schema in one registry, or its GUID, which is the same in all registries."""

Headers: TypeAlias = "list[tuple[str, bytes | str | None]] | dict[str, bytes | str | None] | None"
"""Headers of a message, as confluent-kafka passes and accepts them."""

_ID_FORM = 0
_GUID_FORM = 1


class Framed(NamedTuple):
    """Schema id and body of a message.

    Attributes:
        schema: id or GUID of the schema that the body was written with.
        body: Avro's binary encoding of a value.
    """

    schema: SchemaId
    body: bytes


def frame_prefix(schema: int) -> bytes:
    """Return the 5 bytes in front of the body.

    Raises:
        EncodeError: the id is out of range.
    """
    if not 0 <= schema <= MAX_ID:
        raise EncodeError(f"schema id must be between 0 and {MAX_ID}, got {schema}")
    return schema.to_bytes(5, "big")


def header_value(schema: UUID) -> bytes:
    """Return the value of the header with a schema's GUID: 17 bytes."""
    return bytes([_GUID_FORM]) + schema.bytes


def unframe(data: Buffer) -> Framed:
    """Split a message with an id or a GUID in front.

    Raises:
        FramingError: there is neither; the error describes the bytes.
    """
    data = as_bytes(data)
    schema, end = _schema_id(data)
    return Framed(schema, data[end:])


def unframe_with_header(data: Buffer, header: Buffer) -> Framed:
    """Split a message with the id or GUID in a header; all of the message is body.

    Args:
        data: key or value of the message.
        header: value of :data:`KEY_HEADER` or :data:`VALUE_HEADER`.

    Raises:
        FramingError: the header has neither.
    """
    header = as_bytes(header)
    try:
        schema, end = _schema_id(header)
    except FramingError as error:
        raise FramingError(f"invalid schema id header: {error.message}") from None
    if end != len(header):
        raise FramingError(
            f"{len(header) - end} trailing bytes after the schema id in the header, as Protobuf "
            "has there: the message is probably Protobuf, not Avro",
            offset=end,
        )
    return Framed(schema, as_bytes(data))


def last_header(headers: Headers, name: str) -> bytes | None:
    """Return the value of the last header of a name; None if there is none or it has no value."""
    if headers is None:
        return None
    pairs = headers.items() if isinstance(headers, dict) else headers
    found = None
    for key, value in pairs:
        if key == name:
            found = value
    return found.encode() if isinstance(found, str) else found


def as_bytes(data: Buffer) -> bytes:
    """Return the bytes of a buffer, copied if it is mutable.

    Raises:
        FramingError: the object is not a buffer.
    """
    try:
        return data if isinstance(data, bytes) else bytes(memoryview(data))
    except TypeError:
        raise FramingError(f"expected bytes, got {type(data).__qualname__}") from None


def _schema_id(data: bytes) -> tuple[SchemaId, int]:
    """Return the id or the GUID at the beginning, and the position after it."""
    form = data[0] if data else None
    if form == _ID_FORM and len(data) >= 5:
        schema = int.from_bytes(data[1:5], "big")
        if schema <= MAX_ID:
            return schema, 5
        raise FramingError(f"schema id must be at most {MAX_ID}, got {schema}")
    if form == _GUID_FORM and len(data) >= 17:
        return UUID(bytes=data[1:17]), 17
    found = describe_bytes(data) if data else "0 bytes (a tombstone would be None)"
    raise FramingError(f"expected a schema id in front, got {found}")


_BEGINNINGS: Final = (
    (b"\xc3\x01", "Avro's single-object encoding; read it with from_single_object"),
    (b"Obj\x01", "an Avro data file"),
    (b"\x1f\x8b", "gzip data"),
    (b"\x28\xb5\x2f\xfd", "zstd data"),
    (b"\x04\x22\x4d\x18", "lz4 data"),
    (b"\xff\x06\x00\x00sNaPpY", "snappy data"),
    (b"\x82SNAPPY\x00", "snappy data"),
    (b"PK\x03\x04", "a zip archive"),
    (b"PAR1", "a Parquet file"),
    (b"%PDF-", "a PDF file"),
    (b"\xac\xed\x00\x05", "a serialized Java object"),
    (b"\x80\x04\x95", "a Python pickle"),
    (b"\x80\x05\x95", "a Python pickle"),
)

_SHOWN = 16
"""Number of bytes shown."""

_GLUE = 3
"""The first byte of AWS Glue's framing: version 3, a byte for compression, 16 bytes of a UUID."""


def describe_bytes(data: bytes) -> str:
    """Return a guess at the format of some bytes, with the first of them."""
    if not data:
        return "0 bytes"
    rest = "" if len(data) <= _SHOWN else ".."
    return f"{_guess(data)} ({len(data)} bytes: {data[:_SHOWN].hex(' ')}{rest})"


def _guess(data: bytes) -> str:
    for beginning, what in _BEGINNINGS:
        if data.startswith(beginning):
            return what
    if data[0] == 0 and len(data) < 5:
        return "a truncated schema id"
    if data[0] == 1 and len(data) < 17:
        return "a truncated schema GUID"
    if data[0] == _GLUE and data[1:2] in (b"\x00", b"\x05") and len(data) >= 18:
        return "the framing of AWS Glue Schema Registry"
    return _guess_text(data) or _guess_binary(data)


def _guess_text(data: bytes) -> str | None:
    try:
        # The last character may be truncated.
        text = data[:256].decode(errors="strict" if len(data) <= 256 else "ignore").strip()
    except UnicodeDecodeError:
        return None
    if not text or not all(c.isprintable() or c.isspace() for c in text):
        return None
    match text[0], data.rstrip()[-1:]:
        case ("{", b"}") | ("[", b"]") | ('"', b'"'):
            return "plain JSON"
        case ("<", b">"):
            return "XML or HTML"
        case _:
            return "text"


def _guess_binary(data: bytes) -> str:
    # A Protobuf tag: a field number above 0 and the wire type of a varint or of bytes.
    if data[0] in (0x08, 0x0A):
        return "perhaps Protobuf or Avro without a schema id"
    return "perhaps Avro without a schema id, or another serializer's format"
