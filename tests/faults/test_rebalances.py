"""Members that come and go under load, and one that is slow: the group goes on, nothing is lost."""

from __future__ import annotations

import itertools

from tests.faults.conftest import MakeScene, Report
from tests.faults.moments import Moments
from tests.services.kafka import KafkaCluster


def test_members_join_and_leave_under_load(
    real_kafka: KafkaCluster, scene: MakeScene, moments: Moments, report: Report
) -> None:
    events = scene(real_kafka, partitions=12)
    producer = events.produce(15_000, per_second=1500)
    styles = itertools.cycle(["sync", "asyncio"])
    consumers = [events.consume(seconds=0.0005, style=next(styles)) for _ in range(2)]
    for _ in range(12):
        member = moments.random.choice(consumers)
        if member.running:
            assert member.stop() == 0, member.printed()
        else:
            member.start()
        if len(consumers) < 5 and moments.random.random() < 0.3:
            consumers.append(events.consume(seconds=0.0005, style=next(styles)))
        moments.wait(0, 0.5)
    if not any(member.running for member in consumers):
        consumers[0].start()
    counted = events.all_handled(producer, consumers)
    report("members join and leave under load", counted, members=len(consumers))
    counted.require_all(once=True)  # whoever leaves commits what it has handled
