"""Messages go to the partitions that Java and Go would choose, or that are asked for."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date
from types import SimpleNamespace
from typing import Any, cast

import pytest
from confluent_kafka import KafkaError, KafkaException, Producer

from avrogen import DeliveryError, EncodeError
from avrogen.kafka.producer.partitioner import CustomPartitioner
from avrogen.testing.broker import EmbeddedBroker
from avrogen.testing.registry import EmbeddedRegistry
from generated_example.com.example import Event
from tests.kafka.producer.murmur2 import murmur2, partition_of
from tests.support.clusters import AnyCluster
from tests.support.events import event, events_producer

JAVA = {
    "21": -973932308,
    "foobar": -790332482,
    "a-little-bit-long-string": -985981536,
    "a-little-bit-longer-string": -1486304829,
    "lkjh234lh9fiuh90y23oiuhsafujhadof229phr9h19h89h8": -58897971,
    "abc": 479470107,
}
"""Of ``UtilsTest.testMurmur2`` in Kafka."""


def test_the_hash_is_that_of_java() -> None:
    assert {text: murmur2(text.encode()) for text in JAVA} == JAVA


def test_keys_go_where_java_puts_them(cluster: AnyCluster) -> None:
    topic = cluster.topic(7)
    keys = [*JAVA, *map(str, range(50))]
    with events_producer(topic, key="string")(cluster.config, register=True) as events:
        sent = {key: events.send(event(), key=key) for key in keys}
    placed = {key: future.result().partition for key, future in sent.items()}
    assert placed == {key: partition_of(key.encode(), 7) for key in keys}


def test_a_partition_that_is_asked_for(cluster: AnyCluster) -> None:
    topic = cluster.topic(3)
    with events_producer(topic)(cluster.config, register=True) as events:
        sent = [events.send(event(), partition=number) for number in (2, 0, 1, 2)]
    assert [future.result().partition for future in sent] == [2, 0, 1, 2]
    assert [record.partition for record in cluster.records(topic)] == [0, 1, 2, 2]


def test_a_partitioner(cluster: AnyCluster) -> None:
    topic = cluster.topic(4)
    asked: list[tuple[object, object, int]] = []

    def by_resource(key: object, value: Event, partitions: int) -> int:
        asked.append((key, value, partitions))
        return int(value.resource_id) % partitions

    producer = events_producer(topic, key="long")
    with producer(cluster.config, register=True, partitioner=by_resource) as events:
        sent = [events.send(event(number), key=number) for number in range(6)]
        sent.append(events.send(event(1), key=9, partition=3))
    assert [future.result().partition for future in sent] == [0, 1, 2, 3, 0, 1, 3]
    assert asked == [(number, event(number), 4) for number in range(6)]


def constant(partition: int) -> Callable[[object, object, int], int]:
    return lambda key, value, partitions: partition


def test_a_partitioner_that_is_wrong(broker: EmbeddedBroker) -> None:
    broker.create_topic("events", 2)
    with EmbeddedRegistry() as registry:
        config = {
            "bootstrap.servers": broker.bootstrap_servers,
            "schema.registry.url": registry.url,
        }
        producer = events_producer("events")(config, register=True, partitioner=constant(2))
        with producer as events, pytest.raises(EncodeError, match="partitions 0 to 1"):
            events.send(event())
        assert broker.records("events") == ()


def test_a_partitioner_for_a_topic_that_is_not_there(real: AnyCluster) -> None:
    producer = events_producer("no-such-topic-at-all")
    config = {**real.config, "allow.auto.create.topics": False}
    with pytest.raises(DeliveryError, match="create the topic"):
        producer(config, register=True, partitioner=constant(0))


def test_partitions_that_are_added_later() -> None:
    """The number is asked for every five minutes; an old one is better than none."""
    numbers = [2, None, 4]
    times = [0.0]
    asked: list[float] = []

    def list_topics(topic: str, timeout: float) -> object:
        asked.append(timeout)
        number = numbers[len(asked) - 1]
        if number is None:
            raise KafkaException(KafkaError(KafkaError._TRANSPORT))
        found = SimpleNamespace(error=None, partitions=dict.fromkeys(range(number)))
        return SimpleNamespace(topics={topic: found})

    producer = cast("Producer", SimpleNamespace(list_topics=list_topics))
    partitions = CustomPartitioner(
        producer, "events", lambda _key, _value, number: number - 1, lambda: times[-1]
    )
    seen: list[int] = []
    for time in (0.0, 299.0, 300.0, 599.0, 600.0):
        times.append(time)
        partitions.refresh()
        seen.append(partitions.choose(None, None))
    assert seen == [1, 1, 1, 1, 3]
    assert len(asked) == 3 and asked[0] > asked[1] == asked[2]


WRONG: list[object] = [True, "1", 1.0, None, 2**31, -1, 2**40]


@pytest.mark.parametrize("wrong", [each for each in WRONG if each is not None], ids=repr)
def test_what_is_no_partition_is_refused(
    avrogen_broker: EmbeddedBroker, avrogen_registry: EmbeddedRegistry, wrong: Any
) -> None:
    config = {
        "bootstrap.servers": avrogen_broker.bootstrap_servers,
        "schema.registry.url": avrogen_registry.url,
    }
    avrogen_broker.create_topic("events")
    with events_producer("events")(config, register=True) as events:
        with pytest.raises(EncodeError, match="partition"):
            events.send(event(), partition=wrong)
        assert events.counters().sent == 0


@pytest.mark.parametrize("wrong", WRONG, ids=repr)
def test_a_partitioner_that_returns_no_partition(
    avrogen_broker: EmbeddedBroker, avrogen_registry: EmbeddedRegistry, wrong: Any
) -> None:
    config = {
        "bootstrap.servers": avrogen_broker.bootstrap_servers,
        "schema.registry.url": avrogen_registry.url,
    }
    avrogen_broker.create_topic("events", 2)
    producer = events_producer("events")
    with (
        producer(config, register=True, partitioner=lambda key, value, count: wrong) as events,
        pytest.raises(EncodeError, match="partitioner"),
    ):
        events.send(event())


@pytest.mark.parametrize("wrong", [5, "2024-05-17", date(2024, 5, 17)], ids=repr)
def test_what_is_no_timestamp_is_refused(
    avrogen_broker: EmbeddedBroker, avrogen_registry: EmbeddedRegistry, wrong: Any
) -> None:
    config = {
        "bootstrap.servers": avrogen_broker.bootstrap_servers,
        "schema.registry.url": avrogen_registry.url,
    }
    avrogen_broker.create_topic("events")
    with (
        events_producer("events")(config, register=True) as events,
        pytest.raises(EncodeError, match="timestamp: expected a datetime"),
    ):
        events.send(event(), timestamp=wrong)
