"""The thread that polls Kafka for a consumer.

Handlers run in the thread that calls ``run``, for as long as they take. This thread does all that
must not wait for them: it fetches, stays a member of the group, takes part in its rebalances, and
stores the offsets of handled messages in the client. No other thread calls the client: where two
do, confluent-kafka blocks one until the other happens to pause, or refuses it. What other threads
want done goes through a :class:`CallQueue`.
"""

from __future__ import annotations

import logging
from collections.abc import Callable
from concurrent.futures import Future
from queue import Empty, SimpleQueue
from threading import Condition, Thread
from time import monotonic
from typing import TYPE_CHECKING, Final, TypeVar, cast

from avrogen.errors import ClosedError, ConsumeError
from avrogen.kafka.checked_access import repair_headers, size_of
from avrogen.kafka.consumer.consumer_client import (
    consume_error,
    log_or_raise,
    partitions_at,
    partitions_of,
)
from avrogen.kafka.consumer.fetch_buffer import MAX_BYTES, FetchBuffer, RawPartitionQueue
from avrogen.kafka.consumer.rebalance import RebalanceListener
from avrogen.kafka.observability.logs import log_event
from avrogen.message_text import exception_text

if TYPE_CHECKING:
    from confluent_kafka import Consumer, KafkaError
    from confluent_kafka import Message as RawMessage

    from avrogen.kafka.observability.observer import Observer

__all__ = ["CallQueue", "ConsumerPollThread"]

T = TypeVar("T")

_TICK: Final = 0.1
"""Seconds that a poll lasts at most: so late are requests of other threads noticed."""

_SHORT_TICK: Final = 0.002
"""The same while other threads have many requests, such as a commit after each message."""


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
        max_bytes: bytes of messages that wait for their handler.

    Attributes:
        client: the consumer, for calls in this thread.
        topic: the topic's name.
        buffer: the queues of assigned partitions.
        changed: guards the buffer; notified when it may have something new.
        fetched: messages fetched so far.
        stopping: true if nothing more is handed out.
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
        max_bytes: int = MAX_BYTES,
    ) -> None:
        self.client = client
        self.topic = topic
        self.buffer: FetchBuffer[RawMessage] = FetchBuffer(max_bytes=max_bytes)
        self._usual_size = float(max_bytes)  # of one message, until some have come
        self.changed = Condition()
        self.fetched = 0
        self.stopping = False
        self._auto_commit = auto_commit
        self._grace = grace
        self._wake = wake
        self._fatal = fatal
        self._calls = CallQueue()
        self._stopping_since: float | None = None
        self._closing = False
        self._failure: BaseException | None = None
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
            self.buffer.release(queue, retry_at=None if backoff is None else monotonic() + backoff)
            self.changed.notify_all()
        self._wake()

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

    def _begin_to_stop(self) -> None:
        log_event(logging.INFO, "consumer.stopping", topic=self.topic)
        with self.changed:
            self._stopping_since = monotonic()
            self.buffer.pause(None)
            self.changed.notify_all()
        self._wake()

    def _poll_once(self) -> None:
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
        errors: list[KafkaError] = []
        add = self.buffer.add
        with self.changed:
            for message in messages:
                error = message.error()
                if error is None:
                    repair_headers(message)
                    partition = cast("int", message.partition())
                    size = size_of(message)
                    self._usual_size += (size - self._usual_size) / 16
                    add(partition, message, size)
                else:
                    errors.append(error)
            self.fetched += len(messages) - len(errors)
            self.changed.notify_all()
        self._wake()
        for error in errors:
            log_or_raise(error, self.topic)

    def _check_health(self) -> None:
        self._rebalance.raise_failure()
        fatal = self._fatal()
        if fatal is not None:
            raise consume_error(fatal, self.topic)

    def _store(self) -> None:
        """Store the offsets of handled messages in the client, which commits them."""
        from confluent_kafka import KafkaError, KafkaException

        if not self._auto_commit:
            return
        with self.changed:
            offsets = self.buffer.to_store()
            if not offsets:
                return
            try:
                self.client.store_offsets(offsets=partitions_at(self.topic, offsets))
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
        self._wake()

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
        self._wake()


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
