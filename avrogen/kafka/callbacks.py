"""Callbacks of librdkafka other than delivery reports: errors, statistics, tokens, log lines.

An exception that leaves one of them is raised from the call that polls, which then drops what it
has fetched. So all that users give is isolated here.
"""

from __future__ import annotations

import json
import logging
import re
from collections.abc import Callable
from functools import partial
from time import monotonic
from typing import TYPE_CHECKING, Any, Final, NamedTuple, cast

from avrogen.kafka.checked_access import error_text, text_problem
from avrogen.kafka.observability.logs import LOGGER, RepeatedFailures, log_event

if TYPE_CHECKING:
    from confluent_kafka import KafkaError

    from avrogen.kafka.observability.observer import Observer

__all__ = ["LIBRDKAFKA_LOGGER", "Callbacks", "ConnectionState", "OffsetReset", "call_isolated"]

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
        connection: errors of connections to brokers; None: of this client only.
        on_error: called with each error of the client as well.
        on_offset_reset: called when ``auto.offset.reset`` was applied to an invalid offset.
    """

    def __init__(
        self,
        observer: Observer | None,
        connection: ConnectionState | None = None,
        on_error: Callable[[KafkaError], None] | None = None,
        on_offset_reset: Callable[[OffsetReset], None] | None = None,
    ) -> None:
        self._on_error = on_error
        self._observer = observer
        self._on_offset_reset = on_offset_reset
        self._failures = RepeatedFailures()
        self._statistics: str | None = None
        self.fatal: KafkaError | None = None
        """The fatal error of the client; None if there was none."""
        self.connection = connection or ConnectionState()
        """Errors of connections to brokers."""
        self.metadata_refused = False
        """True if brokers do not accept metadata of commits that is as large as ours."""

    def statistics(self) -> dict[str, Any] | None:
        """Return the last statistics; None if there are none."""
        text = self._statistics
        return None if text is None else json.loads(text)

    def install(self, properties: dict[str, object]) -> None:
        """Put these callbacks into client properties. The user's are called after them."""
        logger = properties.get("logger")
        properties["logger"] = _ClientLog(
            LIBRDKAFKA_LOGGER if logger is None else _IsolatedLogger(logger),
            self._on_offset_reset,
            quiet=logger is None,
        )
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
        """Log an error of the client, once in an outage. A fatal error ends the client."""
        self.connection.failed(error)
        if self._on_error is not None:
            self._on_error(error)
        if not error.fatal() and error.name() != "_FATAL":
            text = error_text(error)
            if self._failures.is_new(f"{error.name()} {text}"):
                log_event(logging.WARNING, "client.error", code=error.name(), reason=text)
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
        if not self._failures.is_new(found[0]):
            # A request that was under way has failed as well, such as one before a seek.
            return True
        partition, offset = int(found["partition"]), int(found["offset"])
        self._on_offset_reset(OffsetReset(found["topic"], partition, offset, found["to"].lower()))
        return True


# --- connections ----------------------------------------------------------------------------------

_REQUEST: Final = 1.0
"""Seconds that a request to find out if a broker answers may take."""

_INTERVAL: Final = 2.0
"""Seconds between two such requests."""

_RECENT: Final = 60.0
"""Seconds after which an error counts no more, as librdkafka repeats those that last."""

AUTH_PATIENCE: Final = 5.0
"""Seconds that authentication must have failed, with every broker, to count as refused. A broker
that is starting refuses credentials that it has not loaded yet."""


class ConnectionState:
    """Errors of connections to brokers, until a broker answers again.

    librdkafka reports connections that fail, and none that works again. So after an error, the poll
    thread asks for metadata now and then (:meth:`check`), until there is an answer. Other threads
    may read, without locks.

    Args:
        clock: monotonic clock, in seconds.
    """

    def __init__(self, clock: Callable[[], float] = monotonic) -> None:
        self._clock = clock
        self._refusals: dict[str, tuple[str, float]] = {}
        self._last: KafkaError | None = None
        self._refused_since: float | None = None
        self._down = False
        self.unanswered = False
        """True if the last request had no answer."""
        self._next_request = 0.0

    @property
    def brokers_down(self) -> bool:
        """True if no broker can be reached, and the last request had no answer."""
        return self._down and self.unanswered

    @property
    def auth_error(self) -> str | None:
        """Reason why authentication fails, as far as is known; None if it does not fail."""
        earliest = self._clock() - _RECENT
        reasons = (reason for reason, at in list(self._refusals.values()) if at >= earliest)
        return next(reasons, None)

    @property
    def refused(self) -> KafkaError | None:
        """The error after which no broker accepts the credentials; None if there is none."""
        since = self._refused_since
        if since is None or not self.unanswered or self.auth_error is None:
            return None
        return self._last if self._clock() - since >= AUTH_PATIENCE else None

    def failed(self, error: KafkaError) -> None:
        """Take note of an error of the client, whichever it is."""
        name, text = error.name(), error_text(error)
        broker, _, reason = text.partition(": ")
        if name == "_ALL_BROKERS_DOWN":
            self._down = True
        elif _is_refusal(name, text):
            now = self._clock()
            if self._refused_since is None:
                self._refused_since = now
            self._last = error
            self._refusals[broker] = (reason.partition(" (after ")[0] or text, now)
        else:
            # The broker cannot be reached any more: what it said before says nothing.
            self._refusals.pop(broker, None)
            if not self._refusals:
                self._refused_since = None

    def check(self, request: Callable[[float], object]) -> None:
        """Find out if a broker answers, unless nothing has failed.

        Args:
            request: asks a broker, within the seconds that it is given.
        """
        if not (self._down or self._refusals) or self._clock() < self._next_request:
            return
        from confluent_kafka import KafkaException

        try:
            request(_REQUEST)
        except KafkaException:
            self.unanswered = True
        else:
            self._refusals.clear()
            self._refused_since = None
            self._down = self.unanswered = False
        self._next_request = self._clock() + _INTERVAL


def _is_refusal(name: str, text: str) -> bool:
    """Return True if an error is about who the client is, or who the broker is."""
    if name in ("_SSL", "_TRANSPORT"):
        # Not the handshake that a proxy ends because its broker is away.
        return any(word in text.lower() for word in ("certificate", "unknown ca"))
    return name in ("_AUTHENTICATION", "SASL_AUTHENTICATION_FAILED")
