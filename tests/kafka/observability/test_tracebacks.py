"""Tracebacks are those of Python, from the first call that is not avrogen's, and cost little."""

from __future__ import annotations

import logging
import traceback
from collections.abc import Callable
from functools import partial
from io import StringIO
from typing import Any
from unittest.mock import patch

import pytest

from avrogen.kafka.observability import tracebacks
from avrogen.kafka.observability.logs import LOGGER, log_event
from avrogen.kafka.observability.tracebacks import exception_traceback, foreign_traceback

OWN: dict[str, Any] = {"__name__": "avrogen.some.module"}
exec("def call(function): function()\n\ndef fail(): raise ValueError('own')", OWN)


def failure(function: Callable[[], object]) -> BaseException:
    """The exception that a function raises, without the call in this test."""
    with pytest.raises(BaseException) as caught:
        function()
    return caught.value.with_traceback(caught.tb.tb_next)


def calls(function: Callable[[], object]) -> tuple[list[str], list[str]]:
    """Names of the functions in the traceback of a failure: those that are left, and all."""
    error = failure(function)
    left = [frame.name for frame in traceback.extract_tb(foreign_traceback(error))]
    assert exception_traceback(error).count("  File ") == len(left)
    return left, [frame.name for frame in traceback.extract_tb(error.__traceback__)]


def test_a_traceback_begins_at_foreign_code() -> None:
    def handle() -> None:
        raise KeyError

    def handle_with_avrogen() -> None:
        OWN["fail"]()

    def call(function: Callable[[], object]) -> Callable[[], object]:
        return partial(OWN["call"], function)

    assert calls(call(handle)) == (["handle"], ["call", "handle"])
    left = ["handle_with_avrogen", "fail"]
    assert calls(call(handle_with_avrogen)) == (left, ["call", *left])
    assert calls(call(OWN["fail"])) == (["call", "fail"], ["call", "fail"])
    assert foreign_traceback(ValueError("never raised")) is None
    assert exception_traceback(ValueError("never raised")) == "ValueError: never raised\n"


# --- what Python prints ---------------------------------------------------------------------------


class Mute(Exception):
    def __str__(self) -> str:
        raise RuntimeError


def plain() -> None:
    int("x")


def without_text() -> None:
    raise ValueError


def of_a_module() -> None:
    raise Mute


def with_a_cause() -> None:
    try:
        plain()
    except ValueError as error:
        raise KeyError("k") from error


def with_a_context() -> None:
    try:
        with_a_cause()
    finally:
        without_text()


def without_its_context() -> None:
    try:
        plain()
    except ValueError:
        raise LookupError("two\nlines") from None


def recursive(depth: int = 30) -> None:
    if depth:
        recursive(depth - 1)
    plain()


def almost_recursive() -> None:
    recursive(3)


def with_notes() -> None:
    error = ValueError("noted")
    error.add_note("one\ntwo")
    raise error


def in_a_group() -> None:
    try:
        plain()
    except ValueError as error:
        raise ExceptionGroup("several", [error, KeyError("k")]) from error


def of_syntax() -> None:
    compile("a b", "text", "exec")


def of_an_attribute() -> None:
    "text".stripp  # type: ignore[attr-defined] # noqa: B018 # pyright: ignore


def in_a_circle() -> None:
    first, second = ValueError("first"), KeyError("second")
    first.__context__, second.__context__ = second, first
    raise first


FAILURES = [
    plain,
    without_text,
    of_a_module,
    with_a_cause,
    with_a_context,
    without_its_context,
    recursive,
    almost_recursive,
    with_notes,
    in_a_group,
    of_syntax,
    of_an_attribute,
    in_a_circle,
]


@pytest.mark.parametrize("function", FAILURES)
def test_the_text_is_that_of_python(function: Callable[[], object]) -> None:
    for _ in range(2):  # the second time, places are remembered
        error = failure(function)
        assert exception_traceback(error) == "".join(traceback.format_exception(error))


def test_places_are_formatted_once() -> None:
    first = exception_traceback(failure(plain))
    with patch.object(traceback, "format_tb", side_effect=AssertionError):
        assert exception_traceback(failure(plain)) == first


def test_few_places_are_remembered() -> None:
    for number in range(tracebacks._MOST + 10):  # pyright: ignore[reportPrivateUsage]
        names: dict[str, Any] = {}
        exec(f"\n\ndef fail(): raise ValueError({number})", names)
        error = failure(names["fail"])
        assert f"ValueError: {number}\n" in exception_traceback(error)
    places = tracebacks._places  # pyright: ignore[reportPrivateUsage]
    assert 0 < len(places) <= tracebacks._MOST  # pyright: ignore[reportPrivateUsage]


def test_an_exception_may_refuse_everything() -> None:
    class Rude(Exception):
        def __getattribute__(self, name: str) -> object:
            raise RuntimeError

    assert exception_traceback(Rude()).startswith("<formatting ")
    assert "<exception str() failed>" in exception_traceback(failure(of_a_module))


# --- in logs --------------------------------------------------------------------------------------


def test_formatters_print_the_traceback() -> None:
    """With the text that is there, or with one that is made for it."""
    output = StringIO()
    handlers = [logging.StreamHandler(output), logging.StreamHandler(output)]
    error = failure(with_a_cause)
    for handler in handlers:
        LOGGER.addHandler(handler)
    try:
        log_event(logging.ERROR, "some.event", error=error, number=1)
        log_event(logging.ERROR, "other.event", error=error, traceback="as it is\n")
    finally:
        for handler in handlers:
            LOGGER.removeHandler(handler)
    text = "some.event number=1\n" + "".join(traceback.format_exception(error))
    assert output.getvalue() == 2 * text + 2 * "other.event\nas it is\n"


def test_a_record_has_the_exception_and_its_place(caplog: pytest.LogCaptureFixture) -> None:
    error = failure(plain)
    log_event(logging.ERROR, "some.event", error=error, number=1)
    (record,) = caplog.records
    assert record.exc_info is not None
    assert record.exc_info[:2] == (ValueError, error)
    assert (record.name, record.funcName) == ("avrogen.kafka", "log_event")
    assert record.getMessage() == "some.event number=1"
    fields = record.__dict__
    assert (fields["event"], fields["number"]) == ("some.event", 1)
