"""fastavro and Apache avro as they write and read raw values, without logical types."""

from __future__ import annotations

import io
import json
from typing import Any

import avro.io
import avro.schema
import fastavro

from tests.support.strategies import without_logical_types

__all__ = ["Apache", "FastAvro"]

# The types of both are too loose for a strict checker, or not there.
_fastavro: Any = fastavro
_apache_io: Any = avro.io
_apache_schema: Any = avro.schema


class FastAvro:
    """fastavro for one schema."""

    def __init__(self, schema: Any) -> None:
        self._schema = _fastavro.parse_schema(without_logical_types(schema))

    def write(self, raw: Any) -> bytes:
        """A value whose union branches are forced."""
        out = io.BytesIO()
        _fastavro.schemaless_writer(out, self._schema, raw)
        return out.getvalue()

    def read(self, data: bytes, reader: FastAvro | None = None) -> Any:
        """A value in base types; of the ``reader``'s schema, if there is one."""
        own = None if reader is None else reader._schema
        return _fastavro.schemaless_reader(io.BytesIO(data), self._schema, own)


class Apache:
    """Apache avro for one schema. It reads only: what it writes for a union is its own choice."""

    def __init__(self, schema: Any) -> None:
        self._schema = _apache_schema.parse(json.dumps(without_logical_types(schema)))

    def read(self, data: bytes) -> Any:
        """A value in base types."""
        reader = _apache_io.DatumReader(self._schema)
        return reader.read(_apache_io.BinaryDecoder(io.BytesIO(data)))
