"""In-process Kafka cluster for tests.

It is the mock cluster of librdkafka, the library beneath ``confluent_kafka``: clients reach it over
TCP, it starts in milliseconds, and keeps everything in memory::

    from avrogen.testing.broker import EmbeddedBroker

    def test_orders() -> None:
        with EmbeddedBroker() as broker:
            broker.create_topic("shop.orders.v1", partitions=3)
            ...
            records = broker.records("shop.orders.v1")

    embedded_broker  EmbeddedBroker: the cluster with fault injection
    mock_cluster     librdkafka's mock cluster, through ctypes
    records          records of a topic, as bytes

:class:`EmbeddedBroker` lists its limits. It needs ``pip install 'avrogen[kafka]'``.
"""

from __future__ import annotations

from avrogen.testing.broker.embedded_broker import EmbeddedBroker
from avrogen.testing.broker.records import Record, RequestType

__all__ = ["EmbeddedBroker", "Record", "RequestType"]
