"""Text of others in messages and logs."""

from __future__ import annotations

import asyncio

import pytest

from avrogen.message_text import exception_text, printable


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


def test_an_exception_may_raise_anything_instead_of_a_text() -> None:
    """Nothing may mistake asyncio's CancelledError from there for its own end."""

    class Mute(Exception):
        def __str__(self) -> str:
            raise asyncio.CancelledError

    assert exception_text(Mute()).endswith("Mute failed>")
