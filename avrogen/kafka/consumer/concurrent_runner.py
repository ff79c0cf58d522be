"""Runner of handlers at the same time, in order by key: the core, and its driver for threads.

:class:`ConcurrentCore` sorts decoded messages into key queues and hands them out; what follows when
one fails is decided by :class:`~avrogen.kafka.consumer.runner_core.RunnerCore`, for a key queue as
for a partition queue. :class:`ConcurrentRunner` calls handlers in threads of its own,
:class:`avrogen.kafka.consumer.async_concurrent_runner.AsyncConcurrentRunner` in tasks.
"""

from __future__ import annotations

import contextvars
import logging
from collections.abc import Callable, Hashable
from contextlib import suppress
from threading import Condition, Lock, Thread
from time import monotonic
from typing import TYPE_CHECKING, Any, ClassVar, Final, TypeAlias, TypeVar, cast

from avrogen.errors import ClosedError, ConsumeError
from avrogen.kafka.consumer.key_scheduler import (
    ActivePartition,
    ConcurrencyLimits,
    KeyQueue,
    KeyScheduler,
    Ordering,
)
from avrogen.kafka.consumer.message_reader import (
    READ_AHEAD,
    MessageUnreadable,
    SchemaNotCached,
    SkippedMessage,
)
from avrogen.kafka.consumer.runner import (
    call_handler,
    check_handler,
    failure_of,
    observed_handler,
    perform,
)
from avrogen.kafka.consumer.runner_core import (
    SCHEMA_BACKOFF,
    Effects,
    Execution,
    Lease,
    RunnerCore,
)
from avrogen.kafka.observability.logs import log_event

if TYPE_CHECKING:
    from confluent_kafka import Message as RawMessage

    from avrogen.kafka.consumer.message_source import RunnerSession
    from avrogen.kafka.message import Message

__all__ = ["ConcurrentCore", "ConcurrentRunner", "RawKeyQueue"]

K = TypeVar("K")
V = TypeVar("V")
T = TypeVar("T")

RawKeyQueue: TypeAlias = "KeyQueue[RawMessage]"
"""A key queue of messages as confluent-kafka gives them."""

_LARGE: Final = 65_536
"""Bytes of a message that is decoded only when it starts: decoded values take more memory."""


class ConcurrentCore(RunnerCore[K, V]):
    """Everything about concurrent handling that threads and asyncio share.

    One thread at a time calls it.

    Args:
        session: an open consumer.
        handler: the user's handler, named in the headers of dead-lettered records.
        limits: limits of handling concurrently.

    Attributes:
        scheduler: decides which message is handled next.
        failures: exceptions after which the consumer must not go on.
    """

    passes_dead_letters: ClassVar[bool] = False

    def __init__(
        self, session: RunnerSession[K, V], handler: object, limits: ConcurrencyLimits
    ) -> None:
        super().__init__(session, handler)
        self.scheduler: KeyScheduler[RawMessage] = KeyScheduler(
            limits, key_of=_KEYS[limits.ordering], offset_of=_offset
        )
        self.failures: list[BaseException] = []
        self.grace = session.grace
        self._stalled: dict[int, int] = {}

    # --- taking -----------------------------------------------------------------------------------

    def needs_attention(self) -> bool:
        """Return true if :meth:`attend` has something to do. Any thread may ask."""
        return bool(self.failures) or self.scheduler.needs_attention(self.error_handler.clock())

    def attend(self) -> None:
        """Take fetched messages, and release the queues of partitions that are wanted back."""
        self.scheduler.look(self.error_handler.clock())
        self.release_returned()
        self.refill()

    def next_key_queue(self) -> RawKeyQueue | None:
        """Start the message whose turn it is, and return its key queue; None: there is none now."""
        if self.failures or self.source.stopping:
            return None
        clock = self.error_handler.clock
        keys = self.scheduler.start(clock())
        if keys is None and self.refill():
            keys = self.scheduler.start(clock())
        return keys

    def next_event(self) -> float | None:
        """Return when something is to be done next, though nothing happens; None: nothing is."""
        return self.scheduler.next_event()

    def next_work(self) -> Any:
        """Return what a worker should do next, by ``perform_work``; None: nothing now."""
        return self.next_key_queue()

    def end(self, keys: RawKeyQueue, lease: Lease, started: float) -> None:
        """End what :meth:`next_key_queue` has started.

        Args:
            keys: the key queue.
            lease: its lease, with the backoff.
            started: when it was started, by the consumer's clock.
        """
        now = self.error_handler.clock()
        self.error_handler.counts.handling_time += now - started
        self.scheduler.finish(keys, None if lease.backoff is None else now + lease.backoff)
        if keys.owner.wanted_back or keys.owner.closed:
            self.release_returned()

    def release_returned(self) -> None:
        """Release the queues of partitions that are wanted back and have nothing in flight."""
        for queue in self.scheduler.returned():
            self.source.release(queue)

    def release_all(self) -> None:
        """Release the queues of all partitions, at the end; those in flight follow later."""
        for queue in self.scheduler.close():
            self.source.release(queue)

    def raise_failure(self) -> None:
        """Raise the failure that has ended the handling: of several, that of the lowest offset."""
        if self.failures:
            raise min(self.failures, key=_place)

    def refill(self) -> bool:
        """Take fetched messages, as many as are needed; return true if there were any."""
        scheduler, clock = self.scheduler, self.error_handler.clock
        taken = False
        while (partition := scheduler.next_partition(clock())) is not None:
            self._take(partition)
            taken = True
        if taken:
            self.source.made_room()
        return taken

    def _take(self, partition: ActivePartition[RawMessage]) -> None:
        """Take messages of a partition, decoded as far as they can be."""
        scheduler, queue = self.scheduler, partition.queue
        if scheduler.was_handled(partition):
            scheduler.pass_by(partition)
            return
        if len(queue.messages[0]) > _LARGE:
            scheduler.take(partition)
            return
        limit = min(READ_AHEAD, scheduler.room(partition))
        try:
            messages = self.reader.read_ahead(queue.messages, 0, limit)
        except SchemaNotCached as missing:
            self._fetch_schema(partition, missing)
            return
        except MessageUnreadable:
            scheduler.take(partition)  # it fails again when its turn has come
            return
        queue.schema_fetch = None
        self.error_handler.received(queue, messages)
        for message in messages:
            if scheduler.was_handled(partition):
                scheduler.pass_by(partition)
            elif isinstance(message, SkippedMessage):
                self.error_handler.skip(queue, message)
                scheduler.pass_by(partition)
            else:
                scheduler.take(partition, message)
            if scheduler.is_stalled(partition):
                self._report_stalled(partition)
                break

    def _fetch_schema(
        self, partition: ActivePartition[RawMessage], missing: SchemaNotCached
    ) -> None:
        """Have the schema of the next message fetched; meanwhile its partition waits."""
        queue = partition.queue
        if queue.schema_fetch is None or queue.schema_fetch[0] != missing.key:
            queue.schema_fetch = missing.key, missing.start()
        elif queue.schema_fetch[1].done():  # and failed, or it would be cached
            queue.schema_fetch = None
            self.scheduler.take(partition)
            return
        if not queue.schema_fetch[1].done():
            partition.retry_at = self.error_handler.clock() + SCHEMA_BACKOFF

    def _report_stalled(self, partition: ActivePartition[RawMessage]) -> None:
        """Log once that a message keeps all others of its partition waiting."""
        offset = partition.tracker.first_pending
        number = partition.queue.partition
        if offset is not None and self._stalled.get(number) != offset:
            self._stalled[number] = offset
            log_event(
                logging.WARNING,
                "consumer.stalled",
                topic=self.error_handler.topic,
                group=self.error_handler.group,
                partition=number,
                offset=offset,
                handled_beyond=partition.tracker.beyond,
            )


def _offset(raw: RawMessage) -> int:
    return cast("int", raw.offset())


_KEYS: Final[dict[Ordering, Callable[[RawMessage], Hashable]]] = {
    "key": lambda raw: raw.key(),
    "partition": lambda _: b"",
    "unordered": lambda _: None,
}


def _place(failure: BaseException) -> tuple[int, int, int]:
    """Return what failures are sorted by: without a place first, then by partition and offset."""
    if not isinstance(failure, ConsumeError) or failure.offset is None:
        return 0, 0, 0
    return 1, failure.partition or 0, failure.offset


# --- threads --------------------------------------------------------------------------------------

_SHORT: Final = 100e-6
"""Seconds of a handler that another thread would not make faster: to wake it takes as long."""

_FEW_LONG: Final = 0.02
"""Share of calls that are longer, up to which one thread does all, as long as it gets on."""

_LOOK: Final = 0.002
"""Seconds after which a thread that does all, and is in one message still, gets help."""

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
        self._long_calls = 1.0  # share of the last ones
        self._calls = 0
        self._calls_seen = 0

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
                self.attend()
                until = self._supervise()

    def _supervise(self) -> float | None:
        """Wake a thread if one is needed, and return when to look again; None: at the next event.

        While calls are short, threads do not wake each other: so one does all. If it has not got
        on since the last look, it is in a long call, and another one takes over.
        """
        event = self.next_event()
        if not self._are_short() or self._calls == self._calls_seen:
            self._wake_one()
        self._calls_seen = self._calls
        if not self._are_short() or not self.scheduler.ready:
            return event
        look = self.error_handler.clock() + _LOOK
        return look if event is None else min(look, event)

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

    def _wake_one(self) -> None:
        """Have one more thread look for a message, if there is one and a slot is free."""
        if not self.scheduler.ready:
            return
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
        """Handle the first message of a key queue, and return its backoff; None: it is done."""
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
            is_long = clock() - began > _SHORT
            self._lock.acquire()
            self._calls += 1
            self._long_calls += (is_long - self._long_calls) / 64
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
