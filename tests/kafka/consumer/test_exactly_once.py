"""Transactions: what comes of a message counts once, whatever happens. On real brokers."""

from __future__ import annotations

import asyncio
import re
import threading
import time
from collections import Counter
from collections.abc import Callable
from contextlib import ExitStack
from dataclasses import dataclass, field
from functools import partial
from itertools import count

import pytest

from avrogen import ConsumeError, Retry, RetryPolicy, TransactionError
from avrogen.kafka import ProducerClient
from avrogen.kafka.consumer.async_consumer import AsyncTopicConsumer
from avrogen.kafka.producer.async_producer import AsyncTopicProducer
from avrogen.kafka.producer.producer import TopicProducer
from avrogen.kafka.producer.transactions import TransactionManager
from avrogen.kafka.topic import Topic
from avrogen.testing.broker import Record
from generated_example.com.example import Event
from tests.services.apicurio import Apicurio
from tests.services.fixtures import MakeKafka
from tests.support.clients import async_consumer_of, async_producer_of, producer_of
from tests.support.clusters import AnyCluster, fresh_name, real_cluster
from tests.support.events import event
from tests.support.scenes import EventMessage, Member, Scene, eventually, stopped_in_time

QUICK = RetryPolicy(attempts=3, initial=0.01, jitter=0.0)


@dataclass
class Line:
    """Events go from one topic to another: each comes out once, with its number."""

    scene: Scene
    output: Topic[str, Event]
    transactional_id: str = field(default_factory=lambda: fresh_name("mover"))

    @classmethod
    def of(cls, real: AnyCluster, partitions: int = 2, dead_letters: int = 0) -> Line:
        scene = Scene.of(real, partitions=partitions, dead_letters=dead_letters)
        name = real.topic(partitions)
        line = cls(scene, Topic(name, value=(Event,), key="string"))
        with producer_of(line.output)(real.config, register=True):
            pass  # its schema is there
        return line

    def producer(self, id: str | None = None) -> TopicProducer[str, Event]:
        settings = {**self.scene.cluster.config, "transactional.id": id or self.transactional_id}
        return producer_of(self.output)(settings)

    def out(self) -> list[int]:
        """The numbers of what has come out, as committed."""
        return [number_of(record) for record in self.scene.cluster.records(self.output.name)]


def number_of(record: Record) -> int:
    assert record.value is not None
    return Event.from_avro(record.value[5:]).timestamp


def mover(
    producer: TopicProducer[str, Event], seen: Callable[[int], object] = lambda _: None
) -> Callable[[EventMessage], None]:
    """A handler that sends each event on."""

    def move(message: EventMessage) -> None:
        seen(message.value.timestamp)
        producer.send(event(message.value.timestamp), key=message.key)

    return move


def test_each_event_comes_out_once(real: AnyCluster) -> None:
    line = Line.of(real)
    numbers = line.scene.send(300)
    with line.producer() as producer, line.scene.consumer() as consumer, stopped_in_time(consumer):
        seen = Counter[int]()

        def note(number: int) -> None:
            seen[number] += 1
            if len(seen) == 300:
                consumer.stop()

        consumer.run_transactional(mover(producer, note), producer, max_records=70)
    assert sorted(line.out()) == list(numbers)
    # The next offset to read is behind the last event, not behind the markers of transactions.
    assert line.scene.committed() == line.scene.ends()


def test_what_fails_is_aborted_and_comes_again(real: AnyCluster) -> None:
    line = Line.of(real)
    numbers = line.scene.send(100)
    failures = {30: 2, 70: 1}
    with line.producer() as producer, line.scene.consumer(retry=QUICK) as consumer:
        done = Counter[int]()

        def move(message: EventMessage) -> None:
            number = message.value.timestamp
            producer.send(event(number), key=message.key)
            if failures.get(number, 0):
                failures[number] -= 1
                raise Retry("later")
            done[number] += 1
            if len(done) == 100:
                consumer.stop()

        with stopped_in_time(consumer):
            consumer.run_transactional(move, producer, max_records=20)
    assert sorted(line.out()) == list(numbers)
    assert max(done.values()) > 1, "those beside it were handled again, and counted once"
    assert line.scene.committed() == line.scene.ends()


def test_poison_and_junk_become_dead_letters_once(real: AnyCluster) -> None:
    line = Line.of(real, dead_letters=2)
    line.scene.produce(b"junk")
    numbers = line.scene.send(50)
    with line.producer() as producer, line.scene.consumer(retry=QUICK) as consumer:

        def move(message: EventMessage) -> None:
            number = message.value.timestamp
            producer.send(event(number), key=message.key)
            if number == 20:
                raise ValueError("negative price")

        thread = threading.Thread(
            target=lambda: consumer.run_transactional(move, producer, max_records=20)
        )
        thread.start()
        eventually(lambda: consumer.counters().consumed == 51)
        consumer.stop()
        thread.join()
    assert sorted(line.out()) == sorted(set(numbers) - {20})
    assert len(line.scene.letters()) == 2
    assert line.scene.committed() == line.scene.ends()


def test_members_that_come_and_go_double_nothing(real: AnyCluster) -> None:
    line = Line.of(real, partitions=4)
    numbers = line.scene.send(2000)
    with ExitStack() as stack:
        producers = [stack.enter_context(line.producer(fresh_name("mover"))) for _ in range(2)]

        def member(producer: TopicProducer[str, Event]) -> Member:
            consumer = line.scene.consumer()
            run = partial(consumer.run_transactional, producer=producer, max_records=50)
            return Member(consumer, mover(producer), run=run)

        with member(producers[0]) as first:
            eventually(lambda: first.consumer.counters().consumed > 100)
            with member(producers[1]) as second:
                eventually(lambda: second.consumer.counters().consumed > 100)
            eventually(lambda: len(line.out()) == 2000)
    assert sorted(line.out()) == list(numbers)
    assert line.scene.committed() == line.scene.ends()


def test_a_fenced_producer_ends_it(real: AnyCluster) -> None:
    line = Line.of(real)
    line.scene.send(10)
    with line.scene.consumer() as consumer, stopped_in_time(consumer):
        producer = line.producer()
        newer: list[TopicProducer[str, Event]] = []

        def move(message: EventMessage) -> None:
            producer.send(event(message.value.timestamp), key=message.key)
            if not newer:
                newer.append(line.producer())

        with pytest.raises(ConsumeError, match="other messages would fail, too") as caught:
            consumer.run_transactional(move, producer)
        assert isinstance(caught.value.__cause__, TransactionError)
        assert caught.value.__cause__.fatal
        newer[0].close()
    assert line.out() == []
    assert line.scene.committed() == {}


@pytest.mark.parametrize("committed", [True, False])
def test_a_commit_whose_response_is_lost(
    real: AnyCluster, monkeypatch: pytest.MonkeyPatch, committed: bool
) -> None:
    """The group's offsets tell if it was done: its messages are not handled again then."""
    line = Line.of(real)
    numbers = line.scene.send(100)
    seen = Counter[int]()
    lose: list[int] = [1, 3]
    done = count()
    real_commit = TransactionManager.commit

    def commit(transaction: TransactionManager) -> None:
        if next(done) not in lose:
            return real_commit(transaction)
        if committed:
            real_commit(transaction)
        transaction.trouble.note()
        raise TransactionError("response lost", code="_FENCED", fatal=True)

    monkeypatch.setattr(TransactionManager, "commit", commit)
    with line.producer() as producer, line.scene.consumer(retry=QUICK) as consumer:

        def add(number: int) -> None:
            seen[number] += 1

        thread = threading.Thread(
            target=lambda: consumer.run_transactional(
                mover(producer, add), producer, max_records=20
            )
        )
        thread.start()
        eventually(lambda: consumer.counters().consumed == 100)
        consumer.stop()
        thread.join()
    assert sorted(line.out()) == list(numbers)
    assert line.scene.committed() == line.scene.ends()
    assert (max(seen.values()) == 1) is committed


# --- under the time limit of transactions ---------------------------------------------------------


@pytest.fixture
def strict(make_kafka: MakeKafka, real_registry: Apicurio) -> AnyCluster:
    """Brokers that look for transactions to abort all the time, not every ten seconds."""
    properties = {"transaction_abort_timed_out_transaction_cleanup_interval_ms": "100"}
    brokers = make_kafka(1, **properties)
    return real_cluster(brokers.bootstrap_servers, real_registry.url)


SHORT = {"transaction.timeout.ms": 2000}


def settings_of(line: Line, **more: object) -> dict[str, object]:
    cluster = line.scene.cluster
    return {**cluster.config, "transactional.id": line.transactional_id, **SHORT, **more}


def test_a_backlog_takes_as_many_transactions_as_it_needs(strict: AnyCluster) -> None:
    line = Line.of(strict)
    numbers = line.scene.send(120)
    seen = Counter[int]()
    with (
        producer_of(line.output)(settings_of(line)) as producer,
        line.scene.consumer() as consumer,
        stopped_in_time(consumer),
    ):

        def note(number: int) -> None:
            time.sleep(0.05)  # 6 seconds in all
            seen[number] += 1
            if len(seen) == 120:
                consumer.stop()

        consumer.run_transactional(mover(producer, note), producer)
    assert sorted(line.out()) == list(numbers)
    assert set(seen.values()) == {1}, "no transaction was aborted"
    assert line.scene.committed() == line.scene.ends()


def test_a_backlog_of_an_asyncio_consumer(strict: AnyCluster) -> None:
    line = Line.of(strict)
    numbers = line.scene.send(120)
    seen = Counter[int]()

    async def main() -> None:
        consumer_class = async_consumer_of(line.scene.topic)
        async with (
            async_producer_of(line.output)(settings_of(line)) as producer,
            consumer_class(line.scene.config(), group_id=line.scene.group) as consumer,
        ):

            async def move(message: EventMessage) -> None:
                await asyncio.sleep(0.05)
                await producer.send(event(message.value.timestamp), key=message.key)
                seen[message.value.timestamp] += 1
                if len(seen) == 120:
                    consumer.stop()

            async with asyncio.timeout(60):
                await consumer.run_transactional(move, producer)

    asyncio.run(main())
    assert sorted(line.out()) == list(numbers)
    assert set(seen.values()) == {1}
    assert line.scene.committed() == line.scene.ends()


def test_slow_messages_are_handled_one_by_one(strict: AnyCluster) -> None:
    line = Line.of(strict, partitions=1)
    numbers = line.scene.send(10)
    with (
        producer_of(line.output)(settings_of(line)) as producer,
        line.scene.consumer() as consumer,
        stopped_in_time(consumer),
    ):

        def note(number: int) -> None:
            time.sleep({4: 0.9, 5: 1.5}.get(number, 0.0))
            if number == 9:
                consumer.stop()

        consumer.run_transactional(mover(producer, note), producer)
    assert line.out() == list(numbers)
    assert line.scene.committed() == line.scene.ends()


def test_a_handler_that_outlives_the_transaction(strict: AnyCluster) -> None:
    line = Line.of(strict, partitions=1, dead_letters=1)
    line.scene.send(10)
    producer = producer_of(line.output)(settings_of(line))
    with line.scene.consumer() as consumer, stopped_in_time(consumer):

        def move(message: EventMessage) -> None:
            producer.send(event(message.value.timestamp), key=message.key).result(30)
            if message.value.timestamp == 5:
                time.sleep(3)

        with pytest.raises(ConsumeError) as caught:
            consumer.run_transactional(move, producer)
    producer.close()
    assert re.search(
        r"the handler took 3\.\d s with one message, and a transaction may be open for 2 s "
        r"\(transaction\.timeout\.ms\)",
        str(caught.value),
    )
    assert caught.value.offset == 5
    assert line.out() == [0, 1, 2, 3, 4]
    assert line.scene.committed() == {0: 5}
    assert line.scene.letters() == ()


def test_stopping_commits_what_is_handled(real: AnyCluster) -> None:
    line = Line.of(real, partitions=1)
    line.scene.send(200)
    with line.producer() as producer, line.scene.consumer() as consumer:

        def note(number: int) -> None:
            if number == 10:
                consumer.stop()

        with stopped_in_time(consumer):
            consumer.run_transactional(mover(producer, note), producer)
    assert line.out() == list(range(11))
    assert line.scene.committed() == {0: 11}


# --- the rest -------------------------------------------------------------------------------------


def test_without_transactions_it_is_refused(real: AnyCluster) -> None:
    line = Line.of(real)
    with (
        ProducerClient(real.config) as client,
        line.scene.consumer() as consumer,
        pytest.raises(TransactionError, match=r"transactional\.id"),
    ):
        consumer.run_transactional(print, client)


def test_asyncio(real: AnyCluster) -> None:
    line = Line.of(real, dead_letters=2)
    line.scene.produce(b"junk")
    numbers = line.scene.send(100)
    failures = {30: 2}
    namespace = {"__slots__": (), "topic": line.scene.topic}
    consumer_class = type("AsyncEvents", (AsyncTopicConsumer,), namespace)
    producer_class = type("AsyncMoved", (AsyncTopicProducer,), {**namespace, "topic": line.output})

    async def main() -> None:
        settings = {**real.config, "transactional.id": line.transactional_id}
        async with (
            producer_class(settings) as producer,
            consumer_class(line.scene.config(), group_id=line.scene.group, retry=QUICK) as consumer,
        ):

            async def move(message: EventMessage) -> None:
                number = message.value.timestamp
                await producer.send(event(number), key=message.key)
                if failures.get(number, 0):
                    failures[number] -= 1
                    raise Retry("later")
                if number == 60:
                    raise ValueError("negative price")

            async with asyncio.timeout(60), asyncio.TaskGroup() as group:
                group.create_task(consumer.run_transactional(move, producer, max_records=20))
                while consumer.counters().consumed < 101:
                    await asyncio.sleep(0.01)
                consumer.stop()

    asyncio.run(main())
    assert sorted(line.out()) == sorted(set(numbers) - {60})
    assert len(line.scene.letters()) == 2
    assert line.scene.committed() == line.scene.ends()


def test_a_cancelled_transaction_is_aborted(real: AnyCluster) -> None:
    line = Line.of(real)
    numbers = line.scene.send(40)
    namespace = {"__slots__": (), "topic": line.scene.topic}
    consumer_class = type("AsyncEvents", (AsyncTopicConsumer,), namespace)
    producer_class = type("AsyncMoved", (AsyncTopicProducer,), {**namespace, "topic": line.output})

    async def main() -> None:
        settings = {**real.config, "transactional.id": line.transactional_id}
        async with (
            producer_class(settings) as producer,
            consumer_class(line.scene.config(), group_id=line.scene.group) as consumer,
        ):
            halfway = asyncio.Event()

            async def move(message: EventMessage) -> None:
                await producer.send(event(message.value.timestamp), key=message.key)
                if message.value.timestamp == 20 and not halfway.is_set():
                    halfway.set()
                    await asyncio.sleep(60)

            task = asyncio.create_task(consumer.run_transactional(move, producer, max_records=40))
            await halfway.wait()
            task.cancel()
            with pytest.raises(asyncio.CancelledError):
                await task
            async with asyncio.timeout(60), asyncio.TaskGroup() as group:
                group.create_task(consumer.run_transactional(move, producer))
                while consumer.counters().consumed < 40:
                    await asyncio.sleep(0.01)
                consumer.stop()

    asyncio.run(main())
    assert sorted(line.out()) == list(numbers)
    assert line.scene.committed() == line.scene.ends()
