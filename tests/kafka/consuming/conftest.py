"""The cluster for what the embedded broker cannot do."""

from __future__ import annotations

import pytest

from tests.kafka.clusters import AnyCluster, real_cluster
from tests.services.apicurio import Apicurio
from tests.services.kafka import KafkaCluster


@pytest.fixture
def real(real_kafka: KafkaCluster, real_registry: Apicurio) -> AnyCluster:
    """Real brokers, where times can be sought and transactions exist."""
    return real_cluster(real_kafka.bootstrap_servers, real_registry.url)
