"""fastavro between bytes and dicts, and code made for the schema between those and objects."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from benchmarks.codecs.contenders import fastavro_alone
from benchmarks.codecs.jobs import Job, Jobs
from benchmarks.codecs.workload import Workload

__all__ = ["prepare"]


def prepare(workload: Workload) -> Jobs:
    """Generated objects to bytes and back."""
    write, to_plain = fastavro_alone.writer(workload.schema), workload.conversion.to_plain

    def encode(value: Any) -> bytes:
        return write(to_plain(value))

    def decoder(read: Callable[[bytes], Any]) -> Callable[[bytes], Any]:
        to_object = workload.conversion.to_object

        def decode(data: bytes) -> Any:
            return to_object(read(data))

        return decode

    own = decoder(fastavro_alone.reader(workload.schema, names=True))
    evolve = None
    if (older := workload.older) is not None:
        other = decoder(fastavro_alone.reader(older.schema, workload.schema, names=True))
        evolve = Job("decode(data)", {"decode": other, "data": older.data})
    return Jobs(
        encode=Job("encode(value)", {"encode": encode, "value": workload.object}),
        decode=Job("decode(data)", {"decode": own, "data": workload.data}),
        evolve=evolve,
        equal=lambda read, plain: read == workload.conversion.to_object(plain),
    )
