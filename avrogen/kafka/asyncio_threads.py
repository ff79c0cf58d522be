"""Calls that block, in a thread: there are few, at the beginning and the end of something."""

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
    """What a function gives that runs in a thread. It runs to its end even if this is cancelled.

    Args:
        function: what to call.
        undo: called in a thread with the result if nobody is there to take it any more.
        args: its arguments.
        kwargs: its arguments.

    Raises:
        CancelledError: this was cancelled; the function has ended, and its result is undone.
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
    """Wait for it to end, whoever cancels this meanwhile; that is on its way already."""
    while not running.done():
        try:
            await asyncio.wait([running])
        except asyncio.CancelledError:
            continue


def no_undo(result: object) -> None:
    """For what cannot be undone, and need not be."""
