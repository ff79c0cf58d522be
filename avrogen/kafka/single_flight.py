"""Blocking calls for asyncio: each in a thread, and once for all tasks that wait for it.

Asking once for what many threads want to know at the same time.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Hashable
from copy import copy
from threading import Event, Lock
from typing import Generic, TypeVar

__all__ = ["AsyncSingleFlight", "SingleFlight"]

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


class _Flight(Generic[T]):
    """One call under way, and what came of it."""

    def __init__(self) -> None:
        self.over = Event()
        self.result: list[T] = []
        self.error: Exception | None = None


class SingleFlight(Generic[T]):
    """Calls by key: those that begin while one of the same key is under way get its result."""

    def __init__(self) -> None:
        self._lock = Lock()
        self._flights: dict[Hashable, _Flight[T]] = {}

    def call(self, key: Hashable, function: Callable[[], T]) -> T:
        """The result of the function, or of a like call that another thread is at.

        Raises:
            Exception: what the function raised; every waiting thread gets a copy.
        """
        while True:
            with self._lock:
                flight = self._flights.get(key)
                if flight is None:
                    own = self._flights[key] = _Flight()
                    break
            flight.over.wait()
            if flight.error is not None:
                raise copy(flight.error)
            if flight.result:
                return flight.result[0]
            # The thread was interrupted, which is no result: one of those waiting takes over.
        try:
            result = function()
            own.result.append(result)
            return result
        except Exception as error:
            own.error = error
            raise
        finally:
            with self._lock:
                del self._flights[key]
            own.over.set()
