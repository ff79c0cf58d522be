"""From the thread that polls to a task that waits."""

from __future__ import annotations

import asyncio
from contextlib import suppress
from time import monotonic
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable

    from avrogen.kafka.consuming.poller import Poller, RawLane

__all__ = ["Waking"]


class Waking:
    """Wakes the one task that waits for lanes with messages."""

    def __init__(self) -> None:
        self._loop: asyncio.AbstractEventLoop | None = None
        self._news = asyncio.Event()

    def bind(self) -> None:
        """It is the running loop that the task is on."""
        self._loop = asyncio.get_running_loop()

    def wake(self) -> None:
        """There may be something to take. Any thread may say so."""
        assert self._loop is not None, "it was bound when the consumer was opened"
        # A consumer that was left open, when its loop was not, wakes nobody.
        with suppress(RuntimeError):
            self._loop.call_soon_threadsafe(self._news.set)

    async def wait(
        self,
        poller: Poller,
        until: float | None = None,
        or_until: Callable[[], bool] = lambda: False,
    ) -> RawLane | None:
        """As :meth:`Poller.wait`. If it is cancelled, nothing was taken.

        Raises:
            ConsumeError: Kafka refuses to go on.
        """
        while True:
            self._news.clear()
            lane = poller.take()
            if lane is not None or poller.stopping or or_until():
                return lane
            now = monotonic()
            if until is not None and now >= until:
                return None
            with poller.changed:
                due = poller.intake.next_due()
            times = [time for time in (until, due) if time is not None]
            await self._news_within(min(times) - now if times else None)

    async def _news_within(self, seconds: float | None) -> None:
        if seconds is None:
            await self._news.wait()
            return
        timer = asyncio.get_running_loop().call_later(max(0.0, seconds), self._news.set)
        try:
            await self._news.wait()
        finally:
            timer.cancel()
