"""Figures that producers keep whether or not anybody observes them."""

from __future__ import annotations

from dataclasses import dataclass

__all__ = ["ProducerCounters"]


@dataclass(frozen=True, slots=True)
class ProducerCounters:
    """What a producer has done so far.

    Attributes:
        sent: messages that were queued.
        delivered: messages that were acknowledged.
        failed: messages that were not delivered.
        mean_latency: seconds from queue to acknowledgement, over all; 0 if there are none.
        max_latency: the longest of them.
    """

    sent: int
    delivered: int
    failed: int
    mean_latency: float
    max_latency: float

    @property
    def queued(self) -> int:
        """Messages that wait for their acknowledgement."""
        return self.sent - self.delivered - self.failed
