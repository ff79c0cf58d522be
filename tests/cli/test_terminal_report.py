"""Diagnostics on terminals: colour, and lines of the source with a caret."""

from __future__ import annotations

import os
import pty
import re
import subprocess
import sys
import unicodedata
from pathlib import Path

import pytest

from avrogen.avro.diagnostics import Code, diagnostic
from avrogen.avro.source import Location
from avrogen.cli.terminal_report import Terminal, excerpt, terminal_of, terminal_report
from tests.conftest import ROOT, write_schemas

SCHEMA = """\
{"type": "record", "name": "Order", "fields": [
\t{"name": "id", "doc": "日本 e\u0301", "type": "strin"}
]}
"""
PLAIN = """\
s/order.avsc:2:41: error[AVR203] unknown type "strin" in field Order.id
  hint: did you mean string?
"""
WITH_LINES = """\
s/order.avsc:2:41: error[AVR203] unknown type "strin" in field Order.id
        {"name": "id", "doc": "日本 e\u0301", "type": "strin"}
                                                ^
  hint: did you mean string?
for details: avrogen explain AVR203
"""
COLOUR = re.compile(r"\x1b\[[0-9]*m")
VARIABLES = ("NO_COLOR", "FORCE_COLOR", "CI", "TERM", "COLUMNS")


@pytest.fixture
def here(tmp_path: Path) -> Path:
    write_schemas(tmp_path, {"s/order.avsc": SCHEMA})
    return tmp_path


def run(here: Path, *arguments: str, is_terminal: bool = True, **variables: str) -> str:
    """What a command writes to stderr: a pseudo-terminal, or a pipe."""
    environment = {key: value for key, value in os.environ.items() if key not in VARIABLES}
    environment |= {"PYTHONPATH": str(ROOT), "PYTHONUTF8": "1", "TERM": "xterm", **variables}
    reader, writer = pty.openpty() if is_terminal else os.pipe()
    command = [sys.executable, "-m", "avrogen", *arguments]
    with subprocess.Popen(
        command, cwd=here, env=environment, stdout=subprocess.DEVNULL, stderr=writer
    ):
        os.close(writer)
        data = b""
        while part := _read(reader):
            data += part
    os.close(reader)
    return data.decode("utf-8").replace("\r\n", "\n")


def _read(file: int) -> bytes:
    try:
        return os.read(file, 65536)
    except OSError:  # the other end of the terminal is closed
        return b""


@pytest.mark.parametrize(
    ("is_terminal", "variables", "text", "has_colour"),
    [
        (True, {}, WITH_LINES, True),
        (True, {"NO_COLOR": "1"}, WITH_LINES, False),
        (True, {"NO_COLOR": ""}, WITH_LINES, True),
        (True, {"TERM": "dumb"}, WITH_LINES, False),
        (True, {"CI": "true"}, f"{PLAIN}for details: avrogen explain AVR203\n", False),
        (True, {"CI": "true", "FORCE_COLOR": "1"}, WITH_LINES, True),
        (True, {"FORCE_COLOR": "0"}, WITH_LINES, False),
        (True, {"FORCE_COLOR": "1", "NO_COLOR": "1"}, WITH_LINES, False),
        (False, {}, PLAIN, False),
        (False, {"FORCE_COLOR": "0"}, PLAIN, False),
        (False, {"FORCE_COLOR": "1"}, WITH_LINES.partition("for details")[0], True),
    ],
)
def test_terminals_and_pipes(
    here: Path, is_terminal: bool, variables: dict[str, str], text: str, has_colour: bool
) -> None:
    shown = run(here, "build", "s", "-o", "x", is_terminal=is_terminal, **variables)
    assert COLOUR.sub("", shown) == text
    assert bool(COLOUR.search(shown)) == has_colour


@pytest.mark.parametrize(
    "command", ["lint s", "docs s -o x", "check s --against s", "registry status s --url http://x"]
)
def test_all_commands(here: Path, command: str) -> None:
    shown = COLOUR.sub("", run(here, *command.split()))
    assert WITH_LINES.partition("for details")[0] in shown


def test_other_formats_have_no_colour(here: Path) -> None:
    for style in ("json", "github", "sarif", "junit", "gitlab"):
        shown = run(here, "build", "s", "-o", "x", "--format", style)
        assert "AVR203" in shown and not COLOUR.search(shown) and "^\n" not in shown


def test_severities_have_colours() -> None:
    codes = (Code.UNKNOWN_TYPE, Code.UNKNOWN_LOGICAL_TYPE)
    red, yellow = (
        terminal_report([diagnostic(code, Location("a"), "m")], Terminal(80, True))
        for code in codes
    )
    assert "\x1b[31m" in red and "\x1b[33m" in yellow


def test_a_job_is_no_terminal() -> None:
    assert terminal_of({"CI": "1"}, is_terminal=True) is None
    assert terminal_of({"CI": ""}, is_terminal=True) is not None


# --- one line -------------------------------------------------------------------------------------


def cells(text: str) -> int:
    """The width of a text, without characters whose width terminals do not agree about."""
    widths = {"W": 2, "F": 2}
    return sum(
        0 if unicodedata.combining(c) else widths.get(unicodedata.east_asian_width(c), 1)
        for c in text
    )


@pytest.mark.parametrize(
    ("line", "column", "shown", "caret"),
    [
        ('{"a": x}', 7, '{"a": x}', 6),
        ("\tx", 2, "    x", 4),
        ("ab\tx", 4, "ab  x", 4),
        ("日本x", 3, "日本x", 4),
        ("e\u0301e\u0301x", 5, "e\u0301e\u0301x", 2),
        ("e\u0301", 2, "e\u0301", 0),
        ("한x", 2, "한x", 2),
        ("😀x", 2, "😀x", 2),
        ("\x1b[2Jx", 5, r"\x1b[2Jx", 7),
        ("\u202ex", 2, r"\u202ex", 6),
        ("\ufeff{", 2, "{", 0),
        ("abc", 9, "abc", 3),
        ("abc", 4, "abc", 3),
        ("x" * 21, 1, "x" * 19 + "…", 0),
        ("x" * 30, 30, "…" + "x" * 19, 19),
    ],
)
def test_lines(line: str, column: int, shown: str, caret: int) -> None:
    assert excerpt(line, column, 20) == (shown, caret)


@pytest.mark.parametrize("filling", ["x", "日", "e\u0301", "\t", "\x1b", "x日e\u0301\t"])
@pytest.mark.parametrize("length", [0, 1, 7, 39, 40, 41, 80, 1000, 100_000])
def test_long_lines_are_cut_around_the_column(filling: str, length: int) -> None:
    side = (filling * length)[:length]
    for before, after in ((side, ""), ("", side), (side, side)):
        shown, caret = excerpt(f"{before}^{after}", len(before) + 1, 40)
        assert shown.isprintable()
        assert cells(shown) <= 40
        assert shown.count("^") == 1
        assert cells(shown.partition("^")[0]) == caret
        if cells(before.expandtabs(4)) > 60:
            assert shown.startswith("…")


def test_places_without_a_line(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "empty").write_text("")
    (tmp_path / "command").write_text("::error::x\n##[error]x\n")
    (tmp_path / "binary").write_bytes(b"\xff\n")
    for place in (Location("missing"), Location("empty"), Location("empty", 9, 9), Location(".")):
        found = diagnostic(Code.UNKNOWN_TYPE, place, "unknown")
        assert terminal_report([found], Terminal(80, False)) == str(found)
    for line in (1, 2):
        found = diagnostic(Code.UNKNOWN_TYPE, Location("command", line), "unknown")
        assert terminal_report([found], Terminal(80, False)) == str(found)
    found = diagnostic(Code.INVALID_UTF8, Location("binary"), "no UTF-8")
    assert terminal_report([found], Terminal(80, False)).splitlines()[1:] == ["    \ufffd", "    ^"]
