"""dataclasses-avroschema, with the classes that its own generator makes of the schema."""

from __future__ import annotations

import sys
from importlib import import_module
from types import ModuleType
from typing import Any

from benchmarks.codecs.jobs import Job, Jobs, Unable
from benchmarks.codecs.plain import Json
from benchmarks.codecs.workload import Workload

__all__ = ["prepare"]


def prepare(workload: Workload) -> Jobs:
    """Its objects to bytes and back."""
    if (older := workload.older) is None:
        raise Unable("it has classes for records only")
    model = _model(workload.schema)
    value = model.deserialize(workload.data)
    names = {"model": model, "value": value, "data": workload.data}
    arguments = {"model": model, "data": older.data, "writer": older.schema}
    return Jobs(
        encode=Job("value.serialize()", names),
        decode=Job("model.deserialize(data)", names),
        evolve=Job("model.deserialize(data, writer_schema=writer)", arguments),
        equal=lambda read, plain: read.serialize() == workload.written(plain),
    )


def _model(schema: Json) -> Any:
    """The class of a record, in a module of its own."""
    generator = import_module("dataclasses_avroschema").ModelGenerator()
    name = f"models_of_{schema['name']}"
    module = sys.modules[name] = ModuleType(name)
    source = generator.render_module(schemas=[schema], model_type="dataclass")
    exec(compile(source, name, "exec", dont_inherit=True), module.__dict__)
    class_name = schema["name"]
    return getattr(module, class_name[0].upper() + class_name[1:])
