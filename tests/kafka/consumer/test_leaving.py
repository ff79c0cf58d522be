"""Leaving a group: what was handled is committed, also while the group rebalances."""

from __future__ import annotations

from confluent_kafka import KafkaError

from avrogen.testing.broker import EmbeddedBroker, RequestType
from avrogen.testing.registry import EmbeddedRegistry
from tests.support.clusters import embedded_cluster
from tests.support.scenes import Handled, Scene


def test_a_commit_that_comes_between_generations_is_repeated(broker: EmbeddedBroker) -> None:
    """Once for the commit, and once for the one that the client makes itself when it closes."""
    with EmbeddedRegistry() as registry:
        scene = Scene.of(embedded_cluster(broker, registry.url))
        scene.send(20)
        handled = Handled()
        with scene.consumer({"auto.commit.interval.ms": 600_000}) as consumer:
            scene.run_until(consumer, handled, lambda: len(handled) == 20)
            broker.fail(RequestType.OFFSET_COMMIT, KafkaError.REBALANCE_IN_PROGRESS, times=2)
        assert scene.committed() == scene.ends()
