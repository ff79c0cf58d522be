"""Serializers, deserializers and the registry for asyncio: the loop never waits."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Awaitable, Callable
from typing import TypeVar

import pytest

from avrogen import EncodeError, FramingError, RegistryError
from avrogen.kafka import AsyncDeserializer, AsyncRegistry, AsyncSerializer
from avrogen.kafka.registry.protocol import LATEST, SchemaText
from avrogen.kafka.single_flight import AsyncSingleFlight
from avrogen.kafka.wire_format import frame_prefix
from generated_example.com.acme.logistics import ParcelKey
from tests.kafka.serde.contexts import TOPIC, context
from tests.support.memory_registry import MemoryRegistry

KEY = ParcelKey(carrier="Snail & Sons", tracking_number="S-1729")
SCHEMA = SchemaText(str(ParcelKey.__avro_schema__))
T = TypeVar("T")


class Held(MemoryRegistry):
    """Answers when it is let go, and knows which threads asked."""

    def __init__(self) -> None:
        super().__init__()
        self.register("s", SCHEMA)
        self.asked.clear()
        self.go = threading.Event()
        self.threads: set[int] = set()

    def by_id(self, id: int) -> SchemaText:
        self.threads.add(threading.get_ident())
        assert self.go.wait(30)
        return super().by_id(id)


async def ticks_while_held(held: Held, *tasks: Awaitable[T]) -> list[T]:
    """What comes of the tasks, which are let go when the loop has gone on for a while."""
    gathered = asyncio.gather(*tasks)
    for _ in range(10):
        await asyncio.sleep(0)
    assert not gathered.done()
    held.go.set()
    return await gathered


def test_the_loop_goes_on_while_a_schema_is_fetched() -> None:
    held = Held()

    async def main() -> None:
        deserializer = AsyncDeserializer(held, ParcelKey)
        data = frame_prefix(1) + KEY.to_avro()
        read = await ticks_while_held(held, *(deserializer(data) for _ in range(1_000)))
        assert read == [KEY] * 1_000
        assert await deserializer(data, context()) == KEY

    asyncio.run(main())
    assert held.asked == {"by_id": 1}
    assert threading.get_ident() not in held.threads


def test_a_task_that_is_cancelled_leaves_the_others_an_answer() -> None:
    held = Held()

    async def main() -> None:
        deserializer = AsyncDeserializer(held, ParcelKey)
        data = frame_prefix(1) + KEY.to_avro()
        first, second = (asyncio.ensure_future(deserializer(data)) for _ in range(2))
        await asyncio.sleep(0)
        first.cancel()
        assert await ticks_while_held(held, second) == [KEY]
        with pytest.raises(asyncio.CancelledError):
            await first

    asyncio.run(main())
    assert held.asked == {"by_id": 1}


def test_an_error_that_nobody_waits_for_is_not_reported() -> None:
    go = threading.Event()

    def fail() -> None:
        assert go.wait(30)
        raise RegistryError("away")

    async def main() -> None:
        flights = AsyncSingleFlight[None]()
        waiting = asyncio.ensure_future(flights.call("key", fail))
        await asyncio.sleep(0)
        waiting.cancel()
        with pytest.raises(asyncio.CancelledError):
            await waiting
        complaints: list[object] = []
        loop = asyncio.get_running_loop()
        loop.set_exception_handler(lambda _, about: complaints.append(about))
        go.set()
        with pytest.raises(RegistryError, match="away"):
            await flights.call("key", fail)
        assert not complaints

    asyncio.run(main())


def test_one_object_for_several_loops() -> None:
    registry = MemoryRegistry()
    registry.register("s", SCHEMA)
    deserializer = AsyncDeserializer(registry, ParcelKey)

    async def read() -> ParcelKey | None:
        return await deserializer(frame_prefix(1) + KEY.to_avro())

    assert asyncio.run(read()) == asyncio.run(read()) == KEY


def test_reading_and_writing() -> None:
    registry = MemoryRegistry()

    async def main() -> None:
        serializer = AsyncSerializer(registry, ParcelKey, register=True)
        deserializer = AsyncDeserializer(registry, ParcelKey)
        (registered,) = await serializer.prepare(TOPIC)
        assert registered.subject == f"{TOPIC}-value"
        for _ in range(2):
            data = await serializer(KEY, context())
            assert data == frame_prefix(registered.id) + KEY.to_avro()
            assert await deserializer(data, context()) == KEY
        assert await serializer(None, context()) is None
        assert await deserializer(None, context()) is None
        with pytest.raises(EncodeError, match="expected a SerializationContext"):
            await serializer(KEY)
        with pytest.raises(FramingError):
            await deserializer(b"text")
        with pytest.raises(RegistryError, match="no such schema"):
            await deserializer(frame_prefix(9))

    asyncio.run(main())


def test_every_question_is_awaited() -> None:
    inner = MemoryRegistry()
    questions: list[Callable[[AsyncRegistry], Awaitable[object]]] = [
        lambda r: r.register("s", SCHEMA),
        lambda r: r.lookup("s", SCHEMA),
        lambda r: r.by_id(1),
        lambda r: r.by_guid(MemoryRegistry.guid(SCHEMA)),
        lambda r: r.version("s", LATEST),
        lambda r: r.versions("s"),
        lambda r: r.subjects(),
        lambda r: r.compatibility("s", SCHEMA),
        lambda r: r.level("s"),
    ]

    async def main() -> list[object]:
        registry = AsyncRegistry(inner)
        answers = [await question(registry) for question in questions]
        await registry.close()
        return answers

    (version,) = asyncio.run(main())[:1]
    assert [version] == inner.kept["s"]
    assert sum(inner.asked.values()) == len(questions)
    assert inner.closed
