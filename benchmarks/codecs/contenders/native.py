"""avrogen's native codec: objects of generated classes, by methods as the classes get them."""

from __future__ import annotations

import json
from importlib import import_module
from typing import Any, cast

from avrogen import Schema
from avrogen.codec.compilation import classes_of, overrides_of
from avrogen.codec.native_backend import NativeModule, native_decoder, native_encoder
from avrogen.codec.planner import plan_for, under_options
from avrogen.codec.resolving_planner import plan_to_read
from benchmarks.codecs.jobs import Job, Jobs
from benchmarks.codecs.workload import Workload

__all__ = ["prepare"]


def prepare(workload: Workload) -> Jobs:
    """Methods beside those of the Python backend, ``native_to_avro`` and ``native_from_avro``."""
    native = cast("NativeModule", import_module("avrogen_native"))
    owner: Any = workload.owner
    schema: Schema = owner.__avro_schema__
    classes = classes_of(owner)
    plan = plan_for(schema.type, schema.types, classes, overrides=overrides_of(owner))
    plan = under_options(plan, schema.times)
    known: dict[int, Any] = {}

    def find(writer: Schema) -> Any:
        types = schema.type, schema.types, writer.type, writer.types
        read = native_decoder(native, plan_to_read(*types, classes), None, None)
        known[id(writer)] = read
        return read

    encode = native_encoder(native, plan, None)
    decode = native_decoder(native, plan, (known, find), None)
    assert encode is not None and decode is not None, "no workload is left to the Python backend"
    if isinstance(owner, type):
        for name, method in (("to_avro", encode), ("from_avro", staticmethod(decode))):
            setattr(owner, f"native_{name}", method)
        call = "value.native_to_avro()"
    else:
        owner.native_to_avro, owner.native_from_avro = encode, decode
        call = "owner.native_to_avro(value)"
    names = {"owner": owner, "value": workload.object, "data": workload.data}
    evolve = None
    if (older := workload.older) is not None:
        writer = Schema.parse(json.dumps(older.schema))
        arguments = {"owner": owner, "data": older.data, "writer": writer}
        evolve = Job("owner.native_from_avro(data, writer=writer)", arguments)
    return Jobs(
        encode=Job(call, names),
        decode=Job("owner.native_from_avro(data)", names),
        evolve=evolve,
        equal=lambda read, plain: read == workload.conversion.to_object(plain),
    )
