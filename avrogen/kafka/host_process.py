"""The process that clients live in: forks, green threads, and its end.

librdkafka has threads of its own. A forked process does not have them (:func:`forked_error`), and
a call of librdkafka would block all green threads (:func:`require_native_threads`).

At the end of the process, :func:`call_at_exit` ends clients that were not closed. Consumers come
first, as their handlers send messages; then producers, which deliver them. Python calls this after
the threads that are not daemons have ended. A child of :mod:`multiprocessing` ends in a way of its
own.
"""

from __future__ import annotations

import atexit
import os
import sys
import weakref
from collections.abc import Callable
from typing import Any, Final, Literal, TypeAlias, TypeVar

from avrogen.errors import ClosedError, ConfigurationError
from avrogen.kafka.observability.logs import LOGGER

__all__ = ["call_at_exit", "exit_has_begun", "forked_error", "require_native_threads"]

T = TypeVar("T")


def forked_error(client: str) -> ClosedError:
    """Return the error for the use of a client in a process that was forked after its creation.

    Args:
        client: the client, such as ``the producer for orders``.
    """
    return ClosedError(
        f"{client} was created before this process was forked, and a Kafka client does not survive "
        "a fork; create it in this process (gunicorn: without --preload, or in post_fork; Celery: "
        "in worker_process_init; multiprocessing: in the target, or with the start method spawn)"
    )


def require_native_threads() -> None:
    """Require that no library has replaced Python's threads and sockets by green ones.

    Raises:
        ConfigurationError: gevent or eventlet has.
    """
    replaced: list[str] = []
    modules: tuple[str, ...]
    gevent: Any = sys.modules.get("gevent.monkey")
    if gevent is not None:
        modules = ("_thread", "threading", "queue", "select", "socket")
        replaced = [f"gevent ({name})" for name in modules if gevent.is_module_patched(name)]
    eventlet: Any = sys.modules.get("eventlet.patcher")
    if eventlet is not None:
        modules = ("thread", "select", "socket")
        replaced += [f"eventlet ({name})" for name in modules if eventlet.is_monkey_patched(name)]
    if replaced:
        raise ConfigurationError(
            "Kafka clients need native threads and sockets, and monkey patching has replaced them: "
            f"{', '.join(replaced)}",
            hint="run Kafka clients in a process that is not patched, such as a worker of the kind "
            "sync, gthread or uvicorn of gunicorn, or of the pool prefork of Celery",
        )


# --- the end --------------------------------------------------------------------------------------

Phase: TypeAlias = Literal["consumers", "producers"]
"""Kinds of clients, in the order in which they are ended."""


def call_at_exit(owner: T, function: Callable[[T], None], phase: Phase) -> Callable[[], None]:
    """Call a function at the end of this process, if its argument still exists.

    Args:
        owner: its argument, of which no reference is kept.
        function: ends what is left, within a bound.
        phase: the order of calls.

    Returns:
        A function that undoes this.
    """
    return _EXIT.add(owner, function, phase)


def exit_has_begun() -> bool:
    """Tell if the process is ending by itself."""
    return _EXIT.has_begun


class _ProcessExit:
    """Calls at the end of the process.

    Attributes:
        has_begun: true from the first call on.
    """

    def __init__(self) -> None:
        self.has_begun = False
        self._process = os.getpid()
        self._calls: dict[Phase, dict[int, tuple[weakref.ref[Any], Callable[[Any], None]]]] = {
            "consumers": {},
            "producers": {},
        }
        atexit.register(self._end)

    def add(self, owner: T, function: Callable[[T], None], phase: Phase) -> Callable[[], None]:
        """Call a function for an object."""
        self._begin_process()
        key, calls = id(owner), self._calls[phase]

        def forget(_: object = None) -> None:
            calls.pop(key, None)

        calls[key] = weakref.ref(owner, forget), function
        return forget

    def _begin_process(self) -> None:
        """Leave what belongs to the parent of a forked process, and note its own end."""
        if self._process == os.getpid():
            return
        self._process = os.getpid()
        self.has_begun = False
        for calls in self._calls.values():
            calls.clear()
        if "multiprocessing.process" in sys.modules:
            from multiprocessing.process import parent_process

            if parent_process() is not None:
                from multiprocessing.util import Finalize

                Finalize(None, self._end, exitpriority=0)

    def _end(self) -> None:
        if self._process != os.getpid():
            return  # a forked process that has made no client of its own
        self.has_begun = True
        for calls in self._calls.values():
            for reference, function in list(calls.values()):
                owner = reference()
                if owner is None:
                    continue
                try:
                    function(owner)
                except Exception:
                    LOGGER.exception("a client was not closed: %r", owner)


_EXIT: Final = _ProcessExit()
