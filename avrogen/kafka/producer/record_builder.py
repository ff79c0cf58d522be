"""Common part of the typed producers, synchronous and asyncio: :class:`RecordBuilder`.

It turns the arguments of ``send`` into those of librdkafka's ``produce``, and handles messages that
are refused. The producers differ in the way they wait. :class:`HeaderBuilder` joins headers.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Mapping
from datetime import datetime
from threading import Lock, Thread
from typing import TYPE_CHECKING, Any, Final, NamedTuple, Protocol, TypeAlias, cast

from avrogen.avro.model import TimeUnit
from avrogen.codec.conversions import timestamp_to_units
from avrogen.errors import ClosedError, DeliveryError, EncodeError, TransactionError
from avrogen.kafka.checked_access import text_problem
from avrogen.kafka.client_config import check_text
from avrogen.kafka.cluster_metadata import ANY_PARTITION
from avrogen.kafka.message import HeadersLike
from avrogen.kafka.observability.context import TRACEPARENT, current_trace
from avrogen.kafka.observability.logs import LOGGER, log_event
from avrogen.kafka.observability.observer import isolate
from avrogen.kafka.producer.delivery import DeliveryTracker
from avrogen.kafka.producer.delivery_errors import SizeLimits, auth_failure
from avrogen.kafka.producer.partitioner import CustomPartitioner, require_partition
from avrogen.kafka.producer.producer_client import ProducerClient
from avrogen.kafka.producer.record_encoder import RecordEncoder, look_up_schema_ids

if TYPE_CHECKING:
    from confluent_kafka import KafkaError

    from avrogen.kafka.client_config import Settings
    from avrogen.kafka.health import ProducerHealth
    from avrogen.kafka.message import HeaderLike
    from avrogen.kafka.observability.observer import Observer
    from avrogen.kafka.producer.partitioner import Partitioner
    from avrogen.kafka.registry.protocol import SchemaRegistry
    from avrogen.kafka.topic import Topic

__all__ = [
    "HeaderBuilder",
    "HeadersOf",
    "ProduceArguments",
    "ProducerOptions",
    "RecordBuilder",
    "closed_error",
    "pairs",
]

_NOW: Final = 0

_SMALL_BATCH: Final = 16_384
"""Bytes of a batch that is not made smaller without knowing what the topic takes; as in Java."""


class ProducerOptions(NamedTuple):
    """Arguments of a typed producer; see ``TopicProducer``."""

    config: Settings | None
    client: ProducerClient | None
    registry: SchemaRegistry | None
    register: bool
    headers: HeadersOf
    partitioner: Partitioner | None
    observer: Observer | None


ProduceArguments: TypeAlias = "tuple[bytes | None, bytes | None, int, int, list[HeaderLike] | None]"
"""Arguments of ``produce``: value (None for a tombstone), key, partition (-1: librdkafka chooses),
timestamp (milliseconds since 1970; 0: now) and headers. A plain tuple, as each message has one."""


class RecordBuilder:
    """Common part of the typed producers, which differ in the way they wait.

    Args:
        topic: the topic.
        options: arguments of the producer.

    Attributes:
        topic: name of the topic.
        client: client that messages are sent through.
        tracker: counts of messages.

    Raises:
        TypeError: neither properties nor a client, or both.
        ConfigurationError: invalid properties.
        RegistryError: a schema is missing or incompatible, or no response of the registry.
        DeliveryError: the number of partitions for the partitioner is not available.
        TransactionError: as :class:`ProducerClient`.
    """

    def __init__(self, topic: Topic[Any, Any], options: ProducerOptions) -> None:
        check_text(topic.name, "the topic's name")
        self.topic = topic.name
        headers = HeaderBuilder(options.headers)
        self._owns_client = options.client is None
        self.client = _client(options)
        observer = isolate(options.observer, self.client.info)
        try:
            registry = options.registry or self.client.registry
            ids = look_up_schema_ids(registry, topic, register=options.register)
            self._encoder = RecordEncoder(topic, ids)
            self._partitioner = self._make_partitioner(options.partitioner)
            limits = SizeLimits(self.client.message_size, self.client.fit_batches(topic.name))
        except BaseException:
            if self._owns_client:
                self.client.close(0)
            raise
        client = self.client
        self.tracker = DeliveryTracker(
            topic.name,
            self._encoder.plain_key,
            observer,
            lambda: client.fatal is not None,
            limits,
            self._fit_batches_soon,
            client.connection,
        )
        self._fitting = Lock()
        is_plain = options.headers is None and observer is None
        self.arguments = _arguments_of(
            topic, client, self._encoder, self._partitioner, headers, is_plain=is_plain
        )
        """Function from the arguments of ``send`` to those of ``produce``."""
        self.client.add(self.tracker)

    def observed(self, value: object, arguments: ProduceArguments) -> object:
        """Call the observer, which may add headers; return its object for the message."""
        observer = self.tracker.observer
        if observer is None:
            return None
        _, key, _, _, headers = arguments
        assert headers is not None, "with an observer, there is a list"
        own = headers.copy()
        sending = observer.sending(self.topic, self._encoder.plain_key(key), value, headers)
        try:
            headers[:] = pairs(headers)
        except Exception:
            LOGGER.exception("headers of an observer are left out")
            headers[:] = own
        return sending

    def refused(self, refusal: Exception) -> KafkaError:
        """Return the error for the future of a message that ``produce`` refused.

        Args:
            refusal: exception of ``produce``.

        Raises:
            TransactionError: the message is not in a transaction.
            DeliveryError: the client has had a fatal error.
            Exception: ``refusal``, if it is not an error of librdkafka.
        """
        from confluent_kafka import KafkaException

        if not isinstance(refusal, KafkaException):
            raise refusal
        error: KafkaError = refusal.args[0]
        match error.name():
            case "_STATE":
                raise TransactionError(
                    "no open transaction; a transactional producer sends in one: "
                    "with producer.transaction(): ...",
                    code="_STATE",
                ) from refusal
            case "_FATAL":
                self.client.fail(error)
                self.client.check_usable()
            case _:
                pass
        return error

    def not_sent(self, sending: object, error: Exception) -> None:
        """Tell the observer of a message that was refused, of which there is no future.

        Args:
            sending: the observer's object for the message.
            error: the exception that ``send`` raises.
        """
        if self.tracker.observer is None:
            return
        if not isinstance(error, DeliveryError):
            code = getattr(error, "code", None) or type(error).__name__
            error = DeliveryError(str(error), topic=self.topic, code=code)
        self.tracker.observer.undelivered(sending, error)

    def queue_full_error(self) -> DeliveryError:
        """Return the error for a queue that stayed full."""
        seconds = self.client.delivery_timeout
        refusal = self.client.connection.auth_error
        why = "" if refusal is None else f"; {auth_failure(refusal)}"
        return DeliveryError(
            f"the queue was full ({self.client.queued} messages) for {seconds} s{why}",
            topic=self.topic,
            code="_QUEUE_FULL",
            retriable=True,
        )

    def require_same_process(self) -> None:
        """Raise in a process that was forked.

        Raises:
            ClosedError: the process was forked after the creation of the client.
        """
        if self.client.is_forked:
            raise self.client.closed_error(f"the producer for {self.topic}")

    def is_idle(self) -> bool:
        """Return True if no message is in flight."""
        # The second differs after an interrupt between counting a message and queueing it.
        return self.tracker.pending == 0 or self.client.queued == 0

    def close(self) -> None:
        """Leave the client. Close it if it is not shared, which purges undelivered messages."""
        if self._partitioner is not None:
            self.client.poller.remove_hook(self._partitioner.refresh)
        if self._owns_client:
            self.client.close(0)
        self.client.remove(self.tracker)

    def health(self, *, is_closed: bool) -> ProducerHealth:
        """Return the health of the producer, which may share its client.

        Args:
            is_closed: True if the producer was closed.
        """
        return self.client.health_of([self.tracker], is_closed=is_closed)

    def log_started(self) -> None:
        """Log ``producer.started``."""
        log_event(logging.INFO, "producer.started", topic=self.topic)

    def log_stopped(self) -> None:
        """Log ``producer.stopped``, with the counters."""
        counters = self.tracker.counters()
        log_event(
            logging.INFO,
            "producer.stopped",
            topic=self.topic,
            delivered=counters.delivered,
            failed=counters.failed,
        )

    def _fit_batches_soon(self) -> None:
        """Fit batches to the topic in a thread: its limit was lowered, or was not known."""
        if self._fitting.acquire(blocking=False):
            Thread(target=self._fit_batches, name="avrogen batch size", daemon=True).start()

    def _fit_batches(self) -> None:
        try:
            limit = self.client.fit_batches(self.topic)
            if limit is None:
                self.client.bound_batches(max(self.client.batch_size // 2, _SMALL_BATCH))
            else:
                self.tracker.limits = SizeLimits(self.client.message_size, limit)
        finally:
            self._fitting.release()

    def _make_partitioner(self, choose: Partitioner | None) -> CustomPartitioner | None:
        if choose is None:
            return None
        partitions = CustomPartitioner(
            self.client.producer, self.topic, choose, connection=self.client.connection
        )
        self.client.add_partitioner(partitions)
        self.client.poller.add_hook(partitions.refresh)
        return partitions


class _ArgumentsOf(Protocol):
    """Function from the arguments of ``send`` to those of ``produce``."""

    def __call__(
        self,
        value: object,
        key: object,
        headers: HeadersLike | None,
        partition: int | None,
        timestamp: datetime | None,
    ) -> ProduceArguments:
        """Return the arguments of ``produce`` for a message.

        Raises:
            EncodeError: value, key, headers, partition or timestamp do not match the topic.
            ClosedError: the client was closed.
        """
        ...


def _arguments_of(
    topic: Topic[Any, Any],
    client: ProducerClient,
    encoder: RecordEncoder,
    partitioner: CustomPartitioner | None,
    header_builder: HeaderBuilder,
    *,
    is_plain: bool,
) -> _ArgumentsOf:
    """Return the function that each message passes through: one with all that it needs at hand.

    Args:
        topic: the topic.
        client: client that messages are sent through.
        encoder: encoder of its keys and values.
        partitioner: the user's partitioner; None: librdkafka's.
        header_builder: joins headers.
        is_plain: neither the producer nor an observer adds headers.
    """
    name, tombstones = topic.name, topic.tombstones
    encoder_of_type, encode_key = encoder.encoders.get, encoder.encode_key
    trace_of_handler = current_trace.get

    def arguments(
        value: object,
        key: object,
        headers: HeadersLike | None,
        partition: int | None,
        timestamp: datetime | None,
    ) -> ProduceArguments:
        if client.is_closed:
            raise client.closed_error(f"the client of the producer for {name}")
        data: bytes | None = None
        raw_key: bytes | None = None
        key_of_value = None
        if value is not None or not tombstones:
            prefix, encode, key_of_value = encoder_of_type(type(value)) or encoder.encoder(value)
            data = prefix + encode(value)
        if key is not None:
            raw_key = encode_key(key)
        elif key_of_value is not None:
            raw_key = key_of_value(value)
        else:
            encoder.require_no_key()
        pairs = None
        if headers is not None or not is_plain or trace_of_handler() is not None:
            pairs = header_builder.build(value, headers)
        if partition is not None:
            require_partition(partition)
        elif partitioner is not None:
            partition = partitioner.choose(encoder.plain_key(raw_key), value)
        else:
            partition = ANY_PARTITION
        at = _NOW if timestamp is None else _milliseconds(timestamp)
        return data, raw_key, partition, at, pairs

    return arguments


def closed_error(topic: str) -> ClosedError:
    """Return the error for the use of a closed producer."""
    return ClosedError(f"the producer for {topic} was closed")


def _client(options: ProducerOptions) -> ProducerClient:
    if (options.config is None) == (options.client is None):
        raise TypeError("expected either config or client")
    if options.client is not None:
        options.client.check_usable()
        return options.client
    assert options.config is not None
    return ProducerClient(options.config, registry=options.registry, observer=options.observer)


def _milliseconds(timestamp: object) -> int:
    if not isinstance(timestamp, datetime):
        raise EncodeError(f"timestamp: expected a datetime, got {type(timestamp).__qualname__}")
    try:
        milliseconds = timestamp_to_units(timestamp, TimeUnit.MILLIS, local=False)
    except ValueError as error:
        raise EncodeError(f"timestamp: {error}") from None
    if milliseconds <= 0:
        raise EncodeError(f"timestamp: expected one after 1970, got {timestamp}")
    return milliseconds


HeadersOf: TypeAlias = "HeadersLike | Callable[[Any], HeadersLike | None] | None"
"""Headers of every message: constant, or from a function of its value."""


class HeaderBuilder:
    """Joins the headers of a message: the producer's, its own, and the trace context.

    Args:
        every: headers that the producer adds to every message.

    Raises:
        EncodeError: a name or a value has the wrong type.
    """

    def __init__(self, every: HeadersOf) -> None:
        self._of_value = every if callable(every) else None
        self._always = [] if callable(every) else pairs(every)

    def build(self, value: object, own: HeadersLike | None) -> list[HeaderLike]:
        """Return the headers of a message.

        Args:
            value: value of the message.
            own: headers of this message. A trace context among them is not replaced.

        Raises:
            EncodeError: a name or a value has the wrong type.
        """
        headers = self._always.copy()
        if self._of_value is not None:
            headers += pairs(self._of_value(value))
        if own is not None:
            headers += pairs(own)
        trace = current_trace.get()
        if trace is not None and all(name != TRACEPARENT for name, _ in headers):
            headers += trace.headers()
        return headers


def pairs(headers: HeadersLike | None) -> list[HeaderLike]:
    """Return headers in the form of confluent-kafka.

    Raises:
        EncodeError: a name or a value has the wrong type, or is a text that cannot be sent.
    """
    if headers is None:
        return []
    # To type checkers, a mapping may be an iterable of pairs, too: its keys.
    items = (
        cast("Mapping[str, object]", headers).items() if isinstance(headers, Mapping) else headers
    )
    return [(_name(name), _value(name, value)) for name, value in items]


def _name(name: object) -> str:
    if not isinstance(name, str):
        raise EncodeError(f"expected a str as the name of a header, got {type(name).__qualname__}")
    problem = text_problem(name)
    if problem is not None:
        raise EncodeError(f"the name of the header {name!a} {problem}")
    return name


def _value(name: str, value: object) -> bytes | None:
    match value:
        case None | bytes():
            return value
        case str():
            try:
                return value.encode()
            except UnicodeEncodeError:
                raise EncodeError(f'header "{name}": the value {text_problem(value)}') from None
        case _:
            raise EncodeError(
                f'header "{name}": expected str, bytes or None, got {type(value).__qualname__}'
            )
