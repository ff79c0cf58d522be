"""Consumers that are killed come back and go on: nothing is lost, little comes again."""

from __future__ import annotations

from functools import partial

import pytest

from tests.faults.conftest import KILLS, MakeScene, Report
from tests.faults.counting import Miscount, count, most_repeated, numbers, out_of_order
from tests.faults.jobs import Style
from tests.faults.ledger import Step
from tests.faults.moments import Moments, until
from tests.faults.workers import Worker
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


_KEYS = 1000
_INTERVAL_MS = 200
_LATE_MS = 1500
"""How much later than planned a commit may arrive: polls, and processes that wait for a core."""


def _has_done(consumer: Worker, least: int) -> bool:
    return consumer.steps() >= least


@pytest.mark.parametrize(
    ("style", "remembers"), [("sync", True), ("asyncio", True), ("sync", False)]
)
def test_a_consumer_is_killed_while_it_handles_many_keys(
    style: Style,
    remembers: bool,
    real_kafka: KafkaCluster,
    scene: MakeScene,
    moments: Moments,
    report: Report,
) -> None:
    """One key is slow, so that all others are handled beyond it."""
    events = scene(real_kafka)
    producer = events.produce(2000 + 1500 * KILLS, keys=_KEYS)
    consumer = events.consume(
        seconds=0.01,
        concurrency=64,
        slow_key="0",
        forgetful=not remembers,
        style=style,
        config={"auto.commit.interval.ms": _INTERVAL_MS},
    )
    for _ in range(KILLS):
        # At a moment of its work, and not of its start: how fast it is, is up to the machine.
        least = moments.random.randint(1, 1500)
        until(partial(_has_done, consumer, least), 90, consumer.printed)
        consumer.kill()
        consumer.start()
    counted = events.all_handled(producer, [consumer])
    lives = consumer.lives()
    violations = out_of_order(lives, _KEYS)
    most = most_repeated(lives[:-1], _INTERVAL_MS + _LATE_MS)
    what = "and metadata" if remembers else "without metadata"
    report(
        f"consumer killed with concurrency {what} ({style})",
        counted,
        kills=KILLS,
        out_of_order=len(violations),
    )
    counted.require_all(once=False)
    if violations:
        raise Miscount(f"{len(violations)} out of order: {violations[:10]}")
    if remembers and counted.repeated > most:
        raise Miscount(f"{counted.repeated} came again, and at most {most} may")
