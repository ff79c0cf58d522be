"""When messages fail: each kind of failure, and that nothing is lost whatever follows."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from contextlib import suppress
from typing import Any

import pytest
from confluent_kafka import KafkaError

from avrogen import (
    ConfigurationError,
    ConsumeError,
    DecodeError,
    DeliveryError,
    RegistryError,
    Retry,
    RetryPolicy,
)
from avrogen.kafka.message import Header
from avrogen.kafka.observability.observer import AnyMessage, Observer
from avrogen.kafka.registry.protocol import SchemaText
from avrogen.kafka.topic import Topic
from avrogen.testing import handling
from avrogen.testing.broker import EmbeddedBroker, RequestType
from avrogen.testing.registry import EmbeddedRegistry
from generated_example.com.example import Event
from tests.support.clients import async_consumer_of, consumer_of
from tests.support.clusters import AnyCluster, embedded_cluster
from tests.support.librdkafka import produce_bytes
from tests.support.memory_registry import MemoryRegistry
from tests.support.scenes import (
    SECONDS,
    EventMessage,
    Handled,
    Member,
    Scene,
    eventually,
    stopped_in_time,
)

QUICK = RetryPolicy(attempts=3, initial=0.01, jitter=0.0)


class Flaky(Handled):
    """Fails with some numbers, so many times each, and notes what it has handled."""

    def __init__(self, error: Exception, **times: int) -> None:
        super().__init__()
        self.error = error
        self.calls: Counter[int] = Counter()
        self.left = {int(number.removeprefix("n")): count for number, count in times.items()}

    def __call__(self, message: EventMessage) -> None:
        number = message.value.timestamp
        self.calls[number] += 1
        if self.left.get(number, 0):
            self.left[number] -= 1
            raise self.error
        super().__call__(message)


# --- failures that pass ---------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("error", "policy"),
    [
        (Retry("the warehouse is away"), QUICK),
        (TimeoutError(), RetryPolicy(attempts=3, initial=0.01, retry_on=(TimeoutError,))),
        (RegistryError("away", transient=True), QUICK),
        (DeliveryError("timed out", retriable=True), QUICK),
    ],
    ids=lambda value: type(value).__name__,
)
def test_what_passes_is_tried_again_in_order(
    cluster: AnyCluster, error: Exception, policy: RetryPolicy
) -> None:
    scene = Scene.of(cluster, partitions=2)
    numbers = scene.send(40)
    handle = Flaky(error, n3=1, n7=2, n30=2)
    with scene.consumer(retry=policy) as consumer:
        scene.run_until(consumer, handle, lambda: len(handle) == 40)
        assert consumer.counters().retried == 5
    handle.assert_each_once(numbers)
    assert handle.calls == Counter(numbers) + Counter({3: 1, 7: 2, 30: 2})
    assert scene.committed() == scene.ends()


def test_other_partitions_go_on_meanwhile(cluster: AnyCluster) -> None:
    """The first message of one partition fails until the other has been handled."""
    scene = Scene.of(cluster, partitions=2)
    for partition in (0, 1):
        scene.send(30, partition=partition)
    handled = Handled()

    def handle(message: EventMessage) -> None:
        if message.value.timestamp == 0 and len(handled) < 30:
            raise Retry("later")
        handled(message)

    patient = RetryPolicy(attempts=None, within=SECONDS, initial=0.01, multiplier=1)
    with scene.consumer(retry=patient) as consumer:
        scene.run_until(consumer, handle, lambda: len(handled) == 60)
    assert handled.numbers == [*range(30, 60), *range(30)]


# --- failures that do not -------------------------------------------------------------------------


@pytest.mark.parametrize("error", [ValueError("negative price"), Retry("away for good")], ids=repr)
def test_poison_becomes_a_dead_letter(cluster: AnyCluster, error: Exception) -> None:
    scene = Scene.of(cluster, partitions=3, dead_letters=3)
    numbers = scene.send(60, headers={"trace_id": "7"})
    handle = Flaky(error, n5=99, n41=99)
    consumer = scene.consumer(retry=QUICK)
    with Member(consumer, handle):
        eventually(lambda: consumer.counters().consumed == 60)
        assert consumer.counters().dead_lettered == 2
    handle.assert_each_once(set(numbers) - {5, 41})
    assert scene.committed() == scene.ends()

    sent = {(r.partition, r.offset): r for r in cluster.records(scene.topic.name)}
    letters = scene.letters()
    assert len(letters) == 2
    for letter in letters:
        headers = dict(letter.headers)
        original = sent[letter.partition, int(headers["__connect.errors.offset"] or b"")]
        assert (letter.key, letter.value) == (original.key, original.value)
        assert letter.headers[:1] == original.headers
        assert headers["__connect.errors.topic"] == scene.topic.name.encode()
        assert headers["__connect.errors.stage"] == b"TASK_PUT"
        assert headers["__connect.errors.exception.message"] == str(error).encode()
        assert headers["__connect.errors.connector.name"] == scene.group.encode()


@pytest.mark.parametrize("consumer", [consumer_of, async_consumer_of])
def test_a_topic_is_not_its_own_topic_for_dead_letters(consumer: Callable[..., Any]) -> None:
    """One poison message would be handled for ever."""
    topic: Topic[str, Event] = Topic("a.b", value=(Event,), key="string", dead_letter="a.b")
    config = {"bootstrap.servers": "127.0.0.1:1"}
    with pytest.raises(ConfigurationError, match="is the topic itself") as caught:
        consumer(topic)(config, group_id="g", registry=MemoryRegistry())
    assert caught.value.setting == "dead_letter"
    with pytest.raises(ConfigurationError, match="is the topic itself"):
        handling(consumer_of(topic)).deliver(print)


def test_without_a_topic_for_dead_letters_it_stops_at_the_message(cluster: AnyCluster) -> None:
    scene = Scene.of(cluster)
    scene.send(10)
    handle = Flaky(ValueError("negative price"), n4=99)
    error = scene.stops(handle)
    assert (error.topic, error.partition, error.offset) == (scene.topic.name, 0, 4)
    assert isinstance(error.__cause__, ValueError)
    assert "negative price" in str(error)
    assert handle.numbers == [0, 1, 2, 3]
    assert scene.committed() == {0: 4}
    handle.left.clear()
    with scene.consumer() as consumer:
        scene.run_until(consumer, handle, lambda: len(handle) == 10)
    handle.assert_each_once(range(10))


def test_it_stops_if_that_is_configured(cluster: AnyCluster) -> None:
    scene = Scene.of(cluster, dead_letters=1)
    scene.send(3)
    error = scene.stops(Flaky(ValueError(), n1=1), on_poison="stop")
    assert "failed in its handler" in str(error)
    assert scene.committed() == {0: 1}
    assert scene.letters() == ()


def test_fewer_partitions_for_dead_letters(cluster: AnyCluster) -> None:
    """Those that have no partition of their number go where their keys do."""
    scene = Scene.of(cluster, partitions=4, dead_letters=2)
    for partition in range(4):
        scene.send(1, partition=partition)
    with scene.consumer() as consumer:
        done = 0

        def poison(message: EventMessage) -> None:
            nonlocal done
            done += 1
            raise ValueError(message.partition)

        scene.run_until(consumer, poison, lambda: done == 4)
    letters = scene.letters()
    origins = [(dict(r.headers)["__connect.errors.partition"], r.partition) for r in letters]
    assert sorted(origins)[:2] == [(b"0", 0), (b"1", 1)]
    assert len(origins) == 4


# --- messages that cannot be read -----------------------------------------------------------------


class Alarm(Observer):
    """Notes what could not be read."""

    def __init__(self) -> None:
        self.rung: list[tuple[int, str]] = []

    def unreadable(self, message: AnyMessage, error: BaseException) -> None:
        self.rung.append((message.offset, type(error).__name__))
        assert message.value is None and message.key is None


def foreign_schema(scene: Scene) -> int:
    """The id of a schema that the topic's class cannot read."""
    from avrogen.kafka.registry.connection import connect

    registry = connect({"url": scene.cluster.registry_url})
    text = '{"type": "record", "name": "Other", "fields": [{"name": "x", "type": "int"}]}'
    try:
        return registry.register(f"{scene.topic.name}-other", SchemaText(text)).id
    finally:
        registry.close()


BAD: dict[str, Callable[[int], bytes | None]] = {
    "not framed": lambda _: b'{"id": 7}',
    "empty": lambda _: b"",
    "unknown id": lambda _: b"\x00\x00\xff\xff\xff\x02",
    "cut short": lambda good: b"\x00" + good.to_bytes(4, "big") + b"\x0etoo short",
    "tombstone": lambda _: None,
}


@pytest.mark.parametrize("kind", [*BAD, "other schema"])
def test_what_cannot_be_read_becomes_a_dead_letter(cluster: AnyCluster, kind: str) -> None:
    scene = Scene.of(cluster, dead_letters=1)
    scene.send(2)
    if kind == "other schema":
        value: bytes | None = b"\x00" + foreign_schema(scene).to_bytes(4, "big") + b"\x02"
    else:
        raw = cluster.records(scene.topic.name)[0].value
        assert raw is not None
        value = BAD[kind](int.from_bytes(raw[1:5], "big"))
    scene.produce(value)
    scene.send(2)
    handled, alarm = Handled(), Alarm()
    with scene.consumer(observer=alarm) as consumer:
        scene.run_until(consumer, handled, lambda: len(handled) == 4)
        assert consumer.counters().retried == 0
    handled.assert_each_once(range(4))
    assert [offset for offset, _ in alarm.rung] == [2]
    (letter,) = scene.letters()
    assert (letter.key, letter.value, letter.headers[0]) == (b"raw", value, ("h", b"1"))
    headers = dict(letter.headers)
    assert headers["__connect.errors.stage"] == b"VALUE_CONVERTER"
    assert headers["__connect.errors.offset"] == b"2"
    assert scene.committed() == {0: 5}


def test_keys_that_cannot_be_read_too(cluster: AnyCluster) -> None:
    scene = Scene.of(cluster, dead_letters=1)
    scene.send(1)
    raw = cluster.records(scene.topic.name)[0].value
    for key in (b"\xff", None):
        scene.produce(raw, key=key)
    scene.send(1)
    handled = Handled()
    with scene.consumer() as consumer:
        scene.run_until(consumer, handled, lambda: len(handled) == 2)
    letters = scene.letters()
    assert [letter.key for letter in letters] == [b"\xff", None]
    stages = {dict(letter.headers)["__connect.errors.stage"] for letter in letters}
    assert stages == {b"KEY_CONVERTER"}


FOREIGN = [(b"a", b"1"), (b"\xff", b"2"), (b"\xfe", None), (b"b", b"3")]
READABLE = (("a", b"1"), ("\ufffd", b"2"), ("\ufffd", None), ("b", b"3"))


def with_foreign_headers(cluster: AnyCluster) -> Scene:
    """A topic with a good message, one with header names that are not UTF-8, and a good one."""
    scene = Scene.of(cluster, dead_letters=1)
    scene.send(1)
    value = cluster.records(scene.topic.name)[0].value
    assert value is not None
    produce_bytes(cluster.bootstrap_servers, scene.topic.name, value, headers=FOREIGN)
    produce_bytes(cluster.bootstrap_servers, scene.topic.name, b"junk", headers=FOREIGN)
    scene.send(1)
    return scene


@pytest.mark.parametrize("how", ["run", "run_batches", "iteration"])
def test_header_names_may_be_any_bytes(cluster: AnyCluster, how: str) -> None:
    scene = with_foreign_headers(cluster)
    seen: list[tuple[int, tuple[Header, ...]]] = []
    with scene.consumer() as consumer, stopped_in_time(consumer):

        def handle(message: EventMessage) -> None:
            if len(seen) == 2:
                consumer.stop()
            seen.append((message.offset, tuple(message.headers)))
            if message.offset == 1:
                raise ValueError("poison")

        def handle_all(messages: list[EventMessage]) -> None:
            for message in messages:
                handle(message)

        if how == "run":
            consumer.run(handle)
        elif how == "run_batches":
            consumer.run_batches(handle_all, max_records=1)
        else:
            for message in consumer:
                with suppress(ValueError):
                    handle(message)
    assert seen == [(0, ()), (1, READABLE), (3, ())]
    letters = scene.letters()
    assert len(letters) == (1 if how == "iteration" else 2)
    for letter in letters:
        assert letter.headers[:4] == READABLE
    assert scene.committed() == {0: 4}


class Unprintable(Exception):
    """An exception that has no text."""

    def __str__(self) -> str:
        raise RuntimeError("no text")

    __repr__ = __str__


@pytest.mark.parametrize("kind", ["dead letter", "retry", "stop"])
def test_an_exception_without_text_is_one_like_any_other(cluster: AnyCluster, kind: str) -> None:
    scene = Scene.of(cluster, dead_letters=1)
    scene.send(2)
    handle = Flaky(Unprintable(), n0=1)
    retry_on = (Unprintable,) if kind == "retry" else ()
    retry = RetryPolicy(attempts=3, initial=0.01, retry_on=retry_on)
    if kind == "stop":
        error = scene.stops(handle, on_poison="stop")
        assert "<str() of Unprintable failed>" in str(error)
        return
    with scene.consumer(retry=retry) as consumer:
        done = 2 if kind == "retry" else 1
        scene.run_until(consumer, handle, lambda: len(handle) == done)
    if kind == "dead letter":
        (letter,) = scene.letters()
        text = dict(letter.headers)["__connect.errors.exception.message"]
        assert text == b"<str() of Unprintable failed>"


def test_tombstones_where_there_are_some(cluster: AnyCluster) -> None:
    scene = Scene.of(cluster, tombstones=True)
    scene.produce(None, key=b"gone")
    with scene.consumer() as consumer:
        message = next(iter(consumer))
    values: list[object] = [message.value, message.raw_value]
    assert (message.key, values) == ("gone", [None, None])


def test_iteration_goes_on_behind_what_cannot_be_read(cluster: AnyCluster) -> None:
    scene = Scene.of(cluster, dead_letters=1)
    scene.send(2)
    scene.produce(b"junk")
    scene.send(2)
    handled = Handled()
    with scene.consumer() as consumer:
        for message in consumer:
            handled(message)
            if len(handled) == 4:
                consumer.stop()
    handled.assert_each_once(range(4))
    assert len(scene.letters()) == 1
    assert scene.committed() == {0: 5}


def test_without_dead_letters_what_cannot_be_read_stops_it(cluster: AnyCluster) -> None:
    scene = Scene.of(cluster)
    scene.send(1)
    scene.produce(b"junk")
    error = scene.stops(Handled())
    assert "cannot be read" in str(error)
    assert error.offset == 1
    assert isinstance(error.__cause__, DecodeError)
    assert scene.committed() == {0: 1}


# --- services that are away -----------------------------------------------------------------------


class AwayRegistry(MemoryRegistry):
    """Does not know the schema of messages until it has been asked so many times."""

    def __init__(self, away: int, schema: SchemaText, id: int) -> None:
        super().__init__()
        self.away = away
        self.ids[schema] = id

    def by_id(self, id: int) -> SchemaText:
        if self.away:
            self.away -= 1
            raise RegistryError("does not answer", id=id, transient=True)
        return super().by_id(id)


def away(scene: Scene, times: int) -> AwayRegistry:
    raw = scene.cluster.records(scene.topic.name)[0].value
    assert raw is not None
    schema = SchemaText(str(scene.topic.value[0].__avro_schema__))
    return AwayRegistry(times, schema, int.from_bytes(raw[1:5], "big"))


def test_a_registry_that_comes_back_costs_nothing(cluster: AnyCluster) -> None:
    scene = Scene.of(cluster, partitions=2, dead_letters=2)
    numbers = scene.send(20)
    handled = Handled()
    with scene.consumer(retry=QUICK, registry=away(scene, 2)) as consumer:
        scene.run_until(consumer, handled, lambda: len(handled) == 20)
    handled.assert_each_once(numbers)
    assert scene.letters() == ()


def test_a_registry_that_stays_away_stops_it(cluster: AnyCluster) -> None:
    """No message goes to the dead letters for it: none is at fault."""
    scene = Scene.of(cluster, dead_letters=1)
    scene.send(5)
    error = scene.stops(Handled(), retry=QUICK, registry=away(scene, 99))
    assert "other messages would fail, too" in str(error)
    assert isinstance(error.__cause__, RegistryError)
    assert scene.letters() == ()
    assert scene.committed() == {}


FOREIGN_404 = "<html>default backend - 404</html>"
LAG_404 = '{"error_code": 40403, "message": "Schema 1 not found"}'


@pytest.mark.parametrize("body", [FOREIGN_404, LAG_404], ids=["foreign", "lag"])
def test_a_registry_that_lags_costs_nothing(broker: EmbeddedBroker, body: str) -> None:
    with EmbeddedRegistry() as registry:
        scene = Scene.of(embedded_cluster(broker, registry.url), partitions=3, dead_letters=1)
        numbers = scene.send(60)
        handled = Handled()
        registry.fail(404, body, times=5, where=lambda request: request.path[1:2] == ("ids",))
        with scene.consumer() as consumer:
            scene.run_until(consumer, handled, lambda: len(handled) == 60)
        handled.assert_each_once(numbers)
        assert scene.letters() == ()


def test_foreign_404s_for_long_stop_it(broker: EmbeddedBroker) -> None:
    with EmbeddedRegistry() as registry:
        scene = Scene.of(embedded_cluster(broker, registry.url), dead_letters=1)
        with scene.consumer({"schema.registry.max.retries": 1}, retry=QUICK) as consumer:
            scene.send(5)  # the consumer knew no schema when it began
            registry.fail(404, FOREIGN_404, times=None)
            with stopped_in_time(consumer), pytest.raises(ConsumeError, match="would fail, too"):
                consumer.run(Handled())
        assert scene.letters() == ()


@pytest.mark.parametrize(
    ("code", "name"),
    [
        (KafkaError.TOPIC_AUTHORIZATION_FAILED, "TOPIC_AUTHORIZATION_FAILED"),
        (KafkaError.UNKNOWN_TOPIC_OR_PART, "UNKNOWN_TOPIC_OR_PART"),
    ],
)
def test_dead_letters_that_cannot_be_sent_stop_it(
    broker: EmbeddedBroker, code: int, name: str
) -> None:
    with EmbeddedRegistry() as registry:
        scene = Scene.of(embedded_cluster(broker, registry.url), dead_letters=1)
        scene.send(3)
        assert scene.topic.dead_letter is not None
        broker.fail_topic(scene.topic.dead_letter, code)
        settings: dict[str, object] = {"topic.metadata.propagation.max.ms": 100}
        error = scene.stops(Flaky(ValueError("negative price"), n1=1), settings)
        assert error.offset == 1
        undelivered = error.__cause__
        assert isinstance(undelivered, DeliveryError)
        assert undelivered.code is not None and undelivered.code.lstrip("_") in name
        assert undelivered.topic == scene.topic.dead_letter
        assert scene.committed() == {0: 1}
        broker.recover()
        handled = Handled()
        with scene.consumer() as consumer:
            scene.run_until(consumer, handled, lambda: len(handled) == 2)
        handled.assert_each_once([1, 2])


def test_dead_letters_are_sent_again_until_they_are_there(broker: EmbeddedBroker) -> None:
    with EmbeddedRegistry() as registry:
        scene = Scene.of(embedded_cluster(broker, registry.url), dead_letters=1)
        scene.send(3)
        broker.fail(RequestType.PRODUCE, KafkaError.KAFKA_STORAGE_ERROR, times=3)
        handle = Flaky(ValueError(), n1=1)
        settings: dict[str, object] = {"retry.backoff.ms": 10}
        with scene.consumer(settings) as consumer:
            scene.run_until(consumer, handle, lambda: len(handle) == 2)
        handle.assert_each_once([0, 2])
        assert len(scene.letters()) == 1
        assert scene.committed() == {0: 3}
