"""Handlers that are called concurrently by a schedule: each has one result, and mistakes show."""

from __future__ import annotations

import asyncio
from random import Random
from typing import Any
from uuid import UUID

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from avrogen import Message, Retry, RetryPolicy
from avrogen.testing import Incoming, IncomingBytes, example, handling
from generated_example.com.acme.shop import OrderCancelled
from generated_example.topics import AsyncOrdersConsumer, OrdersConsumer

VALUES = [example(OrderCancelled, order_id=UUID(int=number)) for number in range(24)]
DELIVERIES = [
    Incoming(value, key=f"key {number % 4}", partition=number % 2)
    for number, value in enumerate(VALUES)
]
Place = tuple[str, int, int]


class Handler:
    """Notes messages when they begin and when they end."""

    def __init__(self) -> None:
        self.ended: list[Place] = []
        self.busy: set[str] = set()
        self.most = 0

    def begin(self, message: Message[str, Any]) -> None:
        assert message.key not in self.busy, "two of a key"
        self.busy.add(message.key)
        self.most = max(self.most, len(self.busy))

    def end(self, message: Message[str, Any]) -> None:
        self.busy.discard(message.key)
        self.ended.append((message.key, message.partition, message.offset))

    def __call__(self, message: Message[str, Any]) -> None:
        self.begin(message)
        self.end(message)

    async def call(self, message: Message[str, Any]) -> None:
        self.begin(message)
        for _ in range(message.offset % 3):
            await asyncio.sleep(0)
        self.end(message)

    def check(self) -> None:
        for key in {key for key, _, _ in self.ended}:
            offsets = [offset for other, _, offset in self.ended if other == key]
            assert offsets == sorted(set(offsets))


def sync_run(schedule: int | Random, concurrency: int = 3) -> list[Place]:
    handler = Handler()
    kit = handling(OrdersConsumer, concurrency=concurrency, schedule=schedule)
    outcome = kit.deliver(handler, *DELIVERIES)
    assert len(outcome.handled) == len(VALUES)
    handler.check()
    return handler.ended


def async_run(schedule: int | Random, concurrency: int = 3) -> list[Place]:
    handler = Handler()
    kit = handling(AsyncOrdersConsumer, concurrency=concurrency, schedule=schedule)
    outcome = asyncio.run(kit.deliver(handler.call, *DELIVERIES))
    assert len(outcome.handled) == len(VALUES)
    handler.check()
    # Hypothesis also draws schedules that finish a call before others begin.
    assert handler.most == concurrency if isinstance(schedule, int) else handler.most <= concurrency
    return handler.ended


@pytest.mark.parametrize("run", [sync_run, async_run])
def test_a_schedule_has_one_result_and_others_have_others(run: Any) -> None:
    results = [run(seed) for seed in range(6)]
    assert results == [run(seed) for seed in range(6)]
    assert len({tuple(result) for result in results}) > 3


@settings(max_examples=20, deadline=None)
@given(st.randoms())
def test_hypothesis_draws_schedules(random: Random) -> None:
    sync_run(random)
    async_run(random)


class Counter:
    """Counts all messages in one place, which two calls may read before either writes."""

    def __init__(self) -> None:
        self.count = 0

    async def add(self, _: Message[str, Any]) -> None:
        before = self.count
        await asyncio.sleep(0)
        self.count = before + 1


def test_a_lost_update_shows() -> None:
    counts: set[int] = set()
    for seed in range(10):
        counter = Counter()
        kit = handling(AsyncOrdersConsumer, concurrency=4, schedule=seed)
        asyncio.run(kit.deliver(counter.add, *DELIVERIES))
        counts.add(counter.count)
    assert min(counts) < len(VALUES)
    counter = Counter()
    kit = handling(AsyncOrdersConsumer, concurrency=4, ordering="partition")
    asyncio.run(kit.deliver(counter.add, *(Incoming(value, key="k") for value in VALUES)))
    assert counter.count == len(VALUES)


def test_a_handler_that_counts_on_the_order_of_the_partition_shows() -> None:
    def in_order(schedule: int, **options: Any) -> bool:
        seen: list[int] = []
        handling(OrdersConsumer, concurrency=4, schedule=schedule, **options).deliver(
            lambda message: seen.append(message.offset),
            *(Incoming(value, key=f"key {n % 4}") for n, value in enumerate(VALUES)),
        )
        return seen == sorted(seen)

    assert not all(in_order(seed) for seed in range(5))
    assert all(in_order(seed, ordering="partition") for seed in range(5))
    assert not all(in_order(seed, ordering="unordered") for seed in range(5))


@pytest.mark.parametrize("style", ["sync", "asyncio"])
def test_failures_are_treated_as_without_concurrency(style: str) -> None:
    calls: list[Place] = []

    def fail(message: Message[str, Any]) -> None:
        place = message.key, message.partition, message.offset
        calls.append(place)
        if message.offset == 2 and calls.count(place) < 3:
            raise Retry("not yet")
        if message.offset == 3:
            raise ValueError("poison")

    async def fail_async(message: Message[str, Any]) -> None:
        await asyncio.sleep(0)
        fail(message)

    deliveries: list[Any] = [Incoming(v, key=f"key {n % 3}") for n, v in enumerate(VALUES[:9])]
    deliveries.append(IncomingBytes(b"junk", key=b"key 0"))
    options: dict[str, Any] = {
        "concurrency": 8,
        "retry": RetryPolicy(attempts=3, initial=1.0, jitter=0),
    }
    if style == "sync":
        outcome = handling(OrdersConsumer, **options).deliver(fail, *deliveries)
    else:
        driver = handling(AsyncOrdersConsumer, **options)
        outcome = asyncio.run(driver.deliver(fail_async, *deliveries))
    assert outcome.delays == [1.0, 2.0]
    assert sorted(letter.origin.offset for letter in outcome.dead_letters) == [3, 9]
    assert len(outcome.handled) == 8
    assert outcome.stopped is None
    options["on_poison"] = "stop"
    if style == "sync":
        outcome = handling(OrdersConsumer, **options).deliver(fail, *deliveries)
    else:
        driver = handling(AsyncOrdersConsumer, **options)
        outcome = asyncio.run(driver.deliver(fail_async, *deliveries))
    assert outcome.stopped is not None
    assert outcome.stopped.offset == 3
    assert VALUES[3] in [each.value for each in outcome.unhandled if isinstance(each, Incoming)]


def test_an_assertion_fails_the_test_and_batches_are_refused() -> None:
    def check(message: Message[str, Any]) -> None:
        assert message.offset != 4, "as it should not be"

    with pytest.raises(AssertionError, match="as it should not be"):
        handling(OrdersConsumer, concurrency=4).deliver(check, *DELIVERIES)
    with pytest.raises(ValueError, match="batches are delivered one after the other"):
        handling(OrdersConsumer, concurrency=4).deliver_batches(print, *DELIVERIES)
    with pytest.raises(ValueError, match="concurrency must be from 1"):
        handling(OrdersConsumer, concurrency=0)
