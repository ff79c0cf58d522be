"""The clusters that tests of producers and consumers run over."""

from __future__ import annotations

import pytest

from avrogen.testing.broker import EmbeddedBroker
from avrogen.testing.registry import EmbeddedRegistry
from tests.services.apicurio import Apicurio
from tests.services.fixtures import ON_SERVICES
from tests.services.kafka import KafkaCluster
from tests.support.clusters import AnyCluster, embedded_cluster, real_cluster


@pytest.fixture(params=["embedded", pytest.param("real", marks=ON_SERVICES)])
def cluster(request: pytest.FixtureRequest) -> AnyCluster:
    """Each of the clusters in turn: in CI both, elsewhere the real one where it can be run."""
    if request.param == "embedded":
        broker: EmbeddedBroker = request.getfixturevalue("avrogen_broker")
        registry: EmbeddedRegistry = request.getfixturevalue("avrogen_registry")
        return embedded_cluster(broker, registry.url)
    kafka: KafkaCluster = request.getfixturevalue("real_kafka")
    real_registry: Apicurio = request.getfixturevalue("real_registry")
    return real_cluster(kafka.bootstrap_servers, real_registry.url)


@pytest.fixture
def broker(avrogen_broker: EmbeddedBroker) -> EmbeddedBroker:
    """A broker of this test's own, for what only the embedded one can be told to do."""
    return avrogen_broker
