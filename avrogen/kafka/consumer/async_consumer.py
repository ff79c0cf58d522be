"""Asyncio consumers: :class:`AsyncTopicConsumer`, which generated classes inherit."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Coroutine
from contextlib import AbstractContextManager
from types import TracebackType
from typing import TYPE_CHECKING, Any, Literal, Self, TypeVar

from avrogen.kafka.asyncio_threads import no_undo, run_to_completion
from avrogen.kafka.consumer.assignment import Position
from avrogen.kafka.consumer.async_runner import (
    AsyncDriver,
    AsyncMessageIterator,
    AsyncMessageRunner,
    AsyncWakeup,
    check_async_handler,
)
from avrogen.kafka.consumer.batch_runner import BatchRunner
from avrogen.kafka.consumer.consumer import ConsumerBase
from avrogen.kafka.consumer.signals import StopSignals

if TYPE_CHECKING:
    from avrogen.kafka.consumer.key_scheduler import Ordering
    from avrogen.kafka.consumer.service import AsyncConsumerRun
    from avrogen.kafka.message import Message
    from avrogen.kafka.producer.async_producer import AsyncTopicProducer
    from avrogen.kafka.producer.producer_client import ProducerClient

__all__ = ["AsyncTopicConsumer"]

K = TypeVar("K")
V = TypeVar("V")


class AsyncTopicConsumer(ConsumerBase[K, V]):
    """Handles the messages of a topic with asyncio, as a member of a consumer group.

    ::

        async with AsyncOrdersConsumer(config, group_id="billing") as orders:
            await orders.run(handle)

    The guarantees and the arguments are those of
    :class:`avrogen.kafka.consumer.consumer.TopicConsumer`: each message is handled at least once,
    and those of a partition in order, one at a time. Different partitions are handled concurrently.
    In-flight messages of a task that is cancelled do not count as handled; they are consumed again.

    It belongs to the event loop that it is opened on.
    """

    __slots__ = ("_messages", "_wakeup")

    _messages: AsyncMessageIterator[K, V] | None
    _wakeup: AsyncWakeup

    def _prepare(self) -> Callable[[], None]:
        self._messages = None
        self._wakeup = AsyncWakeup()
        return self._wakeup.wake

    # --- opening and closing ----------------------------------------------------------------------

    async def __aenter__(self) -> Self:
        """Load the topic's schemas from the registry, and join the group.

        Raises:
            RegistryError: the registry does not answer.
            ConfigurationError: librdkafka rejects the configuration.
            MissingExtraError: confluent-kafka is not installed.
        """
        self._wakeup.bind()
        session = self._session
        await run_to_completion(session.open, lambda _: session.close())
        return self

    async def __aexit__(
        self,
        exc_type: type[BaseException] | None,
        exc: BaseException | None,
        tb: TracebackType | None,
    ) -> None:
        """Commit the offsets of handled messages, and leave the group."""
        self._abandon_iteration()
        await run_to_completion(self._session.close, no_undo)

    # --- handling ---------------------------------------------------------------------------------

    async def run(
        self,
        handle: Callable[[Message[K, V]], Awaitable[object]],
        *,
        concurrency: int = 1,
        ordering: Ordering = "key",
    ) -> None:
        """Call a coroutine function with every message, until the consumer stops.

        It stops when :meth:`stop` is called, or on SIGTERM or SIGINT. In-flight messages are
        finished first; those that take longer than ``grace`` are cancelled.

        Args:
            handle: the handler, a coroutine function, or a function that returns an awaitable. Its
                result is ignored, unless it is a coroutine or a generator; its exceptions decide
                on retry and dead letter, see ``docs/kafka/consuming.md``.
            concurrency: most messages that are handled at the same time, those of one partition,
                too. With 1, there is one of each partition.
            ordering: as for :meth:`TopicConsumer.run`.

        Raises:
            ConsumeError: a message can neither be handled nor dead-lettered, or Kafka refuses to go
                on.
            TypeError: the handler is a plain function or a generator function.
            ValueError: ``concurrency`` or ``ordering`` is invalid.
        """
        limits = self._concurrency(concurrency, ordering)
        with self._alone():
            if limits is None:
                await AsyncMessageRunner(self._session, self._wakeup, handle).run(handle)
                return
            from avrogen.kafka.consumer.async_concurrent_runner import AsyncConcurrentRunner

            await AsyncConcurrentRunner(self._session, self._wakeup, handle, limits).run(handle)

    def __aiter__(self) -> AsyncMessageIterator[K, V]:
        """Yield all messages, one at a time, until the consumer stops.

        A message counts as handled when the next one is asked for. One whose loop was left does
        not, and is the first of the next iteration; to end permanently, call :meth:`stop`. There
        are no retries; unreadable messages are dead-lettered as by :meth:`run`.

        Raises:
            ConsumeError: as :meth:`run`.
        """
        self._check_idle()
        self._abandon_iteration()
        runner = AsyncMessageRunner(self._session, self._wakeup, type(self))
        self._messages = AsyncMessageIterator(runner, StopSignals(enabled=self._session.signals))
        return self._messages

    async def run_batches(
        self,
        handle: Callable[[list[Message[K, V]]], Awaitable[object]],
        *,
        max_records: int = 500,
        max_wait: float = 1.0,
        concurrency: int = 1,
        ordering: Ordering = "key",
    ) -> None:
        """Call a coroutine function with many messages at a time, until the consumer stops.

        See :meth:`TopicConsumer.run_batches`. There is one batch at a time without ``concurrency``.
        """
        check_async_handler(handle)
        limits = self._limits(max_records, max_wait)
        slots = self._concurrency(concurrency, ordering)
        with self._alone():
            if slots is None:
                await self._drive(BatchRunner(self._session, handle, limits))
                return
            from avrogen.kafka.consumer.concurrent_batches import AsyncConcurrentBatchRunner

            runner: Any = AsyncConcurrentBatchRunner(
                self._session, self._wakeup, handle, limits, slots
            )
            await runner.run(handle)

    async def run_transactional(
        self,
        handle: Callable[[Message[K, V]], Awaitable[object]],
        producer: AsyncTopicProducer[Any, Any] | ProducerClient,
        *,
        max_records: int = 500,
        max_wait: float = 0.1,
        concurrency: Literal[1] = 1,
    ) -> None:
        """Call a coroutine function with every message, exactly once as far as Kafka is concerned.

        See :meth:`TopicConsumer.run_transactional`. Messages are handled one after the other; a
        cancellation aborts the transaction.
        """
        from avrogen.kafka.consumer.transaction_runner import (
            TransactionRunner,
            refuse_concurrency,
            transactional_client,
        )

        refuse_concurrency(concurrency)
        check_async_handler(handle)
        limits = self._limits(max_records, max_wait)
        client = transactional_client(producer)
        with self._alone():
            await self._drive(TransactionRunner(self._session, handle, client, limits))

    # --- together with other consumers ------------------------------------------------------------

    def handling(
        self,
        handle: Callable[[Message[K, V]], Awaitable[object]],
        *,
        concurrency: int = 1,
        ordering: Ordering = "key",
    ) -> AsyncConsumerRun:
        """Return what :func:`avrogen.kafka.run_all` calls :meth:`run` with.

        Args:
            handle: the handler.
            concurrency: as for :meth:`run`.
            ordering: as for :meth:`run`.

        Raises:
            TypeError, ValueError: as :meth:`run`.
        """
        check_async_handler(handle)
        self._concurrency(concurrency, ordering)
        return self._run_of(lambda: self.run(handle, concurrency=concurrency, ordering=ordering))

    def handling_batches(
        self,
        handle: Callable[[list[Message[K, V]]], Awaitable[object]],
        *,
        max_records: int = 500,
        max_wait: float = 1.0,
        concurrency: int = 1,
        ordering: Ordering = "key",
    ) -> AsyncConsumerRun:
        """Return what :func:`avrogen.kafka.run_all` calls :meth:`run_batches` with.

        See :meth:`TopicConsumer.handling_batches`.
        """
        check_async_handler(handle)
        self._concurrency(concurrency, ordering)
        return self._run_of(
            lambda: self.run_batches(
                handle,
                max_records=max_records,
                max_wait=max_wait,
                concurrency=concurrency,
                ordering=ordering,
            )
        )

    def handling_transactional(
        self,
        handle: Callable[[Message[K, V]], Awaitable[object]],
        producer: AsyncTopicProducer[Any, Any] | ProducerClient,
        *,
        max_records: int = 500,
        max_wait: float = 0.1,
        concurrency: Literal[1] = 1,
    ) -> AsyncConsumerRun:
        """Return what :func:`avrogen.kafka.run_all` calls :meth:`run_transactional` with.

        See :meth:`TopicConsumer.handling_transactional`.
        """
        from avrogen.kafka.consumer.transaction_runner import refuse_concurrency

        refuse_concurrency(concurrency)
        check_async_handler(handle)
        return self._run_of(
            lambda: self.run_transactional(
                handle, producer, max_records=max_records, max_wait=max_wait
            )
        )

    def _run_of(self, run: Callable[[], Coroutine[Any, Any, None]]) -> AsyncConsumerRun:
        from avrogen.kafka.consumer.service import AsyncConsumerRun

        return AsyncConsumerRun(self, self.topic.name, run, self._session.signals)

    async def _drive(self, runner: BatchRunner[K, V]) -> None:
        await AsyncDriver(self._wakeup).drive(runner.run())

    def _alone(self) -> AbstractContextManager[None]:
        self._abandon_iteration()
        return self._running_alone()

    def _is_running(self) -> bool:
        """Return True if messages are being handled, or iterated over."""
        return self._running or (self._messages is not None and self._messages.is_active)

    def _run_error(self) -> Exception | None:
        """Return the exception that has ended the handling; None: there was none."""
        return self._failure if self._messages is None else self._messages.failure

    def _abandon_iteration(self) -> None:
        if self._messages is not None:
            self._messages.abandon()

    # --- partitions and offsets -------------------------------------------------------------------

    async def seek(
        self, to: Position, partition: int | None = None, *, timeout: float = 30.0
    ) -> None:
        """Continue at another offset; see :meth:`TopicConsumer.seek`."""
        seek = self._session.opened.partitions.seek
        await run_to_completion(seek, no_undo, to, partition, timeout)

    async def commit(self, message: Message[K, V] | None = None) -> None:
        """Commit offsets, and wait until that is done; see :meth:`TopicConsumer.commit`."""
        offsets = self._session.opened.offsets
        offsets.check(await asyncio.wrap_future(offsets.commit(message)))

    async def lag(self, *, timeout: float = 10.0) -> dict[int, int]:
        """Return the lag by partition; see :meth:`TopicConsumer.lag`."""
        return await asyncio.wrap_future(self._session.opened.offsets.lag(timeout))
