"""Exactly once: whoever is killed at whatever moment, each input is once in the output."""

from __future__ import annotations

from tests.faults.conftest import MakeScene, Report
from tests.faults.counting import count, numbers
from tests.faults.ledger import Step
from tests.faults.moments import Moments, until
from tests.faults.topics import numbers_on
from tests.services.kafka import KafkaCluster
from tests.support.clusters import create_topic, fresh_name

KILLS = 12


def test_transactions_are_killed_at_random_moments(
    real_kafka: KafkaCluster, scene: MakeScene, moments: Moments, report: Report
) -> None:
    events = scene(real_kafka)
    target = fresh_name("output")
    create_topic(real_kafka.bootstrap_servers, target, 3)
    producer = events.produce(3000)
    assert producer.wait(60) == 0
    sent = set(numbers(producer.entries(), Step.DELIVERED))
    workers = [
        events.transform(target, f"{target}-{style}", seconds=0.002, style=style)
        for style in ("sync", "asyncio")
    ]
    for _ in range(KILLS):
        moments.wait(0.05, 0.8)
        worker = moments.random.choice(workers)
        worker.kill()
        worker.start()

    def output() -> list[int]:
        return numbers_on(real_kafka.bootstrap_servers, target)

    until(lambda: len(output()) >= len(sent), 60, lambda: f"only {len(output())} came out")
    assert [worker.stop() for worker in workers] == [0, 0]
    handled = [n for worker in workers for n in numbers(worker.entries(), Step.HANDLED)]
    counted = count(sent, output())
    report("exactly once, killed at random moments", counted, kills=KILLS, handled=len(handled))
    counted.require_all(once=True)
    assert len(handled) > len(sent), "none was killed inside a transaction"
