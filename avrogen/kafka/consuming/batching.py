"""Handling messages by the batch, in the thread of the caller."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from time import monotonic
from typing import TYPE_CHECKING, TypeVar

from avrogen.kafka.consuming.batch import Batch, Part
from avrogen.kafka.consuming.failures import Outage, RetryIn
from avrogen.kafka.consuming.loop import Loop
from avrogen.kafka.consuming.reading import ReadingFailed, SchemaUnknown
from avrogen.kafka.consuming.session import Session

if TYPE_CHECKING:
    from avrogen.kafka.message import Message

__all__ = ["BatchLoop"]

K = TypeVar("K")
V = TypeVar("V")


class BatchLoop(Loop[K, V]):
    """Takes lanes until there are enough messages, and has them handled together.

    Args:
        session: an open consumer.
        handler: what the messages are handled by, for dead letters to name it.
        max_records: messages of a batch at most.
        max_wait: seconds that the first message of a batch waits for others.
    """

    def __init__(
        self, session: Session[K, V], handler: object, *, max_records: int, max_wait: float
    ) -> None:
        super().__init__(session, handler)
        self._max_records = max_records
        self._max_wait = max_wait
        # A lane must be able to hold a batch.
        self.poller.intake.limit = max(self.poller.intake.limit, max_records)

    def run_batches(self, handle: Callable[[list[Message[K, V]]], object]) -> None:
        """Have batches handled until the consumer stops.

        Raises:
            ConsumeError: it must not go on.
        """
        while (batch := self.collect()) is not None:
            started = monotonic()
            try:
                self._handle(batch, handle)
            finally:
                self.handling.counts.handling_time += monotonic() - started
                self.give_back(batch.parts)

    # --- collecting -------------------------------------------------------------------------------

    def collect(self) -> Batch[K, V] | None:
        """The next batch, whose lanes are to be given back; None: the consumer stops."""
        batch: Batch[K, V] = Batch(self._max_records, self._max_wait)
        try:
            while not batch.is_ready(self.handling.clock()):
                lane = self.poller.wait(batch.deadline, batch.wants_attention)
                if lane is not None:
                    batch.parts.append(Part(lane))
                if self.poller.stopping:
                    self.give_back(batch.parts)
                    return None
                for part, trouble in batch.fill(self.reader.read_ahead):
                    self._deal_with(part, trouble)
                self.give_back(batch.release())
            return batch
        except BaseException:
            self.give_back(batch.parts)
            raise

    def give_back(self, parts: Iterable[Part[K, V]]) -> None:
        """Give lanes back."""
        for part in parts:
            self.poller.give_back(part.lane, rest=part.rest)

    def _deal_with(self, part: Part[K, V], trouble: SchemaUnknown | ReadingFailed) -> None:
        try:
            if isinstance(trouble, ReadingFailed):
                raise trouble
            trouble.learn()
        except ReadingFailed as failed:
            if part.messages:
                part.complete = True
            else:
                part.rest = self.failed(part.lane, failed)

    # --- handling ---------------------------------------------------------------------------------

    def _handle(self, batch: Batch[K, V], handle: Callable[[list[Message[K, V]]], object]) -> None:
        messages = batch.messages
        for part in batch.parts:
            self.handling.received(part.lane, part.messages)
        try:
            with self.handling.observation(messages):
                handle(messages)
        except Exception as error:
            self._failed_together(batch, handle, error)
        else:
            for part in batch.parts:
                for message in part.messages:
                    self.handling.done(part.lane, message.offset)

    def _failed_together(
        self,
        batch: Batch[K, V],
        handle: Callable[[list[Message[K, V]]], object],
        error: Exception,
    ) -> None:
        """A batch comes again, or its messages do one by one, to see which of them is at fault."""
        first = batch.parts[0]
        message = first.messages[0]
        failure = self.handling.failure(error)
        step = self.handling.step(first.lane, failure, message)
        if isinstance(step, RetryIn):
            batch.rest(step.seconds, self.handling.clock())
        elif isinstance(failure, Outage) or len(batch) == 1:
            steps = self.handling.steps(first.lane, step, failure, message, self.handler)
            first.rest = self.resolve(steps)
        else:
            for part in batch.parts:
                self._handle_one_by_one(part, handle)

    def _handle_one_by_one(
        self, part: Part[K, V], handle: Callable[[list[Message[K, V]]], object]
    ) -> None:
        for message in part.messages:
            if part.lane.interrupted:
                return
            try:
                with self.handling.observation([message]):
                    handle([message])
            except Exception as error:
                part.rest = self.failed(part.lane, error, message)
                if part.rest is not None:
                    return
            else:
                self.handling.done(part.lane, message.offset)
