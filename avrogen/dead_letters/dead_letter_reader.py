"""A dead letter, as it is on its topic.

Reads dead letters, and knows which of them were sent back.
"""

from __future__ import annotations

from collections.abc import Generator, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from difflib import get_close_matches
from time import monotonic
from typing import TYPE_CHECKING, Any, Final, cast

from avrogen.errors import ConsumeError
from avrogen.kafka.callbacks import Callbacks
from avrogen.kafka.client_config import Settings
from avrogen.kafka.cluster_metadata import list_partitions
from avrogen.kafka.consumer.consumer_client import create_consumer
from avrogen.kafka.consumer.dead_letter_topic import DeadLetterOrigin, origin_of, original_headers
from avrogen.kafka.message import Header

if TYPE_CHECKING:
    from confluent_kafka import Consumer, KafkaError
    from confluent_kafka import Message as RawMessage

__all__ = ["DeadLetterReader", "DeadLetterRecord", "Range", "replay_group"]


@dataclass(frozen=True, slots=True)
class DeadLetterRecord:
    """A message on a topic for dead letters.

    Attributes:
        topic: that topic.
        partition: its partition there.
        offset: its offset there.
        timestamp: when it was sent there, in milliseconds since 1970; None: nobody says.
        key: the bytes of its key; None: it has none.
        value: the bytes of its value; None: it has none.
        headers: the headers that the message had before.
        origin: where it was before, and why it is here; None: nobody says.
    """

    topic: str
    partition: int
    offset: int
    timestamp: int | None
    key: bytes | None
    value: bytes | None
    headers: tuple[Header, ...]
    origin: DeadLetterOrigin | None

    @classmethod
    def of(cls, raw: RawMessage) -> DeadLetterRecord:
        """The letter that a message is."""
        headers = cast("list[Header]", raw.headers() or [])
        kind, milliseconds = raw.timestamp()
        return cls(
            topic=cast("str", raw.topic()),
            partition=cast("int", raw.partition()),
            offset=cast("int", raw.offset()),
            timestamp=milliseconds if kind else None,
            key=raw.key(),
            value=raw.value(),
            headers=tuple(original_headers(headers)),
            origin=origin_of(headers),
        )


_TIMEOUT: Final = 30.0
"""Seconds without an answer after which nobody should wait any longer."""

_TICK: Final = 0.1
_AT_ONCE: Final = 500


def replay_group(topic: str) -> str:
    """The consumer group whose offsets say how far a topic's letters were sent back."""
    return f"avrogen-replay-{topic}"


@dataclass(frozen=True, slots=True)
class Range:
    """The letters of a partition.

    Attributes:
        first: the first offset that is there.
        sent_back: the first offset that was not sent back.
        end: the offset behind the last.
    """

    first: int
    sent_back: int
    end: int


class DeadLetterReader:
    """The letters of a topic, as they are now.

    Args:
        client: :attr:`avrogen.kafka.client_config.Configuration.client`.
        topic: the topic's name.
    """

    def __init__(self, client: Settings, topic: str) -> None:
        self.topic = topic
        settings = {**client, "enable.partition.eof": True}
        # Those of a service, which reads messages as a member of its group.
        for name in ("group.id", "group.instance.id", "group.protocol", "enable.auto.commit"):
            settings.pop(name, None)
        self.consumer: Consumer = create_consumer(
            settings, Callbacks(None), group=replay_group(topic), auto_commit=False
        )

    def close(self) -> None:
        """Give back connections."""
        self.consumer.close()

    def ranges(self) -> dict[int, Range]:
        """Which letters there are, by partition.

        Raises:
            ConsumeError: there is no such topic, or the brokers do not answer.
        """
        from confluent_kafka import TopicPartition

        with self._asked():
            numbers = list_partitions(self.consumer, self.topic, _TIMEOUT)
            places = [TopicPartition(self.topic, number) for number in numbers]
            ranges: dict[int, Range] = {}
            for place in self.consumer.committed(places, timeout=_TIMEOUT):
                low, high = self.consumer.get_watermark_offsets(place, timeout=_TIMEOUT)
                ranges[place.partition] = Range(low, max(low, place.offset), high)
            return ranges

    def letters(
        self, starts: Mapping[int, int], ranges: Mapping[int, Range]
    ) -> Iterator[DeadLetterRecord]:
        """Letters from certain offsets on, up to the ends of ranges.

        Args:
            starts: the first offset that is wanted, by partition.
            ranges: what :meth:`ranges` gave.

        Raises:
            ConsumeError: the brokers do not answer any more.
        """
        from confluent_kafka import TopicPartition

        left = {number for number, start in starts.items() if start < ranges[number].end}
        with self._asked():
            self.consumer.assign(
                [TopicPartition(self.topic, number, starts[number]) for number in sorted(left)]
            )
        deadline = monotonic() + _TIMEOUT
        while left:
            for letter in self._polled(left):
                deadline = monotonic() + _TIMEOUT
                if letter.partition in left:
                    if letter.offset < ranges[letter.partition].end:
                        yield letter
                    if letter.offset + 1 >= ranges[letter.partition].end:
                        left.discard(letter.partition)
            if monotonic() > deadline:
                raise ConsumeError(
                    f"the brokers have sent nothing for {_TIMEOUT:.0f} s", topic=self.topic
                )

    def _polled(self, left: set[int]) -> Iterator[DeadLetterRecord]:
        """What has come; partitions that are at their end are none of those that are left."""
        for message in self.consumer.consume(_AT_ONCE, _TICK):
            error = message.error()
            if error is None:
                yield DeadLetterRecord.of(message)
            elif error.name() == "_PARTITION_EOF":
                left.discard(cast("int", message.partition()))
            elif error.fatal() or not error.retriable():
                raise self._refused(error)

    @contextmanager
    def _asked(self) -> Generator[None]:
        from confluent_kafka import KafkaException

        try:
            yield
        except KafkaException as exception:
            error = exception.args[0]
            if error.name() == "UNKNOWN_TOPIC_OR_PART":
                raise self._unknown(error) from exception
            raise self._refused(error) from exception

    def _unknown(self, error: KafkaError) -> ConsumeError:
        """With the topic that was meant, if there is one of a similar name."""
        others = self.consumer.list_topics(timeout=_TIMEOUT).topics
        near = get_close_matches(self.topic, list[str](others), n=1)
        hint = f"; did you mean {near[0]}?" if near else ""
        return ConsumeError(
            f"cannot read dead letters: {error.str()}{hint}", topic=self.topic, code=error.name()
        )

    def _refused(self, error: KafkaError | Any) -> ConsumeError:
        return ConsumeError(
            f"cannot read dead letters: {error.str()}", topic=self.topic, code=error.name()
        )
