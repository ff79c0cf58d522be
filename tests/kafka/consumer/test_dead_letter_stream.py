"""Many dead letters in a row: in order, on their way together, and offsets only behind them."""

from __future__ import annotations

import asyncio
import json
import random
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import Any, cast

import pytest
from confluent_kafka import KafkaError, Producer

from avrogen import ConsumeError, DeliveryError, Message, RetryPolicy
from avrogen.kafka.consumer.async_runner import AsyncMessageRunner
from avrogen.kafka.consumer.batch_runner import BatchLimits, BatchRunner
from avrogen.kafka.consumer.dead_letter_topic import SentDeadLetter
from avrogen.kafka.consumer.runner import MessageRunner, drive
from avrogen.kafka.observability.observer import AnyMessage, Observer
from avrogen.kafka.topic import Topic
from avrogen.testing import IncomingBytes
from avrogen.testing.broker import EmbeddedBroker, RequestType
from avrogen.testing.handlers.fake_session import FakeWakeup, HandlerOptions, HandlerSession
from avrogen.testing.handlers.outcome import RecordingDeadLetters
from avrogen.testing.registry import EmbeddedRegistry
from generated_example.com.example import Event
from tests.support.clusters import AnyCluster, embedded_cluster
from tests.support.events import event
from tests.support.scenes import EventMessage, Handled, Scene, eventually

EVENTS: Topic[None, Event] = Topic("events", value=(Event,), dead_letter="events.dlq")
JUNK = IncomingBytes(b"junk")
PATIENT = RetryPolicy(attempts=10_000, initial=0.01, jitter=0.0)


class Unreliable(RecordingDeadLetters):
    """Delivers some dead letters, and refuses others for a while.

    Attributes:
        delivered: offsets of the messages whose dead letters are acknowledged, in order.
        most: most dead letters that were on their way together.
    """

    def __init__(self, session: HandlerSession[Any, Any], failing: random.Random) -> None:
        super().__init__()
        self.delivered: list[int] = []
        self.most = 0
        self.refusals = 1.0
        self._failing = failing
        self._session = session

    def finish(self, sent: Sequence[SentDeadLetter]) -> list[DeliveryError | None]:
        self.most = max(self.most, len(sent))
        queues = self._session.source._buffer.queues  # pyright: ignore[reportPrivateUsage]
        first = cast("int", sent[0].raw.offset())
        assert (queues[0].next_offset or 0) <= first, "nothing counts that is not acknowledged"
        errors: list[DeliveryError | None] = []
        for each in sent:
            if self._failing.random() < 0.1 * self.refusals:
                errors.append(DeliveryError("away", retriable=True))
            else:
                errors.append(None)
                self.delivered.append(cast("int", each.raw.offset()))
        return errors


def session_with(
    messages: Sequence[Any], failing: random.Random
) -> tuple[HandlerSession[None, Event], Unreliable]:
    options = HandlerOptions(topic=EVENTS, group="g", retry=PATIENT, on_poison="dead-letter")
    session: HandlerSession[None, Event] = HandlerSession(options, messages)
    letters = Unreliable(session, failing)
    assert session.dead_letters is not None
    letters.sent = session.dead_letters.sent  # which the observer of the session looks at
    session.dead_letters = letters
    return session, letters


@pytest.mark.parametrize("how", ["run", "asyncio", "iteration", "run_batches"])
@pytest.mark.parametrize("seed", range(25))
def test_each_message_is_handled_or_dead_lettered_once(how: str, seed: int) -> None:
    choices = random.Random(seed)
    kinds = choices.choices(["good", "poison", "junk"], choices.choices([1, 5, 20], k=3), k=300)
    if how == "iteration":  # whose handler cannot fail
        kinds = ["good" if kind == "poison" else kind for kind in kinds]
    session, letters = session_with(
        [JUNK if kind == "junk" else event(number) for number, kind in enumerate(kinds)], choices
    )
    letters.refusals = choices.choice([0, 1, 5])
    handled: list[int] = []

    def handle(message: Message[None, Event]) -> None:
        if kinds[message.offset] == "poison":
            raise ValueError
        handled.append(message.offset)

    def handle_all(messages: list[Message[None, Event]]) -> None:
        if any(kinds[message.offset] == "poison" for message in messages):
            raise ValueError
        handled.extend(message.offset for message in messages)

    async def handle_later(message: Message[None, Event]) -> None:
        await asyncio.sleep(0)
        handle(message)

    match how:
        case "run":
            MessageRunner(session, handle).run(handle)
        case "iteration":
            for message in MessageRunner(session, None).messages():
                handle(message)
        case "asyncio":
            wakeup = FakeWakeup(session.source)
            asyncio.run(AsyncMessageRunner(session, wakeup, handle_later).run(handle_later))
        case _:
            drive(BatchRunner(session, handle_all, BatchLimits(50, 1.0)).run())
    assert handled == [number for number, kind in enumerate(kinds) if kind == "good"]
    dead = [number for number, kind in enumerate(kinds) if kind != "good"]
    assert sorted(letters.delivered) == dead
    if not letters.refusals:
        assert letters.delivered == dead
    (queue,) = session.source._buffer.queues.values()  # pyright: ignore[reportPrivateUsage]
    assert (queue.next_offset, queue.passed, queue.settled) == (300, 0, set())
    assert session.error_handler.counts.consumed == 300
    assert session.error_handler.counts.dead_lettered == len(dead)


def test_the_first_of_several_is_waited_for() -> None:
    session, letters = session_with([JUNK] * 200, random.Random(0))
    letters.refusals = 0
    on_their_way: list[int] = []
    finish = letters.finish

    def counting(sent: Sequence[SentDeadLetter]) -> list[DeliveryError | None]:
        on_their_way.append(len(sent))
        return finish(sent)

    letters.finish = counting  # type: ignore[method-assign] # counts calls
    MessageRunner(session, None).run(lambda _: None)
    assert on_their_way[:4] == [1, 2, 6, 18]
    assert sum(on_their_way) == 200


class Away(RecordingDeadLetters):
    """Delivers none."""

    def finish(self, sent: Sequence[SentDeadLetter]) -> list[DeliveryError | None]:
        return [DeliveryError("no such topic") for _ in sent]


def test_nothing_behind_the_first_is_handled_if_none_can_be_delivered() -> None:
    session, _ = session_with([JUNK, *map(event, range(5))], random.Random(0))
    session.dead_letters = Away()
    handled: list[int] = []
    with pytest.raises(ConsumeError, match="offset 0"):
        MessageRunner(session, None).run(lambda message: handled.append(message.offset))
    assert not handled


def test_a_loop_that_is_left_begins_again_at_what_is_not_acknowledged() -> None:
    session, letters = session_with([JUNK] * 4 + [event(4)], random.Random(0))
    letters.refusals = 0

    class Interrupted(BaseException):
        pass

    def interrupted(_: Sequence[SentDeadLetter]) -> list[DeliveryError | None]:
        raise Interrupted

    (queue,) = session.source._buffer.queues.values()  # pyright: ignore[reportPrivateUsage]
    # Both marks are for a method that a function replaces for a while.
    finish, letters.finish = letters.finish, interrupted  # type: ignore[method-assign, assignment]
    with pytest.raises(Interrupted):
        MessageRunner(session, None).run(lambda _: None)
    assert (queue.passed, len(queue.messages)) == (0, 5)
    letters.finish = finish  # type: ignore[method-assign]
    handled: list[int] = []
    MessageRunner(session, None).run(lambda message: handled.append(message.offset))
    assert handled == [4]
    assert letters.delivered == [0, 1, 2, 3]


# --- with a broker --------------------------------------------------------------------------------


class Stopping(Observer):
    """Stops a consumer after so many dead letters."""

    def __init__(self, number: int) -> None:
        self.left = number
        self.consumer: Any = None

    def dead_lettered(self, message: AnyMessage, error: BaseException, topic: str) -> None:
        self.left -= 1
        if not self.left:
            self.consumer.stop()


@pytest.mark.parametrize("how", ["poison", "junk", "batches"])
def test_a_stream_of_dead_letters_is_in_order(cluster: AnyCluster, how: str) -> None:
    scene, number = Scene.of(cluster, dead_letters=1), 500
    if how == "junk":
        producer = Producer({"bootstrap.servers": cluster.bootstrap_servers})
        for each in range(number):
            producer.produce(scene.topic.name, b"junk %d" % each, b"k")
        assert producer.flush(60) == 0
    else:
        scene.send(number)
    observer = Stopping(number)

    def fail(_: object) -> None:
        raise ValueError("poison")

    with scene.consumer(observer=observer) as consumer:
        observer.consumer = consumer
        if how == "batches":
            consumer.run_batches(fail)
        else:
            consumer.run(fail)
    offsets = [dict(letter.headers)["__connect.errors.offset"] for letter in scene.letters()]
    assert offsets == [str(offset).encode() for offset in range(number)]
    assert scene.committed() == {0: number}


def test_the_client_of_dead_letters_is_polled(
    avrogen_broker: EmbeddedBroker, avrogen_registry: EmbeddedRegistry
) -> None:
    """Otherwise its statistics pile up in it."""
    scene = Scene.of(embedded_cluster(avrogen_broker, avrogen_registry.url), dead_letters=1)
    scene.produce(b"junk")
    times: list[str] = []

    def statistics(text: str) -> None:
        found = json.loads(text)
        if found["type"] == "producer":
            times.append(found["name"])

    settings: dict[str, object] = {"statistics.interval.ms": 50, "stats_cb": statistics}
    with scene.consumer(settings) as consumer, ThreadPoolExecutor(1) as threads:
        running = threads.submit(consumer.run, lambda _: None)
        eventually(lambda: consumer.counters().dead_lettered == 1)
        number = len(times)
        eventually(lambda: len(times) >= number + 5)
        consumer.stop()
        running.result()


def test_a_queue_that_is_full_is_waited_for(
    avrogen_broker: EmbeddedBroker, avrogen_registry: EmbeddedRegistry
) -> None:
    scene = Scene.of(embedded_cluster(avrogen_broker, avrogen_registry.url), dead_letters=1)
    for _ in range(40):
        scene.produce(b"junk")
    observer = Stopping(40)
    with scene.consumer({"queue.buffering.max.messages": 3}, observer=observer) as consumer:
        observer.consumer = consumer
        consumer.run(lambda _: None)
    assert len(scene.letters()) == 40


# --- size limits ----------------------------------------------------------------------------------

STACKTRACE = "exception.stacktrace"
ALL = f"{STACKTRACE},exception.message,exception.class.name,class.name,connector.name,stage"


@pytest.mark.parametrize(
    ("refusals", "dropped", "left"),
    [
        (1, STACKTRACE, 9),
        (2, f"{STACKTRACE},exception.message", 8),
        (3, ALL, 4),
        (4, "all", 0),
        (5, None, 0),
    ],
)
def test_a_dead_letter_that_is_too_large_drops_headers(
    avrogen_broker: EmbeddedBroker,
    avrogen_registry: EmbeddedRegistry,
    refusals: int,
    dropped: str | None,
    left: int,
    caplog: pytest.LogCaptureFixture,
) -> None:
    scene = Scene.of(embedded_cluster(avrogen_broker, avrogen_registry.url), dead_letters=1)
    scene.produce(b"junk")
    scene.send(1)
    handled = Handled()
    avrogen_broker.fail(RequestType.PRODUCE, KafkaError.MSG_SIZE_TOO_LARGE, times=refusals)
    with scene.consumer() as consumer:
        scene.run_until(consumer, handled, lambda: len(handled) == 1)
    (letter,) = scene.letters()
    headers = dict(letter.headers)
    assert (letter.value, headers.pop("h")) == (b"junk", b"1")
    if dropped is not None:
        assert headers.pop("__avrogen.errors.dropped") == dropped.encode()
    assert len(headers) == left
    assert scene.committed() == {0: 2}
    (said,) = [r for r in caplog.records if "headers_dropped" in r.getMessage()]
    assert said.__dict__["dropped"] == (dropped or "all")


def test_a_message_of_just_the_maximum_size_is_dead_lettered(real: AnyCluster) -> None:
    """Its record leaves no room for a single header."""
    scene = Scene.of(real, dead_letters=1)
    producer = Producer(
        {"bootstrap.servers": real.bootstrap_servers, "message.max.bytes": 2_000_000}
    )
    incompressible = b"\xee" + random.Random(1).randbytes(1_100_000)
    refused: list[KafkaError] = []

    def report(error: KafkaError | None, _: object) -> None:
        if error is not None:
            refused.append(error)

    def fits(size: int) -> bool:
        refused.clear()
        producer.produce(scene.topic.name, incompressible[:size], b"k", on_delivery=report)
        assert producer.flush(60) == 0
        return not refused

    low, high = 1_048_000, 1_048_600
    assert fits(low) and not fits(high)
    while high - low > 1:
        middle = (low + high) // 2
        low, high = (middle, high) if fits(middle) else (low, middle)
    number = len(real.records(scene.topic.name))
    scene.send(1)
    handled = Handled()
    with scene.consumer() as consumer:
        scene.run_until(consumer, handled, lambda: len(handled) == 1)
    letters = scene.letters()
    assert len(letters) == number
    assert max(len(letter.value or b"") for letter in letters) == low
    (largest,) = [letter for letter in letters if len(letter.value or b"") == low]
    assert len(largest.headers) <= 1


def test_messages_of_any_size_keep_their_order(real: AnyCluster) -> None:
    scene = Scene.of(real, dead_letters=1)
    producer = Producer({"bootstrap.servers": real.bootstrap_servers})
    sizes = random.Random(2)
    for number in range(200):
        size = sizes.choice([10, 1_000, 50_000, 200_000])
        producer.produce(scene.topic.name, b"%d " % number + sizes.randbytes(size), b"k")
        producer.flush(60)
    observer = Stopping(200)
    with scene.consumer(observer=observer) as consumer:
        observer.consumer = consumer
        consumer.run(lambda _: None)
    found = [int((letter.value or b"").split(b" ")[0]) for letter in scene.letters()]
    assert found == list(range(200))


def test_poison_among_others_is_waited_for(cluster: AnyCluster) -> None:
    scene = Scene.of(cluster, dead_letters=1)
    scene.send(60)
    handled = Handled()

    def handle(message: EventMessage) -> None:
        if message.value.timestamp % 3:
            raise ValueError
        handled(message)

    with scene.consumer() as consumer:
        scene.run_until(consumer, handle, lambda: handled.numbers[-1:] == [57])
    assert scene.committed()[0] >= 58
