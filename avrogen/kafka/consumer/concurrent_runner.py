"""Runner of handlers at the same time, in threads."""

from __future__ import annotations

import contextvars
from collections.abc import Callable
from contextlib import suppress
from threading import Condition, Lock, Thread
from time import monotonic
from typing import TYPE_CHECKING, Any, Final, TypeVar, cast

from avrogen.errors import ClosedError
from avrogen.kafka.consumer.concurrent_core import ConcurrentCore, RawKeyQueue, RawPartitionRun
from avrogen.kafka.consumer.key_scheduler import ConcurrencyLimits, PartitionRun
from avrogen.kafka.consumer.runner import (
    call_handler,
    check_handler,
    failure_of,
    observed_handler,
    perform,
)
from avrogen.kafka.consumer.runner_core import Effects, Execution, Lease

if TYPE_CHECKING:
    from avrogen.kafka.consumer.message_source import RunnerSession
    from avrogen.kafka.message import Message

__all__ = ["ConcurrentRunner"]

K = TypeVar("K")
V = TypeVar("V")
T = TypeVar("T")

_SHORT: Final = 100e-6
"""Seconds of a handler that another thread would not make faster: to wake it takes as long."""

_FEW_LONG: Final = 0.02
"""Share of calls that are longer, up to which one thread does all, as long as it gets on."""

_LOOK: Final = 0.002
"""Seconds after which a thread that does all, and is in one message still, gets help."""

_TRIAL: Final = 1.0
"""Seconds after which one thread is tried again: calls take long as well since threads compete for
the interpreter, so that this does not end by itself. Two long calls end the trial."""

_JOIN: Final = 1.0
"""Seconds for threads that have nothing to do any more."""


class ConcurrentRunner(ConcurrentCore[K, V]):
    """Calls handlers in threads, as many at a time as there are slots.

    The thread that calls :meth:`run` acquires partition queues. All decisions are made with a lock;
    handlers, and all that waits, run without it.
    """

    def __init__(
        self, session: RunnerSession[K, V], handler: object, limits: ConcurrencyLimits
    ) -> None:
        super().__init__(session, handler, limits)
        self.workers = limits.slots
        self._lock = Lock()
        self._work = Condition(self._lock)
        self._threads: list[Thread] = []
        self._idle = 0
        self._ending = False
        self._long_calls = 0.0  # share of the last ones
        self._next_trial = 0.0
        self._calls = 0
        self._calls_seen = 0
        self._next_look = 0.0  # until then, one thread does all

    def run(self, handle: Callable[[Message[K, V]], object]) -> None:
        """Handle messages until the consumer stops.

        Raises:
            HandlerTypeError: the handler is a coroutine function or a generator function.
            ConsumeError: the consumer must not go on.
        """
        check_handler(handle)
        self._handle = observed_handler(self.error_handler, handle)
        grace = self.grace
        self.source.watch(self.scheduler)
        try:
            with suppress(ClosedError):  # the source raises its failure, or stops
                self.source.recall().result()
            self._acquire_queues()
        except Exception:
            raise
        except BaseException:
            grace = 0.0  # such as Ctrl-C: whoever asks twice does not want to wait
            raise
        finally:
            self._finish(grace)
            self.source.watch(None)
        self.raise_failure()

    def _acquire_queues(self) -> None:
        """Acquire queues and take their messages, until the consumer stops or has failed."""
        until: float | None = None
        while True:
            queue = self.source.wait(until, self.needs_attention)
            with self._lock:
                if queue is not None:
                    self.scheduler.add(queue)
                if self.failures or self.source.stopping:
                    return
                self._look()
                self.attend()
                until = self._supervise()

    def _look(self) -> None:
        """See if the thread that does all has got on since the last look.

        If it has not, it is in a long call: what is behind its message is for others.
        """
        now = self.error_handler.clock()
        if self.gets_on(now) or not self._is_busy():
            return
        has_got_on = self._calls != self._calls_seen or self._has_just_started(now)
        self._calls_seen = self._calls
        if not has_got_on:
            for run in self.scheduler.runs():
                self.scheduler.split(run)
        elif self._are_short():
            self._next_look = now + _LOOK

    def _supervise(self) -> float | None:
        """Wake a thread if one is needed, and return when to look again; None: at the next event.

        While calls are short, threads do not wake each other: so one does all, as long as it gets
        on.
        """
        now, event = self.error_handler.clock(), self.next_event()
        if not self.gets_on(now):
            if self._are_short() and self._wake_one():
                self._next_look = now + _LOOK
            else:
                self.refill()
                self._wake_one()
        if not self.gets_on(now):
            return event
        return self._next_look if event is None else min(self._next_look, event)

    def gets_on(self, now: float) -> bool:
        """Return true while one thread does all: it takes messages when it has none left."""
        return now < self._next_look

    def _has_just_started(self, now: float) -> bool:
        return self.scheduler.has_started_since(now - _LOOK)

    def _is_busy(self) -> bool:
        return self._idle < len(self._threads)

    def _are_short(self) -> bool:
        return self._long_calls < _FEW_LONG

    def _finish(self, grace: float) -> None:
        """Wait for the in-flight messages, at most for the grace period, and release all."""
        deadline = monotonic() + grace
        with self._lock:
            self._ending = True
            self._work.notify_all()
            while self.scheduler.in_flight and (left := deadline - monotonic()) > 0:
                self._work.wait(left)
            self.release_all()
            in_time = not self.scheduler.in_flight
        for thread in self._threads if in_time else ():
            thread.join(_JOIN)

    # --- in threads of handlers -------------------------------------------------------------------

    def _wake_one(self) -> bool:
        """Have one more thread look for a message, if there is one and a slot is free."""
        if not self.scheduler.has_messages(self.error_handler.clock()):
            return False
        if self._idle:
            self._work.notify()
        elif len(self._threads) < self.workers:
            number = len(self._threads) + 1
            thread = Thread(
                target=contextvars.copy_context().run,
                args=(self._handle_messages,),
                name=f"handler {number} of {self.error_handler.topic}",
                daemon=True,  # a handler that hangs must not keep the process
            )
            self._threads.append(thread)
            thread.start()
        else:
            return False
        return True

    def next_work(self) -> Any:
        """Return what a thread should do next; None: it should wait.

        While calls are short, nothing more is taken for it as long as another thread gets on.
        """
        if not self._are_short():
            return self.next_key_queue()
        work = self.next_quick_work()
        if work is not None or self.scheduler.runs():
            return work
        return None if self._has_just_started(self.error_handler.clock()) else self.next_key_queue()

    def _handle_messages(self) -> None:
        with self._lock:
            while not self._ending:
                work = self.next_work()
                if work is not None:
                    if not self._are_short():
                        self._wake_one()
                    self._perform(work)
                else:
                    self._wait()

    def _wait(self) -> None:
        """Wait for a message, or for the end of a backoff."""
        event = self.next_event()
        stopping = self.failures or self.source.stopping
        seconds = None
        if event is not None and not stopping:
            seconds = max(0.0, event - self.error_handler.clock())
        self._idle += 1
        self._next_look = 0.0
        if self.needs_attention():  # as of messages that have come while others left them to it
            self.source.made_room()
        try:
            self._work.wait(seconds)
        finally:
            self._idle -= 1

    def _perform(self, work: Any) -> None:
        """Do what :meth:`next_work` has returned."""
        backoff: float | None = None
        try:
            backoff = self.perform_work(work)
        except BaseException as error:
            self.failures.append(error)
            self._notify_all()
        finally:
            if self._ending or self.source.stopping:
                self._work.notify_all()
            elif backoff is not None and self._idle:
                self._work.notify()  # that one has to wait for a shorter time now

    def perform_work(self, work: Any) -> float | None:
        """Handle the first message of a key queue, or a run, and return the backoff.

        Returns:
            Seconds until the message is to be retried; None: it is done.
        """
        if isinstance(work, PartitionRun):
            return self._handle_run(cast("RawPartitionRun", work))
        keys: RawKeyQueue = work
        lease, started = Lease(keys), self.error_handler.clock()
        try:
            messages = keys.first_decoded() or self.drive(self.read(lease, 1))
            for message in self.in_order(lease, messages):
                error = self._call(message)
                if error is not None:
                    self.drive(self.recover(lease, failure_of(error), message))
        finally:
            self.end(keys, lease, started)
        return lease.backoff

    def _handle_run(self, run: RawPartitionRun) -> float | None:
        """Handle messages of a run, until one fails or takes long, and return its backoff."""
        lease, started = Lease(run.owner.queue), self.error_handler.clock()
        try:
            for message in self.in_order(lease, run.messages):
                if self.ends_early(run) or not self._are_short():
                    break
                error = self._call(message)
                if error is None and run.split_off is None:
                    continue
                keys = run.split_off or self.scheduler.split(run)
                lease = Lease(keys)
                for _ in self.in_order(lease, [message]):
                    if error is not None:
                        self.drive(self.recover(lease, failure_of(error), message))
                break
        finally:
            self.end_run(run, lease, started)
        return lease.backoff

    def _call(self, message: Message[K, V]) -> BaseException | None:
        """Call the handler without the lock, and return what it raises."""
        clock = monotonic
        self._lock.release()
        began = clock()
        try:
            call_handler(self._handle, message)
        except BaseException as error:
            return error
        finally:
            ended = clock()
            self._lock.acquire()
            self._calls += 1
            if ended > self._next_trial:
                self._next_trial, self._long_calls = ended + _TRIAL, 0.0
            self._long_calls += ((ended - began > _SHORT) - self._long_calls) / 64
        return None

    def drive(self, effects: Effects[T]) -> T:
        """Perform effects without the lock; what they decide is decided with it."""
        execution = Execution(effects)
        while (effect := execution.pending) is not None:
            failure: BaseException | None = None
            value: object = None
            self._lock.release()
            try:
                value = perform(effect)
            except BaseException as error:
                failure = error
            finally:
                self._lock.acquire()
            if failure is None:
                execution.send(value)
            else:
                execution.throw(failure)
        return execution.result

    def _notify_all(self) -> None:
        self.source.made_room()  # wakes the thread that acquires queues
        self._work.notify_all()
