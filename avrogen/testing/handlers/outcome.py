"""What has come of messages that were delivered to a handler: :class:`Outcome`."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Generic, TypeVar

if TYPE_CHECKING:
    from avrogen.errors import ConsumeError
    from avrogen.testing.dead_letter import DeadLetter
    from avrogen.testing.handlers.encoding import Delivery

__all__ = ["Outcome", "Retried"]

K = TypeVar("K")
V = TypeVar("V")


@dataclass(frozen=True, slots=True, kw_only=True)
class Retried(Generic[V]):
    """A call of the handler that failed and was followed by another.

    Attributes:
        value: what it was called with; of a batch, the first.
        error: what it raised.
        attempt: how often it had been called with it by then, from 1 up.
        delay: seconds until the next call. The policy's jitter is left out.
    """

    value: V
    error: BaseException
    attempt: int
    delay: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Outcome(Generic[K, V]):
    """What a consumer would have done.

    Attributes:
        handled: the values that the handler has returned from, in that order.
        retries: each time that it failed and was called again.
        dead_letters: messages that went to the dead-letter topic.
        stopped: why the consumer would stop; None: it would go on.
        unhandled: what was delivered and not handled, as the consumer stops; it would come again.
    """

    handled: list[V]
    retries: list[Retried[V]]
    dead_letters: list[DeadLetter[K, V]]
    stopped: ConsumeError | None
    unhandled: list[Delivery[V, K]]

    @property
    def delays(self) -> list[float]:
        """Seconds of all pauses, in their order."""
        return [retry.delay for retry in self.retries]
