"""An open consumer without Kafka: :class:`HandlerSession`, with a fake source and a fake clock.

Decisions, decoding and encoding are production's. Replaced are the poll thread
(:class:`FakeSource`), the wait of asyncio runners (:class:`FakeWakeup`) and the sender of dead
letters. All messages are there from the start, and waiting sets the clock forward.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterable, Sequence
from concurrent.futures import Future
from dataclasses import dataclass
from random import Random
from typing import TYPE_CHECKING, Any, Generic, TypeVar, cast

from avrogen.kafka.consumer.error_policy import OnPoison, OnUnknown, RetryPolicy
from avrogen.kafka.consumer.fetch_buffer import FetchBuffer, InFlightFigures, RawPartitionQueue
from avrogen.kafka.consumer.message_reader import MessageReader
from avrogen.kafka.consumer.session import (
    ConsumerOptions,
    create_error_handler,
    preload_schemas,
)
from avrogen.kafka.observability.observer import isolate
from avrogen.testing.handlers.incoming_messages import Delivery, TopicWriter
from avrogen.testing.handlers.outcome import Outcome, RecordingDeadLetters, RecordingObserver
from avrogen.testing.registry.memory import MemoryRegistry

if TYPE_CHECKING:
    from confluent_kafka import Message as RawMessage

    from avrogen.errors import ConsumeError
    from avrogen.kafka.consumer.key_scheduler import ConcurrencyLimits
    from avrogen.kafka.consumer.message_source import MessageSource
    from avrogen.kafka.topic import Topic

__all__ = ["FakeClock", "FakeSource", "FakeWakeup", "HandlerOptions", "HandlerSession"]

K = TypeVar("K")
V = TypeVar("V")

_GRACE = 30.0


@dataclass(frozen=True, slots=True, kw_only=True)
class HandlerOptions:
    """Options of a consumer that matter to its handler; see ``TopicConsumer``."""

    topic: Topic[Any, Any]
    group: str
    retry: RetryPolicy
    on_poison: OnPoison
    unknown: OnUnknown | None = None
    only: Sequence[Any] | None = None
    limits: ConcurrencyLimits | None = None
    schedule: int | Random = 0

    def random(self) -> Random:
        """Return what draws the schedule of a delivery."""
        return Random(self.schedule) if isinstance(self.schedule, int) else self.schedule

    def refuse_concurrency(self) -> None:
        """Raise for deliveries that are sequential.

        Raises:
            ValueError: there is concurrency.
        """
        if self.limits is not None:
            raise ValueError(
                f"batches are delivered one after the other, got concurrency={self.limits.slots}: "
                "leave it out of handling() for deliver_batches()"
            )


class HandlerSession(Generic[K, V]):
    """An open consumer whose messages are there from the start.

    It is a :class:`~avrogen.kafka.consumer.message_source.RunnerSession`.

    Args:
        options: the options of the consumer.
        deliveries: the messages.

    Attributes:
        error_handler: decides what follows when a message fails, by the fake clock and without
            jitter.
        source: hands out the messages.
        reader: decodes them.
        dead_letters: keeps dead letters; None: the topic has no dead-letter topic.
        grace: seconds to wait for in-flight messages.

    Raises:
        EncodeError: a message does not fit the topic.
        ConfigurationError: an option has an invalid value.
    """

    def __init__(self, options: HandlerOptions, deliveries: Sequence[Delivery[V, K]]) -> None:
        topic, registry = options.topic, MemoryRegistry()
        self.dead_letters: RecordingDeadLetters | None = None
        if topic.dead_letter is not None:
            self.dead_letters = RecordingDeadLetters()
        self._recorder = RecordingObserver(self.dead_letters)
        consumer = ConsumerOptions(
            group_id=options.group,
            retry=options.retry,
            on_poison=options.on_poison,
            commit="after-handling",
            grace=_GRACE,
            registry=registry,
            observer=self._recorder,
            unknown=options.unknown,
            only=options.only,
        )
        clock = FakeClock()
        self.error_handler = create_error_handler(topic, consumer, isolate(self._recorder))
        self.error_handler.clock = clock
        self.error_handler.chance = lambda: 0.5  # in the middle: no jitter
        write = TopicWriter(topic, registry).write
        self._deliveries = [(write(given), given) for given in deliveries]
        self.grace = _GRACE
        self.reader: MessageReader[K, V] = MessageReader(
            topic, registry, consumer.selection(topic), in_background=False
        )
        preload_schemas(topic, registry, self.reader.learn)
        self.source = FakeSource((raw for raw, _ in self._deliveries), clock)

    def outcome(self, stopped: ConsumeError | None) -> Outcome[K, V]:
        """Return what the consumer did.

        Args:
            stopped: the exception of the runner.

        Raises:
            AssertionError: the handler raised it. It fails the test, as no service raises it.
        """
        if self._recorder.asserted is not None:
            raise self._recorder.asserted
        waiting = self.source.waiting()
        return Outcome(
            handled=self._recorder.handled,
            retries=self._recorder.retries,
            dead_letters=self._recorder.dead_letters,
            stopped=stopped,
            unhandled=[given for raw, given in self._deliveries if id(raw) in waiting],
            skipped=[
                given
                for raw, given in self._deliveries
                if (raw.partition(), raw.offset()) in self._recorder.skipped_places
            ],
        )


class FakeClock:
    """Seconds that pass only when :class:`FakeSource` sets ``now``."""

    def __init__(self) -> None:
        self.now = 0.0

    def __call__(self) -> float:
        return self.now


class FakeSource:
    """Hands out messages that are there from the start, and stops when all are handled.

    It is a :class:`~avrogen.kafka.consumer.message_source.MessageSource`, for one thread. Waiting
    does not take time: the clock is set forward.

    Args:
        messages: the messages of the topic.
        clock: the clock.

    Attributes:
        stopping: true if nothing more is handed out.
        wake: called when there may be something to take.
    """

    def __init__(self, messages: Iterable[RawMessage], clock: FakeClock) -> None:
        self.stopping = False
        self.wake: Callable[[], None] = lambda: None
        self._clock = clock
        self._buffer: FetchBuffer[RawMessage] = FetchBuffer()
        fetched = list(messages)
        self._buffer.assign({cast("int", raw.partition()) for raw in fetched})
        for raw in fetched:
            self._buffer.add(cast("int", raw.partition()), raw)

    def take(self) -> RawPartitionQueue | None:
        """Return a queue with messages; None: there is none now."""
        return self._buffer.acquire(self._clock.now)

    def wait(
        self, until: float | None = None, or_until: Callable[[], bool] = lambda: False
    ) -> RawPartitionQueue | None:
        """Return a queue with messages, after setting the clock forward if necessary.

        Args:
            until: when time is over, by the clock; None: never.
            or_until: another condition that ends the wait.
        """
        while True:
            queue = self.take()
            if queue is not None or or_until() or not self.pass_time(until):
                return queue

    def pass_time(self, until: float | None) -> bool:
        """Set the clock forward to the next event. Stop if there is none.

        Args:
            until: when the wait is over, by the clock; None: never.

        Returns:
            True if there is something to take now.
        """
        retry = self._buffer.next_retry()
        times = [time for time in (until, retry) if time is not None]
        if not times:
            self.stopping = True
            return False
        self._clock.now = max(self._clock.now, min(times))
        return retry is not None and retry <= self._clock.now

    def release(self, queue: RawPartitionQueue, *, backoff: float | None = None) -> None:
        """Return a queue, to be retried after so many seconds, or at once."""
        self._buffer.release(queue, retry_at=None if backoff is None else self._clock.now + backoff)
        self.wake()

    def next_retry(self) -> float | None:
        """Return when the first backoff ends; None: there is none."""
        return self._buffer.next_retry()

    def interrupt(self) -> None:
        """Request all queues back after the in-flight message."""
        self._buffer.interrupt()

    def ensure_capacity(self, max_records: int) -> None:
        """Do nothing, as all messages are in the queues."""

    def made_room(self) -> None:
        """Do nothing, as all messages are in the queues."""

    def watch(self, scheduler: InFlightFigures | None) -> None:
        """Do nothing: no health is asked for."""

    def recall(self) -> Future[None]:
        """Do nothing: nothing was handled before."""
        done: Future[None] = Future()
        done.set_result(None)
        return done

    def has_queues_in_progress(self) -> bool:
        """Tell if a runner has queues that it will release."""
        return any(queue.in_progress for queue in self._buffer.queues.values())

    def waiting(self) -> set[int]:
        """Return the identities of all messages that are not handled."""
        return {id(raw) for queue in self._buffer.queues.values() for raw in queue.messages}


class FakeWakeup:
    """Waits for a fake source on an event loop: for running tasks, but not for time to pass.

    It is a :class:`~avrogen.kafka.consumer.message_source.QueueWaiter`.

    Args:
        source: the source to wait for.
    """

    def __init__(self, source: FakeSource) -> None:
        self._source = source
        self._news = asyncio.Event()
        source.wake = self.wake

    def wake(self) -> None:
        """End a wait. The event loop's thread calls it."""
        self._news.set()

    async def wait(
        self,
        source: MessageSource,
        until: float | None = None,
        or_until: Callable[[], bool] = lambda: False,
    ) -> RawPartitionQueue | None:
        """Wait for a queue with messages; None: time is over, or the consumer stops."""
        assert source is self._source, "a runner waits for the source of its session"
        while True:
            self._news.clear()
            queue = self._source.take()
            if queue is not None or or_until():
                return queue
            if until is None and self._source.has_queues_in_progress():
                # A batch runner keeps queues, too, while it collects; but its wait has an end.
                await self._news.wait()
            elif not self._source.pass_time(until):
                return None
