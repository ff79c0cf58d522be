"""Messages by ``async for``."""

from __future__ import annotations

from collections import deque
from contextlib import ExitStack
from typing import TYPE_CHECKING, Generic, Self, TypeVar

from avrogen.kafka.aio.loop import AsyncLoop
from avrogen.kafka.aio.signals import LoopSignals
from avrogen.kafka.consuming.loop import make_current

if TYPE_CHECKING:
    from avrogen.kafka.consuming.poller import RawLane
    from avrogen.kafka.message import Message

__all__ = ["AsyncMessages"]

K = TypeVar("K")
V = TypeVar("V")


class AsyncMessages(Generic[K, V]):
    """Messages until the consumer stops; one counts as handled when the next is asked for.

    It is no generator, as those end when they are cancelled: whoever gives up waiting for a message
    (``asyncio.timeout``) can ask again, and nothing is lost.

    Args:
        loop: takes lanes.
        signals: in place while messages are asked for.
    """

    def __init__(self, loop: AsyncLoop[K, V], signals: LoopSignals) -> None:
        self._loop = loop
        self._signals = signals
        self._lane: RawLane | None = None
        self._ahead: deque[Message[K, V]] = deque()
        self._in_hand: Message[K, V] | None = None
        self._observation = ExitStack()
        self._asking = False
        self._ended = False

    def __aiter__(self) -> Self:
        return self

    async def __anext__(self) -> Message[K, V]:
        """The next message.

        Raises:
            StopAsyncIteration: the consumer stops.
            ConsumeError: it must not go on.
            RuntimeError: another task waits for the next message already.
        """
        if self._asking:
            raise RuntimeError("another task waits for the next message already")
        self._asking = True
        try:
            self._finish()
            message = None
            while message is None and not self._ended:
                message = await self._next()
        except Exception:
            self.abandon()
            raise
        finally:
            self._asking = False
        if message is None:
            raise StopAsyncIteration
        self._in_hand = message
        make_current(message)
        self._observation.enter_context(self._loop.handling.observation([message]))
        return message

    def abandon(self) -> None:
        """Nobody will ask for more. The message in hand, if there is one, was not handled."""
        self._ended = True
        self._signals.leave()
        self._in_hand = None
        self._observation.close()
        if self._lane is not None:
            self._give_back(self._lane)

    def _finish(self) -> None:
        """The message that was given out was handled."""
        self._observation.close()
        if self._in_hand is not None and self._lane is not None:
            self._loop.handling.done(self._lane, self._in_hand.offset)
            self._in_hand = None
            if self._lane.interrupted or not self._ahead:
                self._give_back(self._lane)

    async def _next(self) -> Message[K, V] | None:
        """The next message; None: there is none yet, or none any more."""
        if self._lane is not None and self._lane.interrupted:
            self._give_back(self._lane)
        if self._ahead:
            return self._ahead.popleft()
        if self._lane is None:
            self._signals.enter()
            self._lane = await self._loop.waking.wait(self._loop.poller)
            if self._lane is None:
                self.abandon()
                return None
        # If this is cancelled while the registry is asked, the lane stays for the next time.
        messages, rest = await self._loop.read(self._lane)
        self._ahead.extend(messages)
        if not messages:
            self._give_back(self._lane, rest)
        return None

    def _give_back(self, lane: RawLane, rest: float | None = None) -> None:
        self._lane = None
        self._ahead.clear()
        self._loop.poller.give_back(lane, rest=rest)
