"""The benchmarks of codec and serializers still run. How fast anything is, no test asks."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from benchmarks.codecs.packages import Packages
from benchmarks.codecs.speed import Speed
from benchmarks.codecs.workloads import TYPES, workloads
from benchmarks.forms import lines as forms_lines
from benchmarks.serde import lines
from tests.conftest import forget


@pytest.fixture
def packages(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Packages]:
    """Builds into the test's folder."""
    monkeypatch.setattr(sys, "path", [*sys.path])
    yield Packages(tmp_path)
    forget("workloads")


def test_all_who_are_installed_agree_about_the_workloads(packages: Packages) -> None:
    """Each is checked before it is timed, and then timed for as long as it takes once."""
    speed = Speed(list(workloads(packages)))
    assert set(speed.reasons.values()) <= {"not installed"}
    lines = list(speed.lines(speed.measure(rounds=1, sample=0)))
    assert [cell.strip() for cell in lines[2].split("|")[2:-1]] == list(TYPES)
    assert all(" - " not in line for line in lines if line.startswith("| avrogen "))


def test_serializers_agree_about_their_workloads(packages: Packages) -> None:
    """Each reads what the others wrote before anything is timed."""
    _, _, *rows = lines(packages, rounds=1, sample=0)
    assert len(rows) == 4
    assert all(row.count("µs") == 4 for row in rows)


def test_json_is_measured_beside_others(packages: Packages) -> None:
    """Each reads what the others wrote before anything is timed."""
    _, _, *rows = forms_lines(packages, rounds=1)
    assert len(rows) == 4
