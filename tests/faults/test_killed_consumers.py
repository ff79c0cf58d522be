"""Consumers that are killed come back and go on: nothing is lost, little comes again."""

from __future__ import annotations

from tests.faults.conftest import MakeScene, Report
from tests.faults.counting import numbers
from tests.faults.ledger import Step
from tests.faults.moments import Moments
from tests.services.kafka import KafkaCluster


def test_a_consumer_is_killed_in_the_middle_of_a_batch(
    real_kafka: KafkaCluster, scene: MakeScene, moments: Moments, report: Report
) -> None:
    events = scene(real_kafka)
    producer = events.produce(4000)
    consumer = events.consume(seconds=0.0005, config={"auto.commit.interval.ms": 500})
    for _ in range(6):
        moments.wait(0.3, 1.5)
        consumer.kill()
        consumer.start()
    counted = events.all_handled(producer, [consumer])
    report("consumer killed in the middle of a batch", counted, kills=6)
    assert not counted.lost and not counted.foreign
    for life in consumer.lives():
        handled = numbers(life, Step.HANDLED)
        assert len(set(handled)) == len(handled), "only what was not committed comes again"
