"""Blocking calls for asyncio: each in a thread, and once for all tasks that wait for it."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Hashable
from typing import Generic, TypeVar

__all__ = ["AsyncSingleFlight"]

T = TypeVar("T")


class AsyncSingleFlight(Generic[T]):
    """Calls by key: tasks that come while one of the same key is under way wait for its result.

    So a thousand tasks that want the same take one thread, and not all that the loop has. A task
    that is cancelled stops waiting; the call goes on for the others.
    """

    def __init__(self) -> None:
        self._flights: dict[tuple[asyncio.AbstractEventLoop, Hashable], asyncio.Task[T]] = {}

    async def call(self, key: Hashable, function: Callable[[], T]) -> T:
        """The result of the function, or of a like call that another task waits for."""
        place = asyncio.get_running_loop(), key
        flight = self._flights.get(place)
        if flight is None:
            flight = self._flights[place] = asyncio.create_task(asyncio.to_thread(function))

            def over(task: asyncio.Task[T]) -> None:
                del self._flights[place]
                if not task.cancelled():
                    # All who waited may be gone, and nobody left to be told of an error.
                    task.exception()

            flight.add_done_callback(over)
        return await asyncio.shield(flight)
