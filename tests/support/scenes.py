"""Topics with events on them, and consumers that keep account of what they handle."""

from __future__ import annotations

import threading
from collections import Counter, defaultdict
from collections.abc import Callable, Generator, Iterable, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from time import monotonic, sleep
from typing import Any, TypeAlias

import pytest
from confluent_kafka import Consumer, Producer, TopicPartition

from avrogen import ClosedError, ConsumeError
from avrogen.kafka.consumer.consumer import TopicConsumer
from avrogen.kafka.message import Message
from avrogen.kafka.observability.observer import Observer, Partition
from avrogen.kafka.topic import Topic
from avrogen.testing.broker import Record
from generated_example.com.example import Event
from tests.support.clients import consumer_of, producer_of
from tests.support.clusters import AnyCluster, fresh_name
from tests.support.events import event

__all__ = [
    "SECONDS",
    "EventMessage",
    "Events",
    "Handled",
    "Scene",
    "eventually",
    "stopped_in_time",
]

SECONDS = 60.0
"""How long anything may take before a test gives up."""

EventMessage: TypeAlias = Message[str, Event]
Events: TypeAlias = TopicConsumer[str, Event]


def eventually(what: Callable[[], bool]) -> None:
    """Wait until something comes true."""
    deadline = monotonic() + SECONDS
    while not what():
        assert monotonic() < deadline, "it did not come true in time"
        sleep(0.01)


@dataclass
class Handled:
    """What was handled, by whom, in which order."""

    numbers: list[int] = field(default_factory=list[int])
    by_partition: dict[int, list[int]] = field(default_factory=lambda: defaultdict(list))
    lock: threading.Lock = field(default_factory=threading.Lock)

    def __call__(self, message: EventMessage) -> None:
        """Note a message."""
        with self.lock:
            self.numbers.append(message.value.timestamp)
            self.by_partition[message.partition].append(message.offset)

    def __len__(self) -> int:
        return len(self.numbers)

    def doubled(self) -> set[int]:
        """What was handled more than once."""
        return {number for number, times in Counter(self.numbers).items() if times > 1}

    def assert_each_once(self, numbers: Iterable[int]) -> None:
        """These and no others were handled, each once, and in the order of their partitions."""
        assert sorted(self.numbers) == sorted(numbers)
        for offsets in self.by_partition.values():
            assert offsets == sorted(offsets)

    def assert_none_lost(self, numbers: Iterable[int]) -> None:
        """Each of these was handled at least once."""
        assert set(self.numbers) == set(numbers)


@dataclass
class Scene:
    """A topic on a cluster, and a group that reads it.

    Attributes:
        cluster: where.
        topic: what consumers and producers of it are made for.
        group: the name of the group.
    """

    cluster: AnyCluster
    topic: Topic[str, Event]
    group: str = field(default_factory=lambda: fresh_name("group"))
    sent: int = 0

    @classmethod
    def of(
        cls, cluster: AnyCluster, *, partitions: int = 1, dead_letters: int = 0, **topic: Any
    ) -> Scene:
        """A topic with so many partitions, and a topic for its dead letters with so many."""
        name = cluster.topic(partitions)
        if dead_letters:
            topic["dead_letter"] = cluster.topic(dead_letters, f"{name}.dlq")
        return cls(cluster, Topic(name, value=(Event,), key="string", **topic))

    def send(self, count: int, **options: Any) -> range:
        """Send so many more events, whose numbers are returned."""
        numbers = range(self.sent, self.sent + count)
        with producer_of(self.topic)(self.cluster.config, register=True) as events:
            for number in numbers:
                events.send(event(number), key=f"key-{number % 13}", **options)
        self.sent += count
        return numbers

    def consumer(self, settings: dict[str, object] | None = None, **options: Any) -> Events:
        """A member of the group, not opened yet. Settings that are None are left out."""
        options.setdefault("group_id", self.group)
        return consumer_of(self.topic)(self.config(settings), **options)

    def config(self, settings: dict[str, object] | None = None) -> dict[str, object]:
        """Settings for consumers, with some changed; those that are None are left out."""
        config = {**self.cluster.consumer_config, "fetch.wait.max.ms": 20, **(settings or {})}
        return {name: value for name, value in config.items() if value is not None}

    def letters(self) -> tuple[Record, ...]:
        """What is on the topic for dead letters."""
        assert self.topic.dead_letter is not None
        return self.cluster.records(self.topic.dead_letter)

    def produce(self, value: bytes | None, key: bytes | None = b"raw") -> None:
        """Send bytes as they are, to partition 0, with a header."""
        producer = Producer({"bootstrap.servers": self.cluster.bootstrap_servers})
        producer.produce(self.topic.name, value, key, 0, headers=[("h", b"1")])
        assert producer.flush(SECONDS) == 0

    def run_until(self, consumer: Events, handle: Any, done: Callable[[], bool]) -> None:
        """Have an open consumer run until something is true after a message was handled."""

        def handle_and_look(message: EventMessage) -> None:
            try:
                handle(message)
            finally:
                if done():
                    consumer.stop()

        with stopped_in_time(consumer):
            consumer.run(handle_and_look)

    def stops(
        self,
        handle: Any,
        settings: dict[str, object] | None = None,
        *,
        how: str = "run",
        **options: Any,
    ) -> ConsumeError:
        """The error that a consumer stops with."""
        with (
            pytest.raises(ConsumeError) as caught,
            self.consumer(settings, **options) as consumer,
            stopped_in_time(consumer),
        ):
            getattr(consumer, how)(handle)
        return caught.value

    def committed(self) -> dict[int, int]:
        """The offsets that the group has committed, by partition."""
        client = Consumer(
            {"bootstrap.servers": self.cluster.bootstrap_servers, "group.id": self.group}
        )
        try:
            numbers = client.list_topics(self.topic.name, timeout=SECONDS)
            places = [
                TopicPartition(self.topic.name, number)
                for number in numbers.topics[self.topic.name].partitions
            ]
            found = client.committed(places, timeout=SECONDS)
            return {each.partition: each.offset for each in found if each.offset >= 0}
        finally:
            client.close()

    def ends(self) -> dict[int, int]:
        """How many messages each partition has."""
        return dict(Counter(r.partition for r in self.cluster.records(self.topic.name)))


class Member:
    """A consumer that runs in a thread of its own, from the beginning of a block to its end."""

    def __init__(
        self,
        consumer: Events,
        handle: Any,
        *,
        how: str = "run",
        run: Callable[[Any], None] | None = None,
    ) -> None:
        self.consumer = consumer
        self._run_it = run or getattr(consumer, how)
        self._handle = handle
        self._error: BaseException | None = None
        self._thread = threading.Thread(target=self._run)

    def _run(self) -> None:
        try:
            with self.consumer:
                self._run_it(self._handle)
        except BaseException as error:
            self._error = error

    def __enter__(self) -> Member:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self.consumer.stop()
        self._thread.join(SECONDS)
        assert not self._thread.is_alive(), "it did not stop"
        if self._error is not None:
            raise self._error

    @property
    def is_running(self) -> bool:
        """Whether it runs still; what it raised is raised at the end of the block."""
        return self._thread.is_alive()

    def has(self, *partitions: int) -> bool:
        """Whether these are the partitions that it has."""
        try:
            return self.consumer.assignment() == partitions
        except ClosedError:
            return False  # it is not open yet


class Moves(Observer):
    """Notes which partitions came and went."""

    def __init__(self) -> None:
        self.events: list[tuple[str, list[int]]] = []

    def assigned(self, partitions: Sequence[Partition], group: str) -> None:
        self.events.append(("assigned", sorted(number for _, number in partitions)))

    def revoked(self, partitions: Sequence[Partition], group: str) -> None:
        self.events.append(("revoked", sorted(number for _, number in partitions)))

    def lost(self, partitions: Sequence[Partition], group: str) -> None:
        self.events.append(("lost", sorted(number for _, number in partitions)))


class Gate:
    """A handler that waits at certain messages until it is let through."""

    def __init__(self, handled: Handled, *numbers: int) -> None:
        self._handled = handled
        self._numbers = set(numbers)
        self.reached = threading.Event()
        self.open = threading.Event()

    def __call__(self, message: EventMessage) -> None:
        if message.value.timestamp in self._numbers:
            self.reached.set()
            assert self.open.wait(SECONDS)
        self._handled(message)


@contextmanager
def stopped_in_time(consumer: Events) -> Generator[None]:
    """Stop a consumer that runs for too long: a test fails then, and does not hang."""
    timer = threading.Timer(SECONDS, consumer.stop)
    timer.start()
    try:
        yield
    finally:
        timer.cancel()
