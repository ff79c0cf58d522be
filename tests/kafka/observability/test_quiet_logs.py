"""What is logged when something fails: each failure once, in one line, with its type and reason."""

from __future__ import annotations

import logging
import re
import threading
from collections import Counter
from time import sleep
from traceback import extract_tb

import pytest
from confluent_kafka import Consumer, TopicPartition

from avrogen import RetryPolicy
from avrogen.kafka.observability.logs import RepeatedFailures, describe
from avrogen.kafka.observability.observer import Observer, Partition
from avrogen.kafka.topic import Topic
from generated_example.com.example import Event
from tests.support.clients import consumer_of
from tests.support.clusters import AnyCluster
from tests.support.events import events_producer
from tests.support.memory_registry import MemoryRegistry
from tests.support.scenes import SECONDS, EventMessage, Handled, Scene

NOWHERE: dict[str, object] = {
    "bootstrap.servers": "127.0.0.1:1,127.0.0.1:2",
    "reconnect.backoff.ms": 10,
    "reconnect.backoff.max.ms": 20,
}


@pytest.fixture
def logged(caplog: pytest.LogCaptureFixture) -> pytest.LogCaptureFixture:
    caplog.set_level(logging.INFO, "avrogen")
    return caplog


# --- outages --------------------------------------------------------------------------------------


def outage(logged: pytest.LogCaptureFixture) -> Counter[str]:
    """The lines about brokers that are away, without times."""
    lines = [
        re.sub(r"\(after.*|\d+/\d+", "", record.getMessage())
        for record in logged.records
        if record.levelno >= logging.WARNING
    ]
    return Counter(lines)


def test_an_outage_is_a_few_lines_of_a_consumer(logged: pytest.LogCaptureFixture) -> None:
    topic: Topic[str, Event] = Topic("events", value=(Event,), key="string")
    with consumer_of(topic)(NOWHERE, group_id="g", registry=MemoryRegistry()) as consumer:
        threading.Timer(3, consumer.stop).start()
        consumer.run(print)
    lines = outage(logged)
    assert 1 <= len(lines) <= 6, lines
    assert set(lines.values()) == {1}, lines
    assert not any("FAIL" in line for line in lines), "librdkafka's line says what the event says"


def test_an_outage_is_a_few_lines_of_a_producer(logged: pytest.LogCaptureFixture) -> None:
    with events_producer("events")(NOWHERE, registry=MemoryRegistry(), register=True):
        sleep(3)
    lines = outage(logged)
    assert 1 <= len(lines) <= 6, lines
    assert set(lines.values()) == {1}, lines


def test_a_logger_of_the_user_has_all_lines(logged: pytest.LogCaptureFixture) -> None:
    own = logging.getLogger("tests.librdkafka")
    config = {**NOWHERE, "logger": own}
    with events_producer("events")(config, registry=MemoryRegistry(), register=True):
        sleep(1)
    lines = [record.getMessage() for record in logged.records if record.name == own.name]
    assert len([line for line in lines if line.startswith("FAIL")]) > 2


def test_the_same_failure_later_is_another_outage() -> None:
    now = 0.0
    failures = RepeatedFailures(lambda: now)
    first = "a:1/1: Connect failed: Connection refused (after 3ms in state CONNECT)"
    again = f"{first[:-1]}, 30 identical error(s) suppressed)"
    assert failures.is_new(first)
    for seconds, text in enumerate((first, again, again, first), 1):
        now = 50.0 * seconds
        assert not failures.is_new(text)
    assert failures.is_new("b:1/2: Connect failed: Connection refused (after 3ms in state CONNECT)")
    assert failures.is_new("1/3 brokers are down")
    assert not failures.is_new("3/3 brokers are down")
    now = 261.0
    assert failures.is_new(first)


def test_failures_are_remembered_in_bounds() -> None:
    failures = RepeatedFailures(lambda: 0.0)
    assert all(failures.is_new(f"broker-{number}") for number in range(10_000))
    assert not failures.is_new("broker-9999")
    assert failures.is_new("broker-0"), "forgotten"


# --- messages that fail ---------------------------------------------------------------------------


def of_messages(logged: pytest.LogCaptureFixture) -> list[logging.LogRecord]:
    return [record for record in logged.records if hasattr(record, "offset")]


@pytest.mark.parametrize("value", [b"junk", b"", b"\x00\x00\xff\xff\xff\x02"])
def test_an_unreadable_message_is_one_line(
    cluster: AnyCluster, logged: pytest.LogCaptureFixture, value: bytes
) -> None:
    scene = Scene.of(cluster, dead_letters=1)
    scene.send(1)
    scene.produce(value)
    scene.send(1)
    handled = Handled()
    with scene.consumer() as consumer:
        scene.run_until(consumer, handled, lambda: len(handled) == 2)
    (record,) = of_messages(logged)
    told = vars(record)
    assert (told["event"], told["offset"]) == ("consumer.dead_letter", 1)
    assert told["stage"] == "VALUE_CONVERTER"
    assert re.match(r"(Framing|Registry)Error: \w", told["reason"])
    assert told["reason"] in record.getMessage()
    assert record.exc_info is None
    assert "\n" not in record.getMessage()


def test_an_unreadable_message_that_stops_it_is_one_line(
    cluster: AnyCluster, logged: pytest.LogCaptureFixture
) -> None:
    scene = Scene.of(cluster)
    scene.produce(b"junk")
    error = scene.stops(Handled())
    (record,) = of_messages(logged)
    assert vars(record)["event"] == "consumer.unreadable"
    assert "FramingError: " in record.getMessage()
    assert "cannot be read, and the topic has no dead-letter topic: FramingError: " in str(error)


def test_failures_of_handlers_have_type_and_traceback(
    cluster: AnyCluster, logged: pytest.LogCaptureFixture
) -> None:
    scene = Scene.of(cluster, dead_letters=1)
    scene.send(2)
    failed = 0

    def handle(message: EventMessage) -> None:
        nonlocal failed
        failed += 1
        raise KeyError(message.value.timestamp)

    policy = RetryPolicy(attempts=2, initial=0.01, retry_on=(KeyError,))
    with scene.consumer(retry=policy) as consumer:
        scene.run_until(consumer, handle, lambda: failed == 4)
    records = of_messages(logged)
    assert [(vars(each)["event"], vars(each)["reason"]) for each in records] == [
        ("consumer.retry", "KeyError: 0"),
        ("consumer.dead_letter", "KeyError: 0"),
        ("consumer.retry", "KeyError: 1"),
        ("consumer.dead_letter", "KeyError: 1"),
    ]
    assert [each.exc_info is not None for each in records] == [False, True, False, True]
    for number, letter in enumerate(scene.letters()):
        _, error, found = records[2 * number + 1].exc_info or (None, None, None)
        assert error is not None
        # Calls in avrogen lead to the handler (here, to that of the scene), and are left out.
        assert [frame.name for frame in extract_tb(found)] == ["handle_and_look", "handle"]
        printed = dict(letter.headers)["__connect.errors.exception.stacktrace"]
        assert printed is not None
        assert printed.decode().count("  File ") == 2
        assert f"KeyError: {number}" in printed.decode()


def test_an_error_that_stops_names_its_type(cluster: AnyCluster) -> None:
    scene = Scene.of(cluster)
    scene.send(1)

    def handle(message: EventMessage) -> None:
        raise KeyError("price")

    assert "has no dead-letter topic: KeyError: 'price' (" in str(scene.stops(handle))


class Mute(Exception):
    """An exception whose text raises."""

    def __str__(self) -> str:
        raise ZeroDivisionError


def test_errors_are_described_in_one_line() -> None:
    assert describe(ValueError("a\n  b\x1b[2J")) == "ValueError: a b\\x1b[2J"
    assert describe(ValueError()) == "ValueError"
    assert describe(Mute()) == "Mute: <str() of Mute failed>"


# --- offsets that do not exist --------------------------------------------------------------------


class Resets(Observer):
    """Notes offset resets."""

    def __init__(self) -> None:
        self.told: list[tuple[Partition, int, str, str]] = []
        self.tell = threading.Event()

    def offset_reset(self, partition: Partition, offset: int, to: str, group: str) -> None:
        self.told.append((partition, offset, to, group))
        self.tell.set()


@pytest.mark.parametrize(("policy", "to"), [("earliest", "beginning"), ("latest", "end")])
def test_an_offset_that_does_not_exist_is_told(
    cluster: AnyCluster, logged: pytest.LogCaptureFixture, policy: str, to: str
) -> None:
    scene = Scene.of(cluster)
    scene.send(3)
    place = TopicPartition(scene.topic.name, 0, 20)
    client = Consumer({"bootstrap.servers": cluster.bootstrap_servers, "group.id": scene.group})
    client.commit(offsets=[place], asynchronous=False)
    client.close()
    resets = Resets()
    with scene.consumer({"auto.offset.reset": policy}, observer=resets) as consumer:
        assert resets.tell.wait(SECONDS)
        assert consumer.counters().offset_resets == 1
    assert resets.told == [((scene.topic.name, 0), 20, to, scene.group)]
    warnings = [each for each in logged.records if each.levelno >= logging.WARNING]
    (record,) = [each for each in warnings if "offset" in each.getMessage()]
    told = vars(record)
    assert told["event"] == "consumer.offset_reset"
    assert (told["topic"], told["partition"], told["offset"]) == (scene.topic.name, 0, 20)
    assert (told["to"], told["group"]) == (to, scene.group)


def test_a_new_group_is_no_reset(cluster: AnyCluster) -> None:
    scene = Scene.of(cluster)
    scene.send(3)
    handled, resets = Handled(), Resets()
    with scene.consumer(observer=resets) as consumer:
        scene.run_until(consumer, handled, lambda: len(handled) == 3)
        assert consumer.counters().offset_resets == 0
    assert resets.told == []


def test_a_reset_that_a_fetch_repeats_is_told_once(cluster: AnyCluster) -> None:
    """After a seek, the fetch that was under way fails as well as the one after it."""
    scene = Scene.of(cluster)
    scene.send(3)
    handled, resets = Handled(), Resets()
    with scene.consumer(observer=resets) as consumer:
        consumer.seek(99_999, partition=0)
        scene.run_until(consumer, handled, lambda: len(handled) == 3)
        assert consumer.counters().offset_resets == 1
    assert resets.told == [((scene.topic.name, 0), 99_999, "beginning", scene.group)]
