"""Typed producers: :class:`TopicProducer`."""

from __future__ import annotations

import logging
from collections.abc import Callable
from concurrent.futures import Future
from contextlib import AbstractContextManager
from datetime import datetime
from types import TracebackType
from typing import TYPE_CHECKING, Any, ClassVar, Generic, Self, TypeVar

from avrogen.errors import ClosedError, DeliveryError
from avrogen.kafka.client_config import Settings
from avrogen.kafka.message import Delivered, HeadersLike
from avrogen.kafka.observability.logs import log_event
from avrogen.kafka.producer.delivery import DeliveryFuture
from avrogen.kafka.producer.record_builder import ProduceArguments, ProducerOptions, RecordBuilder

if TYPE_CHECKING:
    from confluent_kafka import KafkaError

    from avrogen.kafka.observability.counters import ProducerCounters
    from avrogen.kafka.observability.observer import Observer
    from avrogen.kafka.producer.producer_client import ProducerClient
    from avrogen.kafka.producer.transactions import TransactionManager
    from avrogen.kafka.registry.protocol import SchemaRegistry
    from avrogen.kafka.topic import Topic

__all__ = ["KeyedTopicProducer", "TopicProducer"]

K = TypeVar("K")
V = TypeVar("V")


class TopicProducer(Generic[K, V]):
    """Sends messages to one topic: keys of the type ``K``, values of ``V``.

    Generated code has a class for each topic. Use it in a ``with`` block, at whose end everything
    is delivered, or an error says what is not::

        with OrdersProducer(config) as orders:
            orders.send(OrderPlaced(...))

    Any number of threads may send.

    Attributes:
        topic: where messages go.
    """

    __slots__ = ("__weakref__", "_channel", "_closed", "_outbox", "_produce", "_topic_name")

    topic: ClassVar[Topic[Any, Any]]

    def __init__(
        self,
        config: Settings | None = None,
        *,
        client: ProducerClient | None = None,
        registry: SchemaRegistry | None = None,
        register: bool = False,
        headers: HeadersLike | Callable[[V], HeadersLike | None] | None = None,
        partitioner: Callable[[K, V, int], int] | None = None,
        observer: Observer | None = None,
    ) -> None:
        """Look up the schemas, and connect in the background.

        Args:
            config: settings of librdkafka, and of the registry with ``schema.registry.`` before
                them; see :mod:`avrogen.kafka.client_config`.
            client: instead of settings, what several producers share.
            registry: where schemas are, if not where the settings say.
            register: whether schemas that are missing are registered, if the level of their subject
                allows it. Otherwise they are an error.
            headers: headers of every message, or a function that gives them for its value.
            partitioner: chooses a partition from key, value and the number of partitions. Without
                it, the hash of the key does, as in Java and Go (``partitioner`` in the settings).
            observer: who is told what happens.

        Raises:
            ConfigurationError: the settings cannot work.
            RegistryError: a schema is missing or incompatible, or the registry does not answer.
            TransactionError: there is a ``transactional.id``, and the coordinator of transactions
                does not answer, or refuses.
            DeliveryError: there is a partitioner, and the topic or the brokers cannot be found.
            MissingExtraError: confluent-kafka is not installed.
        """
        options = ProducerOptions(
            config, client, registry, register, headers, partitioner, observer
        )
        self._channel = RecordBuilder(self.topic, options)
        self._outbox = self._channel.outbox
        self._produce = self._channel.client.producer.produce
        self._topic_name = self.topic.name
        self._closed = False
        log_event(logging.INFO, "producer.started", topic=self._topic_name)

    # --- sending ----------------------------------------------------------------------------------

    def send(
        self,
        value: V,
        *,
        key: K | None = None,
        headers: HeadersLike | None = None,
        partition: int | None = None,
        timestamp: datetime | None = None,
    ) -> Future[Delivered]:
        """Queue a message, and return at once; unless the queue is full, then wait for room.

        Args:
            value: the event; None for a tombstone, on topics that have them.
            key: its key; None: from the field of the value that the topic names.
            headers: its headers, after those of every message.
            partition: where it goes; None: where the partitioner says.
            timestamp: when it happened, with a time zone; None: now. It is sent in milliseconds.

        Returns:
            Where it is, once it is acknowledged. The future raises DeliveryError if it will not be.
            What nobody asks it for is raised when the producer is closed.

        Raises:
            EncodeError: it does not fit the topic and its schemas. Nothing was queued.
            DeliveryError: the queue did not drain for as long as a message may take to be
                delivered, or there was a fatal error.
            TransactionError: the producer is transactional, and this is in no transaction.
            ClosedError: the producer was closed.
        """
        if self._closed:
            raise ClosedError(f"the producer for {self._topic_name} was closed")
        outbox = self._outbox
        arguments = self._channel.arguments(value, key, headers, partition, timestamp)
        delivery = DeliveryFuture(outbox)
        if outbox.observer is not None:
            delivery.observe(self._channel.observed(value, arguments))
        outbox.count_sent()
        data, raw_key, number, at, pairs = arguments
        try:
            self._produce(self._topic_name, data, raw_key, number, delivery, None, at, pairs)
        except Exception as error:
            self._not_queued(delivery, arguments, error)
        return delivery

    def flush(self, timeout: float | None = None) -> int:
        """Wait until everything that was sent is delivered or has failed. What lingers is sent now.

        Args:
            timeout: seconds; None: as long as it takes, ``delivery.timeout.ms`` at most.

        Returns:
            How many messages are still waited for.
        """
        self._channel.client.poller.flush(self._channel.is_idle, timeout)
        return self._outbox.pending

    def transaction(self) -> AbstractContextManager[TransactionManager]:
        """See :meth:`.ProducerClient.transaction`."""
        return self._channel.client.transaction()

    # --- what there is to know --------------------------------------------------------------------

    @property
    def client(self) -> ProducerClient:
        """The producer beneath, which may be shared."""
        return self._channel.client

    def counters(self) -> ProducerCounters:
        """What this producer has done so far."""
        return self._outbox.counters()

    # --- the end ----------------------------------------------------------------------------------

    def close(self, timeout: float | None = None) -> None:
        """Deliver what was sent, and send nothing more. Closing it again does nothing.

        Args:
            timeout: seconds; None: as long as it takes, ``delivery.timeout.ms`` at most.

        Raises:
            DeliveryError: messages were not delivered and nobody knows; it says how many.
        """
        if self._closed:
            return
        self._closed = True
        try:
            self.flush(timeout)
        finally:
            self._channel.close()
            counters = self._outbox.counters()
            log_event(
                logging.INFO,
                "producer.stopped",
                topic=self._topic_name,
                delivered=counters.delivered,
                failed=counters.failed,
            )
        error = self._outbox.unseen()
        if error is not None:
            raise error

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        exc_type: type[BaseException] | None,
        exc: BaseException | None,
        tb: TracebackType | None,
    ) -> None:
        try:
            self.close()
        except DeliveryError as error:
            if exc is None:
                raise
            exc.add_note(str(error))

    # --- what keeps messages from being queued ----------------------------------------------------

    def _not_queued(
        self, delivery: DeliveryFuture, arguments: ProduceArguments, error: Exception
    ) -> None:
        try:
            failure = self._failure(delivery, arguments, error)
        except BaseException:
            self._outbox.count_sent(-1)
            raise
        if failure is not None:
            delivery.fail(failure, arguments[1])

    def _failure(
        self, delivery: DeliveryFuture, arguments: ProduceArguments, error: Exception
    ) -> KafkaError | None:
        """Wait for room. Or say why the message fails; or raise what is not about the message."""
        from confluent_kafka import KafkaException

        if isinstance(error, BufferError):
            try:
                self._queue_when_there_is_room(delivery, arguments)
            except KafkaException as refusal:
                error = refusal
            else:
                return None
        if isinstance(error, KafkaException):
            return self._channel.refused(error)
        raise error

    def _queue_when_there_is_room(
        self, delivery: DeliveryFuture, arguments: ProduceArguments
    ) -> None:
        def queued() -> bool:
            data, key, partition, at, headers = arguments
            try:
                self._produce(self._topic_name, data, key, partition, delivery, None, at, headers)
            except BufferError:
                return False
            return True

        client = self._channel.client
        if not client.poller.wait(queued, client.delivery_timeout):
            raise self._channel.no_room()


class KeyedTopicProducer(TopicProducer[K, V]):
    """A producer for a topic whose values do not hold its keys: each message is given its own."""

    __slots__ = ()

    if TYPE_CHECKING:
        # Narrower on purpose: type checkers should miss the key that is forgotten.
        def send(  # type: ignore[override]  # pyright: ignore[reportIncompatibleMethodOverride]
            self,
            value: V,
            *,
            key: K,
            headers: HeadersLike | None = None,
            partition: int | None = None,
            timestamp: datetime | None = None,
        ) -> Future[Delivered]: ...
