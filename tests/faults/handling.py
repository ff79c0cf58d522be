"""What programs of both styles do with an event and with a delivery, apart from waiting."""

from __future__ import annotations

import asyncio
import concurrent.futures
from collections.abc import Callable
from typing import Final, TypeAlias

from avrogen import Delivered, DeliveryError, Message, Retry
from avrogen.kafka.consumer.offset_tracker import CommitPoint, OffsetTracker
from tests.faults.jobs import Consume
from tests.faults.ledger import Entry, Ledger, Step
from tests.faults.topics import Number, number_of

__all__ = ["Handling", "note_delivery"]

_SLOW_SECONDS: Final = 0.5

AnyFuture: TypeAlias = "concurrent.futures.Future[Delivered] | asyncio.Future[Delivered]"


class Handling:
    """What a handler does before and after it works, and how it fails."""

    def __init__(self, job: Consume, ledger: Ledger) -> None:
        self._job = job
        self._ledger = ledger
        self._asked_again: set[int] = set()
        if job.forgetful:
            setattr(OffsetTracker, "commit_point", _without_memory)  # noqa: B010 -- a method

    def begin(self, message: Message[str, Number]) -> None:
        """Fail, if the job wants it for this event.

        Raises:
            Retry: this time only.
            ValueError: each time.
        """
        number, job = number_of(message.value), self._job
        if job.retry_every and number % job.retry_every == 0 and number not in self._asked_again:
            self._asked_again.add(number)
            self._note(Step.RETRIED, message)
            raise Retry("as the test wants it")
        if job.refuse_every and number % job.refuse_every == 0:
            self._note(Step.REFUSED, message)
            raise ValueError(f"{number} is refused")
        if job.concurrency > 1:
            self._note(Step.BEGUN, message)

    def seconds(self, message: Message[str, Number]) -> float:
        """How long the event takes."""
        return _SLOW_SECONDS if message.key == self._job.slow_key else self._job.seconds

    def end(self, message: Message[str, Number]) -> None:
        """The event is handled."""
        self._note(Step.HANDLED, message)

    def _note(self, step: Step, message: Message[str, Number]) -> None:
        number = number_of(message.value)
        self._ledger.write(Entry(step, number, message.partition, message.offset))


def _without_memory(_: OffsetTracker, offset: int) -> CommitPoint:
    """What is committed by consumers that remember nothing."""
    return CommitPoint(offset, [])


def note_delivery(ledger: Ledger, number: int) -> Callable[[AnyFuture], None]:
    """Writes down what became of an event that was sent."""

    def note(future: AnyFuture) -> None:
        try:
            there = future.result()
        except DeliveryError:
            ledger.write(Entry(Step.FAILED, number))
        else:
            ledger.write(Entry(Step.DELIVERED, number, there.partition, there.offset))

    return note
