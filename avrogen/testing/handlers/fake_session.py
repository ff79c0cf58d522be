"""An open consumer without Kafka: :class:`HandlerSession`.

Time that passes when there is nothing else to do, and pollers that go by it.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, TypeVar, cast

from avrogen.kafka.consumer.async_runner import AsyncWakeup
from avrogen.kafka.consumer.consumer_poll_thread import ConsumerPollThread, RawPartitionQueue
from avrogen.kafka.consumer.error_policy import OnPoison, RetryPolicy
from avrogen.kafka.consumer.session import ConsumerSession
from avrogen.testing.handlers.incoming import Delivery, TopicWriter
from avrogen.testing.handlers.outcome import Outcome, RecordingDeadLetters, RecordingObserver
from avrogen.testing.registry.memory import MemoryRegistry

if TYPE_CHECKING:
    from confluent_kafka import Message as RawMessage

    from avrogen.errors import ConsumeError
    from avrogen.kafka.topic import Topic

__all__ = ["FakeClock", "FakeSource", "FakeWakeup", "HandlerOptions", "HandlerSession"]

K = TypeVar("K")
V = TypeVar("V")


@dataclass(frozen=True, slots=True, kw_only=True)
class HandlerOptions:
    """What a consumer is told that matters to its handler; see ``TopicConsumer``."""

    topic: Topic[Any, Any]
    group: str
    retry: RetryPolicy
    on_poison: OnPoison


class HandlerSession(ConsumerSession[K, V]):
    """What consumers have while they are open, with messages that are there from the start.

    Args:
        options: how it consumes.
        deliveries: the messages.
        wake: called when there may be something to take.

    Raises:
        EncodeError: one is no message of this topic.
        ConfigurationError: an option cannot be.
    """

    def __init__(
        self,
        options: HandlerOptions,
        deliveries: Sequence[Delivery[V, K]],
        *,
        wake: Callable[[], None],
    ) -> None:
        registry = MemoryRegistry()
        topic = options.topic
        letters = None if topic.dead_letter is None else RecordingDeadLetters(topic.dead_letter)
        self._recorder = RecordingObserver(letters)
        super().__init__(
            topic,
            {"bootstrap.servers": "none"},
            group=options.group,
            retry=options.retry,
            on_poison=options.on_poison,
            commit="after-handling",
            grace=30.0,
            registry=registry,
            observer=self._recorder,
            wake=wake,
        )
        self.dead_letters = letters
        self._clock = FakeClock()
        self.handling.clock = self._clock
        self.handling.chance = lambda: 0.5  # in the middle: no jitter
        write = TopicWriter(topic, registry).write
        self._deliveries = [(write(given), given) for given in deliveries]

    def _make_poller(self) -> ConsumerPollThread:
        return FakeSource(
            self.topic.name,
            group=self.group,
            messages=[raw for raw, _ in self._deliveries],
            clock=self._clock,
            wake=self._wake,
        )

    def outcome(self, stopped: ConsumeError | None) -> Outcome[K, V]:
        """What came of it.

        Args:
            stopped: what the loop has raised.

        Raises:
            AssertionError: the handler did. It is a test that says so, and no service.
        """
        if self._recorder.asserted is not None:
            raise self._recorder.asserted
        lanes = self.opened.poller.intake.queues.values()
        waiting = {id(raw) for lane in lanes for raw in lane.messages}
        return Outcome(
            handled=self._recorder.handled,
            retries=self._recorder.retries,
            dead_letters=self._recorder.dead_letters,
            stopped=stopped,
            unhandled=[given for raw, given in self._deliveries if id(raw) in waiting],
        )


class FakeClock:
    """Seconds, which somebody else counts."""

    def __init__(self) -> None:
        self.now = 0.0

    def __call__(self) -> float:
        return self.now


class FakeSource(ConsumerPollThread):
    """Polls nothing: all messages are there. When they have been handled, it stops.

    Who would have to wait finds that it is later already.

    Args:
        topic: the topic's name.
        group: the name of the consumer group.
        messages: what is on the topic.
        clock: is set forward.
        wake: called when there may be something to take.
    """

    def __init__(
        self,
        topic: str,
        *,
        group: str,
        messages: Iterable[RawMessage],
        clock: FakeClock,
        wake: Callable[[], None],
    ) -> None:
        no_client: Any = None
        super().__init__(
            no_client,
            topic,
            group=group,
            auto_commit=False,
            grace=0.0,
            wake=wake,
            fatal=lambda: None,
            observer=None,
        )
        self._clock = clock
        waiting = list(messages)
        self.intake.assign({cast("int", raw.partition()) for raw in waiting})
        for raw in waiting:
            self.intake.add(cast("int", raw.partition()), raw)

    def start(self) -> None:
        """There is no thread."""

    def close(self) -> None:
        self.stopping = True

    def take(self) -> RawPartitionQueue | None:
        with self.changed:
            return self.intake.acquire(self._clock.now)

    def wait(
        self, until: float | None = None, or_until: Callable[[], bool] = lambda: False
    ) -> RawPartitionQueue | None:
        while True:
            lane = self.take()
            if lane is not None or or_until() or not self.pass_time(until):
                return lane

    def pass_time(self, until: float | None) -> bool:
        """Set the clock forward to when something is due.

        Args:
            until: when whoever waits gives up, by the clock; None: never.

        Returns:
            Whether there is something to take now.
        """
        with self.changed:
            due = self.intake.next_due()
        times = [time for time in (until, due) if time is not None]
        if not times:
            self.stopping = True
            return False
        self._clock.now = max(self._clock.now, min(times))
        return due is not None and due <= self._clock.now

    def give_back(self, lane: RawPartitionQueue, *, rest: float | None = None) -> None:
        with self.changed:
            self.intake.release(lane, due=None if rest is None else self._clock.now + rest)
        self._wake()


class FakeWakeup(AsyncWakeup):
    """Its counterpart for asyncio: what tasks have in hand is waited for, and time is not."""

    async def wait(
        self,
        source: ConsumerPollThread,
        until: float | None = None,
        or_until: Callable[[], bool] = lambda: False,
    ) -> RawPartitionQueue | None:
        assert isinstance(source, FakeSource), "they come together"
        while True:
            self._news.clear()
            lane = source.take()
            if lane is not None or or_until():
                return lane
            if until is None and any(each.in_progress for each in source.intake.queues.values()):
                # Those of a batch are taken, too; but whoever collects one gives up some time.
                await self._news.wait()
            elif not source.pass_time(until):
                return None
