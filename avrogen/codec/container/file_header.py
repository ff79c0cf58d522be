"""Header of a container file: schema, codec, metadata and sync marker of the writer."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache
from types import MappingProxyType
from typing import Final

from avrogen.codec.container.input_file import InputFile
from avrogen.codec.schema import Schema
from avrogen.codec.varints import encode_long
from avrogen.errors import ConfigurationError, DecodeError, SchemaError
from avrogen.message_text import printable, shortened

__all__ = ["SYNC_SIZE", "FileHeader", "header_bytes", "read_header"]

SYNC_SIZE: Final = 16
"""Size of a sync marker, in bytes."""

_MAGIC: Final = b"Obj\x01"
_SCHEMA: Final = "avro.schema"
_CODEC: Final = "avro.codec"
_RESERVED: Final = "avro."

_MAX_HEADER: Final = 16 * 2**20
"""Greatest size of all metadata, in bytes."""

_MAX_ENTRIES: Final = 10_000
"""Greatest number of metadata entries."""

_MAX_SCHEMA: Final = 2**20
"""Greatest size of the schema's text, in bytes: that of the registry's clients as well."""

_SMALL_SCHEMA: Final = 32 * 1024
"""Size up to which a parsed schema is kept for other files."""

_OTHERS: Final = {
    b"": "it is empty",
    b"PAR1": "it is a Parquet file",
    b"\x1f\x8b": "it is compressed with gzip: decompress it",
    b"BZh": "it is compressed with bzip2: decompress it",
    b"\x28\xb5\x2f\xfd": "it is compressed with zstandard: decompress it",
    b"PK\x03\x04": "it is a zip archive",
    b"ORC": "it is an ORC file",
    b"{": "it looks like JSON",
    b"\xc3\x01": "it looks like single-object encoding: use from_single_object",
    b"\x00": "it looks like Confluent's wire format: use avrogen.kafka.Deserializer",
}
"""Other formats by their first bytes."""


@dataclass(frozen=True, slots=True)
class FileHeader:
    """Header of a container file.

    Attributes:
        schema: the writer's schema.
        codec: name of the compression codec.
        metadata: all metadata, with those of Avro itself.
        sync_marker: 16 bytes that follow the header and each block.
        size: size of the header with its sync marker, in bytes.
        is_small: the schema is so small that what is made of it may be kept.
    """

    schema: Schema
    codec: str
    metadata: Mapping[str, bytes]
    sync_marker: bytes
    size: int
    is_small: bool


def read_header(file: InputFile) -> FileHeader:
    """Read the header at the beginning of a file.

    Raises:
        DecodeError: it is invalid, or the writer's schema is.
    """
    _read_magic(file)
    metadata = _read_metadata(file)
    if _SCHEMA not in metadata:
        raise DecodeError(f"the header has no schema: {_SCHEMA} is missing", offset=file.position)
    text = metadata[_SCHEMA]
    codec = metadata.get(_CODEC, b"null").decode("utf-8", "backslashreplace")
    sync_marker = file.take(SYNC_SIZE)
    schema = _schema(text)
    return FileHeader(
        schema,
        codec,
        MappingProxyType(metadata),
        sync_marker,
        file.position,
        len(text) <= _SMALL_SCHEMA,
    )


def _read_magic(file: InputFile) -> None:
    found = file.take_up_to(len(_MAGIC))
    if found != _MAGIC:
        reason = next(
            (text for first, text in _OTHERS.items() if first and found.startswith(first)), None
        )
        if not found:
            reason = _OTHERS[b""]
        elif _MAGIC.startswith(found):
            reason = "it ends within its header"
        reason = reason or f"it begins with {found.hex(' ')} instead of {_MAGIC.hex(' ')}"
        raise DecodeError(f"not an Avro container file: {reason}")


def _read_metadata(file: InputFile) -> dict[str, bytes]:
    metadata: dict[str, bytes] = {}
    entries = 0
    while (count := file.long()) != 0:
        if count < 0:
            count = -count
            file.long()  # the size of this part, which is read entry by entry
        entries += count
        if entries > _MAX_ENTRIES:
            message = f"the header claims {entries:,} metadata entries; at most {_MAX_ENTRIES:,}"
            raise DecodeError(message, offset=file.position)
        for _ in range(count):
            start = file.position
            key = _read_bytes(file)
            try:
                metadata[key.decode()] = _read_bytes(file)
            except UnicodeDecodeError as error:
                message = f"a metadata key is invalid UTF-8: {error.reason}"
                raise DecodeError(message, offset=start) from None
    return metadata


def _read_bytes(file: InputFile) -> bytes:
    start = file.position
    size = file.long()
    if size < 0:
        raise DecodeError(f"the header has a negative length: {size}", offset=start)
    if file.position + size > _MAX_HEADER:
        message = f"the header is larger than {_MAX_HEADER:,} bytes: a length is {size:,}"
        raise DecodeError(message, offset=start)
    return file.take(size)


def _schema(data: bytes) -> Schema:
    """Return the writer's schema. What violates the specification and has a meaning is read."""
    if len(data) > _MAX_SCHEMA:
        raise DecodeError(f"the schema has {len(data):,} bytes; the limit is {_MAX_SCHEMA:,}")
    try:
        text = data.decode()
        return _small_schema(text) if len(data) <= _SMALL_SCHEMA else _parsed(text)
    except UnicodeDecodeError as error:
        raise DecodeError(f"the schema is invalid UTF-8: {error.reason}") from None
    except SchemaError as error:
        raise DecodeError(f"the writer's schema is invalid: {printable(str(error))}") from error


def _parsed(text: str) -> Schema:
    return Schema.parse(text, tolerant=True)


_small_schema: Final = lru_cache(maxsize=16)(_parsed)


def header_bytes(
    schema: Schema, codec: str, metadata: Mapping[str, str | bytes], sync_marker: bytes
) -> bytes:
    """Return the header of a file.

    Args:
        schema: schema of the values.
        codec: name of the compression codec.
        metadata: the user's metadata; texts are encoded in UTF-8.
        sync_marker: 16 bytes, which are random.

    Raises:
        ConfigurationError: a key is Avro's own, or the marker has another size.
    """
    if len(sync_marker) != SYNC_SIZE:
        message = f"a sync marker has {SYNC_SIZE} bytes, not {len(sync_marker)}"
        raise ConfigurationError(message, setting="sync_marker")
    entries = {_SCHEMA: str(schema).encode(), _CODEC: codec.encode()}
    for key, value in metadata.items():
        if key.startswith(_RESERVED):
            raise ConfigurationError(
                f"metadata key {shortened(key)} is reserved",
                setting="metadata",
                hint=f'keys that begin with "{_RESERVED}" belong to Avro: choose another',
            )
        entries[key] = value.encode() if isinstance(value, str) else bytes(value)
    parts = [_MAGIC, encode_long(len(entries))]
    for key, content in entries.items():
        name = key.encode()
        parts += encode_long(len(name)), name, encode_long(len(content)), content
    return b"".join([*parts, b"\x00", sync_marker])
