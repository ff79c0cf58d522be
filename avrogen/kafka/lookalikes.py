"""What bytes look like that are not what they should be, in words for an error message.

A guess, which helps whoever looks for the producer that wrote them. It never decides anything.
"""

from __future__ import annotations

from typing import Final

__all__ = ["description"]

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


def description(data: bytes) -> str:
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
