"""Handling messages by the batch, in the thread of the caller."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from time import monotonic
from typing import TYPE_CHECKING, Generic, TypeVar

from avrogen.kafka.consuming.failures import Outage, RetryIn
from avrogen.kafka.consuming.loop import Loop
from avrogen.kafka.consuming.reading import ReadingFailed
from avrogen.kafka.consuming.session import Session

if TYPE_CHECKING:
    from avrogen.kafka.consuming.poller import RawLane
    from avrogen.kafka.message import Message

__all__ = ["BatchLoop", "Part"]

K = TypeVar("K")
V = TypeVar("V")


@dataclass(slots=True, eq=False)
class Part(Generic[K, V]):
    """What a batch has of one lane: the first of what waits there.

    Attributes:
        lane: the lane, which is taken.
        messages: its messages in the batch.
        complete: whether what follows them must not be in the same batch, as it cannot be read.
        rest: seconds that the lane has to rest when it is given back.
    """

    lane: RawLane
    messages: list[Message[K, V]] = field(default_factory=list["Message[K, V]"])
    complete: bool = False
    rest: float | None = None

    def has_more(self) -> bool:
        """Whether there is something to add, or it has to be given back."""
        if self.lane.interrupted:
            return True
        return not self.complete and len(self.lane.waiting) > len(self.messages)


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
        while (parts := self.collect()) is not None:
            started = monotonic()
            try:
                self._handle(parts, handle)
            finally:
                self.handling.counts.handling_time += monotonic() - started
                self.give_back(parts)

    # --- collecting -------------------------------------------------------------------------------

    def collect(self) -> list[Part[K, V]] | None:
        """The next batch, which is to be given back; None: the consumer stops."""
        parts: list[Part[K, V]] = []
        deadline: float | None = None
        try:
            while True:
                lane = self.poller.wait(deadline, lambda: any(part.has_more() for part in parts))
                if lane is not None:
                    parts.append(Part(lane))
                if self.poller.stopping:
                    self.give_back(parts)
                    return None
                self._extend(parts)
                if not parts:
                    deadline = None
                    continue
                now = monotonic()
                if deadline is None:
                    deadline = now + self._max_wait
                if now >= deadline or _size(parts) == self._max_records:
                    return parts
        except BaseException:
            self.give_back(parts)
            raise

    def give_back(self, parts: list[Part[K, V]]) -> None:
        """Give all lanes back."""
        while parts:
            part = parts.pop()
            self.poller.give_back(part.lane, rest=part.rest)

    def _extend(self, parts: list[Part[K, V]]) -> None:
        """Add what waits, and give lanes back that have nothing, or are wanted elsewhere."""
        for part in list(parts):
            if not part.lane.interrupted:
                self._extend_one(part, self._max_records - _size(parts))
            if not part.messages or part.lane.interrupted:
                parts.remove(part)
                self.give_back([part])

    def _extend_one(self, part: Part[K, V], room: int) -> None:
        lane, messages = part.lane, part.messages
        while room and not part.complete and len(lane.waiting) > len(messages):
            try:
                messages.append(self.read(lane.waiting[len(messages)]))
                room -= 1
            except ReadingFailed as error:
                if messages:
                    part.complete = True
                    return
                part.rest = self.failed(lane, error)
                if part.rest is not None:
                    return

    # --- handling ---------------------------------------------------------------------------------

    def _handle(
        self, parts: list[Part[K, V]], handle: Callable[[list[Message[K, V]]], object]
    ) -> None:
        messages = [message for part in parts for message in part.messages]
        try:
            with self.observation(messages):
                handle(messages)
        except Exception as error:
            self._failed_together(parts, handle, error)
        else:
            for part in parts:
                for message in part.messages:
                    self.done(part.lane, message)

    def _failed_together(
        self,
        parts: list[Part[K, V]],
        handle: Callable[[list[Message[K, V]]], object],
        error: Exception,
    ) -> None:
        """A batch comes again, or its messages do one by one, to see which of them is at fault."""
        first = parts[0]
        failure = self.handling.failure(error)
        step = self.handling.step(first.lane, failure, first.messages[0])
        if isinstance(step, RetryIn):
            first.rest = step.seconds
            for part in parts[1:]:
                part.lane.failed(monotonic())
                part.rest = step.seconds
        elif isinstance(failure, Outage) or _size(parts) == 1:
            first.rest = self.follow(first.lane, step, failure, first.messages[0])
        else:
            for part in parts:
                self._handle_one_by_one(part, handle)

    def _handle_one_by_one(
        self, part: Part[K, V], handle: Callable[[list[Message[K, V]]], object]
    ) -> None:
        for message in part.messages:
            if part.lane.interrupted:
                return
            try:
                with self.observation([message]):
                    handle([message])
            except Exception as error:
                part.rest = self.failed(part.lane, error, message)
                if part.rest is not None:
                    return
            else:
                self.done(part.lane, message)


def _size(parts: Sequence[Part[K, V]]) -> int:
    return sum(len(part.messages) for part in parts)
