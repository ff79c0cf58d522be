"""Metadata of topics, as producers and consumers ask brokers for it."""

from __future__ import annotations

from collections.abc import Mapping
from time import monotonic
from typing import TYPE_CHECKING, Any, Final

if TYPE_CHECKING:
    from confluent_kafka import Consumer, KafkaError, Producer

__all__ = ["ANY_PARTITION", "list_partitions", "max_message_bytes"]

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


_MAX_MESSAGE_BYTES: Final = "max.message.bytes"

_TICK: Final = 0.02

_GIVE_UP: Final = frozenset({"_ALL_BROKERS_DOWN", "_AUTHENTICATION", "_RESOLVE", "_SSL"})
"""Errors of connections after which no answer will come soon."""

_NOT_FOR_ADMIN: Final = frozenset(
    {"enable.idempotence", "error_cb", "statistics.interval.ms", "stats_cb", "transactional.id"}
)


def max_message_bytes(settings: Mapping[str, object], topic: str, timeout: float) -> int | None:
    """Ask the brokers how large a batch of a topic may be (``max.message.bytes``).

    Args:
        settings: properties of a producer, for the connection.
        topic: the topic's name.
        timeout: seconds.

    Returns:
        Bytes; None: not known, as the topic does not exist, the brokers cannot be reached, or the
        principal lacks the ACL DescribeConfigs on the topic.
    """
    if "test.mock.num.brokers" in settings:
        return None  # another client would have brokers of its own
    from confluent_kafka import KafkaException, admin

    api: Any = admin  # it exports what it imports, which type checkers do not follow
    errors: list[str] = []

    def on_error(error: KafkaError) -> None:
        errors.append(error.name())

    own = {name: value for name, value in settings.items() if name not in _NOT_FOR_ADMIN}
    # The producer reports what is wrong with connections.
    client = api.AdminClient({**own, "error_cb": on_error, "log_level": 0})
    resource = api.ConfigResource(api.ResourceType.TOPIC, topic)
    deadline = monotonic() + timeout
    (future,) = client.describe_configs([resource], request_timeout=timeout).values()
    while monotonic() < deadline and _GIVE_UP.isdisjoint(errors):
        try:
            return int(future.result(_TICK)[_MAX_MESSAGE_BYTES].value)
        except TimeoutError:
            client.poll(0)
        except (KafkaException, KeyError, ValueError):
            break
    return None
