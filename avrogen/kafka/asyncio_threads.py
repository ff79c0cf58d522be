"""Blocking calls in threads, which a cancellation does not leave half done."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import ParamSpec, TypeVar

__all__ = ["no_undo", "run_to_completion"]

P = ParamSpec("P")
T = TypeVar("T")


async def run_to_completion(
    function: Callable[P, T], undo: Callable[[T], object], *args: P.args, **kwargs: P.kwargs
) -> T:
    """Call a function in a thread and return its result. A cancellation waits for its end.

    Args:
        function: the blocking function.
        undo: called in a thread with the result after a cancellation.
        args: positional arguments of the function.
        kwargs: keyword arguments of the function.

    Raises:
        CancelledError: the task was cancelled; the function has ended, and ``undo`` was called.
    """
    running = asyncio.ensure_future(asyncio.to_thread(function, *args, **kwargs))
    try:
        return await asyncio.shield(running)
    except asyncio.CancelledError:
        if not running.cancelled():
            await _settled(running)
            if running.exception() is None:
                await _settled(asyncio.ensure_future(asyncio.to_thread(undo, running.result())))
        raise


async def _settled(running: asyncio.Future[T]) -> None:
    """Wait for the end of a call. Further cancellations are ignored: one is being raised."""
    while not running.done():
        try:
            await asyncio.wait([running])
        except asyncio.CancelledError:
            continue


def no_undo(result: object) -> None:
    """Do nothing: for functions that need no undo."""
