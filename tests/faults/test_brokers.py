"""Brokers that go away, stand still, cannot write: what they acknowledged is there and handled."""

from __future__ import annotations

import threading
import time

import pytest

from avrogen import Message
from tests.faults.conftest import MakeScene, Report
from tests.faults.counting import count, numbers
from tests.faults.jobs import Style
from tests.faults.ledger import Step
from tests.faults.moments import Moments, until
from tests.faults.scene import Scene
from tests.faults.topics import Number, number_of, numbers_on, topic_of
from tests.faults.workers import Worker
from tests.services.fixtures import MakeKafka
from tests.support.clients import consumer_of
from tests.support.clusters import create_topic, fresh_name

EVENTS = 12_000

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


def test_all_three_brokers_are_killed_in_turn_under_four_members(
    make_kafka: MakeKafka, scene: MakeScene, moments: Moments, report: Report
) -> None:
    """Leaders and both kinds of coordinators change, while partitions are full and paused."""
    kafka = make_kafka(3)
    events = scene(kafka)
    target, movers = fresh_name("output"), fresh_name("movers")
    create_topic(kafka.bootstrap_servers, target, 3)
    producer = events.produce(EVENTS, per_second=600, style="asyncio")
    consumers = [
        events.consume(config=STEADY, style=style, seconds=0.004) for style in ("sync", "asyncio")
    ]
    transformers = [
        events.transform(
            target, f"{target}-{style}", config=STEADY, group=movers, style=style, together=100
        )
        for style in ("sync", "asyncio")
    ]
    for broker in moments.random.sample(kafka.brokers, 3):
        moments.wait(0.5, 2)
        broker.process.kill()
        moments.wait(1, 6)
        broker.process.start()
    handled = events.all_handled(producer, consumers)
    sent = set(numbers(producer.entries(), Step.DELIVERED))

    def output() -> list[int]:
        return numbers_on(kafka.bootstrap_servers, target)

    until(lambda: len(output()) >= len(sent), 90, lambda: f"only {len(output())} came out")
    for worker in transformers:
        assert worker.running, worker.printed()
        assert worker.stop() == 0, worker.printed()
    moved = count(sent, output())
    report("all three brokers killed in turn, handled by two members", handled, kills=3)
    report("all three brokers killed in turn, exactly once by two members", moved, kills=3)
    handled.require_all(once=True)  # no member was given up
    moved.require_all(once=True)
    assert_all_there(events, producer)


def test_full_partitions_go_on_where_they_were_after_their_leaders_have_changed(
    make_kafka: MakeKafka, scene: MakeScene, report: Report
) -> None:
    kafka = make_kafka(3)
    events = scene(kafka)
    producer = events.produce(6000)
    assert producer.wait(90) == 0
    sent = set(numbers(producer.entries(), Step.DELIVERED))
    seen: list[Message[str, Number]] = []
    go_on = threading.Event()
    settings = events.settings(STEADY)
    with consumer_of(topic_of(events.topic))(settings, group_id=events.group) as consumer:

        def handle(message: Message[str, Number]) -> None:
            go_on.wait()
            seen.append(message)

        thread = threading.Thread(target=lambda: consumer.run(handle), daemon=True)
        thread.start()
        # Each partition is full, and after a second paused in the client.
        until(lambda: consumer.counters().waiting >= 2000, 60, lambda: str(consumer.counters()))
        time.sleep(2)
        for broker in kafka.brokers:
            broker.process.kill()
            time.sleep(4)
            broker.process.start()
        go_on.set()
        until(lambda: len(seen) >= len(sent), 90, lambda: f"only {len(seen)} were handled")
        consumer.stop()
        thread.join()
    counted = count(sent, [number_of(message.value) for message in seen])
    report("leaders of full partitions killed", counted, kills=3)
    counted.require_all(once=True)
    for partition in range(4):
        offsets = [message.offset for message in seen if message.partition == partition]
        assert offsets == list(range(len(offsets)))


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
