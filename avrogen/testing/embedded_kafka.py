"""Broker, registry and typed clients for a test: :class:`EmbeddedKafka`.

Consumers that stop by themselves: :class:`AutoStop`.

How far a consumer group has come: :func:`wait_until_handled`.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Mapping
from contextlib import ExitStack, suppress
from threading import Event, Thread
from time import monotonic, sleep
from types import TracebackType
from typing import TYPE_CHECKING, Any, Concatenate, Final, ParamSpec, Self, TypeAlias, TypeVar

from avrogen.errors import ClosedError, ConsumeError
from avrogen.extras import comes_with
from avrogen.kafka.consumer.async_consumer import AsyncTopicConsumer
from avrogen.kafka.consumer.consumer import TopicConsumer
from avrogen.kafka.consumer.message_reader import MessageReader
from avrogen.kafka.producer.async_producer import AsyncTopicProducer
from avrogen.kafka.producer.producer import TopicProducer
from avrogen.kafka.producer.record_encoder import look_up_schema_ids
from avrogen.kafka.registry.connection import connect
from avrogen.testing.broker import EmbeddedBroker, Record
from avrogen.testing.messages import read_dead_letter, read_message
from avrogen.testing.registry import EmbeddedRegistry

if TYPE_CHECKING:
    from confluent_kafka import Consumer, TopicPartition

    from avrogen.kafka.message import Message
    from avrogen.kafka.registry.protocol import SchemaRegistry
    from avrogen.kafka.topic import Topic
    from avrogen.testing.messages import DeadLetter

__all__ = ["AnyConsumer", "AutoStop", "EmbeddedKafka", "wait_until_handled"]

K = TypeVar("K")
V = TypeVar("V")
P = ParamSpec("P")
Producer = TypeVar("Producer", bound=TopicProducer[Any, Any] | AsyncTopicProducer[Any, Any])
ConsumerT = TypeVar("ConsumerT", bound=TopicConsumer[Any, Any] | AsyncTopicConsumer[Any, Any])

_SETTINGS: Final = {
    # The cluster waits for it, less a second, when members of a group come and go.
    "session.timeout.ms": 1200,
    "heartbeat.interval.ms": 200,
    "fetch.wait.max.ms": 20,
    "auto.commit.interval.ms": 100,
    "linger.ms": 0,
}


_PATIENCE: Final = 10.0
"""Seconds for messages of a producer that was left open, to brokers that may be down."""


class EmbeddedKafka:
    """An embedded broker with an embedded registry, and typed clients that talk to them.

    ::

        with EmbeddedKafka() as kafka:
            with kafka.producer(OrdersProducer) as orders:
                orders.send(placed)
            with kafka.consumer(OrdersConsumer, group_id="billing") as orders:
                orders.run(handle)
            assert [message.value for message in kafka.messages(INVOICES)] == [invoice]

    In pytest, the fixture ``avrogen_kafka`` is one, new for each test.

    Attributes:
        broker: the broker, which can be made to go wrong.
        registry: the registry, likewise.
    """

    def __init__(
        self, broker: EmbeddedBroker | None = None, registry: EmbeddedRegistry | None = None
    ) -> None:
        """Configure broker and registry; :meth:`start` starts them.

        Args:
            broker: None: one of its own.
            registry: None: one of its own.
        """
        self.broker = broker or EmbeddedBroker()
        self.registry = registry or EmbeddedRegistry()
        self._topics: set[str] = set()
        self._asked: SchemaRegistry | None = None
        self._ending = ExitStack()

    # --- running ----------------------------------------------------------------------------------

    def start(self) -> Self:
        """Start both. Idempotent.

        Raises:
            ImportError: confluent-kafka is not installed.
        """
        self._ending.enter_context(self.broker)
        self._ending.enter_context(self.registry)
        return self

    def stop(self) -> None:
        """Close open producers, stop both and drop all data.

        Raises:
            DeliveryError: messages of those were not delivered, and nobody knows.
        """
        self._ending.close()
        self._topics.clear()
        self._asked = None

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
    def config(self) -> dict[str, object]:
        """Configuration for clients: addresses of broker and registry, and short timeouts.

        Raises:
            RuntimeError: they do not run.
        """
        return {
            "bootstrap.servers": self.broker.bootstrap_servers,
            "schema.registry.url": self.registry.url,
            **_SETTINGS,
        }

    # --- topics -----------------------------------------------------------------------------------

    def create(self, *topics: Topic[Any, Any], partitions: int = 1) -> None:
        """Create topics with their dead-letter topics, and register their schemas.

        Args:
            topics: as they are generated.
            partitions: how many each has.

        Raises:
            ValueError: there is one of that name, or a number is none.
            RuntimeError: the broker does not run.
        """
        for topic in topics:
            for name in self._missing(topic):
                self.broker.create_topic(name, partitions)
            self._enter(topic)

    def producer(
        self,
        producer: Callable[Concatenate[Any, P], Producer],
        config: Mapping[str, object] | None = None,
        *args: P.args,
        **options: P.kwargs,
    ) -> Producer:
        """Return a typed producer; create its topic and register its schemas if needed.

        Args:
            producer: the generated class, for threads or for asyncio.
            config: further properties, on top of :attr:`config`.
            args: none.
            options: those of the class.
        """
        self._prepare(producer)
        made = producer({**self.config, **(config or {})}, *args, **options)
        if isinstance(made, TopicProducer):
            self._ending.callback(made.close, _PATIENCE)
        return made

    def consumer(
        self,
        consumer: Callable[Concatenate[Any, P], ConsumerT],
        config: Mapping[str, object] | None = None,
        *args: P.args,
        **options: P.kwargs,
    ) -> ConsumerT:
        """Return a typed consumer that stops once it has handled everything on its topic.

        So ``run``, ``run_batches`` and iteration come to an end: send first, then open it. One that
        goes on for ever is ``OrdersConsumer(kafka.config, group_id=...)``. The topic is made if
        need be, and its schemas are registered.

        Args:
            consumer: the generated class, for threads or for asyncio.
            config: further properties, on top of :attr:`config`.
            args: none.
            options: those of the class.
        """
        self._prepare(consumer)
        made = consumer({**self.config, **(config or {})}, *args, **options)
        self._ending.callback(AutoStop(made).give_up)
        return made

    # --- looking ----------------------------------------------------------------------------------

    def records(self, topic: Topic[Any, Any] | str) -> tuple[Record, ...]:
        """Return all records of a topic by partition and offset, as bytes.

        Raises:
            LookupError, TimeoutError, RuntimeError: as :meth:`.EmbeddedBroker.records`.
        """
        return self.broker.records(topic if isinstance(topic, str) else topic.name)

    def messages(self, topic: Topic[K, V]) -> list[Message[K, V]]:
        """Return all messages of a topic, by partition and offset.

        Raises:
            DecodeError: something is no message of this topic; :meth:`records` shows what.
            LookupError, TimeoutError, RuntimeError: as :meth:`records`.
        """
        reader = MessageReader(topic, self._client())
        return [read_message(reader, record) for record in self.records(topic)]

    def dead_letters(self, topic: Topic[K, V]) -> list[DeadLetter[K, V]]:
        """Return the records on a topic's dead-letter topic.

        Args:
            topic: the topic that it was on.

        Raises:
            ValueError: the topic has none, or something there is no dead letter.
            LookupError, TimeoutError, RuntimeError: as :meth:`records`.
        """
        if topic.dead_letter is None:
            raise ValueError(f"{topic.name} has no dead-letter topic; avrogen.toml can give it one")
        reader = MessageReader(topic, self._client())
        return [read_dead_letter(reader, record) for record in self.records(topic.dead_letter)]

    def wait_until_handled(
        self, topic: Topic[Any, Any], *, group_id: str, timeout: float = 10.0
    ) -> None:
        """Wait until a group has handled everything now on a topic, dead letters included.

        It is for services that consume in a thread or a process of their own. They count what they
        commit, which is ten times a second with the settings of :attr:`config`.

        Args:
            topic: the topic.
            group_id: the name of the group.
            timeout: seconds.

        Raises:
            TimeoutError: it has not by then; it says how many messages are left.
            LookupError: there is no such topic.
        """
        wait_until_handled(self.broker.bootstrap_servers, topic.name, group_id, timeout)

    # --- inside -----------------------------------------------------------------------------------

    def _prepare(self, client: Any) -> None:
        """Create topics and register schemas that a client needs."""
        topic: Topic[Any, Any] = client.topic
        if topic.name in self._topics:
            return
        for name in self._missing(topic):
            # There may be one: Kafka makes topics for producers, such as those of a service.
            with suppress(ValueError):
                self.broker.create_topic(name)
        self._enter(topic)

    def _missing(self, topic: Topic[Any, Any]) -> list[str]:
        """Return the missing ones of a topic and its dead-letter topic."""
        letters = topic.dead_letter
        return [topic.name] if letters is None or letters in self._topics else [topic.name, letters]

    def _enter(self, topic: Topic[Any, Any]) -> None:
        self._topics |= {topic.name, topic.dead_letter or topic.name}
        look_up_schema_ids(self._client(), topic, register=True)

    def _client(self) -> SchemaRegistry:
        if self._asked is None:
            self._asked = connect({"url": self.registry.url})
            self._ending.callback(self._asked.close)
        return self._asked


AnyConsumer: TypeAlias = "TopicConsumer[Any, Any] | AsyncTopicConsumer[Any, Any]"

_CHECK_INTERVAL: Final = 0.01


class AutoStop:
    """Stops a consumer once its lag is zero.

    Args:
        consumer: not opened yet.
    """

    def __init__(self, consumer: AnyConsumer) -> None:
        self._consumer = consumer
        self._given_up = Event()
        name = f"end of {consumer.topic.name}"
        self._thread = Thread(target=self._watch, name=name, daemon=True)
        self._thread.start()

    def give_up(self) -> None:
        """Stop watching."""
        self._given_up.set()
        self._thread.join()

    def _watch(self) -> None:
        with asyncio.Runner() as runner:
            lag = _lag_of(self._consumer, runner)
            opened = False
            while not self._given_up.wait(_CHECK_INTERVAL):
                try:
                    assigned = self._consumer.assignment()
                    opened = True
                    if assigned and not any(lag().values()):
                        self._consumer.stop()
                        return
                except ClosedError:
                    if opened:
                        return


def _lag_of(consumer: AnyConsumer, runner: asyncio.Runner) -> Callable[[], dict[int, int]]:
    """Return a function that reports the consumer's lag."""

    def lag() -> dict[int, int]:
        try:
            if isinstance(consumer, AsyncTopicConsumer):
                return runner.run(consumer.lag())
            return consumer.lag()
        except ConsumeError:
            return {-1: 1}  # the brokers do not answer: it is not done

    return lag


_POLL_INTERVAL: Final = 0.02


def wait_until_handled(bootstrap_servers: str, topic: str, group: str, timeout: float) -> None:
    """Wait until a group has committed everything on a topic at the time of the call.

    Args:
        bootstrap_servers: where.
        topic: its name.
        group: the name of the group.
        timeout: seconds.

    Raises:
        TimeoutError: it has not by then; it says how many messages are left.
        LookupError: there is no such topic.
    """
    with comes_with("kafka"):
        from confluent_kafka import Consumer
    deadline = monotonic() + timeout
    # It never subscribes, and so is no member.
    client = Consumer({"bootstrap.servers": bootstrap_servers, "group.id": group, "log_level": 0})
    try:
        ends = _ends(client, topic, timeout)
        while left := _left(client, ends, timeout):
            if monotonic() > deadline:
                raise TimeoutError(
                    f"in {timeout} s, the group {group!r} has not handled all of {topic}: "
                    f"{left} messages are left"
                )
            sleep(_POLL_INTERVAL)
    finally:
        client.close()


def _ends(client: Consumer, topic: str, timeout: float) -> list[tuple[TopicPartition, int, int]]:
    """Return the partitions of a topic with their low and high watermarks."""
    from confluent_kafka import TopicPartition

    found = client.list_topics(timeout=timeout).topics.get(topic)
    if found is None:
        raise LookupError(f"there is no topic {topic!r}")
    places = [TopicPartition(topic, number) for number in found.partitions]
    return [(place, *client.get_watermark_offsets(place, timeout=timeout)) for place in places]


def _left(client: Consumer, ends: list[tuple[TopicPartition, int, int]], timeout: float) -> int:
    committed = client.committed([place for place, _, _ in ends], timeout=timeout)
    # A negative offset says that nothing is committed.
    return sum(
        max(0, end - max(start, done.offset))
        for done, (_, start, end) in zip(committed, ends, strict=True)
    )
