"""Typed consumers for asyncio: :class:`AsyncTopicConsumer`, which generated classes inherit."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Generator
from contextlib import contextmanager
from types import TracebackType
from typing import TYPE_CHECKING, Any, Self, TypeVar

from avrogen.kafka.asyncio_threads import no_undo, run_to_completion
from avrogen.kafka.client_config import Settings
from avrogen.kafka.consumer.assignment import Position
from avrogen.kafka.consumer.async_runner import (
    AsyncMessageIterator,
    AsyncMessageRunner,
    AsyncWakeup,
)
from avrogen.kafka.consumer.batch_runner import AsyncBatchRunner
from avrogen.kafka.consumer.consumer import (
    DEFAULT_RETRIES,
    ConsumerBase,
    check_batches,
    transactional_client,
)
from avrogen.kafka.consumer.error_policy import OnPoison, RetryPolicy
from avrogen.kafka.consumer.session import CommitMode, ConsumerOptions, ConsumerSession
from avrogen.kafka.consumer.signals import AsyncStopSignals
from avrogen.kafka.consumer.transaction_runner import AsyncTransactionRunner

if TYPE_CHECKING:
    from avrogen.kafka.message import Message
    from avrogen.kafka.observability.observer import Observer
    from avrogen.kafka.producer.async_producer import AsyncTopicProducer
    from avrogen.kafka.producer.producer_client import ProducerClient
    from avrogen.kafka.registry.protocol import SchemaRegistry

__all__ = ["AsyncTopicConsumer"]

K = TypeVar("K")
V = TypeVar("V")


class AsyncTopicConsumer(ConsumerBase[K, V]):
    """Handles the messages of a topic with asyncio, as a member of a consumer group.

    ::

        async with AsyncOrdersConsumer(config, group_id="billing") as orders:
            await orders.run(handle)

    What it promises is what :class:`avrogen.kafka.consumer.consumer.TopicConsumer` does: messages
    are handled at least once, those of a partition in order, one at a time. Those of different
    partitions are handled at the same time. A task that is cancelled leaves the messages that it
    has in hand as not handled; they come again.

    It belongs to the loop that it is opened on. The arguments are those of the other.
    """

    __slots__ = ("_messages", "_running", "_waking")

    def __init__(
        self,
        config: Settings,
        *,
        group_id: str,
        retry: RetryPolicy = DEFAULT_RETRIES,
        on_poison: OnPoison = "dead-letter",
        commit: CommitMode = "after-handling",
        grace: float = 30.0,
        registry: SchemaRegistry | None = None,
        observer: Observer | None = None,
    ) -> None:
        self._waking = AsyncWakeup()
        self._session = ConsumerSession(
            self.topic,
            config,
            ConsumerOptions(
                group_id=group_id,
                retry=retry,
                on_poison=on_poison,
                commit=commit,
                grace=grace,
                registry=registry,
                observer=observer,
            ),
            wake=self._waking.wake,
        )
        self._running = False
        self._messages: AsyncMessageIterator[K, V] | None = None

    # --- opening and closing ----------------------------------------------------------------------

    async def __aenter__(self) -> Self:
        """Ask the registry for the topic's schemas, and join the group.

        Raises:
            RegistryError: the registry cannot be asked.
            ConfigurationError: librdkafka does not take the settings.
            MissingExtraError: confluent-kafka is not installed.
        """
        self._waking.bind()
        session = self._session
        await run_to_completion(session.open, lambda _: session.close())
        return self

    async def __aexit__(
        self,
        exc_type: type[BaseException] | None,
        exc: BaseException | None,
        tb: TracebackType | None,
    ) -> None:
        """Commit what was handled, and leave the group."""
        if self._messages is not None:
            self._messages.abandon()
        await run_to_completion(self._session.close, no_undo)

    # --- handling ---------------------------------------------------------------------------------

    async def run(self, handle: Callable[[Message[K, V]], Awaitable[object]]) -> None:
        """Call a coroutine function with every message, until the consumer stops.

        That is when :meth:`stop` is called, or SIGTERM or SIGINT comes while this runs on the main
        thread's loop. Messages in hand are finished first; those that take longer than ``grace``
        are cancelled.

        Args:
            handle: the function. What it returns does not matter; what it raises decides on what
                follows, see ``docs/kafka/consuming.md``.

        Raises:
            ConsumeError: a message can neither be handled nor be a dead letter, or Kafka refuses
                to go on.
        """
        with self._alone():
            await AsyncMessageRunner(self._session, self._waking, handle).run(handle)

    def __aiter__(self) -> AsyncMessageIterator[K, V]:
        """All messages, one at a time, until the consumer stops.

        A message counts as handled when the next one is asked for. One whose loop was left does
        not, and is the next iteration's first: to leave for good, call :meth:`stop`. There are no
        retries; what cannot be read is a dead letter here, too.

        Raises:
            ConsumeError: as :meth:`run`.
        """
        if self._running:
            raise RuntimeError(f"the consumer of {self.topic.name} handles messages already")
        if self._messages is not None:
            self._messages.abandon()
        loop = AsyncMessageRunner(self._session, self._waking, type(self))
        self._messages = AsyncMessageIterator(loop, AsyncStopSignals(self.stop))
        return self._messages

    async def run_batches(
        self,
        handle: Callable[[list[Message[K, V]]], Awaitable[object]],
        *,
        max_records: int = 500,
        max_wait: float = 1.0,
    ) -> None:
        """Call a coroutine function with many messages at a time, until the consumer stops.

        See :meth:`TopicConsumer.run_batches`. There is one batch at a time.
        """
        check_batches(max_records, max_wait)
        with self._alone():
            loop = AsyncBatchRunner(
                self._session,
                self._waking,
                handle,
                max_records=max_records,
                max_wait=max_wait,
            )
            await loop.run_batches(handle)

    async def run_transactional(
        self,
        handle: Callable[[Message[K, V]], Awaitable[object]],
        producer: AsyncTopicProducer[Any, Any] | ProducerClient,
        *,
        max_records: int = 500,
        max_wait: float = 0.1,
    ) -> None:
        """Call a coroutine function with every message, exactly once as far as Kafka is concerned.

        See :meth:`TopicConsumer.run_transactional`. Messages are handled one after the other; a
        cancellation aborts the transaction.
        """
        check_batches(max_records, max_wait)
        client = transactional_client(producer)
        with self._alone():
            await AsyncTransactionRunner(
                self._session,
                self._waking,
                client,
                handle,
                max_records=max_records,
                max_wait=max_wait,
            ).run()

    @contextmanager
    def _alone(self) -> Generator[None]:
        if self._running:
            raise RuntimeError(f"the consumer of {self.topic.name} handles messages already")
        if self._messages is not None:
            self._messages.abandon()
        self._running = True
        signals = AsyncStopSignals(self.stop)
        signals.enter()
        try:
            yield
        finally:
            signals.leave()
            self._running = False

    # --- partitions and offsets -------------------------------------------------------------------

    async def seek(
        self, to: Position, partition: int | None = None, *, timeout: float = 30.0
    ) -> None:
        """See :meth:`TopicConsumer.seek`."""
        seek = self._session.opened.partitions.seek
        await run_to_completion(seek, no_undo, to, partition, timeout)

    async def commit(self, message: Message[K, V] | None = None) -> None:
        """See :meth:`TopicConsumer.commit`."""
        offsets = self._session.opened.offsets
        offsets.check(await asyncio.wrap_future(offsets.commit(message)))

    async def lag(self, *, timeout: float = 10.0) -> dict[int, int]:
        """See :meth:`TopicConsumer.lag`."""
        return await asyncio.wrap_future(self._session.opened.offsets.lag(timeout))
