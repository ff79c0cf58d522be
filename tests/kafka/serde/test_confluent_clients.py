"""Our serializers and deserializers in confluent-kafka's own producer and consumer."""

from __future__ import annotations

from contextlib import closing
from typing import Any

import pytest
from confluent_kafka import DeserializingConsumer, SerializingProducer, TopicPartition
from confluent_kafka.error import (
    KeySerializationError,
    ValueDeserializationError,
    ValueSerializationError,
)

from avrogen import EncodeError, FramingError
from avrogen.kafka import Deserializer, Serializer, connect
from examples.demo import order
from generated_example.com.acme.logistics import ParcelKey
from generated_example.com.acme.shop import CancellationReason, OrderCancelled, OrderPlaced
from tests.support.clusters import AnyCluster, fresh_name

PLACED = order()
CANCELLED = OrderCancelled(
    order_id=PLACED.order_id,
    cancelled_at=PLACED.placed_at,
    reason=CancellationReason.CUSTOMER_REQUEST,
)
KEY = ParcelKey(carrier="Snail & Sons", tracking_number="S-1729")


@pytest.mark.parametrize("header", [False, True], ids=["prefix", "header"])
def test_there_and_back(cluster: AnyCluster, header: bool) -> None:
    topic = cluster.topic()
    with closing(connect({"url": cluster.registry_url})) as registry:
        keys = Serializer(registry, ParcelKey, register=True, header=header)
        values = Serializer[OrderPlaced | OrderCancelled](
            registry, OrderPlaced, OrderCancelled, register=True, header=header
        )
        serializers: dict[str, Serializer[Any]] = {
            "key.serializer": keys,
            "value.serializer": values,
        }
        with closing(producer_for(cluster, serializers)) as producer:
            if header and cluster.kind == "real":
                # Apicurio has no GUIDs.
                with pytest.raises(KeySerializationError, match="GUID, and the registry has none"):
                    producer.produce(topic, key=KEY, value=PLACED, headers=[])
                return
            for value in (PLACED, CANCELLED, None):
                producer.produce(topic, key=KEY, value=value, headers=[("trace_id", b"1")])
            with pytest.raises(ValueSerializationError) as refused:
                producer.produce(topic, key=KEY, value="text", headers=[])
            assert isinstance(refused.value.exception, EncodeError)
            assert producer.flush(60) == 0
        expected = [(KEY, PLACED), (KEY, CANCELLED), (KEY, None)]
        assert read_all(cluster, topic, registry, 3) == expected


def test_what_cannot_be_read(cluster: AnyCluster) -> None:
    topic = cluster.topic()
    with closing(producer_for(cluster, {})) as producer:
        producer.produce(topic, value=b'{"plain": "JSON"}')
        assert producer.flush(60) == 0
    with (
        closing(connect({"url": cluster.registry_url})) as registry,
        pytest.raises(ValueDeserializationError) as refused,
    ):
        read_all(cluster, topic, registry, 1)
    assert isinstance(refused.value.exception, FramingError)
    assert "plain JSON" in str(refused.value.exception)


def producer_for(
    cluster: AnyCluster, serializers: dict[str, Serializer[Any]]
) -> SerializingProducer[Any, Any]:
    return SerializingProducer({"bootstrap.servers": cluster.bootstrap_servers, **serializers})


def read_all(cluster: AnyCluster, topic: str, registry: Any, count: int) -> list[tuple[Any, Any]]:
    """Keys and values of so many messages."""
    consumer: DeserializingConsumer[Any, Any] = DeserializingConsumer(
        {
            "bootstrap.servers": cluster.bootstrap_servers,
            "group.id": fresh_name("group"),
            "key.deserializer": Deserializer(registry, ParcelKey),
            "value.deserializer": Deserializer[OrderPlaced | OrderCancelled](
                registry, OrderPlaced, OrderCancelled
            ),
        }
    )
    with closing(consumer):
        consumer.assign([TopicPartition(topic, 0, 0)])
        messages = [consumer.poll(60) for _ in range(count)]
    return [(m.deserialized_key(), m.deserialized_value()) for m in messages if m is not None]
