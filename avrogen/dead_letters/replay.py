"""Replay: dead-lettered records are produced to their source topics, each exactly once.

Records and replayed offsets are written in transactions. After an interruption, the next replay
continues after the last committed transaction. A second replay of the same topic fences the first.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from typing import TYPE_CHECKING, Any, Final, cast

from avrogen.dead_letters.dead_letter_reader import DeadLetterReader, DeadLetterRecord
from avrogen.kafka.client_config import Settings
from avrogen.kafka.cluster_metadata import ANY_PARTITION, list_partitions
from avrogen.kafka.producer.delivery_errors import delivery_error
from avrogen.kafka.producer.producer_client import ProducerClient

if TYPE_CHECKING:
    from confluent_kafka import KafkaError

__all__ = ["replay"]

_MOST_RECORDS: Final = 500
_MOST_BYTES: Final = 5_000_000
_TIMEOUT: Final = 30.0


def replay(
    config: Settings, reader: DeadLetterReader, replayed: Callable[[DeadLetterRecord], None]
) -> list[DeadLetterRecord]:
    """Replay all records that were not replayed before.

    They keep key, value, headers and, if it still exists, the partition. Their timestamp is new:
    with the old one, the topic's retention might delete them at once.

    Args:
        config: client properties of a service.
        reader: reader of the dead-letter topic.
        replayed: called with each replayed record, after its transaction is committed.

    Returns:
        Skipped records, whose headers name no source topic.

    Raises:
        DeliveryError: a record could not be produced. Those given to ``replayed`` are replayed.
        TransactionError: the brokers do not support transactions or reject them, or another replay
            of the same topic runs.
        ConsumeError: the records cannot be read.
        ConfigurationError: client properties are invalid.
    """
    skipped: list[DeadLetterRecord] = []
    ranges = reader.ranges()
    starts = {number: range_.replayed for number, range_ in ranges.items()}
    # The next producer with this id fences this one.
    transactional = {**config, "transactional.id": f"avrogen-replay-{reader.topic}"}
    with ProducerClient(transactional) as client:
        producer = _ReplayProducer(client)
        for records in _chunks(reader.records(starts, ranges)):
            with client.transaction() as transaction:
                known = [record for record in records if record.origin is not None]
                producer.send(known)
                transaction.send_offsets(
                    _next_offsets(records), reader.consumer.consumer_group_metadata()
                )
            for record in known:
                replayed(record)
            skipped.extend(record for record in records if record.origin is None)
    return skipped


class _ReplayProducer:
    """A producer that sends records and waits for their delivery reports."""

    def __init__(self, client: ProducerClient) -> None:
        self._client = client
        self._partitions: dict[str, int] = {}

    def send(self, records: Sequence[DeadLetterRecord]) -> None:
        errors: list[tuple[KafkaError, DeadLetterRecord]] = []
        for record in records:
            self._produce(record, errors)
        self._client.wait_until_empty(self._client.delivery_timeout)
        for error, record in errors:
            assert record.origin is not None, "records without a source topic are skipped"
            raise delivery_error(error, record.origin.topic, record.key)

    def _produce(
        self, record: DeadLetterRecord, errors: list[tuple[KafkaError, DeadLetterRecord]]
    ) -> None:
        from confluent_kafka import KafkaException

        def report(error: KafkaError | None, _: object) -> None:
            if error is not None:
                errors.append((error, record))

        assert record.origin is not None, "records without a source topic are skipped"
        topic, number = record.origin.topic, record.origin.partition
        try:
            self._client.producer.produce(
                topic,
                record.value,
                record.key,
                number if number < self._partitions_of(topic) else ANY_PARTITION,
                headers=cast("Any", list(record.headers)),
                on_delivery=report,
            )
        except KafkaException as exception:
            errors.append((exception.args[0], record))

    def _partitions_of(self, topic: str) -> int:
        from confluent_kafka import KafkaException

        if topic not in self._partitions:
            try:
                found = list_partitions(self._client.producer, topic, _TIMEOUT)
            except KafkaException as exception:
                raise delivery_error(exception.args[0], topic, None) from exception
            self._partitions[topic] = len(found)
        return self._partitions[topic]


def _chunks(records: Iterable[DeadLetterRecord]) -> Iterator[list[DeadLetterRecord]]:
    """Yield the records in lists that fit into a transaction."""
    chunk: list[DeadLetterRecord] = []
    size = 0
    for record in records:
        chunk.append(record)
        size += len(record.key or b"") + len(record.value or b"")
        if len(chunk) == _MOST_RECORDS or size > _MOST_BYTES:
            yield chunk
            chunk, size = [], 0
    if chunk:
        yield chunk


def _next_offsets(records: Sequence[DeadLetterRecord]) -> list[Any]:
    """Return the offsets after the last record of each partition."""
    from confluent_kafka import TopicPartition

    ends = {record.partition: record.offset + 1 for record in records}
    topic = records[0].topic
    return [TopicPartition(topic, number, offset) for number, offset in ends.items()]
