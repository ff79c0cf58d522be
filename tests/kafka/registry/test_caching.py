"""Asking once: across calls, across threads, and for what is not there."""

from __future__ import annotations

import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from uuid import UUID

import pytest

from avrogen import RegistryError
from avrogen.kafka import connect
from avrogen.kafka.registry import caching
from avrogen.kafka.registry.caching import MISSING_LIFETIME, CachingRegistry, TtlCache
from avrogen.kafka.registry.protocol import LATEST, RegisteredSchema, SchemaText
from avrogen.kafka.single_flight import SingleFlight
from tests.support.http_server import Call, Reply, as_json, serving
from tests.support.memory_registry import MemoryRegistry

SCHEMA = SchemaText('"int"')
OTHER = SchemaText('"long"')


class Clock:
    def __init__(self) -> None:
        self.now = 0.0


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> Clock:
    """The time by which what is kept expires."""
    clock = Clock()
    monkeypatch.setattr(caching, "monotonic", lambda: clock.now)
    return clock


@pytest.fixture
def inner() -> MemoryRegistry:
    """Has one schema: version 1 of subject s, with id 1."""
    registry = MemoryRegistry()
    registry.register("s", SCHEMA)
    registry.asked.clear()
    return registry


GUID = MemoryRegistry.guid(SCHEMA)


# --- what is kept ---------------------------------------------------------------------------------

Ask = Callable[[CachingRegistry], object]

KEPT: dict[str, Ask] = {
    "by_id": lambda r: r.by_id(1),
    "by_guid": lambda r: r.by_guid(GUID),
    "lookup": lambda r: r.lookup("s", SCHEMA),
    "version": lambda r: r.version("s", 1),
}

NOT_KEPT: dict[str, Ask] = {
    "version": lambda r: r.version("s", LATEST),
    "versions": lambda r: r.versions("s"),
    "subjects": lambda r: r.subjects(),
    "compatibility": lambda r: r.compatibility("s", SCHEMA),
    "level": lambda r: r.level("s"),
}

MISSING: dict[str, Ask] = {
    "by_id": lambda r: r.by_id(9),
    "by_guid": lambda r: r.by_guid(UUID(int=9)),
    "lookup": lambda r: r.lookup("s", OTHER),
    "version": lambda r: r.version("s", 9),
}


def outcome(ask: Ask, registry: CachingRegistry) -> object:
    try:
        return ask(registry)
    except RegistryError as error:
        return str(error)


@pytest.mark.parametrize(("question", "ask"), KEPT.items(), ids=KEPT)
def test_what_never_changes_is_asked_once(
    question: str, ask: Ask, inner: MemoryRegistry, clock: Clock
) -> None:
    registry = CachingRegistry(inner)
    first = ask(registry)
    clock.now = 1e9
    assert first is not None
    assert ask(registry) == first
    assert inner.asked[question] == 1


@pytest.mark.parametrize(("question", "ask"), NOT_KEPT.items(), ids=NOT_KEPT)
def test_what_changes_is_asked_every_time(question: str, ask: Ask, inner: MemoryRegistry) -> None:
    registry = CachingRegistry(inner)
    assert ask(registry) == ask(registry)
    assert inner.asked[question] == 2


@pytest.mark.parametrize(("question", "ask"), MISSING.items(), ids=MISSING)
def test_what_is_not_there_is_asked_for_now_and_then(
    question: str, ask: Ask, inner: MemoryRegistry, clock: Clock
) -> None:
    registry = CachingRegistry(inner, negative_lifetime=30.0)
    first = outcome(ask, registry)
    lifetime = 30.0 if question == "lookup" else MISSING_LIFETIME
    clock.now = lifetime - 0.1
    assert outcome(ask, registry) == first
    assert inner.asked[question] == 1
    clock.now = lifetime
    assert outcome(ask, registry) == first
    assert inner.asked[question] == 2


def test_errors_that_pass_are_not_kept() -> None:
    class Busy(MemoryRegistry):
        def by_id(self, id: int) -> SchemaText:
            self.asked["by_id"] += 1
            raise RegistryError("busy", transient=True)

    inner = Busy()
    registry = CachingRegistry(inner)
    for _ in range(3):
        with pytest.raises(RegistryError, match="busy"):
            registry.by_id(1)
    assert inner.asked["by_id"] == 3


def test_kept_errors_have_tracebacks_of_their_own(inner: MemoryRegistry) -> None:
    registry = CachingRegistry(inner)
    errors: list[RegistryError] = []
    for _ in range(3):
        with pytest.raises(RegistryError) as caught:
            registry.by_id(9)
        errors.append(caught.value)
    assert len({id(error) for error in errors}) == 3
    assert {str(error) for error in errors} == {str(errors[0])}
    assert errors[1].__cause__ is None


def test_what_is_registered_is_there_at_once(inner: MemoryRegistry) -> None:
    registry = CachingRegistry(inner)
    assert registry.lookup("s", OTHER) is None
    registered = registry.register("s", OTHER)
    assert registry.lookup("s", OTHER) == registered
    assert inner.asked == {"lookup": 1, "register": 1}


def test_what_is_not_there_does_not_drive_out_what_is(inner: MemoryRegistry) -> None:
    registry = CachingRegistry(inner, capacity=10)
    registry.by_id(1)
    for unknown in range(100, 200):
        with pytest.raises(RegistryError):
            registry.by_id(unknown)
    registry.by_id(1)
    assert inner.asked["by_id"] == 101


def test_close_closes(inner: MemoryRegistry) -> None:
    CachingRegistry(inner).close()
    assert inner.closed


# --- memory ---------------------------------------------------------------------------------------


def test_memory_forgets_what_was_not_used_for_longest() -> None:
    kept = TtlCache[int](3)
    for key in (1, 2, 3):
        kept.put(key, key)
    assert kept.get(1) == 1
    kept.put(4, 4)
    assert [kept.get(key) for key in (1, 2, 3, 4)] == [1, None, 3, 4]
    assert len(kept) == 3


def test_memory_forgets_what_has_expired(clock: Clock) -> None:
    kept = TtlCache[int](3)
    kept.put("a", 1, lifetime=5.0)
    kept.put("b", 2)
    clock.now = 5.0
    assert (kept.get("a"), kept.get("b")) == (None, 2)
    assert len(kept) == 1


# --- threads --------------------------------------------------------------------------------------


class Slow(MemoryRegistry):
    """Answers when it is let go."""

    def __init__(self) -> None:
        super().__init__()
        self.go = threading.Event()
        self.begun = threading.Event()

    def by_id(self, id: int) -> SchemaText:
        self.begun.set()
        assert self.go.wait(30)
        return super().by_id(id)

    def register(self, subject: str, schema: SchemaText) -> RegisteredSchema:
        self.begun.set()
        assert self.go.wait(30)
        return super().register(subject, schema)


def all_at_once(slow: Slow, ask: Callable[[], object], threads: int = 16) -> list[object]:
    """What so many threads get that ask while the first is under way."""

    def asked() -> object:
        try:
            return ask()
        except RegistryError as error:
            return str(error)

    with ThreadPoolExecutor(threads) as pool:
        first = pool.submit(asked)
        assert slow.begun.wait(30)
        others = [pool.submit(asked) for _ in range(threads - 1)]
        slow.go.set()
        return [future.result(30) for future in (first, *others)]


def test_threads_that_ask_for_one_id_cause_one_request() -> None:
    slow = Slow()
    slow.ids[SCHEMA] = 1
    registry = CachingRegistry(slow)
    assert all_at_once(slow, lambda: registry.by_id(1)) == [SCHEMA] * 16
    assert slow.asked["by_id"] == 1


def test_threads_that_ask_for_one_unknown_id_cause_one_request() -> None:
    slow = Slow()
    registry = CachingRegistry(slow)
    answers = all_at_once(slow, lambda: registry.by_id(9))
    assert answers == ["there is no such schema (schema 9, HTTP 404, code 40403)"] * 16
    assert slow.asked["by_id"] == 1


def test_threads_that_register_one_schema_cause_one_request() -> None:
    slow = Slow()
    registry = CachingRegistry(slow)
    answers = all_at_once(slow, lambda: registry.register("s", SCHEMA))
    assert len({repr(answer) for answer in answers}) == 1
    # Registrations are not kept: one that comes when the first is over is asked for again.
    assert 1 <= slow.asked["register"] <= 16
    assert len(slow.kept["s"]) == 1


def test_an_interrupted_thread_leaves_the_others_an_answer() -> None:
    flights = SingleFlight[str]()
    begun, go = threading.Event(), threading.Event()
    calls: list[str] = []

    def interrupted() -> str:
        begun.set()
        assert go.wait(30)
        raise KeyboardInterrupt

    def answered() -> str:
        calls.append("asked")
        return "answer"

    def first() -> str:
        try:
            return flights.call("key", interrupted)
        except KeyboardInterrupt:
            return "interrupted"

    with ThreadPoolExecutor(3) as pool:
        interrupted_one = pool.submit(first)
        assert begun.wait(30)
        others = [pool.submit(flights.call, "key", answered) for _ in range(2)]
        go.set()
        assert interrupted_one.result(30) == "interrupted"
        assert [future.result(30) for future in others] == ["answer"] * 2
    assert 1 <= len(calls) <= 2


# --- over HTTP ------------------------------------------------------------------------------------


def test_one_request_for_many_threads_and_calls(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(caching, "MISSING_LIFETIME", 30.0)
    barrier = threading.Barrier(8)

    def answer(call: Call) -> Reply:
        if call.path == "/schemas/ids/1":
            return as_json({"schema": '"int"'})
        return as_json({"error_code": 40403, "message": "Schema not found"}, 404)

    def ask(registry: CachingRegistry) -> None:
        barrier.wait(30)
        for _ in range(5):
            assert registry.by_id(1) == SCHEMA
            with pytest.raises(RegistryError, match="does not have the schema"):
                registry.by_id(2)

    with (
        serving(answer=answer) as server,
        closing(connect({"url": server.url, "max.retries": 0})) as registry,
    ):
        with ThreadPoolExecutor(8) as pool:
            assert isinstance(registry, CachingRegistry)
            for future in [pool.submit(ask, registry) for _ in range(8)]:
                future.result(30)
        assert sorted(call.path for call in server.calls) == ["/schemas/ids/1", "/schemas/ids/2"]


def test_the_capacity_is_confluents() -> None:
    answer = as_json({"schema": '"int"'})
    config = {"cache.capacity": 2}
    with serving(answer) as server, closing(connect({"url": server.url, **config})) as registry:
        for id_ in (1, 2, 3, 1):
            registry.by_id(id_)
        assert [call.path for call in server.calls] == [f"/schemas/ids/{n}" for n in (1, 2, 3, 1)]
