"""What is handled out of order is remembered by the metadata of commits, over restarts."""

from __future__ import annotations

import threading
from collections import Counter
from typing import Any

import pytest
from confluent_kafka import Consumer, KafkaError, KafkaException, TopicPartition

from avrogen.kafka.consumer.consumer_client import commit_offsets
from avrogen.kafka.consumer.offset_tracker import decode_handled
from tests.support.clusters import AnyCluster
from tests.support.concurrent_members import Style, concurrent_member
from tests.support.scenes import SECONDS, EventMessage, Handled, Member, Scene, eventually

QUICK: dict[str, object] = {"auto.commit.interval.ms": 100}


def group_client(scene: Scene) -> Consumer:
    return Consumer({"bootstrap.servers": scene.cluster.bootstrap_servers, "group.id": scene.group})


def committed(scene: Scene) -> TopicPartition:
    """What the group has committed of partition 0, with its metadata."""
    client = group_client(scene)
    try:
        (found,) = client.committed([TopicPartition(scene.topic.name, 0)], timeout=SECONDS)
        return found
    finally:
        client.close()


def remembers(scene: Scene, numbers: set[int]) -> bool:
    found = committed(scene)
    handled = decode_handled(found.offset, found.metadata)
    return handled is not None and numbers <= {n for n in numbers if n in handled}


@pytest.mark.parametrize("style", ["sync", "asyncio"])
def test_a_restart_repeats_what_was_in_flight_and_not_what_was_handled_behind_it(
    cluster: AnyCluster, style: Style
) -> None:
    scene = Scene.of(cluster)
    numbers = scene.send(300)  # of 13 keys
    stuck = {number for number in numbers if number % 13 == 0}
    handled: Counter[int] = Counter()

    def first(message: EventMessage) -> float:
        if message.value.timestamp in stuck:
            return 3.0
        handled[message.value.timestamp] += 1
        return 0.0

    with concurrent_member(scene, style, first, QUICK, grace=0.2):
        eventually(lambda: len(handled) == 300 - len(stuck))
        # Its offset does not move, and nothing has ended: so a kill -9 would find it.
        eventually(lambda: remembers(scene, set(numbers) - stuck))
        assert committed(scene).offset <= 0

    def second(message: EventMessage) -> float:
        handled[message.value.timestamp] += 1
        return 0.0

    with concurrent_member(scene, style, second, QUICK):
        eventually(lambda: len(handled) == 300)
    assert handled == dict.fromkeys(numbers, 1)
    assert (committed(scene).offset, committed(scene).metadata or "") == (300, "")


@pytest.mark.parametrize(
    "metadata",
    ["a checkpoint of somebody's", "avrogen9x.AQLIAQE", "avrogen1r.____", "bAAYAAAAB", "e" * 3000],
)
def test_metadata_of_others_is_ignored(cluster: AnyCluster, metadata: str) -> None:
    scene = Scene.of(cluster)
    scene.send(20)
    client = group_client(scene)
    place = TopicPartition(scene.topic.name, 0, 5, metadata=metadata)
    client.commit(offsets=[place], asynchronous=False)
    client.close()
    handled = Handled()
    consumer: Any = scene.consumer(QUICK)
    with Member(consumer, handled, run=lambda handle: consumer.run(handle, concurrency=4)):
        eventually(lambda: len(handled) >= 15)
    assert sorted(handled.numbers) == list(range(5, 20))


def test_what_is_sought_is_handled_again(cluster: AnyCluster) -> None:
    scene = Scene.of(cluster)
    numbers = scene.send(60)
    handled = Handled()
    release = threading.Event()

    def handle(message: EventMessage) -> None:
        if message.value.timestamp == 0:
            assert release.wait(SECONDS)
        handled(message)
        if message.value.timestamp == 58:  # of another key than 0
            consumer.stop()

    consumer = scene.consumer(QUICK, grace=0.2)
    with consumer:
        consumer.run(handle, concurrency=4)
    release.set()
    before = set(handled.numbers) - {0}
    assert remembers(scene, {1, 2, 58})

    consumer = scene.consumer(QUICK)
    again = Handled()
    with consumer:
        consumer.seek(1, 0)
        scene.run_until(consumer, again, lambda: len(again) == 59)  # sequentially
    assert again.numbers == list(numbers)[1:]
    assert before - {0} <= set(again.numbers)
    assert committed(scene).offset == 60


class Refusing:
    """A client of brokers whose offset.metadata.max.bytes is small."""

    def __init__(self, *, raises: bool) -> None:
        self.raises = raises
        self.commits: list[str] = []

    def commit(self, *, offsets: list[TopicPartition], asynchronous: bool) -> list[TopicPartition]:
        assert not asynchronous
        self.commits.append(offsets[0].metadata or "")
        if not offsets[0].metadata:
            return []
        error = KafkaError(KafkaError.OFFSET_METADATA_TOO_LARGE)
        if self.raises:
            raise KafkaException(error)
        return [Answer(error)]  # type: ignore[list-item]


class Answer:
    def __init__(self, error: KafkaError) -> None:
        self.error = error


@pytest.mark.parametrize("raises", [True, False])
def test_metadata_that_brokers_refuse_is_left_out(raises: bool) -> None:
    client: Any = Refusing(raises=raises)
    place = TopicPartition("topic", 0, 5, metadata="avrogen1b.Kg")
    assert commit_offsets(client, [place], "group", None) == []
    assert client.commits == ["avrogen1b.Kg", ""]
