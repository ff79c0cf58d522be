"""``handling(...).deliver(...)``: handlers without a broker, with the decisions of consumers."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any, TypeAlias, assert_type, cast
from uuid import UUID

import pytest

from avrogen import ClosedError, ConfigurationError, EncodeError, Message, Retry, RetryPolicy
from avrogen.kafka.consumer.async_consumer import AsyncTopicConsumer
from avrogen.kafka.consumer.consumer import TopicConsumer
from avrogen.kafka.topic import Topic
from avrogen.testing import (
    AsyncHandlerDriver,
    HandlerDriver,
    Incoming,
    IncomingBytes,
    IncomingUnknown,
    Outcome,
    handling,
)
from examples.demo import PLACED, SCANNED, SETTLED
from generated_example.com.acme.shop import OrderCancelled, OrderPlaced
from generated_example.com.example import Event
from generated_example.topics import (
    AsyncOrdersConsumer,
    OrdersConsumer,
    ParcelsConsumer,
    PaymentSettledV1Consumer,
)
from tests.support.events import cancelled, event

Order: TypeAlias = OrderPlaced | OrderCancelled
OrderMessage: TypeAlias = Message[str, Order]
Handle: TypeAlias = Callable[[OrderMessage], object]
Deliver: TypeAlias = Callable[..., Outcome[str, Order]]

FIRST, SECOND, THIRD = cancelled(1), cancelled(2), cancelled(3)
JUNK = IncomingBytes(b'{"id": 7}', key=b"k")


def deliver(handle: Handle, *messages: Any, **options: Any) -> Outcome[str, Order]:
    return handling(OrdersConsumer, **options).deliver(handle, *messages)


def deliver_async(handle: Handle, *messages: Any, **options: Any) -> Outcome[str, Order]:
    async def handle_later(message: OrderMessage) -> None:
        await asyncio.sleep(0)
        handle(message)

    driver = handling(AsyncOrdersConsumer, **options)
    return asyncio.run(driver.deliver(handle_later, *messages))


def deliver_batches(handle: Handle, *messages: Any, **options: Any) -> Outcome[str, Order]:
    def handle_all(batch: Sequence[OrderMessage]) -> None:
        for message in batch:
            handle(message)

    return handling(OrdersConsumer, **options).deliver_batches(handle_all, *messages, max_wait=0)


def deliver_batches_async(handle: Handle, *messages: Any, **options: Any) -> Outcome[str, Order]:
    async def handle_all(batch: Sequence[OrderMessage]) -> None:
        await asyncio.sleep(0)
        for message in batch:
            handle(message)

    driver = handling(AsyncOrdersConsumer, **options)
    return asyncio.run(driver.deliver_batches(handle_all, *messages, max_wait=0))


every_way = pytest.mark.parametrize(
    "deliver", [deliver, deliver_async, deliver_batches, deliver_batches_async]
)


class Handler:
    """Keeps what it is called with, and raises what it is told to, each error once."""

    def __init__(self, failures: dict[UUID, Sequence[Exception]] | None = None) -> None:
        self.calls: list[UUID] = []
        self._failures = {key: list(errors) for key, errors in (failures or {}).items()}

    def __call__(self, message: OrderMessage) -> None:
        order = message.value.order_id
        self.calls.append(order)
        if self._failures.get(order):
            raise self._failures[order].pop(0)


# --- what is handled ------------------------------------------------------------------------------


@every_way
def test_messages_are_handled_in_order(deliver: Deliver) -> None:
    handler = Handler()
    outcome = deliver(handler, FIRST, SECOND, THIRD)
    assert outcome == Outcome(
        handled=[FIRST, SECOND, THIRD], retries=[], dead_letters=[], stopped=None, unhandled=[]
    )
    assert handler.calls == [UUID(int=1), UUID(int=2), UUID(int=3)]


def test_a_message_is_as_one_that_was_consumed() -> None:
    seen: list[OrderMessage] = []
    time = datetime(2025, 3, 14, 15, 9, 26, 535_000, tzinfo=UTC)
    handling(OrdersConsumer).deliver(
        seen.append,
        FIRST,
        Incoming(SECOND, key="own", headers=[("trace", "7"), ("raw", b"\xff")], timestamp=time),
        Incoming(THIRD, partition=2),
    )
    first, second, third = seen
    assert (first.key, first.raw_key) == (str(FIRST.order_id), str(FIRST.order_id).encode())
    assert (first.topic, first.partition, first.offset) == ("shop.orders.v1", 0, 0)
    assert first.raw_value is not None and first.raw_value.endswith(FIRST.to_avro())
    assert first.timestamp is not None and first.timestamp.tzinfo is UTC
    assert (second.key, second.offset, second.timestamp) == ("own", 1, time)
    assert list(second.headers) == [("trace", b"7"), ("raw", b"\xff")]
    assert (third.partition, third.offset) == (2, 0)


def test_types_are_those_of_the_topic() -> None:
    assert_type(handling(OrdersConsumer), HandlerDriver[str, OrderPlaced | OrderCancelled])
    outcome = handling(AsyncOrdersConsumer)
    assert_type(outcome, AsyncHandlerDriver[str, OrderPlaced | OrderCancelled])


def test_partitions_go_on_at_the_same_time_with_asyncio() -> None:
    """The first waits for the second, which would be for ever one after the other."""
    second_came = asyncio.Event()

    async def handle(message: OrderMessage) -> None:
        if message.value == SECOND:
            second_came.set()
        await second_came.wait()

    driver = handling(AsyncOrdersConsumer)
    outcome = asyncio.run(
        driver.deliver(handle, Incoming(FIRST, partition=0), Incoming(SECOND, partition=1))
    )
    assert outcome.handled == [SECOND, FIRST] or outcome.handled == [FIRST, SECOND]


def test_batches_have_so_many_messages() -> None:
    sizes: list[int] = []
    outcome = handling(OrdersConsumer).deliver_batches(
        lambda batch: sizes.append(len(batch)), *[cancelled(n) for n in range(5)], max_records=2
    )
    assert sizes == [2, 2, 1]
    assert len(outcome.handled) == 5


# --- what fails -----------------------------------------------------------------------------------


@every_way
def test_what_may_pass_is_tried_again(deliver: Deliver) -> None:
    again = Retry("later"), ConnectionError("no"), Retry("later")
    policy = RetryPolicy(retry_on=(ConnectionError,))
    outcome = deliver(Handler({SECOND.order_id: again}), SECOND, THIRD, retry=policy)
    assert outcome.handled == [SECOND, THIRD]
    assert outcome.delays == [0.25, 0.5, 1.0]
    assert [retry.error for retry in outcome.retries] == list(again)
    assert [retry.attempt for retry in outcome.retries] == [1, 2, 3]
    assert {retry.value for retry in outcome.retries} == {SECOND}
    assert outcome.dead_letters == []


@every_way
@pytest.mark.parametrize(
    ("policy", "delays"),
    [
        (RetryPolicy(attempts=3, initial=1, multiplier=10, maximum=5), [1, 5]),
        (RetryPolicy(attempts=None, within=4), [0.25, 0.5, 1.0, 2.0]),
        (RetryPolicy(attempts=1), []),
    ],
)
def test_the_policy_gives_up(deliver: Deliver, policy: RetryPolicy, delays: list[float]) -> None:
    handler = Handler({FIRST.order_id: [Retry("later")] * 20})
    outcome = deliver(handler, FIRST, retry=policy)
    assert outcome.delays == delays
    assert outcome.handled == []
    (letter,) = outcome.dead_letters
    assert letter.value == FIRST
    assert (letter.origin.stage, letter.origin.message) == ("TASK_PUT", "later")


@every_way
def test_what_fails_for_good_is_a_dead_letter(deliver: Deliver) -> None:
    # A batch is handled together first, and then one by one.
    handler = Handler({SECOND.order_id: [ValueError("negative price")] * 2})
    outcome = deliver(handler, FIRST, SECOND, THIRD, group_id="billing")
    assert sorted(outcome.handled, key=lambda order: order.order_id) == [FIRST, THIRD]
    (letter,) = outcome.dead_letters
    assert (letter.key, letter.value) == (str(SECOND.order_id), SECOND)
    assert letter.raw_value is not None and letter.raw_value.endswith(SECOND.to_avro())
    assert letter.origin.error == "builtins.ValueError"
    assert letter.headers.get("__connect.errors.exception.message") == b"negative price"
    assert letter.headers.get("__connect.errors.connector.name") == b"billing"
    assert letter.headers.get("__connect.errors.offset") == b"1"
    assert "handle" in letter.origin.handler or "Handler" in letter.origin.handler
    assert repr(letter).endswith(": TASK_PUT builtins.ValueError: negative price>")


@every_way
def test_what_cannot_be_read_is_a_dead_letter(deliver: Deliver) -> None:
    unknown = IncomingBytes(b"\x00\x00\x00\x00\x63\x02", key=b"k", headers={"h": "1"})
    outcome = deliver(Handler(), FIRST, JUNK, unknown, IncomingBytes(None), THIRD)
    assert outcome.handled == [FIRST, THIRD]
    assert outcome.retries == []
    junk, other, tombstone = outcome.dead_letters
    assert (junk.value, junk.raw_value, junk.raw_key) == (None, JUNK.value, JUNK.key)
    assert junk.origin.stage == "VALUE_CONVERTER"
    assert "FramingError" in junk.origin.error
    assert other.headers[0] == ("h", b"1")
    assert "RegistryError" in other.origin.error
    assert tombstone.origin.stage == "KEY_CONVERTER"
    assert repr(junk).startswith("""<DeadLetter b'{"id": 7}': VALUE_CONVERTER """)


@every_way
def test_where_the_consumer_would_stop(deliver: Deliver) -> None:
    handler = Handler({SECOND.order_id: [ValueError("no")] * 2})
    outcome = deliver(handler, FIRST, SECOND, THIRD, on_poison="stop")
    assert outcome.handled == [FIRST]
    assert outcome.dead_letters == []
    assert outcome.unhandled == [SECOND, THIRD]
    assert outcome.stopped is not None
    assert outcome.stopped.offset == 1
    assert "failed in its handler: ValueError: no" in str(outcome.stopped)


@every_way
def test_an_outage_stops_it(deliver: Deliver) -> None:
    handler = Handler({FIRST.order_id: [ClosedError("the producer was closed")] * 2})
    outcome = deliver(handler, FIRST, SECOND)
    assert outcome.unhandled == [FIRST, SECOND]
    assert "other messages would fail, too" in str(outcome.stopped)


def test_without_a_dead_letter_topic_it_stops() -> None:
    class EventsConsumer(TopicConsumer[None, Event]):
        topic = Topic("events", value=(Event,))

    class AsyncEventsConsumer(AsyncTopicConsumer[None, Event]):
        topic = EventsConsumer.topic

    async def handle(message: Message[None, Event]) -> None:
        raise ValueError(message.value.id)

    bad, good = IncomingBytes(b"junk"), event()
    outcome = handling(EventsConsumer).deliver(print, bad, good)
    assert "no dead-letter topic" in str(outcome.stopped)
    assert outcome.unhandled == [bad, good]
    outcome = asyncio.run(handling(AsyncEventsConsumer).deliver(handle, good))
    assert "no dead-letter topic" in str(outcome.stopped)


@every_way
def test_one_partition_waits_and_others_go_on(deliver: Deliver) -> None:
    handler = Handler({FIRST.order_id: [Retry("later")]})
    outcome = deliver(handler, Incoming(FIRST, partition=0), Incoming(SECOND, partition=1))
    assert len(outcome.delays) == 1
    assert sorted(outcome.handled, key=lambda order: order.order_id) == [FIRST, SECOND]


@every_way
def test_an_assertion_in_a_handler_is_the_tests_own(deliver: Deliver) -> None:
    def handle(message: OrderMessage) -> None:
        assert message.value == FIRST, "it is another"

    with pytest.raises(AssertionError, match="it is another"):
        deliver(handle, FIRST, SECOND)


# --- what cannot be delivered ---------------------------------------------------------------------


REFUSED: list[tuple[Any, str]] = [
    (event(), "shop.orders.v1 takes OrderPlaced or OrderCancelled, not Event"),
    (None, "has no tombstones"),
    (replace(FIRST, order_id=cast("Any", "no id")), "order_id"),
    (Incoming(FIRST, key=7), "key"),
    (Incoming(FIRST, partition=-1), "partition must be >= 0 and < 2.*, got -1"),
    (Incoming(FIRST, headers=cast("Any", {"n": 5})), 'header "n": expected str, bytes or None'),
    (Incoming(FIRST, timestamp=datetime(2025, 1, 1)), "timestamp"),
]


@pytest.mark.parametrize(("given", "error"), REFUSED)
def test_what_is_no_message_of_the_topic_is_refused(given: Any, error: str) -> None:
    with pytest.raises(EncodeError, match=error):
        deliver(Handler(), given)


def test_a_key_that_is_missing() -> None:
    class Keyed(TopicConsumer[str, Event]):
        topic = Topic("events", value=(Event,), key="string")

    with pytest.raises(EncodeError, match="messages of events need a key") as caught:
        handling(Keyed).deliver(print, event())
    assert caught.value.__notes__ == ["Incoming(value, key=...) delivers it with a key"]


def test_options_are_those_of_consumers() -> None:
    with pytest.raises(ConfigurationError, match="on_poison"):
        deliver(Handler(), FIRST, on_poison="ignore")
    with pytest.raises(ValueError, match="max_records must be at least 1"):
        handling(OrdersConsumer).deliver_batches(print, FIRST, max_records=0)


def test_other_topics() -> None:
    """Keys with schemas, topics without keys."""
    parcel = handling(ParcelsConsumer).deliver(lambda message: message.key.carrier, SCANNED)
    assert parcel.handled == [SCANNED]
    settled = handling(PaymentSettledV1Consumer).deliver(print, SETTLED)
    assert settled.handled == [SETTLED]


# --- types of events ------------------------------------------------------------------------------


def test_an_unknown_type() -> None:
    """It is dead-lettered, skipped or the end, as the service has it."""
    new = IncomingUnknown(event(7), key="7")
    deliver = handling(OrdersConsumer).deliver(print, new, cancelled())
    assert [letter.origin.error for letter in deliver.dead_letters] == [
        "avrogen.errors.UnknownTypeError"
    ]
    assert (deliver.handled, deliver.skipped) == ([cancelled()], [])
    skipped = handling(OrdersConsumer, unknown="skip").deliver(print, new, cancelled())
    assert (skipped.handled, skipped.skipped) == ([cancelled()], [new])
    assert skipped.dead_letters == []
    stopped = handling(OrdersConsumer, unknown="stop").deliver(print, new, cancelled())
    assert "is of a type that this consumer does not know" in str(stopped.stopped)
    assert stopped.unhandled == [new, cancelled()]


def test_only_some_types() -> None:
    new = IncomingUnknown(event(7), key="7")
    deliveries: list[Any] = [PLACED, new, cancelled(), PLACED]
    batches: list[list[Any]] = []
    driver = handling(OrdersConsumer, only=(OrderCancelled,))
    outcome = driver.deliver_batches(batches.append, *deliveries)
    assert [[message.value for message in batch] for batch in batches] == [[cancelled()]]
    assert (outcome.handled, outcome.skipped) == ([cancelled()], [PLACED, new, PLACED])

    async def handle(message: Any) -> None:
        batches.append([message])

    asynchronous = handling(AsyncOrdersConsumer, only=(OrderPlaced,))
    assert asyncio.run(asynchronous.deliver(handle, *deliveries)).handled == [PLACED, PLACED]


def test_values_of_no_type_are_not_delivered() -> None:
    with pytest.raises(EncodeError, match="generated class"):
        handling(OrdersConsumer).deliver(print, IncomingUnknown("text", key="7"))
