"""Metadata of topics, as producers and consumers ask brokers for it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from confluent_kafka import Consumer, Producer

__all__ = ["ANY_PARTITION", "list_partitions"]

ANY_PARTITION: Final = -1
"""Leaves the choice to librdkafka's partitioner (``RD_KAFKA_PARTITION_UA``)."""


def list_partitions(client: Producer | Consumer, topic: str, timeout: float) -> list[int]:
    """Ask the brokers for the partitions of a topic, ascending.

    A producer creates the topic by asking if the brokers allow it (``auto.create.topics.enable``).

    Args:
        client: the client that asks.
        topic: the topic's name.
        timeout: seconds.

    Raises:
        KafkaException: the brokers do not answer in time, or refuse: the topic does not exist, or
            the principal must not see it.
    """
    from confluent_kafka import KafkaError, KafkaException

    try:
        listed = client.list_topics(topic, timeout=timeout)
    except (UnicodeError, SystemError) as error:
        reason = "the metadata has a name that is not UTF-8"
        raise KafkaException(KafkaError(KafkaError._BAD_MSG, reason)) from error
    found = listed.topics[topic]
    if found.error is not None:
        raise KafkaException(found.error)
    return sorted(found.partitions)
