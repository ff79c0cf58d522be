"""Figures that producers and consumers keep whether or not anybody observes them."""

from __future__ import annotations

from dataclasses import dataclass

__all__ = ["ConsumerCounters", "ProducerCounters"]


@dataclass(frozen=True, slots=True)
class ConsumerCounters:
    """What a consumer has done so far.

    Attributes:
        fetched: messages that came from the broker.
        consumed: messages that count as handled, dead letters included.
        retried: attempts after the first.
        dead_lettered: messages that went to the dead-letter topic.
        waiting: messages that were fetched and are not handled.
        handling_time: seconds that were spent on reading and handling, over all.
    """

    fetched: int
    consumed: int
    retried: int
    dead_lettered: int
    waiting: int
    handling_time: float

    @property
    def mean_handling_time(self) -> float:
        """Seconds that a message takes to be read and handled; 0 if there were none."""
        return self.handling_time / self.consumed if self.consumed else 0.0


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
