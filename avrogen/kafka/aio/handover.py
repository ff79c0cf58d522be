"""From the thread that polls to the loop: what became of messages, many at a time."""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Callable
from contextlib import suppress
from typing import TYPE_CHECKING, Final

from avrogen.errors import DeliveryError
from avrogen.kafka.message import Delivered
from avrogen.kafka.producing.delivery import delivered

if TYPE_CHECKING:
    from confluent_kafka import KafkaError, Message

    from avrogen.kafka.producing.outbox import Outbox

__all__ = ["Handover", "Ticket"]

_MOST_FAILED: Final = 10_000
"""Failed futures that are kept to see whether somebody asks for their failure."""


class Ticket:
    """A message on its way. librdkafka calls it back, in the thread that polls."""

    __slots__ = ("_handover", "future", "is_queued", "sending")

    def __init__(self, handover: Handover, sending: object) -> None:
        self._handover = handover
        self.future: asyncio.Future[Delivered] = handover.loop.create_future()
        self.sending = sending
        self.is_queued = False
        """Whether it was queued after it had to wait."""

    def __call__(self, error: KafkaError | None, message: Message) -> None:
        """The delivery report."""
        try:
            partition = message.partition()
        except SystemError:
            # As in avrogen.kafka.producing.delivery: an exception was pending, and is gone now.
            partition = message.partition()
        if error is not None:
            self._handover.failed(self, error, message.key())
            return
        outbox = self._handover.outbox
        latency = message.latency() or 0.0
        with outbox.lock:
            outbox.count_delivered(latency)
        found = delivered(outbox.topic, (partition, message.offset(), message.timestamp()[1]))
        self._handover.put(self, found)
        if outbox.observer is not None:
            outbox.observer.delivered(self.sending, found, latency)


class Handover:
    """Settles futures on the loop, after each go of the thread that polls.

    Args:
        outbox: where outcomes are counted.
        is_awaited: whether somebody on the loop waits for anything but outcomes.
        on_progress: called on the loop after each go, if there were outcomes or somebody waits.
    """

    def __init__(
        self, outbox: Outbox, is_awaited: Callable[[], bool], on_progress: Callable[[], None]
    ) -> None:
        self.outbox = outbox
        self.loop = asyncio.get_running_loop()
        self._is_awaited = is_awaited
        self._on_progress = on_progress
        self._outcomes: deque[tuple[Ticket, Delivered | DeliveryError]] = deque()
        self._failed: deque[asyncio.Future[Delivered]] = deque()

    # --- in the thread that polls -----------------------------------------------------------------

    def put(self, ticket: Ticket, outcome: Delivered | DeliveryError) -> None:
        """An outcome is known."""
        self._outcomes.append((ticket, outcome))

    def failed(self, ticket: Ticket, error: KafkaError, key: bytes | None) -> None:
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
