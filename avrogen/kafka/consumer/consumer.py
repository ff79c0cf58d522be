"""Typed consumers: :class:`TopicConsumer`, which generated classes inherit.

What typed consumers for threads and for asyncio have in common.
"""

from __future__ import annotations

from collections.abc import Callable, Generator, Iterator
from contextlib import contextmanager, suppress
from types import TracebackType
from typing import TYPE_CHECKING, Any, ClassVar, Generic, Self, TypeVar
from weakref import WeakSet

from avrogen.errors import TransactionError
from avrogen.kafka.client_config import Settings
from avrogen.kafka.consumer.assignment import Position
from avrogen.kafka.consumer.batch_runner import BatchRunner
from avrogen.kafka.consumer.error_policy import OnPoison, RetryPolicy
from avrogen.kafka.consumer.runner import MessageRunner
from avrogen.kafka.consumer.session import CommitMode, ConsumerOptions, ConsumerSession
from avrogen.kafka.consumer.signals import stop_on_signals
from avrogen.kafka.consumer.transaction_runner import TransactionRunner

if TYPE_CHECKING:
    from avrogen.kafka.message import Message
    from avrogen.kafka.observability.counters import ConsumerCounters
    from avrogen.kafka.observability.observer import Observer
    from avrogen.kafka.producer.producer import TopicProducer
    from avrogen.kafka.producer.producer_client import ProducerClient
    from avrogen.kafka.registry.protocol import SchemaRegistry
    from avrogen.kafka.topic import Topic

__all__ = [
    "DEFAULT_RETRIES",
    "ConsumerBase",
    "TopicConsumer",
    "check_batches",
    "transactional_client",
]

K = TypeVar("K")
V = TypeVar("V")

DEFAULT_RETRIES = RetryPolicy()
"""Where nothing is said of retries."""


class ConsumerBase(Generic[K, V]):
    """A consumer without its loop: what waits for nothing."""

    __slots__ = ("__weakref__", "_session")

    topic: ClassVar[Topic[Any, Any]]
    """The topic."""

    _session: ConsumerSession[K, V]

    def stop(self) -> None:
        """Have ``run`` or the iteration end when what is in hand is done.

        It may be called from any thread, from handlers and from signal handlers. What is in hand
        longer than ``grace`` counts as not handled: the group is left without waiting for it.
        """
        self._session.stop()

    def assignment(self) -> tuple[int, ...]:
        """The numbers of the partitions that this member has, ascending."""
        return self._session.opened.partitions.assigned()

    def pause(self, *partitions: int) -> None:
        """Handle no messages of these partitions; of none at all, if no numbers are given.

        The member keeps its partitions. One that is given up and comes back is not paused.

        Raises:
            ValueError: one is not assigned.
        """
        self._session.opened.partitions.pause(partitions)

    def resume(self, *partitions: int) -> None:
        """The reverse of :meth:`pause`.

        Raises:
            ValueError: one is not assigned.
        """
        self._session.opened.partitions.resume(partitions)

    def counters(self) -> ConsumerCounters:
        """What this consumer has done so far."""
        return self._session.counters()

    def statistics(self) -> dict[str, Any] | None:
        """What librdkafka counts, if ``statistics.interval.ms`` is set; None: nothing yet."""
        return self._session.statistics()


def check_batches(max_records: int, max_wait: float) -> None:
    """Refuse batches without messages, and without end.

    Raises:
        ValueError: those.
    """
    if max_records < 1 or not 0 <= max_wait < float("inf"):
        raise ValueError("a batch has at least one message, and does not wait for ever")


def transactional_client(producer: Any) -> ProducerClient:
    """The client of a producer that has transactions.

    Raises:
        TransactionError: it has none.
    """
    client: ProducerClient = producer if hasattr(producer, "producer") else producer.client
    if client.transactions is None:
        raise TransactionError(
            'the producer has no "transactional.id" in its settings, which transactions need'
        )
    return client


class TopicConsumer(ConsumerBase[K, V]):
    """Handles the messages of a topic, as a member of a consumer group.

    ::

        with OrdersConsumer(config, group_id="billing") as orders:
            orders.run(handle)

    A message counts as handled when its handler has returned, and then only is its offset
    committed: a message is handled at least once, and again if the process dies before the commit.
    Messages of a partition are handled in order, one at a time.

    Args:
        config: the settings of clients and registry, see :mod:`avrogen.kafka.client_config`.
        group_id: the name of the consumer group, whose members share the topic's partitions.
        retry: when and how often messages are tried again that failed for a reason that may pass.
        on_poison: what becomes of messages that the handler fails with for good: they go to the
            topic's dead-letter topic, or the consumer stops. It stops, too, if there is no such
            topic.
        commit: whether the consumer commits what was handled, or :meth:`commit` does.
        grace: seconds that a message in hand has to be finished when its partition is given up, or
            when the consumer stops.
        registry: in place of the one that the settings name.
        observer: who is told of what is done.

    Raises:
        ConfigurationError: something is missing, or would lose messages.
    """

    __slots__ = ("_iterations", "_running")

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
            wake=_nobody_sleeps,
        )
        self._running = False
        self._iterations: WeakSet[Generator[Message[K, V]]] = WeakSet()

    # --- opening and closing ----------------------------------------------------------------------

    def __enter__(self) -> Self:
        """Ask the registry for the topic's schemas, and join the group.

        Raises:
            RegistryError: the registry cannot be asked.
            ConfigurationError: librdkafka does not take the settings.
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
        """Commit what was handled, and leave the group."""
        for iteration in list(self._iterations):
            # One may have been left in the middle, and kept: nobody will ask it for more. If it is
            # another thread's, which is at it, it cannot be closed, and its message is waited for.
            with suppress(ValueError):
                iteration.close()
        self._session.close()

    # --- handling ---------------------------------------------------------------------------------

    def run(self, handle: Callable[[Message[K, V]], object]) -> None:
        """Call a function with every message, until the consumer stops.

        That is when :meth:`stop` is called, or SIGTERM or SIGINT comes while this runs in the main
        thread. The message in hand is finished first.

        Args:
            handle: the function. What it returns does not matter; what it raises decides on what
                follows, see ``docs/kafka/consuming.md``.

        Raises:
            ConsumeError: a message can neither be handled nor be a dead letter, or Kafka refuses
                to go on.
        """
        with self._alone():
            MessageRunner(self._session, handle).run(handle)

    def __iter__(self) -> Iterator[Message[K, V]]:
        """All messages, until the consumer stops.

        A message counts as handled when the next one is asked for. One whose loop was left, by
        ``break`` or by an exception, does not, and is the next one's first. There are no retries;
        what cannot be read is a dead letter here, too.

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
        handle: Callable[[list[Message[K, V]]], object],
        *,
        max_records: int = 500,
        max_wait: float = 1.0,
    ) -> None:
        """Call a function with many messages at a time, until the consumer stops.

        They count as handled, all together, when it has returned. Messages of a partition are in
        order, within batches and from one to the next. A batch that fails for a reason that may
        pass comes again, perhaps with others in it. From one that fails for good, the messages come
        again one by one, and what fails then is dealt with as :meth:`run` does.

        Args:
            handle: the function.
            max_records: messages of a batch at most.
            max_wait: seconds that the first message of a batch waits for others.

        Raises:
            ConsumeError: as :meth:`run`.
            ValueError: a batch without messages, or without end.
        """
        check_batches(max_records, max_wait)
        with self._alone():
            loop = BatchRunner(self._session, handle, max_records=max_records, max_wait=max_wait)
            loop.run_batches(handle)

    def run_transactional(
        self,
        handle: Callable[[Message[K, V]], object],
        producer: TopicProducer[Any, Any] | ProducerClient,
        *,
        max_records: int = 500,
        max_wait: float = 0.1,
    ) -> None:
        """Call a function with every message, exactly once as far as Kafka is concerned.

        What the function sends by the producer, and that the messages were handled, counts together
        or not at all. A transaction has several messages; one that fails is aborted, and they come
        again, so what the function does elsewhere is done at least once, as ever. Readers of what
        was sent must be ``read_committed``, as avrogen's are.

        Args:
            handle: the function. What it raises decides on what follows, as for
                :meth:`run_batches`.
            producer: a producer with a ``transactional.id``, of which there is one for each
                consumer; or the client that several producers share, all of which then send in the
                transactions.
            max_records: messages of a transaction at most.
            max_wait: seconds that the first message of a transaction waits for others.

        Raises:
            ConsumeError: as :meth:`run`; or the producer can do nothing more, such as when another
                one with its ``transactional.id`` has taken its place.
            TransactionError: the producer has no ``transactional.id``.
            ValueError: a transaction without messages, or without end.
        """
        check_batches(max_records, max_wait)
        client = transactional_client(producer)
        with self._alone():
            TransactionRunner(
                self._session, client, handle, max_records=max_records, max_wait=max_wait
            ).run()

    @contextmanager
    def _alone(self) -> Generator[None]:
        if self._running:
            raise RuntimeError(f"the consumer of {self.topic.name} handles messages already")
        self._running = True
        try:
            with stop_on_signals(self.stop):
                yield
        finally:
            self._running = False

    # --- partitions and offsets -------------------------------------------------------------------

    def seek(self, to: Position, partition: int | None = None, *, timeout: float = 30.0) -> None:
        """Go on from another place. The message in hand does not count any more.

        Args:
            to: an offset, the first message at or after a time, or ``beginning`` or ``end``.
            partition: which partition; None: all that are assigned, which may not be for an offset.
            timeout: seconds. If no partition has been assigned yet, that is waited for.

        Raises:
            ValueError: the partition is not assigned, or the place is none.
            TimeoutError: it took too long.
            ConsumeError: the brokers do not say where that is.
        """
        self._session.opened.partitions.seek(to, partition, timeout)

    def commit(self, message: Message[K, V] | None = None) -> None:
        """Commit offsets, and wait until that is done.

        Args:
            message: a message; it and all before it in its partition count as handled. None: all
                that were handled.

        Raises:
            ConsumeError: the group refuses it, such as for a partition that others have by now.
        """
        offsets = self._session.opened.offsets
        offsets.check(offsets.commit(message).result())

    def lag(self, *, timeout: float = 10.0) -> dict[int, int]:
        """How far this member is behind: offsets up to the end, by partition.

        Offsets that transactions take for themselves count as well.

        Args:
            timeout: seconds that each question to the brokers may take.

        Raises:
            ConsumeError: they do not answer.
        """
        return self._session.opened.offsets.lag(timeout).result()


def _nobody_sleeps() -> None:
    """Threads wait for the poller itself."""
