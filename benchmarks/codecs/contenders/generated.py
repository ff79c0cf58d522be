"""avrogen: objects of generated classes, by their methods."""

from __future__ import annotations

import json

from avrogen import Schema
from benchmarks.codecs.jobs import Job, Jobs
from benchmarks.codecs.workload import Workload

__all__ = ["prepare"]


def prepare(workload: Workload) -> Jobs:
    """The methods of a class, or of a codec if the schema is no named type."""
    owner = workload.owner
    names = {"owner": owner, "value": workload.object, "data": workload.data}
    encode = "value.to_avro()" if isinstance(owner, type) else "owner.to_avro(value)"
    evolve = None
    if (older := workload.older) is not None:
        writer = Schema.parse(json.dumps(older.schema))
        arguments = {"owner": owner, "data": older.data, "writer": writer}
        evolve = Job("owner.from_avro(data, writer=writer)", arguments)
    return Jobs(
        encode=Job(encode, names),
        decode=Job("owner.from_avro(data)", names),
        evolve=evolve,
        equal=lambda read, plain: read == workload.conversion.to_object(plain),
    )
