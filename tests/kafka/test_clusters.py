"""What tests of clients build on is the same on the embedded and on the real cluster."""

from __future__ import annotations

import urllib.request

from confluent_kafka import Consumer, Producer

from avrogen.testing.broker import Record
from tests.support.clusters import AnyCluster, fresh_name


def test_topics_are_as_they_were_asked_for(cluster: AnyCluster) -> None:
    topic = cluster.topic(partitions=3)
    assert cluster.records(topic) == ()
    producer = Producer({"bootstrap.servers": cluster.bootstrap_servers})
    for partition in range(3):
        producer.produce(topic, b"v", b"%d" % partition, partition, headers=[("h", b"1")])
    assert producer.flush(60) == 0
    assert [(r.partition, r.offset, r.key, r.headers) for r in cluster.records(topic)] == [
        (partition, 0, b"%d" % partition, (("h", b"1"),)) for partition in range(3)
    ]


def test_keys_go_to_the_partitions_of_java(cluster: AnyCluster) -> None:
    """By murmur2, as the clients of Java and Go do it."""
    topic = cluster.topic(partitions=7)
    settings = {"bootstrap.servers": cluster.bootstrap_servers, "partitioner": "murmur2_random"}
    producer = Producer(settings)
    for key in (b"", b"a", b"order-1", b"\xff\x00", "Zürich".encode()):
        producer.produce(topic, b"v", key)
    assert producer.flush(60) == 0
    assert {r.key: r.partition for r in cluster.records(topic)} == {
        record.key: murmur2_partition(record, 7) for record in cluster.records(topic)
    }


def murmur2_partition(record: Record, partitions: int) -> int:
    """As ``org.apache.kafka.clients.producer.internals.BuiltInPartitioner`` has it."""
    assert record.key is not None
    return (murmur2(record.key) & 0x7FFFFFFF) % partitions


def murmur2(data: bytes) -> int:
    """As ``org.apache.kafka.common.utils.Utils.murmur2``, in 32 bits without a sign."""
    multiplier, mask = 0x5BD1E995, 0xFFFFFFFF
    hashed = 0x9747B28C ^ len(data)
    whole = len(data) // 4 * 4
    for start in range(0, whole, 4):
        part = int.from_bytes(data[start : start + 4], "little") * multiplier & mask
        part = (part ^ part >> 24) * multiplier & mask
        hashed = (hashed * multiplier & mask) ^ part
    if whole < len(data):
        hashed = (hashed ^ int.from_bytes(data[whole:], "little")) * multiplier & mask
    hashed = (hashed ^ hashed >> 13) * multiplier & mask
    return hashed ^ hashed >> 15


def test_members_that_come_again_go_on(cluster: AnyCluster) -> None:
    """With the settings that typed consumers get in tests."""
    topic, group = cluster.topic(), fresh_name("group")
    producer = Producer({"bootstrap.servers": cluster.bootstrap_servers})
    settings = {k: v for k, v in cluster.consumer_config.items() if "registry" not in k}
    for number in range(3):
        producer.produce(topic, b"%d" % number)
        assert producer.flush(60) == 0
        consumer = Consumer({**settings, "group.id": group, "auto.offset.reset": "earliest"})
        consumer.subscribe([topic])
        message = consumer.poll(60)
        assert message is not None and message.value() == b"%d" % number
        consumer.close()


def test_the_registry_answers(cluster: AnyCluster) -> None:
    with urllib.request.urlopen(f"{cluster.registry_url}/subjects", timeout=60) as response:
        assert response.status == 200
