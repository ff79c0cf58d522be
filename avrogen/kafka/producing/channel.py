"""From the arguments of ``send`` to those of librdkafka's ``produce``, for one topic.

It is what the producers of threads and of asyncio share: all that is decided about a message before
it is queued.
"""

from __future__ import annotations

from datetime import datetime
from typing import TYPE_CHECKING, Any, Final, NamedTuple, TypeAlias

from avrogen.avro.model import TimeUnit
from avrogen.codec.conversions import timestamp_to_units
from avrogen.errors import ClosedError, DeliveryError, EncodeError, TransactionError
from avrogen.kafka.observing.guard import guarded
from avrogen.kafka.observing.trace_context import current_trace
from avrogen.kafka.producing.client import ProducerClient
from avrogen.kafka.producing.headers import Composer
from avrogen.kafka.producing.outbox import Outbox
from avrogen.kafka.producing.outgoing import Outgoing
from avrogen.kafka.producing.partitions import Partitions
from avrogen.kafka.producing.schemas import resolve

if TYPE_CHECKING:
    from confluent_kafka import KafkaError, KafkaException

    from avrogen.kafka.config import Settings
    from avrogen.kafka.message import HeaderLike, HeadersLike
    from avrogen.kafka.observing.observer import Observer
    from avrogen.kafka.producing.headers import HeadersOf
    from avrogen.kafka.producing.partitions import Partitioner
    from avrogen.kafka.registry.port import SchemaRegistry
    from avrogen.kafka.topic import Topic

__all__ = ["Arguments", "Channel", "Options"]

_ANY_PARTITION: Final = -1
_NOW: Final = 0


class Options(NamedTuple):
    """How a typed producer is made; see ``TopicProducer``."""

    config: Settings | None
    client: ProducerClient | None
    registry: SchemaRegistry | None
    register: bool
    headers: HeadersOf
    partitioner: Partitioner | None
    observer: Observer | None


Arguments: TypeAlias = "tuple[bytes | None, bytes | None, int, int, list[HeaderLike] | None]"
"""What ``produce`` takes: value (None for a tombstone), key, partition (-1: librdkafka chooses),
timestamp (milliseconds since 1970; 0: now) and headers. A plain tuple, as each message has one."""


class Channel:
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

    def __init__(self, topic: Topic[Any, Any], options: Options) -> None:
        self.topic = topic.name
        self._tombstones = topic.tombstones
        self._headers = Composer(options.headers)
        observer = guarded(options.observer)
        self._owns_client = options.client is None
        self.client = _client(options)
        try:
            registry = options.registry or self.client.registry
            ids = resolve(registry, topic, register=options.register)
            self._outgoing = Outgoing(topic, ids)
            self._writers = self._outgoing.writers
            self._write_key = self._outgoing.write_key
            self._partitions = self._make_partitions(options.partitioner)
        except BaseException:
            if self._owns_client:
                self.client.close(0)
            raise
        client = self.client
        self.outbox = Outbox(
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
    ) -> Arguments:
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
            partition = _ANY_PARTITION
            if self._partitions is not None:
                partition = self._partitions.choose(self._outgoing.plain_key(raw_key), value)
        elif partition < 0:
            raise EncodeError(f"partitions are counted from 0, and {partition} is none")
        at = _NOW if timestamp is None else _milliseconds(timestamp)
        return data, raw_key, partition, at, pairs

    def observed(self, value: object, arguments: Arguments) -> object:
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

    def _make_partitions(self, choose: Partitioner | None) -> Partitions | None:
        if choose is None:
            return None
        partitions = Partitions(self.client.producer, self.topic, choose)
        self.client.poller.add_hook(partitions.refresh)
        return partitions


def _client(options: Options) -> ProducerClient:
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
