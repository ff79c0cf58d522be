"""Event types that a consumer does not know, or does not want: dead-lettered, skipped, or the end.

A producer of the next version sends a type that the consumer's generated code does not have.
"""

from __future__ import annotations

import asyncio
import inspect
import json
import logging
import threading
from collections.abc import Callable, Sequence
from contextlib import closing
from dataclasses import replace
from functools import partial
from types import NoneType
from typing import Any, get_args

import pytest

from avrogen import ConfigurationError, Message, Schema, UnknownTypeError
from avrogen.kafka import connect
from avrogen.kafka.consumer.consumer import ConsumerArguments, ConsumerBase
from avrogen.kafka.consumer.error_policy import OnUnknown, RetryPolicy
from avrogen.kafka.observability.observer import Observer, Partition
from avrogen.kafka.registry.protocol import SchemaText
from avrogen.kafka.topic import Topic
from avrogen.kafka.wire_format import frame_prefix
from examples.demo import PLACED
from generated_example.com.acme.shop import OrderCancelled, OrderPlaced
from generated_example.com.example import Event
from tests.kafka.consumer.test_exactly_once import Line, mover
from tests.support.clients import async_consumer_of, consumer_of, producer_of
from tests.support.clusters import AnyCluster, fresh_name
from tests.support.events import cancelled, event
from tests.support.memory_registry import MemoryRegistry
from tests.support.scenes import Scene, eventually, stopped_in_time

NOWHERE: dict[str, object] = {"bootstrap.servers": "127.0.0.1:1", "log_level": 0}
EVENT_NAME = "com.example.Event"
NEW = OrderCancelled
NEW_NAME = "com.acme.shop.OrderCancelled"


def of_types(scene: Scene, *types: type[Any], **more: Any) -> Topic[Any, Any]:
    """The scene's topic with other types."""
    return replace(scene.topic, value=types, subject_strategy="topic-record", **more)


def send(scene: Scene, *values: Any, **options: Any) -> None:
    """Send values as the next version of the producer does."""
    types: set[type[Any]] = {type(value) for value in values if value is not None}
    topic = of_types(scene, *types, tombstones=True)
    with producer_of(topic)(scene.cluster.config, register=True) as producer:
        for value in values:
            producer.send(value, key="k", **options)


def registered(cluster: AnyCluster, *schemas: object) -> list[int]:
    """The ids of schemas, each of a subject of its own."""
    with closing(connect({"url": cluster.registry_url})) as registry:
        return [registry.register(fresh_name("s"), SchemaText(str(each))).id for each in schemas]


def ignore(given: object) -> None:
    """Handle anything."""


def numbers(messages: Sequence[Message[Any, Any]]) -> list[int]:
    return [message.value.timestamp for message in messages]


class Skips(Observer):
    """Notes what was skipped, and what the observer was told of otherwise."""

    def __init__(self) -> None:
        self.skips: list[tuple[Partition, int, str, str]] = []
        self.offsets: list[int] = []

    def skipped(self, partition: Partition, offset: int, name: str, group: str) -> None:
        self.skips.append((partition, offset, name, group))

    def received(self, messages: Sequence[Message[Any, Any]], group: str) -> None:
        self.offsets += [message.offset for message in messages]


# --- skipping -------------------------------------------------------------------------------------


def run(scene: Scene, handled: list[Message[Any, Any]], consumer: Any, total: int) -> None:
    with stopped_in_time(consumer):
        consumer.run(counted(consumer, handled.append, total))


def iterate(scene: Scene, handled: list[Message[Any, Any]], consumer: Any, total: int) -> None:
    with stopped_in_time(consumer):
        for message in consumer:
            handled.append(message)
            if len(handled) == total:
                consumer.stop()


def run_batches(scene: Scene, handled: list[Message[Any, Any]], consumer: Any, total: int) -> None:
    with stopped_in_time(consumer):
        consumer.run_batches(counted(consumer, handled.extend, total, handled), max_wait=0.05)


def counted(
    consumer: Any, handle: Any, total: int, handled: list[Any] | None = None
) -> Callable[[Any], None]:
    calls: list[Any] = [] if handled is None else handled

    def and_stop(message: Any) -> None:
        handle(message)
        if handled is None:
            calls.append(message)
        if len(calls) == total:
            consumer.stop()

    return and_stop


@pytest.mark.parametrize("how", [run, iterate, run_batches])
def test_unknown_types_are_skipped_in_order(
    cluster: AnyCluster, how: Any, caplog: pytest.LogCaptureFixture
) -> None:
    """They are counted, reported each and logged once, and their offsets are committed."""
    scene = Scene.of(cluster)
    caplog.set_level(logging.INFO, "avrogen.kafka")
    new = cancelled()
    send(scene, new, event(0), new, new, event(1), *[new] * 600, event(2), event(3))
    observer, handled = Skips(), list[Message[Any, Any]]()
    with scene.consumer(unknown="skip", observer=observer) as consumer:
        how(scene, handled, consumer, 4)
    counters = consumer.counters()
    assert numbers(handled) == [0, 1, 2, 3]
    assert (counters.consumed, counters.skipped, counters.dead_lettered) == (4, 603, 0)
    assert observer.offsets == [1, 4, 605, 606]
    place = scene.topic.name, 0
    expected = [offset for offset in range(607) if offset not in observer.offsets]
    assert observer.skips == [(place, offset, NEW_NAME, scene.group) for offset in expected]
    assert scene.committed() == {0: 607}
    logged = [record for record in caplog.records if "type_skipped" in record.getMessage()]
    assert len(logged) == 1
    assert logged[0].levelno == logging.WARNING
    assert logged[0].__dict__["type"] == NEW_NAME


@pytest.mark.parametrize("how", ["run", "iterate", "run_batches"])
def test_unknown_types_are_skipped_with_asyncio(cluster: AnyCluster, how: str) -> None:
    scene = Scene.of(cluster, partitions=2)
    send(scene, cancelled(), event(0), cancelled(), event(1), partition=0)
    send(scene, event(2), *[cancelled()] * 300, event(3), partition=1)
    handled: list[Message[Any, Any]] = []

    async def main() -> None:
        consumer_class = async_consumer_of(scene.topic)
        consumer = consumer_class(scene.config(), group_id=scene.group, unknown="skip")

        async def handle(given: Any) -> None:
            handled.extend(given if how == "run_batches" else [given])
            if len(handled) == 4:
                consumer.stop()

        async with asyncio.timeout(60), consumer:
            if how == "iterate":
                async for message in consumer:
                    await handle(message)
            else:
                await getattr(consumer, how)(handle)
        assert consumer.counters().skipped == 302

    asyncio.run(main())
    assert sorted(numbers(handled)) == [0, 1, 2, 3]
    assert scene.committed() == {0: 4, 1: 302}


def test_skipped_messages_at_the_end_are_committed(cluster: AnyCluster) -> None:
    """Otherwise the lag of a quiet topic would never be zero."""
    scene = Scene.of(cluster)
    send(scene, event(0), *[cancelled()] * 3)
    for how in ("run", "run_batches"):
        scene.group += how
        with scene.consumer(unknown="skip") as consumer, stopped_in_time(consumer):
            _stop_at(consumer, partial(_has_skipped, consumer, 3))
            getattr(consumer, how)(ignore)
        assert scene.committed() == {0: 4}


def _has_skipped(consumer: Any, count: int) -> bool:
    return bool(consumer.counters().skipped == count)


def _stop_at(consumer: Any, done: Callable[[], bool]) -> threading.Thread:
    def wait() -> None:
        eventually(done)
        consumer.stop()

    thread = threading.Thread(target=wait)
    thread.start()
    return thread


def test_nothing_of_a_skipped_message_is_decoded(cluster: AnyCluster) -> None:
    """Neither its value nor its key, which need not be of this topic."""
    scene = Scene.of(cluster)
    scene.topic = replace(scene.topic, key="long")
    (number,) = registered(cluster, NEW.__avro_schema__)
    scene.produce(frame_prefix(number) + b"no cancelled order", key=b"no long")
    scene.produce(frame_prefix(number), key=None)
    with scene.consumer(unknown="skip") as consumer, stopped_in_time(consumer):
        _stop_at(consumer, lambda: consumer.counters().skipped == 2)
        consumer.run(print)
    assert scene.committed() == {0: 2}


# --- what is no unknown type ----------------------------------------------------------------------


def test_an_unreadable_known_type_is_not_skipped(cluster: AnyCluster) -> None:
    scene = Scene.of(cluster, dead_letters=1)
    changed = json.loads(str(Event.__avro_schema__))
    changed["fields"] = [field for field in changed["fields"] if field["name"] != "id"]
    incompatible, known, elsewhere = registered(
        cluster, json.dumps(changed), Event.__avro_schema__, '"string"'
    )
    for data in (
        frame_prefix(known) + b"\xff",
        frame_prefix(incompatible) + b"\0" * 9,
        frame_prefix(elsewhere) + b"\0",
        frame_prefix(987_654) + b"\0",
        b"no frame at all",
        None,
    ):
        scene.produce(data)
    with scene.consumer(unknown="skip") as consumer, stopped_in_time(consumer):
        _stop_at(consumer, lambda: consumer.counters().dead_lettered == 6)
        consumer.run(print)
    assert consumer.counters().skipped == 0
    assert len(scene.letters()) == 6


# --- dead letters, and the end --------------------------------------------------------------------


@pytest.mark.parametrize("single", [True, False])
def test_unknown_types_are_dead_lettered(cluster: AnyCluster, single: bool) -> None:
    """As before, whether the topic has one type or several."""
    scene = Scene.of(cluster, dead_letters=1)
    if not single:
        scene.topic = of_types(scene, Event, OrderPlaced)
    send(scene, event(0), cancelled(), event(1))
    handled: list[Message[Any, Any]] = []
    with scene.consumer() as consumer:
        run(scene, handled, consumer, 2)
    assert numbers(handled) == [0, 1]
    (letter,) = scene.letters()
    headers = dict(letter.headers)
    error = headers["__connect.errors.exception.message"] or b""
    assert f"unexpected type: {NEW_NAME} was written, expected {EVENT_NAME}".encode() in error
    assert headers["__connect.errors.exception.class.name"] == b"avrogen.errors.UnknownTypeError"


@pytest.mark.parametrize("unknown", ["stop", "dead-letter"])
@pytest.mark.parametrize("how", ["run", "run_batches"])
def test_unknown_types_stop_the_consumer(cluster: AnyCluster, how: str, unknown: Any) -> None:
    """Where that is chosen, or where there is no topic for dead letters."""
    scene = Scene.of(cluster, dead_letters=1 if unknown == "stop" else 0)
    send(scene, event(0), cancelled())
    stopped = scene.stops(ignore, how=how, unknown=unknown)
    assert stopped.offset == 1
    assert "is of a type that this consumer does not know" in str(stopped)
    assert isinstance(stopped.__cause__, UnknownTypeError)
    assert (stopped.__cause__.name, stopped.__cause__.expected) == (NEW_NAME, (EVENT_NAME,))
    assert scene.committed() == {0: 1}
    if unknown == "stop":
        assert scene.letters() == ()
    else:
        assert 'unknown="skip" skips such messages' in str(stopped)


def test_an_unknown_type_of_keys_is_no_unknown_event_type(cluster: AnyCluster) -> None:
    scene = Scene.of(cluster, dead_letters=1)
    scene.topic = replace(scene.topic, key=Event)
    key, value = registered(cluster, NEW.__avro_schema__, Event.__avro_schema__)
    scene.produce(frame_prefix(value) + event(0).to_avro(), key=frame_prefix(key))
    with scene.consumer(unknown="stop") as consumer, stopped_in_time(consumer):
        _stop_at(consumer, lambda: consumer.counters().dead_lettered == 1)
        consumer.run(print)


# --- only some types ------------------------------------------------------------------------------


def test_only_some_types_are_handled(cluster: AnyCluster, caplog: pytest.LogCaptureFixture) -> None:
    """Types of the topic that are not wanted, unknown ones and tombstones are skipped."""
    caplog.set_level(logging.INFO, "avrogen.kafka")
    scene = Scene.of(cluster)
    send(scene, event(0), PLACED, cancelled(), None, event(1))
    scene.topic = of_types(scene, Event, OrderPlaced, tombstones=True)
    handled: list[Message[Any, Any]] = []
    with scene.consumer(only=(Event,)) as consumer:
        run(scene, handled, consumer, 2)
    assert numbers(handled) == [0, 1]
    assert consumer.counters().skipped == 3
    logged = [r for r in caplog.records if r.__dict__.get("event") == "consumer.type_skipped"]
    assert [(r.levelno, r.__dict__["type"]) for r in logged] == [
        (logging.INFO, "com.acme.shop.OrderPlaced"),
        (logging.WARNING, NEW_NAME),
        (logging.INFO, "tombstone"),
    ]


def test_tombstones_can_be_among_them(cluster: AnyCluster) -> None:
    scene = Scene.of(cluster)
    send(scene, event(0), PLACED, None)
    scene.topic = of_types(scene, Event, OrderPlaced, tombstones=True)
    handled: list[Message[Any, Any]] = []
    with scene.consumer(only=(Event, NoneType)) as consumer:
        run(scene, handled, consumer, 2)
    assert [message.value for message in handled] == [event(0), None]


def test_only_some_types_and_unknown_ones_stop(cluster: AnyCluster) -> None:
    scene = Scene.of(cluster, dead_letters=1)
    send(scene, PLACED, event(0), cancelled())
    scene.topic = of_types(scene, Event, OrderPlaced)
    assert scene.stops(ignore, only=(Event,), unknown="stop").offset == 2


def test_branches_of_a_union_are_types(cluster: AnyCluster) -> None:
    """A subject may have a union of all types, as other libraries register it."""
    scene = Scene.of(cluster, dead_letters=1)
    types: list[Any] = [json.loads(str(type_.__avro_schema__)) for type_ in (Event, NEW)]
    union = Schema.parse(json.dumps(types))
    (number,) = registered(cluster, union)
    for value in (event(0), cancelled(), event(1)):
        branch = b"\0" if isinstance(value, Event) else b"\x02"
        scene.produce(frame_prefix(number) + branch + value.to_avro())
    handled: list[Message[Any, Any]] = []
    with scene.consumer(unknown="skip") as consumer:
        run(scene, handled, consumer, 2)
    assert numbers(handled) == [0, 1]
    assert consumer.counters().skipped == 1
    scene.group += "stop"
    assert scene.stops(ignore, unknown="stop").offset == 1
    scene.group += "wanted"
    scene.topic = of_types(scene, Event, NEW)
    handled.clear()
    with scene.consumer(only=(NEW,)) as consumer:
        run(scene, handled, consumer, 1)
    assert [message.value for message in handled] == [cancelled()]


@pytest.mark.parametrize(
    "only", [(), Event, (OrderPlaced,), (Event, NoneType), "Event", ("com.example.Event",)]
)
def test_only_types_of_the_topic(only: Any) -> None:
    topic: Topic[str, Event] = Topic("t", value=(Event,), key="string")
    with pytest.raises(ConfigurationError, match=r"^only: .*\n.*only=\(Event,\)"):
        consumer_of(topic)(NOWHERE, group_id="g", registry=MemoryRegistry(), only=only)


def test_an_option_that_does_not_exist() -> None:
    topic: Topic[str, Event] = Topic("t", value=(Event,), key="string")
    options: Any = {"unknown": "ignore"}
    with pytest.raises(ConfigurationError, match="unknown: must be one of") as caught:
        consumer_of(topic)(NOWHERE, group_id="g", registry=MemoryRegistry(), **options)
    assert str(get_args(OnUnknown)) in str(caught.value)


def test_type_checkers_see_every_option() -> None:
    """Generated constructors list them by a TypedDict."""
    consumer: Any = ConsumerBase
    options = set(inspect.signature(consumer).parameters) - {"self", "config"}
    assert {*ConsumerArguments.__annotations__, "only"} == options


# --- transactions ---------------------------------------------------------------------------------


@pytest.mark.parametrize("max_records", [1, 3, 500])
def test_transactions_skip_and_commit(real: AnyCluster, max_records: int) -> None:
    """Offsets of skipped messages are committed, also where none is handled after them."""
    line = Line.of(real, partitions=1)
    scene, new = line.scene, cancelled()
    send(scene, new, event(0), new, event(1), *[new] * 700, event(2), *[new] * 5)
    with (
        line.producer() as producer,
        scene.consumer(unknown="skip") as consumer,
        stopped_in_time(consumer),
    ):
        _stop_at(consumer, lambda: consumer.counters().skipped == 707)
        consumer.run_transactional(mover(producer), producer, max_records=max_records)
    assert line.out() == [0, 1, 2]
    assert scene.committed()[0] >= 710


def test_transactions_with_poison_among_skipped_messages(real: AnyCluster) -> None:
    line = Line.of(real, partitions=1, dead_letters=1)
    scene, new = line.scene, cancelled()
    send(scene, new, event(0), new, event(1), new, new, event(2), new)
    with (
        line.producer() as producer,
        scene.consumer(unknown="skip", retry=RetryPolicy(attempts=1)) as consumer,
        stopped_in_time(consumer),
    ):

        def move(message: Message[Any, Any]) -> None:
            if message.value.timestamp == 1:
                raise ValueError("poison")
            mover(producer)(message)

        _stop_at(
            consumer,
            lambda: consumer.counters().skipped == 5 and consumer.counters().consumed == 3,
        )
        consumer.run_transactional(move, producer)
    assert line.out() == [0, 2]
    assert len(scene.letters()) == 1
