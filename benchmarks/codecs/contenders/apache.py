"""Apache avro, the reference implementation in Python: dicts."""

from __future__ import annotations

import io
import json
from collections.abc import Callable
from importlib import import_module
from typing import Any
from uuid import UUID

from benchmarks.codecs.jobs import Job, Jobs
from benchmarks.codecs.plain import Json, is_object, unforced
from benchmarks.codecs.workload import Workload

__all__ = ["prepare"]


def prepare(workload: Workload) -> Jobs:
    """Dicts to bytes and back. The branch of a union is found by trying."""
    encode = _writer(workload.schema)
    value = _uuids_as_text(unforced(workload.value))
    own = _reader(workload.schema, workload.schema)
    evolve = None
    if (older := workload.older) is not None:
        other = _reader(older.schema, workload.schema)
        evolve = Job("decode(data)", {"decode": other, "data": older.data})
    return Jobs(
        encode=Job("encode(value)", {"encode": encode, "value": value}),
        decode=Job("decode(data)", {"decode": own, "data": workload.data}),
        evolve=evolve,
        equal=lambda read, plain: read == _uuids_as_text(unforced(plain)),
    )


def _uuids_as_text(value: Any) -> Any:
    """As it has them, at the top of a record."""
    if not is_object(value):
        return value
    return {key: str(item) if isinstance(item, UUID) else item for key, item in value.items()}


def _writer(schema: Json) -> Callable[[Any], bytes]:
    avro_io = import_module("avro.io")
    writer, encoder = avro_io.DatumWriter(_parse(schema)), avro_io.BinaryEncoder

    def encode(value: Any) -> bytes:
        out = io.BytesIO()
        writer.write(value, encoder(out))
        return out.getvalue()

    return encode


def _reader(schema: Json, todays: Json) -> Callable[[bytes], Any]:
    avro_io = import_module("avro.io")
    reader, decoder = avro_io.DatumReader(_parse(schema), _parse(todays)), avro_io.BinaryDecoder

    def decode(data: bytes) -> Any:
        return reader.read(decoder(io.BytesIO(data)))

    return decode


def _parse(schema: Json) -> Any:
    return import_module("avro.schema").parse(json.dumps(schema))
