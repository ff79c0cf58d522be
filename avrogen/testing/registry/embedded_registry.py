"""Embedded registry: an in-process schema registry with fault injection.

What a test has gone wrong: answers that are errors, answers that come late or never.
"""

from __future__ import annotations

import logging
import threading
import traceback
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from types import TracebackType
from typing import Self, TypeAlias

from avrogen.testing.registry.api import RegistryApi
from avrogen.testing.registry.http_server import RegistryServer, Request, Response, json_response

__all__ = [
    "Answer",
    "Delay",
    "EmbeddedRegistry",
    "Fault",
    "Faults",
    "Hang",
    "Where",
    "everywhere",
]

Where: TypeAlias = Callable[[Request], bool]
"""Predicate of the requests that a fault is for."""


def everywhere(_request: Request) -> bool:
    """Match every request."""
    return True


@dataclass(frozen=True, slots=True)
class Answer:
    """Fixed response, without processing the request."""

    response: Response


@dataclass(frozen=True, slots=True)
class Delay:
    """Regular response after a delay, in seconds."""

    seconds: float


@dataclass(frozen=True, slots=True)
class Hang:
    """Open connection without a response."""


Fault: TypeAlias = Answer | Delay | Hang


@dataclass(slots=True)
class _Planned:
    fault: Fault
    where: Where
    left: int | None


class Faults:
    """Planned faults. Thread-safe."""

    def __init__(self) -> None:
        self._planned: list[_Planned] = []
        self._lock = threading.Lock()

    def plan(self, fault: Fault, where: Where, times: int | None) -> None:
        """Plan a fault for the next requests; None means all."""
        with self._lock:
            self._planned.append(_Planned(fault, where, times))

    def forget(self) -> None:
        """Clear all planned faults."""
        with self._lock:
            self._planned.clear()

    def take(self, request: Request) -> Fault | None:
        """Return the fault for a request: the earliest planned one that is not used up."""
        with self._lock:
            for planned in self._planned:
                if planned.left != 0 and planned.where(request):
                    if planned.left is not None:
                        planned.left -= 1
                    return planned.fault
            return None


_log = logging.getLogger("avrogen.testing.registry.embedded")


class EmbeddedRegistry:
    """In-process schema registry for tests.

    It listens on a free port of 127.0.0.1, speaks the HTTP API of Confluent's Schema Registry,
    and forgets everything when it is thrown away::

        with EmbeddedRegistry() as registry:
            client = SchemaRegistryClient({"url": registry.url})

    Things can be made to go wrong. What was planned first happens first, and each plan is for the
    next request unless it says otherwise::

        registry.fail(503, times=2)         # two answers that say 503
        registry.delay(0.2)                 # one that comes after 0.2 seconds
        registry.hang()                     # no answers at all
        registry.recover()                  # everything is well again
        registry.fail(500, where=lambda request: request.method == "POST")

    It can be stopped and started again: it comes back on the same port, with everything that was
    registered. Many threads may use it.
    """

    def __init__(self) -> None:
        self._api = RegistryApi()
        self._faults = Faults()
        self._server: RegistryServer | None = None
        self._port = 0
        self._requests: list[Request] = []
        self._lock = threading.Lock()
        self._released = threading.Event()

    # --- running ----------------------------------------------------------------------------------

    def start(self) -> Self:
        """Start listening. Idempotent.

        Raises:
            OSError: it ran before, and something else has its port now.
        """
        if self._server is None:
            self._released = threading.Event()
            self._server = RegistryServer(self._port, self._respond)
            self._port = self._server.port
        return self

    def stop(self) -> None:
        """Close the port and all connections. Idempotent."""
        server, self._server = self._server, None
        if server is not None:
            self._released.set()
            server.stop()

    def __enter__(self) -> Self:
        return self.start()

    def __exit__(
        self,
        exc_type: type[BaseException] | None,
        exc: BaseException | None,
        tb: TracebackType | None,
    ) -> None:
        self.stop()

    @property
    def url(self) -> str:
        """Base URL, ``http://127.0.0.1:PORT``. A stopped registry keeps its port.

        Raises:
            RuntimeError: it has never been started.
        """
        if not self._port:
            raise RuntimeError(
                "the embedded registry has not been started: write "
                "`with EmbeddedRegistry() as registry:`, or call start()"
            )
        return f"http://127.0.0.1:{self._port}"

    @property
    def requests(self) -> tuple[Request, ...]:
        """Requests so far in order of arrival, including failed and unanswered ones."""
        with self._lock:
            return tuple(self._requests)

    # --- going wrong ------------------------------------------------------------------------------

    def fail(
        self,
        status: int,
        body: str | bytes | None = None,
        *,
        headers: Mapping[str, str] | None = None,
        times: int | None = 1,
        where: Where = everywhere,
    ) -> None:
        """Answer requests with an error, without processing them.

        Args:
            status: of HTTP.
            body: what to send; None for an error as the registry writes them.
            headers: more of them, such as ``Retry-After`` or another ``Content-Type``.
            times: how many requests this is for; None for all until :meth:`recover`.
            where: which requests this is for.
        """
        headers = headers or {}
        if body is None:
            message = f"the embedded registry was told to answer {status}"
            ready = json_response({"error_code": status, "message": message})
            response = Response(status, ready.body, headers)
        else:
            response = Response(status, body.encode() if isinstance(body, str) else body, headers)
        self._faults.plan(Answer(response), where, times)

    def delay(self, seconds: float, *, times: int | None = 1, where: Where = everywhere) -> None:
        """Delay regular responses.

        Args:
            seconds: how late.
            times: how many requests this is for; None for all until :meth:`recover`.
            where: which requests this is for.
        """
        self._faults.plan(Delay(seconds), where, times)

    def hang(self, *, times: int | None = None, where: Where = everywhere) -> None:
        """Accept requests without responding, until :meth:`recover` or :meth:`stop`.

        Args:
            times: how many requests this is for; None for all.
            where: which requests this is for.
        """
        self._faults.plan(Hang(), where, times)

    def recover(self) -> None:
        """Clear all planned faults. Connections that hang are closed."""
        self._faults.forget()
        released, self._released = self._released, threading.Event()
        released.set()

    # --- answering --------------------------------------------------------------------------------

    def _respond(self, request: Request) -> Response | None:
        with self._lock:
            self._requests.append(request)
            released = self._released
        fault = self._faults.take(request)
        return self._answer(request) if fault is None else self._suffer(fault, request, released)

    def _suffer(self, fault: Fault, request: Request, released: threading.Event) -> Response | None:
        match fault:
            case Answer(response):
                return response
            case Delay(seconds):
                released.wait(seconds)
                return self._answer(request)
            case Hang():
                released.wait()
                return None

    def _answer(self, request: Request) -> Response:
        try:
            with self._lock:
                return self._api.respond(request)
        except Exception:
            # Not to be seen, but a thread that dies would leave its client without an answer.
            _log.exception("the embedded registry failed at %s", request)
            message = f"the embedded registry failed: {traceback.format_exc()}"
            return json_response({"error_code": 50001, "message": message}, 500)
