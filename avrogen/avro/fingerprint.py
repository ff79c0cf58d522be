"""Fingerprints of schemas (Avro 1.12, "Schema Fingerprints")."""

from __future__ import annotations

import functools
import hashlib
from typing import Literal, TypeAlias, assert_never

__all__ = ["Algorithm", "crc64_avro", "fingerprint"]

Algorithm: TypeAlias = Literal["crc64-avro", "md5", "sha256"]

_EMPTY = 0xC15D213AA4D7A795


def fingerprint(canonical_form: str, algorithm: Algorithm = "crc64-avro") -> bytes:
    """The fingerprint of a schema in Parsing Canonical Form.

    CRC-64-AVRO has the order of bytes that single-object encoding gives it: little-endian.
    """
    data = canonical_form.encode()
    match algorithm:
        case "crc64-avro":
            return crc64_avro(data).to_bytes(8, "little")
        case "md5":
            return hashlib.md5(data, usedforsecurity=False).digest()
        case "sha256":
            return hashlib.sha256(data).digest()
        case _:
            assert_never(algorithm)


def crc64_avro(data: bytes) -> int:
    """The 64-bit Rabin fingerprint of the specification, as an unsigned integer."""
    table = _table()
    value = _EMPTY
    for byte in data:
        value = (value >> 8) ^ table[(value ^ byte) & 0xFF]
    return value


@functools.cache
def _table() -> tuple[int, ...]:
    table: list[int] = []
    for byte in range(256):
        value = byte
        for _ in range(8):
            value = (value >> 1) ^ (_EMPTY if value & 1 else 0)
        table.append(value)
    return tuple(table)
