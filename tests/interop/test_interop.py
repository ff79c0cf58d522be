"""Clients of Go and Java on the other side of our topics: same bytes, partitions and subjects."""

from __future__ import annotations

import json
import urllib.request
from types import ModuleType
from typing import Any

from tests.interop.events import events, for_topic
from tests.interop.partners import Partner
from tests.support.clusters import AnyCluster, fresh_name

PARTITIONS = 12
NAMES = ["", "a", "ab", "abc", "abcd", "Zürich", "☎", *(f"order-{n}" for n in range(200))]
"""Keys of all lengths and of bytes above 127, which are where implementations of hashes differ."""


def test_they_read_what_we_send(cluster: AnyCluster, partner: Partner, types: ModuleType) -> None:
    topic = cluster.topic(PARTITIONS)
    sent = events(types)
    with for_topic("OrdersProducer", topic)(cluster.config, register=True) as orders:
        futures = [orders.send(event) for event in sent]
    places = {(f.result().partition, f.result().offset) for f in futures}
    lines = partner.consume(cluster, topic, len(sent))
    assert {(line.partition, line.offset) for line in lines} == places
    assert all(line.known for line in lines)
    for line in lines:
        assert line.again == line.value, "they write the same bytes"


def test_we_read_what_they_send(cluster: AnyCluster, partner: Partner, types: ModuleType) -> None:
    """They find the schemas that we registered, under the subjects that they would choose."""
    topic = cluster.topic(PARTITIONS)
    for_topic("OrdersProducer", topic)(cluster.config, register=True).close()
    lines = partner.produce(cluster, topic)
    expected = events(types)
    consumer = for_topic("OrdersConsumer", topic)
    received: dict[tuple[int, int], Any] = {}
    with consumer(cluster.consumer_config, group_id=fresh_name("group")) as orders:
        for message in orders:
            received[message.partition, message.offset] = message
            if len(received) == len(expected):
                break
    for line, event in zip(lines, expected, strict=True):
        message = received[line.partition, line.offset]
        assert message.value == event
        assert message.key == str(event.id)
        assert message.raw_value == line.value


def test_keys_go_to_the_same_partitions(
    cluster: AnyCluster, partner: Partner, types: ModuleType
) -> None:
    topic = cluster.topic(PARTITIONS)
    with for_topic("OrdersProducer", topic)(cluster.config, register=True) as orders:
        cancelled = events(types)[-1]
        ours = {name: orders.send(cancelled, key=name) for name in NAMES}
    theirs = partner.produce_keys(cluster, topic, [name.encode() for name in NAMES])
    assert {name: future.result().partition for name, future in ours.items()} == {
        (line.key or b"").decode(): line.partition for line in theirs
    }


def test_keys_that_are_records_go_to_the_same_partitions(
    cluster: AnyCluster, partner: Partner, types: ModuleType
) -> None:
    topic = cluster.topic(PARTITIONS)
    cancelled = events(types)[-1]
    with for_topic("CancelledProducer", topic)(cluster.config, register=True) as producer:
        for number in range(50):
            producer.send(cancelled, key=types.Place(region="north", number=number))
    ours = {record.key: record.partition for record in cluster.records(topic)}
    assert len(ours) == 50
    theirs = partner.produce_keys(cluster, topic, [key for key in ours if key is not None])
    assert {line.key: line.partition for line in theirs} == ours


def test_subjects_are_those_of_the_strategies(cluster: AnyCluster, types: ModuleType) -> None:
    orders, cancelled = cluster.topic(), cluster.topic()
    for_topic("OrdersProducer", orders)(cluster.config, register=True).close()
    for_topic("CancelledProducer", cancelled)(cluster.config, register=True).close()
    with urllib.request.urlopen(f"{cluster.registry_url}/subjects", timeout=60) as response:
        subjects = set(json.load(response))
    assert {subject for subject in subjects if subject.startswith((orders, cancelled))} == {
        f"{orders}-com.acme.interop.Placed",
        f"{orders}-com.acme.interop.Cancelled",
        f"{cancelled}-value",
        f"{cancelled}-key",
    }
