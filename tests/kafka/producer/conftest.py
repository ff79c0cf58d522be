"""The cluster for what the embedded broker cannot do."""

from __future__ import annotations

import pytest

from tests.services.apicurio import Apicurio
from tests.services.kafka import KafkaCluster
from tests.support.clusters import AnyCluster, real_cluster


@pytest.fixture
def real(real_kafka: KafkaCluster, real_registry: Apicurio) -> AnyCluster:
    """Real brokers, with transactions, and topics that are not there."""
    return real_cluster(real_kafka.bootstrap_servers, real_registry.url)
