"""Consumers that are killed come back and go on: nothing is lost, little comes again."""

from __future__ import annotations

import pytest

from tests.faults.conftest import MakeScene, Report
from tests.faults.counting import count, numbers
from tests.faults.jobs import Style
from tests.faults.ledger import Step
from tests.faults.moments import Moments
from tests.services.kafka import KafkaCluster


@pytest.mark.parametrize("style", ["sync", "asyncio"])
def test_a_consumer_is_killed_in_the_middle_of_a_batch(
    style: Style, real_kafka: KafkaCluster, scene: MakeScene, moments: Moments, report: Report
) -> None:
    events = scene(real_kafka)
    producer = events.produce(4000)
    settings = {"auto.commit.interval.ms": 500}
    consumer = events.consume(seconds=0.0005, style=style, config=settings)
    for _ in range(6):
        moments.wait(0.3, 1.5)
        consumer.kill()
        consumer.start()
    counted = events.all_handled(producer, [consumer])
    report(f"consumer killed in the middle of a batch ({style})", counted, kills=6)
    counted.require_all(once=False)
    for life in consumer.lives():
        # Only what was not committed comes again, to whoever comes after.
        handled = numbers(life, Step.HANDLED)
        count(handled, handled).require_all(once=True)
