"""Producers that are killed: what they said was delivered is there, and nothing is there twice."""

from __future__ import annotations

import pytest

from tests.faults.conftest import MakeScene, Report
from tests.faults.counting import count, numbers
from tests.faults.jobs import Style
from tests.faults.ledger import Step
from tests.faults.moments import Moments
from tests.faults.topics import numbers_on
from tests.services.kafka import KafkaCluster


@pytest.mark.parametrize("style", ["sync", "asyncio"])
def test_a_producer_is_killed_while_it_sends(
    style: Style, real_kafka: KafkaCluster, scene: MakeScene, moments: Moments, report: Report
) -> None:
    """What it had not heard of yet may be there or not."""
    events = scene(real_kafka)
    delivered: list[int] = []
    given: list[int] = []
    for _ in range(3):
        producer = events.produce(100_000, first=len(given), per_second=5000, style=style)
        moments.wait(0.2, 0.6)
        producer.kill()
        delivered += numbers(producer.entries(), Step.DELIVERED)
        given += numbers(producer.entries(), Step.SENT)
    written = numbers_on(events.bootstrap_servers, events.topic)
    counted = count(delivered, written, possible=given)
    unheard = len(set(written) - set(delivered))
    report(f"producer killed while sending ({style})", counted, kills=3, arrived_unreported=unheard)
    counted.require_all(once=True)
    assert delivered, "it was killed before anything was delivered"
