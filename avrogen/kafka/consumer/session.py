"""An open consumer, without the runner that handles its messages.

Opening creates the client and the registry, preloads the decoders of the topic's current schemas,
and joins the group; closing undoes it. Both may wait for brokers or the registry, never for a
handler. The synchronous and the asyncio consumer share this module.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final, Generic, Literal, TypeAlias, TypeVar, get_args

from avrogen.errors import ClosedError, ConfigurationError, DecodeError
from avrogen.kafka.callbacks import Callbacks
from avrogen.kafka.client_config import Settings, check_text, consumer_settings, queued_bytes, split
from avrogen.kafka.consumer.assignment import AssignedPartitions, OffsetCommitter
from avrogen.kafka.consumer.consumer_client import create_consumer
from avrogen.kafka.consumer.consumer_poll_thread import ConsumerPollThread
from avrogen.kafka.consumer.dead_letter_topic import DeadLetterProducer
from avrogen.kafka.consumer.error_handler import ErrorHandler
from avrogen.kafka.consumer.error_policy import OnPoison, RetryPolicy
from avrogen.kafka.consumer.message_reader import MessageReader
from avrogen.kafka.observability.counters import ConsumerCounters
from avrogen.kafka.observability.logs import log_event
from avrogen.kafka.observability.observer import isolate
from avrogen.kafka.registry.protocol import LATEST
from avrogen.kafka.serde.decoders import name_of
from avrogen.kafka.topic import Part, subject_name

if TYPE_CHECKING:
    from confluent_kafka import Producer

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

    def __post_init__(self) -> None:
        modes, choices = get_args(CommitMode), get_args(OnPoison)
        _require(bool(self.group_id), "group_id", "is empty: name the consumer group")
        _require(self.commit in modes, "commit", f"must be one of {modes}, got {self.commit!r}")
        _require(
            self.on_poison in choices,
            "on_poison",
            f"must be one of {choices}, got {self.on_poison!r}",
        )
        _require(
            0 <= self.grace < float("inf"),
            "grace",
            f"must be a finite number of seconds >= 0, got {self.grace}",
        )


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
    """
    return ErrorHandler(
        topic=topic.name,
        group=options.group_id,
        policy=options.retry,
        on_poison=options.on_poison,
        dead_letter=topic.dead_letter,
        observer=observer,
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
        error_handler: decides what follows when a message fails.
        dead_letters: sends dead letters; None: the topic has no dead-letter topic.

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
        self._auto_commit = options.commit == "after-handling"
        consumer_settings(self._config.client, group=self.group, auto_commit=self._auto_commit)
        self._given_registry = options.registry
        self._own_registry: SchemaRegistry | None = None
        self._wake = wake
        self._observer = isolate(options.observer)
        self._callbacks = Callbacks(self._observer)
        self._opened: _Opened[K, V] | None = None
        self._stopped = False
        self._closed = False
        self.error_handler = create_error_handler(topic, options, self._observer)
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
        registry = self._given_registry
        if registry is None:
            from avrogen.kafka.registry.connection import connect

            registry = self._own_registry = connect(self._config.registry)
        try:
            reader = MessageReader(self.topic, registry)
            preload_schemas(self.topic, registry, reader.learn)
            poll_thread = self._create_poll_thread()
        except BaseException:
            self._close_registry()
            raise
        from_end = str(self._config.client.get("auto.offset.reset")) in _END
        self._opened = _Opened(
            poll_thread,
            reader,
            AssignedPartitions(poll_thread, self._wake),
            OffsetCommitter(poll_thread, from_end=from_end),
        )
        poll_thread.start()
        if self._stopped:
            poll_thread.request_stop()
        log_event(logging.INFO, "consumer.started", topic=self.topic.name, group=self.group)

    def close(self) -> None:
        """Commit what was handled, leave the group, and wait until that is done."""
        if self._opened is None or self._closed:
            return
        self._opened.poll_thread.close()
        self._closed = True
        if self.dead_letters is not None:
            self.dead_letters.close()
        self._close_registry()
        log_event(logging.INFO, "consumer.stopped", topic=self.topic.name, group=self.group)

    def _create_poll_thread(self) -> ConsumerPollThread:
        client = create_consumer(
            self._config.client, self._callbacks, group=self.group, auto_commit=self._auto_commit
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
            max_bytes=queued_bytes(self._config.client),
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

    # --- while it is open -------------------------------------------------------------------------

    @property
    def opened(self) -> _Opened[K, V]:
        """The parts that exist only while it is open.

        Raises:
            ClosedError: it was not opened, or was closed.
        """
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

    # --- figures ----------------------------------------------------------------------------------

    def counters(self) -> ConsumerCounters:
        """Return what was done so far."""
        counts = self.error_handler.counts
        fetched = waiting = 0
        if self._opened is not None:
            poll_thread = self._opened.poll_thread
            fetched = poll_thread.fetched
            with poll_thread.changed:
                queues = poll_thread.buffer.queues.values()
                waiting = sum(len(queue.messages) for queue in queues)
        return ConsumerCounters(
            fetched=fetched,
            consumed=counts.consumed,
            retried=counts.retried,
            dead_lettered=counts.dead_lettered,
            waiting=waiting,
            handling_time=counts.handling_time,
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
        RegistryError: the registry does not answer, or refuses.
    """
    for part, subject in _subjects(topic):
        latest = registry.version(subject, LATEST)
        if latest is None:
            # No producer has registered a schema yet.
            log_event(logging.INFO, "consumer.no_schema", topic=topic.name, subject=subject)
            continue
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
