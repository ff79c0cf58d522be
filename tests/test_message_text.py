"""Text of others in messages and logs."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from traceback import extract_tb
from typing import Any

import pytest

from avrogen.message_text import exception_traceback, foreign_traceback, printable


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("", ""),
        ("Zürich, 東京", "Zürich, 東京"),
        ("two\nlines\tand\0more", r"two\nlines\tand\x00more"),
        ("\x1b[31mred", r"\x1b[31mred"),
        ("abc\u202ecba", r"abc\u202ecba"),
        ("half a \ud83d", r"half a \ud83d"),
        ("a \\n that is text", "a \\n that is text"),
    ],
)
def test_what_terminals_act_upon_is_escaped(text: str, shown: str) -> None:
    assert printable(text) == shown
    assert printable(text).isprintable()


# --- tracebacks -----------------------------------------------------------------------------------

OWN: dict[str, Any] = {"__name__": "avrogen.some.module"}
exec("def call(function): function()\n\ndef fail(): raise ValueError('own')", OWN)


def calls(function: Callable[[], object]) -> tuple[list[str], list[str]]:
    """Names of the functions in the traceback of a failure: those that are left, and all."""
    with pytest.raises((ValueError, KeyError)) as caught:
        function()
    error = caught.value.with_traceback(caught.tb.tb_next)
    left = [frame.name for frame in extract_tb(foreign_traceback(error))]
    assert exception_traceback(error).count("  File ") == len(left)
    return left, [frame.name for frame in extract_tb(error.__traceback__)]


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
