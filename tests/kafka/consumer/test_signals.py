"""Signals: consumers take them together, beside whoever else does, and give them back."""

from __future__ import annotations

import asyncio
import os
import signal
from collections.abc import Callable, Iterator
from functools import partial
from time import monotonic
from typing import Any

import pytest

from avrogen.kafka.consumer.async_consumer import AsyncTopicConsumer
from tests.conftest import ROOT, run_python
from tests.support.clients import async_consumer_of
from tests.support.clusters import embedded_cluster
from tests.support.scenes import SECONDS, EventMessage, Handled, Scene

pytestmark = pytest.mark.skipif(not hasattr(os, "fork"), reason="signals of POSIX")

NUMBERS = (signal.SIGTERM, signal.SIGINT)


@pytest.fixture
def scene(avrogen_broker: Any, avrogen_registry: Any) -> Scene:
    return Scene.of(embedded_cluster(avrogen_broker, avrogen_registry.url))


@pytest.fixture
def before() -> Iterator[dict[int, Any]]:
    """The handlers, which are put back at the end."""
    handlers: dict[int, Any] = {number: signal.getsignal(number) for number in NUMBERS}
    yield handlers
    for number, handler in handlers.items():
        signal.signal(number, handler)


def current() -> dict[int, Any]:
    return {number: signal.getsignal(number) for number in NUMBERS}


def consumer_of(scene: Scene, group: str, **options: Any) -> AsyncTopicConsumer[str, Any]:
    return async_consumer_of(scene.topic)(scene.config(), group_id=group, **options)


def call(handler: Callable[[int, Any], None], number: int, frame: Any) -> None:
    handler(number, frame)


async def ignore(_: EventMessage) -> None:
    """Handle nothing."""


async def until(what: Callable[[], bool]) -> None:
    deadline = monotonic() + SECONDS
    while not what():
        assert monotonic() < deadline
        await asyncio.sleep(0.01)


@pytest.mark.parametrize("number", NUMBERS, ids=lambda n: n.name)
def test_one_signal_stops_all(scene: Scene, before: dict[int, Any], number: int) -> None:
    """Also one that is being opened, or waits to be run."""

    async def main() -> None:
        inside = current()
        async with (
            asyncio.timeout(SECONDS),
            consumer_of(scene, "a") as a,
            consumer_of(scene, "b") as b,
            consumer_of(scene, "c") as c,
        ):
            running = [asyncio.create_task(each.run(ignore)) for each in (a, b)]
            await until(lambda: a.assignment() == b.assignment() == (0,))
            opening = asyncio.create_task(consumer_of(scene, "d").__aenter__())
            await asyncio.sleep(0)
            os.kill(os.getpid(), number)
            await asyncio.gather(*running)
            assert current() == inside, "a second signal acts as without a consumer"
            await c.run(ignore)
            d = await opening
            await d.run(ignore)
            await d.__aexit__(None, None, None)
        assert current() == inside
        async with consumer_of(scene, "e") as late:
            task = asyncio.create_task(late.run(ignore))
            await until(lambda: late.assignment() == (0,))
            assert not task.done(), "the signal is past"
            late.stop()
            await task

    asyncio.run(main())
    assert current() == before


@pytest.mark.parametrize("order", [[0, 1], [1, 0]])
def test_handlers_come_back_in_any_order(
    scene: Scene, before: dict[int, Any], order: list[int]
) -> None:
    async def main() -> None:
        inside = current()
        async with (
            asyncio.timeout(SECONDS),
            consumer_of(scene, "a") as a,
            consumer_of(scene, "b") as b,
        ):
            consumers = [a, b]
            tasks = [asyncio.create_task(each.run(ignore)) for each in consumers]
            await until(lambda: a.assignment() == b.assignment() == (0,))
            assert current() != inside
            for number in order:
                consumers[number].stop()
                await tasks[number]
            assert current() == inside

    asyncio.run(main())
    assert current() == before


@pytest.mark.parametrize("how", ["signal.signal", "add_signal_handler"])
def test_a_handler_of_the_program_is_called_and_stays(
    scene: Scene, before: dict[int, Any], how: str
) -> None:
    calls: list[int] = []

    async def main() -> None:
        loop = asyncio.get_running_loop()
        if how == "signal.signal":
            signal.signal(signal.SIGTERM, lambda number, _: calls.append(number))
        else:
            loop.add_signal_handler(signal.SIGTERM, calls.append, signal.SIGTERM)
        its = current()
        async with asyncio.timeout(SECONDS), consumer_of(scene, "a") as a:
            task = asyncio.create_task(a.run(ignore))
            await until(lambda: a.assignment() == (0,))
            a.stop()  # without any signal
            await task
            assert current() == its
        os.kill(os.getpid(), signal.SIGTERM)
        await until(lambda: len(calls) == 1)
        async with (
            asyncio.timeout(SECONDS),
            consumer_of(scene, "a") as a,
            consumer_of(scene, "b") as b,
        ):
            tasks = [asyncio.create_task(each.run(ignore)) for each in (a, b)]
            await until(lambda: a.assignment() == b.assignment() == (0,))
            if how == "add_signal_handler":
                assert current()[signal.SIGTERM] == its[signal.SIGTERM], "nothing is taken"
            os.kill(os.getpid(), signal.SIGTERM)
            await asyncio.gather(*tasks)
            await until(lambda: len(calls) == 2)
            os.kill(os.getpid(), signal.SIGTERM)
            await until(lambda: len(calls) == 3)

    asyncio.run(main())


def test_without_signals_none_are_taken(scene: Scene, before: dict[int, Any]) -> None:
    calls: list[int] = []
    signal.signal(signal.SIGTERM, lambda number, _: calls.append(number))
    its = current()

    async def main() -> None:
        async with (
            asyncio.timeout(SECONDS),
            consumer_of(scene, "a", signals=False) as a,
            consumer_of(scene, "b") as b,
        ):
            task = asyncio.create_task(a.run(ignore))
            await until(lambda: a.assignment() == (0,))
            assert current()[signal.SIGTERM] == its[signal.SIGTERM]
            os.kill(os.getpid(), signal.SIGTERM)
            await until(lambda: bool(calls))
            other = asyncio.create_task(b.run(ignore))
            await until(lambda: b.assignment() == (0,))
            os.kill(os.getpid(), signal.SIGTERM)
            await other
            await asyncio.sleep(0.3)
            assert not task.done(), "signals of others do not stop it"
            a.stop()
            await task

    asyncio.run(main())
    assert current() == its


def test_a_handler_that_leads_to_that_of_a_consumer(scene: Scene, before: dict[int, Any]) -> None:
    """One that was installed meanwhile calls the former one, and puts it back too late."""
    scene.send(3)
    handled = Handled()
    installed: list[Any] = []

    def handle(message: EventMessage) -> None:
        if message.offset == 1:
            former: Any = signal.getsignal(signal.SIGTERM)
            installed.append(former)
            signal.signal(signal.SIGTERM, partial(call, former))
            signal.raise_signal(signal.SIGTERM)
        handled(message)

    calls: list[int] = []
    signal.signal(signal.SIGTERM, lambda number, _: calls.append(number))
    with scene.consumer() as consumer:
        consumer.run(handle)
    assert handled.numbers == [0, 1]
    assert calls == [signal.SIGTERM]
    signal.signal(signal.SIGTERM, installed[0])
    signal.raise_signal(signal.SIGTERM)
    assert calls == [signal.SIGTERM] * 2, "without a consumer, it acts as the former one"


PROGRAM = """
import os, signal, sys, threading, time
from avrogen.testing import EmbeddedKafka
from generated_example.topics import ORDERS, OrdersConsumer

ready = threading.Event()

def consume(config):
    with OrdersConsumer(config, group_id="g") as orders:
        runs = threading.Thread(target=lambda: (time.sleep(0.5), ready.set()))
        runs.start()
        orders.run(lambda message: None)
    print("left", flush=True)

with EmbeddedKafka() as kafka:
    kafka.create(ORDERS)
"""
"""A program with a consumer, whose last lines follow."""


def test_a_program_that_does_not_end_by_itself_is_ended() -> None:
    """It has a consumer in a thread and no handler, so that the signal would end it at once."""
    run = run_python(
        "-c",
        PROGRAM + """
    threading.Thread(target=consume, args=(kafka.config,), daemon=True).start()
    ready.wait(60)
    os.kill(os.getpid(), signal.SIGTERM)
    time.sleep(60)
""",
        cwd=ROOT,
    )
    assert run.stdout == "left\n", run.stderr
    assert run.returncode == -signal.SIGTERM


@pytest.mark.parametrize("where", ["main", "thread"])
def test_a_forked_process_has_its_signals_for_itself(where: str) -> None:
    """A consumer of the parent neither keeps a child alive, nor stops when the child is ended."""
    run = run_python(
        "-c",
        PROGRAM + """
    def fork(number):
        ready.wait(60)
        child = os.fork()
        if child == 0:
            time.sleep(60)
            os._exit(0)
        time.sleep(0.2)
        os.kill(child, number)
        print(os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]), flush=True)
        ready.clear()

    if sys.argv[1] == "main":
        forking = threading.Thread(target=lambda: (
            fork(signal.SIGTERM), time.sleep(1), print("stopping", flush=True),
            os.kill(os.getpid(), signal.SIGINT)))
        forking.start()
        consume(kafka.config)
    else:
        consuming = threading.Thread(target=consume, args=(kafka.config,))
        consuming.start()
        fork(signal.SIGTERM)
        time.sleep(1)
        print("stopping", flush=True)
        os.kill(os.getpid(), signal.SIGTERM)
        consuming.join()
""",
        where,
        cwd=ROOT,
    )
    assert run.stdout.split() == [str(-signal.SIGTERM), "stopping", "left"], run.stderr
    assert run.returncode == 0
