"""The thread that a consumer polls Kafka in.

Handlers run where the user calls ``run``, and take as long as they take. This thread does all that
must not wait for them: it fetches, stays a member of the group, takes part in its rebalances, and
tells the client which offsets are handled. Nobody else calls the client: where two threads do,
confluent-kafka has one of them wait until the other happens to pause, or refuses it.

What other threads want done in the poller's.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterable
from concurrent.futures import Future
from queue import Empty, SimpleQueue
from threading import Condition, Thread
from time import monotonic
from typing import TYPE_CHECKING, Any, Final, TypeAlias, TypeVar

from avrogen.errors import ClosedError, ConsumeError
from avrogen.kafka.consumer.consumer_client import consume_error, log_or_raise
from avrogen.kafka.consumer.fetch_buffer import FetchBuffer
from avrogen.kafka.consumer.rebalance import RebalanceListener
from avrogen.kafka.observability.logs import log_event

if TYPE_CHECKING:
    from confluent_kafka import Consumer, KafkaError
    from confluent_kafka import Message as RawMessage

    from avrogen.kafka.consumer.fetch_buffer import PartitionQueue
    from avrogen.kafka.observability.observer import Observer

__all__ = ["CallQueue", "ConsumerPollThread", "RawPartitionQueue"]

T = TypeVar("T")

RawPartitionQueue: TypeAlias = "PartitionQueue[RawMessage]"

_TICK: Final = 0.1
"""Seconds that the client is waited for at most: so late is noticed what others want."""

_SHORT_TICK: Final = 0.002
"""Seconds, while others want something often, such as to commit after each message."""

_AT_ONCE: Final = 500
"""Messages that are taken from the client together."""


class ConsumerPollThread:
    """Polls a topic, and keeps what came until somebody handles it.

    Args:
        client: not subscribed yet. It belongs to the poller.
        topic: the topic's name.
        group: the name of the consumer group.
        auto_commit: whether offsets are stored and committed without being asked.
        grace: seconds that a message in hand is waited for, at a rebalance and at the end.
        wake: called when there may be something to take, from any thread.
        fatal: gives the error after which librdkafka does nothing more, if there was one.
        observer: who is told of partitions.
    """

    def __init__(
        self,
        client: Consumer,
        topic: str,
        *,
        group: str,
        auto_commit: bool,
        grace: float,
        wake: Callable[[], None],
        fatal: Callable[[], KafkaError | None],
        observer: Observer | None,
    ) -> None:
        self.client = client
        self.topic = topic
        self.intake: FetchBuffer[RawMessage] = FetchBuffer()
        self.changed = Condition()
        """Held by whoever uses the intake; told when it may have something new."""
        self.fetched = 0
        self._auto_commit = auto_commit
        self._grace = grace
        self._wake = wake
        self._fatal = fatal
        self.calls = CallQueue()
        self.stopping = False
        """Whether nothing more is handed out."""
        self._stopping_since: float | None = None
        self._closing = False
        self._failure: BaseException | None = None
        self._rebalancing = RebalanceListener(
            self, group=group, auto_commit=auto_commit, grace=grace, observer=observer
        )
        self._thread = Thread(target=self._run, name=f"poller of {topic}", daemon=True)

    # --- for those who handle messages ------------------------------------------------------------

    def take(self) -> RawPartitionQueue | None:
        """A lane with messages; None: there is none now, or none any more.

        Raises:
            ConsumeError: Kafka refuses to go on.
        """
        with self.changed:
            if self._failure is not None:
                raise self._failure
            lane = None if self.stopping else self.intake.acquire(monotonic())
            if lane is not None and self.stopping:  # a signal came in between
                self.intake.release(lane)
                return None
            return lane

    def wait(
        self, until: float | None = None, or_until: Callable[[], bool] = lambda: False
    ) -> RawPartitionQueue | None:
        """Wait for a lane with messages; None: time is over, or the consumer stops.

        Args:
            until: when time is over, by the monotonic clock; None: never.
            or_until: what ends the waiting as well, once it is true.

        Raises:
            ConsumeError: Kafka refuses to go on.
        """
        with self.changed:
            while True:
                lane = self.take()
                if lane is not None or self.stopping or or_until():
                    return lane
                now = monotonic()
                if until is not None and now >= until:
                    return None
                due = self.intake.next_due()
                times = [time for time in (until, due) if time is not None]
                self.changed.wait(max(0.0, min(times) - now) if times else None)

    def give_back(self, lane: RawPartitionQueue, *, rest: float | None = None) -> None:
        """A lane that was taken is free again.

        Args:
            lane: the lane.
            rest: seconds until its first message is to be tried again; None: at once.
        """
        with self.changed:
            self.intake.release(lane, due=None if rest is None else monotonic() + rest)
            self.changed.notify_all()
        self._wake()

    def leave_offsets(self) -> None:
        """Others commit offsets from now on."""
        self._auto_commit = self._rebalancing.auto_commit = False

    # --- running ----------------------------------------------------------------------------------

    def start(self) -> None:
        """Join the group, in the thread."""
        self._thread.start()

    def request_stop(self) -> None:
        """Hand out nothing more. It takes no locks, so that signal handlers can call it."""
        self.stopping = True
        for lane in list(self.intake.queues.values()):
            lane.yield_requested = True

    def close(self) -> None:
        """Commit what was handled, leave the group, and wait until that is done."""
        self.stopping = self._closing = True
        self._thread.join()

    def call(self, function: Callable[[], T]) -> Future[T]:
        """Have something done in the thread, between two polls.

        Raises:
            ClosedError: in the future: the thread has ended.
        """
        future = self.calls.add(function)
        with self.changed:
            self.changed.notify_all()
        return future

    # --- the thread -------------------------------------------------------------------------------

    def _run(self) -> None:
        try:
            self._rebalancing.subscribe()
            while not self._is_over():
                self._turn()
        except BaseException as error:
            self._fail(error)
        finally:
            self._end()

    def _is_over(self) -> bool:
        if self.stopping and self._stopping_since is None:
            self._begin_to_stop()
        if self._closing or self._stopping_since is None:
            return self._closing
        with self.changed:
            in_hand = [lane for lane in self.intake.queues.values() if lane.in_progress]
        if not in_hand or monotonic() < self._stopping_since + self._grace:
            return False
        log_event(
            logging.ERROR,
            "consumer.stop_overdue",
            topic=self.topic,
            partitions=[lane.partition for lane in in_hand],
            grace=self._grace,
        )
        self._rebalancing.grace = 0.0  # they have had it
        return True

    def _begin_to_stop(self) -> None:
        log_event(logging.INFO, "consumer.stopping", topic=self.topic)
        with self.changed:
            self._stopping_since = monotonic()
            self.intake.pause(None)
            self.changed.notify_all()
        self._wake()

    def _turn(self) -> None:
        self.calls.serve()
        self.store()
        with self.changed:
            flow = self.intake.flow(monotonic())
        if flow.pause:
            self.client.pause(self.partitions(flow.pause))
        if flow.resume:
            self.client.resume(self.partitions(flow.resume))
        if flow.fetch:
            self._fetch()
        else:
            with self.changed:
                self.changed.wait(min(flow.wait, _TICK))

    def _fetch(self) -> None:
        messages = self.client.consume(_AT_ONCE, 0)
        if not messages:
            # ``consume`` would wait until there are so many; this does for the first only.
            message = self.client.poll(_SHORT_TICK if self.calls.are_frequent() else _TICK)
            self._check_health()
            if message is None:
                return
            messages = [message]
        errors: list[KafkaError] = []
        add = self.intake.add
        with self.changed:
            for message in messages:
                error = message.error()
                if error is None:
                    add(message.partition(), message)  # type: ignore[arg-type]  # it has one
                else:
                    errors.append(error)
            self.fetched += len(messages) - len(errors)
            self.changed.notify_all()
        self._wake()
        for error in errors:
            log_or_raise(error, self.topic)

    def _check_health(self) -> None:
        self._rebalancing.raise_failure()
        fatal = self._fatal()
        if fatal is not None:
            raise consume_error(fatal, self.topic)

    def _fail(self, error: BaseException) -> None:
        failure = error
        if not isinstance(error, ConsumeError):
            failure = ConsumeError(f"cannot consume: {error}", topic=self.topic)
            failure.__cause__ = error
        with self.changed:
            self._failure = failure
            self.changed.notify_all()
        self._wake()

    def _end(self) -> None:
        try:
            self.store()
            self._rebalancing.commit_before_leaving()
            self.client.close()
        except Exception as error:
            log_event(logging.ERROR, "consumer.close_failed", topic=self.topic, error=error)
        with self.changed:
            self.intake.remove(list(self.intake.queues))
            self.stopping = True
            self.changed.notify_all()
        self.calls.close()
        self._wake()

    # --- for this thread and the callbacks in it --------------------------------------------------

    def store(self) -> None:
        """Tell the client which offsets are handled."""
        from confluent_kafka import KafkaError, KafkaException

        if not self._auto_commit:
            return
        with self.changed:
            offsets = self.intake.to_store()
            if not offsets:
                return
            try:
                self.client.store_offsets(offsets=self.partitions_at(offsets))
            except KafkaException as error:
                # The group has taken a partition away, and not called back yet.
                if error.args[0].code() != KafkaError._STATE:
                    raise

    def partitions(self, numbers: Iterable[int]) -> list[Any]:
        """Partitions as the client has them."""
        from confluent_kafka import TopicPartition

        return [TopicPartition(self.topic, number) for number in numbers]

    def partitions_at(self, offsets: Iterable[tuple[int, int]]) -> list[Any]:
        """Partitions with offsets, as the client has them."""
        from confluent_kafka import TopicPartition

        return [TopicPartition(self.topic, number, offset) for number, offset in offsets]


_OFTEN: Final = 1.0
"""Seconds since the last call that still count as often."""


class CallQueue:
    """Functions to be called in one thread, whichever thread wants it."""

    def __init__(self) -> None:
        self._waiting: SimpleQueue[Callable[[], None]] = SimpleQueue()
        self._last = -_OFTEN
        self._closed = False

    def add(self, function: Callable[[], T]) -> Future[T]:
        """Have a function called.

        Returns:
            What comes of it. It raises ClosedError if the thread has ended.
        """
        future: Future[T] = Future()

        def call() -> None:
            if not future.set_running_or_notify_cancel():
                return  # who wanted it has given up
            if self._closed:
                future.set_exception(ClosedError("the consumer is closed"))
                return
            try:
                future.set_result(function())
            except BaseException as error:
                future.set_exception(error)

        self._waiting.put(call)
        if self._closed:
            self.serve()
        return future

    def serve(self) -> None:
        """Call what is waiting. This is for the thread alone."""
        while True:
            try:
                call = self._waiting.get_nowait()
            except Empty:
                return
            call()
            self._last = monotonic()

    def close(self) -> None:
        """The thread ends: nothing is called any more."""
        self._closed = True
        self.serve()

    def are_frequent(self) -> bool:
        """Whether there will be another one soon, by all appearance."""
        return monotonic() - self._last < _OFTEN
