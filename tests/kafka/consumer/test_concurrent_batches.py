"""Batches at the same time: each key in one of them, in order, and what follows when one fails."""

from __future__ import annotations

import asyncio
import threading
import time
from collections import defaultdict
from typing import Any

import pytest

from avrogen import Message, Retry, RetryPolicy
from avrogen.errors import ConsumeError
from avrogen.testing import EmbeddedKafka
from generated_example.topics import AsyncOrdersConsumer, OrdersConsumer, OrdersProducer
from tests.kafka.consumer.test_concurrency import STYLES, Style, kafka, send

__all__ = ["kafka"]

Batch = list[Message[str, Any]]


class Batches:
    """Notes batches, and that no key is in two of them at a time."""

    def __init__(self, until: int, seconds: float = 0.01) -> None:
        self.until = until
        self.seconds = seconds
        self.lock = threading.Lock()
        self.busy: set[str] = set()
        self.sizes: list[int] = []
        self.most = self.at_a_time = 0
        self.offsets: dict[str, list[int]] = defaultdict(list)
        self.violations: list[str] = []
        self.stop: Any = None
        self.failing: dict[int, int] = {}
        self.error: type[Exception] = ValueError

    def begin(self, messages: Batch) -> None:
        keys = {message.key for message in messages}
        with self.lock:
            self.sizes.append(len(messages))
            self.at_a_time += 1
            self.most = max(self.most, self.at_a_time)
            self.violations += sorted(keys & self.busy)
            self.busy |= keys

    def end(self, messages: Batch) -> None:
        with self.lock:
            self.at_a_time -= 1
            self.busy -= {message.key for message in messages}
            for message in messages:
                if self.failing.get(message.offset, 0):
                    self.failing[message.offset] -= 1
                    raise self.error(f"at {message.offset}")
            for message in messages:
                self.offsets[message.key].append(message.offset)
            if sum(map(len, self.offsets.values())) >= self.until:
                self.stop()

    def __call__(self, messages: Batch) -> None:
        self.begin(messages)
        time.sleep(self.seconds)
        self.end(messages)

    async def call(self, messages: Batch) -> None:
        self.begin(messages)
        await asyncio.sleep(self.seconds)
        self.end(messages)

    def handled(self) -> list[int]:
        assert self.violations == []
        for offsets in self.offsets.values():
            assert offsets == sorted(offsets)
        return sorted(offset for offsets in self.offsets.values() for offset in offsets)


def consume(
    kafka: EmbeddedKafka, style: Style, batches: Batches, *, run: dict[str, Any], **options: Any
) -> Any:
    """Handle until the batches have what they wait for, and return the counters."""
    run = {"concurrency": 4, "max_wait": 0.05, **run}
    options = {"group_id": "group", **options}
    if style == "sync":
        with OrdersConsumer(kafka.config, **options) as orders:
            batches.stop = orders.stop
            orders.run_batches(batches, **run)
        return orders.counters()

    async def main() -> Any:
        async with AsyncOrdersConsumer(kafka.config, **options) as orders:
            batches.stop = orders.stop
            await orders.run_batches(batches.call, **run)
        return orders.counters()

    return asyncio.run(main())


@STYLES
def test_several_batches_at_a_time_with_each_key_in_one(kafka: EmbeddedKafka, style: Style) -> None:
    send(kafka, [f"key {number % 50}" for number in range(1000)])
    batches = Batches(1000)
    counters = consume(kafka, style, batches, run={"max_records": 20})
    assert batches.handled() == list(range(1000))
    assert 1 < batches.most <= 4
    assert max(batches.sizes) == 20
    assert counters.consumed == 1000
    kafka.wait_until_handled(OrdersConsumer.topic, group_id="group", timeout=5)


@STYLES
def test_a_batch_that_is_not_full_waits_for_its_time(kafka: EmbeddedKafka, style: Style) -> None:
    send(kafka, ["a", "b", "c"])
    batches = Batches(3, seconds=0.0)
    began = time.monotonic()
    consume(kafka, style, batches, run={"max_wait": 0.5})
    assert batches.sizes == [3]
    assert time.monotonic() - began >= 0.5


@STYLES
def test_retries_and_dead_letters_are_those_of_batches(kafka: EmbeddedKafka, style: Style) -> None:
    send(kafka, [f"key {number % 10}" for number in range(200)])
    batches = Batches(199)
    batches.failing = {50: 2}
    batches.error = Retry
    counters = consume(
        kafka,
        style,
        batches,
        run={"max_records": 10},
        retry=RetryPolicy(attempts=5, initial=0.05, jitter=0),
    )
    assert set(batches.handled()) >= set(range(200)) - {199} or len(batches.handled()) >= 199
    assert counters.retried == 2
    batches = Batches(199)
    batches.failing = {50: 99}
    counters = consume(kafka, style, batches, run={"max_records": 10}, group_id="other")
    assert set(range(200)) - set(batches.handled()) >= {50}
    assert counters.dead_lettered == 1
    (letter,) = kafka.dead_letters(OrdersConsumer.topic)
    assert letter.origin.offset == 50


@STYLES
def test_poison_stops_with_its_offset(kafka: EmbeddedKafka, style: Style) -> None:
    send(kafka, [f"key {number % 10}" for number in range(60)])
    batches = Batches(1000)
    batches.failing = {25: 99}
    with pytest.raises(ConsumeError, match="at 25") as stopped:
        consume(kafka, style, batches, run={"max_records": 5}, on_poison="stop")
    assert stopped.value.offset == 25
    again = Batches(1)
    consume(kafka, style, again, run={})
    assert 25 in again.handled()


def test_concurrency_is_checked(kafka: EmbeddedKafka) -> None:
    with kafka.consumer(OrdersConsumer, group_id="group") as orders:
        with pytest.raises(ValueError, match="concurrency must be from 1 to 10,000, got 0"):
            orders.run_batches(print, concurrency=0)
        with pytest.raises(ValueError, match="concurrency must be from 1"):
            orders.handling_batches(print, concurrency=-1)


def test_transactions_are_one_after_the_other(kafka: EmbeddedKafka) -> None:
    config = {**kafka.config, "transactional.id": "copy"}
    producer = OrdersProducer(config)
    reason = r"one after the other, got concurrency=8: a transaction has the offsets of all"
    with kafka.consumer(OrdersConsumer, group_id="group") as orders:
        for run in (orders.run_transactional, orders.handling_transactional):
            with pytest.raises(ValueError, match=reason):
                run(print, producer, concurrency=8)  # type: ignore[call-overload,arg-type] # pyright: ignore

    async def main() -> None:
        async def handle(message: Any) -> None: ...

        async with AsyncOrdersConsumer(kafka.config, group_id="other") as orders:
            client: Any = producer
            with pytest.raises(ValueError, match=reason):
                await orders.run_transactional(handle, client, concurrency=8)  # type: ignore[arg-type] # pyright: ignore
            with pytest.raises(ValueError, match=reason):
                orders.handling_transactional(handle, client, concurrency=8)  # type: ignore[arg-type] # pyright: ignore

    asyncio.run(main())
