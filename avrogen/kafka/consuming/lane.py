"""One partition: its messages on their way to the handler, and how far it has come."""

from __future__ import annotations

from collections import deque
from typing import Generic, TypeVar

__all__ = ["Lane"]

R = TypeVar("R")


class Lane(Generic[R]):
    """A partition that is assigned to the consumer.

    Whoever handles its messages *takes* the lane and works from the front of ``waiting``, where the
    message in hand stays until it is done. So messages are handled in order, one at a time, and
    ``position`` has every message behind it that came before. New ones may be appended meanwhile.

    Attributes:
        partition: its number.
        waiting: messages that were fetched and are not handled; the first is the next one.
        position: the offset of the first message that is not handled; None: none has been yet.
        stored: the position that the client has been told last.
        attempts: how often the first message has failed.
        first_failure: when it failed first, by the consumer's clock.
        due: when it is tried again; None: there is nothing to wait for.
        held: whether the user has paused the partition.
        taken: whether somebody handles its messages.
        interrupted: whether whoever has taken it should give it back after the message in hand.
        gone: whether it is no longer assigned, or was taken back to another offset: what is
            handled of it now counts no more.
        announced: the offset of the last message that the observer has been told of.
        over: whether somebody else may have it already: nothing of it may be committed any more.
        paused: whether the client has been told not to fetch for it.
        queued: whether it is in the line of lanes that are ready.
    """

    __slots__ = (
        "announced",
        "attempts",
        "due",
        "first_failure",
        "gone",
        "held",
        "interrupted",
        "over",
        "partition",
        "paused",
        "position",
        "queued",
        "stored",
        "taken",
        "waiting",
    )

    def __init__(self, partition: int) -> None:
        self.partition = partition
        self.waiting: deque[R] = deque()
        self.position: int | None = None
        self.stored: int | None = None
        self.attempts = 0
        self.first_failure = 0.0
        self.due: float | None = None
        self.held = False
        self.taken = False
        self.interrupted = False
        self.gone = False
        self.over = False
        self.announced = -1
        self.paused = False
        self.queued = False

    def done(self, offset: int) -> None:
        """The first message, whose offset this is, counts as handled."""
        self.waiting.popleft()
        self.position = offset + 1
        self.attempts = 0

    def failed(self, now: float) -> float:
        """The first message has failed once more.

        Args:
            now: seconds, by the consumer's clock.

        Returns:
            How long ago it failed first.
        """
        if self.attempts == 0:
            self.first_failure = now
        self.attempts += 1
        return now - self.first_failure
