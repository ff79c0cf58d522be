"""Health of producers and consumers, for liveness and readiness probes.

*Alive* is false if only a restart helps: a fatal error, a handler that hangs. *Ready* is false as
well while a restart would not help: brokers are away, or refuse the credentials. To find out waits
for nothing and asks no broker, so any thread may, and an event loop.
"""

from __future__ import annotations

import logging
import os
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from threading import Event, Thread
from time import monotonic
from types import TracebackType
from typing import TYPE_CHECKING, Final, Literal, Protocol, Self, TypeAlias

from avrogen.kafka.checked_access import error_text
from avrogen.kafka.observability.logs import log_event

if TYPE_CHECKING:
    from avrogen.kafka.callbacks import Callbacks, ConnectionState
    from avrogen.kafka.consumer.consumer_poll_thread import ConsumerPollThread
    from avrogen.kafka.producer.delivery import DeliveryTracker
    from avrogen.kafka.producer.producer_poll_thread import ProducerPollThread

__all__ = [
    "ConsumerHealth",
    "ConsumerState",
    "HasHealth",
    "Health",
    "HealthFile",
    "ProducerHealth",
    "ProducerState",
    "consumer_health",
    "producer_health",
    "unopened_producer",
]

ConsumerState: TypeAlias = Literal[
    "new", "waiting", "assigned", "idle", "stopping", "closed", "failed"
]
"""State of a consumer: not opened yet; waiting for an assignment; with partitions; a member of the
group without partitions, as other members have them all; stopping; closed; stopped by an error."""

ProducerState: TypeAlias = Literal["new", "open", "closed", "failed"]
"""State of a producer: not opened yet; in use; closed; unusable after a fatal error."""

_PRODUCER_POLL_LIMIT: Final = 60.0
"""Seconds without a poll after which a producer's poll thread counts as hanging."""

_UNOPENED: Final = "not opened yet"


class Health(Protocol):
    """The part of health that producers and consumers have in common."""

    @property
    def alive(self) -> bool:
        """False if only a restart helps: for liveness probes."""
        ...

    @property
    def ready(self) -> bool:
        """True if messages are handled, or sent: for readiness probes."""
        ...

    @property
    def reasons(self) -> tuple[str, ...]:
        """Reasons why it is not alive, or not ready."""
        ...


class HasHealth(Protocol):
    """A producer or a consumer."""

    def health(self) -> Health:
        """Return its health."""
        ...


@dataclass(frozen=True, slots=True)
class ConsumerHealth:
    """Health of a consumer.

    Attributes:
        alive: false if only a restart helps: it has failed or was closed, a message has been in
            flight for too long, or nothing polls any more. For liveness probes.
        ready: true if messages are handled: a handler runs, the group has assigned partitions, or
            none as there are enough members, and brokers answer. For readiness probes.
        state: what it does.
        reasons: reasons why it is not alive, or not ready.
        partitions: numbers of the assigned partitions, ascending.
        last_poll: seconds since the last poll; None: it was not opened yet.
        oldest_in_flight: age of the oldest in-flight message, in seconds; None: there is none.
        auth_error: reason why brokers refuse the credentials, or access to the topic or the group,
            or why the registry refuses; None: they do not.
        fatal_error: the error that has ended it; None: there was none.
        brokers_down: true if no broker can be reached.
    """

    alive: bool
    ready: bool
    state: ConsumerState
    reasons: tuple[str, ...]
    partitions: tuple[int, ...] = ()
    last_poll: float | None = None
    oldest_in_flight: float | None = None
    auth_error: str | None = None
    fatal_error: str | None = None
    brokers_down: bool = False


@dataclass(frozen=True, slots=True)
class ProducerHealth:
    """Health of a producer.

    Attributes:
        alive: false if only a restart helps: after a fatal error, after it was closed, or if
            nothing polls any more. For liveness probes.
        ready: true if messages are delivered, as far as is known: brokers answer, and no message
            waits longer than ``request.timeout.ms``. For readiness probes.
        state: what it does.
        reasons: reasons why it is not alive, or not ready.
        in_flight: number of messages that are neither delivered nor failed.
        last_poll: seconds since the last poll, which serves delivery reports.
        oldest_in_flight: age of the oldest in-flight message, in seconds, to a second less; None:
            there is none that old.
        auth_error: reason why brokers refuse the credentials; None: they do not.
        fatal_error: the error after which it is unusable; None: there was none.
        brokers_down: true if no broker can be reached.
    """

    alive: bool
    ready: bool
    state: ProducerState
    reasons: tuple[str, ...]
    in_flight: int = 0
    last_poll: float | None = None
    oldest_in_flight: float | None = None
    auth_error: str | None = None
    fatal_error: str | None = None
    brokers_down: bool = False


# --- consumers ------------------------------------------------------------------------------------


def consumer_health(
    thread: ConsumerPollThread | None,
    *,
    is_stopped: bool,
    is_closed: bool,
    is_running: bool,
    run_error: Exception | None,
    refusal: str | None,
    poll_limit: float,
    handler_limit: float,
) -> ConsumerHealth:
    """Return the health of a consumer.

    Args:
        thread: its poll thread; None: it was not opened yet.
        is_stopped: true if it was told to stop.
        is_closed: true if it was closed.
        is_running: true if a runner handles messages.
        run_error: the exception that has ended the last runner; None: there was none.
        refusal: reason why the registry refuses the credentials; None: it does not.
        poll_limit: seconds without a poll after which it hangs.
        handler_limit: seconds in flight after which a handler hangs.
    """
    if thread is None:
        state: ConsumerState = "stopping" if is_stopped else "new"
        return ConsumerHealth(True, False, state, (_UNOPENED,))
    now = monotonic()
    last_poll = now - thread.polled_at
    oldest = thread.in_flight.oldest(now)
    partitions = tuple(sorted(list(thread.buffer.queues)))
    error = thread.failure or run_error
    auth_error = _auth_error(thread.connection) or thread.unauthorized or refusal
    down = thread.connection.brokers_down
    state = _consumer_state(thread, partitions, error, is_closed=is_closed)
    dead = list(_reasons_to_restart(state, error))
    if not dead and last_poll > poll_limit:
        dead.append(f"nothing was polled for {last_poll:.0f} s (limit {poll_limit:.0f} s)")
    if oldest is not None and oldest > handler_limit:
        dead.append(f"a message is in flight for {oldest:.0f} s (limit {handler_limit:.0f} s)")
    unready = list(_reasons_to_wait(auth_error, down))
    if state in ("waiting", "stopping"):
        unready.append("waiting for an assignment" if state == "waiting" else "stopping")
    elif not is_running and not dead:
        unready.append("nothing handles messages: call run(), or iterate")
    return ConsumerHealth(
        alive=not dead,
        ready=not dead and not unready,
        state=state,
        reasons=(*dead, *unready),
        partitions=partitions,
        last_poll=last_poll,
        oldest_in_flight=oldest,
        auth_error=auth_error,
        fatal_error=None if error is None else str(error),
        brokers_down=down,
    )


def _consumer_state(
    thread: ConsumerPollThread,
    partitions: Sequence[int],
    error: BaseException | None,
    *,
    is_closed: bool,
) -> ConsumerState:
    if error is not None:
        return "failed"
    if is_closed:
        return "closed"
    if thread.stopping:
        return "stopping"
    if partitions:
        return "assigned"
    return "idle" if thread.is_member else "waiting"


# --- producers ------------------------------------------------------------------------------------


def producer_health(
    thread: ProducerPollThread,
    callbacks: Callbacks,
    trackers: Sequence[DeliveryTracker],
    *,
    is_closed: bool,
    request_timeout: float,
) -> ProducerHealth:
    """Return the health of a producer, or of a client.

    Args:
        thread: the poll thread of the client.
        callbacks: callbacks of the client.
        trackers: counts of its messages; for a client, of those of all its producers.
        is_closed: true if it was closed.
        request_timeout: seconds in flight after which messages are not delivered as they should.
    """
    now = monotonic()
    last_poll = now - thread.polled_at
    ages = [age for tracker in trackers if (age := tracker.oldest_in_flight(now)) is not None]
    oldest = max(ages, default=None)
    auth_error = _auth_error(callbacks.connection)
    down = callbacks.connection.brokers_down
    fatal = callbacks.fatal
    state: ProducerState = "failed" if fatal else "closed" if is_closed else "open"
    fatal_error = None if fatal is None else error_text(fatal)
    dead = list(_reasons_to_restart(state, fatal_error))
    if not dead and last_poll > _PRODUCER_POLL_LIMIT:
        dead.append(f"nothing was polled for {last_poll:.0f} s")
    unready = list(_reasons_to_wait(auth_error, down))
    if oldest is not None and oldest > request_timeout:
        unready.append(f"a message is in flight for {oldest:.0f} s")
    return ProducerHealth(
        alive=not dead,
        ready=not dead and not unready,
        state=state,
        reasons=(*dead, *unready),
        in_flight=sum(tracker.pending for tracker in trackers),
        last_poll=last_poll,
        oldest_in_flight=oldest,
        auth_error=auth_error,
        fatal_error=fatal_error,
        brokers_down=down,
    )


def unopened_producer(*, is_closed: bool) -> ProducerHealth:
    """Return the health of a producer that has no client yet.

    Args:
        is_closed: true if it was closed all the same.
    """
    if is_closed:
        return ProducerHealth(False, False, "closed", ("closed",))
    return ProducerHealth(True, False, "new", (_UNOPENED,))


def _auth_error(connection: ConnectionState) -> str | None:
    """Return the reason of brokers, once none of them answers."""
    return connection.auth_error if connection.unanswered else None


def _reasons_to_restart(state: str, error: object) -> Iterator[str]:
    if state == "failed":
        yield f"stopped by an error: {error}"
    elif state == "closed":
        yield "closed"


def _reasons_to_wait(auth_error: str | None, down: bool) -> Iterator[str]:
    if auth_error is not None:
        yield f"access is refused: {auth_error}"
    elif down:
        yield "no broker can be reached"


# --- exec probes ----------------------------------------------------------------------------------


class HealthFile:
    """Touches a file while clients are healthy, for probes that run a command in the container.

    ::

        with HealthFile("/tmp/alive", orders, payments):
            orders.run(handle)

    The probe fails if the file is missing, or older than a few intervals. The file is removed at
    the end of the block. It works with asyncio as well: a thread touches the file.

    Args:
        path: the file. What is there already is removed.
        clients: producers and consumers, all of which must be healthy.
        probe: ``alive`` for a liveness probe, ``ready`` for a readiness probe.
        interval: seconds from one look to the next.
    """

    def __init__(
        self,
        path: str | os.PathLike[str],
        *clients: HasHealth,
        probe: Literal["alive", "ready"] = "alive",
        interval: float = 5.0,
    ) -> None:
        if not clients:
            raise ValueError("expected at least one producer or consumer")
        if probe not in ("alive", "ready"):
            raise ValueError(f'probe must be "alive" or "ready", got {probe!r}')
        if not 0 < interval < float("inf"):
            raise ValueError(f"interval must be positive and finite, got {interval}")
        self._path = Path(path)
        self._clients = clients
        self._probe = probe
        self._interval = interval
        self._ended = Event()
        self._reasons: tuple[str, ...] = ()
        self._thread = Thread(target=self._run, name="avrogen health file", daemon=True)

    def __enter__(self) -> Self:
        """Begin to touch the file.

        Raises:
            OSError: the file cannot be written.
        """
        self._path.unlink(missing_ok=True)
        self._look()
        self._thread.start()
        return self

    def __exit__(
        self,
        exc_type: type[BaseException] | None,
        exc: BaseException | None,
        tb: TracebackType | None,
    ) -> None:
        """Remove the file."""
        self._ended.set()
        self._thread.join()
        self._path.unlink(missing_ok=True)

    def _run(self) -> None:
        while not self._ended.wait(self._interval):
            try:
                self._look()
            except OSError as error:
                log_event(logging.ERROR, "health.file_failed", path=self._path, reason=error)

    def _look(self) -> None:
        """Touch the file if all are healthy; log the reasons once if not."""
        reasons: tuple[str, ...] = ()
        for client in self._clients:
            health = client.health()
            if not (health.alive if self._probe == "alive" else health.ready):
                reasons += health.reasons
        if not reasons:
            self._path.touch()
        elif not self._reasons:
            log_event(logging.WARNING, "health.lost", probe=self._probe, reasons=list(reasons))
        self._reasons = reasons
