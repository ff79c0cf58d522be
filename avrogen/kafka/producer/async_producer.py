"""Typed producer of a topic, for asyncio: :class:`AsyncTopicProducer`.

:func:`async_transaction` runs the blocking steps of a transaction in threads.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, Callable, Iterable, Sequence
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from datetime import datetime
from types import TracebackType
from typing import TYPE_CHECKING, Any, ClassVar, Generic, Self, TypeVar

from avrogen.errors import ClosedError, DeliveryError
from avrogen.kafka.asyncio_threads import no_undo, run_to_completion
from avrogen.kafka.client_config import Settings
from avrogen.kafka.message import Delivered, HeadersLike
from avrogen.kafka.producer.async_sender import AsyncSender
from avrogen.kafka.producer.record_builder import ProducerOptions, RecordBuilder, closed_error

if TYPE_CHECKING:
    from confluent_kafka import TopicPartition

    from avrogen.kafka.health import ProducerHealth
    from avrogen.kafka.observability.counters import ProducerCounters
    from avrogen.kafka.observability.observer import Observer
    from avrogen.kafka.producer.producer_client import ProducerClient
    from avrogen.kafka.producer.transactions import TransactionManager
    from avrogen.kafka.registry.protocol import SchemaRegistry
    from avrogen.kafka.topic import Topic

__all__ = ["AsyncKeyedTopicProducer", "AsyncTopicProducer", "AsyncTransaction", "async_transaction"]

K = TypeVar("K")
V = TypeVar("V")


class AsyncTopicProducer(Generic[K, V]):
    """Sends messages to one topic, with asyncio: keys of the type ``K``, values of ``V``.

    Generated code has a class for each topic. Use it in an ``async with`` block. At its end, all
    messages are delivered, or an error is raised::

        async with AsyncOrdersProducer(config) as orders:
            future = await orders.send(OrderPlaced(...))  # it is queued
            delivered = await future                      # it is delivered

    It is bound to the event loop that it was opened on.

    Attributes:
        topic: the topic.
    """

    __slots__ = ("__weakref__", "_closed", "_options", "_sender", "_topic_name")

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
        """Store the arguments, which are those of :class:`TopicProducer`; see :meth:`open`."""
        self._options = ProducerOptions(
            config, client, registry, register, headers, partitioner, observer
        )
        self._sender: AsyncSender | None = None
        self._topic_name = self.topic.name
        self._closed = False

    async def open(self) -> Self:
        """Look up the schemas, and connect in the background. ``async with`` does it.

        Raises:
            ConfigurationError, RegistryError, TransactionError, DeliveryError, MissingExtraError:
                as the constructor of :class:`TopicProducer`.
            ClosedError: it was closed.
        """
        if self._closed:
            raise closed_error(self._topic_name)
        if self._sender is None:
            builder = await run_to_completion(
                RecordBuilder, RecordBuilder.close, self.topic, self._options
            )
            self._sender = AsyncSender(builder)
            builder.log_started()
        return self

    # --- send -------------------------------------------------------------------------------------

    async def send(
        self,
        value: V,
        *,
        key: K | None = None,
        headers: HeadersLike | None = None,
        partition: int | None = None,
        timestamp: datetime | None = None,
    ) -> asyncio.Future[Delivered]:
        """Queue a message. If the queue is full, wait for room.

        The arguments are those of :meth:`TopicProducer.send`. If it is cancelled while it waits,
        nothing was queued. A queued message is sent, whether or not its future is awaited or
        cancelled.

        Returns:
            A future of the message's position, after its acknowledgement. It raises DeliveryError
            if the message was not delivered. Failures that nobody retrieved from a future are
            raised by :meth:`close`.

        Raises:
            EncodeError: the message does not match the topic and its schemas. Nothing was queued.
            DeliveryError: the queue stayed full for the delivery timeout, or a fatal error.
            TransactionError: the producer is transactional, and no transaction is open.
            ClosedError: the producer is not open.
            RuntimeError: it was opened on another event loop.
        """
        sender = self._open()
        if sender.should_yield():
            # Before the message is queued: a cancellation here sends nothing.
            await asyncio.sleep(0)
            sender = self._open()
        builder = sender.builder
        arguments = builder.arguments(value, key, headers, partition, timestamp)
        sending = None if sender.is_unobserved else builder.observed(value, arguments)
        delivery = sender.send_now(arguments, sending) or await sender.send_later(
            arguments, sending
        )
        return delivery.future

    async def post(
        self,
        value: V,
        *,
        key: K | None = None,
        headers: HeadersLike | None = None,
        partition: int | None = None,
        timestamp: datetime | None = None,
    ) -> None:
        """Queue a message without a future, which is faster than :meth:`send`.

        If the queue is full, it waits for room. Failures are logged and counted, and :meth:`flush`
        and :meth:`close` raise them. If it is cancelled while it waits, nothing was queued.

        Args:
            value, key, headers, partition, timestamp: as of :meth:`send`.

        Raises:
            EncodeError, DeliveryError, TransactionError, ClosedError, RuntimeError: as
                :meth:`send`.
        """
        sender = self._open()
        if sender.should_yield():
            await asyncio.sleep(0)
            sender = self._open()
        builder = sender.builder
        arguments = builder.arguments(value, key, headers, partition, timestamp)
        sending = None if sender.is_unobserved else builder.observed(value, arguments)
        if not sender.post_now(arguments, sending):
            await sender.post_later(arguments, sending)

    async def post_all(
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
            EncodeError, DeliveryError, TransactionError, ClosedError, RuntimeError: as
                :meth:`send`. The events before the one at fault were queued.
            CancelledError: it was cancelled while it waited. The events before were queued.
        """
        for value in values:
            await self.post(value, key=None if key is None else key(value), headers=headers)

    async def flush(self, timeout: float | None = None) -> int:
        """Send lingering messages now, and wait until all messages are delivered or have failed.

        Args:
            timeout: seconds; None: no limit but ``delivery.timeout.ms``.

        Returns:
            Number of messages still in flight.

        Raises:
            DeliveryError: posted messages were not delivered; it has their number.
            ClosedError: the producer is not open, or the process was forked after that.
            RuntimeError: it was opened on another event loop.
        """
        sender = self._open()
        sender.require_own_loop()
        await sender.flush(timeout)
        error = sender.tracker.posted_failure()
        if error is not None:
            raise error
        return sender.tracker.pending

    def transaction(self) -> AbstractAsyncContextManager[AsyncTransaction]:
        """``async with``: see :meth:`.ProducerClient.transaction`."""
        return async_transaction(self._open().builder.client)

    # --- state ------------------------------------------------------------------------------------

    @property
    def client(self) -> ProducerClient:
        """Client that messages are sent through, which may be shared.

        Raises:
            ClosedError: the producer was not opened.
        """
        return self._opened().builder.client

    def health(self) -> ProducerHealth:
        """Return the health, for liveness and readiness probes; see ``docs/kafka/kubernetes.md``.

        It waits for nothing and asks no broker: any thread may call it, and an event loop.
        """
        sender = self._sender
        if sender is not None:
            return sender.builder.health(is_closed=self._closed)
        from avrogen.kafka.health import unopened_producer

        return unopened_producer(is_closed=self._closed)

    def counters(self) -> ProducerCounters:
        """Return the counters of this producer.

        Raises:
            ClosedError: the producer was not opened.
        """
        return self._opened().builder.tracker.counters()

    # --- close ------------------------------------------------------------------------------------

    async def close(self, timeout: float | None = None) -> None:
        """Deliver all messages, and close the producer. Further calls do nothing.

        On another event loop than the one that opened it, futures of messages are not settled.

        Args:
            timeout: seconds; None: no limit but ``delivery.timeout.ms``.

        Raises:
            DeliveryError: messages were not delivered and their failures not retrieved; it has
                their number.
            CancelledError: it was cancelled. Undelivered messages are purged.
        """
        sender = self._sender
        if self._closed or sender is None:
            self._closed = True
            return
        self._closed = True
        if sender.builder.client.is_forked:
            return  # everything of it belongs to the parent process
        try:
            await sender.flush(timeout)
        finally:
            await sender.close()
            sender.builder.log_stopped()
        error = sender.tracker.unretrieved()
        if error is not None:
            raise error

    async def __aenter__(self) -> Self:
        return await self.open()

    async def __aexit__(
        self,
        exc_type: type[BaseException] | None,
        exc: BaseException | None,
        tb: TracebackType | None,
    ) -> None:
        try:
            await self.close()
        except DeliveryError as error:
            if exc is None:
                raise
            exc.add_note(str(error))

    def _open(self) -> AsyncSender:
        if self._closed:
            raise closed_error(self._topic_name)
        return self._opened()

    def _opened(self) -> AsyncSender:
        if self._sender is None:
            raise ClosedError(
                f"the producer for {self._topic_name} is not open; use: async with ... as orders"
            )
        return self._sender


class AsyncKeyedTopicProducer(AsyncTopicProducer[K, V]):
    """Producer for a topic whose keys are not a field of the value: sending requires ``key``."""

    __slots__ = ()

    if TYPE_CHECKING:
        # Narrower on purpose, as KeyedTopicProducer is.
        async def send(  # type: ignore[override]  # pyright: ignore[reportIncompatibleMethodOverride]
            self,
            value: V,
            *,
            key: K,
            headers: HeadersLike | None = None,
            partition: int | None = None,
            timestamp: datetime | None = None,
        ) -> asyncio.Future[Delivered]: ...

        async def post(  # type: ignore[override]  # pyright: ignore[reportIncompatibleMethodOverride]
            self,
            value: V,
            *,
            key: K,
            headers: HeadersLike | None = None,
            partition: int | None = None,
            timestamp: datetime | None = None,
        ) -> None: ...

        async def post_all(  # type: ignore[override]  # pyright: ignore[reportIncompatibleMethodOverride]
            self,
            values: Iterable[V],
            *,
            key: Callable[[V], K],
            headers: HeadersLike | None = None,
        ) -> None: ...


class AsyncTransaction:
    """Transactional calls within a transaction, for asyncio."""

    def __init__(self, calls: TransactionManager) -> None:
        self._calls = calls

    async def send_offsets(self, offsets: Sequence[TopicPartition], group: Any) -> None:
        """See :meth:`TransactionManager.send_offsets`."""
        await run_to_completion(self._calls.send_offsets, no_undo, offsets, group)


@asynccontextmanager
async def async_transaction(client: ProducerClient) -> AsyncGenerator[AsyncTransaction]:
    """Run a transaction; see :meth:`ProducerClient.transaction`. A cancellation aborts it."""
    transactions = client.require_transactions()

    def abort_at_once(_: None) -> None:
        transactions.abort(asyncio.CancelledError())

    await run_to_completion(transactions.begin, abort_at_once)
    try:
        yield AsyncTransaction(transactions)
        await run_to_completion(transactions.commit, no_undo)
    except BaseException as error:
        await run_to_completion(transactions.abort, no_undo, error)
        raise
