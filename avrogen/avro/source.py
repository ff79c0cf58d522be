"""Schema text: files, places in them, and comments.

Lines and columns are computed only when a diagnostic needs them, so that schemas without problems
pay nothing for them. Comments, which JSON lacks and Avro Java accepts, are replaced with spaces.
"""

from __future__ import annotations

import bisect
import json
import re
from dataclasses import dataclass
from functools import lru_cache
from typing import NamedTuple, TypeAlias

__all__ = ["Location", "Origin", "Pointer", "Source", "at_offset", "blank_comments", "locate"]

Pointer: TypeAlias = tuple[str | int, ...]
"""Path from the top of a JSON text to one of its values: keys and indexes."""


@dataclass(frozen=True, slots=True, order=True)
class Location:
    """A place in a file as editors show it: lines and columns from 1, columns in characters."""

    path: str
    line: int = 1
    column: int = 1

    def __str__(self) -> str:
        return f"{self.path}:{self.line}:{self.column}"


@dataclass(frozen=True, slots=True)
class Source:
    """One schema file.

    Attributes:
        path: path to show, with ``/`` between parts.
        text: content.
        name: path below the schema folder, which does not depend on the working directory.
    """

    path: str
    text: str
    name: str = ""


@dataclass(frozen=True, slots=True, eq=False)
class Origin:
    """The JSON value in a source that a part of a schema was read from.

    Attributes:
        source: the source.
        steps: path to the value from another around it.
        around: that other value, as paths of values that are nested deeply are long; None: the top.
    """

    source: Source
    steps: Pointer = ()
    around: Origin | None = None

    @property
    def pointer(self) -> Pointer:
        """Path from the top of the source."""
        steps: list[str | int] = []
        part: Origin | None = self
        while part is not None:
            steps.extend(reversed(part.steps))
            part = part.around
        return tuple(reversed(steps))

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, Origin):
            return NotImplemented
        return self.source == other.source and self.pointer == other.pointer

    def __hash__(self) -> int:
        return hash((self.source, self.pointer))

    def __repr__(self) -> str:
        return f"Origin({self.source.path!r}, {self.pointer!r})"

    def __truediv__(self, step: str | int) -> Origin:
        """Return the origin of a member or an item of this value."""
        return self.at(step)

    def at(self, *steps: str | int) -> Origin:
        """Return the origin of a value inside this one."""
        return Origin(self.source, steps, self)


# Strings and comments that are not closed end with the text: no search starts again inside of one.
_STRING = r'"[^"\\]*+(?:\\.?[^"\\]*+)*+"?'

_TOKEN = re.compile(rf'{_STRING}|[\[\]{{}},:]|[^\s\[\]{{}},:"]+', re.DOTALL)


class _Place(NamedTuple):
    """Offsets of a value and of the key before it, and the places of the values in it."""

    value: int
    key: int
    inner: dict[str | int, _Place]


_NOTHING: dict[str | int, _Place] = {}


def at_offset(source: Source, offset: int) -> Location:
    """Return the place of a character, counted from 0."""
    starts = _line_starts(source.text)
    line = bisect.bisect_right(starts, offset)
    return Location(source.path, line, offset - starts[line - 1] + 1)


def locate(origin: Origin, *, key: bool = False) -> Location:
    """Return the place of a value or its key; of a missing value, that of the nearest around it.

    Args:
        origin: a value of valid JSON, with or without comments.
        key: find the key of the last step instead.
    """
    source = origin.source
    place = _index(source.text)
    for step in origin.pointer:
        inner = place.inner.get(step)
        if inner is None:
            return at_offset(source, place.value)
        place = inner
    return at_offset(source, place.key if key else place.value)


# A file with one problem may have thousands, so the last results are kept.
@lru_cache(maxsize=8)
def _index(text: str) -> _Place:
    """Return the place of the value of a document, with all inside, in one pass over its tokens."""
    root = _Place(0, 0, {})
    around: list[_Place] = []
    steps: list[str | int] = []
    key_offset = -1
    tokens = list(_TOKEN.finditer(blank_comments(text)))
    for number, match in enumerate(tokens):
        token = match[0]
        if token in "]}":
            around.pop()
            steps.pop()
        elif token == ",":
            step = steps[-1]
            steps[-1] = step + 1 if isinstance(step, int) else ""
        elif token == ":":
            continue
        elif around and isinstance(steps[-1], str) and _is_key(tokens, number):
            steps[-1] = str(json.loads(token, strict=False))
            key_offset = match.start()
        else:
            key = key_offset if around and isinstance(steps[-1], str) else match.start()
            place = _Place(match.start(), key, {} if token in "[{" else _NOTHING)
            if around:
                around[-1].inner[steps[-1]] = place
            else:
                root = place
            if token in "[{":
                around.append(place)
                steps.append(0 if token == "[" else "")
    return root


def _is_key(tokens: list[re.Match[str]], number: int) -> bool:
    return number + 1 < len(tokens) and tokens[number + 1][0] == ":"


@lru_cache(maxsize=8)
def _line_starts(text: str) -> list[int]:
    return [0, *(match.end() for match in re.finditer("\n", text))]


_STRING_OR_COMMENT = re.compile(
    rf"{_STRING}|//[^\n]*|/\*[^*]*+(?:\*(?!/)[^*]*+)*+(?:\*/)?", re.DOTALL
)


def blank_comments(text: str) -> str:
    """Replace ``//`` and ``/* */`` comments with spaces; offsets stay the same."""
    if "/" not in text:
        return text
    return _STRING_OR_COMMENT.sub(_blank, text)


def _blank(match: re.Match[str]) -> str:
    token = match[0]
    is_open = token.startswith("/*") and not token.endswith("*/", 2)
    return token if token[0] == '"' or is_open else re.sub(r"[^\n]", " ", token)
