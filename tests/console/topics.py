"""A topic for the commands, and what they print of it."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from click.testing import CliRunner, Result
from confluent_kafka import Producer

from avrogen.cli import main
from avrogen.kafka.wire_format import frame_prefix
from avrogen.testing.broker import Record
from tests.support.clusters import AnyCluster
from tests.support.registry_requests import ask, path

__all__ = ["ORDER", "Shell", "no_topic", "register"]

ORDER: dict[str, Any] = {
    "type": "record",
    "name": "shop.Order",
    "fields": [
        {"name": "id", "type": "long"},
        {"name": "paid", "type": ["null", "int", "string"], "default": None},
    ],
}


def register(cluster: AnyCluster, subject: str, schema: object, **contract: object) -> int:
    """Register a schema; returns its id."""
    body = {"schema": json.dumps(schema), **contract}
    status, answer = ask(cluster.registry_url + path("subjects", subject, "versions"), "POST", body)
    assert status == 200, answer
    return int(answer["id"])


def no_topic(name: str, partitions: int) -> None:
    """Create no topic: the brokers are away, or known by another address."""


@dataclass(frozen=True)
class Shell:
    """The commands, with brokers, a registry and a topic.

    Attributes:
        cluster: brokers and registry.
        topic: the topic.
    """

    cluster: AnyCluster
    topic: str

    @classmethod
    def of(cls, cluster: AnyCluster, partitions: int = 1) -> Shell:
        """A shell with a new topic."""
        return cls(cluster, cluster.topic(partitions))

    def run(self, command: str, *arguments: str | Path, lines: str | bytes | None = None) -> Result:
        """What a command prints and returns."""
        where = ["--brokers", self.cluster.bootstrap_servers]
        if "--registry" not in arguments:
            where += ["--registry", self.cluster.registry_url]
        given = [command, self.topic, *map(str, arguments), *where]
        result = CliRunner().invoke(main, given, input=lines)
        if result.exception is not None and not isinstance(result.exception, SystemExit):
            raise result.exception
        return result

    def read(self, *arguments: str) -> list[dict[str, Any]]:
        """The lines that are printed, which are JSON."""
        result = self.run("read", *arguments)
        assert result.exit_code == 0, result.output
        return [json.loads(line) for line in result.stdout.splitlines()]

    def values(self, *arguments: str) -> list[Any]:
        """Their values."""
        return [line["value"] for line in self.read(*arguments)]

    def produce(self, *records: tuple[Any, ...], **more: Any) -> None:
        """Produce records: value, key, partition, timestamp."""
        producer = Producer({"bootstrap.servers": self.cluster.bootstrap_servers, "linger.ms": 0})
        for record in records:
            given = dict(zip(("value", "key", "partition", "timestamp"), record, strict=False))
            arguments: dict[str, Any] = {"partition": 0, **given, **more}
            producer.produce(self.topic, **arguments)
        assert producer.flush(30) == 0

    def produce_strings(self, *texts: str, partition: int = 0, start: int = 1) -> None:
        """Produce strings in Avro, a second after each other."""
        id_ = register(self.cluster, f"{self.topic}-value", "string")
        self.produce(
            *(
                (
                    frame_prefix(id_) + bytes([2 * len(text)]) + text.encode(),
                    text.encode(),
                    partition,
                    (start + number) * 1000,
                )
                for number, text in enumerate(texts)
            )
        )

    def records(self) -> Sequence[Record]:
        """What is on the topic."""
        return self.cluster.records(self.topic)
