"""Members that come and go under load, and one that is slow: the group goes on, nothing is lost."""

from __future__ import annotations

import itertools

from tests.faults.conftest import MakeScene, Report
from tests.faults.counting import Miscount, out_of_order
from tests.faults.ledger import Step
from tests.faults.moments import Moments
from tests.faults.workers import Worker
from tests.services.kafka import KafkaCluster

_KEYS = 1000


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


def test_members_with_concurrency_join_and_leave_under_load(
    real_kafka: KafkaCluster, scene: MakeScene, moments: Moments, report: Report
) -> None:
    events = scene(real_kafka, partitions=12)
    producer = events.produce(12_000, per_second=1500, keys=_KEYS)
    styles = itertools.cycle(["sync", "asyncio"])

    def member() -> Worker:
        return events.consume(seconds=0.005, concurrency=16, style=next(styles))

    consumers = [member() for _ in range(2)]
    for _ in range(8):
        chosen = moments.random.choice(consumers)
        if chosen.running:
            assert chosen.stop() == 0, chosen.printed()
        else:
            chosen.start()
        if len(consumers) < 4 and moments.random.random() < 0.3:
            consumers.append(member())
        moments.wait(0, 0.5)
    if not any(each.running for each in consumers):
        consumers[0].start()
    counted = events.all_handled(producer, consumers)
    # What ran at the same time is one life, in the order of the clock: no key is in two members.
    entries = sorted(
        (entry for consumer in consumers for entry in consumer.entries()),
        key=lambda entry: (entry.at, entry.step is Step.BEGUN),
    )
    violations = out_of_order([entries], _KEYS)
    report(
        "members with concurrency join and leave under load",
        counted,
        members=len(consumers),
        out_of_order=len(violations),
    )
    counted.require_all(once=True)
    if violations:
        raise Miscount(f"{len(violations)} out of order: {violations[:10]}")
