"""Lists and dicts that change while they are encoded: an error or a consistent value, never
unreadable bytes."""

from __future__ import annotations

import json
import sys
import threading
import time
from collections.abc import Callable, Generator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta, tzinfo
from typing import Any

import pytest

from avrogen import EncodeError, Schema

TIMESTAMP = {"type": "long", "logicalType": "timestamp-millis"}


class ChangingZone(tzinfo):
    """A time zone that does something when it is asked: a thread that runs just then."""

    def __init__(self, change: Callable[[], object]) -> None:
        self._change = change

    def utcoffset(self, dt: datetime | None) -> timedelta:
        self._change()
        return timedelta(0)

    def dst(self, dt: datetime | None) -> None:
        return None

    def tzname(self, dt: datetime | None) -> None:
        return None


def schema_of(type_: object) -> Schema:
    return Schema.parse(json.dumps(type_))


NESTED = {"type": "array", "items": {"type": "array", "items": TIMESTAMP}}
ARRAY = {"type": "array", "items": TIMESTAMP}
MAP = {"type": "map", "values": TIMESTAMP}
UNION = {"type": "array", "items": ["null", "string", TIMESTAMP]}


@pytest.mark.parametrize("type_", [ARRAY, UNION], ids=["array", "union"])
def test_a_list(type_: object) -> None:
    values: list[Any] = []
    zone = ChangingZone(lambda: values.append(values[0]))
    values += [datetime(2024, 1, 1, tzinfo=zone)] * 3
    with pytest.raises(EncodeError, match="the list was changed while it was encoded"):
        schema_of(type_).to_avro(values)


@pytest.mark.parametrize("type_", [ARRAY, UNION], ids=["array", "union"])
def test_a_list_that_shrinks(type_: object) -> None:
    """After compiled code has noticed it, the interpreter encodes what is left."""
    values: list[Any] = []
    zone = ChangingZone(lambda: values and values.pop())
    values += [datetime(2024, 1, 1, tzinfo=zone)] * 3
    assert schema_of(type_).to_avro(values) == b"\0"
    assert values == []


def test_a_list_in_a_list() -> None:
    inner: list[Any] = []
    inner += [datetime(2024, 1, 1, tzinfo=ChangingZone(lambda: inner.append(inner[0])))] * 3
    with pytest.raises(EncodeError) as caught:
        schema_of(NESTED).to_avro([[], inner])
    assert "the list was changed" in str(caught.value)
    assert caught.value.path == "$[1]"


def test_a_dict() -> None:
    values: dict[str, Any] = {}
    zone = ChangingZone(lambda: values.update({str(len(values)): values["a"]}))
    values.update(a=datetime(2024, 1, 1, tzinfo=zone))
    with pytest.raises(EncodeError, match="the dict was changed while it was encoded"):
        schema_of(MAP).to_avro(values)


def test_a_dict_that_shrinks() -> None:
    values: dict[str, Any] = {}
    zone = ChangingZone(lambda: values.pop("b", None))
    values.update(a=datetime(2024, 1, 1, tzinfo=zone), b=datetime(2024, 1, 1, tzinfo=UTC))
    assert list(schema_of(MAP).from_avro(schema_of(MAP).to_avro(values))) == ["a"]


@contextmanager
def changing(change: Callable[[int], None]) -> Generator[None]:
    """Call a function in another thread again and again, which gets its turn often."""
    stop = threading.Event()
    interval = sys.getswitchinterval()

    def run() -> None:
        number = 0
        while not stop.is_set():
            number += 1
            change(number)

    thread = threading.Thread(target=run)
    sys.setswitchinterval(1e-5)
    thread.start()
    try:
        yield
    finally:
        stop.set()
        thread.join()
        sys.setswitchinterval(interval)


@pytest.mark.parametrize("item", ["long", "double", "string", ["null", "long"]], ids=str)
def test_what_another_thread_changes_is_never_unreadable(item: Any) -> None:
    kind: Any = str if item == "string" else float if item == "double" else int
    values = [kind(number) for number in range(1000)]
    entries = {str(number): kind(number) for number in range(300)}
    array, map_ = (
        schema_of({"type": "array", "items": item}),
        schema_of({"type": "map", "values": item}),
    )

    def change(number: int) -> None:
        values.append(kind(1))
        entries[f"z{number % 50}"] = kind(1)
        entries.pop(f"z{number * 7 % 50}", None)
        if len(values) > 1200:
            del values[:200]

    errors = done = 0
    with changing(change):
        end = time.monotonic() + 1.5
        while time.monotonic() < end:
            for schema, value in ((array, values), (map_, entries)):
                try:
                    data = schema.to_avro(value)
                except EncodeError as error:
                    errors += 1
                    assert "was changed while it was encoded" in str(error)
                else:
                    done += 1
                    schema.from_avro(data)  # raises no DecodeError
    assert errors + done > 10
