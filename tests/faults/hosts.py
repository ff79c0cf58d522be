"""Programs with two consumers that a signal ends, each of which is the guest of another host.

Run as ``python -m tests.faults.hosts HOST``. They print what happens: ``in hand`` and ``done`` with
topic and number for each event, ``left`` with the topic of a consumer that has ended, and ``ended``
when the host has. The environment has JSON with ``config`` and ``topics``; groups are called as
topics are.
"""

from __future__ import annotations

import asyncio
import json
import os
import signal
import sys
import threading
from collections.abc import AsyncGenerator, Callable
from time import sleep
from typing import Any, Final

from avrogen.kafka.topic import Topic
from generated_example.com.example import Event
from tests.support.clients import async_consumer_of, consumer_of
from tests.support.scenes import EventMessage

__all__ = ["ENVIRONMENT", "HOSTS", "application"]

ENVIRONMENT: Final = "AVROGEN_HOSTS"
_SECONDS: Final = 0.05
"""How long each event takes."""


def say(*words: object) -> None:
    """Print a line with one call of the system, as threads and processes share the output."""
    os.write(1, (" ".join(map(str, words)) + "\n").encode())


def _given() -> tuple[dict[str, object], list[Topic[Any, Any]]]:
    given = json.loads(os.environ[ENVIRONMENT])
    return given["config"], [Topic(name, value=(Event,), key="string") for name in given["topics"]]


# --- consumers ------------------------------------------------------------------------------------


def consume(topic: Topic[Any, Any]) -> None:
    """Handle events in this thread."""

    def handle(message: EventMessage) -> None:
        say("in hand", topic.name, message.value.timestamp)
        sleep(_SECONDS)
        say("done", topic.name, message.value.timestamp)

    with consumer_of(topic)(_given()[0], group_id=topic.name) as events:
        events.run(handle)
    say("left", topic.name)


async def consume_async(topic: Topic[Any, Any]) -> None:
    """Handle events on this loop."""

    async def handle(message: EventMessage) -> None:
        say("in hand", topic.name, message.value.timestamp)
        await asyncio.sleep(_SECONDS)
        say("done", topic.name, message.value.timestamp)

    async with async_consumer_of(topic)(_given()[0], group_id=topic.name) as events:
        await events.run(handle)
    say("left", topic.name)


# --- hosts ----------------------------------------------------------------------------------------


def by_gather() -> None:
    """Two tasks of ``asyncio.gather``."""

    async def main() -> None:
        await asyncio.gather(*map(consume_async, _given()[1]))

    asyncio.run(main())


def by_task_group() -> None:
    """Two tasks of a task group."""

    async def main() -> None:
        async with asyncio.TaskGroup() as tasks:
            for topic in _given()[1]:
                tasks.create_task(consume_async(topic))

    asyncio.run(main())


def by_threads() -> None:
    """Two threads, for which the main thread waits."""
    threads = [threading.Thread(target=consume, args=(topic,)) for topic in _given()[1]]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()


def by_main_and_thread() -> None:
    """The main thread, and another one."""
    first, second = _given()[1]
    thread = threading.Thread(target=consume, args=(first,))
    thread.start()
    consume(second)
    thread.join()


async def application(scope: Any, receive: Any, send: Any) -> None:
    """Two tasks during the lifespan of an ASGI application, which waits for them at its end."""
    if scope["type"] != "lifespan":
        return
    await receive()
    owner = signal.getsignal(signal.SIGTERM)
    tasks = [asyncio.create_task(consume_async(topic)) for topic in _given()[1]]
    await send({"type": "lifespan.startup.complete"})
    await receive()
    await asyncio.gather(*tasks)
    say("handler", "kept" if signal.getsignal(signal.SIGTERM) == owner else "taken")
    await send({"type": "lifespan.shutdown.complete"})


async def threaded_application(scope: Any, receive: Any, send: Any) -> None:
    """The same, with two threads."""
    if scope["type"] != "lifespan":
        return
    await receive()
    waits = [asyncio.to_thread(consume, topic) for topic in _given()[1]]
    tasks = [asyncio.create_task(wait) for wait in waits]
    await send({"type": "lifespan.startup.complete"})
    await receive()
    await asyncio.gather(*tasks)
    await send({"type": "lifespan.shutdown.complete"})


def by_uvicorn() -> None:
    """The lifespan of uvicorn."""
    import uvicorn

    uvicorn.run(application, port=0, log_level="warning")


def by_uvicorn_threads() -> None:
    """Threads during the lifespan of uvicorn."""
    import uvicorn

    uvicorn.run(threaded_application, port=0, log_level="warning")


def by_hypercorn() -> None:
    """The lifespan of hypercorn."""
    from hypercorn.asyncio import serve  # pyright: ignore[reportUnknownVariableType]
    from hypercorn.config import Config

    config = Config()
    config.bind = ["127.0.0.1:0"]
    config.loglevel = "warning"
    asyncio.run(serve(application, config))


def by_aiohttp() -> None:
    """The clean-up context of aiohttp's runner."""
    from aiohttp import web

    async def consuming(_: web.Application) -> AsyncGenerator[None]:
        tasks = [asyncio.create_task(consume_async(topic)) for topic in _given()[1]]
        yield
        await asyncio.gather(*tasks)

    app = web.Application()
    app.cleanup_ctx.append(consuming)
    web.run_app(app, port=0, print=None)


def by_gunicorn() -> None:
    """Daemon threads in a worker of gunicorn."""
    program = [sys.executable, "-m", "gunicorn", "--bind", "127.0.0.1:0", "--no-control-socket"]
    os.execv(sys.executable, [*program, "--log-level", "warning", "tests.faults.hosts:make_wsgi()"])


def make_wsgi() -> Callable[..., list[bytes]]:
    """Start threads in the worker, and return a WSGI application."""
    for topic in _given()[1]:
        threading.Thread(target=consume, args=(topic,), daemon=True).start()

    def wsgi(_: object, start_response: Callable[..., object]) -> list[bytes]:
        start_response("200 OK", [])
        return [b"ok"]

    return wsgi


HOSTS: Final[dict[str, Callable[[], None]]] = {
    "asyncio.gather": by_gather,
    "TaskGroup": by_task_group,
    "threads": by_threads,
    "main thread and another": by_main_and_thread,
    "uvicorn": by_uvicorn,
    "uvicorn with threads": by_uvicorn_threads,
    "hypercorn": by_hypercorn,
    "aiohttp": by_aiohttp,
    "gunicorn": by_gunicorn,
}
"""Hosts by name."""


if __name__ == "__main__":
    # Whoever runs this in the background has the signal ignored, and so had this process.
    signal.signal(signal.SIGINT, signal.default_int_handler)
    HOSTS[sys.argv[1]]()
    say("ended")
