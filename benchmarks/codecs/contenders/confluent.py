"""Confluent's serializer and deserializer, with conversion between dicts and objects.

They prepend the id of the schema; the registry is theirs for tests, in this process, and answers
from a cache in each call that is timed.
"""

from __future__ import annotations

import json
from importlib import import_module
from typing import Any

from benchmarks.codecs.conversion import Conversion
from benchmarks.codecs.jobs import Job, Jobs
from benchmarks.codecs.workload import Workload

__all__ = ["prepare"]


def prepare(workload: Workload) -> Jobs:
    """Generated objects to framed bytes and back."""
    registry = import_module("confluent_kafka.schema_registry")
    avro = import_module("confluent_kafka.schema_registry.avro")
    serialization = import_module("confluent_kafka.serialization")
    client = registry.SchemaRegistryClient.new_client({"url": "mock://benchmark"})
    field = serialization.MessageField.VALUE
    conversion = Conversion(workload.owner, named="all")
    text = json.dumps(workload.schema)

    def to_dict(value: Any, _context: Any) -> Any:
        return conversion.to_plain(value)

    def from_dict(value: Any, _context: Any) -> Any:
        return conversion.to_object(value)

    encode = avro.AvroSerializer(client, text, to_dict)
    decode = avro.AvroDeserializer(client, text, from_dict, return_record_name=True)
    context = serialization.SerializationContext("benchmark", field)

    names = {"encode": encode, "decode": decode, "context": context, "value": workload.object}
    evolve = None
    if (older := workload.older) is not None:
        schema = registry.Schema(json.dumps(older.schema), "AVRO")
        schema_id: int = client.register_schema("older", schema)
        framed = b"\0" + schema_id.to_bytes(4, "big") + older.data
        evolve = Job("decode(data, context)", {**names, "data": framed})
    return Jobs(
        encode=Job("encode(value, context)", names),
        decode=Job("decode(data, context)", {**names, "data": encode(workload.object, context)}),
        evolve=evolve,
        equal=lambda read, plain: read == workload.conversion.to_object(plain),
        header=5,
    )
