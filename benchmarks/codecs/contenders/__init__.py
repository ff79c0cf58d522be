"""The contenders. Each module prepares a workload as somebody who uses the library would."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Final

from benchmarks.codecs.contenders import (
    apache,
    avroschema,
    confluent,
    fastavro_alone,
    fastavro_converted,
    generated,
    messagepack,
    native,
)
from benchmarks.codecs.jobs import Jobs
from benchmarks.codecs.workload import Workload

__all__ = ["AVROGEN", "BASE", "CONTENDERS", "Contender"]


@dataclass(frozen=True)
class Contender:
    """A library, used in one way.

    Attributes:
        name: what the tables call it.
        module: which must be there.
        distribution: whose version is told.
        prepare: may raise anything where the library cannot do a workload.
    """

    name: str
    module: str
    distribution: str
    prepare: Callable[[Workload], Jobs]


AVROGEN: Final = Contender("avrogen", "avrogen", "avrogen", generated.prepare)

BASE: Final = Contender("fastavro, dicts", "fastavro", "fastavro", fastavro_alone.prepare)
"""Whom the others are compared with."""

CONTENDERS: Final = (
    AVROGEN,
    Contender("avrogen, native", "avrogen_native", "avrogen-native", native.prepare),
    BASE,
    Contender("fastavro, converted", "fastavro", "fastavro", fastavro_converted.prepare),
    Contender(
        "dataclasses-avroschema",
        "dataclasses_avroschema",
        "dataclasses-avroschema",
        avroschema.prepare,
    ),
    Contender(
        "confluent, converted",
        "confluent_kafka.schema_registry.avro",
        "confluent-kafka",
        confluent.prepare,
    ),
    Contender("Apache avro, dicts", "avro", "avro", apache.prepare),
    Contender("msgspec, MessagePack", "msgspec", "msgspec", messagepack.prepare),
)
