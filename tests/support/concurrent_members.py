"""Members that handle messages concurrently, with threads or with asyncio."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from time import sleep
from typing import Any, Literal, TypeAlias

from tests.support.clients import async_consumer_of
from tests.support.scenes import EventMessage, Member, Scene

__all__ = ["Style", "concurrent_member"]

Style: TypeAlias = Literal["sync", "asyncio"]


class _AsyncMember(Member):
    """A member with a consumer for asyncio."""

    def _run(self) -> None:
        async def main() -> None:
            consumer: Any = self.consumer
            async with consumer:
                await self._run_it(self._handle)  # type: ignore[misc]

        try:
            asyncio.run(main())
        except BaseException as error:
            self._error = error


def concurrent_member(
    scene: Scene,
    style: Style,
    handle: Callable[[EventMessage], float | None],
    settings: dict[str, object] | None = None,
    *,
    run: dict[str, Any] | None = None,
    **options: Any,
) -> Member:
    """A member of a scene's group.

    Args:
        scene: the topic and the group.
        style: threads, or asyncio.
        handle: called with each message; the handler waits for the seconds that it returns.
        settings: of the client.
        run: arguments of ``run``.
        options: of the consumer.
    """
    run = {"concurrency": 8, **(run or {})}
    if style == "sync":
        consumer: Any = scene.consumer(settings, **options)

        def call(message: EventMessage) -> None:
            sleep(handle(message) or 0)

        return Member(consumer, call, run=lambda given: consumer.run(given, **run))

    async def call_and_await(message: EventMessage) -> None:
        await asyncio.sleep(handle(message) or 0)

    options.setdefault("group_id", scene.group)
    other: Any = async_consumer_of(scene.topic)(scene.config(settings), **options)
    return _AsyncMember(other, call_and_await, run=lambda given: other.run(given, **run))
