"""What fault tests share: brokers of their own, processes that end with the test, and a report."""

from __future__ import annotations

import os
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import TypeAlias

import pytest

from avrogen.testing.registry import EmbeddedRegistry
from tests.faults.counting import Count
from tests.faults.moments import Moments
from tests.faults.report import FIGURES, Figures
from tests.faults.scene import Scene
from tests.services.kafka import KafkaCluster

FAULTS = pytest.mark.xdist_group("faults")
"""They have brokers of their own, so they run beside the tests that share some."""

ROUNDS = int(os.environ.get("AVROGEN_FAULT_ROUNDS", "1"))
"""How often each test is run, with other random moments each time."""

KILLS = int(os.environ.get("AVROGEN_FAULT_KILLS", "3"))
"""How often consumers with concurrency are killed."""

MakeScene: TypeAlias = Callable[..., Scene]
Report: TypeAlias = Callable[..., None]


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Tests of this folder, and only they, are in the group."""
    here = Path(__file__).parent
    for item in items:
        if item.path.is_relative_to(here):
            item.add_marker(FAULTS)


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    """One round for each seed."""
    if "moments" in metafunc.fixturenames:
        metafunc.parametrize("seed", range(1, ROUNDS + 1), ids=lambda seed: f"seed{seed}")


@pytest.fixture
def moments(seed: int) -> Moments:
    """Random moments of this round."""
    return Moments(seed)


@pytest.fixture
def registry() -> Iterator[EmbeddedRegistry]:
    """A registry for this test."""
    with EmbeddedRegistry() as registry:
        yield registry


@pytest.fixture
def scene(registry: EmbeddedRegistry, tmp_path: Path) -> Iterator[MakeScene]:
    """Makes topics with processes around them, which end with the test at the latest."""
    with ExitStack() as stack:

        def make(
            kafka: KafkaCluster, partitions: int = 4, registry_url: str = registry.url
        ) -> Scene:
            made = Scene(kafka.bootstrap_servers, registry_url, tmp_path, partitions)
            stack.callback(made.end)
            return made

        yield make


@pytest.fixture
def report(
    record_property: Callable[[str, object], None], request: pytest.FixtureRequest
) -> Report:
    """Notes what was counted; it is shown when all tests are done."""
    started = time.monotonic()

    def note(what: str, count: Count, **more: int) -> None:
        seconds = time.monotonic() - started
        record_property(FIGURES, Figures(what, count, seconds, more).row())

    return note
