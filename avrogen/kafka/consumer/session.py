"""An open consumer: what those for threads and for asyncio have in common.

What is here may wait for brokers or the registry, but never for a handler.

Before a consumer starts: the registry is asked for what is written now.

So it shows at start, and not at the first message, that the registry cannot be reached or refuses
its credentials, and decoders are there when messages come.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Generic, Literal, TypeAlias, TypeVar, get_args

from avrogen.errors import ClosedError, ConfigurationError, DecodeError
from avrogen.kafka.callbacks import Callbacks
from avrogen.kafka.client_config import Settings, consumer_settings, split
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
from avrogen.kafka.subjects import Part, subject_name

if TYPE_CHECKING:
    from confluent_kafka import Producer

    from avrogen.kafka.observability.observer import Observer
    from avrogen.kafka.registry.protocol import SchemaRegistry
    from avrogen.kafka.topic import Topic

__all__ = ["CommitMode", "ConsumerSession", "preload_schemas"]

K = TypeVar("K")
V = TypeVar("V")

CommitMode: TypeAlias = Literal["after-handling", "manual"]
"""Who commits: the consumer what was handled, or the user."""

_END = ("latest", "largest", "end")


@dataclass(frozen=True, slots=True)
class _Opened(Generic[K, V]):
    """What a consumer has while it is open.

    Attributes:
        poller: the thread that polls, and keeps what came.
        reader: what decodes it.
        partitions: what users ask of partitions.
        offsets: what they ask of offsets.
    """

    poller: ConsumerPollThread
    reader: MessageReader[K, V]
    partitions: AssignedPartitions
    offsets: OffsetCommitter


class ConsumerSession(Generic[K, V]):
    """A consumer without the loop that handles messages.

    Args:
        topic: the topic.
        config: the settings of clients and registry.
        group: the name of the consumer group.
        retry: when and how often messages are tried again.
        on_poison: what becomes of messages that the handler fails with for good.
        commit: who commits.
        grace: seconds that a message in hand is waited for, at a rebalance and at the end.
        registry: in place of the one that the settings name.
        observer: who is told of what is done.
        wake: called when there may be something to take, from any thread.

    Raises:
        ConfigurationError: something is missing, or would lose messages.
    """

    def __init__(
        self,
        topic: Topic[K, V],
        config: Settings,
        *,
        group: str,
        retry: RetryPolicy,
        on_poison: OnPoison,
        commit: CommitMode,
        grace: float,
        registry: SchemaRegistry | None,
        observer: Observer | None,
        wake: Callable[[], None],
    ) -> None:
        _require(bool(group), "group_id", "is empty: name the consumer group")
        _require(commit in get_args(CommitMode), "commit", f"is one of {get_args(CommitMode)}")
        _require(on_poison in get_args(OnPoison), "on_poison", f"is one of {get_args(OnPoison)}")
        _require(0 <= grace < float("inf"), "grace", f"is a number of seconds, not {grace}")
        self._config = split(config)
        if registry is None and "url" not in self._config.registry:
            raise ConfigurationError(
                "is missing",
                setting="schema.registry.url",
                hint="say where the schema registry is, or give one: registry=...",
            )
        self.topic = topic
        self.group = group
        self.auto_commit = commit == "after-handling"
        consumer_settings(self._config.client, group=group, auto_commit=self.auto_commit)
        self.grace = grace
        self._given_registry = registry
        self._made_registry: SchemaRegistry | None = None
        self._wake = wake
        self._observer = isolate(observer)
        self._callbacks = Callbacks(self._observer)
        self._opened: _Opened[K, V] | None = None
        self._stopped = False
        self._closed = False
        self.dead_letters: DeadLetterProducer | None = None
        if topic.dead_letter is not None:
            self.dead_letters = DeadLetterProducer(self._config.client, topic.dead_letter)
        self.handling = ErrorHandler(
            topic=topic.name,
            group=group,
            policy=retry,
            on_poison=on_poison,
            dead_letter=topic.dead_letter,
            observer=self._observer,
        )

    # --- opening and closing ----------------------------------------------------------------------

    def open(self) -> None:
        """Ask the registry for the schemas that are written now, and join the group.

        Raises:
            RegistryError: the registry cannot be asked.
            ConfigurationError: librdkafka does not take the settings.
            MissingExtraError: confluent-kafka is not installed.
        """
        if self._opened is not None:
            raise ClosedError(f"the consumer of {self.topic.name} was opened before")
        registry = self._given_registry
        if registry is None:
            from avrogen.kafka.registry.connect import connect

            registry = self._made_registry = connect(self._config.registry)
        try:
            reader = MessageReader(self.topic, registry)
            preload_schemas(self.topic, registry, reader.learn)
            poller = self._make_poller()
        except BaseException:
            self._close_registry()
            raise
        from_end = str(self._config.client.get("auto.offset.reset")) in _END
        self._opened = _Opened(
            poller,
            reader,
            AssignedPartitions(poller, self._wake),
            OffsetCommitter(poller, from_end=from_end),
        )
        poller.start()
        if self._stopped:
            poller.request_stop()
        log_event(logging.INFO, "consumer.started", topic=self.topic.name, group=self.group)

    def close(self) -> None:
        """Commit what was handled, leave the group, and wait until that is done."""
        if self._opened is None or self._closed:
            return
        self._opened.poller.close()
        self._closed = True
        if self.dead_letters is not None:
            self.dead_letters.close()
        self._close_registry()
        log_event(logging.INFO, "consumer.stopped", topic=self.topic.name, group=self.group)

    def _make_poller(self) -> ConsumerPollThread:
        client = create_consumer(
            self._config.client, self._callbacks, group=self.group, auto_commit=self.auto_commit
        )
        return ConsumerPollThread(
            client,
            self.topic.name,
            group=self.group,
            auto_commit=self.auto_commit,
            grace=self.grace,
            wake=self._wake,
            fatal=lambda: self._callbacks.fatal,
            observer=self._observer,
        )

    def _close_registry(self) -> None:
        if self._made_registry is not None:
            self._made_registry.close()
            self._made_registry = None

    @property
    def opened(self) -> _Opened[K, V]:
        """What there is only while it is open.

        Raises:
            ClosedError: it was not opened, or was closed.
        """
        if self._opened is None or self._closed:
            raise ClosedError(f"the consumer of {self.topic.name} is used inside of: with ...:")
        return self._opened

    def stop(self) -> None:
        """Hand out nothing more, now or when it is opened. Signal handlers can call it."""
        self._stopped = True
        if self._opened is not None:
            self._opened.poller.request_stop()

    def dead_letters_through(self, producer: Producer) -> DeadLetterProducer | None:
        """What sends dead letters with a producer of others; None: there is no topic for them."""
        if self.topic.dead_letter is None:
            return None
        return DeadLetterProducer(self._config.client, self.topic.dead_letter, producer)

    # --- figures ----------------------------------------------------------------------------------

    def counters(self) -> ConsumerCounters:
        """What was done so far."""
        counts = self.handling.counts
        poller = None if self._opened is None else self._opened.poller
        waiting = 0
        if poller is not None:
            with poller.changed:
                waiting = sum(len(lane.messages) for lane in poller.intake.queues.values())
        return ConsumerCounters(
            fetched=0 if poller is None else poller.fetched,
            consumed=counts.consumed,
            retried=counts.retried,
            dead_lettered=counts.dead_lettered,
            waiting=waiting,
            handling_time=counts.handling_time,
        )

    def statistics(self) -> dict[str, Any] | None:
        """What librdkafka counts; None: nothing yet."""
        return self._callbacks.statistics()


def _require(is_so: bool, setting: str, reason: str) -> None:
    if not is_so:
        raise ConfigurationError(reason, setting=setting)


def preload_schemas(
    topic: Topic[Any, Any], registry: SchemaRegistry, learn: Callable[[Part, int], None]
) -> None:
    """Learn the latest schemas that the topic's keys and values are written with.

    That one cannot be read is logged and no more: older messages may be readable, and nobody may
    write with it yet.

    Args:
        topic: the topic.
        registry: where its schemas are.
        learn: given the id of each; it raises DecodeError where one cannot be read.

    Raises:
        RegistryError: the registry does not answer, or refuses.
    """
    for part, subject in _subjects(topic):
        latest = registry.version(subject, LATEST)
        if latest is None:
            # No producer has registered it yet.
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
