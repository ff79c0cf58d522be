"""Synchronous consumers: :class:`TopicConsumer`, which generated classes inherit.

:class:`ConsumerBase` is what it shares with
:class:`avrogen.kafka.consumer.async_consumer.AsyncTopicConsumer`: the arguments, and all calls that
do not wait.

Longer than 500 lines because each method has its whole contract here: types, overloads, errors.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Generator, Iterator
from contextlib import AbstractContextManager, contextmanager, suppress
from types import TracebackType
from typing import (
    TYPE_CHECKING,
    Any,
    ClassVar,
    Generic,
    Literal,
    Never,
    Required,
    Self,
    TypedDict,
    TypeVar,
    cast,
    overload,
)
from weakref import WeakSet

from avrogen.kafka.client_config import Settings
from avrogen.kafka.consumer.assignment import Position
from avrogen.kafka.consumer.batch_runner import BatchLimits, BatchRunner
from avrogen.kafka.consumer.error_policy import OnAuthFailure, OnPoison, OnUnknown, RetryPolicy
from avrogen.kafka.consumer.runner import (
    HandlerRefused,
    MessageRunner,
    Unfinished,
    check_handler,
    drive,
)
from avrogen.kafka.consumer.session import CommitMode, ConsumerOptions, ConsumerSession
from avrogen.kafka.consumer.signals import StopSignals

if TYPE_CHECKING:
    from avrogen.kafka.consumer.key_scheduler import ConcurrencyLimits, Ordering
    from avrogen.kafka.consumer.service import ConsumerRun
    from avrogen.kafka.health import ConsumerHealth
    from avrogen.kafka.message import Message
    from avrogen.kafka.observability.counters import ConsumerCounters
    from avrogen.kafka.observability.observer import Observer
    from avrogen.kafka.producer.producer import TopicProducer
    from avrogen.kafka.producer.producer_client import ProducerClient
    from avrogen.kafka.registry.protocol import SchemaRegistry
    from avrogen.kafka.topic import Topic

__all__ = ["DEFAULT_RETRIES", "ConsumerArguments", "ConsumerBase", "TopicConsumer"]

K = TypeVar("K")
V = TypeVar("V")
R = TypeVar("R")

DEFAULT_RETRIES = RetryPolicy()
"""Policy of consumers that are given none."""


class ConsumerArguments(TypedDict, total=False):
    """Keyword arguments of generated consumers besides ``only``, for type checkers."""

    group_id: Required[str]
    retry: RetryPolicy
    on_poison: OnPoison
    commit: CommitMode
    grace: float
    registry: SchemaRegistry | None
    observer: Observer | None
    on_auth_failure: OnAuthFailure
    unknown: OnUnknown | None
    signals: bool


class ConsumerBase(Generic[K, V]):
    """A consumer without its runners: construction, and calls that do not wait.

    The arguments are those of :class:`TopicConsumer`.
    """

    __slots__ = ("__weakref__", "_failure", "_running", "_session")

    topic: ClassVar[Topic[Any, Any]]
    """The topic."""

    _session: ConsumerSession[K, V]

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
        on_auth_failure: OnAuthFailure = "stop",
        unknown: OnUnknown | None = None,
        only: tuple[type[V], ...] | None = None,
        signals: bool = True,
    ) -> None:
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
                on_auth_failure=on_auth_failure,
                unknown=unknown,
                only=only,
                signals=signals,
            ),
            wake=self._prepare(),
        )
        self._running = False
        self._failure: Exception | None = None

    def _prepare(self) -> Callable[[], None]:
        """Return a function to be called, from any thread, when a partition queue may be ready."""
        raise NotImplementedError

    @contextmanager
    def _running_alone(self) -> Generator[None]:
        """Refuse a second runner meanwhile, and stop on signals."""
        self._check_idle()
        self._running = True
        self._failure = None
        self._session.thread = threading.current_thread()
        try:
            with StopSignals(enabled=self._session.signals):
                yield
        except Exception as error:
            self._failure = error
            raise
        finally:
            self._running = False
            self._session.batch_wait = 0.0

    def _check_idle(self) -> None:
        self._session.require_same_process()
        if self._running:
            raise RuntimeError(f"the consumer of {self.topic.name} handles messages already")

    def stop(self) -> None:
        """Stop gracefully: ``run`` or the iteration ends after the in-flight message.

        May be called from any thread, from handlers and from signal handlers. A message that is in
        flight for longer than ``grace`` does not count as handled: the group is left without
        waiting for it.
        """
        self._session.stop()

    @property
    def is_open(self) -> bool:
        """True in the ``with`` block of the consumer."""
        return self._session.is_open

    def assignment(self) -> tuple[int, ...]:
        """Return the numbers of the assigned partitions, ascending."""
        return self._session.opened.partitions.assigned()

    def pause(self, *partitions: int) -> None:
        """Handle no messages of these partitions, or of none at all if no numbers are given.

        The partitions stay assigned. One that is revoked and assigned again is not paused.

        Raises:
            ValueError: a partition is not assigned.
        """
        self._session.opened.partitions.pause(partitions)

    def resume(self, *partitions: int) -> None:
        """Reverse :meth:`pause`.

        Raises:
            ValueError: a partition is not assigned.
        """
        self._session.opened.partitions.resume(partitions)

    def health(self, *, handler_limit: float | None = None) -> ConsumerHealth:
        """Return the health, for liveness and readiness probes; see ``docs/kafka/kubernetes.md``.

        It waits for nothing and asks no broker: any thread may call it, and an event loop.

        Args:
            handler_limit: seconds that a message, or a batch, may be in flight until the consumer
                counts as hanging; None: ``max.poll.interval.ms``, 300 seconds by default.
        """
        return self._session.health(
            is_running=self._is_running(), run_error=self._run_error(), limit=handler_limit
        )

    def _limits(self, max_records: int, max_wait: float) -> BatchLimits:
        limits = BatchLimits(max_records, max_wait)
        self._session.batch_wait = max_wait
        return limits

    def _concurrency(self, slots: int, ordering: Ordering) -> ConcurrencyLimits | None:
        """Return limits of handling concurrently; None: messages are handled one by one."""
        if slots == 1 and ordering == "key":
            return None
        from avrogen.kafka.consumer.key_scheduler import ConcurrencyLimits

        limits = ConcurrencyLimits(slots, ordering)
        return None if slots == 1 else limits

    def _is_running(self) -> bool:
        """Return True if messages are being handled."""
        return self._running

    def _run_error(self) -> Exception | None:
        """Return the exception that has ended the handling of messages; None: there was none."""
        return self._failure

    def counters(self) -> ConsumerCounters:
        """Return what this consumer has done so far."""
        self._session.require_same_process()
        return self._session.counters()

    def statistics(self) -> dict[str, Any] | None:
        """Return librdkafka's statistics; None: there are none yet.

        They need ``statistics.interval.ms``.
        """
        return self._session.statistics()


class TopicConsumer(ConsumerBase[K, V]):
    """Handles the messages of a topic, as a member of a consumer group.

    ::

        with OrdersConsumer(config, group_id="billing") as orders:
            orders.run(handle)

    A message counts as handled when its handler has returned, and only then is its offset
    committed: each message is handled at least once, and again if the process dies before the
    commit. Messages of a partition are handled in order, one at a time.

    Args:
        config: configuration of clients and registry, see :mod:`avrogen.kafka.client_config`.
        group_id: name of the consumer group, whose members share the topic's partitions.
        retry: policy of retries, for failures that may pass.
        on_poison: treatment of messages that the handler fails with permanently: they are sent to
            the topic's dead-letter topic, or the consumer stops. It also stops if there is no such
            topic.
        commit: offsets are committed after handling, or by :meth:`commit` only.
        grace: seconds for the in-flight message when its partition is revoked, or when the consumer
            stops.
        registry: used in place of the configured one.
        observer: told of receiving, handling and failures.
        on_auth_failure: when brokers refuse the credentials, or access to the topic or the group,
            the consumer stops with the reason, or tries again until they do not. Meanwhile
            :meth:`health` says so.
        unknown: treatment of messages of event types that are none of the topic's, such as types
            added after this code was generated: ``dead-letter``, where the consumer stops if there
            is no such topic; ``skip``; ``stop``. Default: ``dead-letter``, and with ``only``
            ``skip``.
        only: event types to handle: ``only=(OrderPlaced,)``. Messages of all other types are
            skipped by their schema id, without decoding; so are tombstones, unless ``type(None)``
            is among the types.
        signals: SIGTERM and SIGINT stop the consumer, together with all others of the process.

    Raises:
        ConfigurationError: a required setting is missing, or one would lose messages.
    """

    __slots__ = ("_iterations",)

    _iterations: WeakSet[Generator[Message[K, V]]]

    def _prepare(self) -> Callable[[], None]:
        self._iterations = WeakSet()
        return _wake_nobody

    # --- opening and closing ----------------------------------------------------------------------

    def __enter__(self) -> Self:
        """Load the topic's schemas from the registry, and join the group.

        Raises:
            RegistryError: the registry does not answer.
            ConfigurationError: librdkafka rejects the configuration.
            MissingExtraError: confluent-kafka is not installed.
        """
        self._session.open()
        return self

    def __exit__(
        self,
        exc_type: type[BaseException] | None,
        exc: BaseException | None,
        tb: TracebackType | None,
    ) -> None:
        """Commit the offsets of handled messages, and leave the group."""
        for iteration in list(self._iterations):
            # It may have been left in the middle, and still be referenced. While another thread
            # runs it, it cannot be closed; then closing the session waits for its message.
            with suppress(ValueError):
                iteration.close()
        self._session.close()

    # --- handling ---------------------------------------------------------------------------------

    # Every result is an object, so the overloads overlap for type checkers. This is meant: the
    # first that fits is taken, and the second refuses handlers whose work would not be done.

    @overload
    def run(  # type: ignore[overload-overlap]  # pyright: ignore[reportOverlappingOverload]
        self,
        handle: Callable[[Message[K, V]], Never],
        *,
        concurrency: int = ...,
        ordering: Ordering = ...,
    ) -> None: ...
    @overload
    def run(  # type: ignore[overload-overlap]  # pyright: ignore[reportOverlappingOverload]
        self,
        handle: Callable[[Message[K, V]], Unfinished],
        *,
        concurrency: int = ...,
        ordering: Ordering = ...,
    ) -> HandlerRefused: ...
    @overload
    def run(
        self,
        handle: Callable[[Message[K, V]], object],
        *,
        concurrency: int = ...,
        ordering: Ordering = ...,
    ) -> None: ...
    def run(
        self,
        handle: Callable[[Message[K, V]], object],
        *,
        concurrency: int = 1,
        ordering: Ordering = "key",
    ) -> Any:
        """Call a handler with every message, until the consumer stops.

        It stops when :meth:`stop` is called, or on SIGTERM or SIGINT. The in-flight message is
        finished first.

        Args:
            handle: the handler, a plain function. Its result is ignored, unless it is a coroutine
                or a generator, whose work is not done: then the consumer stops. Its exceptions
                decide on retry and dead letter, see ``docs/kafka/consuming.md``.
            concurrency: most messages that are handled at the same time. With 1, the handler is
                called in the caller's thread; else in threads of avrogen's, for messages of one
                partition, too.
            ordering: with concurrency, the messages that are handled in order, one at a time:
                those of a key, of a partition, or none (``"unordered"``). Messages without a key
                are in no order with ``"key"``.

        Raises:
            ConsumeError: a message can neither be handled nor dead-lettered, or Kafka refuses to go
                on.
            TypeError: the handler is a coroutine function or a generator function.
            ValueError: ``concurrency`` or ``ordering`` is invalid.
        """
        limits = self._concurrency(concurrency, ordering)
        with self._alone():
            if limits is None:
                MessageRunner(self._session, handle).run(handle)
                return
            from avrogen.kafka.consumer.concurrent_runner import ConcurrentRunner

            ConcurrentRunner(self._session, handle, limits).run(handle)

    def __iter__(self) -> Iterator[Message[K, V]]:
        """Yield all messages, until the consumer stops.

        A message counts as handled when the next one is asked for. One whose loop was left, by
        ``break`` or by an exception, does not, and is the first of the next iteration. There are no
        retries; unreadable messages are dead-lettered as by :meth:`run`.

        Raises:
            ConsumeError: as :meth:`run`.
        """
        iteration = self._messages()
        self._iterations.add(iteration)
        return iteration

    def _messages(self) -> Generator[Message[K, V]]:
        with self._alone():
            yield from MessageRunner(self._session, type(self)).messages()

    def run_batches(
        self,
        handle: Callable[[list[Message[K, V]]], R],
        *,
        max_records: int = 500,
        max_wait: float = 1.0,
        concurrency: int = 1,
        ordering: Ordering = "key",
    ) -> R:
        """Call a handler with many messages at a time, until the consumer stops.

        They count as handled, all together, when it has returned. Messages of a partition are in
        order, within batches and from one to the next. A batch that fails for a reason that may
        pass is retried, perhaps with other messages in it. If it fails permanently, its messages
        are handled one by one, and failures of these are treated as by :meth:`run`.

        Args:
            handle: the handler.
            max_records: most messages of a batch.
            max_wait: seconds that the first message of a batch waits for others.
            concurrency: most batches that are handled at the same time, in threads of avrogen's if
                there are several. Messages of a key are in one of them at a time.
            ordering: as for :meth:`run`.

        Raises:
            ConsumeError, TypeError: as :meth:`run`.
            ValueError: ``max_records`` is less than 1, or ``max_wait`` is negative or infinite; or
                ``concurrency`` or ``ordering`` is invalid.
        """
        check_handler(handle)
        limits = self._limits(max_records, max_wait)
        slots = self._concurrency(concurrency, ordering)
        with self._alone():
            if slots is None:
                drive(BatchRunner(self._session, handle, limits).run())
            else:
                from avrogen.kafka.consumer.concurrent_batches import ConcurrentBatchRunner

                batches: Any = ConcurrentBatchRunner(self._session, handle, limits, slots)
                batches.run(handle)
        # There is no result. Type checkers see a coroutine that is not used, if the handler makes
        # one. Overloads, as ``run`` has them, would hide the types of lambdas from mypy.
        return cast("R", None)

    @overload
    def run_transactional(  # type: ignore[overload-overlap]  # pyright: ignore[reportOverlappingOverload]
        self,
        handle: Callable[[Message[K, V]], Never],
        producer: TopicProducer[Any, Any] | ProducerClient,
        *,
        max_records: int = ...,
        max_wait: float = ...,
        concurrency: Literal[1] = ...,
    ) -> None: ...
    @overload
    def run_transactional(  # type: ignore[overload-overlap]  # pyright: ignore[reportOverlappingOverload]
        self,
        handle: Callable[[Message[K, V]], Unfinished],
        producer: TopicProducer[Any, Any] | ProducerClient,
        *,
        max_records: int = ...,
        max_wait: float = ...,
        concurrency: Literal[1] = ...,
    ) -> HandlerRefused: ...
    @overload
    def run_transactional(
        self,
        handle: Callable[[Message[K, V]], object],
        producer: TopicProducer[Any, Any] | ProducerClient,
        *,
        max_records: int = ...,
        max_wait: float = ...,
        concurrency: Literal[1] = ...,
    ) -> None: ...
    def run_transactional(
        self,
        handle: Callable[[Message[K, V]], object],
        producer: TopicProducer[Any, Any] | ProducerClient,
        *,
        max_records: int = 500,
        max_wait: float = 0.1,
        concurrency: Literal[1] = 1,
    ) -> Any:
        """Call a handler with every message, exactly once as far as Kafka is concerned.

        The messages that it sends by the producer, and the offsets of the messages that it has
        handled, are committed together or not at all. A transaction has several messages, as many
        as are handled in half of ``transaction.timeout.ms``. If it fails, it is aborted, and they
        are consumed again: effects outside of Kafka happen at least once, as ever. Readers of the
        sent messages must be ``read_committed``, as avrogen's are.

        Args:
            handle: the handler. Its exceptions are treated as by :meth:`run_batches`.
            producer: a producer with a ``transactional.id``, one for each consumer; or the client
                that several producers share, all of which then send in the transactions.
            max_records: most messages of a transaction.
            max_wait: seconds that the first message of a transaction waits for others.
            concurrency: 1, as a transaction has the offsets of all its messages or of none.

        Raises:
            ConsumeError: as :meth:`run`; or the producer has failed permanently, such as when a
                newer one with its ``transactional.id`` has fenced it.
            TransactionError: the producer has no ``transactional.id``.
            TypeError: as :meth:`run`.
            ValueError: ``max_records`` is less than 1, or ``max_wait`` is negative or infinite; or
                ``concurrency`` is not 1.
        """
        from avrogen.kafka.consumer.transaction_runner import (
            TransactionRunner,
            refuse_concurrency,
            transactional_client,
        )

        refuse_concurrency(concurrency)
        check_handler(handle)
        limits = self._limits(max_records, max_wait)
        client = transactional_client(producer)
        with self._alone():
            drive(TransactionRunner(self._session, handle, client, limits).run())

    # --- together with other consumers ------------------------------------------------------------

    @overload
    def handling(  # type: ignore[overload-overlap]  # pyright: ignore[reportOverlappingOverload]
        self,
        handle: Callable[[Message[K, V]], Never],
        *,
        concurrency: int = ...,
        ordering: Ordering = ...,
    ) -> ConsumerRun: ...
    @overload
    def handling(  # type: ignore[overload-overlap]  # pyright: ignore[reportOverlappingOverload]
        self,
        handle: Callable[[Message[K, V]], Unfinished],
        *,
        concurrency: int = ...,
        ordering: Ordering = ...,
    ) -> HandlerRefused: ...
    @overload
    def handling(
        self,
        handle: Callable[[Message[K, V]], object],
        *,
        concurrency: int = ...,
        ordering: Ordering = ...,
    ) -> ConsumerRun: ...
    def handling(
        self,
        handle: Callable[[Message[K, V]], object],
        *,
        concurrency: int = 1,
        ordering: Ordering = "key",
    ) -> Any:
        """Return what :func:`avrogen.kafka.run_all` calls :meth:`run` with.

        Args:
            handle: the handler.
            concurrency: as for :meth:`run`.
            ordering: as for :meth:`run`.

        Raises:
            TypeError, ValueError: as :meth:`run`.
        """
        check_handler(handle)
        self._concurrency(concurrency, ordering)
        return self._run_of(lambda: self.run(handle, concurrency=concurrency, ordering=ordering))

    def handling_batches(
        self,
        handle: Callable[[list[Message[K, V]]], object],
        *,
        max_records: int = 500,
        max_wait: float = 1.0,
        concurrency: int = 1,
        ordering: Ordering = "key",
    ) -> ConsumerRun:
        """Return what :func:`avrogen.kafka.run_all` calls :meth:`run_batches` with.

        Args:
            handle: the handler.
            max_records: most messages of a batch.
            max_wait: seconds that the first message of a batch waits for others.
            concurrency: as for :meth:`run_batches`.
            ordering: as for :meth:`run`.

        Raises:
            TypeError, ValueError: as :meth:`run_batches`.
        """
        check_handler(handle)
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
        handle: Callable[[Message[K, V]], object],
        producer: TopicProducer[Any, Any] | ProducerClient,
        *,
        max_records: int = 500,
        max_wait: float = 0.1,
        concurrency: Literal[1] = 1,
    ) -> ConsumerRun:
        """Return what :func:`avrogen.kafka.run_all` calls :meth:`run_transactional` with.

        Args:
            handle: the handler.
            producer: a producer with a ``transactional.id``, one for each consumer.
            max_records: most messages of a transaction.
            max_wait: seconds that the first message of a transaction waits for others.
            concurrency: as for :meth:`run_transactional`.

        Raises:
            TypeError, ValueError: as :meth:`run_transactional`.
        """
        from avrogen.kafka.consumer.transaction_runner import refuse_concurrency

        refuse_concurrency(concurrency)
        check_handler(handle)
        return self._run_of(
            lambda: self.run_transactional(
                handle, producer, max_records=max_records, max_wait=max_wait
            )
        )

    def _run_of(self, run: Callable[[], object]) -> ConsumerRun:
        from avrogen.kafka.consumer.service import ConsumerRun

        return ConsumerRun(self, self.topic.name, run, self._session.signals)

    def _alone(self) -> AbstractContextManager[None]:
        return self._running_alone()

    # --- partitions and offsets -------------------------------------------------------------------

    def seek(self, to: Position, partition: int | None = None, *, timeout: float = 30.0) -> None:
        """Continue at another offset. The in-flight message does not count as handled.

        Args:
            to: an offset; a time, for the first message at or after it; ``beginning`` or ``end``.
            partition: number of the partition; None: all assigned ones, which an offset does not
                allow.
            timeout: seconds, which include waiting for the first assignment.

        Raises:
            ValueError: the partition is not assigned, or the position is invalid.
            TimeoutError: it took too long.
            ConsumeError: the brokers do not return the offset.
        """
        self._session.opened.partitions.seek(to, partition, timeout)

    def commit(self, message: Message[K, V] | None = None) -> None:
        """Commit offsets, and wait until that is done.

        Args:
            message: a message; it and all before it in its partition count as handled. None: all
                handled messages.

        Raises:
            ConsumeError: the group refuses, such as for a partition that is another member's now.
        """
        offsets = self._session.opened.offsets
        offsets.check(offsets.commit(message).result())

    def lag(self, *, timeout: float = 10.0) -> dict[int, int]:
        """Return the lag: the number of offsets up to the end, by partition.

        Control records of transactions count as well.

        Args:
            timeout: seconds for each request to the brokers.

        Raises:
            ConsumeError: the brokers do not answer.
        """
        return self._session.opened.offsets.lag(timeout).result()


def _wake_nobody() -> None:
    """Do nothing: threads wait for the poll thread itself."""
