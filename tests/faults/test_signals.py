"""One signal ends all consumers of a process in order, whoever runs them."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from time import monotonic

import pytest
from confluent_kafka import Consumer, TopicPartition

from avrogen.kafka.topic import Topic
from avrogen.testing import EmbeddedKafka
from generated_example.com.example import Event
from tests.conftest import ROOT
from tests.faults.conftest import ROUNDS, Report
from tests.faults.counting import count
from tests.faults.hosts import ENVIRONMENT, HOSTS
from tests.faults.moments import Moments
from tests.support.clients import producer_of
from tests.support.clusters import fresh_name
from tests.support.events import event

SECONDS = 60
TIMES = 1 if ROUNDS == 1 else 10
"""How often each host is ended in a round."""

ENDED_BY_SIGNAL = {"uvicorn", "uvicorn with threads"}
"""Hosts that end by the signal, after they have done what there is to do."""


@pytest.fixture
def topics(avrogen_kafka: EmbeddedKafka) -> list[Topic[str, Event]]:
    """Two topics with more events than will be handled."""
    names = [fresh_name("topic") for _ in range(2)]
    topics: list[Topic[str, Event]] = [Topic(n, value=(Event,), key="string") for n in names]
    for topic in topics:
        avrogen_kafka.create(topic, partitions=1)
        with avrogen_kafka.producer(producer_of(topic)) as events:
            for number in range(2000):
                events.send(event(number), key="key")
    return topics


@pytest.mark.skipif(sys.platform == "win32", reason="Windows has no signals of other processes")
@pytest.mark.parametrize("host", list(HOSTS))
def test_one_signal_ends_everything(
    host: str,
    avrogen_kafka: EmbeddedKafka,
    topics: list[Topic[str, Event]],
    moments: Moments,
    report: Report,
) -> None:
    """What is in hand is finished and committed, and the host goes on to its own end."""
    config = {**avrogen_kafka.config, "session.timeout.ms": 1200, "heartbeat.interval.ms": 200}
    given = {"config": config, "topics": [topic.name for topic in topics]}
    handled: dict[str, list[int]] = {topic.name: [] for topic in topics}
    for _ in range(TIMES):
        process = subprocess.Popen(
            [sys.executable, "-m", "tests.faults.hosts", host],
            cwd=ROOT,
            env={**os.environ, "PYTHONPATH": str(ROOT), ENVIRONMENT: json.dumps(given)},
            stdout=subprocess.PIPE,
            text=True,
        )
        with process:
            try:
                assert process.stdout is not None
                lines: list[str] = []
                at_work = until_both_work(process.stdout)
                lines += at_work
                moments.wait(0.0, 0.3)
                process.send_signal(signal.SIGTERM)
                sent = monotonic()
                lines += [line.strip() for line in process.stdout]
                code = process.wait(SECONDS)
            finally:
                process.kill()
        assert monotonic() - sent < SECONDS / 2, "within the grace"
        assert code == (-signal.SIGTERM if host in ENDED_BY_SIGNAL else 0), lines
        assert {f"left {name}" for name in handled} <= set(lines), lines
        assert "handler taken" not in lines
        for name, numbers in handled.items():
            numbers.extend(numbers_of("done", name, lines))
            assert numbers_of("in hand", name, lines) == numbers_of("done", name, lines)
            assert committed(avrogen_kafka, name) == len(numbers)
    # The events of the second topic are counted on from those of the first.
    first, second = handled.values()
    arrived = [*first, *(len(first) + number for number in second)]
    counted = count(range(len(arrived)), arrived)
    report(f"SIGTERM to two consumers: {host}", counted, signals=TIMES)
    counted.require_all(once=True)


def until_both_work(output: Iterator[str]) -> list[str]:
    """The lines until both consumers have handled something."""
    lines: list[str] = []
    for line in output:
        lines.append(line.strip())
        if len({line.split()[1] for line in lines if line.startswith("done")}) == 2:
            return lines
    raise AssertionError(lines)


def numbers_of(what: str, topic: str, lines: list[str]) -> list[int]:
    """The numbers of events of a topic that something is said about."""
    beginning = f"{what} {topic} "
    return [int(line.removeprefix(beginning)) for line in lines if line.startswith(beginning)]


def committed(kafka: EmbeddedKafka, topic: str) -> int:
    """The offset that the group of a topic has committed."""
    client = Consumer({"bootstrap.servers": kafka.broker.bootstrap_servers, "group.id": topic})
    try:
        [found] = client.committed([TopicPartition(topic, 0)], timeout=SECONDS)
        return found.offset
    finally:
        client.close()
