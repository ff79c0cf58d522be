"""Dead letters: messages that could not be handled, as they are on their topic.

Key, value and headers are those of the message, byte for byte. Headers are added that say where it
was and what happened, with the names that Kafka Connect has for them, so that what reads Connect's
dead letters reads these. The record's time is that of the dead letter: with the message's own,
which Connect keeps, the topic's retention might remove it before anybody has looked.

Source: ``org.apache.kafka.connect.runtime.errors.DeadLetterQueueReporter``.

Sending dead letters: one at a time, each waited for.
"""

from __future__ import annotations

import traceback
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from threading import Lock
from typing import TYPE_CHECKING, Any, Final, cast

from avrogen.extras import comes_with
from avrogen.kafka.callbacks import Callbacks
from avrogen.kafka.client_config import Settings, producer_settings
from avrogen.kafka.message import Header
from avrogen.kafka.producer.delivery_errors import delivery_error
from avrogen.kafka.producer.partitioner import ANY_PARTITION

if TYPE_CHECKING:
    from confluent_kafka import KafkaError, Producer
    from confluent_kafka import Message as RawMessage

__all__ = [
    "PREFIX",
    "DeadLetterOrigin",
    "DeadLetterProducer",
    "full_name",
    "headers_for",
    "origin_of",
    "original_headers",
]

PREFIX: Final = "__connect.errors."
"""What the names of Connect's headers begin with."""

_TIMESTAMP: Final = "__avrogen.errors.timestamp"  # Connect has none for it
_OURS: Final = (PREFIX, "__avrogen.errors.")

_LONGEST: Final = 8_000
"""Bytes of a text: a dead letter must fit where its message did, or nearly so."""


@dataclass(frozen=True, slots=True)
class DeadLetterOrigin:
    """Where a dead letter comes from, and why it is one.

    Attributes:
        topic: where the message was.
        partition: its partition there.
        offset: its offset there.
        timestamp: its time in milliseconds since 1970; None if it had none, or nobody says.
        stage: what failed, as Connect calls it: ``KEY_CONVERTER``, ``VALUE_CONVERTER`` or, for a
            handler, ``TASK_PUT``; empty if nobody says. So with all that follows.
        group: the consumer group; for Connect, the connector.
        handler: what was called with it; for Connect, the class.
        error: the type of the exception.
        message: the text of the exception.
        traceback: where it was raised.
    """

    topic: str
    partition: int
    offset: int
    timestamp: int | None = None
    stage: str = ""
    group: str = ""
    handler: str = ""
    error: str = ""
    message: str = ""
    traceback: str = ""

    def after(self, error: BaseException) -> DeadLetterOrigin:
        """The same, with what an exception says."""
        return replace(
            self,
            error=full_name(type(error)),
            message=str(error),
            traceback="".join(traceback.format_exception(error)),
        )


def full_name(thing: object) -> str:
    """The name of a type or a function with its module; of anything else, that of its type."""
    named = thing if hasattr(thing, "__qualname__") else type(thing)
    return f"{named.__module__}.{getattr(named, '__qualname__', '')}"


def headers_for(headers: Iterable[Header], origin: DeadLetterOrigin) -> list[Header]:
    """The headers of a dead letter.

    Args:
        headers: those of the message. If it was a dead letter before, what they say of that is
            left out.
        origin: where the message is, and why it goes. What is empty is left out.
    """
    said = {
        "topic": origin.topic,
        "partition": str(origin.partition),
        "offset": str(origin.offset),
        "connector.name": origin.group,
        "stage": origin.stage,
        "class.name": origin.handler,
        "exception.class.name": origin.error,
        "exception.message": origin.message,
        "exception.stacktrace": origin.traceback,
    }
    added = [(PREFIX + name, _cut(text)) for name, text in said.items() if text]
    if origin.timestamp is not None:
        added.append((_TIMESTAMP, str(origin.timestamp).encode()))
    return [*original_headers(headers), *added]


def original_headers(headers: Iterable[Header]) -> list[Header]:
    """The headers that the message had before it became a dead letter."""
    return [(name, value) for name, value in headers if not name.startswith(_OURS)]


def origin_of(headers: Iterable[Header]) -> DeadLetterOrigin | None:
    """What the headers of a dead letter say; None: it is none, or nobody says where it was."""
    said = {name: value.decode("utf-8", "replace") for name, value in headers if value is not None}

    def get(name: str) -> str:
        return said.get(PREFIX + name, "")

    partition, offset = _number(get("partition")), _number(get("offset"))
    if not get("topic") or partition is None or offset is None:
        return None
    return DeadLetterOrigin(
        topic=get("topic"),
        partition=partition,
        offset=offset,
        timestamp=_number(said.get(_TIMESTAMP, "")),
        stage=get("stage"),
        group=get("connector.name"),
        handler=get("class.name"),
        error=get("exception.class.name"),
        message=get("exception.message"),
        traceback=get("exception.stacktrace"),
    )


def _number(text: str) -> int | None:
    return int(text) if text.isascii() and text.isdigit() else None


def _cut(text: str) -> bytes:
    """A text in UTF-8, its middle left out if it is too long: what matters is at the ends."""
    data = text.encode("utf-8", "replace")
    if len(data) <= _LONGEST:
        return data
    half = _LONGEST // 2 - 10
    start, end = data[:half].decode("utf-8", "ignore"), data[-half:].decode("utf-8", "ignore")
    return f"{start}\n[...]\n{end}".encode()


_TICK: Final = 0.1
_METADATA_TIMEOUT: Final = 10.0


class DeadLetterProducer:
    """Sends what could not be handled to a topic of its own. Threads may share it.

    Args:
        client: :attr:`avrogen.kafka.client_config.Configuration.client`.
        topic: the name of the dead-letter topic.
        producer: sends them; None: it makes one for itself when it needs it.
    """

    def __init__(self, client: Settings, topic: str, producer: Producer | None = None) -> None:
        self.topic = topic
        self._settings = _settings(client)
        self._lock = Lock()
        self._producer = producer
        self._partitions = 0

    def send(self, raw: RawMessage, origin: DeadLetterOrigin) -> None:
        """Send a message, and wait until it is acknowledged.

        It goes to the partition of the same number, if there is one, or else to that of its key.

        Args:
            raw: the message.
            origin: where it is, and why it goes.

        Raises:
            DeliveryError: it did not get there.
        """
        from confluent_kafka import KafkaError

        with self._lock:
            error = self._sent(raw, origin)
            if error is not None and error.code() == KafkaError.MSG_SIZE_TOO_LARGE:
                # As large as messages can be, and there is no room for the account of its end.
                error = self._sent(raw, replace(origin, message="", traceback=""))
        if error is not None:
            raise delivery_error(error, self.topic, raw.key())

    def close(self) -> None:
        """Give back connections. Nothing is under way: each letter is waited for."""
        self._producer = None

    def _sent(self, raw: RawMessage, origin: DeadLetterOrigin) -> KafkaError | None:
        """Send a message, and say what went wrong."""
        from confluent_kafka import KafkaException

        producer = self._connected()
        headers = cast("Sequence[tuple[str, bytes | None]]", raw.headers() or ())
        results: list[KafkaError | None] = []
        try:
            producer.produce(
                self.topic,
                value=raw.value(),
                key=raw.key(),
                headers=cast("Any", headers_for(headers, origin)),
                partition=self._partition(producer, cast("int", raw.partition())),
                on_delivery=lambda error, _: results.append(error),
            )
        except KafkaException as error:
            return cast("KafkaError", error.args[0])
        while not results:
            producer.poll(_TICK)
        return results[0]

    def _partition(self, producer: Producer, number: int) -> int:
        from confluent_kafka import KafkaException

        if number >= self._partitions:
            # It may have grown; if it is not there, librdkafka says so when it has waited for it.
            try:
                found = producer.list_topics(self.topic, timeout=_METADATA_TIMEOUT)
            except KafkaException:
                return ANY_PARTITION
            self._partitions = len(found.topics[self.topic].partitions)
        return number if number < self._partitions else ANY_PARTITION

    def _connected(self) -> Producer:
        if self._producer is None:
            with comes_with("kafka"):
                from confluent_kafka import Producer
            self._producer = Producer(dict(self._settings))
        return self._producer


def _settings(client: Settings) -> dict[str, object]:
    own = dict(client)
    # A producer with the same id would fence that of the handler.
    own.pop("transactional.id", None)
    # Whatever the broker has taken before should fit again; it says if not.
    own.setdefault("message.max.bytes", 100_000_000)
    settings = producer_settings(own)
    Callbacks(None).install(settings)
    return settings
