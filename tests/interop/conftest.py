"""The cluster that all partners use, and the partners."""

from __future__ import annotations

from types import ModuleType

import pytest

from tests.interop.events import build_package
from tests.interop.partners import Partner, go_partner, java_partner, missing_go
from tests.services.apicurio import Apicurio
from tests.services.fixtures import prepared
from tests.services.kafka import KafkaCluster
from tests.support.clusters import AnyCluster, real_cluster


@pytest.fixture
def cluster(real_kafka: KafkaCluster, canonical_registry: Apicurio) -> AnyCluster:
    """A real one: the embedded broker does not serve these clients.

    Its registry compares schemas as Confluent's does: Avro Java leaves out namespaces that are
    those of the type around, and we do not.
    """
    return real_cluster(real_kafka.bootstrap_servers, canonical_registry.url)


@pytest.fixture(scope="session")
def types(tmp_path_factory: pytest.TempPathFactory) -> ModuleType:
    """The types of the events."""
    return build_package(tmp_path_factory.mktemp("interop"))


@pytest.fixture(scope="session")
def go(pytestconfig: pytest.Config) -> Partner:
    """The partner in Go, where there is Go."""
    missing = missing_go()
    if missing:
        pytest.skip(f"no partner in Go: {missing}")
    return prepared(go_partner, pytestconfig)


@pytest.fixture(scope="session")
def java(pytestconfig: pytest.Config) -> Partner:
    """The partner in Java, which our own CI must have."""
    return prepared(java_partner, pytestconfig)


@pytest.fixture(params=["go", "java"])
def partner(request: pytest.FixtureRequest) -> Partner:
    """Each of the partners in turn."""
    made: Partner = request.getfixturevalue(request.param)
    return made
