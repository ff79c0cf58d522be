"""Typed producers for asyncio: :class:`AsyncTopicProducer`.

Transactions for asyncio: the calls block, so each runs in a thread.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import AsyncGenerator, Callable, Sequence
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from datetime import datetime
from types import TracebackType
from typing import TYPE_CHECKING, Any, ClassVar, Generic, Self, TypeVar

from avrogen.errors import ClosedError, DeliveryError
from avrogen.kafka.asyncio_threads import no_undo, run_to_completion
from avrogen.kafka.client_config import Settings
from avrogen.kafka.message import Delivered, HeadersLike
from avrogen.kafka.observability.logs import log_event
from avrogen.kafka.producer.async_sender import AsyncSender
from avrogen.kafka.producer.producer_client import Transaction
from avrogen.kafka.producer.record_builder import ProducerOptions, RecordBuilder

if TYPE_CHECKING:
    from confluent_kafka import TopicPartition

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

    Generated code has a class for each topic. Use it in an ``async with`` block, at whose end
    everything is delivered, or an error says what is not::

        async with AsyncOrdersProducer(config) as orders:
            future = await orders.send(OrderPlaced(...))  # it is queued
            delivered = await future                      # it is delivered

    It belongs to the loop that it was opened on.

    Attributes:
        topic: where messages go.
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
        """Do nothing yet: see :meth:`open`. The arguments are those of :class:`TopicProducer`."""
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
                as :class:`TopicProducer` does when it is made.
            ClosedError: it was closed.
        """
        if self._closed:
            raise ClosedError(f"the producer for {self._topic_name} was closed")
        if self._sender is None:
            channel = await run_to_completion(
                RecordBuilder, RecordBuilder.close, self.topic, self._options
            )
            self._sender = AsyncSender(channel)
            log_event(logging.INFO, "producer.started", topic=self._topic_name)
        return self

    # --- sending ----------------------------------------------------------------------------------

    async def send(
        self,
        value: V,
        *,
        key: K | None = None,
        headers: HeadersLike | None = None,
        partition: int | None = None,
        timestamp: datetime | None = None,
    ) -> asyncio.Future[Delivered]:
        """Queue a message; if the queue is full, wait for room.

        The arguments are those of :meth:`TopicProducer.send`. While it waits, it can be cancelled,
        and then nothing was queued. What was queued is sent, whether or not its future is awaited
        or cancelled.

        Returns:
            Where it is, once it is acknowledged. The future raises DeliveryError if it will not be.
            What nobody asks it for is raised when the producer is closed.

        Raises:
            EncodeError: it does not fit the topic and its schemas. Nothing was queued.
            DeliveryError: the queue did not drain for as long as a message may take to be
                delivered, or there was a fatal error.
            TransactionError: the producer is transactional, and this is in no transaction.
            ClosedError: the producer is not open.
        """
        if self._open().is_turn_over():
            # Before anything is queued: whoever is cancelled here has sent nothing.
            await asyncio.sleep(0)
        sender = self._open()
        channel = sender.channel
        arguments = channel.arguments(value, key, headers, partition, timestamp)
        sending = channel.observed(value, arguments)
        ticket = sender.start(arguments, sending) or await sender.queued(arguments, sending)
        return ticket.future

    async def flush(self, timeout: float | None = None) -> int:
        """Wait until everything that was sent is delivered or has failed. What lingers is sent now.

        Args:
            timeout: seconds; None: as long as it takes, ``delivery.timeout.ms`` at most.

        Returns:
            How many messages are still waited for.

        Raises:
            ClosedError: the producer is not open.
        """
        sender = self._open()
        await sender.settled(timeout)
        return sender.channel.outbox.pending

    def transaction(self) -> AbstractAsyncContextManager[AsyncTransaction]:
        """``async with``: see :meth:`.ProducerClient.transaction`."""
        return async_transaction(self._open().channel.client)

    # --- what there is to know --------------------------------------------------------------------

    @property
    def client(self) -> ProducerClient:
        """The producer beneath, which may be shared.

        Raises:
            ClosedError: the producer was not opened.
        """
        return self._opened().channel.client

    def counters(self) -> ProducerCounters:
        """What this producer has done so far.

        Raises:
            ClosedError: the producer was not opened.
        """
        return self._opened().channel.outbox.counters()

    # --- the end ----------------------------------------------------------------------------------

    async def close(self, timeout: float | None = None) -> None:
        """Deliver what was sent, and send nothing more. Closing it again does nothing.

        Args:
            timeout: seconds; None: as long as it takes, ``delivery.timeout.ms`` at most.

        Raises:
            DeliveryError: messages were not delivered and nobody knows; it says how many.
            CancelledError: it was cancelled. What was not delivered is given up.
        """
        sender = self._sender
        if self._closed or sender is None:
            self._closed = True
            return
        self._closed = True
        try:
            await sender.settled(timeout)
        finally:
            await sender.close()
            counters = self.counters()
            log_event(
                logging.INFO,
                "producer.stopped",
                topic=self._topic_name,
                delivered=counters.delivered,
                failed=counters.failed,
            )
        error = sender.channel.outbox.unseen()
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
            raise ClosedError(f"the producer for {self._topic_name} was closed")
        return self._opened()

    def _opened(self) -> AsyncSender:
        if self._sender is None:
            raise ClosedError(
                f"the producer for {self._topic_name} is not open: async with ... as orders"
            )
        return self._sender


class AsyncKeyedTopicProducer(AsyncTopicProducer[K, V]):
    """A producer for a topic whose values do not hold its keys: each message is given its own."""

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


class AsyncTransaction:
    """What else can be part of a transaction."""

    def __init__(self, calls: TransactionManager) -> None:
        self._calls = calls

    async def send_offsets(self, offsets: Sequence[TopicPartition], group: Any) -> None:
        """See :meth:`TransactionManager.send_offsets`."""
        await run_to_completion(self._calls.send_offsets, no_undo, offsets, group)


@asynccontextmanager
async def async_transaction(client: ProducerClient) -> AsyncGenerator[AsyncTransaction]:
    """See :meth:`ProducerClient.transaction`. A cancellation aborts as any other exception does."""
    block = Transaction(client)

    def end_at_once(calls: TransactionManager) -> None:
        block.give_up(asyncio.CancelledError())

    calls = await run_to_completion(block.begin, end_at_once)
    try:
        yield AsyncTransaction(calls)
        await run_to_completion(block.commit, no_undo)
    except BaseException as error:
        fatal = await run_to_completion(block.give_up, no_undo, error)
        if fatal is not None and isinstance(error, Exception):
            raise fatal from error
        raise
