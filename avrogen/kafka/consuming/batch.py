"""A batch that is being put together, of messages from several lanes. It waits for nothing."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Generic, TypeVar

from avrogen.kafka.consuming.reading import ReadingFailed, SchemaUnknown

if TYPE_CHECKING:
    from confluent_kafka import Message as RawMessage

    from avrogen.kafka.consuming.poller import RawLane
    from avrogen.kafka.message import Message

__all__ = ["Batch", "Part"]

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

    @property
    def open(self) -> bool:
        """Whether there is more that can be added."""
        more = len(self.lane.waiting) > len(self.messages)
        return more and not self.complete and self.rest is None and not self.lane.interrupted


class Batch(Generic[K, V]):
    """Parts of several lanes.

    Args:
        max_records: messages at most.
        max_wait: seconds that the first message waits for others.
    """

    def __init__(self, max_records: int, max_wait: float) -> None:
        self.parts: list[Part[K, V]] = []
        self._max_records = max_records
        self._max_wait = max_wait
        self.deadline: float | None = None
        """When it is handled at the latest; None: there is nothing to handle."""

    @property
    def messages(self) -> list[Message[K, V]]:
        """All messages, by lane."""
        return [message for part in self.parts for message in part.messages]

    def __len__(self) -> int:
        return sum(len(part.messages) for part in self.parts)

    def wants_attention(self) -> bool:
        """Whether there is something to add, or a lane to give back."""
        return any(part.open or part.lane.interrupted for part in self.parts)

    def fill(
        self, read: Callable[[deque[RawMessage], int, int], list[Message[K, V]]]
    ) -> Iterator[tuple[Part[K, V], SchemaUnknown | ReadingFailed]]:
        """Add what waits in the lanes.

        Args:
            read: decodes messages, see :meth:`Reader.read_ahead`.

        Yields:
            A part and what keeps its next message from being read. It is dealt with before the
            iteration goes on: the schema is learnt, the message done with, or the part's lane is
            made to rest.
        """
        room = self._max_records - len(self)
        for part in self.parts:
            while room and part.open:
                try:
                    messages = read(part.lane.waiting, len(part.messages), room)
                    part.messages += messages
                    room -= len(messages)
                except SchemaUnknown as unknown:
                    yield part, unknown
                except ReadingFailed as failed:
                    if part.messages:
                        part.complete = True
                    else:
                        yield part, failed

    def release(self) -> list[Part[K, V]]:
        """Let go of lanes that have nothing for this batch, or are wanted elsewhere."""
        released = [each for each in self.parts if not each.messages or each.lane.interrupted]
        self.parts = [each for each in self.parts if each not in released]
        return released

    def is_ready(self, now: float) -> bool:
        """Whether it is to be handled now; it begins to wait with its first message."""
        if not self.parts:
            self.deadline = None
            return False
        if self.deadline is None:
            self.deadline = now + self._max_wait
        return now >= self.deadline or len(self) == self._max_records

    def rest(self, seconds: float, now: float) -> None:
        """It failed, and comes again after so many seconds: all lanes rest.

        The first lane has been told of the failure already.
        """
        for part in self.parts:
            part.rest = seconds
        for part in self.parts[1:]:
            part.lane.failed(now)
