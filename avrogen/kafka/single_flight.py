"""One call for concurrent callers that need the same result (``singleflight`` in Go).

:class:`SingleFlight` is for threads. :class:`AsyncSingleFlight` is for tasks; it runs blocking
functions in threads. :class:`BackgroundCalls` runs them in threads of its own, for callers that do
not wait.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Hashable
from concurrent.futures import Future
from copy import copy
from threading import Event, Lock, Thread
from typing import Generic, TypeVar

from avrogen.fork_safety import renew_after_fork

__all__ = ["AsyncSingleFlight", "BackgroundCalls", "SingleFlight"]

T = TypeVar("T")


class AsyncSingleFlight(Generic[T]):
    """Runs one blocking call per key at a time; other tasks with the key share its result.

    A thousand tasks that need the same result use one thread of the loop's executor. A cancelled
    task stops waiting; the call continues for the others.
    """

    def __init__(self) -> None:
        self._flights: dict[tuple[asyncio.AbstractEventLoop, Hashable], asyncio.Task[T]] = {}

    async def call(self, key: Hashable, function: Callable[[], T]) -> T:
        """Return the result of the function, or of the call in progress with the same key."""
        flight_key = asyncio.get_running_loop(), key
        flight = self._flights.get(flight_key)
        if flight is None:
            flight = self._flights[flight_key] = asyncio.create_task(asyncio.to_thread(function))

            def finish(task: asyncio.Task[T]) -> None:
                del self._flights[flight_key]
                if not task.cancelled():
                    # All callers may be cancelled: mark the exception as retrieved.
                    task.exception()

            flight.add_done_callback(finish)
        return await asyncio.shield(flight)


class _Flight(Generic[T]):
    """A call in progress and its outcome."""

    def __init__(self) -> None:
        self.finished = Event()
        self.result: list[T] = []
        self.error: Exception | None = None


class SingleFlight(Generic[T]):
    """Runs one call per key at a time; other threads with the key share its result."""

    def __init__(self) -> None:
        self._renew()
        renew_after_fork(self, lambda own: own._renew())

    def _renew(self) -> None:
        self._lock = Lock()
        self._flights: dict[Hashable, _Flight[T]] = {}

    def call(self, key: Hashable, function: Callable[[], T]) -> T:
        """Return the result of the function, or of the call in progress with the same key.

        Raises:
            Exception: raised by the function; every waiting thread gets a copy.
        """
        while True:
            with self._lock:
                flight = self._flights.get(key)
                if flight is None:
                    own = self._flights[key] = _Flight()
                    break
            flight.finished.wait()
            if flight.error is not None:
                raise copy(flight.error)
            if flight.result:
                return flight.result[0]
            # The other thread was interrupted: one of the waiting threads calls the function.
        try:
            result = function()
            own.result.append(result)
            return result
        except Exception as error:
            own.error = error
            raise
        finally:
            with self._lock:
                self._flights.pop(key, None)  # a fork forgets it
            own.finished.set()


class BackgroundCalls(Generic[T]):
    """Runs one blocking call per key at a time, in a daemon thread; its callers go on meanwhile.

    A call may hang for as long as it likes: neither an event loop nor the end of the process waits
    for it.

    Args:
        name: name of the threads.
    """

    def __init__(self, name: str) -> None:
        self._name = name
        self._renew()
        renew_after_fork(self, lambda own: own._renew())

    def _renew(self) -> None:
        self._lock = Lock()
        self._calls: dict[Hashable, Future[T]] = {}

    def start(self, key: Hashable, function: Callable[[], T]) -> Future[T]:
        """Call a function in a thread, unless a call with the same key is in progress.

        Returns:
            The future of its result, or of that of the call in progress.
        """
        with self._lock:
            future = self._calls.get(key)
            if future is not None:
                return future
            future = self._calls[key] = Future()

        def run() -> None:
            try:
                result = function()
            except BaseException as error:
                self._forget(key)
                future.set_exception(error)
            else:
                self._forget(key)
                future.set_result(result)

        Thread(target=run, name=self._name, daemon=True).start()
        return future

    def _forget(self, key: Hashable) -> None:
        with self._lock:
            self._calls.pop(key, None)  # a fork forgets it
