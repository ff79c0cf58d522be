"""Callbacks of librdkafka other than delivery reports: errors, statistics, log lines."""

from __future__ import annotations

import json
import logging
from collections.abc import Callable
from functools import partial
from typing import TYPE_CHECKING, Any, Final

from avrogen.kafka.observability.logs import LOGGER, log_event

if TYPE_CHECKING:
    from confluent_kafka import KafkaError

    from avrogen.kafka.observability.observer import Observer

__all__ = ["LIBRDKAFKA_LOGGER", "Callbacks"]

LIBRDKAFKA_LOGGER: Final = logging.getLogger("avrogen.kafka.librdkafka")
"""Logger for librdkafka's log lines, which would go to stderr."""


def _is_relevant(record: logging.LogRecord) -> bool:
    # One mapping configures producers and consumers, so each ignores some properties.
    return "property and will be ignored by this" not in record.getMessage()


LIBRDKAFKA_LOGGER.addFilter(_is_relevant)


class Callbacks:
    """Keeps the last statistics and the fatal error. It holds no reference to the client.

    Args:
        observer: observer for statistics; None for none.
    """

    def __init__(self, observer: Observer | None) -> None:
        self._observer = observer
        self._statistics: str | None = None
        self.fatal: KafkaError | None = None
        """The fatal error of the client; None if there was none."""

    def statistics(self) -> dict[str, Any] | None:
        """Return the last statistics; None if there are none."""
        text = self._statistics
        return None if text is None else json.loads(text)

    def install(self, properties: dict[str, object]) -> None:
        """Put these callbacks into client properties. The user's are called after them."""
        properties.setdefault("logger", LIBRDKAFKA_LOGGER)
        properties["error_cb"] = partial(_call_both, self.on_error, properties.get("error_cb"))
        properties["stats_cb"] = partial(
            _call_both, self._on_statistics, properties.get("stats_cb")
        )

    def on_error(self, error: KafkaError) -> None:
        """Log an error of the client. A fatal error ends the client."""
        if not error.fatal() and error.name() != "_FATAL":
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
