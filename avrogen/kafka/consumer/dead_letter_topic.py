"""The dead-letter topic: its records and their producer.

A dead letter has the key, the value and the headers of the message, byte for byte. Headers are
added that tell where it comes from and why, with the names of Kafka Connect, so that tools for
Connect's dead letters can read these. The record's timestamp is that of the dead letter: with the
message's own, which Connect keeps, the topic's retention might delete it before anybody has looked.

Source: ``org.apache.kafka.connect.runtime.errors.DeadLetterQueueReporter``.
"""

from __future__ import annotations

import re
import traceback
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from threading import Lock
from typing import TYPE_CHECKING, Any, Final, Protocol, cast

from avrogen.extras import comes_with
from avrogen.kafka.callbacks import Callbacks
from avrogen.kafka.client_config import Settings, producer_settings
from avrogen.kafka.cluster_metadata import ANY_PARTITION, list_partitions
from avrogen.kafka.message import Header
from avrogen.kafka.producer.delivery_errors import delivery_error
from avrogen.message_text import exception_text

if TYPE_CHECKING:
    from confluent_kafka import KafkaError, Producer
    from confluent_kafka import Message as RawMessage

__all__ = [
    "PREFIX",
    "DeadLetterOrigin",
    "DeadLetterProducer",
    "DeadLetterSender",
    "full_name",
    "headers_for",
    "origin_of",
    "original_headers",
]

PREFIX: Final = "__connect.errors."
"""Prefix of the names of Connect's headers."""

_TIMESTAMP: Final = "__avrogen.errors.timestamp"  # Connect has no header for it
_ADDED: Final = (PREFIX, "__avrogen.errors.")

_MAX_BYTES: Final = 8_000
"""Bytes of a text: a dead letter must fit where its message did, or nearly so."""


# --- records --------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class DeadLetterOrigin:
    """The source of a dead letter, and the reason for it.

    Attributes:
        topic: the topic of the message.
        partition: its partition.
        offset: its offset.
        timestamp: its timestamp in milliseconds since 1970; None: unknown.
        stage: the stage that failed, in Connect's words: ``KEY_CONVERTER``, ``VALUE_CONVERTER`` or,
            for a handler, ``TASK_PUT``. This and all that follows is empty if unknown.
        group: the consumer group; for Connect, the connector.
        handler: the handler; for Connect, the class.
        error: the type of the exception.
        message: the text of the exception.
        traceback: the traceback of the exception.
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
        """Return a copy with the details of an exception."""
        return replace(
            self,
            error=full_name(type(error)),
            message=exception_text(error),
            traceback="".join(traceback.format_exception(error)),
        )


def full_name(thing: object) -> str:
    """Return the name of a type or a function with its module; else that of the type."""
    named = thing if hasattr(thing, "__qualname__") else type(thing)
    return f"{named.__module__}.{getattr(named, '__qualname__', '')}"


def headers_for(headers: Iterable[Header], origin: DeadLetterOrigin) -> list[Header]:
    """Return the headers of a dead letter.

    Args:
        headers: the headers of the message. If it was a dead letter before, those that say so are
            left out.
        origin: the source and the reason. Empty attributes are left out.
    """
    texts = {
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
    added = [(PREFIX + name, _cut(text)) for name, text in texts.items() if text]
    if origin.timestamp is not None:
        added.append((_TIMESTAMP, str(origin.timestamp).encode()))
    return [*original_headers(headers), *added]


def original_headers(headers: Iterable[Header]) -> list[Header]:
    """Return the headers that the message had before it became a dead letter."""
    return [(name, value) for name, value in headers if not name.startswith(_ADDED)]


def origin_of(headers: Iterable[Header]) -> DeadLetterOrigin | None:
    """Read the headers of a dead letter; None: it is none, or the headers name no valid source.

    Anyone who may write to the topic chooses the headers.
    """
    texts = {name: value.decode("utf-8", "replace") for name, value in headers if value is not None}

    def get(name: str) -> str:
        return texts.get(PREFIX + name, "")

    partition, offset = _number(get("partition"), _MAX_INT), _number(get("offset"))
    if not _is_topic(get("topic")) or partition is None or offset is None:
        return None
    return DeadLetterOrigin(
        topic=get("topic"),
        partition=partition,
        offset=offset,
        timestamp=_number(texts.get(_TIMESTAMP, "")),
        stage=get("stage"),
        group=get("connector.name"),
        handler=get("class.name"),
        error=get("exception.class.name"),
        message=get("exception.message"),
        traceback=get("exception.stacktrace"),
    )


_MAX_INT: Final = 2**31 - 1
_MAX_LONG: Final = 2**63 - 1


def _number(text: str, most: int = _MAX_LONG) -> int | None:
    if len(text) > len(str(most)) or not (text.isascii() and text.isdigit()):
        return None
    return number if (number := int(text)) <= most else None


_TOPIC: Final = re.compile(r"[A-Za-z0-9._-]{1,249}")


def _is_topic(name: str) -> bool:
    """Return whether Kafka allows the name (``org.apache.kafka.common.internals.Topic``)."""
    return _TOPIC.fullmatch(name) is not None and name not in (".", "..")


def _cut(text: str) -> bytes:
    """Encode a text as UTF-8; if it is too long, without its middle, as the ends matter."""
    data = text.encode("utf-8", "replace")
    if len(data) <= _MAX_BYTES:
        return data
    half = _MAX_BYTES // 2 - 10
    start, end = data[:half].decode("utf-8", "ignore"), data[-half:].decode("utf-8", "ignore")
    return f"{start}\n[...]\n{end}".encode()


# --- sending --------------------------------------------------------------------------------------

_TICK: Final = 0.1
_METADATA_TIMEOUT: Final = 10.0


class DeadLetterSender(Protocol):
    """Sends dead letters for a runner."""

    def send(self, raw: RawMessage, origin: DeadLetterOrigin) -> None:
        """Send a message, and wait until it is acknowledged.

        Args:
            raw: the message.
            origin: the source and the reason.

        Raises:
            DeliveryError: it was not delivered.
        """
        ...


class DeadLetterProducer:
    """Sends dead letters one at a time, and waits for each. Threads may share it.

    Args:
        client: :attr:`avrogen.kafka.client_config.Configuration.client`.
        topic: the name of the dead-letter topic.
        producer: the producer to use; None: its own, created when it is needed.
    """

    def __init__(self, client: Settings, topic: str, producer: Producer | None = None) -> None:
        self.topic = topic
        callbacks = Callbacks(None)
        self._settings = _settings(client, callbacks)
        self._connection = callbacks.connection
        self._lock = Lock()
        self._producer = producer
        self._partitions = 0

    def send(self, raw: RawMessage, origin: DeadLetterOrigin) -> None:
        """Send a message, and wait until it is acknowledged.

        It goes to the partition of the same number, or, if there is none, to that of its key.

        Args:
            raw: the message.
            origin: the source and the reason.

        Raises:
            DeliveryError: it was not delivered.
        """
        from confluent_kafka import KafkaError

        with self._lock:
            error = self._deliver(raw, origin)
            if error is not None and error.code() == KafkaError.MSG_SIZE_TOO_LARGE:
                # The message has the maximum size, which leaves no room for the traceback.
                error = self._deliver(raw, replace(origin, message="", traceback=""))
        if error is not None:
            raise delivery_error(error, self.topic, raw.key(), connection=self._connection)

    def close(self) -> None:
        """Release the connections. No record is in flight, as each is waited for."""
        self._producer = None

    def _deliver(self, raw: RawMessage, origin: DeadLetterOrigin) -> KafkaError | None:
        """Send a message, and return the error of its delivery."""
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
            # The topic may have grown. If it does not exist, the delivery reports that.
            try:
                found = list_partitions(producer, self.topic, _METADATA_TIMEOUT)
            except KafkaException:
                return ANY_PARTITION
            self._partitions = len(found)
        return number if number < self._partitions else ANY_PARTITION

    def _connected(self) -> Producer:
        if self._producer is None:
            with comes_with("kafka"):
                from confluent_kafka import Producer
            self._producer = Producer(dict(self._settings))
        return self._producer


def _settings(client: Settings, callbacks: Callbacks) -> dict[str, object]:
    own = dict(client)
    # With the same id, it would fence the handler's producer.
    own.pop("transactional.id", None)
    # A message that a broker has accepted before should fit again; the broker refuses if not.
    own.setdefault("message.max.bytes", 100_000_000)
    settings = producer_settings(own)
    callbacks.install(settings)
    return settings
