"""Text of others in messages and logs."""

from __future__ import annotations

import pytest

from avrogen.message_text import printable


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
