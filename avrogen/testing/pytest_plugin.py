"""pytest plugin: fixtures, found by its entry point.

Every run of pytest imports it where avrogen is installed. So it imports nothing but pytest; what
a fixture needs is imported when a test asks for it.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from avrogen.testing.broker import EmbeddedBroker
    from avrogen.testing.embedded_kafka import EmbeddedKafka
    from avrogen.testing.golden import Golden
    from avrogen.testing.registry import EmbeddedRegistry

__all__ = ["avrogen_broker", "avrogen_golden", "avrogen_kafka", "avrogen_registry"]


def pytest_addoption(parser: pytest.Parser) -> None:
    """Add the plugin's command-line option."""
    parser.getgroup("avrogen").addoption(
        "--avrogen-update-golden",
        action="store_true",
        help="write the files of avrogen_golden instead of comparing with them",
    )


@pytest.fixture
def avrogen_broker() -> Iterator[EmbeddedBroker]:
    """In-process Kafka cluster for one test. Override it for more brokers."""
    from avrogen.testing.broker import EmbeddedBroker

    with EmbeddedBroker() as broker:
        yield broker


@pytest.fixture
def avrogen_registry() -> Iterator[EmbeddedRegistry]:
    """In-process schema registry for one test."""
    from avrogen.testing.registry import EmbeddedRegistry

    with EmbeddedRegistry() as registry:
        yield registry


@pytest.fixture
def avrogen_kafka(
    avrogen_broker: EmbeddedBroker, avrogen_registry: EmbeddedRegistry
) -> Iterator[EmbeddedKafka]:
    """``avrogen_broker`` and ``avrogen_registry`` with typed clients."""
    from avrogen.testing.embedded_kafka import EmbeddedKafka

    with EmbeddedKafka(avrogen_broker, avrogen_registry) as kafka:
        yield kafka


@pytest.fixture
def avrogen_golden(request: pytest.FixtureRequest) -> Golden:
    """Compare bytes with files in the folder ``golden`` beside the test module."""
    from avrogen.testing.golden import UPDATE_OPTION, Golden

    update = bool(request.config.getoption(UPDATE_OPTION))
    return Golden(request.path.parent / "golden", update=update)
