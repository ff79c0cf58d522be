"""Layout of code in lines, as black lays it out.

The templates write black's own form as long as lines are short enough. What gets long in ordinary
packages is laid out here: imports, lists of names, unions and type mappings. :func:`is_laid_out`
tells which text is left for black to break into lines, such as a field with a long default. black
is slow, and for a long list more than in proportion, so most text does not go through it.
"""

from __future__ import annotations

import unicodedata
from collections.abc import Iterator, Mapping, Sequence
from typing import Final

from avrogen.compiler.expressions import ImportStatement

__all__ = [
    "LINE_LENGTH",
    "import_lines",
    "is_laid_out",
    "list_lines",
    "mapping_lines",
    "union_lines",
]

LINE_LENGTH: Final = 88
"""Columns of a line, black's default."""

_STRING: Final = '"""'
"""Begins and ends docstrings and embedded schemas; their text does not contain it."""

_SCHEMA: Final = f"r{_STRING}"
"""Begins an embedded schema, at the end of a line."""


def import_lines(statement: ImportStatement, indent: str) -> str:
    """Return an import: on one line if there is room, otherwise with a line for each name."""
    line = f"{indent}from {statement.module} import {', '.join(statement.names)}"
    if _fits(line):
        return line
    opening = f"{indent}from {statement.module} import ("
    return "\n".join((opening, *(f"{indent}    {name}," for name in statement.names), f"{indent})"))


def list_lines(before: str, items: Sequence[str], after: str, indent: str) -> str:
    """Return a list: on one line if there is room, otherwise with a line for each item.

    Args:
        before: code on the line of the opening bracket, without indentation.
        items: code of the items.
        after: code on the line of the closing bracket.
        indent: indentation of the first line and of the last.
    """
    line = f"{indent}{before}[{', '.join(items)}]{after}"
    if _fits(line):
        return line
    opening = f"{indent}{before}["
    return "\n".join((opening, *(f"{indent}    {item}," for item in items), f"{indent}]{after}"))


def mapping_lines(name: str, entries: Mapping[str, Sequence[str]], indent: str) -> str:
    """Return a call with a dict, which has a line for each entry and for each argument in it.

    The comma behind each of them keeps black from joining the lines.

    Args:
        name: code of what is called.
        entries: by the code of the key, that of a literal, or of what is called and its arguments.
        indent: indentation of the line that the call begins on.
    """
    inner = [line for key, entry in entries.items() for line in _entry_lines(key, entry)]
    lines = ("    {", *(f"        {line}" for line in inner), "    }", ")")
    return "\n".join((f"{name}(", *(f"{indent}{line}" for line in lines)))


def _entry_lines(key: str, entry: Sequence[str]) -> Iterator[str]:
    value, *arguments = entry
    if not arguments:
        yield f"{key}: {value},"
        return
    yield f"{key}: {value}("
    yield from (f"    {argument}," for argument in arguments)
    yield "),"


def union_lines(before: str, union: str, after: str, indent: str) -> str:
    """Return a statement with a union: on one line if there is room, otherwise in parentheses.

    Only a union of names is laid out. With brackets in it, it stays on one line.

    Args:
        before: code before the union, without indentation.
        union: branches, joined with ``|``.
        after: code after it, without brackets.
        indent: indentation of the statement.
    """
    line = f"{indent}{before}{union}{after}"
    if _fits(line) or "[" in union or "|" not in union:
        return line
    start, equals, default = after.partition(" = ")
    if equals and not start and _fits(f"{indent}{before}{union} = ("):
        return f"{indent}{before}{union} = (\n{indent}    {default}\n{indent})"
    body = f"{indent}    {union}"
    if not _fits(body):
        body = body.replace(" | ", f"\n{indent}    | ")
    return f"{indent}{before}(\n{body}\n{indent}){after}"


def is_laid_out(code: str) -> bool:
    """Return True if black would not break a line of code: all are short enough.

    Lines of docstrings and of embedded schemas may have any length.
    """
    inside = False
    for line in code.split("\n"):
        is_code = not inside and not line.lstrip().startswith(_STRING)
        if is_code and not _is_laid_out_line(line):
            return False
        inside ^= line.count(_STRING) % 2 == 1
    return True


def _is_laid_out_line(line: str) -> bool:
    # Marks elsewhere than at the end are text of a literal in other quotes: black knows them apart.
    return _fits(line) and (_STRING not in line or line.endswith(_SCHEMA))


def _fits(line: str) -> bool:
    """Return True if a line has room; wide characters take two columns, as for black."""
    if len(line) * 2 <= LINE_LENGTH or line.isascii():
        return len(line) <= LINE_LENGTH
    return sum(2 if unicodedata.east_asian_width(c) in "WF" else 1 for c in line) <= LINE_LENGTH
