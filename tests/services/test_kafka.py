"""The brokers that tests of producers and consumers run on can be used, killed and paused."""

from __future__ import annotations

import uuid

import pytest
from confluent_kafka import Consumer, KafkaException, Producer
from confluent_kafka.admin import AdminClient

from tests.services.fixtures import MakeKafka
from tests.services.kafka import KafkaCluster

SECONDS = 60


def produce(cluster: KafkaCluster, topic: str, *values: bytes) -> None:
    """Until all replicas have it."""
    producer = Producer({"bootstrap.servers": cluster.bootstrap_servers, "acks": "all"})
    for value in values:
        producer.produce(topic, value)
    assert producer.flush(SECONDS) == 0


def consume(cluster: KafkaCluster, topic: str, count: int) -> list[bytes | None]:
    consumer = Consumer(
        {
            "bootstrap.servers": cluster.bootstrap_servers,
            "group.id": uuid.uuid4().hex,
            "auto.offset.reset": "earliest",
        }
    )
    try:
        consumer.subscribe([topic])
        return [message.value() for message in consumer.consume(count, SECONDS)]
    finally:
        consumer.close()


def test_what_is_produced_is_consumed(real_kafka: KafkaCluster) -> None:
    topic = uuid.uuid4().hex
    produce(real_kafka, topic, b"a", b"b")
    assert consume(real_kafka, topic, 2) == [b"a", b"b"]


def test_a_broker_is_killed_paused_and_comes_back(make_kafka: MakeKafka) -> None:
    cluster = make_kafka(1)
    process = cluster.brokers[0].process
    produce(cluster, "t", b"a")
    process.kill()
    assert not process.running
    process.start()
    assert consume(cluster, "t", 1) == [b"a"]
    process.pause()
    with pytest.raises(KafkaException):
        AdminClient({"bootstrap.servers": cluster.bootstrap_servers}).list_topics(timeout=0.5)
    process.resume()
    produce(cluster, "t", b"b")
    process.stop()
    assert not process.running


def test_two_of_three_brokers_are_enough(make_kafka: MakeKafka) -> None:
    cluster = make_kafka(3)
    produce(cluster, "t", b"a")
    admin = AdminClient({"bootstrap.servers": cluster.bootstrap_servers})
    leader = admin.list_topics("t", timeout=SECONDS).topics["t"].partitions[0].leader
    (broker,) = (broker for broker in cluster.brokers if broker.node_id == leader)
    broker.process.kill()
    produce(cluster, "t", b"b")
    assert consume(cluster, "t", 2) == [b"a", b"b"]
