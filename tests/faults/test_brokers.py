"""Brokers that go away, stand still, cannot write: what they acknowledged is there and handled."""

from __future__ import annotations

from collections.abc import Callable
from typing import TypeAlias

from avrogen.testing.broker.records import read_records
from tests.faults.conftest import MakeScene, Report
from tests.faults.counting import count, numbers
from tests.faults.ledger import Step
from tests.faults.moments import Moments
from tests.faults.scene import Scene
from tests.faults.workers import Worker
from tests.services.kafka import KafkaCluster

MakeKafka: TypeAlias = Callable[[int], KafkaCluster]


def assert_all_there(events: Scene, producer: Worker) -> None:
    """Each event is on the topic, and once: the producer is idempotent."""
    records = read_records(events.bootstrap_servers, events.topic, 60)
    there = count(
        numbers(producer.entries(), Step.DELIVERED), [int(r.value or b"") for r in records]
    )
    assert (there.lost, there.repeated, there.foreign) == (frozenset(), 0, frozenset())
    assert Step.FAILED not in {entry.step for entry in producer.entries()}


def test_the_only_broker_is_killed_while_producing_and_consuming(
    make_kafka: MakeKafka, scene: MakeScene, moments: Moments, report: Report
) -> None:
    kafka = make_kafka(1)
    events = scene(kafka)
    producer = events.produce(6000, per_second=800)
    consumer = events.consume()
    for _ in range(2):
        moments.wait(0.5, 1.5)
        kafka.brokers[0].process.kill()
        moments.wait(0.1, 1)
        kafka.brokers[0].process.start()
    counted = events.all_handled(producer, [consumer])
    report("the only broker killed and restarted", counted, kills=2)
    assert not counted.lost and not counted.foreign
    assert_all_there(events, producer)


def test_brokers_of_three_are_killed_in_turn(
    make_kafka: MakeKafka, scene: MakeScene, moments: Moments, report: Report
) -> None:
    kafka = make_kafka(3)
    events = scene(kafka)
    producer = events.produce(8000, per_second=800)
    consumers = [events.consume(), events.consume()]
    for broker in moments.random.sample(kafka.brokers, 2):
        moments.wait(0.5, 1.5)
        broker.process.kill()
        moments.wait(0.5, 2)
        broker.process.start()
    counted = events.all_handled(producer, consumers)
    report("brokers of three killed and restarted in turn", counted, kills=2)
    assert not counted.lost and not counted.foreign
    assert_all_there(events, producer)


def test_a_broker_stands_still_until_the_queue_is_full(
    make_kafka: MakeKafka, scene: MakeScene, moments: Moments, report: Report
) -> None:
    kafka = make_kafka(1)
    events = scene(kafka)
    producer = events.produce(20_000, config={"queue.buffering.max.messages": 500})
    consumer = events.consume()
    for _ in range(3):
        kafka.brokers[0].process.pause()
        moments.wait(0.5, 1)
        kafka.brokers[0].process.resume()
        moments.wait(0.1, 0.3)
    counted = events.all_handled(producer, [consumer])
    report("queue of 500 full while the broker stands still", counted, pauses=3)
    assert not counted.lost and not counted.foreign
    assert_all_there(events, producer)


def test_the_disk_of_a_broker_is_full(
    make_kafka: MakeKafka, scene: MakeScene, report: Report
) -> None:
    kafka = make_kafka(1)
    events = scene(kafka, partitions=1)
    producer = events.produce(4000, per_second=800, padding=1000)
    consumer = events.consume()
    process = kafka.brokers[0].process
    process.limit_files(1_000_000)
    process.wait(60)
    assert "File too large" in process.printed(), "it should have given up for want of space"
    process.start()
    counted = events.all_handled(producer, [consumer])
    report("disk of the broker full", counted)
    assert not counted.lost and not counted.foreign
    assert_all_there(events, producer)
