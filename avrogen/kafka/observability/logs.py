"""Log events of producers and consumers, to the logger ``avrogen.kafka``.

The text of a record is for people. The name of the event and its fields are attributes of the
record (``record.event``, ``record.topic``), for structured formatters.
"""

from __future__ import annotations

import logging
import re
from collections.abc import Callable
from time import monotonic
from typing import Final

from avrogen.message_text import exception_text, foreign_traceback, printable

__all__ = ["LOGGER", "RepeatedFailures", "describe", "log_event"]

LOGGER: Final = logging.getLogger("avrogen.kafka")


def log_event(
    level: int, event: str, *, error: BaseException | None = None, **fields: object
) -> None:
    """Log an event.

    Args:
        level: level of :mod:`logging`.
        event: name of the event, such as ``producer.started``.
        error: exception to be logged, with its traceback from the first call outside of avrogen.
        fields: fields by name; None is left out. Attributes that every record has are no valid
            names.
    """
    if not LOGGER.isEnabledFor(level):
        return
    known = {name: value for name, value in fields.items() if value is not None}
    text = " ".join((event, *(f"{name}={exception_text(value)}" for name, value in known.items())))
    traceback = None if error is None else (type(error), error, foreign_traceback(error))
    LOGGER.log(level, "%s", text, exc_info=traceback, extra={"event": event, **known})


def describe(error: BaseException) -> str:
    """Return the type and the text of an exception, in one line."""
    name = type(error).__qualname__
    text = " ".join(exception_text(error).split())
    return printable(f"{name}: {text}" if text else name)


# --- failures that repeat -------------------------------------------------------------------------

_OUTAGE: Final = 60.0
"""Seconds without a failure after which the same one is another outage.

librdkafka connects again after ``reconnect.backoff.max.ms`` (10 s), and fails after
``socket.connection.setup.timeout.ms`` (30 s) at most.
"""

_MOST: Final = 200
"""Different failures that are remembered."""

_VARYING: Final = re.compile(
    # "(after 0ms in state CONNECT, 1 identical error(s) suppressed)"
    r" \(after [^()]*(?:\([^()]*\)[^()]*)*\)|\b\d+ ?ms\b|\b\d+/\d+ brokers\b"
)
"""Parts of librdkafka's texts that change while an outage lasts."""


class RepeatedFailures:
    """Tells failures that are new from those that repeat while an outage lasts.

    Args:
        clock: seconds.
    """

    def __init__(self, clock: Callable[[], float] = monotonic) -> None:
        self._clock = clock
        self._seen: dict[str, float] = {}

    def is_new(self, text: str) -> bool:
        """Return true unless the same failure was there a short time ago.

        Args:
            text: text of the failure. Times and counts in it do not matter.
        """
        now, key = self._clock(), _VARYING.sub("", text)
        before = self._seen.pop(key, None)
        self._seen[key] = now
        if len(self._seen) > _MOST:
            del self._seen[next(iter(self._seen))]
        return before is None or now - before > _OUTAGE
