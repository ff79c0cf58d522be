"""An open channel on a loop: what is sent through it, and how the loop waits for that.

Sends that wait for room in librdkafka's queue, in the order in which they came.

From the thread that polls to the loop: what became of messages, many at a time.
"""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Callable
from contextlib import suppress
from typing import TYPE_CHECKING, Final, TypeAlias

from avrogen.errors import ClosedError, DeliveryError
from avrogen.kafka.asyncio_threads import no_undo, run_to_completion
from avrogen.kafka.message import Delivered
from avrogen.kafka.producer.delivery import clear_pending_exception, delivered

if TYPE_CHECKING:
    from confluent_kafka import KafkaError, Message

    from avrogen.kafka.producer.delivery import DeliveryTracker
    from avrogen.kafka.producer.record_builder import ProduceArguments, RecordBuilder

__all__ = ["AsyncDelivery", "AsyncSender", "FutureBridge", "SendQueue"]

_A_TURN: Final = 100
"""Messages that a task sends before others have their turn: one or two milliseconds."""


class AsyncSender:
    """Sends through a channel, from tasks of the running loop.

    Args:
        channel: what is decided about messages before.
    """

    def __init__(self, channel: RecordBuilder) -> None:
        self.channel = channel
        self._outbox = channel.outbox
        self._produce_call = channel.client.producer.produce
        self._queueing = SendQueue(self._produce)
        self._idle: list[asyncio.Future[None]] = []
        self._task: asyncio.Task[object] | None = None
        self._in_a_row = 0
        self._handover = FutureBridge(channel.outbox, self._is_awaited, self._progress)
        channel.client.poller.add_hook(self._handover.after_poll)

    def is_turn_over(self) -> bool:
        """Whether the task that is about to send should let others go on first.

        As long as there is room, sending waits for nothing, and a task that does nothing else would
        keep the loop from everything else until the queue is full.
        """
        task = asyncio.current_task()
        if task is not self._task:
            self._task, self._in_a_row = task, 0
        self._in_a_row += 1
        if self._in_a_row < _A_TURN:
            return False
        self._in_a_row = 0
        return True

    def start(self, arguments: ProduceArguments, sending: object) -> AsyncDelivery | None:
        """Queue a message if there is room.

        Args:
            arguments: what is produced.
            sending: what the observer wants to be given for it.

        Returns:
            None: there is no room, or others have waited longer. Nothing is queued.

        Raises:
            DeliveryError, TransactionError: as :meth:`TopicProducer.send`.
        """
        if self._queueing:
            return None
        ticket = AsyncDelivery(self._handover, sending)
        self._outbox.count_sent()
        try:
            self._produce(ticket, arguments)
        except BufferError:
            self._outbox.count_sent(-1)
            return None
        except Exception as error:
            self._refused(ticket, arguments, error)
        return ticket

    async def queued(self, arguments: ProduceArguments, sending: object) -> AsyncDelivery:
        """Queue a message when there is room.

        Raises:
            DeliveryError: there was none for too long, or as :meth:`start`.
            ClosedError: the producer was closed meanwhile.
        """
        ticket = AsyncDelivery(self._handover, sending)
        self._outbox.count_sent()
        try:
            timeout = self.channel.client.delivery_timeout
            if not await self._queueing.wait(ticket, arguments, timeout):
                raise self.channel.no_room()
        except Exception as error:
            self._refused(ticket, arguments, error)
        except asyncio.CancelledError:
            if not ticket.is_queued:  # it may have been, in that very moment
                self._outbox.count_sent(-1)
            raise
        return ticket

    async def settled(self, timeout: float | None) -> None:
        """Wait until everything is delivered or has failed, or time is over."""
        if self._is_idle():
            return
        idle = asyncio.get_running_loop().create_future()
        self._idle.append(idle)
        with self.channel.client.poller.flushing():
            try:
                async with asyncio.timeout(timeout):
                    await idle
            except TimeoutError:
                pass
            finally:
                self._idle.remove(idle)

    async def close(self) -> None:
        """Send nothing more, and give up what is left if nobody else has the client."""
        self._queueing.refuse_all(ClosedError(f"the producer for {self.channel.topic} was closed"))
        await run_to_completion(self.channel.close, no_undo)
        self.channel.client.poller.remove_hook(self._handover.after_poll)
        self._handover.settle()
        self._handover.close_accounts()

    # --- queueing ---------------------------------------------------------------------------------

    def _produce(self, ticket: AsyncDelivery, arguments: ProduceArguments) -> None:
        data, key, partition, at, headers = arguments
        topic = self.channel.topic
        self._produce_call(topic, data, key, partition, ticket, None, at, headers)

    def _refused(
        self, ticket: AsyncDelivery, arguments: ProduceArguments, error: Exception
    ) -> None:
        """Let the message's future fail, or raise what is not about the message."""
        from confluent_kafka import KafkaException

        try:
            if not isinstance(error, KafkaException):
                raise error
            failure = self.channel.refused(error)
        except Exception:
            self._outbox.count_sent(-1)
            raise
        self._handover.failed(ticket, failure, arguments[1])
        self._handover.settle()

    # --- progress, after each go of the thread that polls -----------------------------------------

    def _is_idle(self) -> bool:
        return not self._queueing and self.channel.is_idle()

    def _is_awaited(self) -> bool:
        return bool(self._queueing) or bool(self._idle)

    def _progress(self) -> None:
        self._queueing.fill()
        if self._idle and self._is_idle():
            for idle in self._idle:
                if not idle.done():
                    idle.set_result(None)


_Entry: TypeAlias = "tuple[AsyncDelivery, ProduceArguments, asyncio.Future[None]]"


class SendQueue:
    """Lets sends wait, first come, first served.

    Args:
        produce: queues a message; BufferError if there is no room.
    """

    def __init__(self, produce: Callable[[AsyncDelivery, ProduceArguments], None]) -> None:
        self._produce = produce
        self._entries: deque[_Entry] = deque()

    def __len__(self) -> int:
        """How many wait."""
        return len(self._entries)

    async def wait(
        self, ticket: AsyncDelivery, arguments: ProduceArguments, timeout: float | None
    ) -> bool:
        """Queue a message once those before it are, and there is room.

        Args:
            ticket: of the message; says whether it was queued.
            arguments: what is produced.
            timeout: seconds; None: for ever.

        Returns:
            Whether there was room in time.

        Raises:
            CancelledError: it was cancelled.
            Exception: what ``produce`` raises, but for BufferError.
        """
        queued = asyncio.get_running_loop().create_future()
        self._entries.append((ticket, arguments, queued))
        try:
            async with asyncio.timeout(timeout):
                await queued
        except TimeoutError:
            pass
        return ticket.is_queued

    def fill(self) -> None:
        """Queue as many as there is room for."""
        while self._entries:
            ticket, arguments, queued = self._entries[0]
            if not queued.done():  # else it was cancelled
                try:
                    self._produce(ticket, arguments)
                except BufferError:
                    return
                except Exception as error:
                    queued.set_exception(error)
                else:
                    ticket.is_queued = True
                    queued.set_result(None)
            self._entries.popleft()

    def refuse_all(self, error: Exception) -> None:
        """Let all that still wait raise an error."""
        while self._entries:
            _, _, queued = self._entries.popleft()
            if not queued.done():
                queued.set_exception(error)


_MOST_FAILED: Final = 10_000
"""Failed futures that are kept to see whether somebody asks for their failure."""


class AsyncDelivery:
    """A message on its way. librdkafka calls it back, in the thread that polls."""

    __slots__ = ("_handover", "future", "is_queued", "sending")

    def __init__(self, handover: FutureBridge, sending: object) -> None:
        self._handover = handover
        self.future: asyncio.Future[Delivered] = handover.loop.create_future()
        self.sending = sending
        self.is_queued = False
        """Whether it was queued after it had to wait."""

    def __call__(self, error: KafkaError | None, message: Message) -> None:
        """The delivery report."""
        try:  # noqa: SIM105 -- suppress() costs more than all else here
            clear_pending_exception()
        except SystemError:
            pass  # see there
        if error is not None:
            self._handover.failed(self, error, message.key())
            return
        outbox = self._handover.outbox
        latency = message.latency() or 0.0
        with outbox.lock:
            outbox.count_delivered(latency)
        place = message.partition(), message.offset(), message.timestamp()[1]
        found = delivered(outbox.topic, place)
        self._handover.put(self, found)
        if outbox.observer is not None:
            outbox.observer.delivered(self.sending, found, latency)


class FutureBridge:
    """Settles futures on the loop, after each go of the thread that polls.

    Args:
        outbox: where outcomes are counted.
        is_awaited: whether somebody on the loop waits for anything but outcomes.
        on_progress: called on the loop after each go, if there were outcomes or somebody waits.
    """

    def __init__(
        self,
        outbox: DeliveryTracker,
        is_awaited: Callable[[], bool],
        on_progress: Callable[[], None],
    ) -> None:
        self.outbox = outbox
        self.loop = asyncio.get_running_loop()
        self._is_awaited = is_awaited
        self._on_progress = on_progress
        self._outcomes: deque[tuple[AsyncDelivery, Delivered | DeliveryError]] = deque()
        self._failed: deque[asyncio.Future[Delivered]] = deque()

    # --- in the thread that polls -----------------------------------------------------------------

    def put(self, ticket: AsyncDelivery, outcome: Delivered | DeliveryError) -> None:
        """An outcome is known."""
        self._outcomes.append((ticket, outcome))

    def failed(self, ticket: AsyncDelivery, error: KafkaError, key: bytes | None) -> None:
        """A message was not delivered, or not even queued. Either thread may say so."""
        failure = self.outbox.failure(error, key)
        self.put(ticket, failure)
        if self.outbox.observer is not None:
            self.outbox.observer.undelivered(ticket.sending, failure)

    def after_poll(self) -> None:
        """Wake the loop if there is something for it."""
        if self._outcomes or self._is_awaited():
            with suppress(RuntimeError):  # the loop is closed, and nobody waits any more
                self.loop.call_soon_threadsafe(self.settle)

    # --- on the loop ------------------------------------------------------------------------------

    def settle(self) -> None:
        """Settle the futures of all outcomes that are known."""
        outcomes = self._outcomes
        while outcomes:
            ticket, outcome = outcomes.popleft()
            future = ticket.future
            if future.done():
                continue  # it was cancelled, which takes nothing back
            if isinstance(outcome, Delivered):
                future.set_result(outcome)
            else:
                future.set_exception(outcome)
                self._keep(future)
        self._on_progress()

    def close_accounts(self) -> None:
        """Count which failures were seen. From the others, asyncio makes no noise of its own."""
        while self._failed:
            self._forget_oldest()

    def _keep(self, future: asyncio.Future[Delivered]) -> None:
        self._failed.append(future)
        if len(self._failed) > _MOST_FAILED:
            self._forget_oldest()

    def _forget_oldest(self) -> None:
        future = self._failed.popleft()
        # True as long as nobody has asked for the exception. It can be set to False alone, then
        # asyncio does not log that nobody has.
        if future._log_traceback:
            future._log_traceback = False
        else:
            failure = future.exception()
            assert isinstance(failure, DeliveryError), "nothing else is set"
            with self.outbox.lock:
                self.outbox.count_seen(failure)
