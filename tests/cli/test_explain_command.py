"""``avrogen explain``: the page of the documentation, code by code."""

from __future__ import annotations

import re

import pytest

from avrogen.avro.diagnostics import Code
from tests.conftest import ROOT, run_avrogen

PAGE = (ROOT / "docs/diagnostics.md").read_text("utf-8")
CODES = sorted(code.id for code in Code)


def test_all_codes() -> None:
    lines = run_avrogen("explain").stdout.splitlines()
    assert lines == sorted(f"{code.id}  {code.title}" for code in Code)


@pytest.mark.parametrize("code", CODES)
def test_nothing_of_an_entry_is_lost(code: str) -> None:
    """All words of it are there, without the marks of Markdown."""
    result = run_avrogen("explain", code)
    assert result.exit_code == 0
    entry = re.split(r"^##", PAGE.partition(f"### {code} ")[2], maxsplit=1, flags=re.MULTILINE)[0]
    words = re.sub(r"```\w*|\[(.*?)\]\(.*?\)", r"\1", entry).split()
    shown = result.stdout.split()
    assert shown[0] == code
    assert "```" not in result.stdout and "](" not in result.stdout
    title = entry.split("\n")[0].split()
    start = 1 + len(title) + 1
    assert shown[1 : 1 + len(title)] == title
    assert shown[start : start + len(words) - len(title)] == words[len(title) :]


def test_how_it_looks(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("COLUMNS", "60")
    assert run_avrogen("explain", "AVR602").stdout.splitlines() == [
        "AVR602 unknown key",
        "==================",
        "",
        "avrogen does not know the key. If there is a similar one,",
        "the hint names it.",
        "",
        "Bad:",
        "",
        "    stict = true",
        "",
        "Good:",
        "",
        "    strict = true",
        "",
        "The examples use these schemas: a record `shop.Order` with",
        "the fields `id` (string) and `total` (double), and a record",
        "`shop.Refund` with the field `id` (string).",
    ]


@pytest.mark.parametrize("said", ["AVR203", "avr203", "203"])
def test_ways_to_say_a_code(said: str) -> None:
    assert run_avrogen("explain", said).stdout.startswith("AVR203 unknown type\n")


@pytest.mark.parametrize(
    ("said", "answer"),
    [
        ("AVR2003", "Unknown code 'AVR2003'. Did you mean AVR203"),
        ("unknown", "Unknown code 'unknown'. List all codes: avrogen explain"),
    ],
)
def test_codes_that_are_not_there(said: str, answer: str) -> None:
    result = run_avrogen("explain", said)
    assert result.exit_code == 2
    assert answer in result.stderr
