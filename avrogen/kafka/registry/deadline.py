"""Deadlines of exchanges with a registry, and the network streams that keep them.

A timeout of an HTTP client limits each operation on its socket. A peer that sends a byte at a time
never exceeds it, in headers, chunk sizes, trailers or informational responses. So every operation
on a socket gets what is left of one deadline, and none begins after it. Name resolution, which has
no timeout, and TLS handshakes are left behind in a thread when the deadline passes.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Generator, Iterable, Mapping
from contextlib import contextmanager
from time import monotonic
from typing import Any, Protocol, TypeVar

__all__ = ["DeadlineExceeded", "keep_deadlines", "remaining", "time_limit", "time_limit_of"]

T = TypeVar("T")


class DeadlineExceeded(BaseException):
    """Raised by streams after the deadline. HTTP clients retry after exceptions, but not this."""


class _Current(threading.local):
    deadline: float | None = None


_current = _Current()


@contextmanager
def time_limit(seconds: float | None) -> Generator[None]:
    """Limit the time of all exchanges in the block, on this thread; an earlier deadline stays."""
    before = _current.deadline
    if seconds is not None:
        ours = monotonic() + seconds
        _current.deadline = ours if before is None else min(before, ours)
    try:
        yield
    finally:
        _current.deadline = before


def remaining() -> float | None:
    """Return the seconds until the deadline of this thread; None if it has none."""
    return None if _current.deadline is None else _current.deadline - monotonic()


def time_limit_of(registry: object) -> float | None:
    """Return the seconds that a registry has for one call; None: it states no limit."""
    seconds: float | None = getattr(registry, "time_limit", None)
    return seconds


def keep_deadlines(session: object) -> None:
    """Make the network streams of an httpx client keep deadlines, over proxies as well."""
    mounts: Mapping[Any, object] = getattr(session, "_mounts", {})
    for transport in (getattr(session, "_transport", None), *mounts.values()):
        pool = getattr(transport, "_pool", None)
        backend = getattr(pool, "_network_backend", None)
        if backend is not None and not isinstance(backend, _Backend):
            setattr(pool, "_network_backend", _Backend(backend))  # noqa: B010 -- a private name


class NetworkStream(Protocol):
    """Interface of httpcore's streams."""

    def read(self, max_bytes: int, timeout: float | None = None) -> bytes: ...

    def write(self, buffer: bytes, timeout: float | None = None) -> None: ...

    def close(self) -> None: ...

    def start_tls(
        self, ssl_context: Any, server_hostname: str | None = None, timeout: float | None = None
    ) -> NetworkStream: ...

    def get_extra_info(self, info: str) -> Any: ...


class NetworkBackend(Protocol):
    """Interface of httpcore's backends."""

    def connect_tcp(
        self,
        host: str,
        port: int,
        timeout: float | None = None,
        local_address: str | None = None,
        socket_options: Iterable[Any] | None = None,
    ) -> NetworkStream: ...

    def connect_unix_socket(
        self, path: str, timeout: float | None = None, socket_options: Iterable[Any] | None = None
    ) -> NetworkStream: ...

    def sleep(self, seconds: float) -> None: ...


class _Stream:
    """A stream whose operations end at the deadline."""

    def __init__(self, stream: NetworkStream) -> None:
        self._stream = stream

    def read(self, max_bytes: int, timeout: float | None = None) -> bytes:
        return self._stream.read(max_bytes, timeout=_bounded(timeout))

    def write(self, buffer: bytes, timeout: float | None = None) -> None:
        self._stream.write(buffer, timeout=_bounded(timeout))

    def close(self) -> None:
        self._stream.close()

    def start_tls(
        self, ssl_context: Any, server_hostname: str | None = None, timeout: float | None = None
    ) -> _Stream:
        time = _bounded(timeout)
        inner = self._stream
        try:
            return _Stream(
                _within(time, lambda: inner.start_tls(ssl_context, server_hostname, time))
            )
        except DeadlineExceeded:
            inner.close()
            raise

    def get_extra_info(self, info: str) -> Any:
        return self._stream.get_extra_info(info)


class _Backend:
    """A backend whose connections keep deadlines."""

    def __init__(self, backend: NetworkBackend) -> None:
        self._backend = backend

    def connect_tcp(
        self,
        host: str,
        port: int,
        timeout: float | None = None,
        local_address: str | None = None,
        socket_options: Iterable[Any] | None = None,
    ) -> _Stream:
        time = _bounded(timeout)
        backend = self._backend
        return _Stream(
            _within(
                time,
                lambda: backend.connect_tcp(host, port, time, local_address, socket_options),
            )
        )

    def connect_unix_socket(
        self, path: str, timeout: float | None = None, socket_options: Iterable[Any] | None = None
    ) -> _Stream:
        return _Stream(self._backend.connect_unix_socket(path, _bounded(timeout), socket_options))

    def sleep(self, seconds: float) -> None:
        self._backend.sleep(_bounded(seconds) or 0.0)


def _bounded(timeout: float | None) -> float | None:
    """Return the shorter of a timeout and the time until the deadline.

    Raises:
        DeadlineExceeded: the deadline has passed.
    """
    left = remaining()
    if left is None:
        return timeout
    if left <= 0:
        raise DeadlineExceeded
    return left if timeout is None else min(left, timeout)


_GRACE = 0.1
"""Seconds in which a call may report its own timeout, whose message has the cause."""


def _within(seconds: float | None, call: Callable[[], NetworkStream]) -> NetworkStream:
    """Return the result of a call, which may have no timeout of its own.

    Raises:
        DeadlineExceeded: it takes longer. The connection is closed as soon as there is one.
    """
    if seconds is None or _current.deadline is None:
        return call()
    pending = _PendingCall(call)
    threading.Thread(target=pending.run, name="avrogen-connect", daemon=True).start()
    return pending.result(seconds + _GRACE)


class _PendingCall:
    def __init__(self, call: Callable[[], NetworkStream]) -> None:
        self._call = call
        self._done = threading.Condition()
        self._stream: NetworkStream | None = None
        self._error: BaseException | None = None
        self._abandoned = False

    def run(self) -> None:
        stream = error = None
        try:
            stream = self._call()
        except BaseException as raised:
            error = raised
        with self._done:
            self._stream, self._error = stream, error
            self._done.notify_all()
            if self._abandoned and stream is not None:
                stream.close()

    def result(self, seconds: float) -> NetworkStream:
        with self._done:
            self._done.wait_for(lambda: self._stream or self._error, seconds)
            self._abandoned = self._stream is None and self._error is None
        if self._error is not None:
            raise self._error
        if self._stream is None:
            raise DeadlineExceeded
        return self._stream
