"""Brokers that go away, stand still, cannot write: what they acknowledged is there and handled."""

from __future__ import annotations

import pytest

from tests.faults.conftest import MakeScene, Report
from tests.faults.counting import count, numbers
from tests.faults.jobs import Style
from tests.faults.ledger import Step
from tests.faults.moments import Moments
from tests.faults.scene import Scene
from tests.faults.topics import numbers_on
from tests.faults.workers import Worker
from tests.services.fixtures import MakeKafka

STEADY = {"session.timeout.ms": 20_000}
"""Members whose group waits for them for longer than brokers are away."""


def assert_all_there(events: Scene, producer: Worker) -> None:
    """Each event is on the topic, and once: the producer is idempotent."""
    written = numbers_on(events.bootstrap_servers, events.topic)
    count(numbers(producer.entries(), Step.DELIVERED), written).require_all(once=True)
    assert Step.FAILED not in {entry.step for entry in producer.entries()}


def test_the_only_broker_is_killed_while_producing_and_consuming(
    make_kafka: MakeKafka, scene: MakeScene, moments: Moments, report: Report
) -> None:
    kafka = make_kafka(1)
    events = scene(kafka)
    producer = events.produce(6000, per_second=800)
    consumer = events.consume(config=STEADY)
    for _ in range(2):
        moments.wait(0.5, 1.5)
        kafka.brokers[0].process.kill()
        moments.wait(0.1, 1)
        kafka.brokers[0].process.start()
    counted = events.all_handled(producer, [consumer])
    report("the only broker killed and restarted", counted, kills=2)
    counted.require_all(once=True)  # no member was given up
    assert_all_there(events, producer)


def test_brokers_of_three_are_killed_in_turn(
    make_kafka: MakeKafka, scene: MakeScene, moments: Moments, report: Report
) -> None:
    kafka = make_kafka(3)
    events = scene(kafka)
    producer = events.produce(8000, per_second=800, style="asyncio")
    consumers = [events.consume(config=STEADY, style=style) for style in ("sync", "asyncio")]
    for broker in moments.random.sample(kafka.brokers, 2):
        moments.wait(0.5, 1.5)
        broker.process.kill()
        moments.wait(0.5, 2)
        broker.process.start()
    counted = events.all_handled(producer, consumers)
    report("brokers of three killed and restarted in turn", counted, kills=2)
    counted.require_all(once=True)  # no member was given up
    assert_all_there(events, producer)


@pytest.mark.parametrize("style", ["sync", "asyncio"])
def test_a_broker_stands_still_until_the_queue_is_full(
    style: Style, make_kafka: MakeKafka, scene: MakeScene, moments: Moments, report: Report
) -> None:
    kafka = make_kafka(1)
    events = scene(kafka)
    producer = events.produce(20_000, style=style, config={"queue.buffering.max.messages": 500})
    consumer = events.consume(config=STEADY)
    for _ in range(3):
        kafka.brokers[0].process.pause()
        moments.wait(0.5, 1)
        kafka.brokers[0].process.resume()
        moments.wait(0.1, 0.3)
    counted = events.all_handled(producer, [consumer])
    report(f"queue of 500 full, broker frozen ({style})", counted, pauses=3)
    counted.require_all(once=True)  # no member was given up
    assert_all_there(events, producer)


def test_the_disk_of_a_broker_is_full(
    make_kafka: MakeKafka, scene: MakeScene, report: Report
) -> None:
    kafka = make_kafka(1)
    events = scene(kafka, partitions=1)
    producer = events.produce(4000, per_second=800, padding=1000)
    consumer = events.consume(config=STEADY)
    process = kafka.brokers[0].process
    process.limit_files(1_000_000)
    process.wait(60)
    assert "File too large" in process.printed(), "it should have given up for want of space"
    process.start()
    counted = events.all_handled(producer, [consumer])
    report("broker disk full", counted)
    counted.require_all(once=True)  # no member was given up
    assert_all_there(events, producer)
