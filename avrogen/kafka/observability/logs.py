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

from avrogen.message_text import exception_text, printable

__all__ = ["LOGGER", "RepeatedFailures", "describe", "log_event"]

LOGGER: Final = logging.getLogger("avrogen.kafka")


def log_event(
    level: int,
    event: str,
    *,
    error: BaseException | None = None,
    traceback: str | None = None,
    **fields: object,
) -> None:
    """Log an event.

    Args:
        level: level of :mod:`logging`.
        event: name of the event, such as ``producer.started``.
        error: exception to be logged, with its traceback from the first call outside of avrogen.
        traceback: that traceback, if it was formatted already.
        fields: fields by name; None is left out. Attributes that every record has are no valid
            names.
    """
    if not LOGGER.isEnabledFor(level):
        return
    known = {name: value for name, value in fields.items() if value is not None}
    text = " ".join((event, *(f"{name}={exception_text(value)}" for name, value in known.items())))
    extra = {"event": event, **known}
    if error is None:
        LOGGER.log(level, "%s", text, extra=extra)
        return
    from avrogen.kafka.observability.tracebacks import exception_traceback, foreign_traceback

    exc_info = type(error), error, foreign_traceback(error)
    path, line, function, _ = LOGGER.findCaller()
    record = LOGGER.makeRecord(
        LOGGER.name, level, path, line, "%s", (text,), exc_info, function, extra
    )
    # Where formatters keep it for each other: several handlers format it once.
    record.exc_text = (exception_traceback(error) if traceback is None else traceback).rstrip("\n")
    LOGGER.handle(record)


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
