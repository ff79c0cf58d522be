"""Handlers at the same time, over the embedded broker: keys in order, failures, the end."""

from __future__ import annotations

import asyncio
import logging
import threading
import time
from collections import defaultdict
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from random import Random
from typing import Any, Literal, TypeAlias
from uuid import uuid4

import pytest

from avrogen import Message, Retry, RetryPolicy
from avrogen.errors import ConsumeError
from avrogen.testing import EmbeddedKafka
from generated_example.com.acme.shop import CancellationReason, OrderCancelled
from generated_example.topics import AsyncOrdersConsumer, OrdersConsumer, OrdersProducer

Style: TypeAlias = Literal["sync", "asyncio"]
STYLES = pytest.mark.parametrize("style", ["sync", "asyncio"])
Handle: TypeAlias = Callable[[Any], float]
"""Returns the seconds for which the handler waits."""


@pytest.fixture
def kafka() -> Iterator[EmbeddedKafka]:
    with EmbeddedKafka() as running:
        running.create(OrdersConsumer.topic)
        yield running


def send(kafka: EmbeddedKafka, keys: list[str]) -> None:
    with kafka.producer(OrdersProducer) as orders:
        for key in keys:
            value = OrderCancelled(
                order_id=uuid4(),
                reason=CancellationReason.PAYMENT_FAILED,
                cancelled_at=datetime.now(UTC),
            )
            orders.send(value, key=key)


class Handler:
    """Notes what it handles, and checks that messages of a key come one at a time, in order."""

    def __init__(self, handle: Handle = lambda _: 0.001) -> None:
        self._handle = handle
        self._lock = threading.Lock()
        self._busy: set[str] = set()
        self.offsets: dict[str, list[int]] = defaultdict(list)
        self.most = 0
        self.violations: list[str] = []

    def begin(self, message: Message[str, Any]) -> float:
        with self._lock:
            if message.key in self._busy:
                self.violations.append(f"two of {message.key} at a time")
            self._busy.add(message.key)
            self.most = max(self.most, len(self._busy))
        return self._handle(message)

    def end(self, message: Message[str, Any], *, handled: bool) -> None:
        with self._lock:
            self._busy.discard(message.key)
            if handled:
                self.offsets[message.key].append(message.offset)

    @property
    def handled(self) -> list[int]:
        return sorted(offset for offsets in self.offsets.values() for offset in offsets)

    def __call__(self, message: Message[str, Any]) -> None:
        handled = False
        try:
            time.sleep(self.begin(message))
            handled = True
        finally:
            self.end(message, handled=handled)

    async def call(self, message: Message[str, Any]) -> None:
        handled = False
        try:
            seconds = self.begin(message)
            if seconds:  # or the event loop would get on
                await asyncio.sleep(seconds)
            handled = True
        finally:
            self.end(message, handled=handled)

    def check(self) -> None:
        assert self.violations == []
        for offsets in self.offsets.values():
            assert offsets == sorted(set(offsets)), "out of order, or twice"


def consume(
    kafka: EmbeddedKafka, style: Style, handler: Handler, run: dict[str, Any], **options: Any
) -> Any:
    """Handle all that is on the topic, and return the counters."""
    options = {"group_id": "group", **options}
    consumer: Any = OrdersConsumer if style == "sync" else AsyncOrdersConsumer
    if style == "sync":
        with kafka.consumer(consumer, **options) as orders:
            orders.run(handler, **run)
        return orders.counters()

    async def main() -> Any:
        async with kafka.consumer(consumer, **options) as orders:
            await orders.run(handler.call, **run)
        return orders.counters()

    return asyncio.run(main())


@STYLES
def test_keys_are_in_order_and_many_are_handled_at_a_time(
    kafka: EmbeddedKafka, style: Style
) -> None:
    keys = [f"key {number % 40}" for number in range(600)]
    send(kafka, keys)
    handler = Handler(lambda message: 0.002 * (message.offset % 3))
    counters = consume(kafka, style, handler, {"concurrency": 16})
    handler.check()
    assert handler.handled == list(range(600))
    assert 8 < handler.most <= 16
    assert counters.consumed == 600
    kafka.wait_until_handled(OrdersConsumer.topic, group_id="group", timeout=5)


@STYLES
def test_ordering_by_partition_is_one_at_a_time_and_unordered_is_any(
    kafka: EmbeddedKafka, style: Style
) -> None:
    send(kafka, ["one"] * 60)
    handler = Handler()
    consume(kafka, style, handler, {"concurrency": 8, "ordering": "partition"})
    handler.check()
    assert handler.offsets == {"one": list(range(60))}
    handler = Handler()
    run = {"concurrency": 8, "ordering": "unordered"}
    consume(kafka, style, handler, run, group_id="other")
    assert handler.handled == list(range(60))
    assert handler.violations


@STYLES
def test_a_slow_key_holds_its_key_and_not_its_partition(
    kafka: EmbeddedKafka, style: Style, caplog: pytest.LogCaptureFixture
) -> None:
    send(kafka, ["slow", *(f"key {number % 20}" for number in range(300)), "slow"])
    done_at: dict[int, float] = {}

    def handle(message: Any) -> float:
        done_at[message.offset] = time.monotonic()
        return 0.6 if message.offset == 0 else 0.0

    handler = Handler(handle)
    with caplog.at_level(logging.WARNING, "avrogen.kafka"):
        consume(kafka, style, handler, {"concurrency": 4})
    handler.check()
    assert handler.handled == list(range(302))
    assert max(done_at[offset] for offset in range(1, 301)) < done_at[0] + 0.6 <= done_at[301]


@STYLES
def test_one_long_call_among_many_short_ones_keeps_none_waiting(
    kafka: EmbeddedKafka, style: Style
) -> None:
    """One thread does all while calls are short; others take over when it is kept."""
    send(kafka, [f"key {number % 100}" for number in range(2000)])
    done_at: dict[int, float] = {}

    def handle(message: Any) -> float:
        done_at[message.offset] = time.monotonic()
        return 3.0 if message.offset == 1000 else 0.0

    handler = Handler(handle)
    consume(kafka, style, handler, {"concurrency": 4})
    handler.check()
    assert handler.handled == list(range(2000))
    others = [at for offset, at in done_at.items() if offset % 100]
    assert max(others) < done_at[1000] + 3.0


@STYLES
def test_few_slow_or_failing_calls_among_quick_ones_change_no_order(
    kafka: EmbeddedKafka, style: Style
) -> None:
    """Quick handlers are called in runs, which end at a call that waits or fails."""
    random = Random(7)
    slow = {
        offset: random.choice([0.0005, 0.004, 0.02]) for offset in random.sample(range(4000), 60)
    }
    failing = set(random.sample(range(4000), 40))
    send(kafka, [f"key {random.randrange(30)}" for _ in range(4000)])
    attempts: dict[int, int] = defaultdict(int)

    def handle(message: Any) -> float:
        attempts[message.offset] += 1
        if message.offset in failing and attempts[message.offset] < 3:
            raise Retry("not yet")
        return slow.get(message.offset, 0.0)

    handler = Handler(handle)
    policy = RetryPolicy(attempts=5, initial=0.002, jitter=0)
    counters = consume(kafka, style, handler, {"concurrency": 8}, retry=policy)
    handler.check()
    assert handler.handled == list(range(4000))
    assert (counters.consumed, counters.retried) == (4000, 80)
    kafka.wait_until_handled(OrdersConsumer.topic, group_id="group", timeout=5)


@STYLES
def test_a_retry_holds_its_key(kafka: EmbeddedKafka, style: Style) -> None:
    send(kafka, ["failing", *(f"key {number % 5}" for number in range(50)), "failing"])
    calls: list[int] = []

    def handle(message: Any) -> float:
        calls.append(message.offset)
        if message.offset == 0 and calls.count(0) < 3:
            raise Retry("not yet")
        return 0.0

    handler = Handler(handle)
    policy = RetryPolicy(attempts=5, initial=0.3, jitter=0)
    counters = consume(kafka, style, handler, {"concurrency": 4}, retry=policy)
    handler.check()
    assert handler.handled == list(range(52))
    assert counters.retried == 2
    last = len(calls) - 1 - calls[::-1].index(0)
    assert all(calls.index(offset) < last for offset in range(1, 51))
    assert calls.index(51) > last


@STYLES
def test_dead_letters_keep_the_order_of_their_key(kafka: EmbeddedKafka, style: Style) -> None:
    send(kafka, [f"key {number % 6}" for number in range(120)])

    def handle(message: Any) -> float:
        if message.offset % 4 == 1:
            raise ValueError(f"poison at {message.offset}")
        return 0.001

    handler = Handler(handle)
    counters = consume(kafka, style, handler, {"concurrency": 5})
    handler.check()
    poison = [offset for offset in range(120) if offset % 4 == 1]
    assert handler.handled == [offset for offset in range(120) if offset not in poison]
    assert counters.dead_lettered == len(poison)
    letters = kafka.dead_letters(OrdersConsumer.topic)
    by_key: dict[str, list[int]] = defaultdict(list)
    for letter in letters:
        by_key[str(letter.key)].append(letter.origin.offset)
    assert sorted(offset for offsets in by_key.values() for offset in offsets) == poison
    assert all(offsets == sorted(offsets) for offsets in by_key.values())


@STYLES
def test_the_lowest_offset_that_stops_is_named_and_comes_again(
    kafka: EmbeddedKafka, style: Style
) -> None:
    send(kafka, [f"key {number}" for number in range(40)])

    def handle(message: Any) -> float:
        if message.offset in (10, 12):
            time.sleep(0.1 if message.offset == 10 else 0.0)
            raise ValueError("poison")
        return 0.0 if message.offset < 10 else 0.05

    with pytest.raises(ConsumeError, match="poison") as stopped:
        consume(kafka, style, Handler(handle), {"concurrency": 8}, on_poison="stop")
    assert stopped.value.offset == 10
    handler = Handler()
    consume(kafka, style, handler, {"concurrency": 8})
    assert handler.handled[0] == 10
    assert set(range(10, 40)) >= set(handler.handled) >= {10, 12}


@STYLES
def test_what_is_in_flight_at_the_end_is_finished_and_committed(
    kafka: EmbeddedKafka, style: Style
) -> None:
    send(kafka, [f"key {number % 30}" for number in range(400)])
    started: list[int] = []

    def handle(message: Any) -> float:
        started.append(message.offset)
        if len(started) == 100:
            stop()
        return 0.01

    first = Handler(handle)
    options: dict[str, Any] = {"group_id": "group"}
    if style == "sync":
        with OrdersConsumer(kafka.config, **options) as orders:
            stop = orders.stop
            orders.run(first, concurrency=8)
    else:

        async def main() -> None:
            nonlocal stop
            async with AsyncOrdersConsumer(kafka.config, **options) as orders:
                stop = orders.stop
                await orders.run(first.call, concurrency=8)

        stop = lambda: None  # noqa: E731 -- it is replaced at once
        asyncio.run(main())
    assert first.handled == sorted(started)
    assert 100 <= len(started) < 400
    second = Handler()
    consume(kafka, style, second, {"concurrency": 8})
    assert set(first.handled) | set(second.handled) == set(range(400))
    assert len(set(first.handled) & set(second.handled)) < 100


@STYLES
def test_a_handler_that_hangs_does_not_keep_the_end(kafka: EmbeddedKafka, style: Style) -> None:
    send(kafka, ["hanging", "other", "other"])
    handler = Handler(lambda message: 3.0 if message.key == "hanging" else stop() or 0.0)
    began = time.monotonic()
    if style == "sync":
        with OrdersConsumer(kafka.config, group_id="group", grace=0.3) as orders:
            stop = orders.stop
            orders.run(handler, concurrency=4)
    else:

        async def main() -> None:
            nonlocal stop
            async with AsyncOrdersConsumer(kafka.config, group_id="group", grace=0.3) as orders:
                stop = orders.stop
                await orders.run(handler.call, concurrency=4)

        stop = lambda: None  # noqa: E731 -- it is replaced at once
        asyncio.run(main())
    assert time.monotonic() - began < 2.9
    again = Handler()
    consume(kafka, style, again, {})
    assert again.handled[0] == 0


def test_concurrency_is_checked_before_anything_is_handled(kafka: EmbeddedKafka) -> None:
    with kafka.consumer(OrdersConsumer, group_id="group") as orders:
        with pytest.raises(ValueError, match="concurrency must be from 1"):
            orders.run(print, concurrency=0)
        with pytest.raises(ValueError, match="ordering must be one of"):
            orders.run(print, concurrency=2, ordering="any")  # type: ignore[call-overload]  # pyright: ignore


def test_a_commit_of_a_message_is_not_behind_one_in_flight(kafka: EmbeddedKafka) -> None:
    send(kafka, ["slow", "fast"])
    release = threading.Event()
    with kafka.consumer(OrdersConsumer, group_id="group", commit="manual") as orders:

        def handle(message: Message[str, Any]) -> None:
            if message.key == "slow":
                release.wait(5)
            else:
                orders.commit(message)
                lag.append(orders.lag()[0])
                figures.append(orders.counters().in_flight)
                release.set()

        lag: list[int] = []
        figures: list[int] = []
        orders.run(handle, concurrency=2)
    assert lag == [2]
    assert figures == [2]
    handler = Handler()
    consume(kafka, "sync", handler, {})
    assert handler.handled == [0, 1]
