"""Handlers that are slow or fail: nothing is lost, and what cannot be handled is a dead letter."""

from __future__ import annotations

from typing import Any

import pytest
from confluent_kafka import Producer
from confluent_kafka import admin as kafka_admin

from avrogen.testing.broker import Record
from avrogen.testing.broker.records import read_records
from tests.faults.conftest import MakeScene, Report
from tests.faults.counting import count, numbers
from tests.faults.jobs import Style
from tests.faults.ledger import Step
from tests.faults.moments import until
from tests.faults.topics import number_in
from tests.services.fixtures import MakeKafka
from tests.services.kafka import KafkaCluster
from tests.support.clusters import create_topic, fresh_name

SECONDS = 60


def test_a_handler_takes_longer_than_the_poll_interval(
    real_kafka: KafkaCluster, scene: MakeScene, report: Report
) -> None:
    """The member keeps its partitions: nobody else gets what it has in hand."""
    events = scene(real_kafka, partitions=2)
    producer = events.produce(4)
    settings = {"max.poll.interval.ms": 1500}
    consumers = [
        events.consume(seconds=1.8, config=settings, style=style) for style in ("sync", "asyncio")
    ]
    counted = events.all_handled(producer, consumers)
    report("handler slower than max.poll.interval.ms", counted)
    counted.require_all(once=True)


@pytest.mark.parametrize("style", ["sync", "asyncio"])
def test_poison_and_unreadable_messages(
    style: Style, real_kafka: KafkaCluster, scene: MakeScene, report: Report
) -> None:
    events = scene(real_kafka)
    dead_letter = fresh_name("dead")
    create_topic(real_kafka.bootstrap_servers, dead_letter, 4)
    garbage = [b"", b"\x00", b"{}", b"\x00\x00\x00\x00\x01\xff", b"\x00\x7f\xff\xff\xff\x00"]
    raw = Producer({"bootstrap.servers": real_kafka.bootstrap_servers})
    for value in garbage:
        raw.produce(events.topic, value, b"garbage", headers=[("kept", b"1")])
    assert raw.flush(SECONDS) == 0
    producer = events.produce(2000)
    consumer = events.consume(dead_letter=dead_letter, refuse_every=50, retry_every=70, style=style)
    assert producer.wait(SECONDS) == 0
    sent = set(numbers(producer.entries(), Step.DELIVERED))
    refused = {number for number in sent if number % 50 == 0}

    def dead() -> tuple[Record, ...]:
        return read_records(real_kafka.bootstrap_servers, dead_letter, SECONDS)

    until(
        lambda: sent - refused <= set(numbers(consumer.entries(), Step.HANDLED))
        and len(dead()) >= len(refused) + len(garbage),
        SECONDS,
        lambda: f"{len(dead())} dead letters",
    )
    assert consumer.stop() == 0, consumer.printed()
    unreadable = [record for record in dead() if record.key == b"garbage"]
    poison = [record for record in dead() if record.key != b"garbage"]
    handled = numbers(consumer.entries(), Step.HANDLED)
    counted = count(sent, [*handled, *map(number_in, poison)])
    report(
        f"poison, unreadable and transient failures ({style})",
        counted,
        poison=len(poison),
        unreadable=len(unreadable),
        retried=len(numbers(consumer.entries(), Step.RETRIED)),
    )
    counted.require_all(once=True)
    assert sorted(map(number_in, poison)) == sorted(refused)
    assert sorted(record.value or b"" for record in unreadable) == sorted(garbage)
    for record in unreadable:
        headers = dict(record.headers)
        assert headers["kept"] == b"1"
        assert headers["__connect.errors.topic"] == events.topic.encode()


@pytest.mark.parametrize("trouble", ["missing", "too small"])
def test_dead_letters_have_nowhere_to_go(
    trouble: str, make_kafka: MakeKafka, scene: MakeScene, report: Report
) -> None:
    """The consumer stops rather than pass over a message, and goes on when it can."""
    kafka = make_kafka(1, auto_create_topics_enable="false")
    events = scene(kafka, partitions=1)
    dead_letter = fresh_name("dead")
    if trouble == "too small":
        create_topic(kafka.bootstrap_servers, dead_letter, 1, max_message_bytes="10")
    producer = events.produce(300)
    assert producer.wait(SECONDS) == 0
    sent = numbers(producer.entries(), Step.DELIVERED)
    settings = {"topic.metadata.propagation.max.ms": 500}
    consumer = events.consume(dead_letter=dead_letter, refuse_every=100, config=settings)
    assert consumer.wait(SECONDS) == 1
    assert f"(topic {events.topic}, partition 0, offset 0)" in consumer.printed()
    assert not numbers(consumer.entries(), Step.HANDLED), "the first is poison"
    if trouble == "missing":
        create_topic(kafka.bootstrap_servers, dead_letter, 1)
    else:
        allow_large_messages(kafka.bootstrap_servers, dead_letter)
    consumer.start()
    until(
        lambda: len(set(numbers(consumer.entries(), Step.HANDLED))) == 297,
        SECONDS,
        lambda: f"{len(numbers(consumer.entries(), Step.HANDLED))} were handled",
    )
    assert consumer.stop() == 0, consumer.printed()
    dead = read_records(kafka.bootstrap_servers, dead_letter, SECONDS)
    arrived = [*numbers(consumer.entries(), Step.HANDLED), *map(number_in, dead)]
    counted = count(sent, arrived)
    report(f"dead-letter topic {trouble}, then fixed", counted, dead_letters=len(dead))
    counted.require_all(once=True)


def allow_large_messages(bootstrap_servers: str, topic: str) -> None:
    """Let a topic take messages of any size."""
    names: Any = kafka_admin  # which says of few of its names that others may use them
    entry = names.ConfigEntry(
        "max.message.bytes", "1000000", incremental_operation=names.AlterConfigOpType.SET
    )
    resource = names.ConfigResource(
        names.ConfigResource.Type.TOPIC, topic, incremental_configs=[entry]
    )
    client = names.AdminClient({"bootstrap.servers": bootstrap_servers})
    for changed in client.incremental_alter_configs([resource]).values():
        changed.result(SECONDS)
