"""Producers at their start and end: schemas, settings, clients that are shared."""

from __future__ import annotations

import gc
import logging
import threading
import time
import weakref
from typing import Any

import pytest
from confluent_kafka import KafkaError

from avrogen import ClosedError, ConfigurationError, DeliveryError, RegistryError
from avrogen.kafka.message import Delivered, HeaderLike
from avrogen.kafka.observability.observer import Observer
from avrogen.kafka.producer.producer_client import ProducerClient
from avrogen.kafka.registry.protocol import Compatibility
from avrogen.kafka.topic import Topic
from avrogen.testing import EmbeddedKafka
from avrogen.testing.broker import EmbeddedBroker
from generated_example import ParcelKey
from generated_example.com.example import Event
from tests.conftest import ROOT, run_python
from tests.support.clients import producer_of
from tests.support.clusters import AnyCluster
from tests.support.events import cancelled, event, events_producer, orders_producer
from tests.support.memory_registry import MemoryRegistry
from tests.support.scenes import eventually

NOWHERE: dict[str, object] = {"bootstrap.servers": "127.0.0.1:1", "log_level": 0}
"""Settings that lead to no broker, which is no error until something has to be delivered."""


EARLIER: set[threading.Thread] = set()
"""Threads that were there before a test, of clients that another one has forgotten."""


@pytest.fixture(autouse=True)
def _earlier_threads() -> None:
    EARLIER.clear()
    EARLIER.update(threading.enumerate())


def threads() -> int:
    """Count the threads of producers that this test has opened."""
    mine = set(threading.enumerate()) - EARLIER
    return sum(thread.name == "avrogen producer" for thread in mine)


# --- schemas --------------------------------------------------------------------------------------


def test_a_schema_that_is_missing_is_an_error_at_start() -> None:
    registry = MemoryRegistry()
    with pytest.raises(RegistryError, match="not registered") as caught:
        orders_producer("orders")(NOWHERE, registry=registry)
    assert caught.value.subject == "orders-com.acme.shop.OrderPlaced"
    assert "register=True" in (caught.value.hint or "")
    assert registry.asked["register"] == 0
    assert threads() == 0


def test_a_schema_that_is_incompatible_is_an_error_at_start() -> None:
    registry = MemoryRegistry()
    registry.verdict = Compatibility(False, ("a field has no default",))
    with pytest.raises(RegistryError, match="a field has no default") as caught:
        events_producer("events")(NOWHERE, registry=registry, register=True)
    assert caught.value.subject == "events-value"
    assert registry.asked["register"] == 0


@pytest.mark.parametrize(
    ("strategy", "value_subject"),
    [
        ("topic", "events-value"),
        ("record", "com.example.Event"),
        ("topic-record", "events-com.example.Event"),
    ],
)
def test_subjects(strategy: Any, value_subject: str) -> None:
    registry = MemoryRegistry()
    topic: Topic[Any, Any] = Topic(
        "events", value=(Event,), key=ParcelKey, subject_strategy=strategy
    )
    with producer_of(topic)(NOWHERE, registry=registry, register=True):
        pass
    assert sorted(registry.kept) == sorted([value_subject, "events-key"])
    assert not registry.closed, "it is somebody else's"
    with producer_of(topic)(NOWHERE, registry=registry):
        pass


def test_a_registry_that_is_away(cluster: AnyCluster) -> None:
    config = {
        **cluster.config,
        "schema.registry.url": "http://127.0.0.1:1",
        "schema.registry.max.retries": 0,
    }
    with pytest.raises(RegistryError) as caught:
        events_producer("events")(config)
    assert caught.value.transient
    assert threads() == 0


# --- settings -------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({}, "schema.registry.url: is missing"),
        (
            {"linger.ms": "soon"},
            'Invalid value for configuration property "queue.buffering.max.ms"',
        ),
        ({"linger.mss": 1}, 'No such configuration property: "linger.mss"'),
        ({"acks": 1}, "acks: 1 loses messages"),
        ({"linger.ms": 500, "delivery.timeout.ms": 100}, "must be greater than `linger.ms`"),
    ],
)
def test_settings_that_cannot_work(settings: dict[str, object], message: str) -> None:
    with pytest.raises(ConfigurationError) as caught:
        events_producer("events")({**NOWHERE, **settings})
    assert message in str(caught.value)
    assert threads() == 0


def test_either_settings_or_a_client() -> None:
    with pytest.raises(TypeError, match="either config or client"):
        events_producer("events")()
    with (
        ProducerClient(NOWHERE, registry=MemoryRegistry()) as client,
        pytest.raises(TypeError, match="either config or client"),
    ):
        events_producer("events")(NOWHERE, client=client)


def test_producers_need_an_extra() -> None:
    code = (
        "from avrogen import MissingExtraError\n"
        "from avrogen.kafka.producer.producer_client import ProducerClient\n"
        "try: ProducerClient({'bootstrap.servers': 'localhost'})\n"
        "except MissingExtraError as error: print(error)"
    )
    run = run_python("-S", "-c", code, cwd=ROOT)
    assert "pip install 'avrogen[kafka]'" in run.stdout, run.stderr


def test_callbacks_that_raise_are_logged(caplog: pytest.LogCaptureFixture) -> None:
    called = threading.Event()

    def broken(error: object) -> None:
        called.set()
        raise ZeroDivisionError

    config = {**NOWHERE, "error_cb": broken}
    with events_producer("events")(config, registry=MemoryRegistry(), register=True):
        assert called.wait(30)
    messages = [record.getMessage() for record in caplog.records]
    assert any(message.startswith("callback failed: ") for message in messages)
    assert any(message.startswith("client.error code=") for message in messages)


# --- clients that are shared ----------------------------------------------------------------------


def test_several_producers_share_a_client(cluster: AnyCluster) -> None:
    topics = cluster.topic(), cluster.topic()
    with ProducerClient(cluster.config) as client:
        with (
            events_producer(topics[0])(client=client, register=True) as events,
            orders_producer(topics[1])(client=client, register=True) as orders,
        ):
            assert events.client is orders.client is client
            assert threads() == 1
            for number in range(100):
                events.send(event(number))
                orders.send(cancelled(number))
            assert events.flush(60) == 0
            events.close()
            assert orders.send(cancelled()).result(30).topic == topics[1]
            assert (events.counters().delivered, orders.counters().delivered) == (100, 101)
        assert threads() == 1
    assert threads() == 0
    assert [len(cluster.records(topic)) for topic in topics] == [100, 101]


def test_a_client_that_is_closed_first_gives_up_what_is_left() -> None:
    client = ProducerClient(NOWHERE, registry=MemoryRegistry())
    events = events_producer("events")(client=client, register=True)
    given_up = events.send(event())
    assert client.queued >= 1, "the message, and errors that are not served yet"
    assert client.close(0.05) == 1
    assert client.close() == 0
    assert given_up.exception(0) is not None
    with pytest.raises(ClosedError, match="the client of the producer for events was closed"):
        events.send(event())
    events.close()
    with pytest.raises(ClosedError):
        events_producer("events")(client=client)


def test_a_client_that_is_forgotten_leaves_no_thread() -> None:
    before = threads()
    client = ProducerClient(NOWHERE, registry=MemoryRegistry())
    gone = weakref.ref(client)
    assert threads() == before + 1
    del client
    gc.collect()
    assert gone() is None
    assert threads() == before


# --- seen from outside ----------------------------------------------------------------------------


class Watcher(Observer):
    """Keeps what it is told."""

    def __init__(self) -> None:
        self.told: list[tuple[object, ...]] = []
        self.counted = threading.Event()

    def sending(self, topic: str, key: object, value: object, headers: list[HeaderLike]) -> object:
        headers.append(("watched", "yes"))
        self.told.append(("sending", topic, key))
        return len(self.told)

    def delivered(self, sending: object, delivered: Delivered, latency: float) -> None:
        self.told.append(("delivered", sending, delivered.offset, latency > 0))

    def undelivered(self, sending: object, error: Exception) -> None:
        self.told.append(("undelivered", sending, str(error).split(";")[0]))

    def statistics(self, statistics: dict[str, Any]) -> None:
        self.counted.set()


def test_an_observer_is_told(cluster: AnyCluster) -> None:
    topic = cluster.topic()
    watcher = Watcher()
    config = {**cluster.config, "statistics.interval.ms": 10}
    producer = events_producer(topic, key="long")
    with producer(config, register=True, observer=watcher) as events:
        events.send(event(), key=7, headers={"a": "1"}).result(30)
        events.send(event(), key=8, partition=9).exception(30)
        assert watcher.counted.wait(30)
        statistics = events.client.statistics()
    assert statistics is not None and statistics["type"] == "producer"
    assert watcher.told == [
        ("sending", topic, 7),
        ("delivered", 1, 0, True),
        ("sending", topic, 8),
        ("undelivered", 3, "not delivered: Unable to produce message: Local: Unknown partition"),
    ]
    (record,) = cluster.records(topic)
    assert record.headers == (("a", b"1"), ("watched", b"yes"))


def test_what_is_logged(cluster: AnyCluster, caplog: pytest.LogCaptureFixture) -> None:
    topic = cluster.topic()
    with (
        caplog.at_level(logging.INFO, "avrogen.kafka"),
        events_producer(topic)(cluster.config, register=True) as events,
    ):
        events.send(event())
        for _ in range(3):
            events.send(event(), partition=9).exception(30)
    records = (vars(record) for record in caplog.records if record.name == "avrogen.kafka")
    # Connections may break at any time.
    told = [fields for fields in records if fields["event"] != "client.error"]
    assert [fields["event"] for fields in told] == [
        "producer.started",
        "delivery.failed",
        "producer.stopped",
    ]
    assert {fields["topic"] for fields in told} == {topic}
    assert (told[1]["code"], told[1]["messages"]) == ("_UNKNOWN_PARTITION", 1)
    assert (told[2]["delivered"], told[2]["failed"]) == (1, 3)


def test_closing_waits_for_no_more_than_its_own(broker: EmbeddedBroker) -> None:
    """Somebody else's messages, for a topic without leaders, keep the client busy."""
    broker.create_topic("events")
    broker.fail_topic("orders", KafkaError.LEADER_NOT_AVAILABLE)
    config = {"bootstrap.servers": broker.bootstrap_servers, "delivery.timeout.ms": 60_000}
    with ProducerClient(config, registry=MemoryRegistry()) as client:
        busy = orders_producer("orders")(client=client, register=True)
        waiting = busy.send(cancelled())
        began = time.monotonic()
        with events_producer("events")(client=client, register=True) as events:
            events.send(event())
        assert time.monotonic() - began < 30, "half of what the others wait"
        assert client.close(0) == 1
        assert isinstance(waiting.exception(0), DeliveryError)


# --- in delivery callbacks ------------------------------------------------------------------------


@pytest.mark.parametrize("shared", [False, True])
def test_closing_in_a_delivery_callback(avrogen_kafka: EmbeddedKafka, shared: bool) -> None:
    """The thread that calls back cannot close the client: another one does, afterwards."""
    topic = "events"
    avrogen_kafka.broker.create_topic(topic)
    client = ProducerClient(avrogen_kafka.config) if shared else None
    config = None if shared else avrogen_kafka.config
    events = events_producer(topic)(config, client=client, register=True)
    closed: list[object] = []
    later = [events.send(event(number)) for number in range(3)]

    def close(_: object) -> None:
        events.close()
        if client is not None:
            client.close()
        closed.append("returned")

    later[0].add_done_callback(close)
    for each in later:
        each.result(10)
    eventually(lambda: closed == ["returned"])
    eventually(lambda: threads() == 0)
    assert events.client.is_closed
    with pytest.raises(ClosedError):
        events.send(event())


def test_flushing_and_sending_in_delivery_callbacks(avrogen_kafka: EmbeddedKafka) -> None:
    topic = "events"
    avrogen_kafka.broker.create_topic(topic)
    settings = {**avrogen_kafka.config, "queue.buffering.max.messages": 2}
    done: list[int] = []
    with events_producer(topic)(settings, register=True) as events:

        def send_more(_: object) -> None:
            for number in range(5):
                events.send(event(number))
            done.append(events.flush(10))

        events.send(event()).add_done_callback(send_more)
        eventually(lambda: done == [0])
    assert len(avrogen_kafka.broker.records(topic)) == 6
