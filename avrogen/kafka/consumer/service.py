"""Several consumers in one service: :func:`run_all`.

All start, and all end together: by a signal, or when one of them fails. Synchronous consumers run
in a thread each, asyncio consumers in a task each.
"""

from __future__ import annotations

import asyncio
import contextvars
import threading
from collections.abc import Callable, Coroutine, Sequence
from contextlib import (
    AbstractAsyncContextManager,
    AbstractContextManager,
    AsyncExitStack,
    ExitStack,
)
from dataclasses import dataclass
from typing import Any, Protocol, cast, overload

from avrogen.kafka.consumer.signals import StopSignals

__all__ = ["AsyncConsumerRun", "ConsumerRun", "run_all"]


class Member(Protocol):
    """A consumer of a service."""

    @property
    def is_open(self) -> bool:
        """True in its ``with`` block."""
        ...

    def stop(self) -> None:
        """Stop gracefully."""
        ...


class SyncMember(Member, AbstractContextManager[Any], Protocol):
    """A synchronous one."""


class AsyncMember(Member, AbstractAsyncContextManager[Any], Protocol):
    """One for asyncio."""


@dataclass(frozen=True, slots=True)
class ConsumerRun:
    """A synchronous consumer with its handler, see :meth:`TopicConsumer.handling`.

    Attributes:
        consumer: the consumer, which may be open.
        topic: the topic's name.
        run: handles messages until the consumer stops.
        signals: true if signals stop it.
    """

    consumer: SyncMember
    topic: str
    run: Callable[[], object]
    signals: bool


@dataclass(frozen=True, slots=True)
class AsyncConsumerRun:
    """An asyncio consumer with its handler, see :meth:`AsyncTopicConsumer.handling`.

    Attributes:
        consumer: the consumer, which may be open.
        topic: the topic's name.
        run: handles messages until the consumer stops.
        signals: true if signals stop it.
    """

    consumer: AsyncMember
    topic: str
    run: Callable[[], Coroutine[Any, Any, None]]
    signals: bool


@overload
def run_all(*runs: ConsumerRun) -> None: ...
@overload
def run_all(*runs: AsyncConsumerRun) -> Coroutine[Any, Any, None]: ...
def run_all(
    *runs: ConsumerRun | AsyncConsumerRun,
) -> Coroutine[Any, Any, None] | None:
    """Run several consumers until all have stopped.

    ::

        run_all(orders.handling(handle), returns.handling(other))
        await run_all(async_orders.handling(handle), async_returns.handling(other))

    A signal stops all of them gracefully, within one ``grace``. If one fails, the others stop
    gracefully, and its error is raised. Consumers that are not open are opened before any of them
    is run, and closed at the end.

    Args:
        runs: results of ``handling``, ``handling_batches`` and ``handling_transactional``. Handlers
            of synchronous consumers are called in a thread for each consumer, at the same time.

    Raises:
        ConsumeError: a consumer cannot go on; or any error that opening it raises.
        ValueError: there is no run.
        TypeError: there are runs of both kinds, or something else.
    """
    if not runs:
        raise ValueError("run_all needs at least one consumer: run_all(orders.handling(handle))")
    if all(isinstance(run, ConsumerRun) for run in runs):
        _run_in_threads(cast("Sequence[ConsumerRun]", runs))
        return None
    if all(isinstance(run, AsyncConsumerRun) for run in runs):
        return _run_in_tasks(cast("Sequence[AsyncConsumerRun]", runs))
    kinds = ", ".join(sorted({type(run).__name__ for run in runs}))
    raise TypeError(
        "run_all expects what handling() of consumers returns, all synchronous or all for asyncio; "
        f"got {kinds}"
    )


def _run_in_threads(runs: Sequence[ConsumerRun]) -> None:
    failures: list[tuple[ConsumerRun, BaseException]] = []

    def work(run: ConsumerRun) -> None:
        try:
            run.run()
        except BaseException as error:
            failures.append((run, error))
            _stop(runs)

    with ExitStack() as stack, StopSignals(enabled=any(run.signals for run in runs)):
        for run in runs:
            if not run.consumer.is_open:
                stack.enter_context(run.consumer)
        threads = [
            threading.Thread(
                target=contextvars.copy_context().run,
                args=(work, run),
                name=f"consumer of {run.topic}",
                daemon=True,  # Ctrl-C in this thread waits for the grace only
            )
            for run in runs
        ]
        try:
            for thread in threads:
                thread.start()
            for thread in threads:
                thread.join()
        finally:
            _stop(runs)
    _raise_first([(run.topic, error) for run, error in failures])


async def _run_in_tasks(runs: Sequence[AsyncConsumerRun]) -> None:
    async with AsyncExitStack() as stack:
        with StopSignals(enabled=any(run.signals for run in runs)):
            for run in runs:
                if not run.consumer.is_open:
                    await stack.enter_async_context(run.consumer)
            failures: list[tuple[str, BaseException]] = []

            async def work(run: AsyncConsumerRun) -> None:
                try:
                    await run.run()
                except BaseException as error:
                    failures.append((run.topic, error))
                    _stop(runs)

            tasks = [asyncio.create_task(work(run)) for run in runs]
            try:
                await asyncio.wait(tasks)
            except asyncio.CancelledError:
                for task in tasks:
                    task.cancel()
                await asyncio.wait(tasks)
                raise
    _raise_first(failures)


def _stop(runs: Sequence[ConsumerRun | AsyncConsumerRun]) -> None:
    for run in runs:
        run.consumer.stop()


def _raise_first(failures: Sequence[tuple[str, BaseException]]) -> None:
    if not failures:
        return
    (_, first), *others = failures
    for topic, error in others:
        first.add_note(f"the consumer of {topic} failed as well: {type(error).__name__}: {error}")
    raise first
