"""Drivers that deliver messages to handlers: :func:`handling`."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Sequence
from random import Random
from typing import TYPE_CHECKING, Any, Generic, Never, TypeVar, overload

from avrogen.errors import ConsumeError
from avrogen.kafka.consumer.async_consumer import AsyncTopicConsumer
from avrogen.kafka.consumer.async_runner import (
    AsyncDriver,
    AsyncMessageRunner,
    check_async_handler,
)
from avrogen.kafka.consumer.batch_runner import BatchLimits, BatchRunner
from avrogen.kafka.consumer.consumer import DEFAULT_RETRIES, TopicConsumer
from avrogen.kafka.consumer.error_policy import OnPoison, OnUnknown, RetryPolicy
from avrogen.kafka.consumer.key_scheduler import ConcurrencyLimits, Ordering
from avrogen.kafka.consumer.runner import (
    HandlerRefused,
    MessageRunner,
    Unfinished,
    check_handler,
    drive,
)
from avrogen.testing.handlers.fake_session import FakeWakeup, HandlerOptions, HandlerSession
from avrogen.testing.handlers.incoming_messages import (
    Incoming,
    IncomingBytes,
    IncomingUnknown,
)
from avrogen.testing.handlers.interleaved_runner import AsyncInterleavedRunner, InterleavedRunner
from avrogen.testing.handlers.outcome import Outcome

if TYPE_CHECKING:
    from avrogen.kafka.message import Message
    from avrogen.testing.handlers.incoming_messages import Delivery

__all__ = ["AsyncHandlerDriver", "HandlerDriver", "handling"]

K = TypeVar("K")
V = TypeVar("V")


@overload
def handling(
    consumer: Callable[..., TopicConsumer[K, V]],
    *,
    group_id: str = ...,
    retry: RetryPolicy = ...,
    on_poison: OnPoison = ...,
    unknown: OnUnknown | None = ...,
    only: None = ...,
    concurrency: int = ...,
    ordering: Ordering = ...,
    schedule: int | Random = ...,
) -> HandlerDriver[K, V]: ...
@overload
def handling(
    consumer: Callable[..., TopicConsumer[K, Any]],
    *,
    group_id: str = ...,
    retry: RetryPolicy = ...,
    on_poison: OnPoison = ...,
    unknown: OnUnknown | None = ...,
    only: tuple[type[Any], ...],
    concurrency: int = ...,
    ordering: Ordering = ...,
    schedule: int | Random = ...,
) -> HandlerDriver[K, Any]: ...
@overload
def handling(
    consumer: Callable[..., AsyncTopicConsumer[K, V]],
    *,
    group_id: str = ...,
    retry: RetryPolicy = ...,
    on_poison: OnPoison = ...,
    unknown: OnUnknown | None = ...,
    only: None = ...,
    concurrency: int = ...,
    ordering: Ordering = ...,
    schedule: int | Random = ...,
) -> AsyncHandlerDriver[K, V]: ...
@overload
def handling(
    consumer: Callable[..., AsyncTopicConsumer[K, Any]],
    *,
    group_id: str = ...,
    retry: RetryPolicy = ...,
    on_poison: OnPoison = ...,
    unknown: OnUnknown | None = ...,
    only: tuple[type[Any], ...],
    concurrency: int = ...,
    ordering: Ordering = ...,
    schedule: int | Random = ...,
) -> AsyncHandlerDriver[K, Any]: ...
def handling(
    consumer: Any,
    *,
    group_id: str = "tests",
    retry: RetryPolicy = DEFAULT_RETRIES,
    on_poison: OnPoison = "dead-letter",
    unknown: OnUnknown | None = None,
    only: tuple[type[Any], ...] | None = None,
    concurrency: int = 1,
    ordering: Ordering = "key",
    schedule: int | Random = 0,
) -> HandlerDriver[Any, Any] | AsyncHandlerDriver[Any, Any]:
    """Return a driver that has a handler called as a consumer would, without Kafka or waiting.

    ::

        outcome = handling(OrdersConsumer).deliver(handle, placed, cancelled)
        assert outcome.handled == [placed, cancelled]

    Messages are encoded, decoded, retried and sent to the dead-letter topic as in production.
    Backoffs take no time and have no jitter. The handler is called in the thread or the task of the
    test. An AssertionError of the handler fails the test; it does not make a dead letter.

    Args:
        consumer: the generated class.
        group_id: the consumer group, which dead letters name.
        retry: the retry policy that the service gives to its consumer.
        on_poison: the option that the service gives to its consumer.
        unknown: likewise; deliver :class:`IncomingUnknown`.
        only: likewise; messages of any type of the topic can be delivered.
        concurrency: the argument of ``run`` in the service. With more than 1, messages are in
            flight at the same time, and which of them goes on next is drawn from ``schedule``:
            each call of a synchronous handler as a whole, a coroutine to its next ``await``.
        ordering: likewise.
        schedule: a seed, or what draws, such as a value of Hypothesis' strategy ``randoms()``. The
            same one has the same result.

    Raises:
        ConfigurationError: an option has an invalid value. Deliveries raise it.
        ValueError: ``concurrency`` or ``ordering`` is invalid.
    """
    options = HandlerOptions(
        topic=consumer.topic,
        group=group_id,
        retry=retry,
        on_poison=on_poison,
        unknown=unknown,
        only=only,
        limits=None if concurrency == 1 else ConcurrencyLimits(concurrency, ordering),
        schedule=schedule,
    )
    if issubclass(consumer, AsyncTopicConsumer):
        return AsyncHandlerDriver(options)
    return HandlerDriver(options)


class HandlerDriver(Generic[K, V]):
    """Driver of a handler, created by :func:`handling`. Each delivery starts at offset 0."""

    def __init__(self, options: HandlerOptions) -> None:
        self._options = options

    # The overloads overlap for type checkers, as those of ``TopicConsumer.run`` do.

    @overload
    def deliver(  # type: ignore[overload-overlap]  # pyright: ignore[reportOverlappingOverload]
        self,
        handle: Callable[[Message[K, V]], Never],
        *messages: V | Incoming[K, V] | IncomingBytes | IncomingUnknown,
    ) -> Outcome[K, V]: ...
    @overload
    def deliver(  # type: ignore[overload-overlap]  # pyright: ignore[reportOverlappingOverload]
        self,
        handle: Callable[[Message[K, V]], Unfinished],
        *messages: V | Incoming[K, V] | IncomingBytes | IncomingUnknown,
    ) -> HandlerRefused: ...
    @overload
    def deliver(
        self,
        handle: Callable[[Message[K, V]], object],
        *messages: V | Incoming[K, V] | IncomingBytes | IncomingUnknown,
    ) -> Outcome[K, V]: ...
    def deliver(
        self,
        handle: Callable[[Message[K, V]], object],
        *messages: V | Incoming[K, V] | IncomingBytes | IncomingUnknown,
    ) -> Any:
        """Handle messages one by one, as ``run`` does.

        Args:
            handle: the handler.
            messages: values, or :class:`Incoming` for values with keys, headers or partitions, or
                :class:`IncomingBytes` for any bytes, or :class:`IncomingUnknown` for other types.

        Raises:
            EncodeError: a message does not fit the topic.
            TypeError: the handler is one that ``run`` refuses.
        """
        limits, random = self._options.limits, self._options.random()

        def run(session: HandlerSession[K, V]) -> None:
            if limits is None:
                MessageRunner(session, handle).run(handle)
            else:
                InterleavedRunner(session, handle, limits, random).run(handle)

        return self._deliver(messages, run)

    @overload
    def deliver_batches(  # type: ignore[overload-overlap]  # pyright: ignore[reportOverlappingOverload]
        self,
        handle: Callable[[list[Message[K, V]]], Never],
        *messages: V | Incoming[K, V] | IncomingBytes | IncomingUnknown,
        max_records: int = ...,
        max_wait: float = ...,
    ) -> Outcome[K, V]: ...
    @overload
    def deliver_batches(  # type: ignore[overload-overlap]  # pyright: ignore[reportOverlappingOverload]
        self,
        handle: Callable[[list[Message[K, V]]], Unfinished],
        *messages: V | Incoming[K, V] | IncomingBytes | IncomingUnknown,
        max_records: int = ...,
        max_wait: float = ...,
    ) -> HandlerRefused: ...
    @overload
    def deliver_batches(
        self,
        handle: Callable[[list[Message[K, V]]], object],
        *messages: V | Incoming[K, V] | IncomingBytes | IncomingUnknown,
        max_records: int = ...,
        max_wait: float = ...,
    ) -> Outcome[K, V]: ...
    def deliver_batches(
        self,
        handle: Callable[[list[Message[K, V]]], object],
        *messages: V | Incoming[K, V] | IncomingBytes | IncomingUnknown,
        max_records: int = 500,
        max_wait: float = 1.0,
    ) -> Any:
        """Handle messages in batches, as ``run_batches`` does.

        Args:
            handle: the handler.
            messages: as for :meth:`deliver`.
            max_records: messages of a batch at most.
            max_wait: seconds that the first message of a batch would wait for others.

        Raises:
            EncodeError: a message does not fit the topic.
            TypeError: the handler is one that ``run_batches`` refuses.
            ValueError: ``max_records`` is less than 1, or ``max_wait`` is not finite; or there is
                ``concurrency``.
        """
        self._options.refuse_concurrency()
        check_handler(handle)
        limits = BatchLimits(max_records, max_wait)
        return self._deliver(
            messages, lambda session: drive(BatchRunner(session, handle, limits).run())
        )

    def _deliver(
        self,
        messages: Sequence[Delivery[V, K]],
        run: Callable[[HandlerSession[K, V]], None],
    ) -> Outcome[K, V]:
        session: HandlerSession[K, V] = HandlerSession(self._options, messages)
        try:
            run(session)
        except ConsumeError as stopped:
            return session.outcome(stopped)
        return session.outcome(None)


class AsyncHandlerDriver(Generic[K, V]):
    """Driver of a coroutine function, created by :func:`handling`."""

    def __init__(self, options: HandlerOptions) -> None:
        self._options = options

    async def deliver(
        self,
        handle: Callable[[Message[K, V]], Awaitable[object]],
        *messages: V | Incoming[K, V] | IncomingBytes | IncomingUnknown,
    ) -> Outcome[K, V]:
        """Handle messages as :meth:`HandlerDriver.deliver` does, partitions concurrently."""
        limits, random = self._options.limits, self._options.random()

        async def run(session: HandlerSession[K, V], wakeup: FakeWakeup) -> None:
            if limits is None:
                await AsyncMessageRunner(session, wakeup, handle).run(handle)
            else:
                await AsyncInterleavedRunner(session, wakeup, handle, limits, random).run(handle)

        return await self._deliver(messages, run)

    async def deliver_batches(
        self,
        handle: Callable[[list[Message[K, V]]], Awaitable[object]],
        *messages: V | Incoming[K, V] | IncomingBytes | IncomingUnknown,
        max_records: int = 500,
        max_wait: float = 1.0,
    ) -> Outcome[K, V]:
        """Handle messages in batches, as :meth:`HandlerDriver.deliver_batches` does."""
        self._options.refuse_concurrency()
        check_async_handler(handle)
        limits = BatchLimits(max_records, max_wait)
        return await self._deliver(
            messages,
            lambda session, wakeup: AsyncDriver(wakeup).drive(
                BatchRunner(session, handle, limits).run()
            ),
        )

    async def _deliver(
        self,
        messages: Sequence[Delivery[V, K]],
        run: Callable[[HandlerSession[K, V], FakeWakeup], Awaitable[None]],
    ) -> Outcome[K, V]:
        session: HandlerSession[K, V] = HandlerSession(self._options, messages)
        try:
            await run(session, FakeWakeup(session.source))
        except ConsumeError as stopped:
            return session.outcome(stopped)
        return session.outcome(None)
