"""From the arguments of ``send`` to those of librdkafka's ``produce``, for one topic.

It is what the producers of threads and of asyncio share: all that is decided about a message before
it is queued.

Headers of a message, from all who have some.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import datetime
from typing import TYPE_CHECKING, Any, Final, NamedTuple, TypeAlias, cast

from avrogen.avro.model import TimeUnit
from avrogen.codec.conversions import timestamp_to_units
from avrogen.errors import ClosedError, DeliveryError, EncodeError, TransactionError
from avrogen.kafka.cluster_metadata import ANY_PARTITION
from avrogen.kafka.message import HeadersLike
from avrogen.kafka.observability.context import TRACEPARENT, current_trace
from avrogen.kafka.observability.observer import isolate
from avrogen.kafka.producer.delivery import DeliveryTracker
from avrogen.kafka.producer.partitioner import CustomPartitioner
from avrogen.kafka.producer.producer_client import ProducerClient
from avrogen.kafka.producer.record_encoder import RecordEncoder, look_up_schema_ids

if TYPE_CHECKING:
    from confluent_kafka import KafkaError, KafkaException

    from avrogen.kafka.client_config import Settings
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
    "pairs",
]

_NOW: Final = 0


class ProducerOptions(NamedTuple):
    """How a typed producer is made; see ``TopicProducer``."""

    config: Settings | None
    client: ProducerClient | None
    registry: SchemaRegistry | None
    register: bool
    headers: HeadersOf
    partitioner: Partitioner | None
    observer: Observer | None


ProduceArguments: TypeAlias = "tuple[bytes | None, bytes | None, int, int, list[HeaderLike] | None]"
"""What ``produce`` takes: value (None for a tombstone), key, partition (-1: librdkafka chooses),
timestamp (milliseconds since 1970; 0: now) and headers. A plain tuple, as each message has one."""


class RecordBuilder:
    """Everything about a typed producer but how its caller waits.

    Args:
        topic: where messages go.
        options: how.

    Attributes:
        client: the producer beneath.
        outbox: what was sent and what came of it.

    Raises:
        TypeError: neither settings nor a client are given, or both.
        ConfigurationError: the settings cannot work.
        RegistryError: a schema is missing or incompatible, or the registry does not answer.
        DeliveryError: there is a partitioner, and nobody knows how many partitions there are.
        TransactionError: as :class:`ProducerClient`.
    """

    def __init__(self, topic: Topic[Any, Any], options: ProducerOptions) -> None:
        self.topic = topic.name
        self._tombstones = topic.tombstones
        self._headers = HeaderBuilder(options.headers)
        observer = isolate(options.observer)
        self._owns_client = options.client is None
        self.client = _client(options)
        try:
            registry = options.registry or self.client.registry
            ids = look_up_schema_ids(registry, topic, register=options.register)
            self._outgoing = RecordEncoder(topic, ids)
            self._writers = self._outgoing.writers
            self._write_key = self._outgoing.write_key
            self._partitions = self._make_partitions(options.partitioner)
        except BaseException:
            if self._owns_client:
                self.client.close(0)
            raise
        client = self.client
        self.outbox = DeliveryTracker(
            topic.name, self._outgoing.plain_key, observer, lambda: client.fatal is not None
        )
        self._is_plain = options.headers is None and observer is None
        self.client.add(self.outbox)

    def arguments(
        self,
        value: object,
        key: object,
        headers: HeadersLike | None,
        partition: int | None,
        timestamp: datetime | None,
    ) -> ProduceArguments:
        """What is produced for a message.

        Raises:
            EncodeError: value, key, headers, partition or timestamp are none of this topic.
            ClosedError: the client was closed.
        """
        if self.client.is_closed:
            raise ClosedError(f"the client of the producer for {self.topic} was closed")
        data: bytes | None = None
        raw_key: bytes | None = None
        key_of_value = None
        if value is not None or not self._tombstones:
            writer = self._writers.get(type(value)) or self._outgoing.writer(value)
            prefix, encode, key_of_value = writer
            data = prefix + encode(value)
        if key is not None:
            raw_key = self._write_key(key)
        elif key_of_value is not None:
            raw_key = key_of_value(value)
        else:
            self._outgoing.require_no_key()
        pairs = None
        if headers is not None or not self._is_plain or current_trace.get() is not None:
            pairs = self._headers.composed(value, headers)
        if partition is None:
            partition = ANY_PARTITION
            if self._partitions is not None:
                partition = self._partitions.choose(self._outgoing.plain_key(raw_key), value)
        elif partition < 0:
            raise EncodeError(f"partitions are counted from 0, and {partition} is none")
        at = _NOW if timestamp is None else _milliseconds(timestamp)
        return data, raw_key, partition, at, pairs

    def observed(self, value: object, arguments: ProduceArguments) -> object:
        """Tell the observer, who may add headers, and get what belongs to the message."""
        observer = self.outbox.observer
        if observer is None:
            return None
        _, key, _, _, headers = arguments
        assert headers is not None, "there is a list where there is an observer"
        return observer.sending(self.topic, self._outgoing.plain_key(key), value, headers)

    def refused(self, refusal: KafkaException) -> KafkaError:
        """What librdkafka did not take: the error that the message's future is to raise.

        Raises:
            TransactionError: it has nothing to do with the message: there is no transaction.
            DeliveryError: likewise, there was a fatal error.
        """
        error: KafkaError = refusal.args[0]
        match error.name():
            case "_STATE":
                raise TransactionError(
                    "a transactional producer sends in transactions: "
                    "with producer.transaction(): ...",
                    code="_STATE",
                ) from refusal
            case "_FATAL":
                self.client.fail(error)
                self.client.check_usable()
            case _:
                pass
        return error

    def no_room(self) -> DeliveryError:
        """What is raised when the queue has stayed full."""
        seconds = self.client.delivery_timeout
        return DeliveryError(
            f"the queue of {self.client.queued} messages was full for {seconds} s",
            topic=self.topic,
            code="_QUEUE_FULL",
            retriable=True,
        )

    def is_idle(self) -> bool:
        """Whether the fate of all messages is known."""
        # The second is so if an interrupt has come between counting a message and queueing it.
        return self.outbox.pending == 0 or self.client.queued == 0

    def close(self) -> None:
        """Send nothing more. What is not delivered is given up if nobody else has the client."""
        if self._partitions is not None:
            self.client.poller.remove_hook(self._partitions.refresh)
        if self._owns_client:
            self.client.close(0)
        self.client.remove(self.outbox)

    def _make_partitions(self, choose: Partitioner | None) -> CustomPartitioner | None:
        if choose is None:
            return None
        partitions = CustomPartitioner(self.client.producer, self.topic, choose)
        self.client.poller.add_hook(partitions.refresh)
        return partitions


def _client(options: ProducerOptions) -> ProducerClient:
    if (options.config is None) == (options.client is None):
        raise TypeError("expected either settings or a client")
    if options.client is not None:
        options.client.check_usable()
        return options.client
    assert options.config is not None
    return ProducerClient(options.config, registry=options.registry, observer=options.observer)


def _milliseconds(timestamp: datetime) -> int:
    try:
        milliseconds = timestamp_to_units(timestamp, TimeUnit.MILLIS, local=False)
    except ValueError as error:
        raise EncodeError(f"the timestamp: {error}") from None
    if milliseconds <= 0:
        raise EncodeError(f"the timestamp: expected one after 1970, got {timestamp}")
    return milliseconds


HeadersOf: TypeAlias = "HeadersLike | Callable[[Any], HeadersLike | None] | None"
"""Headers of every message: always the same, or what a function gives for its value."""


class HeaderBuilder:
    """Puts the headers of messages together.

    Args:
        every: what the producer adds to every message.

    Raises:
        EncodeError: a name or a value is none.
    """

    def __init__(self, every: HeadersOf) -> None:
        self._of_value = every if callable(every) else None
        self._always = [] if callable(every) else pairs(every)

    def composed(self, value: object, own: HeadersLike | None) -> list[HeaderLike]:
        """The headers of a message: those of every one, its own, and the trace it belongs to.

        Args:
            value: the message's value.
            own: what is given for this message. A trace context among these is not replaced.

        Raises:
            EncodeError: a name or a value is none.
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
    """Headers as Kafka has them.

    Raises:
        EncodeError: a name or a value is none.
    """
    if headers is None:
        return []
    # A mapping is iterable too, and then its keys could be pairs: to type checkers, not here.
    items = (
        cast("Mapping[str, object]", headers).items() if isinstance(headers, Mapping) else headers
    )
    return [(_name(name), _value(name, value)) for name, value in items]


def _name(name: object) -> str:
    if not isinstance(name, str):
        raise EncodeError(f"the name of a header is a str, not {type(name).__qualname__}")
    return name


def _value(name: str, value: object) -> bytes | None:
    match value:
        case None | bytes():
            return value
        case str():
            return value.encode()
        case _:
            raise EncodeError(
                f'the header "{name}" is str, bytes or None, not {type(value).__qualname__}'
            )
