"""Concurrent handling with the rest: rebalances, pauses, seeks, memory, health, context."""

from __future__ import annotations

import asyncio
import threading
from collections import defaultdict
from collections.abc import Sequence
from contextlib import AbstractContextManager, nullcontext
from dataclasses import replace
from time import sleep
from typing import Any

import pytest

from avrogen.errors import ConsumeError
from avrogen.kafka.observability.context import current_message
from avrogen.kafka.observability.observer import Observer
from tests.kafka.consumer.test_rebalance import settings_of
from tests.support.clients import async_consumer_of, producer_of
from tests.support.clusters import AnyCluster
from tests.support.concurrent_members import Style, concurrent_member
from tests.support.events import event
from tests.support.scenes import EventMessage, Gate, Handled, Scene, eventually

STYLES = pytest.mark.parametrize("style", ["sync", "asyncio"])


class ByKey(Handled):
    """Notes the order of each key as well. What is noted is about to be handled."""

    def __init__(self) -> None:
        super().__init__()
        self.keys: dict[str, list[int]] = defaultdict(list)

    def __call__(self, message: EventMessage) -> None:
        with self.lock:
            self.keys[message.key].append(message.value.timestamp)
        super().__call__(message)

    def assert_each_once_by_key(self, numbers: Sequence[int]) -> None:
        assert sorted(self.numbers) == list(numbers)
        for key, found in self.keys.items():
            assert found == sorted(found), key


@STYLES
@pytest.mark.parametrize("protocol", ["cooperative", "eager", "kip-848"])
def test_a_member_that_comes_gets_what_is_finished(
    cluster: AnyCluster, style: Style, protocol: str
) -> None:
    scene = Scene.of(cluster, partitions=4)
    numbers = scene.send(2000)
    handled = ByKey()
    theirs = Handled()
    opened = threading.Event()

    def slowly(message: EventMessage) -> float:
        handled(message)
        return 0.0 if opened.is_set() else 0.1

    def by_them(message: EventMessage) -> float:
        theirs(message)
        return slowly(message)

    settings = settings_of(cluster, protocol)
    with concurrent_member(scene, style, slowly, settings) as first:
        eventually(lambda: len(handled) > 20)
        with concurrent_member(scene, style, by_them, settings):
            eventually(lambda: len(theirs) > 20)
        eventually(lambda: first.has(0, 1, 2, 3))
        opened.set()
        eventually(lambda: set(handled.numbers) == set(numbers))
    if cluster.kind == "real" or protocol == "kip-848":
        handled.assert_each_once_by_key(numbers)
        assert scene.committed() == scene.ends()
    else:
        # The embedded broker refuses commits while such groups rebalance: without concurrency,
        # messages come again there as well.
        handled.assert_none_lost(numbers)


@STYLES
def test_a_paused_partition_starts_nothing_and_goes_on_in_order(
    cluster: AnyCluster, style: Style
) -> None:
    scene = Scene.of(cluster, partitions=2)
    numbers = scene.send(400)
    handled = ByKey()

    def handle(message: EventMessage) -> float:
        handled(message)
        return 0.005

    with concurrent_member(scene, style, handle) as member:
        eventually(lambda: len(handled.by_partition) == 2)
        member.consumer.pause(0)
        sleep(0.1)  # those in flight
        before = len(handled.by_partition[0])
        eventually(lambda: len(handled.by_partition[1]) == scene.ends()[1])
        assert len(handled.by_partition[0]) == before < scene.ends()[0]
        member.consumer.resume(0)
        eventually(lambda: len(handled) == 400)
    handled.assert_each_once_by_key(numbers)


def test_a_seek_goes_back_and_forth(cluster: AnyCluster) -> None:
    """What is in flight then does not count, and comes again if it is behind the position."""
    scene = Scene.of(cluster)
    scene.send(100)
    handled = Handled()
    gate = Gate(handled, 60)

    with concurrent_member(scene, "sync", gate) as member:
        assert gate.reached.wait(60)
        eventually(lambda: len(handled) > 80)
        before = len(handled)
        member.consumer.seek(90, 0)
        gate.open.set()
        eventually(lambda: set(range(90, 100)) <= set(handled.numbers[before:]))
        before = len(handled)
        member.consumer.seek("beginning")
        eventually(lambda: len(handled) >= before + 100)
        eventually(lambda: not member.consumer.counters().in_flight)
    assert set(handled.numbers[before:]) == set(range(100))
    assert scene.committed() == {0: 100}


@STYLES
def test_large_messages_are_bounded_by_bytes(real: AnyCluster, style: Style) -> None:
    """Those in flight count, and those that wait for their key."""
    scene = Scene.of(real, partitions=3)
    size, count = 900_000, 60
    with producer_of(scene.topic)(real.config, register=True) as events:
        for number in range(count):
            large = replace(event(number), resource_id=f"{number}" + "x" * size)
            events.send(large, key=f"key-{number % 7}", partition=number % 3)
    handled, opened, most = Handled(), threading.Event(), 0

    def handle(message: EventMessage) -> float:
        nonlocal most
        if style == "sync":
            opened.wait(60)
        handled(message)
        return 0.0 if opened.is_set() else 2.5

    settings: dict[str, object] = {"queued.max.messages.kbytes": 8192}
    with concurrent_member(scene, style, handle, settings, run={"concurrency": 32}) as member:
        eventually(lambda: member.has(0, 1, 2) and member.consumer.counters().in_flight > 0)
        for _ in range(20):
            sleep(0.1)
            most = max(most, member.consumer.counters().waiting)
        opened.set()
        eventually(lambda: len(handled) == count)
    assert sorted(handled.numbers) == list(range(count))
    # Each partition has its share of the bytes, which its last message may exceed.
    assert 3 <= most <= 8192 * 1024 // size + 3 + 1
    assert scene.committed() == scene.ends()


@STYLES
def test_one_handler_that_hangs_is_seen_among_others_that_do_not(
    cluster: AnyCluster, style: Style
) -> None:
    scene = Scene.of(cluster)
    scene.send(200)
    handled = Handled()

    def handle(message: EventMessage) -> float:
        handled(message)
        return 2.0 if message.value.timestamp == 5 else 0.001

    with concurrent_member(scene, style, handle) as member:
        eventually(lambda: len(handled) > 100)
        health = member.consumer.health(handler_limit=30.0)
        assert health.alive, health.reasons
        eventually(lambda: not member.consumer.health(handler_limit=0.5).alive)
        (reason,) = member.consumer.health(handler_limit=0.5).reasons
        assert "in flight" in reason
        assert member.consumer.counters().in_flight >= 1


class Contexts(Observer):
    """Counts contexts of handling that are open in other places than they were entered."""

    def __init__(self) -> None:
        self.entered: list[int] = []

    def handling(self, messages: Sequence[Any], group: str) -> AbstractContextManager[object]:
        (message,) = messages
        self.entered.append(message.offset)
        assert current_message.get() is message
        return nullcontext()


@STYLES
def test_each_handler_has_its_own_current_message(cluster: AnyCluster, style: Style) -> None:
    scene = Scene.of(cluster)
    scene.send(200)
    handled, observer = Handled(), Contexts()
    others: list[tuple[int, Any]] = []

    def note(message: EventMessage) -> None:
        current: Any = current_message.get()
        if current is not message:
            others.append((message.offset, current))

    if style == "sync":
        consumer = scene.consumer(observer=observer)

        def handle(message: EventMessage) -> None:
            note(message)
            sleep(0.002)
            note(message)
            handled(message)

        with consumer:

            def stop() -> None:
                eventually(lambda: len(handled) == 200)
                consumer.stop()

            stopper = threading.Thread(target=stop)
            stopper.start()
            consumer.run(handle, concurrency=8)
            stopper.join()
    else:
        other: Any = async_consumer_of(scene.topic)(
            scene.config(), group_id=scene.group, observer=observer
        )

        async def handle_async(message: EventMessage) -> None:
            note(message)
            await asyncio.sleep(0.002)
            note(message)
            handled(message)
            if len(handled) == 200:
                other.stop()

        async def main() -> None:
            async with other:
                await other.run(handle_async, concurrency=8)

        asyncio.run(main())
    assert others == []
    assert sorted(observer.entered) == list(range(200))
    assert current_message.get() is None


class Fatal(BaseException):
    """No Exception, as of a library that ends the process."""


@STYLES
@pytest.mark.parametrize("kind", [Fatal, SystemExit, MemoryError, GeneratorExit])
def test_no_exception_of_a_handler_gets_lost(
    cluster: AnyCluster, style: Style, kind: type[BaseException]
) -> None:
    scene = Scene.of(cluster)
    scene.send(50)
    handled = Handled()

    def handle(message: EventMessage) -> float:
        if message.value.timestamp == 20:
            raise kind("of the handler")
        handled(message)
        return 0.001

    expected = ConsumeError if issubclass(kind, Exception) else kind
    with (
        pytest.raises(expected, match="of the handler"),
        concurrent_member(scene, style, handle) as member,
    ):
        eventually(lambda: not member.is_running)
    assert 20 not in handled.numbers
    found = scene.committed()
    assert found == {} or found[0] <= 20
