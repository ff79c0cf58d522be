"""Sends of a typed producer on an event loop: :class:`AsyncSender`.

:class:`SendQueue` is the back-pressure: sends that wait for room in librdkafka's queue, in their
order. :class:`FutureBridge` takes delivery reports from the polling thread to the loop, many at a
time.
"""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Callable
from contextlib import suppress
from typing import TYPE_CHECKING, Final, TypeAlias

from avrogen.errors import DeliveryError
from avrogen.kafka.asyncio_threads import no_undo, run_to_completion
from avrogen.kafka.message import Delivered
from avrogen.kafka.producer.delivery import PostedDelivery, clear_pending_exception, delivered
from avrogen.kafka.producer.record_builder import closed_error

if TYPE_CHECKING:
    from confluent_kafka import KafkaError, Message

    from avrogen.kafka.producer.delivery import DeliveryTracker
    from avrogen.kafka.producer.record_builder import ProduceArguments, RecordBuilder

__all__ = ["AsyncDelivery", "AsyncSender", "FutureBridge", "SendQueue"]

_FAIR_SHARE: Final = 100
"""Messages that a task sends before it yields to others: one or two milliseconds."""


class AsyncSender:
    """Sends messages from tasks of the running loop.

    Args:
        builder: common part of the producers.
    """

    def __init__(self, builder: RecordBuilder) -> None:
        self.builder = builder
        self.tracker = builder.tracker
        self._client = builder.client
        self._topic = builder.topic
        self.is_unobserved = builder.tracker.observer is None
        self._posted = PostedDelivery(builder.tracker)
        self._send_queue = SendQueue(self._produce)
        self._idle: list[asyncio.Future[None]] = []
        self._task: asyncio.Task[object] | None = None
        self._in_a_row = 0
        self._bridge = FutureBridge(builder.tracker, self._is_awaited, self._progress)
        builder.client.poller.add_hook(self._bridge.after_poll)

    def should_yield(self) -> bool:
        """Return True if the current task should yield to others before it sends.

        Sends with room in the queue do not suspend, so a task that only sends would block the loop
        until the queue is full.

        Raises:
            ClosedError: the process was forked after the creation of the client.
            RuntimeError: the task runs on another loop than the one that opened the producer.
        """
        task = asyncio.current_task()
        if task is not self._task:
            self.require_own_loop()
            self._task, self._in_a_row = task, 0
        self._in_a_row += 1
        if self._in_a_row < _FAIR_SHARE:
            return False
        self._in_a_row = 0
        return True

    def send_now(self, arguments: ProduceArguments, sending: object) -> AsyncDelivery | None:
        """Queue a message if there is room.

        Args:
            arguments: arguments of ``produce``.
            sending: the observer's object for the message.

        Returns:
            The delivery; None if nothing was queued, as there is no room or other sends wait.

        Raises:
            DeliveryError, TransactionError: as :meth:`TopicProducer.send`.
        """
        delivery = AsyncDelivery(self._bridge, sending)
        return delivery if self._queue_now(delivery, arguments) else None

    def post_now(self, arguments: ProduceArguments, sending: object) -> bool:
        """Queue a message without a future if there is room; return False if not, as above."""
        posted = self._posted if sending is None else PostedDelivery(self.tracker, sending)
        return self._queue_now(posted, arguments)

    def _queue_now(self, delivery: AnyDelivery, arguments: ProduceArguments) -> bool:
        if self._send_queue:
            return False
        next(self.tracker.sent)
        data, key, partition, at, headers = arguments
        try:
            self._client.produce(self._topic, data, key, partition, delivery, None, at, headers)
        except BufferError:
            self.tracker.not_sent()
            return False
        except Exception as error:
            self._refused(delivery, arguments, error)
        return True

    async def send_later(self, arguments: ProduceArguments, sending: object) -> AsyncDelivery:
        """Wait for room, then queue a message.

        Raises:
            DeliveryError: the queue stayed full, or as :meth:`send_now`.
            ClosedError: the producer was closed meanwhile.
        """
        delivery = AsyncDelivery(self._bridge, sending)
        await self._queue_later(delivery, arguments)
        return delivery

    async def post_later(self, arguments: ProduceArguments, sending: object) -> None:
        """Wait for room, then queue a message without a future; as :meth:`send_later`."""
        await self._queue_later(PostedDelivery(self.tracker, sending), arguments)

    async def _queue_later(self, delivery: AnyDelivery, arguments: ProduceArguments) -> None:
        next(self.tracker.sent)
        try:
            timeout = self.builder.client.delivery_timeout
            if not await self._send_queue.wait(delivery, arguments, timeout):
                raise self.builder.queue_full_error()
        except Exception as error:
            self._refused(delivery, arguments, error)
        except asyncio.CancelledError:
            if not delivery.is_queued:  # it may have been queued at the same moment
                self.tracker.not_sent()
                cancelled = DeliveryError("the send was cancelled", code="CancelledError")
                self.builder.not_sent(delivery.sending, cancelled)
            raise

    @property
    def is_on_own_loop(self) -> bool:
        """True on the event loop that opened the producer."""
        return asyncio.get_running_loop() is self._bridge.loop

    def require_own_loop(self) -> None:
        """Check that the running event loop is the one that opened the producer.

        Raises:
            ClosedError: the process was forked after the creation of the client.
            RuntimeError: it is another one, on which no future would ever settle.
        """
        self.builder.require_same_process()
        if not self.is_on_own_loop:
            raise RuntimeError(
                f"the producer for {self.builder.topic} was opened on another event loop; open one "
                "on each loop: async with ... as producer"
            )

    async def flush(self, timeout: float | None) -> None:
        """Wait until all messages are delivered or have failed, or until the timeout."""
        if not self.is_on_own_loop:
            # Of the other loop, which may be closed, no future is settled.
            flush = self.builder.client.poller.flush
            await run_to_completion(flush, no_undo, self.builder.is_idle, timeout)
            return
        if self._is_idle():
            return
        idle = asyncio.get_running_loop().create_future()
        self._idle.append(idle)
        with self.builder.client.poller.flushing():
            try:
                async with asyncio.timeout(timeout):
                    await idle
            except TimeoutError:
                pass
            finally:
                self._idle.remove(idle)

    async def close(self) -> None:
        """Refuse waiting sends, close the builder, and settle all futures."""
        if not self.is_on_own_loop:
            self.builder.client.poller.remove_hook(self._bridge.after_poll)
            await run_to_completion(self.builder.close, no_undo)
            return
        self._send_queue.refuse_all(closed_error(self.builder.topic))
        await run_to_completion(self.builder.close, no_undo)
        self.builder.client.poller.remove_hook(self._bridge.after_poll)
        self._bridge.settle()
        self._bridge.count_retrieved()

    # --- produce ----------------------------------------------------------------------------------

    def _produce(self, delivery: AnyDelivery, arguments: ProduceArguments) -> None:
        data, key, partition, at, headers = arguments
        self._client.produce(self._topic, data, key, partition, delivery, None, at, headers)

    def _refused(
        self, delivery: AnyDelivery, arguments: ProduceArguments, error: Exception
    ) -> None:
        """Settle the message's future with its error, or raise any other error."""
        try:
            failure = self.builder.refused(error)
        except Exception as refusal:
            self.tracker.not_sent()
            self.builder.not_sent(delivery.sending, refusal)
            raise
        delivery.fail(failure, arguments[1], arguments[0])
        self._bridge.settle()

    # --- after each poll --------------------------------------------------------------------------

    def _is_idle(self) -> bool:
        return not self._send_queue and self.builder.is_idle()

    def _is_awaited(self) -> bool:
        return bool(self._send_queue) or bool(self._idle)

    def _progress(self) -> None:
        self._send_queue.fill()
        if self._idle and self._is_idle():
            for idle in self._idle:
                if not idle.done():
                    idle.set_result(None)


_Entry: TypeAlias = "tuple[AnyDelivery, ProduceArguments, asyncio.Future[None]]"


class SendQueue:
    """Queue of sends that wait for room in librdkafka's queue, in their order.

    Args:
        produce: function that queues a message. BufferError: there is no room.
    """

    def __init__(self, produce: Callable[[AnyDelivery, ProduceArguments], None]) -> None:
        self._produce = produce
        self._entries: deque[_Entry] = deque()

    def __len__(self) -> int:
        """Return the number of waiting sends."""
        return len(self._entries)

    async def wait(
        self, delivery: AnyDelivery, arguments: ProduceArguments, timeout: float | None
    ) -> bool:
        """Wait for room and for the sends before; queue a message.

        Args:
            delivery: delivery of the message; its ``is_queued`` is set.
            arguments: arguments of ``produce``.
            timeout: seconds; None: no limit.

        Returns:
            True if the message was queued in time.

        Raises:
            CancelledError: the send was cancelled.
            Exception: an error of ``produce`` other than BufferError.
        """
        queued = asyncio.get_running_loop().create_future()
        self._entries.append((delivery, arguments, queued))
        try:
            async with asyncio.timeout(timeout):
                await queued
        except TimeoutError:
            pass
        return delivery.is_queued

    def fill(self) -> None:
        """Queue messages while there is room."""
        while self._entries:
            delivery, arguments, queued = self._entries[0]
            if not queued.done():  # otherwise it was cancelled
                try:
                    self._produce(delivery, arguments)
                except BufferError:
                    return
                except Exception as error:
                    queued.set_exception(error)
                else:
                    delivery.is_queued = True
                    queued.set_result(None)
            self._entries.popleft()

    def refuse_all(self, error: Exception) -> None:
        """Raise an error from all waiting sends."""
        while self._entries:
            _, _, queued = self._entries.popleft()
            if not queued.done():
                queued.set_exception(error)


_MAX_FAILED: Final = 10_000
"""Maximum number of failed futures that are kept, to count retrieved failures."""


class AsyncDelivery:
    """An in-flight message and its future. librdkafka calls it with the delivery report."""

    __slots__ = ("_bridge", "future", "is_queued", "sending")

    def __init__(self, bridge: FutureBridge, sending: object) -> None:
        self._bridge = bridge
        self.future: asyncio.Future[Delivered] = bridge.loop.create_future()
        self.sending = sending
        self.is_queued = False
        """True if it was queued after it had to wait."""

    def __call__(self, error: KafkaError | None, message: Message) -> None:
        """Hand a delivery report to the loop, in the polling thread.

        The beginning is that of :class:`.DeliveryFuture`: a shared function would cost a call per
        message.
        """
        try:  # noqa: SIM105 -- suppress() costs more than all else here
            clear_pending_exception()
        except SystemError:
            pass  # the pending exception
        if error is not None:
            self.fail(error, message.key(), message.value())
            return
        tracker = self._bridge.tracker
        latency = message.latency() or 0.0
        tracker.latencies.append(latency)
        place = message.partition(), message.offset(), message.timestamp()[1]
        found = delivered(tracker.topic, place)
        self._bridge.outcomes.append((self, found))
        if tracker.observer is not None:
            tracker.observer.delivered(self.sending, found, latency)

    def fail(self, error: KafkaError, key: bytes | None, value: bytes | None) -> None:
        """Hand the failure of a message that was not delivered or not queued to the loop."""
        tracker = self._bridge.tracker
        failure = tracker.failure(error, key, value)
        self._bridge.outcomes.append((self, failure))
        if tracker.observer is not None:
            tracker.observer.undelivered(self.sending, failure)


AnyDelivery: TypeAlias = AsyncDelivery | PostedDelivery
"""In-flight message, with a future or without."""


class FutureBridge:
    """Settles futures on the loop, after each poll of the polling thread.

    Args:
        tracker: counts of messages.
        is_awaited: function that returns True if tasks wait for room or for a flush.
        on_progress: called on the loop after each poll with outcomes or waiting tasks.

    Attributes:
        outcomes: of messages, which the polling thread appends.
    """

    def __init__(
        self,
        tracker: DeliveryTracker,
        is_awaited: Callable[[], bool],
        on_progress: Callable[[], None],
    ) -> None:
        self.tracker = tracker
        self.loop = asyncio.get_running_loop()
        self._is_awaited = is_awaited
        self._on_progress = on_progress
        self.outcomes: deque[tuple[AsyncDelivery, Delivered | DeliveryError]] = deque()
        self._failed: deque[asyncio.Future[Delivered]] = deque()

    def after_poll(self) -> None:
        """Wake the loop if there are outcomes or waiting tasks; in the polling thread."""
        if self.outcomes or self._is_awaited():
            with suppress(RuntimeError):  # the loop is closed
                self.loop.call_soon_threadsafe(self.settle)

    # --- on the loop ------------------------------------------------------------------------------

    def settle(self) -> None:
        """Settle the futures of all outcomes."""
        outcomes = self.outcomes
        while outcomes:
            delivery, outcome = outcomes.popleft()
            future = delivery.future
            if future.done():
                continue  # it was cancelled; the message is sent all the same
            if isinstance(outcome, Delivered):
                future.set_result(outcome)
            else:
                future.set_exception(outcome)
                self._keep(future)
        self._on_progress()

    def count_retrieved(self) -> None:
        """Count the retrieved failures. asyncio does not log the others by itself."""
        while self._failed:
            self._forget_oldest()

    def _keep(self, future: asyncio.Future[Delivered]) -> None:
        self._failed.append(future)
        if len(self._failed) > _MAX_FAILED:
            self._forget_oldest()

    def _forget_oldest(self) -> None:
        future = self._failed.popleft()
        # True until the exception is retrieved. Set to False, asyncio does not log that it was not.
        if future._log_traceback:
            future._log_traceback = False
        else:
            failure = future.exception()
            assert isinstance(failure, DeliveryError), "failed futures have one"
            with self.tracker.lock:
                self.tracker.count_retrieved_failure(failure)
