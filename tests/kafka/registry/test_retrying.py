"""Asking again: what, how often, and after which pauses."""

from __future__ import annotations

import pickle
from collections.abc import Callable, Generator
from contextlib import closing, contextmanager
from typing import Any
from uuid import UUID

import pytest

from avrogen import RegistryError
from avrogen.kafka import Retries, SchemaRegistry, connect
from avrogen.kafka.registry import caching, retrying
from avrogen.kafka.registry.protocol import (
    LATEST,
    RegisteredSchema,
    SchemaReference,
    SchemaText,
    Version,
)
from avrogen.kafka.registry.retrying import GIVEN_UP_LIFETIME, RetryingRegistry
from avrogen.kafka.registry.schema_references import resolve_references
from tests.support.http_server import Call, Reply, as_json, serving
from tests.support.memory_registry import MemoryRegistry

SCHEMA = SchemaText('"int"')


class Clock:
    """Time that passes by sleeping."""

    def __init__(self) -> None:
        self.now = 0.0
        self.pauses: list[float] = []

    def sleep(self, seconds: float) -> None:
        self.pauses.append(seconds)
        self.now += seconds


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> Clock:
    """The clock of retries. Random pauses are the longest."""
    clock = Clock()
    monkeypatch.setattr(retrying, "sleep", clock.sleep)
    monkeypatch.setattr(retrying, "monotonic", lambda: clock.now)
    monkeypatch.setattr(retrying, "random", lambda: 1.0)
    return clock


class Failing(MemoryRegistry):
    """Fails with the errors it is given, one after the other, and then answers."""

    def __init__(self, *errors: RegistryError) -> None:
        super().__init__()
        self._errors = list(errors)

    def subjects(self) -> list[str]:
        if self._errors:
            self.asked["subjects"] += 1
            raise self._errors.pop(0)
        return super().subjects()


def transient(retry_after: float | None = None) -> RegistryError:
    return RegistryError("busy", transient=True, retry_after=retry_after)


def test_pauses_double_up_to_the_longest(clock: Clock) -> None:
    registry = Failing(*[transient()] * 6)
    retries = Retries(attempts=7, wait=0.5, max_wait=4.0)
    assert RetryingRegistry(registry, retries).subjects() == []
    assert clock.pauses == [0.5, 1.0, 2.0, 4.0, 4.0, 4.0]


def test_pauses_are_random(clock: Clock, monkeypatch: pytest.MonkeyPatch) -> None:
    draws = iter([0.0, 0.25, 1.0])
    monkeypatch.setattr(retrying, "random", lambda: next(draws))
    registry = Failing(*[transient()] * 3)
    RetryingRegistry(registry, Retries(wait=1.0, max_wait=10.0)).subjects()
    assert clock.pauses == [0.0, 0.5, 4.0]


def test_attempts_come_to_an_end(clock: Clock) -> None:
    registry = Failing(*[transient()] * 10)
    with pytest.raises(RegistryError, match="busy"):
        RetryingRegistry(registry, Retries(attempts=4)).subjects()
    assert registry.asked["subjects"] == 4
    assert len(clock.pauses) == 3


@pytest.mark.parametrize("attempts", [0, 1])
def test_one_attempt_is_no_retry(clock: Clock, attempts: int) -> None:
    registry = Failing(transient())
    with pytest.raises(RegistryError, match="busy"):
        RetryingRegistry(registry, Retries(attempts=attempts)).subjects()
    assert registry.asked["subjects"] == 1
    assert clock.pauses == []


def test_attempts_include_the_first_call() -> None:
    assert Retries().attempts == Retries.configured({"max.retries": 6}).attempts == 7
    with pytest.raises(ValueError, match="attempts must not be negative, got -1"):
        Retries(attempts=-1)
    with pytest.raises(RegistryError, match=r"max\.retries must be at least 0, got -1"):
        Retries.configured({"max.retries": -1})


def test_time_comes_to_an_end(clock: Clock) -> None:
    registry = Failing(*[transient()] * 1_000)
    retries = Retries(attempts=1_000, wait=1.0, max_wait=4.0, deadline=10.0)
    with pytest.raises(RegistryError, match="busy"):
        RetryingRegistry(registry, retries).subjects()
    assert clock.pauses == [1.0, 2.0, 4.0]
    assert clock.now <= 10.0


def test_what_trying_again_does_not_help_is_not_tried_again(clock: Clock) -> None:
    registry = Failing(RegistryError("no"))
    with pytest.raises(RegistryError, match="no"):
        RetryingRegistry(registry).subjects()
    assert registry.asked["subjects"] == 1
    assert clock.pauses == []


def test_the_registry_is_left_alone_as_long_as_it_wants(clock: Clock) -> None:
    registry = Failing(transient(7.0), transient())
    RetryingRegistry(registry, Retries(wait=0.5, max_wait=4.0)).subjects()
    assert clock.pauses == [7.5, 1.0]


def test_but_not_beyond_the_deadline(clock: Clock) -> None:
    registry = Failing(transient(3600.0))
    with pytest.raises(RegistryError, match="busy"):
        RetryingRegistry(registry, Retries(deadline=30.0)).subjects()
    assert clock.pauses == []


def test_every_question_is_asked_again(clock: Clock) -> None:
    class Once(MemoryRegistry):
        """Fails the first time that each question is asked."""

        def __getattribute__(self, name: str) -> Any:
            ask = super().__getattribute__(name)

            def fail_once(*arguments: object) -> object:
                if name in failed:
                    return ask(*arguments)
                failed.add(name)
                raise transient()

            return fail_once if name in QUESTIONS else ask

    failed: set[str] = set()
    registry: SchemaRegistry = RetryingRegistry(Once())
    registered = registry.register("s", SCHEMA)
    assert registered.guid is not None
    assert registry.lookup("s", SCHEMA) == registered
    assert registry.by_id(registered.id) == registry.by_guid(registered.guid) == SCHEMA
    assert registry.version("s", 1) == registered
    assert registry.versions("s") == [1]
    assert registry.subjects() == ["s"]
    assert registry.compatibility("s", SCHEMA).compatible
    assert registry.level() == "BACKWARD"
    registry.close()
    assert failed == QUESTIONS
    assert len(clock.pauses) == len(QUESTIONS)


QUESTIONS = {
    *("lookup", "register", "by_id", "by_guid", "version", "versions"),
    *("subjects", "compatibility", "level"),
}


@pytest.mark.parametrize(
    ("config", "expected"),
    [
        ({}, Retries()),
        ({"max.retries": 2}, Retries(attempts=3)),
        (
            {"retries.wait.ms": 50, "retries.max.wait.ms": 700},
            Retries(wait=0.05, max_wait=0.7),
        ),
    ],
)
def test_confluents_properties_mean_the_same(config: dict[str, Any], expected: Retries) -> None:
    assert Retries.configured(config) == expected


# --- followers that lag ---------------------------------------------------------------------------


class Lagging(MemoryRegistry):
    """Has what was registered only after it was asked for it so many times."""

    def __init__(self, times: int) -> None:
        super().__init__()
        self.times = times

    def _lags(self) -> bool:
        self.times -= 1
        return self.times >= 0

    def by_id(self, id: int) -> SchemaText:
        return super().by_id(999 if self._lags() else id)

    def by_guid(self, guid: UUID) -> SchemaText:
        return super().by_guid(UUID(int=999) if self._lags() else guid)

    def version(self, subject: str, version: Version) -> RegisteredSchema | None:
        return super().version(subject, 999 if self._lags() else version)


NUMBERED: dict[str, Callable[[SchemaRegistry, RegisteredSchema], object]] = {
    "by_id": lambda registry, it: registry.by_id(it.id),
    "by_guid": lambda registry, it: registry.by_guid(it.guid or UUID(int=0)),
    "version": lambda registry, it: registry.version("s", it.version),
}


@pytest.mark.parametrize("ask", NUMBERED.values(), ids=NUMBERED)
def test_what_is_referred_to_is_waited_for(
    ask: Callable[[SchemaRegistry, RegisteredSchema], object], clock: Clock
) -> None:
    inner = Lagging(5)
    registered = inner.register("s", SCHEMA)
    assert ask(RetryingRegistry(inner), registered) in (SCHEMA, registered)
    assert clock.pauses == [0.1, 0.2, 0.4, 0.8, 1.6]


def test_a_lag_is_waited_for_whatever_the_dice_say(
    clock: Clock, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(retrying, "random", lambda: 0.0)
    with pytest.raises(RegistryError, match="no such schema"):
        RetryingRegistry(MemoryRegistry()).by_id(7)
    assert clock.now == pytest.approx(0.75 * 6.3)


def test_what_is_still_missing_is_believed_for_a_while(
    clock: Clock, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(caching, "monotonic", lambda: clock.now)
    inner = Lagging(7 + 3)
    registered = inner.register("s", SCHEMA)
    registry = RetryingRegistry(inner)
    for asked in (7, 8, 9):
        with pytest.raises(RegistryError) as caught:
            registry.by_id(registered.id)
        assert not caught.value.transient
        assert inner.times == 10 - asked
    clock.now += GIVEN_UP_LIFETIME
    assert registry.by_id(registered.id) == SCHEMA
    inner.times = 2
    assert registry.by_id(registered.id) == SCHEMA, "it was found, so a lag is waited for again"


def test_the_latest_version_and_lookups_may_be_missing(clock: Clock) -> None:
    registry = RetryingRegistry(MemoryRegistry())
    assert registry.version("s", LATEST) is None
    assert registry.lookup("s", SCHEMA) is None
    assert clock.pauses == []


# --- over HTTP ------------------------------------------------------------------------------------


@contextmanager
def connected(url: str, **config: Any) -> Generator[SchemaRegistry]:
    with closing(connect({"url": url, "timeout": 5, **config})) as registry:
        yield registry


BUSY = [
    Reply(status=500),
    Reply(status=503),
    Reply(b"<html>Bad gateway</html>", 502),
    as_json({"error_code": 429, "message": "slow down"}, 429, Retry_After="2"),
    Reply(b'{"schema"', claimed=100),
    Reply(die=True),
]


def test_a_registry_that_recovers(clock: Clock) -> None:
    with serving(*BUSY, as_json({"schema": '"int"'})) as server, connected(server.url) as registry:
        assert registry.by_id(7) == SCHEMA
        assert len(server.calls) == len(BUSY) + 1
    assert len(clock.pauses) == len(BUSY)
    assert sum(pause >= 2.0 for pause in clock.pauses) >= 1


def test_a_registry_that_hangs_is_given_up(clock: Clock) -> None:
    with serving(Reply(hang=True)) as server:
        with (
            connected(server.url, timeout=0.02, **{"max.retries": 2}) as registry,
            pytest.raises(RegistryError, match="no response from the registry") as caught,
        ):
            registry.by_id(7)
        assert len(server.calls) == 3
    assert caught.value.transient
    assert pickle.loads(pickle.dumps(caught.value)).transient


MISSING = as_json({"error_code": 40403, "message": "Schema not found"}, 404)
FOREIGN = Reply(b"<html>default backend - 404</html>", 404)


def test_a_follower_that_lags(clock: Clock) -> None:
    """Also after a registration, whose answer has the id alone and is looked up."""
    subject = {"subject": "s", "version": 1, "id": 7, "schema": '"int"'}
    replies = MISSING, as_json({"id": 7}), MISSING, as_json({"id": 7}), as_json(subject)
    with serving(*replies) as server, connected(server.url) as registry:
        assert registry.lookup("s", SCHEMA) is None
        assert registry.register("s", SCHEMA).id == 7

        def lag(_: Call) -> Reply:
            return MISSING if clock.now < 1.5 else as_json({"schema": '"int"'})

        server.answer = lag
        assert registry.by_id(8) == SCHEMA


@pytest.mark.parametrize("guid", [False, True])
def test_a_foreign_404_says_nothing_about_an_id(clock: Clock, guid: bool) -> None:
    with serving(FOREIGN) as server, connected(server.url) as registry:
        with pytest.raises(RegistryError, match="no schema registry at this URL") as caught:
            registry.by_guid(UUID(int=7)) if guid else registry.by_id(7)
        assert caught.value.transient
        with pytest.raises(RegistryError, match="no schema registry at this URL") as caught:
            registry.version("s", LATEST)
        assert not caught.value.transient, "a wrong URL is noticed at the start"


def test_an_empty_404_is_told_as_such(clock: Clock) -> None:
    with serving(Reply(b"", 404)) as server, connected(server.url) as registry:
        with pytest.raises(RegistryError, match="at this URL: the response is 0 bytes") as caught:
            registry.version("s", LATEST)
        assert "tombstone" not in str(caught.value), "that is about messages"


def test_a_registry_without_guids_may_not_say_so_with_a_code(clock: Clock) -> None:
    def answer(call: Call) -> Reply:
        return FOREIGN if "guids" in call.path else as_json({"compatibilityLevel": "NONE"})

    with serving(answer=answer) as server, connected(server.url) as registry:
        with pytest.raises(RegistryError, match="or has no GUIDs") as caught:
            registry.by_guid(UUID(int=7))
        assert (caught.value.status, caught.value.transient) == (404, False)


def test_a_foreign_404_for_a_reference_is_not_about_the_message(clock: Clock) -> None:
    with serving(FOREIGN) as server, connected(server.url) as registry:
        schema = SchemaText('"A"', (SchemaReference("A", "a", 1),))
        with pytest.raises(RegistryError, match="no schema registry at this URL") as caught:
            resolve_references(registry, schema, "schema 7")
    assert caught.value.transient
