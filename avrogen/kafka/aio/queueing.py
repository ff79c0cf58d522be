"""Sends that wait for room in librdkafka's queue, in the order in which they came."""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Callable
from typing import TYPE_CHECKING, TypeAlias

if TYPE_CHECKING:
    from avrogen.kafka.aio.handover import Ticket
    from avrogen.kafka.producing.channel import Arguments

__all__ = ["Queueing"]

_Entry: TypeAlias = "tuple[Ticket, Arguments, asyncio.Future[None]]"


class Queueing:
    """Lets sends wait, first come, first served.

    Args:
        produce: queues a message; BufferError if there is no room.
    """

    def __init__(self, produce: Callable[[Ticket, Arguments], None]) -> None:
        self._produce = produce
        self._entries: deque[_Entry] = deque()

    def __len__(self) -> int:
        """How many wait."""
        return len(self._entries)

    async def wait(self, ticket: Ticket, arguments: Arguments, timeout: float | None) -> bool:
        """Queue a message once those before it are, and there is room.

        Args:
            ticket: of the message; says whether it was queued.
            arguments: what is produced.
            timeout: seconds; None: for ever.

        Returns:
            Whether there was room in time.

        Raises:
            CancelledError: it was cancelled.
            Exception: what ``produce`` raises, but for BufferError.
        """
        queued = asyncio.get_running_loop().create_future()
        self._entries.append((ticket, arguments, queued))
        try:
            async with asyncio.timeout(timeout):
                await queued
        except TimeoutError:
            pass
        return ticket.is_queued

    def fill(self) -> None:
        """Queue as many as there is room for."""
        while self._entries:
            ticket, arguments, queued = self._entries[0]
            if not queued.done():  # else it was cancelled
                try:
                    self._produce(ticket, arguments)
                except BufferError:
                    return
                except Exception as error:
                    queued.set_exception(error)
                else:
                    ticket.is_queued = True
                    queued.set_result(None)
            self._entries.popleft()

    def refuse_all(self, error: Exception) -> None:
        """Let all that still wait raise an error."""
        while self._entries:
            _, _, queued = self._entries.popleft()
            if not queued.done():
                queued.set_exception(error)
