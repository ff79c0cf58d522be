"""The thread that polls Kafka for a consumer.

Handlers run in the thread that calls ``run``, for as long as they take. This thread does all that
must not wait for them: it fetches, stays a member of the group, takes part in its rebalances, and
stores the offsets of handled messages in the client. No other thread calls the client: where two
do, confluent-kafka blocks one until the other happens to pause, or refuses it. What other threads
want done goes through a :class:`CallQueue`.

Longer than 500 lines because all that touches the client is done by this one thread.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Mapping
from concurrent.futures import Future
from itertools import groupby
from operator import methodcaller
from queue import Empty, SimpleQueue
from threading import Condition, Thread
from time import monotonic
from typing import TYPE_CHECKING, Final, TypeVar

from avrogen.errors import ClosedError, ConsumeError
from avrogen.kafka.checked_access import error_text, sizes_of
from avrogen.kafka.consumer.consumer_client import (
    commit_offsets,
    consume_error,
    is_refusal,
    log_error,
    log_or_raise,
    partitions_at,
    partitions_of,
)
from avrogen.kafka.consumer.fetch_buffer import (
    MAX_BYTES,
    FetchBuffer,
    InFlight,
    InFlightFigures,
    RawPartitionQueue,
)
from avrogen.kafka.consumer.rebalance import LagReporter, RebalanceListener
from avrogen.kafka.observability.logs import RepeatedFailures, log_event
from avrogen.message_text import exception_text

if TYPE_CHECKING:
    from confluent_kafka import Consumer, KafkaError, TopicPartition
    from confluent_kafka import Message as RawMessage

    from avrogen.kafka.callbacks import ConnectionState
    from avrogen.kafka.consumer.commit_metadata import CommitMetadata
    from avrogen.kafka.consumer.error_policy import OnAuthFailure
    from avrogen.kafka.observability.observer import Observer

__all__ = ["CallQueue", "ConsumerPollThread"]

T = TypeVar("T")

_TICK: Final = 0.1
"""Seconds that a poll lasts at most: so late are requests of other threads noticed."""

_SHORT_TICK: Final = 0.002
"""The same while other threads have many requests, such as a commit after each message."""


_RECENT: Final = 48
"""Messages from whose sizes that of the next ones is guessed."""

_partition: Final[Callable[[RawMessage], int]] = methodcaller("partition")

_MOST_AT_ONCE: Final = 500
"""Messages that are taken from the client together, if there is room for as many of the size that
the last ones had."""


class ConsumerPollThread:
    """Polls a topic, and buffers messages until they are handled.

    It is the :class:`~avrogen.kafka.consumer.message_source.MessageSource` of runners.

    Args:
        client: the consumer, which is not subscribed yet. It belongs to this thread from now on.
        topic: the topic's name.
        group: the consumer group.
        auto_commit: true if offsets of handled messages are stored and committed automatically.
        grace: seconds to wait for in-flight messages, at a rebalance and at the end.
        wake: called when there may be something to take, in any thread.
        fatal: returns the error after which librdkafka does nothing more, if there was one.
        observer: told of assignments.
        connection: errors of connections to brokers.
        on_auth_failure: what follows when brokers refuse the credentials, or access.
        max_bytes: bytes of messages that wait for their handler.
        commit_interval: seconds between commits of messages that are handled out of order.
        metadata_refused: returns true if brokers do not accept the metadata of these commits.

    Attributes:
        client: the consumer, for calls in this thread.
        topic: the topic's name.
        buffer: the queues of assigned partitions.
        changed: guards the buffer; notified when it may have something new.
        fetched: messages fetched so far.
        stopping: true if nothing more is handed out.
        connection: errors of connections to brokers.
        polled_at: time of the last poll, by the monotonic clock.
        in_flight: the in-flight messages.
        lag_reporter: tells the observer of the lag; None: it does not want to know.
        wake: called when there may be something to take, in any thread.
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
        connection: ConnectionState,
        on_auth_failure: OnAuthFailure = "stop",
        max_bytes: int = MAX_BYTES,
        commit_interval: float = 5.0,
        metadata_refused: Callable[[], bool] = lambda: False,
    ) -> None:
        self.client = client
        self.topic = topic
        self.connection = connection
        self.polled_at = monotonic()
        self.in_flight = InFlight()
        self._next_look = 0.0
        self._group = group
        self._observer = observer
        self.lag_reporter: LagReporter | None = None
        self._stops_on_auth_failure = on_auth_failure == "stop"
        self._unauthorized: tuple[str, int] | None = None
        self.buffer: FetchBuffer[RawMessage] = FetchBuffer(max_bytes=max_bytes)
        self._usual_size = float(max_bytes)  # of one message, until some have come
        self.changed = Condition()
        self.fetched = 0
        self.stopping = False
        self._auto_commit = auto_commit
        self._commit_interval = commit_interval
        self._metadata_refused = metadata_refused
        self._metadata: CommitMetadata | None = None
        self._grace = grace
        self.wake = wake
        self._fatal = fatal
        self._calls = CallQueue()
        self._stopping_since: float | None = None
        self._closing = False
        self._failure: BaseException | None = None
        self._known_errors = RepeatedFailures()
        self._rebalance = RebalanceListener(
            client,
            topic,
            buffer=self.buffer,
            changed=self.changed,
            serve_calls=self._calls.serve,
            group=group,
            auto_commit=auto_commit,
            grace=grace,
            observer=observer,
            wake=wake,
        )
        self._thread = Thread(target=self._run, name=f"poll thread of {topic}", daemon=True)

    # --- for runners ------------------------------------------------------------------------------

    def take(self) -> RawPartitionQueue | None:
        """Return a queue with messages; None: there is none now, or the consumer stops.

        Raises:
            ConsumeError: Kafka refuses to go on.
        """
        with self.changed:
            if self._failure is not None:
                raise self._failure
            queue = None if self.stopping else self.buffer.acquire(monotonic())
            if queue is not None and self.stopping:  # a signal came in between
                self.buffer.release(queue)
                return None
            if queue is not None:
                self.in_flight.queues.add(queue)
            return queue

    def wait(
        self, until: float | None = None, or_until: Callable[[], bool] = lambda: False
    ) -> RawPartitionQueue | None:
        """Wait for a queue with messages; None: time is over, or the consumer stops.

        Args:
            until: when time is over, by the monotonic clock; None: never.
            or_until: another condition that ends the wait.

        Raises:
            ConsumeError: Kafka refuses to go on.
        """
        with self.changed:
            while True:
                queue = self.take()
                if queue is not None or self.stopping or or_until():
                    return queue
                now = monotonic()
                if until is not None and now >= until:
                    return None
                retry = self.buffer.next_retry()
                times = [time for time in (until, retry) if time is not None]
                self.changed.wait(max(0.0, min(times) - now) if times else None)

    def release(self, queue: RawPartitionQueue, *, backoff: float | None = None) -> None:
        """Return a queue.

        Args:
            queue: the queue.
            backoff: seconds until its first message is to be retried; None: at once.
        """
        with self.changed:
            self.in_flight.queues.discard(queue)
            self.buffer.release(queue, retry_at=None if backoff is None else monotonic() + backoff)
            self.changed.notify_all()
        self.wake()

    def next_retry(self) -> float | None:
        """Return when the first backoff ends, by the monotonic clock; None: there is none."""
        with self.changed:
            return self.buffer.next_retry()

    def interrupt(self) -> None:
        """Request all queues back after the in-flight message."""
        with self.changed:
            self.buffer.interrupt()

    def ensure_capacity(self, max_records: int) -> None:
        """Let each queue hold at least so many messages, for batches of that size."""
        self.buffer.limit = max(self.buffer.limit, max_records)

    def made_room(self) -> None:
        """Fetch more, as messages were taken out of acquired queues."""
        with self.changed:
            self.changed.notify_all()

    def watch(self, scheduler: InFlightFigures | None) -> None:
        """Ask a scheduler for figures of the in-flight messages; None: no longer."""
        self.in_flight.scheduler = scheduler

    def recall(self) -> Future[None]:
        """Remember what is handled out of order, and read what was before the last restart.

        Returns:
            A future, after which messages can be taken. It raises ClosedError if the thread ends.
        """

        def recall() -> None:
            from avrogen.kafka.consumer.commit_metadata import CommitMetadata

            if self._metadata is None:
                self._metadata = self._rebalance.metadata = CommitMetadata(
                    self.client,
                    self.topic,
                    interval=self._commit_interval,
                    refused=self._metadata_refused,
                )
            with self.changed:
                queues = list(self.buffer.queues.values())
            self._metadata.recall(queues)

        return self.call(recall)

    def leave_offsets(self) -> None:
        """Leave commits to a transactional producer from now on."""
        self._auto_commit = self._rebalance.auto_commit = False

    # --- for any thread ---------------------------------------------------------------------------

    def start(self) -> None:
        """Start the thread, which joins the group."""
        self._thread.start()

    def request_stop(self) -> None:
        """Hand out nothing more. It takes no locks, so that signal handlers can call it."""
        self.stopping = True
        for queue in list(self.buffer.queues.values()):
            queue.yield_requested = True

    def close(self) -> None:
        """Commit what was handled, leave the group, and wait until that is done."""
        self.stopping = self._closing = True
        self._thread.join()

    def leave_to_parent(self, error: BaseException) -> None:
        """Fail in a forked process, in which the thread does not exist.

        Args:
            error: raised where messages are waited for.
        """
        self.changed = Condition()
        self._failure = error
        self._calls = CallQueue()
        self._calls.close()
        self.request_stop()

    @property
    def failure(self) -> BaseException | None:
        """The error that has ended the thread; None if there was none."""
        return self._failure

    @property
    def is_member(self) -> bool:
        """True if the group has assigned partitions, or none as there are enough members."""
        return self._rebalance.is_member

    @property
    def unauthorized(self) -> str | None:
        """Reason why brokers refuse access to the topic or the group, until they do not."""
        refusal = self._unauthorized
        if refusal is None or self._rebalance.assignments > refusal[1]:
            return None
        return refusal[0]

    def call(self, function: Callable[[], T]) -> Future[T]:
        """Call a function in the thread, between two polls.

        Raises:
            ClosedError: in the future: the thread has ended.
        """
        future = self._calls.add(function)
        with self.changed:
            self.changed.notify_all()
        return future

    # --- the thread -------------------------------------------------------------------------------

    def _run(self) -> None:
        try:
            self._rebalance.subscribe()
            while not self._is_finished():
                self._poll_once()
        except BaseException as error:
            self._fail(error)
        finally:
            self._end()

    def _is_finished(self) -> bool:
        if self.stopping and self._stopping_since is None:
            self._begin_to_stop()
        if self._closing or self._stopping_since is None:
            return self._closing
        with self.changed:
            queues = self.buffer.queues.values()
            unfinished = [queue.partition for queue in queues if queue.in_progress]
        if not unfinished or monotonic() < self._stopping_since + self._grace:
            return False
        log_event(
            logging.ERROR,
            "consumer.stop_overdue",
            topic=self.topic,
            partitions=unfinished,
            grace=self._grace,
        )
        self._rebalance.grace = 0.0  # they have had it
        return True

    def commit(self, offsets: Mapping[int, int]) -> list[TopicPartition]:
        """Commit offsets by partition, in this thread; see :func:`commit_offsets`."""
        with self.changed:
            queues = dict(self.buffer.queues)
        places = [
            self._rebalance.place(queues.get(number), number, offset)
            for number, offset in offsets.items()
        ]
        return commit_offsets(self.client, places, self._group, self._observer)

    def _begin_to_stop(self) -> None:
        if self.lag_reporter is not None:
            self.lag_reporter.report()
        log_event(logging.INFO, "consumer.stopping", topic=self.topic)
        with self.changed:
            self._stopping_since = monotonic()
            self.buffer.pause(None)
            self.changed.notify_all()
        self.wake()

    def _poll_once(self) -> None:
        self._look()
        self._calls.serve()
        self._store()
        with self.changed:
            flow = self.buffer.flow(monotonic())
        if flow.pause:
            self.client.pause(partitions_of(self.topic, flow.pause))
        if flow.resume:
            self.client.resume(partitions_of(self.topic, flow.resume))
        if flow.fetch:
            self._fetch()
        else:
            with self.changed:
                self.changed.wait(min(flow.wait, _TICK))

    def _fetch(self) -> None:
        began = monotonic()
        room = self.buffer.max_bytes - sum(queue.bytes for queue in self.buffer.queues.values())
        most = int(room / (self._usual_size + 1))
        messages = self.client.consume(max(1, min(most, _MOST_AT_ONCE)), 0)
        if not messages:
            # ``consume`` would wait until there are so many; this does for the first only.
            message = self.client.poll(_SHORT_TICK if self._calls.are_frequent() else _TICK)
            self._check_health()
            if message is None:
                return
            messages = [message]
        errors = [error for message in messages if (error := message.error()) is not None]
        readable = [each for each in messages if each.error() is None] if errors else messages
        sizes = sizes_of(readable)
        for size in sizes[-_RECENT:]:
            self._usual_size += (size - self._usual_size) / 16
        extend, end = self.buffer.extend, 0
        with self.changed:
            # They come in runs of the same partition.
            for partition, run in groupby(readable, _partition):
                start, end = end, end + len(list(run))
                extend(partition, readable[start:end], sizes[start:end])
            self.fetched += len(readable)
            self.changed.notify_all()
        self.wake()
        if self._observer is not None:
            self._report_poll(len(messages) - len(errors), monotonic() - began, errors)
        if len(errors) < len(messages):
            self._unauthorized = None
        for error in errors:
            if is_refusal(error) and not self._stops_on_auth_failure:
                self._unauthorized = error_text(error), self._rebalance.assignments
                log_error(error, self.topic, self._known_errors)
            else:
                log_or_raise(error, self.topic, self._known_errors)

    def _check_health(self) -> None:
        self._rebalance.raise_failure()
        fatal = self._fatal() or (self.connection.refused if self._stops_on_auth_failure else None)
        if fatal is not None:
            raise consume_error(fatal, self.topic)

    def _report_poll(self, count: int, duration: float, errors: list[KafkaError]) -> None:
        assert self._observer is not None
        if count:
            self._observer.polled(self.topic, count, self._group, duration, None)
        for error in errors:
            if error.name() != "_PARTITION_EOF":
                self._observer.polled(self.topic, 0, self._group, duration, error.name())

    def _look(self) -> None:
        """Note what is in flight, and if brokers answer again, every tick."""
        now = self.polled_at = monotonic()
        if now < self._next_look:
            return
        self._next_look = now + _TICK
        with self.changed:
            self.in_flight.look(now)
        if self.lag_reporter is not None and self.is_member:
            self.lag_reporter.look(now)
        self.connection.check(lambda timeout: self.client.list_topics(self.topic, timeout=timeout))

    def _store(self) -> None:
        """Store the offsets of handled messages in the client, which commits them."""
        from confluent_kafka import KafkaError, KafkaException

        if not self._auto_commit:
            return
        with self.changed:
            offsets = self.buffer.to_store()
            try:
                if offsets:
                    self.client.store_offsets(offsets=partitions_at(self.topic, offsets))
                if self._metadata is not None:
                    self._metadata.commit(self.buffer.queues.values(), monotonic())
            except KafkaException as error:
                # The group has revoked a partition, and the callback has not come yet.
                if error.args[0].code() != KafkaError._STATE:
                    raise

    def _fail(self, error: BaseException) -> None:
        failure = error
        if not isinstance(error, ConsumeError):
            failure = ConsumeError(f"cannot consume: {exception_text(error)}", topic=self.topic)
            failure.__cause__ = error
        with self.changed:
            self._failure = failure
            self.changed.notify_all()
        self.wake()

    def _end(self) -> None:
        try:
            self._store()
            self._rebalance.commit_before_leaving()
            self.client.close()
        except Exception as error:
            log_event(logging.ERROR, "consumer.close_failed", topic=self.topic, error=error)
        with self.changed:
            self.buffer.remove(list(self.buffer.queues))
            self.stopping = True
            self.changed.notify_all()
        self._calls.close()
        self.wake()


# --- calls of other threads -----------------------------------------------------------------------

_OFTEN: Final = 1.0
"""Seconds since the last call within which another one is expected."""


class CallQueue:
    """Functions that any thread wants called in one thread."""

    def __init__(self) -> None:
        self._waiting: SimpleQueue[Callable[[], None]] = SimpleQueue()
        self._last = -_OFTEN
        self._closed = False

    def add(self, function: Callable[[], T]) -> Future[T]:
        """Have a function called.

        Returns:
            Its result. It raises ClosedError if the thread has ended.
        """
        future: Future[T] = Future()

        def call() -> None:
            if not future.set_running_or_notify_cancel():
                return  # the caller has given up
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
        """Call what is waiting. Only the thread itself may do that."""
        while True:
            try:
                call = self._waiting.get_nowait()
            except Empty:
                return
            call()
            self._last = monotonic()

    def close(self) -> None:
        """Call nothing any more, as the thread ends."""
        self._closed = True
        self.serve()

    def are_frequent(self) -> bool:
        """Tell if another call is likely to come soon."""
        return monotonic() - self._last < _OFTEN
