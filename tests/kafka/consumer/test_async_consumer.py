"""Consumers for asyncio: the same promises, on a loop."""

from __future__ import annotations

import asyncio
import os
import signal
import threading
from collections import Counter
from collections.abc import Awaitable, Callable
from time import monotonic
from typing import Any

import pytest

from avrogen import ClosedError, ConsumeError, Retry, RetryPolicy
from avrogen.kafka.consumer.async_consumer import AsyncTopicConsumer
from avrogen.kafka.observability.context import current_message
from tests.kafka.consumer.test_rebalance import KIP_848
from tests.support.clients import async_consumer_of
from tests.support.clusters import AnyCluster
from tests.support.scenes import SECONDS, EventMessage, Handled, Member, Scene

QUICK = RetryPolicy(attempts=3, initial=0.01, jitter=0.0)

Handle = Callable[[EventMessage], Awaitable[object]]


def member_of(
    scene: Scene, settings: dict[str, object] | None = None, **options: Any
) -> AsyncTopicConsumer[str, Any]:
    """A member of the scene's group."""
    options.setdefault("group_id", scene.group)
    return async_consumer_of(scene.topic)(scene.config(settings), **options)


async def eventually(what: Callable[[], bool]) -> None:
    """Wait until something comes true, and let the loop go on."""
    deadline = monotonic() + SECONDS
    while not what():
        assert monotonic() < deadline, "it did not come true in time"
        await asyncio.sleep(0.01)


async def run_until(
    consumer: AsyncTopicConsumer[str, Any], handle: Handle, done: Callable[[], bool]
) -> None:
    """Have an open consumer run until something is true."""
    async with asyncio.timeout(SECONDS):
        async with asyncio.TaskGroup() as group:
            group.create_task(consumer.run(handle))
            await eventually(done)
            consumer.stop()


def asynchronous(handled: Handled, pause: float = 0.0) -> Handle:
    """A handler that lets others go on before it is done."""

    async def handle(message: EventMessage) -> None:
        await asyncio.sleep(pause)
        handled(message)

    return handle


# --- handling -------------------------------------------------------------------------------------


def test_everything_is_handled_once_and_committed(cluster: AnyCluster) -> None:
    scene = Scene.of(cluster, partitions=3)
    numbers = scene.send(500)
    handled = Handled()

    async def main() -> None:
        async with member_of(scene) as consumer:
            await run_until(consumer, asynchronous(handled), lambda: len(handled) == 500)
            assert consumer.assignment() == (0, 1, 2)
            assert sum((await consumer.lag()).values()) == 0

    asyncio.run(main())
    handled.assert_each_once(numbers)
    assert scene.committed() == scene.ends()


def test_partitions_are_handled_at_the_same_time_and_each_in_order(cluster: AnyCluster) -> None:
    scene = Scene.of(cluster, partitions=3)
    for partition in range(3):
        scene.send(20, partition=partition)
    in_hand: Counter[int] = Counter()
    most = 0
    handled = Handled()

    async def handle(message: EventMessage) -> None:
        nonlocal most
        in_hand[message.partition] += 1
        assert in_hand[message.partition] == 1, "one at a time of each partition"
        most = max(most, in_hand.total())
        await asyncio.sleep(0.01)
        assert current_message.get() is message, "each task has its own message in hand"
        in_hand[message.partition] -= 1
        handled(message)

    async def main() -> None:
        async with member_of(scene) as consumer:
            await run_until(consumer, handle, lambda: len(handled) == 60)

    asyncio.run(main())
    handled.assert_each_once(range(60))
    assert most == 3


def test_iteration(cluster: AnyCluster) -> None:
    scene = Scene.of(cluster, partitions=2)
    numbers = scene.send(200)
    handled = Handled()

    async def main() -> None:
        async with member_of(scene) as consumer, asyncio.timeout(SECONDS):
            async for message in consumer:
                handled(message)
                await asyncio.sleep(0)
                if len(handled) == 200:
                    consumer.stop()

    asyncio.run(main())
    handled.assert_each_once(numbers)
    assert scene.committed() == scene.ends()


def test_a_message_whose_loop_was_left_comes_again(cluster: AnyCluster) -> None:
    scene = Scene.of(cluster)
    scene.send(5)

    async def main() -> None:
        async with member_of(scene) as consumer:
            async for message in consumer:
                if message.offset == 2:
                    break
            async for message in consumer:
                assert message.offset == 2
                break

    asyncio.run(main())
    assert scene.committed() == {0: 2}


def test_batches(cluster: AnyCluster) -> None:
    scene = Scene.of(cluster, partitions=2, dead_letters=2)
    scene.produce(b"junk")
    numbers = scene.send(100)
    handled = Handled()
    sizes: list[int] = []

    async def main() -> None:
        async with member_of(scene, retry=QUICK) as consumer:

            async def handle(messages: list[EventMessage]) -> None:
                sizes.append(len(messages))
                await asyncio.sleep(0)
                if any(message.value.timestamp == 50 for message in messages):
                    raise ValueError("negative price")
                for message in messages:
                    handled(message)
                if len(handled) == 99:
                    consumer.stop()

            async with asyncio.timeout(SECONDS):
                await consumer.run_batches(handle, max_records=30, max_wait=0.3)

    asyncio.run(main())
    handled.assert_each_once(set(numbers) - {50})
    assert max(sizes) == 30
    assert len(scene.letters()) == 2
    assert scene.committed() == scene.ends()


# --- failures -------------------------------------------------------------------------------------


def test_retries_and_dead_letters(cluster: AnyCluster) -> None:
    scene = Scene.of(cluster, partitions=2, dead_letters=2)
    numbers = scene.send(60)
    scene.produce(b"junk")
    handled = Handled()
    calls: Counter[int] = Counter()

    async def handle(message: EventMessage) -> None:
        number = message.value.timestamp
        calls[number] += 1
        await asyncio.sleep(0)
        if number == 7 and calls[number] < 3:
            raise Retry("later")
        if number == 31:
            raise ValueError("negative price")
        handled(message)

    async def main() -> None:
        async with member_of(scene, retry=QUICK) as consumer:
            await run_until(consumer, handle, lambda: consumer.counters().consumed == 61)
            counters = consumer.counters()
            assert (counters.retried, counters.dead_lettered) == (2, 2)

    asyncio.run(main())
    handled.assert_each_once(set(numbers) - {31})
    assert calls[7] == 3
    assert len(scene.letters()) == 2
    assert scene.committed() == scene.ends()


def test_it_stops_at_what_it_must_not_pass_over(cluster: AnyCluster) -> None:
    scene = Scene.of(cluster, partitions=2)
    for partition in (0, 1):
        scene.send(10, partition=partition)
    handled = Handled()
    stuck = asyncio.Event()

    async def handle(message: EventMessage) -> None:
        if message.value.timestamp == 4:
            await stuck.wait()
            raise ValueError("negative price")
        if message.value.timestamp == 13:
            stuck.set()
            await asyncio.sleep(0.2)  # in hand when the other one fails, and finished
        handled(message)

    async def main() -> None:
        async with member_of(scene) as consumer, asyncio.timeout(SECONDS):
            await consumer.run(handle)

    with pytest.raises(ConsumeError, match="negative price") as caught:
        asyncio.run(main())
    assert (caught.value.partition, caught.value.offset) == (0, 4)
    assert sorted(handled.numbers) == [0, 1, 2, 3, 10, 11, 12, 13]
    assert scene.committed() == {0: 4, 1: 4}


def test_iteration_stops_there_too(cluster: AnyCluster) -> None:
    scene = Scene.of(cluster)
    scene.send(2)
    scene.produce(b"junk")

    async def main() -> list[int]:
        offsets: list[int] = []
        async with member_of(scene) as consumer, asyncio.timeout(SECONDS):
            with pytest.raises(ConsumeError, match="cannot be read"):
                async for message in consumer:
                    offsets.append(message.offset)
        return offsets

    assert asyncio.run(main()) == [0, 1]
    assert scene.committed() == {0: 2}


# --- cancellation ---------------------------------------------------------------------------------


def test_what_is_cancelled_was_not_handled(cluster: AnyCluster) -> None:
    """A handler that is cancelled in the middle leaves no offset, and nothing is lost."""
    scene = Scene.of(cluster, partitions=2)
    numbers = scene.send(100)
    handled = Handled()

    async def handle_some(number: int) -> None:
        enough = min(len(handled) + number, 100)
        async with member_of(scene) as consumer:
            task = asyncio.create_task(consumer.run(asynchronous(handled, 0.005)))
            await eventually(lambda: len(handled) >= enough)
            task.cancel()
            with pytest.raises(asyncio.CancelledError):
                await task
            count = len(handled)
            await asyncio.sleep(0.05)
            assert len(handled) == count, "nothing goes on behind the back of who cancelled"

    async def main() -> None:
        for _ in range(8):
            await handle_some(7)
        async with member_of(scene) as consumer:
            await run_until(consumer, asynchronous(handled), lambda: len(handled) == 100)

    asyncio.run(main())
    handled.assert_each_once(numbers)
    assert scene.committed() == scene.ends()


def test_whoever_gives_up_waiting_can_ask_again(cluster: AnyCluster) -> None:
    scene = Scene.of(cluster)
    handled = Handled()

    async def main() -> None:
        async with member_of(scene) as consumer:
            messages = aiter(consumer)
            given_up = 0
            sent = False
            while len(handled) < 50:
                try:
                    async with asyncio.timeout(0.02):
                        message = await anext(messages)
                except TimeoutError:
                    given_up += 1
                    if not sent and given_up > 5:
                        sent = True
                        await asyncio.to_thread(scene.send, 50)
                    continue
                handled(message)
            consumer.stop()
            assert await anext(messages, None) is None
            assert given_up > 5

    asyncio.run(main())
    handled.assert_each_once(range(50))
    assert scene.committed() == {0: 50}


def test_one_task_at_a_time(cluster: AnyCluster) -> None:
    scene = Scene.of(cluster)

    async def main() -> None:
        async with member_of(scene) as consumer:
            messages = aiter(consumer)
            waiting = asyncio.create_task(anext(messages))
            await asyncio.sleep(0)
            with pytest.raises(RuntimeError, match="waits for the next message already"):
                await anext(messages)
            waiting.cancel()
            running = asyncio.create_task(consumer.run(asynchronous(Handled())))
            await asyncio.sleep(0)
            with pytest.raises(RuntimeError, match="handles messages already"):
                await consumer.run(asynchronous(Handled()))
            with pytest.raises(RuntimeError, match="handles messages already"):
                aiter(consumer)
            consumer.stop()
            await running

    asyncio.run(main())


def test_an_abandoned_iteration_keeps_no_messages(cluster: AnyCluster) -> None:
    """A task that still waits for the next message does not withhold those of ``run``."""
    scene = Scene.of(cluster)
    scene.send(1)
    handled = Handled()

    async def main() -> None:
        async with member_of(scene) as consumer, asyncio.timeout(SECONDS):
            messages = aiter(consumer)
            handled(await anext(messages))
            waiting = asyncio.create_task(anext(messages))
            await asyncio.sleep(0.1)
            async with asyncio.TaskGroup() as group:
                group.create_task(
                    run_until(consumer, asynchronous(handled), lambda: len(handled) == 21)
                )
                await asyncio.sleep(0.1)
                await asyncio.to_thread(scene.send, 20)
            with pytest.raises(StopAsyncIteration):
                await waiting

    asyncio.run(main())
    handled.assert_each_once(range(21))
    assert scene.committed() == {0: 21}


# --- stopping -------------------------------------------------------------------------------------


def test_signals_end_it_in_order(cluster: AnyCluster) -> None:
    scene = Scene.of(cluster)
    scene.send(10)
    handled = Handled()
    before = {number: signal.getsignal(number) for number in (signal.SIGTERM, signal.SIGINT)}

    async def handle(message: EventMessage) -> None:
        if message.offset == 3:
            os.kill(os.getpid(), signal.SIGTERM)
            await asyncio.sleep(0.2)
        handled(message)

    async def main() -> None:
        async with member_of(scene) as consumer, asyncio.timeout(SECONDS):
            during = signal.getsignal(signal.SIGINT)
            await consumer.run(handle)
            assert signal.getsignal(signal.SIGINT) is during, "that of asyncio.run is put back"

    asyncio.run(main())
    assert handled.numbers == [0, 1, 2, 3]
    assert scene.committed() == {0: 4}
    assert {number: signal.getsignal(number) for number in before} == before


def test_handlers_that_take_longer_than_the_grace_are_cancelled(cluster: AnyCluster) -> None:
    scene = Scene.of(cluster)
    scene.send(3)
    reached = asyncio.Event()
    cancelled: list[int] = []

    async def handle(message: EventMessage) -> None:
        if message.offset == 1:
            reached.set()
            try:
                await asyncio.sleep(SECONDS)
            except asyncio.CancelledError:
                cancelled.append(message.offset)
                raise

    async def main() -> None:
        async with member_of(scene, grace=0.2) as consumer:
            running = asyncio.create_task(consumer.run(handle))
            await reached.wait()
            consumer.stop()
            await running

    asyncio.run(main())
    assert cancelled == [1]
    assert scene.committed() == {0: 1}


def test_what_is_in_hand_is_finished_before_it_is_given_up(cluster: AnyCluster) -> None:
    scene = Scene.of(cluster, partitions=2)
    for partition in (0, 1):
        scene.send(20, partition=partition)
    handled = Handled()
    opened = threading.Event()

    async def handle(message: EventMessage) -> None:
        if message.offset == 5:
            await eventually(opened.is_set)
        handled(message)

    async def main() -> None:
        async with member_of(scene, KIP_848) as consumer:
            running = asyncio.create_task(consumer.run(handle))
            await eventually(lambda: len(handled) == 10)
            with Member(scene.consumer(KIP_848), handled) as second:
                await eventually(lambda: len(consumer.assignment()) == 1)
                assert not second.has(0) and not second.has(1), "it waits for the message"
                opened.set()
                await eventually(lambda: second.has(0) or second.has(1))
                await eventually(lambda: len(handled) == 40)
                consumer.stop()
                await running

    asyncio.run(main())
    handled.assert_each_once(range(40))
    assert scene.committed() == scene.ends()


# --- partitions and offsets -----------------------------------------------------------------------


def test_seeking_pausing_and_commits_by_hand(cluster: AnyCluster) -> None:
    scene = Scene.of(cluster, partitions=2)
    for partition in (0, 1):
        scene.send(20, partition=partition)

    async def main() -> None:
        async with member_of(scene, commit="manual") as consumer, asyncio.timeout(SECONDS):
            await consumer.seek("end", 1)
            await consumer.seek(15, 0)
            offsets: list[int] = []
            async for message in consumer:
                offsets.append(message.offset)
                if message.offset == 17:
                    await consumer.commit()
                    assert await asyncio.to_thread(scene.committed) == {0: 17}
                    await consumer.commit(message)
                    consumer.pause(0)
                    break
            assert offsets == [15, 16, 17]
            with pytest.raises(TimeoutError):
                async with asyncio.timeout(0.3):
                    await anext(aiter(consumer))
            consumer.resume(0)
            assert (await anext(aiter(consumer))).offset == 17

    asyncio.run(main())
    assert scene.committed() == {0: 18}


def test_a_consumer_is_used_inside_of_with(cluster: AnyCluster) -> None:
    scene = Scene.of(cluster)

    async def main() -> None:
        consumer = member_of(scene)
        with pytest.raises(ClosedError, match="with"):
            await consumer.run(asynchronous(Handled()))
        with pytest.raises(ClosedError, match="with"):
            aiter(consumer)
        async with consumer:
            pass
        with pytest.raises(ClosedError):
            await consumer.commit()

    asyncio.run(main())
