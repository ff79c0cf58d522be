"""Logging messages that failed, not all of them when they are many."""

from __future__ import annotations

import logging
import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from avrogen.kafka.observing.events import log_event

if TYPE_CHECKING:
    from avrogen.errors import DeliveryError

__all__ = ["FailureLog"]

_INTERVAL: Final = 1.0
"""Seconds between two records of the same error."""


@dataclass(slots=True)
class _Since:
    time: float
    number: int


class FailureLog:
    """Logs ``delivery.failed``: each kind of error once a second at most, with how many there were.

    When a broker is gone, a full queue of messages fails within moments, all for one reason.

    Args:
        topic: whose messages.
        clock: seconds that never go back.
    """

    def __init__(self, topic: str, clock: Callable[[], float] = time.monotonic) -> None:
        self._topic = topic
        self._clock = clock
        self._since: dict[str | None, _Since] = {}

    def failed(self, error: DeliveryError) -> None:
        """A message was not delivered."""
        now = self._clock()
        since = self._since.setdefault(error.code, _Since(now - _INTERVAL, 0))
        since.number += 1
        if now - since.time < _INTERVAL:
            return
        number, since.time, since.number = since.number, now, 0
        log_event(
            logging.ERROR if error.fatal else logging.WARNING,
            "delivery.failed",
            topic=self._topic,
            code=error.code,
            reason=error.message,
            messages=number,
            retriable=error.retriable,
        )
