"""The future of a message is a future like others, however little it costs."""

from __future__ import annotations

import asyncio
import concurrent.futures
import threading
from collections.abc import Iterator
from concurrent.futures import Future
from typing import cast

import pytest
from confluent_kafka import KafkaError, Message

from avrogen import DeliveryError
from avrogen.kafka.message import Delivered
from avrogen.kafka.producer.delivery import DeliveryFuture, DeliveryTracker, PostedDelivery
from avrogen.kafka.producer.delivery_errors import SizeLimits

PLACE = ("orders", 3, 7)


class Report:
    """What librdkafka reports of a message."""

    def partition(self) -> int:
        return 3

    def offset(self) -> int:
        return 7

    def key(self) -> bytes:
        return b"k"

    def value(self) -> bytes:
        return b"v"

    def latency(self) -> float:
        return 0.25

    def timestamp(self) -> tuple[int, int]:
        return 1, 1_000


def tracker() -> DeliveryTracker:
    limits = SizeLimits(1_000_000)
    return DeliveryTracker("orders", lambda key: key, None, lambda: False, limits, lambda: None)


def sent_with(counts: DeliveryTracker) -> DeliveryFuture:
    """The future of a message."""
    delivery = DeliveryFuture()
    delivery.tracker = counts
    return delivery


def count(number: int, counts: DeliveryTracker) -> None:
    """Count messages as sent."""
    for _ in range(number):
        next(counts.sent)


def report(delivery: DeliveryFuture | PostedDelivery, *, failed: bool = False) -> None:
    """The delivery report of a message."""
    error = KafkaError(KafkaError._MSG_TIMED_OUT) if failed else None
    delivery(error, cast("Message", Report()))


@pytest.fixture(params=["before", "after"])
def delivered(request: pytest.FixtureRequest) -> Iterator[DeliveryFuture]:
    """A delivery that is reported before it is asked for, or while somebody waits."""
    delivery = sent_with(tracker())
    if request.param == "before":
        report(delivery)
        yield delivery
    else:
        reporter = threading.Timer(0.05, report, [delivery])
        reporter.start()
        yield delivery
        reporter.join()


def test_where_it_is(delivered: DeliveryFuture) -> None:
    assert tuple(delivered.result(30))[:3] == PLACE
    assert delivered.result(30).timestamp.timestamp() == 1
    assert delivered.exception(0) is None
    assert delivered.done() and not delivered.running() and not delivered.cancelled()


def test_waiting_for_several(delivered: DeliveryFuture) -> None:
    others = [sent_with(tracker()) for _ in range(2)]
    for other in others:
        report(other)
    done, not_done = concurrent.futures.wait([delivered, *others], 30)
    assert (len(done), len(not_done)) == (3, 0)
    assert len(list(concurrent.futures.as_completed([delivered, *others], 30))) == 3


def test_callbacks(delivered: DeliveryFuture) -> None:
    called = threading.Event()
    found: list[Delivered] = []

    def callback(future: Future[Delivered]) -> None:
        found.append(future.result())
        called.set()

    delivered.add_done_callback(callback)
    assert called.wait(30)
    assert tuple(found[0])[:3] == PLACE


def test_awaiting_it(delivered: DeliveryFuture) -> None:
    async def wait() -> Delivered:
        return await asyncio.wrap_future(delivered)

    assert tuple(asyncio.run(wait()))[:3] == PLACE


def test_it_cannot_be_taken_back() -> None:
    delivery = sent_with(tracker())
    assert not delivery.cancel()
    assert delivery.running() and not delivery.done()
    with pytest.raises(TimeoutError):
        delivery.result(0)
    with pytest.raises(TimeoutError):
        delivery.exception(0.01)
    report(delivery)
    assert tuple(delivery.result())[:3] == PLACE


def test_a_failure_is_raised_and_is_seen() -> None:
    sent = tracker()
    count(1, sent)
    delivery = sent_with(sent)
    report(delivery, failed=True)
    with pytest.raises(DeliveryError) as caught:
        delivery.result()
    assert (caught.value.topic, caught.value.key) == ("orders", b"k")
    assert caught.value.code == "_MSG_TIMED_OUT" and caught.value.retriable
    assert delivery.exception() is caught.value
    assert sent.unretrieved() is None, "somebody knows"
    assert sent.counters().failed == 1


def test_failures_that_nobody_has_seen_are_one_error() -> None:
    sent = tracker()
    count(3, sent)
    deliveries = [sent_with(sent) for _ in range(3)]
    for delivery in deliveries:
        report(delivery, failed=True)
    assert deliveries[1].exception() is not None
    error = sent.unretrieved()
    assert error is not None
    assert (error.undelivered, error.topic, error.retriable) == (2, "orders", True)
    assert str(error).startswith(
        "2 messages were not delivered; the first: Local: Message timed out"
    )
    assert error.__cause__ is deliveries[0].exception()
    assert sent.unretrieved() is None, "they are known now"


def test_messages_without_a_report_are_not_delivered_either() -> None:
    sent = tracker()
    count(2, sent)
    report(sent_with(sent))
    error = sent.unretrieved()
    assert error is not None
    assert (
        str(error) == "1 message was not delivered; 1 may still arrive (topic orders, _TIMED_OUT)"
    )


def test_no_attribute_comes_out_of_nothing() -> None:
    with pytest.raises(AttributeError, match="object has no attribute 'settled'"):
        _ = sent_with(tracker()).settled


def test_a_report_and_somebody_who_waits_meet_at_any_moment() -> None:
    """Whoever is second settles the future, or both try."""
    for number in range(2000):
        delivery = sent_with(tracker())
        start = threading.Barrier(2)

        def deliver(delivery: DeliveryFuture = delivery, start: threading.Barrier = start) -> None:
            start.wait()
            report(delivery)

        reporter = threading.Thread(target=deliver)
        reporter.start()
        start.wait()
        if number % 2:
            done, _ = concurrent.futures.wait(
                [delivery, sent_with(tracker())], 30, "FIRST_COMPLETED"
            )
            assert done == {delivery}
        assert tuple(delivery.result(30))[:3] == PLACE
        reporter.join()


def test_counting_looks_at_counts_and_does_not_change_them() -> None:
    sent = tracker()
    count(3, sent)
    assert [sent.pending for _ in range(3)] == [3, 3, 3]
    sent.not_sent()
    report(sent_with(sent))
    assert sent.pending == 1
    counters = sent.counters()
    assert (counters.sent, counters.delivered, counters.failed) == (2, 1, 0)
    assert (counters.mean_latency, counters.max_latency) == (0.25, 0.25)
    count(1, sent)
    assert sent.counters().sent == 3


def test_failures_without_a_future_are_one_error_and_are_raised_once() -> None:
    sent = tracker()
    count(3, sent)
    posted = PostedDelivery(sent)
    for failed in (True, False, True):
        report(posted, failed=failed)
    error = sent.posted_failure()
    assert error is not None
    assert (error.undelivered, error.code) == (2, "_MSG_TIMED_OUT")
    assert sent.posted_failure() is None and sent.unretrieved() is None
    assert sent.counters().failed == 2


def test_the_end_has_the_failures_of_both_kinds() -> None:
    sent = tracker()
    count(2, sent)
    report(PostedDelivery(sent), failed=True)
    report(sent_with(sent), failed=True)
    error = sent.unretrieved()
    assert error is not None and error.undelivered == 2
    assert sent.posted_failure() is None
