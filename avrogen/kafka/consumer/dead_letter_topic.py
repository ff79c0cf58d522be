"""The dead-letter topic: its records and their producer.

A dead letter has the key, the value and the headers of the message, byte for byte. Headers are
added that tell where it comes from and why, with the names of Kafka Connect, so that tools for
Connect's dead letters can read these. The record's timestamp is that of the dead letter: with the
message's own, which Connect keeps, the topic's retention might delete it before anybody has looked.

Source: ``org.apache.kafka.connect.runtime.errors.DeadLetterQueueReporter``.
"""

from __future__ import annotations

import logging
import re
import weakref
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from concurrent.futures import Future
from contextlib import suppress
from dataclasses import dataclass, replace
from functools import partial
from threading import Lock
from time import monotonic, sleep
from typing import TYPE_CHECKING, Any, Final, cast

from avrogen.extras import comes_with
from avrogen.kafka.callbacks import Callbacks
from avrogen.kafka.client_config import (
    Settings,
    check_text,
    delivery_timeout,
    producer_settings,
)
from avrogen.kafka.cluster_metadata import ANY_PARTITION, list_partitions
from avrogen.kafka.message import Header
from avrogen.kafka.observability.logs import log_event
from avrogen.kafka.observability.tracebacks import exception_traceback
from avrogen.kafka.producer.delivery import clear_pending_exception
from avrogen.kafka.producer.delivery_errors import delivery_error
from avrogen.kafka.producer.producer_poll_thread import ProducerPollThread
from avrogen.message_text import exception_text

if TYPE_CHECKING:
    from confluent_kafka import KafkaError, Producer
    from confluent_kafka import Message as RawMessage

    from avrogen.errors import DeliveryError

__all__ = [
    "PREFIX",
    "DeadLetterOrigin",
    "DeadLetterProducer",
    "SentDeadLetter",
    "full_name",
    "headers_for",
    "origin_of",
    "original_headers",
    "smaller_headers",
]

PREFIX: Final = "__connect.errors."
"""Prefix of the names of Connect's headers."""

# Connect has no headers for these.
_TIMESTAMP: Final = "__avrogen.errors.timestamp"
_DROPPED: Final = "__avrogen.errors.dropped"
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
        dropped: names of headers that the topic's size limit has left no room for.
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
    dropped: str = ""

    def after(self, error: BaseException) -> DeadLetterOrigin:
        """Return a copy with the details of an exception."""
        return replace(
            self,
            error=full_name(type(error)),
            message=exception_text(error),
            traceback=exception_traceback(error),
        )


def full_name(thing: object) -> str:
    """Return the name of a type or a function with its module; else that of the type."""
    named = thing if hasattr(thing, "__qualname__") else type(thing)
    module = named.__module__  # None of methods in C, such as list.append
    name = getattr(named, "__qualname__", "")
    return f"{module}.{name}" if module else name


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
    if origin.dropped:
        added.append((_DROPPED, origin.dropped.encode()))
    return [*original_headers(headers), *added]


_DROPPED_FIRST: Final[Mapping[str, str]] = {
    "traceback": "exception.stacktrace",
    "message": "exception.message",
    "error": "exception.class.name",
    "handler": "class.name",
    "group": "connector.name",
    "stage": "stage",
}
"""Attributes of an origin and names of their headers, in the order in which they are dropped."""

_STEPS: Final = (1, 2, len(_DROPPED_FIRST))
"""Numbers of headers to drop: a step takes a request."""


def smaller_headers(
    headers: Sequence[Header], origin: DeadLetterOrigin
) -> Iterator[tuple[str, list[Header]]]:
    """Yield ever fewer headers for a dead letter that is too large, with what was dropped.

    A message that has just the maximum size leaves no room for any. Its own headers always stay.
    """
    for count in _STEPS:
        attributes = list(_DROPPED_FIRST)[:count]
        dropped = ",".join(_DROPPED_FIRST[name] for name in attributes)
        without: dict[str, Any] = dict.fromkeys(attributes, "")
        rest = replace(origin, **without, dropped=dropped)
        yield dropped, headers_for(headers, rest)
    own = original_headers(headers)
    yield "all", [*own, (_DROPPED, b"all")]
    yield "all", own


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
        dropped=texts.get(_DROPPED, ""),
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

_METADATA_TIMEOUT: Final = 10.0
_METADATA_LIFETIME: Final = 60.0
_PAUSE: Final = 0.01
"""Seconds between attempts to queue a record while the queue is full, and of the first flush."""

_BATCH_BYTES: Final = 65_536
"""Bytes of a batch, unless configured: the topic's size limit is one for batches."""

_LINGER_MS: Final = 5
"""Milliseconds to wait for others, unless configured: a stream of dead letters goes in batches."""


@dataclass(frozen=True, slots=True, eq=False)
class SentDeadLetter:
    """A dead letter that was sent, and may be on its way.

    Attributes:
        raw: the message.
        origin: the source and the reason.
        error: the error of its delivery; None: it is acknowledged.
    """

    raw: RawMessage
    origin: DeadLetterOrigin
    error: Future[KafkaError | None]


class DeadLetterProducer:
    """Sends dead letters. Threads may share it.

    They go to the partition of the same number, or, if there is none, to that of their key. One
    that is too large goes with fewer headers of its own: see :func:`smaller_headers`.

    It is a :class:`~avrogen.kafka.consumer.message_source.DeadLetterSender`.

    Args:
        client: :attr:`avrogen.kafka.client_config.Configuration.client`.
        topic: the name of the dead-letter topic.
        producer: the producer to use, which another thread polls; None: its own, created when it is
            needed.
    """

    def __init__(self, client: Settings, topic: str, producer: Producer | None = None) -> None:
        check_text(topic, "the name of the dead-letter topic")
        self.topic = topic
        self._callbacks = Callbacks(None)
        self._settings = _settings(client, self._callbacks)
        self._queue_timeout = delivery_timeout(self._settings)
        self._lock = Lock()
        self._producer = producer
        self._poller: ProducerPollThread | None = None
        self._stop_polling: Callable[[], object] = lambda: None
        self._partitions = 0
        self._asked_at = -_METADATA_LIFETIME

    def send(self, raw: RawMessage, origin: DeadLetterOrigin) -> None:
        """Send a message, and wait until it is acknowledged.

        Args:
            raw: the message.
            origin: the source and the reason.

        Raises:
            DeliveryError: it was not delivered.
        """
        (error,) = self.finish([self.start(raw, origin)])
        if error is not None:
            raise error

    def start(self, raw: RawMessage, origin: DeadLetterOrigin) -> SentDeadLetter:
        """Send a message behind those that were sent before, and do not wait for it.

        Args:
            raw: the message.
            origin: the source and the reason.
        """
        headers = headers_for(_headers(raw), origin)
        return SentDeadLetter(raw, origin, self._produce(raw, headers))

    def try_start(self, raw: RawMessage, origin: DeadLetterOrigin) -> SentDeadLetter | None:
        """Send a message as :meth:`start` does, unless that may block; None: it may.

        Args:
            raw: the message.
            origin: the source and the reason.
        """
        producer = self._producer
        if producer is None or self._should_ask(cast("int", raw.partition())):
            return None
        try:
            error = self._queue(producer, raw, headers_for(_headers(raw), origin))
        except BufferError:
            return None
        return SentDeadLetter(raw, origin, error)

    def finish(self, sent: Sequence[SentDeadLetter]) -> list[DeliveryError | None]:
        """Wait until messages are acknowledged.

        Args:
            sent: results of :meth:`start`.

        Returns:
            The error of each; None: it is acknowledged.
        """
        self._send_now(sent)
        errors = [each.error.result() for each in sent]
        return [
            self._finish(each, error, alone=len(sent) == 1)
            for each, error in zip(sent, errors, strict=True)
        ]

    def close(self) -> None:
        """Release the connections. Records that nobody has waited for may be lost."""
        if self._poller is not None:
            self._stop_polling()
            self._poller = self._producer = None

    # --- one record -------------------------------------------------------------------------------

    def _send_now(self, sent: Sequence[SentDeadLetter]) -> None:
        """Send what lingers, as somebody waits for it. A producer of the user's is left alone."""
        producer, seconds = self._producer if self._poller else None, _PAUSE
        while producer and len(producer) and not all(each.error.done() for each in sent):
            producer.flush(seconds)  # not for long, as others may go on to send
            seconds = 10 * _PAUSE

    def _finish(
        self, sent: SentDeadLetter, error: KafkaError | None, *, alone: bool
    ) -> DeliveryError | None:
        """Send a record that is too large once more, and return its error."""
        if error is None:
            return None
        headers = _headers(sent.raw)
        if _is_too_large(error) and not alone:
            # Its batch may have been.
            error = self._produce(sent.raw, headers_for(headers, sent.origin)).result()
        if _is_too_large(error):
            for dropped, fewer in smaller_headers(headers, sent.origin):
                error = self._produce(sent.raw, fewer).result()
                if error is None:
                    self._log_dropped(sent, dropped)
                if not _is_too_large(error):
                    break
        if error is None:
            return None
        connection = self._callbacks.connection
        return delivery_error(error, self.topic, sent.raw.key(), connection=connection)

    def _log_dropped(self, sent: SentDeadLetter, dropped: str) -> None:
        log_event(
            logging.WARNING,
            "consumer.dead_letter_headers_dropped",
            topic=sent.origin.topic,
            partition=sent.origin.partition,
            offset=sent.origin.offset,
            dead_letter_topic=self.topic,
            dropped=dropped,
        )

    def _produce(self, raw: RawMessage, headers: list[Header]) -> Future[KafkaError | None]:
        """Queue a record, when there is room. The result is the error of its delivery."""
        from confluent_kafka import KafkaError

        deadline = None if self._queue_timeout is None else monotonic() + self._queue_timeout
        with self._lock:
            producer = self._connected()
            self._ask(producer, cast("int", raw.partition()))
        while True:
            try:
                return self._queue(producer, raw, headers)
            except BufferError:
                if len(producer) and (deadline is None or monotonic() < deadline):
                    sleep(_PAUSE)
                    continue
            outcome: Future[KafkaError | None] = Future()
            outcome.set_result(KafkaError(KafkaError._QUEUE_FULL))
            return outcome

    def _queue(
        self, producer: Producer, raw: RawMessage, headers: list[Header]
    ) -> Future[KafkaError | None]:
        """Queue a record. The result is the error of its delivery.

        Raises:
            BufferError: there is no room.
        """
        from confluent_kafka import KafkaException

        outcome: Future[KafkaError | None] = Future()
        number = cast("int", raw.partition())
        try:
            producer.produce(
                self.topic,
                value=raw.value(),
                key=raw.key(),
                headers=cast("Any", headers),
                partition=number if number < self._partitions else ANY_PARTITION,
                on_delivery=partial(_report, outcome),
            )
        except KafkaException as error:
            outcome.set_result(cast("KafkaError", error.args[0]))
        return outcome

    def _should_ask(self, number: int) -> bool:
        """Return true if the topic may have grown to have a partition of this number."""
        return number >= self._partitions and monotonic() >= self._asked_at + _METADATA_LIFETIME

    def _ask(self, producer: Producer, number: int) -> None:
        from confluent_kafka import KafkaException

        if self._should_ask(number):
            # If the topic does not exist, the delivery reports that.
            with suppress(KafkaException):
                self._partitions = len(list_partitions(producer, self.topic, _METADATA_TIMEOUT))
                self._asked_at = monotonic()

    def _connected(self) -> Producer:
        if self._producer is None:
            with comes_with("kafka"):
                from confluent_kafka import Producer
            self._producer = Producer(dict(self._settings))
            # Without a thread that polls it, statistics would pile up in it.
            self._poller = ProducerPollThread(self._producer, self._callbacks.on_error)
            # A consumer that is not closed stops the thread when it is collected.
            self._stop_polling = weakref.finalize(self, self._poller.stop)
        return self._producer


def _headers(raw: RawMessage) -> Sequence[Header]:
    return cast("Sequence[Header]", raw.headers() or ())


def _is_too_large(error: KafkaError | None) -> bool:
    return error is not None and error.name() == "MSG_SIZE_TOO_LARGE"


def _report(outcome: Future[KafkaError | None], error: KafkaError | None, _: object) -> None:
    """Settle an outcome with a delivery report."""
    with suppress(SystemError):
        clear_pending_exception()
    outcome.set_result(error)


def _settings(client: Settings, callbacks: Callbacks) -> dict[str, object]:
    own = dict(client)
    # With the same id, it would fence the handler's producer.
    own.pop("transactional.id", None)
    # A message that a broker has accepted before should fit again; the broker refuses if not.
    own.setdefault("message.max.bytes", 100_000_000)
    own.setdefault("batch.size", _BATCH_BYTES)
    own.setdefault("linger.ms", _LINGER_MS)
    settings = producer_settings(own)
    callbacks.install(settings)
    return settings
