"""Consumers that stop by themselves: :class:`StopsWhenDone`."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from threading import Event, Thread
from typing import Any, Final, TypeAlias

from avrogen.errors import ClosedError, ConsumeError
from avrogen.kafka.consumer.async_consumer import AsyncTopicConsumer
from avrogen.kafka.consumer.consumer import TopicConsumer

__all__ = ["AnyConsumer", "StopsWhenDone"]

AnyConsumer: TypeAlias = "TopicConsumer[Any, Any] | AsyncTopicConsumer[Any, Any]"

_CHECK_INTERVAL: Final = 0.01


class StopsWhenDone:
    """Stops a consumer as soon as it has handled all that is on its topic.

    Args:
        consumer: not opened yet.
    """

    def __init__(self, consumer: AnyConsumer) -> None:
        self._consumer = consumer
        self._given_up = Event()
        name = f"end of {consumer.topic.name}"
        self._thread = Thread(target=self._watch, name=name, daemon=True)
        self._thread.start()

    def give_up(self) -> None:
        """Look no longer."""
        self._given_up.set()
        self._thread.join()

    def _watch(self) -> None:
        with asyncio.Runner() as runner:
            lag = _lag_of(self._consumer, runner)
            opened = False
            while not self._given_up.wait(_CHECK_INTERVAL):
                try:
                    assigned = self._consumer.assignment()
                    opened = True
                    if assigned and not any(lag().values()):
                        self._consumer.stop()
                        return
                except ClosedError:
                    if opened:
                        return


def _lag_of(consumer: AnyConsumer, runner: asyncio.Runner) -> Callable[[], dict[int, int]]:
    """How far it is behind, whoever asks."""

    def lag() -> dict[int, int]:
        try:
            if isinstance(consumer, AsyncTopicConsumer):
                return runner.run(consumer.lag())
            return consumer.lag()
        except ConsumeError:
            return {-1: 1}  # the brokers do not answer: it is not done

    return lag
