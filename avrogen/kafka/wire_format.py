"""How a message says which schema it was written with: Confluent's wire format, both forms.

    in front of the body    00, the schema's id as 4 bytes, big-endian, body
    in a header             01, the schema's GUID as 16 bytes; the message is the body alone

Readers take either form in either place, as Confluent's do (``DualSchemaIdDeserializer``): a header
that is there counts, and among several of one name the last. Nothing here asks a registry, or knows
of Kafka.

Source: docs.confluent.io/platform/current/schema-registry/fundamentals/serdes-develop/#wire-format

What bytes look like that are not what they should be, in words for an error message.

A guess, which helps whoever looks for the producer that wrote them. It never decides anything.
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
    "frame",
    "frame_prefix",
    "header_value",
    "last_header",
    "unframe",
    "unframe_with_header",
]

KEY_HEADER: Final = "__key_schema_id"
"""The header that names the schema of a message's key."""

VALUE_HEADER: Final = "__value_schema_id"
"""The header that names the schema of a message's value."""

MAX_ID: Final = 2**31 - 1
"""Registries number schemas with Java's int, from 1. The wire has room for twice as many."""

SchemaId: TypeAlias = int | UUID
"""What names a schema: an id that one registry gave, or a GUID that all would give."""

Headers: TypeAlias = "list[tuple[str, bytes | str | None]] | dict[str, bytes | str | None] | None"
"""Headers of a message, as confluent-kafka gives and takes them."""

_ID_FORM = 0
_GUID_FORM = 1


class Framed(NamedTuple):
    """A message taken apart.

    Attributes:
        schema: what names the schema that the body was written with.
        body: Avro's binary encoding of a value.
    """

    schema: SchemaId
    body: bytes


def frame(schema: int, body: Buffer) -> bytes:
    """A message with its schema's id in front.

    Raises:
        EncodeError: no registry gives such an id.
    """
    return frame_prefix(schema) + body


def frame_prefix(schema: int) -> bytes:
    """What stands in front of the body: always 5 bytes.

    Raises:
        EncodeError: no registry gives such an id.
    """
    if not 0 <= schema <= MAX_ID:
        raise EncodeError(f"{schema} cannot be the id of a schema: ids are 0 to {MAX_ID}")
    return schema.to_bytes(5, "big")


def header_value(schema: UUID) -> bytes:
    """The value of the header that names a schema: always 17 bytes."""
    return bytes([_GUID_FORM]) + schema.bytes


def unframe(data: Buffer) -> Framed:
    """Take a message apart that has its schema's id, or its GUID, in front.

    Raises:
        FramingError: it has neither; the error says what it looks like instead.
    """
    data = as_bytes(data)
    schema, end = _schema_id(data)
    return Framed(schema, data[end:])


def unframe_with_header(data: Buffer, header: Buffer) -> Framed:
    """Likewise for a message whose schema is named in a header; all of it is body.

    Args:
        data: the message's key or value.
        header: the value of :data:`KEY_HEADER` or :data:`VALUE_HEADER`.

    Raises:
        FramingError: the header names no schema.
    """
    header = as_bytes(header)
    try:
        schema, end = _schema_id(header)
    except FramingError as error:
        raise FramingError(f"the header names no schema: {error.message}") from None
    if end != len(header):
        raise FramingError(
            f"the header names a schema and goes on for {len(header) - end} bytes, as the message "
            "indexes of Protobuf do: the message is probably Protobuf, not Avro",
            offset=end,
        )
    return Framed(schema, as_bytes(data))


def last_header(headers: Headers, name: str) -> bytes | None:
    """The value of the last header of a name; None: there is none, or it has no value."""
    if headers is None:
        return None
    pairs = headers.items() if isinstance(headers, dict) else headers
    found = None
    for key, value in pairs:
        if key == name:
            found = value
    return found.encode() if isinstance(found, str) else found


def as_bytes(data: Buffer) -> bytes:
    """The bytes of a buffer, copied if it can change.

    Raises:
        FramingError: it is no buffer.
    """
    try:
        return data if isinstance(data, bytes) else bytes(memoryview(data))
    except TypeError:
        raise FramingError(f"expected bytes, got {type(data).__qualname__}") from None


def _schema_id(data: bytes) -> tuple[SchemaId, int]:
    """The id or the GUID at the beginning of some bytes, and where it ends."""
    form = data[0] if data else None
    if form == _ID_FORM and len(data) >= 5:
        schema = int.from_bytes(data[1:5], "big")
        if schema <= MAX_ID:
            return schema, 5
        raise FramingError(f"{schema} cannot be the id of a schema: ids are at most {MAX_ID}")
    if form == _GUID_FORM and len(data) >= 17:
        return UUID(bytes=data[1:17]), 17
    raise FramingError(f"expected the id of a schema in front, got {describe_bytes(data)}")


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
"""Bytes that are shown."""

_GLUE = 3
"""The first byte of AWS Glue's framing: version 3, a byte for compression, 16 bytes of a UUID."""


def describe_bytes(data: bytes) -> str:
    """What the bytes look like, and the first of them."""
    if not data:
        return "no bytes at all (a tombstone would be None)"
    rest = "" if len(data) <= _SHOWN else ".."
    return f"{_guess(data)} ({len(data)} bytes: {data[:_SHOWN].hex(' ')}{rest})"


def _guess(data: bytes) -> str:
    for beginning, what in _BEGINNINGS:
        if data.startswith(beginning):
            return what
    if data[0] == 0 and len(data) < 5:
        return "the beginning of an id that is cut off"
    if data[0] == 1 and len(data) < 17:
        return "the beginning of a GUID that is cut off"
    if data[0] == _GLUE and data[1:2] in (b"\x00", b"\x05") and len(data) >= 18:
        return "the framing of AWS Glue Schema Registry"
    return _guess_text(data) or _guess_binary(data)


def _guess_text(data: bytes) -> str | None:
    try:
        # A character may be cut off at the end of what is looked at.
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
    # A key of Protobuf: a field's number, above 0, and the wire type of a varint or of bytes.
    if data[0] in (0x08, 0x0A):
        return "bare Protobuf perhaps, or bare Avro"
    return "bare Avro perhaps, or what another serializer wrote"
