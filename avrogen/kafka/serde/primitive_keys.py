"""Keys of primitive types, in the encoding of Kafka's own serializers.

Numbers are big-endian and of fixed size, text is UTF-8, so that Java and Go decode these keys
without a registry, and assign them to the same partition.

Source: ``org.apache.kafka.common.serialization``
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from struct import Struct
from struct import error as StructError
from typing import Any, Final

from avrogen.errors import DecodeError, EncodeError
from avrogen.kafka.topic import PrimitiveKey

__all__ = ["KeyReader", "KeyWriter", "key_reader", "key_writer"]

KeyWriter = Callable[[Any], bytes]
"""Function from a key to its bytes. EncodeError: wrong type or out of range."""

KeyReader = Callable[[bytes], Any]
"""Function from bytes to the key. DecodeError: invalid bytes."""

_FORMATS: Final[Mapping[str, str]] = {"int": ">i", "long": ">q", "float": ">f", "double": ">d"}


def key_writer(type_: PrimitiveKey) -> KeyWriter:
    """Return the encoder of keys of a primitive type."""
    match type_:
        case "string":
            return _write_string
        case "bytes":
            return _write_bytes
        case "boolean":
            return _write_boolean
        case "int" | "long":
            return _int_writer(type_)
        case "float" | "double":
            return _float_writer(type_)


def key_reader(type_: PrimitiveKey) -> KeyReader:
    """Return the decoder of keys of a primitive type."""
    match type_:
        case "string":
            return _read_string
        case "bytes":
            return bytes
        case "boolean":
            return _read_boolean
        case "int" | "long" | "float" | "double":
            return _number_reader(type_)


# --- text, bytes, booleans ------------------------------------------------------------------------


def _write_string(key: Any) -> bytes:
    if not isinstance(key, str):
        raise _wrong_type("str", key)
    try:
        return key.encode()
    except UnicodeEncodeError:
        raise EncodeError("the key is not valid Unicode: it has half of a surrogate pair") from None


def _read_string(data: bytes) -> str:
    try:
        return data.decode()
    except UnicodeDecodeError as error:
        raise DecodeError("the key is not valid UTF-8", offset=error.start) from None


def _write_bytes(key: Any) -> bytes:
    if not isinstance(key, bytes):
        raise _wrong_type("bytes", key)
    return key


def _write_boolean(key: Any) -> bytes:
    if not isinstance(key, bool):
        raise _wrong_type("bool", key)
    return b"\x01" if key else b"\x00"


def _read_boolean(data: bytes) -> bool:
    if data not in (b"\x00", b"\x01"):
        raise DecodeError(f"expected a boolean key (a byte 0 or 1), got {data[:20]!r}")
    return data == b"\x01"


# --- numbers --------------------------------------------------------------------------------------


def _int_writer(type_: str) -> KeyWriter:
    layout = Struct(_FORMATS[type_])

    def write(key: Any) -> bytes:
        if not isinstance(key, int) or isinstance(key, bool):
            raise _wrong_type("int", key)
        try:
            return layout.pack(key)
        except StructError:
            raise EncodeError(
                f"key {key} is out of range for {type_} ({layout.size * 8} bits)"
            ) from None

    return write


def _float_writer(type_: str) -> KeyWriter:
    layout = Struct(_FORMATS[type_])

    def write(key: Any) -> bytes:
        if not isinstance(key, int | float) or isinstance(key, bool):
            raise _wrong_type("float", key)
        try:
            return layout.pack(key)
        except (StructError, OverflowError):
            raise EncodeError(
                f"key {key} is out of range for {type_} ({layout.size * 8} bits)"
            ) from None

    return write


def _number_reader(type_: str) -> KeyReader:
    layout = Struct(_FORMATS[type_])

    def read(data: bytes) -> Any:
        if len(data) != layout.size:
            raise DecodeError(
                f"expected {layout.size} bytes for a key of type {type_}, got {len(data)}"
            )
        return layout.unpack(data)[0]

    return read


def _wrong_type(wanted: str, key: object) -> EncodeError:
    return EncodeError(f"expected a key of type {wanted}, got {type(key).__qualname__}")
