"""Diagnostics on a terminal: colour, and the line of the source with a caret below the place.

A report that is no terminal's is that of :mod:`avrogen.avro.reports`, without either. Environment
variables: ``NO_COLOR`` (no-color.org), ``FORCE_COLOR`` (force-color.org), ``CI`` and ``TERM``.
"""

from __future__ import annotations

import os
import shutil
import sys
import unicodedata
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Final

import click

from avrogen.avro.diagnostics import Diagnostic, Severity
from avrogen.avro.source import Location
from avrogen.message_text import printable, printable_lines
from avrogen.regular_files import read_file

__all__ = ["Terminal", "excerpt", "stderr_terminal", "terminal_of", "terminal_report"]

_INDENT: Final = "    "
_TAB: Final = 4
"""Cells between the tab stops of a shown line."""

_CUT: Final = "…"


@dataclass(frozen=True, slots=True)
class Terminal:
    """A terminal, or what is to be treated as one.

    Attributes:
        columns: width in cells.
        has_colour: escape sequences for colour (SGR) are allowed.
    """

    columns: int
    has_colour: bool


def terminal_of(environment: Mapping[str, str], *, is_terminal: bool) -> Terminal | None:
    """Return the terminal that stderr is; None for a file, a pipe or the log of a CI job.

    Args:
        environment: environment variables.
        is_terminal: stderr is a terminal.
    """
    is_forced = environment.get("FORCE_COLOR", "") not in ("", "0", "false")
    is_log = environment.get("CI", "") not in ("", "0", "false")
    if not is_forced and (not is_terminal or is_log):
        return None
    is_plain = environment.get("NO_COLOR", "") != "" or environment.get("FORCE_COLOR") == "0"
    is_dumb = environment.get("TERM") == "dumb" and not is_forced
    columns = shutil.get_terminal_size().columns
    return Terminal(max(columns, 20), not is_plain and not is_dumb)


def stderr_terminal() -> Terminal | None:
    """Return the terminal of this process; see :func:`terminal_of`."""
    return terminal_of(os.environ, is_terminal=sys.stderr.isatty())


def terminal_report(diagnostics: Iterable[Diagnostic], terminal: Terminal) -> str:
    """Return the lines of diagnostics, with colour if the terminal has it.

    Texts of schemas and paths in it are printable; escape sequences are avrogen's own.
    """
    _file_lines.cache_clear()  # Files change between the builds of --watch.
    return "\n".join(line for each in diagnostics for line in _lines(each, terminal))


def _lines(found: Diagnostic, terminal: Terminal) -> Iterator[str]:
    head, *rest = printable_lines(str(found)).split("\n")
    colour = "red" if found.severity is Severity.ERROR else "yellow"
    place = printable(str(found.location))
    tag = f"{found.severity}[{found.code.id}]"
    if terminal.has_colour and head.startswith(f"{place}: {tag} "):
        message = head.removeprefix(f"{place}: {tag} ")
        head = " ".join(
            (
                f"{click.style(place, bold=True)}:",
                click.style(tag, fg=colour, bold=True),
                click.style(message, bold=True),
            )
        )
    yield head
    yield from _source_lines(found.location, terminal, colour)
    for line in rest:
        label, colon, text = line.partition(":")
        yield f"{click.style(label, fg='cyan')}{colon}{text}" if terminal.has_colour else line


def _source_lines(location: Location, terminal: Terminal, colour: str) -> Iterator[str]:
    """Yield the line of a place and the caret below it; nothing if there is no such line."""
    lines = _file_lines(location.path)
    if not 0 < location.line <= len(lines):
        return
    line = lines[location.line - 1]
    if not line.strip():
        return
    shown, before = excerpt(line, location.column, terminal.columns - len(_INDENT) - 1)
    if printable_lines(shown) != shown:  # commands for a CI job
        return
    caret = click.style("^", fg=colour, bold=True) if terminal.has_colour else "^"
    yield f"{_INDENT}{shown}"
    yield f"{_INDENT}{' ' * before}{caret}"


@lru_cache(maxsize=8)
def _file_lines(path: str) -> Sequence[str]:
    """Return the lines of a file; none if it cannot be read, such as a file of a commit."""
    try:
        text = read_file(Path(path)).decode("utf-8", "replace")
    except (OSError, ValueError):
        return ()
    return [line.removesuffix("\r") for line in text.split("\n")]


# --- one line -------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class _Cell:
    """A character as a terminal shows it.

    Attributes:
        text: the character, or what is shown in its place.
        width: cells; 0 for one that is combined with that before.
    """

    text: str
    width: int


def excerpt(line: str, column: int, width: int) -> tuple[str, int]:
    """Return a line as a terminal shows it, cut around a column if it is too long.

    Args:
        line: the line.
        column: a column, in characters from 1; it may be behind the end of the line.
        width: cells that there are, at least some ten.

    Returns:
        The printable text, and the cells of it before the column.
    """
    offset = min(column - 1, len(line))
    most = 4 * width  # Characters without a width of their own are few.
    start = max(0, offset - most)
    before = list(_cells(line[start:offset], 0, is_start=start == 0))
    place = sum(cell.width for cell in before)
    after = list(_cells(line[offset : offset + most], place, is_start=offset == 0))
    rest = sum(cell.width for cell in after)
    is_cut_before, is_cut_after = start > 0, offset + most < len(line)
    if place + rest > width or is_cut_before or is_cut_after:
        room = min(place, max(width // 2, width - rest))
        if is_cut_before or place > room:
            before = _last(before, room - len(_CUT))
            before = [_Cell(_CUT, 1), *before]
        kept = sum(cell.width for cell in before)
        if is_cut_after or rest > width - kept:
            after = [*_first(after, width - kept - len(_CUT)), _Cell(_CUT, 1)]
    shown = "".join(cell.text for cell in (*before, *after))
    caret = sum(cell.width for cell in before)
    if before and after and not after[0].width:
        caret -= next((cell.width for cell in reversed(before) if cell.width), 0)
    return shown.rstrip(), caret


def _cells(text: str, at: int, *, is_start: bool) -> Iterator[_Cell]:
    """Yield the characters of a text.

    Args:
        text: a part of a line.
        at: cells before it.
        is_start: it is the start of the line.
    """
    for index, character in enumerate(text):
        if character == "\t":
            cell = _Cell(" " * (_TAB - at % _TAB), _TAB - at % _TAB)
        elif character == "\ufeff" and is_start and not index:
            cell = _Cell("", 0)  # a byte order mark
        elif not character.isprintable():
            escape = printable(character)
            cell = _Cell(escape, len(escape))
        else:
            cell = _Cell(character, _width(character))
        at += cell.width
        yield cell


def _width(character: str) -> int:
    """Return the cells of a printable character (Unicode Standard Annex 11)."""
    if unicodedata.category(character) in ("Mn", "Me") or "\u1160" <= character <= "\u11ff":
        return 0
    return 2 if unicodedata.east_asian_width(character) in "WF" else 1


def _last(cells: Sequence[_Cell], width: int) -> list[_Cell]:
    """Return the last characters that fit, the first of them with a width of its own."""
    start, left = len(cells), width
    while start and cells[start - 1].width <= left:
        start -= 1
        left -= cells[start].width
    while start < len(cells) and not cells[start].width:
        start += 1
    return list(cells[start:])


def _first(cells: Sequence[_Cell], width: int) -> list[_Cell]:
    """Return the first characters that fit."""
    end, left = 0, width
    while end < len(cells) and cells[end].width <= left:
        left -= cells[end].width
        end += 1
    return list(cells[:end])
