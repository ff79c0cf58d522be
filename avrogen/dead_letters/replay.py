"""Replay: dead-lettered records are produced to their source topics, each exactly once.

Records and replayed offsets are written in transactions. After an interruption, the next replay
continues after the last committed transaction. A second replay of the same topic fences the first.

The headers of a record name its source topic, and whoever wrote the record chose them. So records
are produced to topics only that the dead-letter topic is known to belong to or that were confirmed.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from contextlib import ExitStack
from typing import TYPE_CHECKING, Any, Final, cast

from avrogen.dead_letters.dead_letter_reader import DeadLetterReader, DeadLetterRecord, OffsetRange
from avrogen.errors import ConfigurationError
from avrogen.kafka.client_config import Settings
from avrogen.kafka.cluster_metadata import ANY_PARTITION, list_partitions
from avrogen.kafka.consumer.consumer_client import partitions_at
from avrogen.kafka.producer.delivery_errors import SizeLimits, delivery_error
from avrogen.kafka.producer.producer_client import ProducerClient

if TYPE_CHECKING:
    from confluent_kafka import KafkaError

__all__ = ["replay", "source_topic"]

_MOST_RECORDS: Final = 500
_MOST_BYTES: Final = 5_000_000
_TIMEOUT: Final = 30.0


_MOST_NAMED: Final = 5

_WORD: Final = r"(?:dlq|dlt|dead[._-]?letters?(?:[._-]?(?:queue|topic))?)"
_NAME: Final = re.compile(rf"(?:{_WORD}[._-])?(.+?)(?:[._-]{_WORD})?", re.IGNORECASE)


def source_topic(topic: str) -> str | None:
    """Return the source topic that the name of a dead-letter topic has in it, or None.

    Examples: ``orders.dlq``, ``orders-dlt`` (Spring), ``dlq-orders``, ``orders.dead-letters``.
    """
    found = _NAME.fullmatch(topic)
    return found[1] if found and found[1] != topic else None


def replay(
    config: Settings,
    reader: DeadLetterReader,
    replayed: Callable[[DeadLetterRecord], None],
    topics: Collection[str],
    *,
    skip_others: bool = False,
) -> list[DeadLetterRecord]:
    """Replay all records that were not replayed before.

    They keep key, value, headers and, if it still exists, the partition. Their timestamp is new:
    with the old one, the topic's retention might delete them at once.

    Args:
        config: client properties of a service.
        reader: reader of the dead-letter topic.
        replayed: called with each replayed record, after its transaction is committed.
        topics: topics that records may be produced to.
        skip_others: skip records of other topics, permanently.

    Returns:
        Skipped records, whose headers name no source topic, or another one.

    Raises:
        DeliveryError: a record could not be produced. Those given to ``replayed`` are replayed.
        TransactionError: the brokers do not support transactions or reject them, or another replay
            of the same topic runs.
        ConsumeError: the records cannot be read.
        ConfigurationError: client properties are invalid, or there are records of other topics,
            which are not to be skipped. None is replayed.
    """
    skipped: list[DeadLetterRecord] = []
    ranges = reader.ranges()
    starts = {number: range_.replayed for number, range_ in ranges.items()}
    if not skip_others:
        _check_topics(reader, starts, ranges, topics)
    ends: dict[int, int] = {}
    with ExitStack() as stack:
        producer: _ReplayProducer | None = None
        for records in _chunks(reader.records(starts, ranges)):
            known = [r for r in records if r.origin is not None and r.origin.topic in topics]
            skipped += [r for r in records if r.origin is None or r.origin.topic not in topics]
            ends |= {record.partition: record.offset + 1 for record in records}
            if known:
                if producer is None:
                    producer = _ReplayProducer(stack.enter_context(_client(config, reader)), topics)
                producer.replay(known, ends, reader)
                ends.clear()
                for record in known:
                    replayed(record)
        if producer is not None:
            producer.replay([], ends, reader)
        else:
            # Nothing was produced, so there is nothing to be atomic with.
            reader.commit(ends)
    return skipped


def _check_topics(
    reader: DeadLetterReader,
    starts: Mapping[int, int],
    ranges: Mapping[int, OffsetRange],
    topics: Collection[str],
) -> None:
    """Refuse records of other topics than the given ones."""
    origins = (record.origin for record in reader.records(starts, ranges))
    others = Counter(origin.topic for origin in origins if origin and origin.topic not in topics)
    if others:
        shown = [f"{name} ({count})" for name, count in others.most_common(_MOST_NAMED)]
        more = ", ..." if len(others) > _MOST_NAMED else ""
        raise ConfigurationError(
            f"headers of records on {reader.topic} name topics that were not confirmed: "
            f"{', '.join(shown)}{more}; nothing was replayed",
            hint="confirm each with --to TOPIC, or skip their records permanently with "
            "--skip-others",
        )


def _client(config: Settings, reader: DeadLetterReader) -> ProducerClient:
    # The next producer with this id fences this one.
    return ProducerClient({**config, "transactional.id": f"avrogen-replay-{reader.topic}"})


class _ReplayProducer:
    """A producer that sends records and waits for their delivery reports."""

    def __init__(self, client: ProducerClient, topics: Iterable[str]) -> None:
        self._client = client
        self._limits = {
            topic: SizeLimits(client.message_size, client.fit_batches(topic)) for topic in topics
        }
        self._partitions: dict[str, int] = {}

    def replay(
        self, records: Sequence[DeadLetterRecord], ends: Mapping[int, int], reader: DeadLetterReader
    ) -> None:
        """Produce records and commit replayed offsets, in one transaction."""
        if not ends:
            return
        with self._client.transaction() as transaction:
            self._send(records)
            offsets = partitions_at(reader.topic, ends.items())
            transaction.send_offsets(offsets, reader.consumer.consumer_group_metadata())

    def _send(self, records: Sequence[DeadLetterRecord]) -> None:
        errors: list[tuple[KafkaError, DeadLetterRecord]] = []
        for record in records:
            self._produce(record, errors)
        self._client.wait_until_empty(self._client.delivery_timeout)
        for error, record in errors:
            assert record.origin is not None, "records without a source topic are skipped"
            raise delivery_error(
                error,
                record.origin.topic,
                record.key,
                size=len(record.key or b"") + len(record.value or b""),
                limits=self._limits[record.origin.topic],
            )

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
