"""Delivering messages to handlers: :func:`handling`."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Sequence
from typing import TYPE_CHECKING, Any, Generic, TypeVar, overload

from avrogen.errors import ConsumeError
from avrogen.kafka.consumer.async_consumer import AsyncTopicConsumer
from avrogen.kafka.consumer.async_runner import AsyncDriver, AsyncMessageRunner
from avrogen.kafka.consumer.batch_runner import BatchLimits, BatchRunner
from avrogen.kafka.consumer.consumer import DEFAULT_RETRIES, TopicConsumer
from avrogen.kafka.consumer.error_policy import OnPoison, RetryPolicy
from avrogen.kafka.consumer.runner import MessageRunner, drive
from avrogen.testing.handlers.fake_session import FakeWakeup, HandlerOptions, HandlerSession
from avrogen.testing.handlers.incoming import Incoming, IncomingBytes
from avrogen.testing.handlers.outcome import Outcome

if TYPE_CHECKING:
    from avrogen.kafka.message import Message
    from avrogen.testing.handlers.incoming import Delivery

__all__ = ["AsyncHandlerDriver", "HandlerDriver", "handling"]

K = TypeVar("K")
V = TypeVar("V")


@overload
def handling(
    consumer: type[TopicConsumer[K, V]],
    *,
    group_id: str = ...,
    retry: RetryPolicy = ...,
    on_poison: OnPoison = ...,
) -> HandlerDriver[K, V]: ...
@overload
def handling(
    consumer: type[AsyncTopicConsumer[K, V]],
    *,
    group_id: str = ...,
    retry: RetryPolicy = ...,
    on_poison: OnPoison = ...,
) -> AsyncHandlerDriver[K, V]: ...
def handling(
    consumer: type[TopicConsumer[Any, Any]] | type[AsyncTopicConsumer[Any, Any]],
    *,
    group_id: str = "tests",
    retry: RetryPolicy = DEFAULT_RETRIES,
    on_poison: OnPoison = "dead-letter",
) -> HandlerDriver[Any, Any] | AsyncHandlerDriver[Any, Any]:
    """What a consumer would do with messages, without Kafka and without waiting.

    ::

        outcome = handling(OrdersConsumer).deliver(handle, placed, cancelled)
        assert outcome.handled == [placed, cancelled]

    Messages are written and read, tried again and made dead letters of, as in production. Pauses
    pass at once, without jitter. The handler is called in the thread or the task of the test. An
    AssertionError in it fails the test, and is no reason for a dead letter.

    Args:
        consumer: the generated class.
        group_id: the name of the consumer group, for dead letters to name it.
        retry: as the service gives it to its consumer.
        on_poison: as the service gives it to its consumer.

    Raises:
        ConfigurationError: an option cannot be; when something is delivered.
    """
    options = HandlerOptions(topic=consumer.topic, group=group_id, retry=retry, on_poison=on_poison)
    if issubclass(consumer, AsyncTopicConsumer):
        return AsyncHandlerDriver(options)
    return HandlerDriver(options)


class HandlerDriver(Generic[K, V]):
    """Made by :func:`handling`. Each delivery is one of its own, from offset 0."""

    def __init__(self, options: HandlerOptions) -> None:
        self._options = options

    def deliver(
        self,
        handle: Callable[[Message[K, V]], object],
        *messages: V | Incoming[K, V] | IncomingBytes,
    ) -> Outcome[K, V]:
        """Have a function handle messages one by one, as ``run`` does.

        Args:
            handle: the function.
            messages: values; :class:`Incoming` for those with keys, headers, partitions;
                :class:`IncomingBytes` for what is no message.

        Raises:
            EncodeError: one is no message of this topic.
        """
        return self._delivered(messages, lambda session: MessageRunner(session, handle).run(handle))

    def deliver_batches(
        self,
        handle: Callable[[list[Message[K, V]]], object],
        *messages: V | Incoming[K, V] | IncomingBytes,
        max_records: int = 500,
        max_wait: float = 1.0,
    ) -> Outcome[K, V]:
        """Have a function handle many messages at a time, as ``run_batches`` does.

        Args:
            handle: the function.
            messages: as for :meth:`deliver`.
            max_records: messages of a batch at most.
            max_wait: seconds that the first message of a batch would wait for others.

        Raises:
            EncodeError: one is no message of this topic.
            ValueError: a batch without messages, or without end.
        """
        limits = BatchLimits(max_records, max_wait)
        return self._delivered(
            messages,
            lambda session: drive(BatchRunner(session, handle, limits).run()),
        )

    def _delivered(
        self,
        messages: Sequence[Delivery[V, K]],
        run: Callable[[HandlerSession[K, V]], None],
    ) -> Outcome[K, V]:
        session: HandlerSession[K, V] = HandlerSession(self._options, messages, wake=lambda: None)
        session.open()
        try:
            run(session)
        except ConsumeError as stopped:
            return session.outcome(stopped)
        return session.outcome(None)


class AsyncHandlerDriver(Generic[K, V]):
    """Made by :func:`handling`, for coroutine functions. Each delivery is one of its own."""

    def __init__(self, options: HandlerOptions) -> None:
        self._options = options

    async def deliver(
        self,
        handle: Callable[[Message[K, V]], Awaitable[object]],
        *messages: V | Incoming[K, V] | IncomingBytes,
    ) -> Outcome[K, V]:
        """As :meth:`HandlerDriver.deliver`; those of different partitions at the same time."""
        return await self._delivered(
            messages,
            lambda session, waking: AsyncMessageRunner(session, waking, handle).run(handle),
        )

    async def deliver_batches(
        self,
        handle: Callable[[list[Message[K, V]]], Awaitable[object]],
        *messages: V | Incoming[K, V] | IncomingBytes,
        max_records: int = 500,
        max_wait: float = 1.0,
    ) -> Outcome[K, V]:
        """As :meth:`HandlerDriver.deliver_batches`."""
        limits = BatchLimits(max_records, max_wait)
        return await self._delivered(
            messages,
            lambda session, waking: AsyncDriver(waking).drive(
                BatchRunner(session, handle, limits).run()
            ),
        )

    async def _delivered(
        self,
        messages: Sequence[Delivery[V, K]],
        run: Callable[[HandlerSession[K, V], FakeWakeup], Awaitable[None]],
    ) -> Outcome[K, V]:
        waking = FakeWakeup()
        waking.bind()
        session: HandlerSession[K, V] = HandlerSession(self._options, messages, wake=waking.wake)
        session.open()
        try:
            await run(session, waking)
        except ConsumeError as stopped:
            return session.outcome(stopped)
        return session.outcome(None)
