"""A registry that is away: at the start it is an error, later it is waited for."""

from __future__ import annotations

import json
import urllib.request
from pathlib import Path
from typing import Any

import pytest
from confluent_kafka import Producer

from tests.faults.conftest import MakeScene, Report
from tests.faults.counting import count, numbers
from tests.faults.ledger import Step
from tests.faults.moments import Moments, until
from tests.faults.scene import Scene
from tests.faults.topics import numbered
from tests.services.apicurio import Apicurio
from tests.services.fixtures import MakeRegistry
from tests.services.kafka import KafkaCluster
from tests.services.processes import StartFailed

SECONDS = 90


@pytest.fixture
def durable_registry(make_registry: MakeRegistry, tmp_path: Path) -> Apicurio:
    """One that still has everything when it was killed."""
    return make_registry(f"apicurio.datasource.url=jdbc:h2:file:{tmp_path}/registry;WRITE_DELAY=0")


def test_a_registry_that_is_away_stops_services_at_the_start(
    real_kafka: KafkaCluster, durable_registry: Apicurio, scene: MakeScene
) -> None:
    events = scene(real_kafka, registry_url=durable_registry.url)
    durable_registry.process.kill()
    settings = {"schema.registry.max.retries": 1, "schema.registry.timeout": 5}
    with pytest.raises(StartFailed, match="RegistryError: "):
        events.produce(1, config=settings)
    with pytest.raises(StartFailed, match="RegistryError: "):
        events.consume(config=settings)


def test_a_registry_that_goes_away_is_waited_for(
    real_kafka: KafkaCluster,
    durable_registry: Apicurio,
    scene: MakeScene,
    moments: Moments,
    report: Report,
) -> None:
    events = scene(real_kafka, registry_url=durable_registry.url)
    producer = events.produce(5000, per_second=1000)
    consumer = events.consume()
    moments.wait(0.5, 1)
    newer = register_newer_schema(durable_registry, events)
    durable_registry.process.kill()
    # Known schemas are enough to go on with; the schema of these cannot be asked for now.
    unknown = range(5000, 5100)
    send_with(newer, events, unknown)
    moments.wait(1, 2)
    durable_registry.process.start()
    assert producer.wait(SECONDS) == 0
    sent = {*numbers(producer.entries(), Step.DELIVERED), *unknown}
    until(
        lambda: sent <= set(numbers(consumer.entries(), Step.HANDLED)),
        SECONDS,
        lambda: f"missing: {sorted(sent - set(numbers(consumer.entries(), Step.HANDLED)))[:20]}",
    )
    assert consumer.stop() == 0, consumer.printed()
    counted = count(sent, numbers(consumer.entries(), Step.HANDLED))
    report("registry killed and restarted", counted, with_an_uncached_schema=len(unknown))
    counted.require_all(once=True)


def register_newer_schema(registry: Apicurio, events: Scene) -> int:
    """The id of a schema that is newer than that of the producer, and reads the same."""
    versions = f"{registry.url}/subjects/{events.topic}-value/versions"
    schema = json.loads(ask(f"{versions}/latest")["schema"])
    body = json.dumps({"schema": json.dumps({**schema, "doc": "Newer."})})
    newer: int = ask(versions, body.encode())["id"]
    return newer


def ask(url: str, body: bytes | None = None) -> Any:
    """The answer of a registry."""
    headers = {"Content-Type": "application/vnd.schemaregistry.v1+json"}
    request = urllib.request.Request(url, data=body, headers=headers)
    with urllib.request.urlopen(request, timeout=SECONDS) as response:
        return json.load(response)


def send_with(schema_id: int, events: Scene, which: range) -> None:
    """Send events in the registry's format by a plain client."""
    producer = Producer({"bootstrap.servers": events.bootstrap_servers})
    for number in which:
        value = b"\x00" + schema_id.to_bytes(4, "big") + numbered(number).to_avro()
        producer.produce(events.topic, value, str(number))
    assert producer.flush(SECONDS) == 0
