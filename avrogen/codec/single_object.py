"""Single-object encoding: data with the fingerprint of their schema.

A marker (``c3 01``), the CRC-64-AVRO fingerprint of the writer's schema in little-endian order,
and the data (specification, "Single-object encoding"). A fingerprint is that of the canonical
form, which has the layout of data, without logical types, defaults and aliases.
"""

from __future__ import annotations

from collections.abc import Iterable
from threading import Lock
from typing import TYPE_CHECKING, Any, Final

from avrogen.codec.schema import Schema
from avrogen.errors import DecodeError
from avrogen.fork_safety import renew_after_fork

if TYPE_CHECKING:
    from typing_extensions import Buffer

    from avrogen.codec.schema import SchemaOwner

__all__ = ["SchemaStore", "header", "read"]

_MARKER: Final = b"\xc3\x01"
_HEADER_SIZE: Final = 10


class SchemaStore:
    """Schemas of writers by fingerprint. It is thread-safe.

    To look up schemas elsewhere, such as in a database, override :meth:`find`.

    Args:
        schemas: the first schemas in it.
    """

    def __init__(self, schemas: Iterable[Schema] = ()) -> None:
        self._schemas: dict[bytes, Schema] = {}
        self._renew_lock()
        renew_after_fork(self, SchemaStore._renew_lock)
        for schema in schemas:
            self.add(schema)

    def _renew_lock(self) -> None:
        self._lock = Lock()

    def add(self, schema: Schema) -> None:
        """Add a schema, in place of any other with the same fingerprint."""
        fingerprint = schema.fingerprint()
        with self._lock:
            self._schemas[fingerprint] = schema

    def find(self, fingerprint: bytes) -> Schema | None:
        """Return the schema of a fingerprint, or None.

        Args:
            fingerprint: eight bytes, CRC-64-AVRO in little-endian order.
        """
        return self._schemas.get(fingerprint)


def header(schema: Schema) -> bytes:
    """Return the bytes in front of data of a schema."""
    return _MARKER + schema.fingerprint()


def read(
    owner: SchemaOwner | Schema,
    schema: Schema,
    data: Buffer,
    store: SchemaStore | None,
    *,
    named_branches: bool = False,
) -> Any:
    """Read a value of an owner with this schema.

    Args:
        owner: a generated class, a codec or a schema.
        schema: its schema.
        data: exactly one value with its schema's fingerprint in front.
        store: schemas of other writers, by fingerprint.
        named_branches: name the branches of unions in plain values.

    Raises:
        DecodeError: the header is missing, its schema is unknown, or the data are invalid.
    """
    from avrogen.codec.compilation import decoder_for, decoder_of, naming_decoders

    content = bytes(memoryview(data))
    if len(content) < _HEADER_SIZE or not content.startswith(_MARKER):
        raise DecodeError("not single-object encoding: it must begin with c3 01 and a fingerprint")
    fingerprint = content[len(_MARKER) : _HEADER_SIZE]
    if fingerprint == schema.fingerprint():
        decode = naming_decoders(schema).own if named_branches else decoder_of(owner)
    else:
        writer = store.find(fingerprint) if store else None
        if writer is None:
            message = f"unknown schema fingerprint {fingerprint.hex()}"
            raise DecodeError(message, offset=len(_MARKER))
        if named_branches:
            decode = naming_decoders(schema).find(writer)
        else:
            decode = decoder_for(owner, writer)
    try:
        return decode(content[_HEADER_SIZE:])
    except DecodeError as error:
        error.offset += _HEADER_SIZE
        raise
