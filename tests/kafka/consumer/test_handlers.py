"""Kinds of handlers: no message counts as handled whose handler never ran, or has not finished."""

# ruff: noqa: PLW0108 -- lambdas, as they do not show what they return

from __future__ import annotations

import asyncio
import functools
import os
import subprocess
import sys
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from pathlib import Path
from typing import Any
from unittest.mock import AsyncMock

import pytest

from avrogen import ConsumeError
from avrogen.kafka.consumer.async_consumer import AsyncTopicConsumer
from avrogen.testing import handling
from generated_example.topics import AsyncOrdersConsumer, OrdersConsumer
from tests.conftest import ROOT
from tests.kafka.consumer.test_async_consumer import eventually, member_of
from tests.support.clusters import AnyCluster
from tests.support.events import cancelled
from tests.support.scenes import SECONDS, Handled, Scene

Handler = Callable[[Any], Any]

done: list[object] = []


@pytest.fixture(autouse=True)
def nothing_done() -> None:
    done.clear()


# --- handlers -------------------------------------------------------------------------------------


async def coroutine_function(message: object) -> None:
    done.append(message)


async def of_two(extra: object, message: object) -> None:
    done.append((extra, message))


def generator_function(message: object) -> Iterator[None]:
    done.append(message)
    yield


async def async_generator_function(message: object) -> AsyncIterator[None]:
    done.append(message)
    yield


def plain_function(message: object) -> None:
    done.append(message)


def function_of_a_constant(message: object):  # type: ignore[no-untyped-def] # as users write
    with open(__file__, encoding="utf-8"):
        if message is None:
            return None
    done.append(message)
    return True


class WithMethods:
    async def coroutine_method(self, message: object) -> None:
        done.append(message)

    def method(self, message: object) -> None:
        done.append(message)


class AsyncCall:
    async def __call__(self, message: object) -> None:
        done.append(message)


class PlainCall:
    def __call__(self, message: object) -> None:
        done.append(message)


SEEN_FOR_THREADS: dict[str, object] = {
    "coroutine function": coroutine_function,
    "coroutine method": WithMethods().coroutine_method,
    "coroutine callable": AsyncCall(),
    "partial": functools.partial(of_two, 1),
    "partial of a partial": functools.partial(functools.partial(of_two), 1),
    "partial of a callable": functools.partial(AsyncCall()),
    "generator function": generator_function,
    "async generator function": async_generator_function,
    "nothing": None,
    "coroutine": "coroutine",
}
"""Handlers that a synchronous consumer would not run, which shows before they are called."""

LATE_FOR_THREADS: dict[str, Handler] = {
    "lambda": lambda message: coroutine_function(message),
    "generator": lambda message: generator_function(message),
    "async generator": lambda message: async_generator_function(message),
    "generator expression": lambda message: (repr(each) for each in [message]),
    "map": lambda message: map(done.append, [message]),
    "mock": AsyncMock(),
}
"""Handlers that do not show what they are before they are called."""

SEEN_FOR_ASYNCIO: dict[str, object] = {
    "plain function": plain_function,
    "method": WithMethods().method,
    "callable": PlainCall(),
    "partial": functools.partial(plain_function),
    "constant": function_of_a_constant,
    "builtin method": done.append,
    "generator function": generator_function,
    "async generator function": async_generator_function,
    "nothing": None,
}


async def not_awaited(message: object) -> Awaitable[None]:
    return coroutine_function(message)


async def background(message: object) -> object:
    return asyncio.create_task(asyncio.sleep(0))


LATE_FOR_ASYNCIO: dict[str, Handler] = {
    "lambda": lambda message: str(message),
    "coroutine in a coroutine": not_awaited,
    "task in a coroutine": background,
    "generator in a coroutine": lambda message: asyncio.sleep(0, generator_function(message)),
}


@functools.wraps(coroutine_function)
def wrapper(message: object) -> Awaitable[None]:
    return coroutine_function(message)


AWAITABLE: dict[str, Handler] = {
    "lambda": lambda message: coroutine_function(message),
    "callable": AsyncCall(),
    "partial": functools.partial(of_two, 1),
    "wrapper": wrapper,
    "mock": AsyncMock(side_effect=done.append),
    "task": lambda message: asyncio.create_task(coroutine_function(message)),
}


@pytest.mark.parametrize("kind", SEEN_FOR_THREADS)
@pytest.mark.parametrize("batches", [False, True])
def test_a_handler_that_threads_would_not_run_is_refused(kind: str, batches: bool) -> None:
    driver: Any = handling(OrdersConsumer)
    deliver = driver.deliver_batches if batches else driver.deliver
    with pytest.raises(TypeError, match="handler"):
        deliver(SEEN_FOR_THREADS[kind], cancelled(1))
    assert done == []


@pytest.mark.parametrize("kind", LATE_FOR_THREADS)
@pytest.mark.parametrize("batches", [False, True])
@pytest.mark.filterwarnings("error")
def test_unfinished_work_is_not_handled(kind: str, batches: bool) -> None:
    driver: Any = handling(OrdersConsumer)
    deliver = driver.deliver_batches if batches else driver.deliver
    outcome = deliver(LATE_FOR_THREADS[kind], cancelled(1), cancelled(2))
    assert outcome.handled == []
    assert outcome.dead_letters == []
    assert len(outcome.unhandled) == 2
    assert "whose work is not done" in str(outcome.stopped)
    assert isinstance(outcome.stopped.__cause__, TypeError)
    assert done == []


@pytest.mark.parametrize("kind", SEEN_FOR_ASYNCIO)
@pytest.mark.parametrize("batches", [False, True])
def test_a_handler_that_cannot_be_awaited_is_refused(kind: str, batches: bool) -> None:
    driver: Any = handling(AsyncOrdersConsumer)
    deliver = driver.deliver_batches if batches else driver.deliver
    with pytest.raises(TypeError, match="handler"):
        asyncio.run(deliver(SEEN_FOR_ASYNCIO[kind], cancelled(1)))
    assert done == []


@pytest.mark.parametrize("kind", LATE_FOR_ASYNCIO)
@pytest.mark.parametrize("batches", [False, True])
@pytest.mark.filterwarnings("error")
def test_unfinished_work_is_not_handled_with_asyncio(kind: str, batches: bool) -> None:
    driver: Any = handling(AsyncOrdersConsumer)
    deliver = driver.deliver_batches if batches else driver.deliver
    outcome = asyncio.run(deliver(LATE_FOR_ASYNCIO[kind], cancelled(1), cancelled(2)))
    assert outcome.handled == []
    assert outcome.dead_letters == []
    assert len(outcome.unhandled) == 2
    assert isinstance(outcome.stopped.__cause__, TypeError)
    assert done == []


@pytest.mark.parametrize("kind", AWAITABLE)
def test_functions_may_return_awaitables(kind: str) -> None:
    driver: Any = handling(AsyncOrdersConsumer)
    outcome = asyncio.run(driver.deliver(AWAITABLE[kind], cancelled(1), cancelled(2)))
    assert outcome.handled == [cancelled(1), cancelled(2)]
    assert len(done) == 2


@pytest.mark.parametrize("result", [None, 3, "text", [1], object(), iter([1]), Handled()])
def test_any_other_result_is_ignored(result: object) -> None:
    outcome = handling(OrdersConsumer).deliver(lambda _: result, cancelled(1))
    assert outcome.handled == [cancelled(1)]


# --- consumers ------------------------------------------------------------------------------------


def test_a_synchronous_consumer_refuses_and_stops(cluster: AnyCluster) -> None:
    scene = Scene.of(cluster, dead_letters=1)
    scene.send(3)
    with scene.consumer() as consumer:
        start: Any = consumer.run, consumer.run_batches
        for run in start:
            with pytest.raises(TypeError, match="coroutine function"):
                run(coroutine_function)
    error = scene.stops(LATE_FOR_THREADS["lambda"])
    assert "TypeError" in str(error) and error.offset == 0
    assert scene.committed() == {}
    assert scene.letters() == ()


def test_an_asyncio_consumer_refuses_and_stops(cluster: AnyCluster) -> None:
    scene = Scene.of(cluster, dead_letters=1)
    scene.send(3)

    async def main() -> None:
        async with member_of(scene) as consumer, asyncio.timeout(SECONDS):
            start: Any = consumer.run, consumer.run_batches
            for run in start:
                with pytest.raises(TypeError, match="plain function"):
                    await run(plain_function)
            late: Any = str
            with pytest.raises(ConsumeError, match="type str"):
                await consumer.run(late)

    asyncio.run(main())
    assert done == []
    assert scene.committed() == {}
    assert scene.letters() == ()


# --- cancellation ---------------------------------------------------------------------------------


class Cancels:
    """A handler that cancels something, and counts its calls."""

    def __init__(self, cancel: Callable[[], Awaitable[object]]) -> None:
        self.calls = 0
        self._cancel = cancel

    async def __call__(self, message: object) -> None:
        self.calls += 1
        await self._cancel()


async def by_itself() -> None:
    raise asyncio.CancelledError


async def its_child() -> None:
    child = asyncio.create_task(asyncio.sleep(60))
    child.cancel()
    await child


async def its_own_task() -> None:
    task = asyncio.current_task()
    assert task is not None
    task.cancel()
    await asyncio.sleep(0)


@pytest.mark.parametrize("cancel", [by_itself, its_child, its_own_task])
def test_a_cancellation_of_its_own_is_a_failure(
    cluster: AnyCluster, cancel: Callable[[], Awaitable[object]]
) -> None:
    scene = Scene.of(cluster, dead_letters=1)
    scene.send(3)
    handle = Cancels(cancel)

    async def main() -> None:
        async with member_of(scene) as consumer, asyncio.timeout(SECONDS):
            await run_until_dead_lettered(consumer, handle, 3)

    asyncio.run(main())
    assert handle.calls == 3
    assert len(scene.letters()) == 3
    assert scene.committed() == {0: 3}


async def run_until_dead_lettered(
    consumer: AsyncTopicConsumer[str, Any], handle: Callable[..., Awaitable[object]], count: int
) -> None:
    async with asyncio.TaskGroup() as group:
        group.create_task(consumer.run(handle))
        await eventually(lambda: consumer.counters().dead_lettered == count)
        consumer.stop()


@pytest.mark.parametrize("cancel", [by_itself, its_child])
@pytest.mark.parametrize("batches", [False, True])
def test_the_kit_says_so(cancel: Callable[[], Awaitable[object]], batches: bool) -> None:
    driver: Any = handling(AsyncOrdersConsumer)
    deliver = driver.deliver_batches if batches else driver.deliver
    outcome = asyncio.run(deliver(Cancels(cancel), cancelled(1)))
    assert [letter.value for letter in outcome.dead_letters] == [cancelled(1)]
    assert "CancelledError" in outcome.dead_letters[0].origin.message


@pytest.mark.parametrize("batches", [False, True])
def test_threads_see_it_as_a_failure_too(batches: bool) -> None:
    def handle(message: object) -> None:
        asyncio.run(its_child())

    driver: Any = handling(OrdersConsumer)
    deliver = driver.deliver_batches if batches else driver.deliver
    outcome = deliver(handle, cancelled(1))
    assert [letter.value for letter in outcome.dead_letters] == [cancelled(1)]


class Crash(BaseException):
    """Ends a program, as ``pytest.exit`` does."""


def test_what_is_no_exception_ends_it(cluster: AnyCluster) -> None:
    scene = Scene.of(cluster, dead_letters=1)
    scene.send(3)
    calls = 0

    async def handle(message: object) -> None:
        nonlocal calls
        calls += 1
        raise Crash

    async def main() -> None:
        async with member_of(scene) as consumer, asyncio.timeout(SECONDS):
            await consumer.run(handle)

    with pytest.raises(Crash):
        asyncio.run(main())
    assert calls == 1
    assert scene.committed() == {}


def test_a_consumer_that_is_cancelled_has_no_failures(cluster: AnyCluster) -> None:
    scene = Scene.of(cluster, dead_letters=1)
    scene.send(3)
    reached = asyncio.Event()

    async def handle(message: object) -> None:
        reached.set()
        await asyncio.sleep(SECONDS)

    async def main() -> None:
        async with member_of(scene) as consumer, asyncio.timeout(SECONDS):
            run = asyncio.create_task(consumer.run(handle))
            await reached.wait()
            # As asyncio.run does at its end: all tasks at once, that of the handler as well.
            for task in asyncio.all_tasks() - {asyncio.current_task()}:
                task.cancel()
            with pytest.raises(asyncio.CancelledError):
                await run
            assert consumer.counters().dead_lettered == 0

    asyncio.run(main())
    assert scene.committed() == {}
    assert scene.letters() == ()


# --- types ----------------------------------------------------------------------------------------

SNIPPET = """
import functools
from collections.abc import AsyncIterator, Generator, Iterator
from typing import Any, NoReturn

from avrogen import Message
from avrogen.kafka import run_all
from avrogen.testing import handling
from generated_example.com.acme.shop import OrderCancelled, OrderPlaced
from generated_example.topics import AsyncOrdersConsumer, OrdersConsumer, OrdersProducer

M = Message[str, OrderPlaced | OrderCancelled]


async def asynchronous(message: M) -> None: ...
async def of_two(number: int, message: M) -> None: ...
async def of_batches(messages: list[M]) -> None: ...
def generator(message: M) -> Generator[None, None, int]:
    yield
    return 1
def iterator(message: M) -> Iterator[None]:
    yield
async def async_iterator(message: M) -> AsyncIterator[None]:
    yield
def plain(message: M) -> None: ...
def number(message: M) -> int:
    return 1
def anything(message: M) -> Any: ...
def never(message: M) -> NoReturn:
    raise ValueError


class Methods:
    async def asynchronous(self, message: M) -> None: ...
    def __call__(self, message: M) -> bool:
        return True


def synchronous_consumers(orders: OrdersConsumer, producer: OrdersProducer) -> None:
    got: list[M] = []
    orders.run(plain)
    orders.run(number)
    run_all(orders.handling(plain), orders.handling(never))
    orders.run(anything)
    orders.run(never)
    orders.run(Methods())
    orders.run(got.append)
    orders.run(lambda message: got.append(message))
    orders.run(lambda message: message.value)
    orders.run_batches(got.extend, max_records=3)
    orders.run_transactional(plain, producer)
    outcome = handling(OrdersConsumer).deliver(plain, OrderCancelled.from_avro(b""))
    print(outcome.handled)
    orders.run(asynchronous)  # error
    orders.run(Methods().asynchronous)  # error
    orders.run(functools.partial(of_two, 1))  # error
    orders.run(generator)  # error
    orders.run(iterator)  # error
    orders.run(async_iterator)  # error
    orders.run_batches(of_batches)  # error
    orders.run_batches(lambda messages: of_batches(messages))  # error
    orders.run_transactional(asynchronous, producer)  # error
    run_all(orders.handling(asynchronous))  # error
    handling(OrdersConsumer).deliver(asynchronous)  # error
    print(handling(OrdersConsumer).deliver(asynchronous).handled)  # error
    handling(OrdersConsumer).deliver_batches(of_batches)  # error


async def asyncio_consumers(orders: AsyncOrdersConsumer) -> None:
    await orders.run(asynchronous)
    await orders.run(functools.partial(of_two, 1))
    await orders.run(lambda message: asynchronous(message))
    await orders.run_batches(of_batches)
    await orders.run(plain)  # error
    await orders.run(number)  # error
    await orders.run(Methods())  # error
    await orders.run(iterator)  # error
    await orders.run(async_iterator)  # error
    await orders.run_batches(lambda messages: None)  # error
    await run_all(orders.handling(plain))  # error
    await handling(AsyncOrdersConsumer).deliver(plain)  # error
"""

MYPY = ("mypy", "--config-file=", "--strict", "--python-version=3.11")
PYRIGHT = ("pyright", "--pythonpath", sys.executable)


@pytest.mark.parametrize("checker", [MYPY, PYRIGHT], ids=["mypy", "pyright"])
def test_type_checkers_refuse_them(checker: tuple[str, ...], tmp_path: Path) -> None:
    file = tmp_path / "snippet.py"
    file.write_text(SNIPPET, "utf-8")
    (tmp_path / "pyrightconfig.json").write_text(
        f'{{"typeCheckingMode": "strict", "extraPaths": ["{ROOT.as_posix()}"]}}', "utf-8"
    )
    run = subprocess.run(
        [sys.executable, "-m", *checker, file.name],
        cwd=tmp_path,
        env={**os.environ, "MYPYPATH": str(ROOT)},
        capture_output=True,
        text=True,
        check=False,
    )
    found = {
        int(line.split("snippet.py:")[1].split(":")[0])
        for line in run.stdout.splitlines()
        if "snippet.py:" in line and "error" in line
    }
    expected = {n for n, line in enumerate(SNIPPET.split("\n"), 1) if line.endswith("# error")}
    assert found == expected, run.stdout + run.stderr
