"""Counters of producers and consumers, which are kept with and without an observer."""

from __future__ import annotations

from dataclasses import dataclass

__all__ = ["ConsumerCounters", "ProducerCounters"]


@dataclass(frozen=True, slots=True)
class ConsumerCounters:
    """Counters of a consumer.

    Attributes:
        fetched: messages received from the broker.
        consumed: messages handled, dead-lettered ones included.
        retried: attempts after the first.
        dead_lettered: messages delivered to the dead-letter topic.
        waiting: messages fetched and not handled yet.
        handling_time: seconds spent on decoding and handling in total.
        skipped: messages of types that are not selected, which are not among the consumed ones.
        offset_resets: times that the next message of a partition did not exist, so that
            ``auto.offset.reset`` was applied: messages were skipped, or come again.
        in_flight: messages that handlers have now.
        handled_beyond: messages handled beyond one that is not, so that their offsets cannot be
            committed yet.
    """

    fetched: int
    consumed: int
    retried: int
    dead_lettered: int
    waiting: int
    handling_time: float
    skipped: int = 0
    offset_resets: int = 0
    in_flight: int = 0
    handled_beyond: int = 0

    @property
    def mean_handling_time(self) -> float:
        """Mean seconds to decode and handle a message; 0 without messages."""
        return self.handling_time / self.consumed if self.consumed else 0.0


@dataclass(frozen=True, slots=True)
class ProducerCounters:
    """Counters of a producer.

    Attributes:
        sent: messages queued.
        delivered: messages acknowledged.
        failed: messages not delivered.
        mean_latency: mean seconds from queue to acknowledgement; 0 without messages.
        max_latency: longest time from queue to acknowledgement.
    """

    sent: int
    delivered: int
    failed: int
    mean_latency: float
    max_latency: float

    @property
    def queued(self) -> int:
        """Messages that are not acknowledged yet."""
        return self.sent - self.delivered - self.failed
