"""What librdkafka tells a client beside delivery reports: errors, statistics, log lines."""

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
"""Where librdkafka's own log lines go. Without it, it writes them to stderr."""


def _is_news(record: logging.LogRecord) -> bool:
    # A service has one mapping of settings, from which each client takes what is for it.
    return "property and will be ignored by this" not in record.getMessage()


LIBRDKAFKA_LOGGER.addFilter(_is_news)


class Callbacks:
    """Keeps what librdkafka tells. It does not know the client, which can be forgotten therefore.

    Args:
        observer: who is given statistics.
    """

    def __init__(self, observer: Observer | None) -> None:
        self._observer = observer
        self._statistics: str | None = None
        self.fatal: KafkaError | None = None
        """The error after which nothing can be sent."""

    def statistics(self) -> dict[str, Any] | None:
        """The last statistics; None if there are none."""
        text = self._statistics
        return None if text is None else json.loads(text)

    def put_before_given(self, settings: dict[str, object]) -> None:
        """Make settings call these, and then those of the user that they hold."""
        settings.setdefault("logger", LIBRDKAFKA_LOGGER)
        settings["error_cb"] = partial(_tried, self.on_error, settings.get("error_cb"))
        settings["stats_cb"] = partial(_tried, self._on_statistics, settings.get("stats_cb"))

    def on_error(self, error: KafkaError) -> None:
        """Something is wrong with the client, not with a message. Fatal errors end it."""
        if not error.fatal() and error.name() != "_FATAL":
            log_event(logging.WARNING, "client.error", code=error.name(), reason=error.str())
        elif self.fatal is None or self.fatal.name() == "_FATAL":  # which gives no reason
            self.fatal = error
            log_event(logging.ERROR, "client.fatal", code=error.name(), reason=error.str())

    def _on_statistics(self, text: str) -> None:
        self._statistics = text
        if self._observer is not None:
            self._observer.statistics(json.loads(text))


def _tried(own: Callable[[Any], None], given: object, argument: Any) -> None:
    """Ours, then the user's. On Python 3.11, what they raise would surface as SystemError."""
    for callback in (own, given):
        if callable(callback):
            try:
                callback(argument)
            except Exception:
                LOGGER.exception("callback failed: %r", callback)
