"""Time that passes when there is nothing else to do, and pollers that go by it."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import TYPE_CHECKING, Any, cast

from avrogen.kafka.consumer.async_runner import Waking
from avrogen.kafka.consumer.poll_thread import Poller, RawLane

if TYPE_CHECKING:
    from confluent_kafka import Message as RawMessage

__all__ = ["Clock", "ClockedPoller", "ClockedWaking"]


class Clock:
    """Seconds, which somebody else counts."""

    def __init__(self) -> None:
        self.now = 0.0

    def __call__(self) -> float:
        return self.now


class ClockedPoller(Poller):
    """Polls nothing: all messages are there. When they have been handled, it stops.

    Who would have to wait finds that it is later already.

    Args:
        topic: the topic's name.
        group: the name of the consumer group.
        messages: what is on the topic.
        clock: is set forward.
        wake: called when there may be something to take.
    """

    def __init__(
        self,
        topic: str,
        *,
        group: str,
        messages: Iterable[RawMessage],
        clock: Clock,
        wake: Callable[[], None],
    ) -> None:
        no_client: Any = None
        super().__init__(
            no_client,
            topic,
            group=group,
            auto_commit=False,
            grace=0.0,
            wake=wake,
            fatal=lambda: None,
            observer=None,
        )
        self._clock = clock
        waiting = list(messages)
        self.intake.assign({cast("int", raw.partition()) for raw in waiting})
        for raw in waiting:
            self.intake.add(cast("int", raw.partition()), raw)

    def start(self) -> None:
        """There is no thread."""

    def close(self) -> None:
        self.stopping = True

    def take(self) -> RawLane | None:
        with self.changed:
            return self.intake.take(self._clock.now)

    def wait(
        self, until: float | None = None, or_until: Callable[[], bool] = lambda: False
    ) -> RawLane | None:
        while True:
            lane = self.take()
            if lane is not None or or_until() or not self.pass_time(until):
                return lane

    def pass_time(self, until: float | None) -> bool:
        """Set the clock forward to when something is due.

        Args:
            until: when whoever waits gives up, by the clock; None: never.

        Returns:
            Whether there is something to take now.
        """
        with self.changed:
            due = self.intake.next_due()
        times = [time for time in (until, due) if time is not None]
        if not times:
            self.stopping = True
            return False
        self._clock.now = max(self._clock.now, min(times))
        return due is not None and due <= self._clock.now

    def give_back(self, lane: RawLane, *, rest: float | None = None) -> None:
        with self.changed:
            self.intake.give_back(lane, due=None if rest is None else self._clock.now + rest)
        self._wake()


class ClockedWaking(Waking):
    """Its counterpart for asyncio: what tasks have in hand is waited for, and time is not."""

    async def wait(
        self,
        poller: Poller,
        until: float | None = None,
        or_until: Callable[[], bool] = lambda: False,
    ) -> RawLane | None:
        assert isinstance(poller, ClockedPoller), "they come together"
        while True:
            self._news.clear()
            lane = poller.take()
            if lane is not None or or_until():
                return lane
            if until is None and any(each.taken for each in poller.intake.lanes.values()):
                # Those of a batch are taken, too; but whoever collects one gives up some time.
                await self._news.wait()
            elif not poller.pass_time(until):
                return None
