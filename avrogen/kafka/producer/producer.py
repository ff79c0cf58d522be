"""Typed producer of a topic, synchronous: :class:`TopicProducer`."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from concurrent.futures import Future
from contextlib import AbstractContextManager
from datetime import datetime
from types import TracebackType
from typing import TYPE_CHECKING, Any, ClassVar, Generic, Self, TypeVar

from avrogen.errors import DeliveryError
from avrogen.kafka.client_config import Settings
from avrogen.kafka.message import Delivered, HeadersLike
from avrogen.kafka.producer.delivery import DeliveryFuture, PostedDelivery
from avrogen.kafka.producer.record_builder import (
    ProduceArguments,
    ProducerOptions,
    RecordBuilder,
    closed_error,
)

if TYPE_CHECKING:
    from confluent_kafka import KafkaError

    from avrogen.kafka.health import ProducerHealth
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
    """Sends messages to one topic, with keys of the type ``K`` and values of the type ``V``.

    Generated code has a class for each topic. Use it in a ``with`` block. At its end, all messages
    are delivered, or an error is raised::

        with OrdersProducer(config) as orders:
            orders.send(OrderPlaced(...))

    It is thread-safe.

    Attributes:
        topic: the topic.
    """

    __slots__ = (
        "__weakref__",
        "_arguments",
        "_builder",
        "_client",
        "_closed",
        "_posted",
        "_topic_name",
        "_tracker",
    )

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
            config: client properties, and the registry's with the prefix ``schema.registry.``; see
                :mod:`avrogen.kafka.client_config`.
            client: in place of ``config``, a client that several producers share.
            registry: registry in place of the configured one.
            register: register missing schemas if the level of their subject allows it. By default,
                a missing schema is an error.
            headers: headers of every message, or a function from its value to them.
            partitioner: function from key, value and number of partitions to a partition. By
                default, the key's hash decides, as in Java and Go (property ``partitioner``).
            observer: observer of deliveries.

        Raises:
            ConfigurationError: invalid properties.
            RegistryError: a schema is missing or incompatible, or no response of the registry.
            TransactionError: with a ``transactional.id``: no response of the transaction
                coordinator, or it refuses.
            DeliveryError: with a partitioner: the topic does not exist, or no response of the
                brokers.
            MissingExtraError: confluent-kafka is not installed.
        """
        options = ProducerOptions(
            config, client, registry, register, headers, partitioner, observer
        )
        self._builder = RecordBuilder(self.topic, options)
        self._tracker = self._builder.tracker
        self._arguments = self._builder.arguments
        self._posted = PostedDelivery(self._tracker)
        self._client = self._builder.client
        self._topic_name = self.topic.name
        self._closed = False
        self._builder.log_started()

    # --- send -------------------------------------------------------------------------------------

    def send(
        self,
        value: V,
        *,
        key: K | None = None,
        headers: HeadersLike | None = None,
        partition: int | None = None,
        timestamp: datetime | None = None,
    ) -> Future[Delivered]:
        """Queue a message and return at once. If the queue is full, block until there is room.

        Args:
            value: the event; None for a tombstone, on topics with tombstones.
            key: its key; None: from the key field of the value.
            headers: its headers, after those of every message.
            partition: its partition; None: chosen by the partitioner.
            timestamp: its timezone-aware time; None: now. It is sent in milliseconds.

        Returns:
            A future of the message's position, after its acknowledgement. It raises DeliveryError
            if the message was not delivered. Failures that nobody retrieved from a future are
            raised by :meth:`close`.

        Raises:
            EncodeError: the message does not match the topic and its schemas. Nothing was queued.
            DeliveryError: the queue stayed full for the delivery timeout, or a fatal error.
            TransactionError: the producer is transactional, and no transaction is open.
            ClosedError: the producer was closed.
        """
        if self._closed:
            raise closed_error(self._topic_name)
        tracker = self._tracker
        arguments = self._arguments(value, key, headers, partition, timestamp)
        delivery = DeliveryFuture()
        delivery.tracker = tracker
        if tracker.observer is not None:
            delivery.sending = self._builder.observed(value, arguments)
        next(tracker.sent)
        data, raw_key, number, at, pairs = arguments
        try:
            self._client.produce(self._topic_name, data, raw_key, number, delivery, None, at, pairs)
        except Exception as error:
            self._not_queued(delivery, arguments, error)
        return delivery

    def post(
        self,
        value: V,
        *,
        key: K | None = None,
        headers: HeadersLike | None = None,
        partition: int | None = None,
        timestamp: datetime | None = None,
    ) -> None:
        """Queue a message without a future, which is faster than :meth:`send`.

        If the queue is full, it blocks until there is room. Failures are logged and counted, and
        :meth:`flush` and :meth:`close` raise them.

        Args:
            value, key, headers, partition, timestamp: as of :meth:`send`.

        Raises:
            EncodeError, DeliveryError, TransactionError, ClosedError: as :meth:`send`.
        """
        if self._closed:
            raise closed_error(self._topic_name)
        tracker = self._tracker
        arguments = self._arguments(value, key, headers, partition, timestamp)
        delivery = self._posted
        if tracker.observer is not None:
            delivery = PostedDelivery(tracker, self._builder.observed(value, arguments))
        next(tracker.sent)
        data, raw_key, number, at, pairs = arguments
        try:
            self._client.produce(self._topic_name, data, raw_key, number, delivery, None, at, pairs)
        except Exception as error:
            self._not_queued(delivery, arguments, error)

    def post_all(
        self,
        values: Iterable[V],
        *,
        key: Callable[[V], K] | None = None,
        headers: HeadersLike | None = None,
    ) -> None:
        """Queue a message for each of many values, as :meth:`post` does.

        Args:
            values: the events, in the order in which they are sent.
            key: function from an event to its key; None: from the key field of the value.
            headers: headers of each, after those of every message.

        Raises:
            EncodeError, DeliveryError, TransactionError, ClosedError: as :meth:`send`. The events
                before the one at fault were queued.
        """
        if self._tracker.observer is not None:  # which has an object for each message
            for value in values:
                self.post(value, key=None if key is None else key(value), headers=headers)
            return
        arguments_of, client, topic = self._arguments, self._client, self._topic_name
        delivery, sent = self._posted, self._tracker.sent
        for value in values:
            if self._closed:
                raise closed_error(topic)
            own_key = None if key is None else key(value)
            arguments = arguments_of(value, own_key, headers, None, None)
            next(sent)
            data, raw_key, number, at, pairs = arguments
            try:
                client.produce(topic, data, raw_key, number, delivery, None, at, pairs)
            except Exception as error:
                self._not_queued(delivery, arguments, error)

    def flush(self, timeout: float | None = None) -> int:
        """Send lingering messages now, and wait until all messages are delivered or have failed.

        Args:
            timeout: seconds; None: no limit but ``delivery.timeout.ms``.

        Returns:
            Number of messages still in flight.

        Raises:
            DeliveryError: posted messages were not delivered; it has their number.
            ClosedError: the process was forked after the creation of the producer.
        """
        self._flush(timeout)
        error = self._tracker.posted_failure()
        if error is not None:
            raise error
        return self._tracker.pending

    def _flush(self, timeout: float | None) -> None:
        self._builder.require_same_process()
        self._builder.client.poller.flush(self._builder.is_idle, timeout)

    def transaction(self) -> AbstractContextManager[TransactionManager]:
        """See :meth:`.ProducerClient.transaction`."""
        return self._builder.client.transaction()

    # --- state ------------------------------------------------------------------------------------

    @property
    def client(self) -> ProducerClient:
        """Client that messages are sent through, which may be shared."""
        return self._builder.client

    def health(self) -> ProducerHealth:
        """Return the health, for liveness and readiness probes; see ``docs/kafka/kubernetes.md``.

        It waits for nothing and asks no broker: any thread may call it, and an event loop.
        """
        return self._builder.health(is_closed=self._closed)

    def counters(self) -> ProducerCounters:
        """Return the counters of this producer."""
        return self._tracker.counters()

    # --- close ------------------------------------------------------------------------------------

    def close(self, timeout: float | None = None) -> None:
        """Deliver all messages, and close the producer. Further calls do nothing.

        In a delivery callback it returns at once, and closes when the callback has returned;
        undelivered messages are logged then.

        Args:
            timeout: seconds; None: no limit but ``delivery.timeout.ms``.

        Raises:
            DeliveryError: messages were not delivered and their failures not retrieved; it has
                their number.
        """
        if self._closed:
            return
        self._closed = True
        if self._builder.client.is_forked:
            return  # everything of it belongs to the parent process
        poller = self._builder.client.poller
        if poller.is_current:
            poller.after_callbacks(lambda: self._close(timeout))
        else:
            self._close(timeout)

    def _close(self, timeout: float | None) -> None:
        try:
            self._flush(timeout)
        finally:
            self._builder.close()
            self._builder.log_stopped()
        error = self._tracker.unretrieved()
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

    # --- messages that are not queued at once -----------------------------------------------------

    def _not_queued(
        self,
        delivery: DeliveryFuture | PostedDelivery,
        arguments: ProduceArguments,
        error: Exception,
    ) -> None:
        try:
            failure = self._failure(delivery, arguments, error)
        except BaseException as refusal:
            self._tracker.not_sent()
            if isinstance(refusal, Exception):
                self._builder.not_sent(delivery.sending, refusal)
            raise
        if failure is not None:
            delivery.fail(failure, arguments[1], arguments[0])

    def _failure(
        self,
        delivery: DeliveryFuture | PostedDelivery,
        arguments: ProduceArguments,
        error: Exception,
    ) -> KafkaError | None:
        """Wait for room and return None; return the message's error; or raise any other."""
        from confluent_kafka import KafkaException

        if isinstance(error, BufferError):
            try:
                self._wait_and_queue(delivery, arguments)
            except KafkaException as refusal:
                error = refusal
            else:
                return None
        return self._builder.refused(error)

    def _wait_and_queue(
        self, delivery: DeliveryFuture | PostedDelivery, arguments: ProduceArguments
    ) -> None:
        client, topic = self._client, self._topic_name

        def queued() -> bool:
            data, key, partition, at, headers = arguments
            try:
                client.produce(topic, data, key, partition, delivery, None, at, headers)
            except BufferError:
                return False
            return True

        if not client.poller.wait(queued, client.delivery_timeout):
            raise self._builder.queue_full_error()


class KeyedTopicProducer(TopicProducer[K, V]):
    """Producer for a topic whose keys are not a field of the value: sending requires ``key``."""

    __slots__ = ()

    if TYPE_CHECKING:
        # Narrower on purpose: type checkers report a missing key.
        def send(  # type: ignore[override]  # pyright: ignore[reportIncompatibleMethodOverride]
            self,
            value: V,
            *,
            key: K,
            headers: HeadersLike | None = None,
            partition: int | None = None,
            timestamp: datetime | None = None,
        ) -> Future[Delivered]: ...

        def post(  # type: ignore[override]  # pyright: ignore[reportIncompatibleMethodOverride]
            self,
            value: V,
            *,
            key: K,
            headers: HeadersLike | None = None,
            partition: int | None = None,
            timestamp: datetime | None = None,
        ) -> None: ...

        def post_all(  # type: ignore[override]  # pyright: ignore[reportIncompatibleMethodOverride]
            self,
            values: Iterable[V],
            *,
            key: Callable[[V], K],
            headers: HeadersLike | None = None,
        ) -> None: ...
