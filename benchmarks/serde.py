"""What a message costs: ``make bench``, or ``python benchmarks/serde.py [--rounds N]``.

avrogen's serializer and deserializer beside confluent-kafka's own, in one process, in turns, with
the same registry; and beside what is under ours: ``to_avro`` and ``from_avro``, with the id put
before the bytes and taken off again by hand. ``README.md`` beside this file explains the table.
"""

from __future__ import annotations

import argparse
import json
import os
import platform
import sys
import tempfile
from collections.abc import Iterable, Iterator
from contextlib import closing
from importlib.metadata import version
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT))

from confluent_kafka.schema_registry import (  # noqa: E402 - needs the path above
    SchemaRegistryClient,
    avro,
)
from confluent_kafka.serialization import (  # noqa: E402 - as above
    MessageField,
    SerializationContext,
)

from avrogen.kafka import Deserializer, Serializer, connect  # noqa: E402 - as above
from avrogen.testing.registry import EmbeddedRegistry  # noqa: E402 - as above
from benchmarks.codecs.conversion import Conversion  # noqa: E402 - as above
from benchmarks.codecs.jobs import Job  # noqa: E402 - as above
from benchmarks.codecs.packages import Packages  # noqa: E402 - as above
from benchmarks.codecs.rounds import Times, measure  # noqa: E402 - as above
from benchmarks.codecs.tables import table  # noqa: E402 - as above
from benchmarks.codecs.workload import Workload  # noqa: E402 - as above
from benchmarks.codecs.workloads import workloads  # noqa: E402 - as above

_WORKLOADS = ("W1", "W2")
_AVROGEN = "avrogen"
_BY_HAND = "to_avro, from_avro, and the id by hand"
_DICTS = "confluent-kafka, dicts"
_OBJECTS = "confluent-kafka, dicts made of objects"
_CONTENDERS = (_AVROGEN, _BY_HAND, _DICTS, _OBJECTS)
_SAMPLE = 0.003

_Key = tuple[str, str, str]
"""A workload, a contender, and ``write`` or ``read``."""


def main() -> None:
    """Print the table."""
    parser = argparse.ArgumentParser(description="Measure serializers and deserializers.")
    parser.add_argument("--rounds", type=int, default=60, help="how often each is timed (60)")
    rounds = parser.parse_args().rounds
    print(
        f"Python {platform.python_version()}, {os.cpu_count()} cores; "
        f"confluent-kafka {version('confluent-kafka')}, fastavro {version('fastavro')}\n"
    )
    with tempfile.TemporaryDirectory(prefix="avrogen-bench-") as folder:
        for line in lines(Packages(Path(folder)), rounds=rounds, sample=_SAMPLE):
            print(line)


def lines(packages: Packages, *, rounds: int, sample: float) -> Iterator[str]:
    """The table: microseconds, and how many times as long that is as by hand."""
    chosen = [each for each in workloads(packages) if each.name in _WORKLOADS]
    with EmbeddedRegistry() as registry:
        jobs = dict(_jobs(registry.url, chosen))
        times = measure(jobs, rounds=rounds, sample=sample)
    kinds = [(name, what) for name in _WORKLOADS for what in ("write", "read")]
    header = ["", *(f"{name}, {what}" for name, what in kinds)]
    rows = [[who, *(_cell(times, name, who, what) for name, what in kinds)] for who in _CONTENDERS]
    yield from table(header, rows)


def _cell(times: Times[_Key], name: str, who: str, what: str) -> str:
    key, base = (name, who, what), (name, _BY_HAND, what)
    return f"{times.seconds(key) * 1e6:.2f} µs ({times.faster(base, key):.2f}x)"


def _jobs(url: str, chosen: Iterable[Workload]) -> Iterator[tuple[_Key, Job]]:
    """Of every workload, all who write and read it. By now all is known that registries know."""
    with (
        closing(connect({"url": url})) as ours,
        closing(SchemaRegistryClient({"url": url})) as theirs,
    ):
        for workload in chosen:
            context = SerializationContext(workload.name, MessageField.VALUE)
            write = Serializer[Any](ours, workload.owner, register=True)
            read = Deserializer[Any](ours, workload.owner)
            data = write(workload.object, context)
            assert data is not None
            parts = {_AVROGEN: (write, read, workload.object)}
            parts[_DICTS] = _confluent(theirs, workload, objects=False)
            parts[_OBJECTS] = _confluent(theirs, workload, objects=True)
            for who, (writer, reader, value) in parts.items():
                assert reader(writer(value, context), context) == value == reader(data, context)
                assert read(writer(value, context), context) == workload.object
                names = {"write": writer, "read": reader, "value": value, "data": data}
                names["context"] = context
                yield (workload.name, who, "write"), Job("write(value, context)", names)
                yield (workload.name, who, "read"), Job("read(data, context)", names)
            names = {"value": workload.object, "owner": workload.owner, "data": data}
            names["prefix"] = data[:5]
            yield (workload.name, _BY_HAND, "write"), Job("prefix + value.to_avro()", names)
            job = Job("data[0] == 0 and owner.from_avro(data[5:])", names)
            yield (workload.name, _BY_HAND, "read"), job


def _confluent(client: object, workload: Workload, *, objects: bool) -> tuple[Any, Any, Any]:
    """Confluent's serializer, its deserializer, and the value as they take it."""
    theirs: Any = avro  # its annotations are at odds with its documentation
    conversion = Conversion(workload.owner, named="all")
    text = json.dumps(workload.schema)
    # The default strategy asks for associations, which no other registry has.
    settings = {"subject.name.strategy.type": "TOPIC"}

    def to_dict(value: Any, _context: object) -> Any:
        return conversion.to_plain(value)

    def from_dict(value: Any, _context: object) -> Any:
        return conversion.to_object(value)

    convert = (to_dict, from_dict) if objects else (None, None)
    writer_settings = {**settings, "auto.register.schemas": False}
    write = theirs.AvroSerializer(client, text, convert[0], writer_settings)
    # The names of records in unions, without which dicts cannot be told apart.
    read = theirs.AvroDeserializer(client, text, convert[1], True, conf=settings)
    if objects:
        return write, read, workload.object
    context = SerializationContext(workload.name, MessageField.VALUE)
    plain = read(write(conversion.to_plain(workload.object), context), context)
    return write, read, plain


if __name__ == "__main__":
    main()
