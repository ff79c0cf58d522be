"""Stopping: the message in hand is finished, offsets are committed, the group is left."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import threading
from collections.abc import Generator
from contextlib import contextmanager
from time import monotonic, sleep

import pytest

from tests.conftest import ROOT
from tests.support.clusters import AnyCluster
from tests.support.scenes import (
    SECONDS,
    EventMessage,
    Gate,
    Handled,
    Member,
    Moves,
    Scene,
    eventually,
    stopped_in_time,
)


class Service:
    """A process that handles events, see :mod:`tests.kafka.consumer.service`."""

    def __init__(self, process: subprocess.Popen[str]) -> None:
        self.process = process
        self.lines: list[str] = []
        self._thread = threading.Thread(target=self._read)
        self._thread.start()

    def _read(self) -> None:
        assert self.process.stdout is not None
        for line in self.process.stdout:
            self.lines.append(line.strip())

    def done(self) -> list[int]:
        return [int(line.split()[1]) for line in self.lines if line.startswith("done")]

    def in_hand(self) -> list[int]:
        return [int(line.split()[2]) for line in self.lines if line.startswith("in hand")]

    def wait(self) -> int:
        code = self.process.wait(SECONDS)
        self._thread.join(SECONDS)
        return code


@contextmanager
def service(scene: Scene, *, how: str = "run", seconds: float = 0.02) -> Generator[Service]:
    given = {
        "config": scene.cluster.consumer_config,
        "topic": scene.topic.name,
        "group": scene.group,
        "seconds": seconds,
        "how": how,
    }
    process = subprocess.Popen(
        [sys.executable, "-m", "tests.kafka.consumer.service", json.dumps(given)],
        cwd=ROOT,
        env={**os.environ, "PYTHONPATH": str(ROOT)},
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    with process:
        try:
            yield Service(process)
        finally:
            process.kill()


@pytest.mark.parametrize("how", ["run", "iterate", "batches"])
@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT], ids=lambda n: n.name)
def test_signals_end_a_service_in_order(cluster: AnyCluster, how: str, number: int) -> None:
    scene = Scene.of(cluster, partitions=2)
    numbers = scene.send(300)
    with service(scene, how=how) as first:
        eventually(lambda: len(first.in_hand()) >= 10)
        first.process.send_signal(number)
        assert first.wait() == 0, first.process.stderr and first.process.stderr.read()
    assert first.lines[-1] == "closed"
    assert first.done() == first.in_hand(), "what was in hand is finished"
    assert sum(scene.committed().values()) == len(first.done())
    handled = Handled()
    with Member(scene.consumer(), handled):
        eventually(lambda: len(handled) + len(first.done()) == 300)
    assert sorted([*handled.numbers, *first.done()]) == list(numbers)


def test_a_killed_service_loses_nothing(cluster: AnyCluster) -> None:
    scene = Scene.of(cluster, partitions=2)
    numbers = scene.send(200)
    with service(scene) as first:
        eventually(lambda: len(first.done()) >= 20)
        first.process.kill()
        first.wait()
    handled = Handled()
    with Member(scene.consumer(), handled):
        eventually(lambda: set(handled.numbers) | set(first.done()) == set(numbers))
    doubled = set(handled.numbers) & set(first.done())
    assert handled.doubled() == set()
    assert doubled <= set(first.in_hand())


def test_a_second_signal_does_not_wait(cluster: AnyCluster) -> None:
    scene = Scene.of(cluster)
    scene.send(3)
    with service(scene, seconds=SECONDS) as first:
        eventually(lambda: first.in_hand() == [0])
        first.process.send_signal(signal.SIGINT)
        sleep(0.5)
        assert first.process.poll() is None
        first.process.send_signal(signal.SIGINT)
        assert first.wait() != 0
        assert first.process.stderr is not None
        assert "KeyboardInterrupt" in first.process.stderr.read()
    assert first.done() == []
    assert scene.committed() == {}


def test_handlers_of_signals_are_put_back(cluster: AnyCluster) -> None:
    scene = Scene.of(cluster)
    scene.send(5)
    handled = Handled()
    calls: list[int] = []
    mine = {number: signal.getsignal(number) for number in (signal.SIGTERM, signal.SIGINT)}
    signal.signal(signal.SIGTERM, lambda number, _: calls.append(number))
    installed = signal.getsignal(signal.SIGTERM)
    try:
        with scene.consumer() as consumer, stopped_in_time(consumer):
            consumer.run(
                lambda m: signal.raise_signal(signal.SIGTERM) if m.offset == 2 else handled(m)
            )
            assert signal.getsignal(signal.SIGTERM) is installed
            assert signal.getsignal(signal.SIGINT) is mine[signal.SIGINT]
            assert handled.numbers == [0, 1]
            assert calls == [signal.SIGTERM], "it is called, too"
            signal.raise_signal(signal.SIGTERM)
            assert calls == [signal.SIGTERM, signal.SIGTERM]
        assert scene.committed() == {0: 3}
    finally:
        for number, handler in mine.items():
            signal.signal(number, handler)


def test_stopping_while_nothing_comes(cluster: AnyCluster) -> None:
    scene = Scene.of(cluster)
    started = monotonic()
    with scene.consumer() as consumer:
        threading.Timer(0.3, consumer.stop).start()
        consumer.run(Handled())
        assert list(consumer) == [], "it stays stopped"
    assert monotonic() - started < SECONDS


def test_stopping_while_a_message_rests(cluster: AnyCluster) -> None:
    from avrogen import Retry, RetryPolicy

    scene = Scene.of(cluster)
    scene.send(1)
    failed = threading.Event()

    def fail(message: EventMessage) -> None:
        failed.set()
        raise Retry

    resting = RetryPolicy(initial=SECONDS, maximum=SECONDS)
    with Member(scene.consumer(retry=resting), fail):
        assert failed.wait(SECONDS)
    assert scene.committed() == {}


def test_a_handler_that_does_not_end_keeps_nobody_waiting(cluster: AnyCluster) -> None:
    """The group is left when the grace is over, and another member has the partition."""
    scene = Scene.of(cluster)
    numbers = scene.send(5)
    handled, others = Handled(), Handled()
    gate, moves = Gate(handled, 2), Moves()
    with Member(scene.consumer(grace=0.2, observer=moves), gate) as first:
        assert gate.reached.wait(SECONDS)
        first.consumer.stop()
        eventually(lambda: moves.events[-1] == ("revoked", [0]))
        with Member(scene.consumer(), others):
            eventually(lambda: others.numbers == [2, 3, 4])
        gate.open.set()
    assert handled.numbers == [0, 1, 2]
    assert set(handled.numbers) | set(others.numbers) == set(numbers)
    assert scene.committed() == {0: 5}


def test_one_loop_at_a_time(cluster: AnyCluster) -> None:
    scene = Scene.of(cluster)
    scene.send(1)
    with scene.consumer() as consumer:
        messages = iter(consumer)
        next(messages)
        with pytest.raises(RuntimeError, match="handles messages already"):
            consumer.run(Handled())
        with pytest.raises(RuntimeError, match="handles messages already"):
            next(iter(consumer))
        started = monotonic()
    assert monotonic() - started < 20, "nobody waits for an iteration that was left"
    assert next(messages, None) is None
    assert scene.committed() == {}
