"""Records of a topic, as brokers store them.

Kafka's requests by the numbers that the protocol gives them.
"""

from __future__ import annotations

import time
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from enum import IntEnum
from typing import TYPE_CHECKING, Final, cast

from avrogen.kafka.checked_access import repair_headers

if TYPE_CHECKING:
    from confluent_kafka import Consumer, Message

__all__ = ["Record", "RequestType", "read_records"]

_EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)
_POLL_SECONDS: Final = 0.05
_AT_ONCE: Final = 10_000
_END_OF_PARTITION: Final = -191  # RD_KAFKA_RESP_ERR__PARTITION_EOF


@dataclass(frozen=True, slots=True, kw_only=True)
class Record:
    """One record of a topic, nothing decoded.

    Attributes:
        topic: its topic.
        partition: its partition.
        offset: its place in the partition.
        key: None if there is none.
        value: None for a tombstone.
        headers: in their order; a name may be there more than once.
        timestamp: when it was made, as the producer said.
    """

    topic: str
    partition: int
    offset: int
    key: bytes | None
    value: bytes | None
    headers: tuple[tuple[str, bytes | None], ...]
    timestamp: datetime


def read_records(bootstrap_servers: str, topic: str, timeout: float) -> tuple[Record, ...]:
    """Return all records of a topic, by partition and offset.

    Args:
        bootstrap_servers: where.
        topic: its name.
        timeout: seconds until the end of every partition must have been reached.

    Raises:
        LookupError: there is no such topic.
        TimeoutError: the end was not reached in time.
        RuntimeError: records have been dropped, so that these would not be all.
    """
    from confluent_kafka import Consumer, KafkaException

    deadline = time.monotonic() + timeout
    consumer = Consumer(
        {
            "bootstrap.servers": bootstrap_servers,
            "group.id": "embedded broker",
            "enable.auto.commit": False,
            "enable.partition.eof": True,
            "isolation.level": "read_committed",
            "fetch.wait.max.ms": 10,
            "log_level": 0,
        }
    )
    try:
        messages = _messages(consumer, topic, deadline)
        records = sorted(map(_record, messages), key=lambda record: record.partition)
        _require_all(records, consumer, deadline)
    except KafkaException as error:
        raise TimeoutError(f"the embedded broker did not answer: {error}") from error
    finally:
        consumer.close()
    return tuple(records)


def _messages(consumer: Consumer, topic: str, deadline: float) -> list[Message]:
    from confluent_kafka import OFFSET_BEGINNING, TopicPartition

    topics = consumer.list_topics(timeout=max(deadline - time.monotonic(), 0)).topics
    if topic not in topics:
        there = ", ".join(sorted(topics)) or "none"
        raise LookupError(f"there is no topic {topic!r}; topics: {there}")
    unread = set(topics[topic].partitions)
    consumer.assign([TopicPartition(topic, number, OFFSET_BEGINNING) for number in unread])
    read: list[Message] = []
    while unread:
        if time.monotonic() > deadline:
            raise TimeoutError(f"partitions of {topic!r} could not be read to the end: {unread}")
        for message in consumer.consume(_AT_ONCE, _POLL_SECONDS):
            error = message.error()
            if error is None:
                read.append(message)
            elif error.code() == _END_OF_PARTITION:
                unread.discard(message.partition())
    return read


def _record(message: Message) -> Record:
    topic, partition, offset = message.topic(), message.partition(), message.offset()
    assert topic is not None and partition is not None and offset is not None, "it was read"
    _type, milliseconds = message.timestamp()
    repair_headers(message)
    # The client's annotation is of what it takes, which is more than what it gives.
    headers = cast("list[tuple[str, bytes | None]]", message.headers() or [])
    return Record(
        topic=topic,
        partition=partition,
        offset=offset,
        key=message.key(),
        value=message.value(),
        headers=tuple(headers),
        timestamp=_EPOCH + timedelta(milliseconds=milliseconds),
    )


def _require_all(records: list[Record], consumer: Consumer, deadline: float) -> None:
    """Nothing but the broker's own limit removes records from the beginning of a partition.

    A real broker may begin with records that are not read, as their transaction was aborted.
    """
    from confluent_kafka import TopicPartition

    read: set[int] = set()
    for record in records:
        if record.partition not in read and record.offset > 0:
            place = TopicPartition(record.topic, record.partition)
            left = max(deadline - time.monotonic(), 0)
            first, _ = consumer.get_watermark_offsets(place, timeout=left)
            if first > 0:
                raise RuntimeError(
                    "the embedded broker keeps 5 MB or 100,000 batches of a partition, and has "
                    f"dropped the first {first} records of {record.topic} [{record.partition}]"
                )
        read.add(record.partition)


class RequestType(IntEnum):
    """Kafka protocol requests; the values are the protocol's API keys.

    Source: "Kafka protocol guide", API keys. These are the ones that the embedded broker can be
    told to fail.
    """

    PRODUCE = 0
    FETCH = 1
    LIST_OFFSETS = 2
    METADATA = 3
    OFFSET_COMMIT = 8
    OFFSET_FETCH = 9
    FIND_COORDINATOR = 10
    JOIN_GROUP = 11
    HEARTBEAT = 12
    LEAVE_GROUP = 13
    SYNC_GROUP = 14
    INIT_PRODUCER_ID = 22
    ADD_PARTITIONS_TO_TXN = 24
    ADD_OFFSETS_TO_TXN = 25
    END_TXN = 26
    TXN_OFFSET_COMMIT = 28
    CONSUMER_GROUP_HEARTBEAT = 68
