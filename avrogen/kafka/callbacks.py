"""Callbacks of librdkafka other than delivery reports: errors, statistics, log lines."""

from __future__ import annotations

import json
import logging
import re
from collections.abc import Callable
from functools import partial
from typing import TYPE_CHECKING, Any, Final, NamedTuple

from avrogen.kafka.observability.logs import LOGGER, RepeatedFailures, log_event

if TYPE_CHECKING:
    from confluent_kafka import KafkaError

    from avrogen.kafka.observability.observer import Observer

__all__ = ["LIBRDKAFKA_LOGGER", "Callbacks", "OffsetReset"]

LIBRDKAFKA_LOGGER: Final = logging.getLogger("avrogen.kafka.librdkafka")
"""Logger for librdkafka's log lines, which would go to stderr."""


def _is_relevant(record: logging.LogRecord) -> bool:
    # One mapping configures producers and consumers, so each ignores some properties.
    return "property and will be ignored by this" not in record.getMessage()


LIBRDKAFKA_LOGGER.addFilter(_is_relevant)


class OffsetReset(NamedTuple):
    """A partition that is consumed from another offset, as its own does not exist.

    Attributes:
        topic: name of the topic.
        partition: number of the partition.
        offset: the offset that does not exist: its messages were deleted, or never written.
        to: ``beginning`` or ``end``.
    """

    topic: str
    partition: int
    offset: int
    to: str


class Callbacks:
    """Keeps the last statistics and the fatal error. It holds no reference to the client.

    Args:
        observer: observer for statistics; None for none.
        on_offset_reset: called when ``auto.offset.reset`` was applied to an invalid offset.
    """

    def __init__(
        self,
        observer: Observer | None,
        on_offset_reset: Callable[[OffsetReset], None] | None = None,
    ) -> None:
        self._observer = observer
        self._on_offset_reset = on_offset_reset
        self._failures = RepeatedFailures()
        self._statistics: str | None = None
        self.fatal: KafkaError | None = None
        """The fatal error of the client; None if there was none."""

    def statistics(self) -> dict[str, Any] | None:
        """Return the last statistics; None if there are none."""
        text = self._statistics
        return None if text is None else json.loads(text)

    def install(self, properties: dict[str, object]) -> None:
        """Put these callbacks into client properties. The user's are called after them."""
        logger = properties.get("logger")
        properties["logger"] = _ClientLog(
            LIBRDKAFKA_LOGGER if logger is None else logger,
            self._on_offset_reset,
            quiet=logger is None,
        )
        properties["error_cb"] = partial(_call_both, self.on_error, properties.get("error_cb"))
        properties["stats_cb"] = partial(
            _call_both, self._on_statistics, properties.get("stats_cb")
        )

    def on_error(self, error: KafkaError) -> None:
        """Log an error of the client, once in an outage. A fatal error ends the client."""
        if not error.fatal() and error.name() != "_FATAL":
            if self._failures.is_new(f"{error.name()} {error.str()}"):
                log_event(logging.WARNING, "client.error", code=error.name(), reason=error.str())
        elif self.fatal is None or self.fatal.name() == "_FATAL":  # which has no reason
            self.fatal = error
            log_event(logging.ERROR, "client.fatal", code=error.name(), reason=error.str())

    def _on_statistics(self, text: str) -> None:
        self._statistics = text
        if self._observer is not None:
            self._observer.statistics(json.loads(text))


def _call_both(own: Callable[[Any], None], given: object, argument: Any) -> None:
    """Call avrogen's callback, then the user's. On Python 3.11, exceptions become SystemError."""
    for callback in (own, given):
        if callable(callback):
            try:
                callback(argument)
            except Exception:
                LOGGER.exception("callback failed: %r", callback)


# --- log lines of librdkafka ----------------------------------------------------------------------

_RESET: Final = re.compile(
    r"(?P<topic>[\w.-]+) \[(?P<partition>\d+)\]: offset reset \(at (?:offset )?(?P<offset>\d+)\b"
    r".*? to (?:cached )?(?:offset )?(?P<to>\w+)"
)
"""The line that librdkafka logs when it resets an offset because of an error (``OFFSET``)."""


class _ClientLog:
    """The part of a logger that confluent-kafka calls, for one client.

    Args:
        logger: gets the lines.
        on_offset_reset: called for lines that report one.
        quiet: leave out lines that repeat, and those that ``error_cb`` gets as well. A logger of
            the user has them all.
    """

    def __init__(
        self,
        logger: Any,
        on_offset_reset: Callable[[OffsetReset], None] | None,
        *,
        quiet: bool,
    ) -> None:
        self._logger = logger
        self._on_offset_reset = on_offset_reset
        self._quiet = quiet
        self._failures = RepeatedFailures()

    def log(self, level: int, text: str, *arguments: object) -> None:
        """Log a line: its facility, the name of the client, and the text."""
        facility, line = str(arguments[0]), str(arguments[-1])
        reset = self._is_offset_reset(facility, line)
        if self._quiet:
            if reset or facility == "FAIL":
                return  # there is an event that says the same
            if level >= logging.WARNING and not self._failures.is_new(f"{facility} {line}"):
                return
        self._logger.log(level, text, *arguments)

    def _is_offset_reset(self, facility: str, line: str) -> bool:
        if facility != "OFFSET" or self._on_offset_reset is None:
            return False
        found = _RESET.search(line)
        if found is None:
            return False
        partition, offset = int(found["partition"]), int(found["offset"])
        self._on_offset_reset(OffsetReset(found["topic"], partition, offset, found["to"].lower()))
        return True
