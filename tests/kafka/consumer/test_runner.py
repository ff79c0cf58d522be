"""Handling messages one by one: each at least once, in order, committed when handled."""

from __future__ import annotations

from tests.support.clusters import AnyCluster
from tests.support.scenes import Handled, Scene


def test_everything_is_handled_once_and_committed(cluster: AnyCluster) -> None:
    scene = Scene.of(cluster, partitions=3)
    numbers = scene.send(500)
    handled = Handled()
    with scene.consumer() as consumer:
        scene.run_until(consumer, handled, lambda: len(handled) == 500)
        assert consumer.assignment() == (0, 1, 2)
        assert sum(consumer.lag().values()) == 0
    handled.assert_each_once(numbers)
    assert scene.committed() == scene.ends()


def test_a_message_says_what_it_is(cluster: AnyCluster) -> None:
    scene = Scene.of(cluster)
    scene.send(1, headers={"trace_id": "7"})
    with scene.consumer() as consumer:
        message = next(iter(consumer))
    assert message.key == "key-0"
    assert message.value.resource_id == "0"
    assert (message.topic, message.partition, message.offset) == (scene.topic.name, 0, 0)
    assert message.headers.get("trace_id") == b"7"
    assert message.raw_key == b"key-0"
    (record,) = cluster.records(scene.topic.name)
    assert message.raw_value == record.value
    assert message.timestamp == record.timestamp


def test_iteration(cluster: AnyCluster) -> None:
    scene = Scene.of(cluster, partitions=2)
    numbers = scene.send(200)
    handled = Handled()
    with scene.consumer() as consumer:
        for message in consumer:
            handled(message)
            if len(handled) == 200:
                consumer.stop()
    handled.assert_each_once(numbers)
    assert scene.committed() == scene.ends()


def test_a_message_whose_loop_was_left_comes_again(cluster: AnyCluster) -> None:
    scene = Scene.of(cluster)
    scene.send(5)
    with scene.consumer() as consumer:
        for message in consumer:
            if message.offset == 2:
                break
        assert next(iter(consumer)).offset == 2
    assert scene.committed() == {0: 2}
    with scene.consumer() as consumer:
        assert next(iter(consumer)).offset == 2
