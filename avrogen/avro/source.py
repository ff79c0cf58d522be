"""Schema text: files, places in them, and comments.

Lines and columns are computed only when a diagnostic needs them, so that schemas without problems
pay nothing for them. Comments, which JSON lacks and Avro Java accepts, are replaced with spaces.
"""

from __future__ import annotations

import bisect
import json
import re
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from functools import lru_cache
from typing import NamedTuple, TypeAlias

__all__ = [
    "IDL_SUFFIX",
    "PROTOCOL_SUFFIX",
    "SCHEMA_SUFFIX",
    "JsonSpan",
    "Location",
    "Origin",
    "Place",
    "Pointer",
    "Source",
    "at_offset",
    "blank_comments",
    "find_places_by",
    "locate",
    "offset_of",
    "span_of",
]

SCHEMA_SUFFIX = ".avsc"
IDL_SUFFIX = ".avdl"
PROTOCOL_SUFFIX = ".avpr"

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

    @property
    def is_idl(self) -> bool:
        """Tell if the text is Avro IDL, and no JSON."""
        return self.path.endswith(IDL_SUFFIX)

    @property
    def is_protocol(self) -> bool:
        """Tell if the text is the JSON of a protocol, and no schema."""
        return self.path.endswith(PROTOCOL_SUFFIX)


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


class Place(NamedTuple):
    """The place of a value in a text.

    Attributes:
        value: offset of the value, in characters from 0.
        key: offset of the key before it.
        inner: places of the values in it, by key or index.
    """

    value: int
    key: int
    inner: dict[str | int, Place]


_NOTHING: dict[str | int, Place] = {}


_PLACES: dict[str, Callable[[str], Place]] = {}
"""Functions that find the places of the values in texts that are no JSON, by suffix."""


def find_places_by(suffix: str, places: Callable[[str], Place]) -> None:
    """Set the function that finds the places of the values in files with a suffix.

    Args:
        suffix: end of the names of the files.
        places: function of a valid text.
    """
    _PLACES[suffix] = places


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
    places = next((_PLACES[end] for end in _PLACES if source.path.endswith(end)), None)
    if places is not None:
        place = _found(places(source.text), origin.pointer, nearest=True)
    else:
        place = _locator(source.text).find(origin.pointer, nearest=True)
    assert place is not None, "the top of a document is around all of it"
    return at_offset(source, place.key if key else place.value)


class JsonSpan(NamedTuple):
    """The offsets of a value in its source, counted from 0.

    Attributes:
        key: start of the key before the value, or of the value if it has none.
        start: start of the value.
        end: end of the value, behind its last character.
    """

    key: int
    start: int
    end: int


def span_of(origin: Origin) -> JsonSpan | None:
    """Return the offsets of a value of valid JSON; None if the source does not have it.

    It has none if it is no JSON.
    """
    if origin.source.is_idl:
        return None
    place = _locator(origin.source.text).find(origin.pointer, nearest=False)
    if place is None:
        return None
    return JsonSpan(place.key, place.value, _end_of_value(origin.source.text, place.value))


def offset_of(text: str, location: Location) -> int:
    """Return the offset of a place in the text of its file; the reverse of :func:`at_offset`."""
    starts = _line_starts(text)
    line = min(location.line, len(starts))
    return starts[line - 1] + location.column - 1


def _end_of_value(text: str, start: int) -> int:
    blanked = blank_comments(text)
    with suppress(ValueError, RecursionError):
        return int(_decoder.raw_decode(blanked, start)[1])
    depth = 0
    for match in _TOKEN.finditer(blanked, start):
        depth += (match[0] in "[{") - (match[0] in "]}")
        if not depth:
            return match.end()
    return len(text)


_decoder = json.JSONDecoder(strict=False)

_SPACE = re.compile(r"[\ufeff \t\n\r]*")


class _Locator:
    """Finder of places in one text.

    A few are found by skipping the values before each with Python's scanner, which is fast and
    keeps nothing. For more, all places of the text are computed at once.
    """

    _FEW = 16

    def __init__(self, text: str) -> None:
        self._text = text
        self._asked = 0

    def find(self, pointer: Pointer, *, nearest: bool) -> Place | None:
        """Return the place of a value; for a missing one, that of the nearest around it or None."""
        self._asked += 1
        if self._asked <= self._FEW:
            # Text that is not JSON throughout, and values that are nested too deeply for Python.
            with suppress(ValueError, RecursionError, StopIteration, IndexError):
                return self._scanned(pointer, nearest)
        return _found(_index(self._text), pointer, nearest=nearest)

    def _scanned(self, pointer: Pointer, nearest: bool) -> Place | None:
        text = blank_comments(self._text)
        value = _space(text, 0)
        place = Place(value, value, _NOTHING)
        for step in pointer:
            found = _member(text, place.value, step)
            if found is None:
                return Place(place.value, place.value, _NOTHING) if nearest else None
            place = found
        return place


def _found(place: Place, pointer: Pointer, *, nearest: bool) -> Place | None:
    """Return the place of a value in another; for a missing one, the nearest around it or None."""
    for step in pointer:
        inner = place.inner.get(step)
        if inner is None:
            return Place(place.value, place.value, _NOTHING) if nearest else None
        place = inner
    return place


@lru_cache(maxsize=8)
def _locator(text: str) -> _Locator:
    return _Locator(text)


def _space(text: str, offset: int) -> int:
    match = _SPACE.match(text, offset)
    return match.end() if match else offset


def _member(text: str, start: int, step: str | int) -> Place | None:
    """Return the place of a member or an item of the value at an offset; the last of equal keys."""
    found = None
    if text[start] not in ("{" if isinstance(step, str) else "["):
        return None
    offset = _space(text, start + 1)
    index = 0
    while text[offset] not in "]}":
        key, name = offset, index
        if isinstance(step, str):
            name, offset = _decoder.raw_decode(text, offset)
            offset = _space(text, _space(text, offset) + 1)
        if name == step:
            found = Place(offset, key, _NOTHING)
            if isinstance(step, int):
                return found
        offset = _space(text, _decoder.raw_decode(text, offset)[1])
        if text[offset] == ",":
            offset = _space(text, offset + 1)
        index += 1
    return found


# A file with one problem may have thousands, so the last results are kept.
@lru_cache(maxsize=8)
def _index(text: str) -> Place:
    """Return the place of the value of a document, with all inside, in one pass over its tokens."""
    root = Place(0, 0, {})
    around: list[Place] = []
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
            steps[-1] = str(_decoder.decode(token))
            key_offset = match.start()
        else:
            key = key_offset if around and isinstance(steps[-1], str) else match.start()
            place = Place(match.start(), key, {} if token in "[{" else _NOTHING)
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


@lru_cache(maxsize=8)
def blank_comments(text: str) -> str:
    """Replace ``//`` and ``/* */`` comments with spaces; offsets stay the same."""
    if "/" not in text:
        return text
    return _STRING_OR_COMMENT.sub(_blank, text)


def _blank(match: re.Match[str]) -> str:
    token = match[0]
    is_open = token.startswith("/*") and not token.endswith("*/", 2)
    return token if token[0] == '"' or is_open else re.sub(r"[^\n]", " ", token)
