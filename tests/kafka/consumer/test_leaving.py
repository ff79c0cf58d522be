"""Leaving a group: what was handled is committed, also while the group rebalances."""

from __future__ import annotations

from collections.abc import Mapping

from confluent_kafka import KafkaError

from avrogen.kafka.observability.observer import Observer, Partition
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


class Commits(Observer):
    """Notes commits that somebody has waited for."""

    def __init__(self) -> None:
        self.offsets: list[dict[Partition, int]] = []

    def committed(
        self, offsets: Mapping[Partition, int], group: str, duration: float, error: str | None
    ) -> None:
        if duration:
            self.offsets.append(dict(offsets))


def test_a_member_that_leaves_commits_once(broker: EmbeddedBroker) -> None:
    """Not again when its partitions are revoked, which are committed already."""
    with EmbeddedRegistry() as registry:
        scene = Scene.of(embedded_cluster(broker, registry.url), partitions=2)
        scene.send(20)
        handled, commits = Handled(), Commits()
        settings: dict[str, object] = {"auto.commit.interval.ms": 600_000}
        with scene.consumer(settings, observer=commits) as consumer:
            scene.run_until(consumer, handled, lambda: len(handled) == 20)
        ends = {(scene.topic.name, partition): end for partition, end in scene.ends().items()}
        assert commits.offsets == [ends]
        assert scene.committed() == scene.ends()
