"""fastavro, as it is: dicts. What everybody else is compared with."""

from __future__ import annotations

import io
from collections.abc import Callable
from importlib import import_module
from typing import Any

from benchmarks.codecs.jobs import Job, Jobs
from benchmarks.codecs.plain import Json, unforced
from benchmarks.codecs.workload import Workload

__all__ = ["prepare", "reader", "writer"]


def prepare(workload: Workload) -> Jobs:
    """Dicts to bytes and back, with schemas that were parsed before."""
    encode = writer(workload.schema)
    names = {"encode": encode, "value": workload.value}
    decode = {"decode": reader(workload.schema), "data": workload.data}
    evolve = None
    if workload.older is not None:
        older = reader(workload.older.schema, workload.schema)
        evolve = Job("decode(data)", {"decode": older, "data": workload.older.data})
    return Jobs(
        encode=Job("encode(value)", names),
        decode=Job("decode(data)", decode),
        evolve=evolve,
        equal=lambda read, plain: read == unforced(plain),
    )


def writer(schema: Json) -> Callable[[Any], bytes]:
    """A function that writes dicts."""
    fastavro: Any = import_module("fastavro")
    parsed, write = fastavro.parse_schema(schema), fastavro.schemaless_writer

    def encode(value: Any) -> bytes:
        out = io.BytesIO()
        write(out, parsed, value)
        return out.getvalue()

    return encode


def reader(schema: Json, todays: Json = None, *, names: bool = False) -> Callable[[bytes], Any]:
    """A function that reads dicts.

    Args:
        schema: the writer's.
        todays: the reader's, if it is another one.
        names: whether a record of a union of several is read as ``(name, record)``.
    """
    fastavro: Any = import_module("fastavro")
    read, parsed = fastavro.schemaless_reader, fastavro.parse_schema(schema)
    to = None if todays is None else fastavro.parse_schema(todays)

    def decode(data: bytes) -> Any:
        return read(io.BytesIO(data), parsed, to)

    def decode_with_names(data: bytes) -> Any:
        return read(
            io.BytesIO(data),
            parsed,
            to,
            return_record_name=True,
            return_record_name_override=True,
        )

    return decode_with_names if names else decode
