"""Graceful shutdown by SIGTERM and SIGINT: one signal stops all consumers of the process.

Two ways lead from a signal to the consumers:

* In the main thread, :class:`_StopHandler` is installed in place of the handler that was there,
  which it calls, too. Python's own handlers are the exception, as they would end the program.
* A web server that has handlers of its own keeps them. Nor can a thread other than the main one
  install any. Then :class:`_SignalObserver` is told of signals, beside the handlers of Python.

The first signal stops the consumers after their in-flight messages. From then on everything is as
it was before: a second signal does what it would have done without a consumer.
"""

from __future__ import annotations

import asyncio
import faulthandler
import functools
import os
import select
import signal
import threading
import time
import weakref
from collections.abc import Iterable
from types import FrameType, TracebackType
from typing import Any, Final, Protocol, Self

from avrogen.fork_safety import renew_after_fork
from avrogen.kafka.host_process import exit_has_begun

__all__ = ["SHUTDOWN", "SIGNALS", "Shutdown", "StopSignals"]

SIGNALS: Final = (signal.SIGTERM, signal.SIGINT)
"""Signals by which orchestrators and terminals end a program."""

_HOSTS: Final = frozenset({"aiohttp", "asyncio", "gunicorn", "hypercorn", "uvicorn", "uvloop"})
"""Packages whose signal handlers belong to the program that a consumer is a guest of."""

_END_OF_PROGRAM: Final = 5.0
"""Seconds for the program to end by itself, after the consumers in its threads have."""

_TICK: Final = 0.5
"""Seconds after which handlers that were replaced meanwhile are noticed."""


class Stoppable(Protocol):
    """A consumer, as signals see it."""

    @property
    def grace(self) -> float:
        """Seconds that an in-flight message is waited for."""
        ...

    def stop(self) -> None:
        """Stop. Signal handlers call it, between any two instructions: it must take no locks."""
        ...


class StopSignals:
    """Stops all consumers of the process when a signal comes, while it is entered.

    Args:
        enabled: False: it does nothing.
    """

    def __init__(self, *, enabled: bool = True) -> None:
        self._enabled = enabled

    def enter(self) -> None:
        """Take signals, if they are not taken."""
        if self._enabled:
            SHUTDOWN.claim(self)

    def leave(self) -> None:
        """Leave signals to the former handlers, if they are not left."""
        SHUTDOWN.release(self)

    def __enter__(self) -> Self:
        self.enter()
        return self

    def __exit__(
        self,
        exc_type: type[BaseException] | None,
        exc: BaseException | None,
        tb: TracebackType | None,
    ) -> None:
        self.leave()


class _Open:
    """An open consumer.

    Attributes:
        reference: leads to the consumer.
        signalled: True if a signal has stopped it.
    """

    def __init__(self, consumer: Stoppable) -> None:
        self.reference = weakref.ref(consumer)
        self.signalled = False

    def stop(self) -> None:
        """Stop the consumer."""
        consumer = self.reference()
        if consumer is not None:
            self.signalled = True
            consumer.stop()


class Shutdown:
    """The open consumers of the process, and how signals reach them.

    Signal handlers interrupt its methods anywhere. So they take no locks, and what they read is
    replaced as a whole.
    """

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._consumers: tuple[_Open, ...] = ()
        self._in_main_thread: tuple[StopSignals, ...] = ()
        self._in_threads: tuple[StopSignals, ...] = ()
        self._received = False
        self._handling = False
        self._observer = _SignalObserver(self)
        renew_after_fork(self, Shutdown._forget_parent)

    # --- for consumers ----------------------------------------------------------------------------

    def add(self, consumer: Stoppable) -> None:
        """Let signals stop a consumer, which is being opened."""
        added = _Open(consumer)
        with self._lock:
            self._consumers = (*self._consumers, added)
        if self.is_in_progress:
            added.stop()

    def remove(self, consumer: Stoppable) -> None:
        """Forget a consumer, which is closed."""
        with self._lock:
            self._consumers = tuple(
                each for each in self._consumers if each.reference() not in (consumer, None)
            )
            self._received = self._received and any(each.signalled for each in self._consumers)

    @property
    def is_in_progress(self) -> bool:
        """True from a signal until the last consumer that it has stopped is closed."""
        return self._received and any(
            each.signalled and each.reference() is not None for each in self._consumers
        )

    def claim(self, signals: StopSignals) -> None:
        """Have signals stop the consumers, until :meth:`release` is called."""
        if self.is_in_progress:
            return
        is_main = threading.current_thread() is threading.main_thread()
        with self._lock:
            if signals in self._in_main_thread or signals in self._in_threads:
                return
            if is_main:
                self._in_main_thread = (*self._in_main_thread, signals)
            else:
                self._in_threads = (*self._in_threads, signals)
        if is_main:
            self._install()
        else:
            self._observer.observe(SIGNALS)

    def release(self, signals: StopSignals) -> None:
        """Undo :meth:`claim`."""
        with self._lock:
            was_main, was_thread = signals in self._in_main_thread, signals in self._in_threads
            self._in_main_thread = _without(signals, self._in_main_thread)
            self._in_threads = _without(signals, self._in_threads)
        if was_main and not self._in_main_thread:
            self._restore()
            if self._in_threads:
                self._observer.observe(SIGNALS)
        if was_thread and not self._in_threads:
            self._observer.leave_defaults()

    # --- for signals ------------------------------------------------------------------------------

    @property
    def is_claimed(self) -> bool:
        """True if the next signal stops consumers."""
        return self.is_awaited and not self.is_in_progress

    @property
    def is_awaited(self) -> bool:
        """True if there is a consumer for which signals are handled."""
        return bool(self._in_main_thread or self._in_threads)

    def stop_all(self) -> None:
        """Stop all open consumers."""
        self._received = True
        for consumer in self._consumers:
            consumer.stop()

    def handle(self, number: int, frame: FrameType | None, former: Any) -> None:
        """Handle a signal in the main thread.

        Args:
            number: the signal.
            frame: the frame that it has interrupted.
            former: the handler that was there.
        """
        if self._handling:  # a handler that was installed over this one calls it
            if not _ends_program(former):
                former(number, frame)
        elif not self.is_claimed:  # such as the second signal
            _act(former, number, frame)
        else:
            self._handling = True
            try:
                self._restore()
                self.stop_all()
                if not _ends_program(former):
                    former(number, frame)
            finally:
                self._handling = False

    def grace_left(self, since: float) -> float:
        """Return the seconds that are left to the open consumers, since a moment."""
        consumers = [each.reference() for each in self._consumers]
        graces = [consumer.grace for consumer in consumers if consumer is not None]
        return since + max(graces) - time.monotonic() if graces else 0.0

    # --- handlers, in the main thread -------------------------------------------------------------

    def _install(self) -> None:
        for number in SIGNALS:
            former = signal.getsignal(number)
            # None: it was not installed by Python, which cannot restore it.
            if isinstance(former, _StopHandler) or former is None:
                continue
            if _is_host(former) and self._observer.is_available:
                self._observer.observe([number])
            else:
                self._observer.leave(number)
                signal.signal(number, _StopHandler(self, former))

    def _restore(self) -> None:
        if threading.current_thread() is not threading.main_thread():
            return  # the handlers that stay act as the former ones
        for number in SIGNALS:
            handler = signal.getsignal(number)
            if isinstance(handler, _StopHandler):
                signal.signal(number, handler.former)

    def _forget_parent(self) -> None:
        """Leave signals of a forked process to the former handlers: the consumers stay behind."""
        self._lock = threading.Lock()
        self._consumers = ()
        self._in_main_thread = self._in_threads = ()
        self._received = self._handling = False
        self._restore()
        self._observer.forget_parent()


class _StopHandler:
    """Handler of a signal: stops the consumers, and calls the former handler.

    Another handler may be installed over it, and later put it back. So it stays good: as long as no
    consumer runs, it acts as the former one.

    Attributes:
        former: the handler that was there.
    """

    def __init__(self, shutdown: Shutdown, former: Any) -> None:
        self._shutdown = shutdown
        self.former = former

    def __call__(self, number: int, frame: FrameType | None) -> None:
        self._shutdown.handle(number, frame, self.former)


def _ends_program(handler: Any) -> bool:
    """Tell if a handler is one of Python's own, which a graceful shutdown stands in for."""
    if handler in (signal.SIG_DFL, signal.SIG_IGN, signal.default_int_handler):
        return True
    # asyncio.run cancels its main task.
    function = handler.func if isinstance(handler, functools.partial) else None
    return isinstance(getattr(function, "__self__", None), asyncio.Runner)


def _is_host(handler: Any) -> bool:
    """Tell if a handler belongs to an event loop or to a web server."""
    owner: object = getattr(handler, "__self__", None)
    definition: object = handler if owner is None else owner.__class__
    module = str(getattr(definition, "__module__", ""))
    return module.partition(".")[0] in _HOSTS


def _act(handler: Any, number: int, frame: FrameType | None) -> None:
    """Do what a signal would have done."""
    if handler == signal.SIG_DFL:
        signal.signal(number, signal.SIG_DFL)
        os.kill(os.getpid(), number)
    elif callable(handler):
        handler(number, frame)


def _without(signals: StopSignals, claims: Iterable[StopSignals]) -> tuple[StopSignals, ...]:
    return tuple(each for each in claims if each is not signals)


# --- beside Python's handlers ---------------------------------------------------------------------


class _SignalObserver:
    """Tells of signals in any thread, and leaves Python's handlers as they are.

    ``faulthandler.register`` is the one function of Python that handles signals below its handlers,
    and in any thread: it writes a traceback to a file, and then calls the handler that was there.
    The file is a pipe, and what comes out of it is a signal. As a handler may be replaced by its
    owner, whose registration is gone then, they are looked at again and again.

    SIGTERM without a handler would end the process at once. In that case it ends the process when
    the consumers have ended, unless the program ends by itself before.

    Args:
        shutdown: told of signals.

    Attributes:
        is_available: False on Windows.
    """

    def __init__(self, shutdown: Shutdown) -> None:
        self._shutdown = shutdown
        self.is_available = hasattr(faulthandler, "register")
        self._lock = threading.Lock()
        self._pipes: dict[int, tuple[int, int]] = {}
        self._observed: dict[int, Any] = {}
        self._registered: dict[int, bool] = {}
        self._thread: threading.Thread | None = None

    def observe(self, numbers: Iterable[signal.Signals]) -> None:
        """Observe signals until no consumer is stopped by them any more."""
        if not self.is_available:
            return
        with self._lock:
            if self._thread is None:
                # Forget what came while nobody was interested, and register anew: a handler may
                # have been replaced and put back.
                for number in self._pipes:
                    self._drain(number)
                self._observed.clear()
            for number in numbers:
                self._register(number)
            if self._thread is None and self._observed:
                self._thread = threading.Thread(
                    target=self._run, name="avrogen signals", daemon=True
                )
                self._thread.start()

    def leave(self, number: int) -> None:
        """Do not observe a signal any more."""
        with self._lock:
            self._unregister(number)

    def leave_defaults(self) -> None:
        """Do not observe signals that would end the process, as no consumer is left for them.

        Others are observed on, which nobody notices.
        """
        with self._lock:
            for number, former in list(self._observed.items()):
                if former == signal.SIG_DFL:
                    self._unregister(number)

    def forget_parent(self) -> None:
        """Leave the signals of a forked process alone, and the parent's pipes."""
        self._lock = threading.Lock()
        self._thread = None
        for number in list(self._observed):
            self._unregister(number)
        for pipe in self._pipes.values():
            for end in pipe:
                os.close(end)
        self._pipes.clear()

    # --- registering ------------------------------------------------------------------------------

    def _register(self, number: signal.Signals) -> None:
        former = signal.getsignal(number)
        if former == signal.SIG_IGN or isinstance(former, _StopHandler):
            return
        if number in self._observed and self._observed[number] is former:
            return
        chained = former != signal.SIG_DFL
        registered = self._registered.get(number)
        if registered is not None:
            if registered != chained:
                # To unregister would install the handler that was there before, over this one.
                return
            faulthandler.unregister(number)
        if number not in self._pipes:
            self._pipes[number] = os.pipe()
            for end in self._pipes[number]:
                os.set_blocking(end, False)
        faulthandler.register(number, self._pipes[number][1], all_threads=False, chain=chained)
        self._registered[number] = chained
        self._observed[number] = former

    def _unregister(self, number: int) -> None:
        if number not in self._observed:
            return
        former = self._observed.pop(number)
        if signal.getsignal(number) is former:  # otherwise it was replaced with the handler
            faulthandler.unregister(number)
            del self._registered[number]

    def _drain(self, number: int) -> bool:
        """Return True if the signal came, and forget it."""
        came = False
        try:
            while os.read(self._pipes[number][0], 1 << 16):
                came = True
        except BlockingIOError:
            pass
        return came

    # --- the thread -------------------------------------------------------------------------------

    def _run(self) -> None:
        while True:
            with self._lock:
                ends = {self._pipes[number][0]: number for number in self._observed}
                if not ends or not self._shutdown.is_awaited:
                    self._thread = None
                    return
            ready, _, _ = select.select(list(ends), [], [], _TICK)
            for end in ready:
                if self._drain(ends[end]):
                    self._came(ends[end])
            self.observe(signal.Signals(number) for number in ends.values())

    def _came(self, number: int) -> None:
        with self._lock:
            is_default = self._observed.get(number) == signal.SIG_DFL
            if is_default:
                self._unregister(number)  # the next one ends the process
        since = time.monotonic()
        if self._shutdown.is_claimed:
            self._shutdown.stop_all()
            if is_default:
                self._wait_for_the_end(since)
        if is_default and signal.getsignal(number) == signal.SIG_DFL and not exit_has_begun():
            os.kill(os.getpid(), number)

    def _wait_for_the_end(self, since: float) -> None:
        while self._shutdown.is_in_progress and self._shutdown.grace_left(since) > 0:
            time.sleep(0.05)
        time.sleep(_END_OF_PROGRAM)


SHUTDOWN: Final = Shutdown()
"""That of this process."""
