"""Clusters that the commands are tried with."""

from __future__ import annotations

import pytest

from avrogen.testing.broker import EmbeddedBroker
from avrogen.testing.registry import EmbeddedRegistry
from tests.services.apicurio import Apicurio
from tests.services.kafka import KafkaCluster
from tests.support.clusters import AnyCluster, embedded_cluster, real_cluster


@pytest.fixture
def embedded(
    avrogen_broker: EmbeddedBroker,
    avrogen_registry: EmbeddedRegistry,
    monkeypatch: pytest.MonkeyPatch,
) -> AnyCluster:
    for name in ("AVROGEN_BROKERS", "AVROGEN_REGISTRY_URL"):
        monkeypatch.delenv(name, raising=False)
    return embedded_cluster(avrogen_broker, avrogen_registry.url)


@pytest.fixture
def real(real_kafka: KafkaCluster, real_registry: Apicurio) -> AnyCluster:
    return real_cluster(real_kafka.bootstrap_servers, real_registry.url)
