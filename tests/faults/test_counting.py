"""The counting itself: whatever is lost, repeated or foreign is found."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from tests.conftest import ROOT
from tests.faults.counting import Count, Miscount, count, most_repeated, out_of_order
from tests.faults.jobs import Consume, Job, Produce, Transform, from_json, to_json
from tests.faults.ledger import Entry, Step, read_entries


@pytest.mark.parametrize(
    ("arrivals", "expected"),
    [
        ([1, 2, 3], Count(3, 3, frozenset(), 0, frozenset())),
        ([3, 1], Count(3, 2, frozenset({2}), 0, frozenset())),
        ([1, 2, 3, 2, 2], Count(3, 3, frozenset(), 2, frozenset())),
        ([1, 2, 3, 4, 9], Count(3, 3, frozenset(), 0, frozenset({9}))),
        ([], Count(3, 0, frozenset({1, 2, 3}), 0, frozenset())),
    ],
)
def test_counts(arrivals: list[int], expected: Count) -> None:
    counted = count([1, 2, 3], arrivals, possible=[4])
    assert counted == expected
    if counted.lost or counted.foreign:
        with pytest.raises(Miscount, match=r"lost=.*foreign="):
            counted.require_all(once=False)
    else:
        counted.require_all(once=False)
    if counted.repeated:
        with pytest.raises(Miscount, match="repeated=2"):
            counted.require_all(once=True)


@pytest.mark.parametrize(
    "job",
    [
        Produce(topic="t", count=1, per_second=0.5, style="asyncio", config={"a": 1}),
        Consume(topic="t", group="g", style="asyncio", dead_letter="d"),
        Transform(topic="t", group="g", target="u", identity="x"),
    ],
    ids=lambda job: type(job).__name__,
)
def test_jobs_arrive_as_they_were(job: Job) -> None:
    assert from_json(to_json(job)) == job


def test_what_was_written_down_survives_the_process(tmp_path: Path) -> None:
    path = tmp_path / "ledger"
    code = (
        "import os, sys, pathlib\n"
        "from tests.faults.ledger import Entry, Ledger, Step\n"
        "ledger = Ledger(pathlib.Path(sys.argv[1]))\n"
        "for n in range(1000): ledger.write(Entry(Step.HANDLED, n, 1, n))\n"
        "os.kill(os.getpid(), 9)"
    )
    environment = {**os.environ, "PYTHONPATH": str(ROOT)}
    run = subprocess.run([sys.executable, "-c", code, path], env=environment, check=False)
    assert run.returncode == -signal.SIGKILL
    assert read_entries(path) == [Entry(Step.HANDLED, n, 1, n) for n in range(1000)]


def entries(*steps: tuple[Step, int]) -> list[Entry]:
    return [Entry(step, number, at=at) for at, (step, number) in enumerate(steps)]


B, H = Step.BEGUN, Step.HANDLED


@pytest.mark.parametrize(
    ("lives", "found"),
    [
        ([entries((B, 0), (B, 1), (H, 1), (H, 0), (B, 10), (H, 10))], []),
        ([entries((B, 0), (H, 0), (B, 10)), entries((B, 0), (H, 0), (B, 10), (H, 10))], []),
        ([entries((B, 0), (B, 10))], ["10 with 0", "10 before 0"]),
        ([entries((B, 0), (H, 0), (B, 20))], ["20 before 10"]),
        ([entries((B, 0), (H, 0), (B, 0))], ["0 after 0"]),
        ([entries((B, 0)), entries((B, 10))], ["10 before 0"]),
    ],
)
def test_violations_of_the_order_are_found(lives: list[list[Entry]], found: list[str]) -> None:
    assert out_of_order(lives, 10) == found


def test_what_may_come_again_was_in_flight_or_handled_late() -> None:
    life = entries((B, 0), (H, 0), (B, 1), (B, 2), (H, 2), (B, 3))
    assert most_repeated([life], 2) == 2 + 1
    assert most_repeated([life], 4) == 2 + 2
    assert most_repeated([life, []], 0) == 2
