"""Sending dead letters back to where they come from, once each.

Letters go back in transactions, and how far they have come is part of them. So whoever is
interrupted has sent back all of a transaction or nothing, and goes on from there the next time.
A second replay of the same topic takes the place of the first, which fails.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from typing import TYPE_CHECKING, Any, Final, cast

from avrogen.dead_letters.dead_letter_reader import DeadLetterReader, DeadLetterRecord
from avrogen.errors import DeliveryError
from avrogen.kafka.client_config import Settings
from avrogen.kafka.producer.delivery_errors import delivery_error
from avrogen.kafka.producer.partitioner import ANY_PARTITION
from avrogen.kafka.producer.producer_client import ProducerClient

if TYPE_CHECKING:
    from confluent_kafka import KafkaError

__all__ = ["replay"]

_LETTERS: Final = 500
_BYTES: Final = 5_000_000
_TIMEOUT: Final = 30.0


def replay(
    config: Settings, box: DeadLetterReader, sent: Callable[[DeadLetterRecord], None]
) -> list[DeadLetterRecord]:
    """Send back all letters that were not sent back before.

    They have their keys, values and headers, and go to their partitions where these still exist.
    Their time is now: with their own, the topic's retention might remove them at once.

    Args:
        config: settings, as services have them.
        box: the letters.
        sent: told of each letter that is back where it comes from.

    Returns:
        Letters that stay, as nobody says where they come from.

    Raises:
        DeliveryError: a letter could not be sent back. Those that ``sent`` was told of were.
        TransactionError: the brokers have no transactions, or refuse them, or there is another
            replay of the same topic.
        ConsumeError: the letters cannot be read.
        ConfigurationError: the settings cannot work.
    """
    stay: list[DeadLetterRecord] = []
    ranges = box.ranges()
    starts = {number: range_.sent_back for number, range_ in ranges.items()}
    # The next producer with this id takes the place of this one.
    own = {**config, "transactional.id": f"avrogen-replay-{box.topic}"}
    with ProducerClient(own) as client:
        mail = _ReplayProducer(client)
        for letters in _chunks(box.letters(starts, ranges)):
            with client.transaction() as transaction:
                known = [letter for letter in letters if letter.origin is not None]
                mail.send(known)
                transaction.send_offsets(_behind(letters), box.consumer.consumer_group_metadata())
            for letter in known:
                sent(letter)
            stay.extend(letter for letter in letters if letter.origin is None)
    return stay


class _ReplayProducer:
    """Sends letters, and waits for all of them."""

    def __init__(self, client: ProducerClient) -> None:
        self._client = client
        self._partitions: dict[str, int] = {}

    def send(self, letters: Sequence[DeadLetterRecord]) -> None:
        errors: list[tuple[KafkaError, DeadLetterRecord]] = []
        for letter in letters:
            self._produce(letter, errors)
        self._client.wait_until_empty(self._client.delivery_timeout)
        for error, letter in errors:
            assert letter.origin is not None, "it was sent somewhere"
            raise delivery_error(error, letter.origin.topic, letter.key)

    def _produce(
        self, letter: DeadLetterRecord, errors: list[tuple[KafkaError, DeadLetterRecord]]
    ) -> None:
        from confluent_kafka import KafkaException

        def report(error: KafkaError | None, _: object) -> None:
            if error is not None:
                errors.append((error, letter))

        assert letter.origin is not None, "it is sent where it comes from"
        topic, number = letter.origin.topic, letter.origin.partition
        try:
            self._client.producer.produce(
                topic,
                letter.value,
                letter.key,
                number if number < self._partitions_of(topic) else ANY_PARTITION,
                headers=cast("Any", list(letter.headers)),
                on_delivery=report,
            )
        except KafkaException as exception:
            errors.append((exception.args[0], letter))

    def _partitions_of(self, topic: str) -> int:
        from confluent_kafka import KafkaException

        if topic not in self._partitions:
            try:
                found = self._client.producer.list_topics(topic, timeout=_TIMEOUT).topics[topic]
            except KafkaException as exception:
                raise delivery_error(exception.args[0], topic, None) from exception
            if found.error is not None:
                raise DeliveryError(
                    f"dead letters cannot be sent back: {found.error.str()}",
                    topic=topic,
                    code=found.error.name(),
                )
            self._partitions[topic] = len(found.partitions)
        return self._partitions[topic]


def _chunks(letters: Iterable[DeadLetterRecord]) -> Iterator[list[DeadLetterRecord]]:
    """Letters in groups that a transaction can hold."""
    chunk: list[DeadLetterRecord] = []
    size = 0
    for letter in letters:
        chunk.append(letter)
        size += len(letter.key or b"") + len(letter.value or b"")
        if len(chunk) == _LETTERS or size > _BYTES:
            yield chunk
            chunk, size = [], 0
    if chunk:
        yield chunk


def _behind(letters: Sequence[DeadLetterRecord]) -> list[Any]:
    """The offsets behind the last letters of each partition."""
    from confluent_kafka import TopicPartition

    ends = {letter.partition: letter.offset + 1 for letter in letters}
    topic = letters[0].topic
    return [TopicPartition(topic, number, offset) for number, offset in ends.items()]
