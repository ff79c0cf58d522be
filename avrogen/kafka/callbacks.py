"""Callbacks of librdkafka other than delivery reports: errors, statistics, tokens, log lines.

An exception that leaves one of them is raised from the call that polls, which then drops what it
has fetched. So all that users give is isolated here.
"""

from __future__ import annotations

import json
import logging
from collections.abc import Callable
from functools import partial
from typing import TYPE_CHECKING, Any, Final, cast

from avrogen.kafka.checked_access import error_text, text_problem
from avrogen.kafka.observability.logs import LOGGER, log_event

if TYPE_CHECKING:
    from confluent_kafka import KafkaError

    from avrogen.kafka.observability.observer import Observer

__all__ = ["LIBRDKAFKA_LOGGER", "Callbacks", "call_isolated"]

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
        logger = properties.get("logger")
        properties["logger"] = LIBRDKAFKA_LOGGER if logger is None else _IsolatedLogger(logger)
        properties["error_cb"] = partial(_call_both, self.on_error, properties.get("error_cb"))
        properties["stats_cb"] = partial(
            _call_both, self._on_statistics, properties.get("stats_cb")
        )
        throttled, token = properties.get("throttle_cb"), properties.get("oauth_cb")
        if callable(throttled):
            properties["throttle_cb"] = partial(call_isolated, throttled)
        if callable(token):
            properties["oauth_cb"] = partial(_oauth_token, token)

    def on_error(self, error: KafkaError) -> None:
        """Log an error of the client. A fatal error ends the client."""
        if not error.fatal() and error.name() != "_FATAL":
            log_event(logging.WARNING, "client.error", code=error.name(), reason=error_text(error))
        elif self.fatal is None or self.fatal.name() == "_FATAL":  # which has no reason
            self.fatal = error
            log_event(logging.ERROR, "client.fatal", code=error.name(), reason=error_text(error))

    def _on_statistics(self, text: str) -> None:
        self._statistics = text
        if self._observer is not None:
            self._observer.statistics(json.loads(text))


def _call_both(own: Callable[[Any], None], given: object, argument: Any) -> None:
    """Call avrogen's callback, then the user's.

    confluent-kafka may call it with an exception pending, with which any call may fail: it has to
    be taken away meanwhile. See :mod:`avrogen.kafka.producer.delivery`.
    """
    pending: BaseException | None = None
    try:
        _without_effect()
    except SystemError as error:
        pending = error.__cause__ or error
    for callback in (own, given):
        if callable(callback):
            call_isolated(callback, argument)
    if pending is not None:
        raise pending


_without_effect: Final = partial(bool)


def call_isolated(callback: Callable[..., object], *arguments: object) -> None:
    """Call a callback, and log what it raises. Only Ctrl-C passes."""
    try:
        callback(*arguments)
    except KeyboardInterrupt:
        raise
    except BaseException:
        LOGGER.exception("callback failed: %s", _name(callback))


def _name(callback: object) -> str:
    return getattr(callback, "__qualname__", type(callback).__qualname__)


class _IsolatedLogger:
    """The part of a logger that confluent-kafka calls.

    Args:
        logger: the user's logger.
    """

    def __init__(self, logger: Any) -> None:
        self._logger = logger
        self._has_failed = False

    def log(self, level: int, text: str, *arguments: object) -> None:
        """Log a line of librdkafka. Only the first failure is reported, as there are many lines."""
        try:
            self._logger.log(level, text, *arguments)
        except KeyboardInterrupt:
            raise
        except BaseException:
            if not self._has_failed:
                self._has_failed = True
                LOGGER.exception("callback failed: %s", _name(self._logger))


def _oauth_token(callback: Callable[..., Any], config: str) -> Any:
    """Return the token of the user's ``oauth_cb``, as confluent-kafka takes it.

    librdkafka calls it in a thread of its own, which has nobody to raise to. An exception tells
    librdkafka that there is no token, and it asks again.

    Raises:
        ValueError: the result has another form. Some of these would end the process.
    """
    try:
        token = callback(config)
        _check_token(token)
    except BaseException:
        LOGGER.exception("callback failed: %s", _name(callback))
        raise
    return token


def _check_token(token: object) -> None:
    match token:
        case (str() as text, int() | float()):
            texts: list[object] = [text]
        case (str() as text, int() | float(), str() as principal):
            texts = [text, principal]
        case (str() as text, int() | float(), str() as principal, dict()):
            extensions = cast("dict[object, object]", token[3])
            texts = [text, principal, *extensions, *extensions.values()]
        case _:
            kind = type(token).__qualname__
            raise ValueError(
                "oauth_cb must return a tuple: token, expiry time in seconds since 1970, and "
                f"optionally a principal and a dict of extensions; got {kind}"
            )
    for each in texts:
        problem = text_problem(each) if isinstance(each, str) else "is no str"
        if problem is not None:
            raise ValueError(f"a text that oauth_cb has returned {problem}")
