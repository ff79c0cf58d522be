"""Broker, registry and typed clients for a test: :class:`EmbeddedKafka`."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import ExitStack, suppress
from types import TracebackType
from typing import TYPE_CHECKING, Any, Concatenate, Final, ParamSpec, Self, TypeVar

from avrogen.kafka.aio.consumer import AsyncTopicConsumer
from avrogen.kafka.aio.producer import AsyncTopicProducer
from avrogen.kafka.consuming.consumer import TopicConsumer
from avrogen.kafka.consuming.reading import Reader
from avrogen.kafka.producing.producer import TopicProducer
from avrogen.kafka.producing.schemas import resolve
from avrogen.kafka.registry.connecting import connect
from avrogen.testing.broker import EmbeddedBroker, Record
from avrogen.testing.catching_up import StopsWhenDone
from avrogen.testing.reading import read_dead_letter, read_message
from avrogen.testing.registry import EmbeddedRegistry

if TYPE_CHECKING:
    from avrogen.kafka.message import Message
    from avrogen.kafka.registry.port import SchemaRegistry
    from avrogen.kafka.topic import Topic
    from avrogen.testing.dead_letter import DeadLetter

__all__ = ["EmbeddedKafka"]

K = TypeVar("K")
V = TypeVar("V")
P = ParamSpec("P")
Producer = TypeVar("Producer", bound=TopicProducer[Any, Any] | AsyncTopicProducer[Any, Any])
Consumer = TypeVar("Consumer", bound=TopicConsumer[Any, Any] | AsyncTopicConsumer[Any, Any])

_SETTINGS: Final = {
    # The cluster waits for it, less a second, when members of a group come and go.
    "session.timeout.ms": 1200,
    "heartbeat.interval.ms": 200,
    "fetch.wait.max.ms": 20,
    "auto.commit.interval.ms": 100,
    "linger.ms": 0,
}


class EmbeddedKafka:
    """An embedded broker with an embedded registry, and typed clients that talk to them.

    ::

        with EmbeddedKafka() as kafka:
            with kafka.producer(OrdersProducer) as orders:
                orders.send(placed)
            with kafka.consumer(OrdersConsumer, group="billing") as orders:
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
        """Nothing runs yet.

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
        """Start both; nothing happens if they run.

        Raises:
            ImportError: confluent-kafka is not installed.
        """
        self._ending.enter_context(self.broker)
        self._ending.enter_context(self.registry)
        return self

    def stop(self) -> None:
        """Close producers that are still open, and stop both, which forget everything.

        Raises:
            DeliveryError: messages of those were not delivered, and nobody knows.
        """
        self._ending.close()
        self._topics.clear()

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
        """Settings for clients: where broker and registry are, and what makes tests quick.

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
        """Make topics with their dead-letter topics, and register their schemas.

        Args:
            topics: as they are generated.
            partitions: how many each has.

        Raises:
            ValueError: there is one of that name, or a number is none.
            RuntimeError: the broker does not run.
        """
        for topic in topics:
            self.broker.create_topic(topic.name, partitions)
            self._topics.add(topic.name)
            if topic.dead_letter is not None and topic.dead_letter not in self._topics:
                self.broker.create_topic(topic.dead_letter, partitions)
                self._topics.add(topic.dead_letter)
            self._register(topic)

    def producer(
        self,
        producer: Callable[Concatenate[Any, P], Producer],
        *args: P.args,
        **options: P.kwargs,
    ) -> Producer:
        """A typed producer. Its topic is made if need be, and its schemas are registered.

        Args:
            producer: the generated class, for threads or for asyncio.
            args: none.
            options: those of the class.
        """
        self._prepare(producer)
        made = producer(self.config, *args, **options)
        if isinstance(made, TopicProducer):
            self._ending.callback(made.close)
        return made

    def consumer(
        self,
        consumer: Callable[Concatenate[Any, P], Consumer],
        *args: P.args,
        **options: P.kwargs,
    ) -> Consumer:
        """A typed consumer that stops when it has handled all that is on its topic.

        So ``run``, ``run_batches`` and iteration come to an end: send first, then open it. One that
        goes on for ever is ``OrdersConsumer(kafka.config, group=...)``. The topic is made if need
        be, and its schemas are registered.

        Args:
            consumer: the generated class, for threads or for asyncio.
            args: none.
            options: those of the class.
        """
        self._prepare(consumer)
        made = consumer(self.config, *args, **options)
        self._ending.callback(StopsWhenDone(made).give_up)
        return made

    # --- looking ----------------------------------------------------------------------------------

    def records(self, topic: Topic[Any, Any] | str) -> tuple[Record, ...]:
        """Everything that is on a topic, by partition and offset, as bytes.

        Raises:
            LookupError, TimeoutError, RuntimeError: as :meth:`EmbeddedBroker.records`.
        """
        return self.broker.records(topic if isinstance(topic, str) else topic.name)

    def messages(self, topic: Topic[K, V]) -> list[Message[K, V]]:
        """Everything that is on a topic, by partition and offset.

        Raises:
            DecodeError: something is no message of this topic; :meth:`records` shows what.
            LookupError, TimeoutError, RuntimeError: as :meth:`records`.
        """
        reader = Reader(topic, self._client())
        return [read_message(reader, record) for record in self.records(topic)]

    def dead_letters(self, topic: Topic[K, V]) -> list[DeadLetter[K, V]]:
        """What could not be handled of a topic, and is on its dead-letter topic.

        Args:
            topic: the topic that it was on.

        Raises:
            ValueError: the topic has none, or something there is no dead letter.
            LookupError, TimeoutError, RuntimeError: as :meth:`records`.
        """
        if topic.dead_letter is None:
            raise ValueError(f"{topic.name} has no dead-letter topic; avrogen.toml can give it one")
        reader = Reader(topic, self._client())
        return [read_dead_letter(reader, record) for record in self.records(topic.dead_letter)]

    # --- inside -----------------------------------------------------------------------------------

    def _prepare(self, client: Any) -> None:
        """Make what a client needs."""
        topic: Topic[Any, Any] = client.topic
        if topic.name in self._topics:
            return
        # Clients of the service itself may have brought it about, as Kafka makes topics for them.
        with suppress(ValueError):
            self.create(topic)
        self._topics.add(topic.name)
        self._register(topic)

    def _register(self, topic: Topic[Any, Any]) -> None:
        resolve(self._client(), topic, register=True)

    def _client(self) -> SchemaRegistry:
        if self._asked is None:
            self._asked = connect({"url": self.registry.url})
            self._ending.callback(self._asked.close)
        return self._asked
