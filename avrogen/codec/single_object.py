"""Single-object encoding: data that say which schema they were written with.

A marker (``c3 01``), the CRC-64-AVRO fingerprint of the writer's schema in little-endian order,
and the data (specification, "Single-object encoding"). Fingerprints are those of the canonical
form, which says how data are laid out and nothing of logical types, defaults or aliases.
"""

from __future__ import annotations

from collections.abc import Iterable
from threading import Lock
from typing import TYPE_CHECKING, Any, Final

from avrogen.codec.schema import Schema
from avrogen.errors import DecodeError

if TYPE_CHECKING:
    from typing_extensions import Buffer

    from avrogen.codec.schema import SchemaOwner

__all__ = ["SchemaStore", "header", "read"]

_MARKER: Final = b"\xc3\x01"
_HEADER_SIZE: Final = 10


class SchemaStore:
    """Schemas of writers, to be found by their fingerprints.

    It may be read and added to from several threads. To look elsewhere for a schema that is not
    there, such as in a database, override :meth:`find`.
    """

    def __init__(self, schemas: Iterable[Schema] = ()) -> None:
        """A store with these schemas in it."""
        self._schemas: dict[bytes, Schema] = {}
        self._lock = Lock()
        for schema in schemas:
            self.add(schema)

    def add(self, schema: Schema) -> None:
        """Put a schema in, in place of any other with the same fingerprint."""
        fingerprint = schema.fingerprint()
        with self._lock:
            self._schemas[fingerprint] = schema

    def find(self, fingerprint: bytes) -> Schema | None:
        """The schema of a fingerprint.

        Args:
            fingerprint: eight bytes, CRC-64-AVRO in little-endian order.
        """
        return self._schemas.get(fingerprint)


def header(schema: Schema) -> bytes:
    """What stands before data of a schema."""
    return _MARKER + schema.fingerprint()


def read(
    owner: SchemaOwner | Schema, schema: Schema, data: Buffer, store: SchemaStore | None
) -> Any:
    """A value of an owner with this schema.

    Raises:
        DecodeError: it does not begin as it should, its schema is not known, or it is not the
            encoding of such a value.
    """
    from avrogen.codec.compilation import decoder_for, decoder_of

    content = bytes(memoryview(data))
    if len(content) < _HEADER_SIZE or not content.startswith(_MARKER):
        raise DecodeError("no single-object encoding, which begins with c3 01 and a fingerprint")
    fingerprint = content[len(_MARKER) : _HEADER_SIZE]
    if fingerprint == schema.fingerprint():
        decode = decoder_of(owner)
    else:
        writer = store.find(fingerprint) if store else None
        if writer is None:
            message = f"no schema is known with the fingerprint {fingerprint.hex()}"
            raise DecodeError(message, offset=len(_MARKER))
        decode = decoder_for(owner, writer)
    try:
        return decode(content[_HEADER_SIZE:])
    except DecodeError as error:
        error.offset += _HEADER_SIZE
        raise
