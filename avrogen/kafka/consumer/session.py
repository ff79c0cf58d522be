"""An open consumer, without the runner that handles its messages.

Opening creates the client and the registry, preloads the decoders of the topic's current schemas,
and joins the group; closing undoes it. Both may wait for brokers or the registry, never for a
handler. The synchronous and the asyncio consumer share this module.

Longer than 500 lines because the options of a consumer, and what is opened with them, belong to
each other.
"""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from types import NoneType
from typing import TYPE_CHECKING, Any, Final, Generic, Literal, TypeAlias, TypeVar, get_args

from avrogen.errors import ClosedError, ConfigurationError, DecodeError
from avrogen.fork_safety import renew_after_fork
from avrogen.kafka.callbacks import Callbacks
from avrogen.kafka.client_config import (
    Settings,
    check_text,
    client_info,
    commit_interval,
    consumer_settings,
    max_poll_interval,
    queued_bytes,
    split,
)
from avrogen.kafka.consumer.assignment import AssignedPartitions, OffsetCommitter
from avrogen.kafka.consumer.consumer_client import create_consumer
from avrogen.kafka.consumer.consumer_poll_thread import ConsumerPollThread
from avrogen.kafka.consumer.dead_letter_topic import DeadLetterProducer
from avrogen.kafka.consumer.error_handler import ErrorHandler
from avrogen.kafka.consumer.error_policy import OnAuthFailure, OnPoison, OnUnknown, RetryPolicy
from avrogen.kafka.consumer.message_reader import MessageReader
from avrogen.kafka.consumer.rebalance import LagReporter
from avrogen.kafka.consumer.signals import SHUTDOWN
from avrogen.kafka.host_process import call_at_exit, forked_error, require_native_threads
from avrogen.kafka.observability.counters import ConsumerCounters
from avrogen.kafka.observability.logs import log_event
from avrogen.kafka.observability.observer import isolate, wants_lag
from avrogen.kafka.registry.data_contracts import RuleDirection, require_executable
from avrogen.kafka.registry.protocol import LATEST
from avrogen.kafka.serde.decoders import TypeSelection, name_of
from avrogen.kafka.topic import Part, subject_name

if TYPE_CHECKING:
    from confluent_kafka import Producer

    from avrogen.kafka.health import ConsumerHealth
    from avrogen.kafka.observability.observer import Observer
    from avrogen.kafka.registry.protocol import SchemaRegistry
    from avrogen.kafka.topic import Topic

__all__ = [
    "CommitMode",
    "ConsumerOptions",
    "ConsumerSession",
    "create_error_handler",
    "preload_schemas",
]

K = TypeVar("K")
V = TypeVar("V")

CommitMode: TypeAlias = Literal["after-handling", "manual"]
"""Commit handled messages automatically, or leave commits to the user."""

_LEAVING: Final = 10.0
"""Seconds at the end of the process to leave the group, after the grace."""

_END: Final = ("latest", "largest", "end")
"""Values of ``auto.offset.reset`` that skip what is there."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ConsumerOptions:
    """Options of a typed consumer, besides its client properties.

    Attributes:
        group_id: the consumer group.
        retry: when and how often messages are retried.
        on_poison: what happens to messages that the handler fails with permanently.
        commit: automatic commits, or commits by the user.
        grace: seconds to wait for in-flight messages, at a rebalance and at the end.
        registry: used instead of the registry of the configuration.
        observer: told of what the consumer does.
        on_auth_failure: what follows when brokers refuse the credentials, or access.
        unknown: what happens to messages of types that are none of the topic's; None: they are
            dead-lettered, or with ``only`` skipped.
        only: types of the values that are handled; None: all of the topic.
        signals: true if SIGTERM and SIGINT stop the consumer.

    Raises:
        ConfigurationError: an option has an invalid value.
    """

    group_id: str
    retry: RetryPolicy
    on_poison: OnPoison
    commit: CommitMode
    grace: float
    registry: SchemaRegistry | None
    observer: Observer | None
    on_auth_failure: OnAuthFailure = "stop"
    unknown: OnUnknown | None = None
    only: Sequence[Any] | None = None
    signals: bool = True

    def __post_init__(self) -> None:
        modes, choices = get_args(CommitMode), get_args(OnPoison)
        auth = get_args(OnAuthFailure)
        _require(bool(self.group_id), "group_id", "is empty: name the consumer group")
        _require(self.commit in modes, "commit", f"must be one of {modes}, got {self.commit!r}")
        _require(
            self.on_poison in choices,
            "on_poison",
            f"must be one of {choices}, got {self.on_poison!r}",
        )
        unknowns = get_args(OnUnknown)
        _require(
            self.unknown is None or self.unknown in unknowns,
            "unknown",
            f"must be one of {unknowns}, got {self.unknown!r}",
        )
        _require(
            self.on_auth_failure in auth,
            "on_auth_failure",
            f"must be one of {auth}, got {self.on_auth_failure!r}",
        )
        _require(
            0 <= self.grace < float("inf"),
            "grace",
            f"must be a finite number of seconds >= 0, got {self.grace}",
        )

    @property
    def on_unknown(self) -> OnUnknown:
        """Treatment of messages of types that are none of the topic's."""
        return self.unknown or ("dead-letter" if self.only is None else "skip")

    def selection(self, topic: Topic[Any, Any]) -> TypeSelection | None:
        """Return the choice among the types of a topic; None: the consumer handles all of them.

        Raises:
            ConfigurationError: ``only`` names none, or something that is no type of the topic.
        """
        skip_unknown = self.on_unknown == "skip"
        if self.only is None:
            is_default = self.on_unknown == "dead-letter"
            return None if is_default else TypeSelection(None, skip_unknown)
        names = ", ".join(_type_name(owner) for owner in topic.value)
        hint = f"list types of the topic, such as only=({_type_name(topic.value[0])},)"
        if not isinstance(self.only, tuple | list) or not self.only:
            raise ConfigurationError(
                f"must be a tuple of types of the topic, got {self.only!r}",
                setting="only",
                hint=hint,
            )
        allowed = [*topic.value, *([NoneType] if topic.tombstones else [])]
        for each in self.only:
            if not any(each is type_ for type_ in allowed):
                raise ConfigurationError(
                    f"{_type_name(each)} is no type of {topic.name}, which has {names}",
                    setting="only",
                    hint=hint,
                )
        types = tuple(each for each in self.only if each is not NoneType)
        return TypeSelection(types, skip_unknown, without_tombstones=NoneType not in self.only)


def _type_name(type_: object) -> str:
    return getattr(type_, "__qualname__", None) or repr(type_)


def _nothing() -> None:
    """Do nothing: the consumer was not opened."""


def _require(is_so: bool, setting: str, reason: str) -> None:
    if not is_so:
        raise ConfigurationError(reason, setting=setting)


def create_error_handler(
    topic: Topic[Any, Any], options: ConsumerOptions, observer: Observer | None
) -> ErrorHandler:
    """Create the error handler of a consumer.

    Args:
        topic: the topic.
        options: the options of the consumer.
        observer: the observer of the options, isolated.

    Raises:
        ConfigurationError: the dead-letter topic is the topic itself.
    """
    if topic.dead_letter == topic.name:
        raise ConfigurationError(
            f"{topic.name} is the topic itself: its dead letters would be consumed again, for ever",
            setting="dead_letter",
            hint="name another topic for dead letters, or none: then the consumer stops",
        )
    return ErrorHandler(
        topic=topic.name,
        group=options.group_id,
        policy=options.retry,
        on_poison=options.on_poison,
        dead_letter=topic.dead_letter,
        observer=observer,
        on_unknown=options.on_unknown,
        on_auth_failure=options.on_auth_failure,
    )


@dataclass(frozen=True, slots=True)
class _Opened(Generic[K, V]):
    """The parts of a consumer while it is open.

    Attributes:
        poll_thread: polls, and buffers messages.
        reader: decodes them.
        partitions: pauses and seeks.
        offsets: commits on request.
    """

    poll_thread: ConsumerPollThread
    reader: MessageReader[K, V]
    partitions: AssignedPartitions
    offsets: OffsetCommitter


class ConsumerSession(Generic[K, V]):
    """A consumer without its runner.

    It is the :class:`~avrogen.kafka.consumer.message_source.RunnerSession` of runners.

    Args:
        topic: the topic.
        config: the configuration of clients and registry.
        options: the options of the consumer.
        wake: called when there may be something to take, in any thread.

    Attributes:
        topic: the topic.
        group: the consumer group.
        grace: seconds to wait for in-flight messages.
        signals: true if SIGTERM and SIGINT stop it.
        thread: the thread of the runner; None: nothing was run yet.
        error_handler: decides what follows when a message fails.
        dead_letters: sends dead letters; None: the topic has no dead-letter topic.
        batch_wait: seconds that the first message of a batch waits for others.

    Raises:
        ConfigurationError: a property is missing, or would lose messages.
    """

    def __init__(
        self,
        topic: Topic[K, V],
        config: Settings,
        options: ConsumerOptions,
        *,
        wake: Callable[[], None],
    ) -> None:
        self._config = split(config)
        if options.registry is None and "url" not in self._config.registry:
            raise ConfigurationError(
                "is missing",
                setting="schema.registry.url",
                hint='set it, such as to "http://localhost:8081", or pass a registry: registry=...',
            )
        check_text(topic.name, "the topic's name")
        self.topic = topic
        self.group = options.group_id
        self.grace = options.grace
        self.signals = options.signals
        self._auto_commit = options.commit == "after-handling"
        consumer_settings(self._config.client, group=self.group, auto_commit=self._auto_commit)
        self._given_registry = options.registry
        self._selection = options.selection(topic)
        self._own_registry: SchemaRegistry | None = None
        self._wake = wake
        self._observer = isolate(
            options.observer, client_info(self._config.client, options.group_id)
        )
        self.error_handler = create_error_handler(topic, options, self._observer)
        self._callbacks = Callbacks(self._observer, on_offset_reset=self.error_handler.offset_reset)
        self._on_auth_failure: OnAuthFailure = options.on_auth_failure
        self.batch_wait = 0.0
        self._opened: _Opened[K, V] | None = None
        self._stopped = False
        self._closed = self._forked = False
        self._forget_exit: Callable[[], None] = _nothing
        self.thread: threading.Thread | None = None
        self.dead_letters: DeadLetterProducer | None = None
        if topic.dead_letter is not None:
            self.dead_letters = DeadLetterProducer(self._config.client, topic.dead_letter)

    # --- opening and closing ----------------------------------------------------------------------

    def open(self) -> None:
        """Preload the decoders of the topic's current schemas, and join the group.

        Raises:
            RegistryError: the registry does not answer, or refuses.
            ConfigurationError: librdkafka does not accept a property.
            MissingExtraError: confluent-kafka is not installed.
        """
        if self._opened is not None:
            raise ClosedError(
                f"the consumer of {self.topic.name} was opened before: create a new one"
            )
        if self.signals:
            SHUTDOWN.add(self)
        try:
            self._open()
        except BaseException:
            SHUTDOWN.remove(self)
            raise
        renew_after_fork(self, ConsumerSession[K, V]._leave_to_parent)
        self._forget_exit = call_at_exit(self, ConsumerSession[K, V].end_with_process, "consumers")
        log_event(logging.INFO, "consumer.started", topic=self.topic.name, group=self.group)

    def _open(self) -> None:
        require_native_threads()
        registry = self._given_registry
        if registry is None:
            from avrogen.kafka.registry.connection import connect

            registry = self._own_registry = connect(self._config.registry)
        try:
            reader: MessageReader[K, V] = MessageReader(self.topic, registry, self._selection)
            preload_schemas(self.topic, registry, reader.learn)
            poll_thread = self._create_poll_thread()
        except BaseException:
            self._close_registry()
            raise
        from_end = str(self._config.client.get("auto.offset.reset")) in _END
        offsets = OffsetCommitter(poll_thread, from_end=from_end)
        if self._observer is not None and wants_lag(self._observer):
            poll_thread.lag_reporter = LagReporter(
                self.topic.name,
                self.group,
                self._observer,
                offsets.lag_now,
                self._callbacks.connection,
            )
        self._opened = _Opened(
            poll_thread, reader, AssignedPartitions(poll_thread, self._wake), offsets
        )
        poll_thread.start()
        if self._stopped:
            poll_thread.request_stop()

    def close(self) -> None:
        """Commit what was handled, leave the group, and wait until that is done."""
        if self._opened is None or self._closed or self._forked:
            return
        self._opened.poll_thread.close()
        self._closed = True
        if self.dead_letters is not None:
            self.dead_letters.close()
        self._close_registry()
        SHUTDOWN.remove(self)
        self._forget_exit()
        log_event(logging.INFO, "consumer.stopped", topic=self.topic.name, group=self.group)

    def end_with_process(self) -> None:
        """Stop, and wait for the runner if it is in a daemon thread, which the process ends."""
        self.stop()
        if self.thread is not None and self.thread is not threading.current_thread():
            self.thread.join(self.grace + _LEAVING)

    def _leave_to_parent(self) -> None:
        """Refuse everything in a forked process, where nothing of the client works."""
        self._forked = True
        if self._opened is not None:
            error = forked_error(f"the consumer of {self.topic.name}")
            self._opened.poll_thread.leave_to_parent(error)

    def _create_poll_thread(self) -> ConsumerPollThread:
        client = create_consumer(
            self._config.client,
            self._callbacks,
            group=self.group,
            auto_commit=self._auto_commit,
            observer=self._observer,
        )
        return ConsumerPollThread(
            client,
            self.topic.name,
            group=self.group,
            auto_commit=self._auto_commit,
            grace=self.grace,
            wake=self._wake,
            fatal=lambda: self._callbacks.fatal,
            observer=self._observer,
            connection=self._callbacks.connection,
            on_auth_failure=self._on_auth_failure,
            max_bytes=queued_bytes(self._config.client),
            commit_interval=commit_interval(self._config.client),
            metadata_refused=lambda: self._callbacks.metadata_refused,
        )

    def _close_registry(self) -> None:
        if self._own_registry is not None:
            self._own_registry.close()
            self._own_registry = None

    def stop(self) -> None:
        """Hand out nothing more, now or once it is opened. Signal handlers can call it."""
        self._stopped = True
        if self._opened is not None:
            self._opened.poll_thread.request_stop()

    def require_same_process(self) -> None:
        """Raise in a process that was forked.

        Raises:
            ClosedError: the process was forked after the consumer was opened.
        """
        if self._forked:
            raise forked_error(f"the consumer of {self.topic.name}")

    @property
    def is_open(self) -> bool:
        """True after :meth:`open`, and before :meth:`close`."""
        return self._opened is not None and not self._closed

    # --- while it is open -------------------------------------------------------------------------

    @property
    def opened(self) -> _Opened[K, V]:
        """The parts that exist only while it is open.

        Raises:
            ClosedError: it was not opened, or was closed.
        """
        self.require_same_process()
        if self._opened is None or self._closed:
            raise ClosedError(f"the consumer of {self.topic.name} must be used inside of: with ...")
        return self._opened

    @property
    def source(self) -> ConsumerPollThread:
        """The poll thread, which hands out messages."""
        return self.opened.poll_thread

    @property
    def reader(self) -> MessageReader[K, V]:
        """The reader of its messages."""
        return self.opened.reader

    def dead_letters_through(self, producer: Producer) -> DeadLetterProducer | None:
        """Return a sender of dead letters with this producer; None: there is no topic for them."""
        if self.topic.dead_letter is None:
            return None
        return DeadLetterProducer(self._config.client, self.topic.dead_letter, producer)

    # --- health -----------------------------------------------------------------------------------

    def health(
        self, *, is_running: bool, run_error: Exception | None, limit: float | None
    ) -> ConsumerHealth:
        """Return the health, without waiting for anything.

        Args:
            is_running: true if a runner handles messages.
            run_error: the exception that has ended the last runner; None: there was none.
            limit: seconds that a message may be in flight; None: ``max.poll.interval.ms``.
        """
        from avrogen.kafka.health import consumer_health

        interval = max_poll_interval(self._config.client)
        return consumer_health(
            None if self._opened is None else self._opened.poll_thread,
            is_stopped=self._stopped,
            is_closed=self._closed,
            is_running=is_running,
            run_error=run_error,
            refusal=self.error_handler.refusal,
            poll_limit=interval + self.grace,
            handler_limit=(interval if limit is None else limit) + self.batch_wait,
        )

    # --- figures ----------------------------------------------------------------------------------

    def counters(self) -> ConsumerCounters:
        """Return what was done so far."""
        counts = self.error_handler.counts
        fetched = waiting = in_flight = beyond = 0
        if self._opened is not None:
            poll_thread = self._opened.poll_thread
            fetched = poll_thread.fetched
            with poll_thread.changed:
                queues = poll_thread.buffer.queues.values()
                waiting = sum(len(queue.messages) + queue.taken for queue in queues)
                beyond = sum(each.progress.beyond for each in queues if each.progress is not None)
                in_flight = poll_thread.in_flight.count
        return ConsumerCounters(
            fetched=fetched,
            consumed=counts.consumed,
            retried=counts.retried,
            dead_lettered=counts.dead_lettered,
            offset_resets=counts.offset_resets,
            in_flight=in_flight,
            handled_beyond=beyond,
            waiting=waiting,
            handling_time=counts.handling_time,
            skipped=counts.skipped,
        )

    def statistics(self) -> dict[str, Any] | None:
        """Return librdkafka's last statistics; None: there are none yet."""
        return self._callbacks.statistics()


# --- schemas --------------------------------------------------------------------------------------


def preload_schemas(
    topic: Topic[Any, Any], registry: SchemaRegistry, learn: Callable[[Part, int], None]
) -> None:
    """Load the latest schemas of the topic's keys and values from the registry.

    So a registry that does not answer or refuses the credentials is noticed at the start, and not
    at the first message, and decoders are compiled when messages come. A schema that cannot be read
    is logged only: older messages may be readable, and none may be written with it yet.

    Args:
        topic: the topic.
        registry: the registry of its schemas.
        learn: called with the id of each; it raises DecodeError if the schema cannot be read.

    Raises:
        RegistryError: the registry does not answer, or refuses; or a schema has an active rule.
    """
    for part, subject in _subjects(topic):
        latest = registry.version(subject, LATEST)
        if latest is None:
            # No producer has registered a schema yet.
            log_event(logging.INFO, "consumer.no_schema", topic=topic.name, subject=subject)
            continue
        if not topic.ignore_contract_rules:  # else the reader logs them
            require_executable(
                latest.schema.contract,
                RuleDirection.READ,
                ignore=False,
                subject=subject,
                id=latest.id,
            )
        try:
            learn(part, latest.id)
        except DecodeError as error:
            log_event(
                logging.WARNING,
                "consumer.schema_unreadable",
                topic=topic.name,
                subject=subject,
                version=latest.version,
                reason=str(error),
            )


def _subjects(topic: Topic[Any, Any]) -> Iterator[tuple[Part, str]]:
    strategy = topic.subject_strategy
    for owner in topic.value:
        yield "value", subject_name(strategy, topic.name, "value", name_of(owner.__avro_schema__))
    if topic.key is not None and not isinstance(topic.key, str):
        yield "key", subject_name("topic", topic.name, "key", None)
