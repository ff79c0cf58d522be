"""Several consumers in one service: all start, and all end together."""

from __future__ import annotations

import asyncio
import os
import signal
import threading
from collections.abc import Callable
from time import monotonic, sleep
from typing import Any

import pytest

from avrogen import ConfigurationError, ConsumeError
from avrogen.kafka import run_all
from avrogen.kafka.consumer.service import AsyncConsumerRun
from avrogen.testing.broker import EmbeddedBroker
from avrogen.testing.registry import EmbeddedRegistry
from tests.support.clients import async_consumer_of, consumer_of
from tests.support.clusters import embedded_cluster
from tests.support.scenes import SECONDS, EventMessage, Handled, Scene


@pytest.fixture
def scenes(avrogen_broker: EmbeddedBroker, avrogen_registry: EmbeddedRegistry) -> list[Scene]:
    """Two topics with ten events each."""
    cluster = embedded_cluster(avrogen_broker, avrogen_registry.url)
    scenes = [Scene.of(cluster), Scene.of(cluster)]
    for scene in scenes:
        scene.send(10)
    return scenes


def consumers(scenes: list[Scene], **options: Any) -> list[Any]:
    return [consumer_of(s.topic)(s.config(), group_id=s.group, **options) for s in scenes]


def async_consumers(scenes: list[Scene], **options: Any) -> list[Any]:
    return [async_consumer_of(s.topic)(s.config(), group_id=s.group, **options) for s in scenes]


def awaiting(handle: Callable[[Any], object]) -> Any:
    async def handler(given: Any) -> None:
        await asyncio.sleep(0)
        handle(given)

    return handler


class StopAfter:
    """Calls a function when all of two topics is handled."""

    def __init__(self, function: Callable[[], object]) -> None:
        self.handled = [Handled(), Handled()]
        self._function = function
        self._lock = threading.Lock()
        self._done = False

    def handler(self, index: int) -> Callable[[EventMessage], None]:
        def handle(message: EventMessage) -> None:
            self.handled[index](message)
            with self._lock:
                if not self._done and all(len(handled) == 10 for handled in self.handled):
                    self._done = True
                    self._function()

        return handle

    def assert_all(self, scenes: list[Scene]) -> None:
        for handled, scene in zip(self.handled, scenes, strict=True):
            handled.assert_each_once(range(10))
            assert scene.committed() == {0: 10}


@pytest.mark.parametrize("opened", [False, True], ids=["opened by it", "open"])
def test_one_signal_ends_all(scenes: list[Scene], opened: bool) -> None:
    before = signal.getsignal(signal.SIGTERM)
    work = StopAfter(lambda: os.kill(os.getpid(), signal.SIGTERM))
    first, second = consumers(scenes)
    if opened:
        with first:
            run_all(first.handling(work.handler(0)), second.handling(work.handler(1)))
            assert first.is_open
    else:
        run_all(first.handling(work.handler(0)), second.handling(work.handler(1)))
    assert not first.is_open
    assert not second.is_open
    work.assert_all(scenes)
    assert signal.getsignal(signal.SIGTERM) is before


def test_one_signal_ends_all_of_asyncio(scenes: list[Scene]) -> None:
    before = signal.getsignal(signal.SIGTERM)
    work = StopAfter(lambda: os.kill(os.getpid(), signal.SIGTERM))
    first, second = async_consumers(scenes)

    async def main() -> None:
        async with asyncio.timeout(SECONDS), first:
            handlers = [awaiting(work.handler(number)) for number in (0, 1)]
            await run_all(first.handling(handlers[0]), second.handling(handlers[1]))
            assert first.is_open
            assert not second.is_open

    asyncio.run(main())
    work.assert_all(scenes)
    assert signal.getsignal(signal.SIGTERM) is before


def test_one_that_fails_stops_the_others(scenes: list[Scene]) -> None:
    """What they have in hand is finished."""
    in_hand, handled = threading.Event(), Handled()

    def slow(message: EventMessage) -> None:
        in_hand.set()
        sleep(0.5)
        handled(message)

    def fail(_: EventMessage) -> None:
        assert in_hand.wait(SECONDS)
        raise ValueError("cannot")

    first, second = consumers(scenes, on_poison="stop")
    with pytest.raises(ConsumeError, match="cannot") as caught:
        run_all(first.handling(slow), second.handling(fail))
    assert caught.value.topic == scenes[1].topic.name
    assert scenes[0].committed() == {0: len(handled)}
    assert 1 <= len(handled) < 10


def test_one_that_fails_stops_the_others_of_asyncio(scenes: list[Scene]) -> None:
    handled = Handled()

    async def main() -> None:
        in_hand = asyncio.Event()

        async def slow(message: EventMessage) -> None:
            in_hand.set()
            await asyncio.sleep(0.5)
            handled(message)

        async def fail(_: EventMessage) -> None:
            await in_hand.wait()
            raise ValueError("cannot")

        first, second = async_consumers(scenes, on_poison="stop")
        async with asyncio.timeout(SECONDS):
            with pytest.raises(ConsumeError, match="cannot"):
                await run_all(first.handling(slow), second.handling(fail))

    asyncio.run(main())
    assert scenes[0].committed() == {0: len(handled)}
    assert 1 <= len(handled) < 10


def test_several_failures_are_one_error_with_notes(scenes: list[Scene]) -> None:
    both = threading.Barrier(2, timeout=SECONDS)

    def fail(_: EventMessage) -> None:
        both.wait()
        raise ValueError("cannot")

    with pytest.raises(ConsumeError) as caught:
        run_all(*(each.handling(fail) for each in consumers(scenes, on_poison="stop")))
    [note] = caught.value.__notes__
    assert "failed as well: ConsumeError: " in note


def test_one_that_cannot_be_opened_closes_the_others(scenes: list[Scene]) -> None:
    first, second = consumers(scenes)
    second._session._config.client["security.protocol"] = "nonsense"
    with pytest.raises(ConfigurationError, match=r"security\.protocol"):
        run_all(first.handling(print), second.handling(print))
    assert not first.is_open


def test_batches_and_a_consumer_that_is_stopped_alone(scenes: list[Scene]) -> None:
    """The others go on."""
    first, second = consumers(scenes)
    handled, batches = Handled(), Handled()
    stopped = threading.Event()

    def handle(message: EventMessage) -> None:
        handled(message)
        if message.offset == 9:
            first.stop()
            stopped.set()

    def handle_batch(messages: list[EventMessage]) -> None:
        assert stopped.wait(SECONDS)
        assert len(messages) <= 5
        for message in messages:
            batches(message)
        if messages[-1].offset == 9:
            second.stop()

    run_all(first.handling(handle), second.handling_batches(handle_batch, max_records=5))
    handled.assert_each_once(range(10))
    batches.assert_each_once(range(10))


def test_a_cancellation_ends_all(scenes: list[Scene]) -> None:
    cancelled: list[int] = []

    async def main() -> None:
        reached = asyncio.Event()

        async def hang(message: EventMessage) -> None:
            reached.set()
            try:
                await asyncio.sleep(SECONDS)
            except asyncio.CancelledError:
                cancelled.append(message.offset)
                raise

        first, second = async_consumers(scenes)
        runs: list[AsyncConsumerRun] = [first.handling(hang), second.handling(hang)]
        running = asyncio.create_task(run_all(*runs))
        await reached.wait()
        running.cancel()
        with pytest.raises(asyncio.CancelledError):
            await running
        assert not first.is_open
        assert not second.is_open

    started = monotonic()
    asyncio.run(main())
    assert cancelled
    assert monotonic() - started < SECONDS / 2


def test_arguments_are_checked(scenes: list[Scene]) -> None:
    [first, _], [other, _] = consumers(scenes), async_consumers(scenes)
    with pytest.raises(ValueError, match="at least one consumer"):
        run_all()
    wrong: list[Any] = [first.handling(print), other.handling(awaiting(print))]
    with pytest.raises(TypeError, match="got AsyncConsumerRun, ConsumerRun"):
        run_all(*wrong)
    with pytest.raises(TypeError, match="got Consumer"):
        run_all(first)


def test_handlers_that_would_not_run_are_refused_at_once(scenes: list[Scene]) -> None:
    async def asynchronous(message: EventMessage) -> None:
        await asyncio.sleep(0)

    def plain(message: EventMessage) -> None: ...

    orders, of_asyncio = consumers(scenes)[0], async_consumers(scenes)[0]
    with pytest.raises(TypeError):
        orders.handling(asynchronous)
    with pytest.raises(TypeError):
        of_asyncio.handling(plain)
