"""Strict reader of JSON text.

It is Python's own reader, at its speed. In addition it accepts comments, as Avro Java does, and
rejects duplicate keys (unless the run is tolerant), NaN, numbers out of range and deep nesting.
Values have no positions;
:mod:`avrogen.avro.source` finds those when they are needed.
"""

from __future__ import annotations

import json
import math
import re
from collections import Counter
from enum import Enum
from itertools import islice
from typing import Any, Final, NoReturn

from avrogen.avro.diagnostics import Code, Diagnostics
from avrogen.avro.model import Json
from avrogen.avro.source import Source, at_offset, blank_comments

__all__ = [
    "INVALID_JSON",
    "MOST_DIGITS",
    "MOST_LEVELS",
    "MOST_LEVELS_OF_ATTRIBUTES",
    "MOST_LEVELS_OF_DEFAULTS",
    "MOST_NESTED_TYPES",
    "InvalidJson",
    "read_json",
]

MOST_LEVELS = 4000
"""Maximum depth of objects and arrays: a record within a record takes three to six."""

MOST_NESTED_TYPES = 64
"""Maximum depth of arrays, maps and unions inside one another, from one definition to the next."""

MOST_LEVELS_OF_DEFAULTS = 64
"""Maximum depth of objects and arrays in a default."""

MOST_LEVELS_OF_ATTRIBUTES = 200
"""Maximum depth of objects and arrays in any other attribute that is no schema."""

MOST_DIGITS = 1000
"""Maximum digits of an integer; those of a long have 19."""

_LONGEST_SEARCHED = 200

_MOST_DUPLICATES = 10
"""Keys that a tolerant run reports: each is searched in the text."""

# A string that is not closed ends with the text: a search never starts again inside of it.
_BRACKET = re.compile(r'"[^"\\]*+(?:\\.?[^"\\]*+)*+"?|([\[{])|[\]}]', re.DOTALL)


class InvalidJson(Enum):
    """The type of :data:`INVALID_JSON`."""

    INVALID_JSON = "invalid JSON"


INVALID_JSON: Final = InvalidJson.INVALID_JSON
"""Result for text that is not JSON."""


class _InvalidValue(Exception):
    def __init__(self, code: Code, message: str, text: str) -> None:
        super().__init__(message)
        self.code = code
        self.text = text


def read_json(source: Source, diagnostics: Diagnostics) -> Json | InvalidJson:
    """Return the JSON value of a schema file, or ``INVALID_JSON`` with a diagnostic.

    A byte order mark is ignored.
    """
    text = blank_comments(source.text).removeprefix("\ufeff")
    shift = len(source.text) - len(text)
    deep = _first_too_deep(text)
    if deep is not None:
        message = f"nested more than {MOST_LEVELS} levels deep"
        diagnostics.report(Code.NESTING, at_offset(source, deep + shift), message)
        return INVALID_JSON
    try:
        if diagnostics.tolerant:
            return _read_with_duplicates(source, text, shift, diagnostics)
        value: Json = _decoded(text, _decoder)
        return value
    except json.JSONDecodeError as error:
        offset = min(error.pos, len(text.rstrip())) + shift
        message = re.sub(" (starting )?at$", "", error.msg[0].lower() + error.msg[1:])
        diagnostics.report(Code.JSON_SYNTAX, at_offset(source, offset), f"invalid JSON: {message}")
    except _InvalidValue as invalid:
        offset = max(_find(text, invalid.text), 0) + shift
        diagnostics.report(invalid.code, at_offset(source, offset), str(invalid))
    return INVALID_JSON


def _read_with_duplicates(source: Source, text: str, shift: int, diagnostics: Diagnostics) -> Json:
    """Return a JSON value in which the last one of duplicate keys counts, as in Avro Java."""
    duplicates: dict[str, None] = {}

    def last_of_each(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
        members = dict(pairs)
        if len(members) < len(pairs):
            counted = Counter(name for name, _ in pairs)
            duplicates.update((name, None) for name, times in counted.items() if times > 1)
        return members

    decoder = json.JSONDecoder(
        object_pairs_hook=last_of_each,
        parse_int=_int,
        parse_float=_float,
        parse_constant=_constant,
    )
    value: Json = _decoded(text, decoder)
    for name in islice(duplicates, _MOST_DUPLICATES):
        diagnostics.refuse(
            Code.DUPLICATE_KEY,
            at_offset(source, max(_find(text, name), 0) + shift),
            f"duplicate key {json.dumps(name)[:60]}",
            read_as="the last one counts",
        )
    return value


def _decoded(text: str, decoder: json.JSONDecoder) -> Any:
    try:
        return decoder.decode(text)
    except RecursionError:
        from avrogen.avro.deep_json import decode

        return decode(text, decoder)


def _object(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    members = dict(pairs)
    if len(members) < len(pairs):
        seen: set[str] = set()
        for name, _ in pairs:
            if name in seen:
                raise _InvalidValue(
                    Code.DUPLICATE_KEY,
                    f"duplicate key {json.dumps(name)[:60]}",
                    name,
                )
            seen.add(name)
    return members


def _int(text: str) -> int:
    if len(text) > MOST_DIGITS:
        raise _InvalidValue(
            Code.JSON_NUMBER,
            f"number of {len(text)} digits, at most {MOST_DIGITS} are accepted",
            text,
        )
    return int(text)


def _float(text: str) -> float:
    value = float(text) if len(text) <= MOST_DIGITS else math.inf
    if math.isinf(value):
        raise _InvalidValue(Code.JSON_NUMBER, f"{text[:40]} is out of range for double", text)
    return value


def _constant(text: str) -> NoReturn:
    raise _InvalidValue(Code.JSON_SYNTAX, f"invalid JSON: {text} is not a JSON value", text)


_decoder = json.JSONDecoder(
    object_pairs_hook=_object, parse_int=_int, parse_float=_float, parse_constant=_constant
)


def _first_too_deep(text: str) -> int | None:
    """Return the offset of the bracket that exceeds the maximum depth."""
    if text.count("[") + text.count("{") <= MOST_LEVELS:
        return None
    depth = 0
    for match in _BRACKET.finditer(text):
        if match[0][0] == '"':
            continue
        depth += 1 if match[1] else -1
        if depth > MOST_LEVELS:
            return match.start()
    return None


def _find(text: str, part: str) -> int:
    """Return the offset of the invalid text; of a duplicate key the second one."""
    part = part[:_LONGEST_SEARCHED]
    quoted = json.dumps(part)
    second = text.find(quoted, text.find(quoted) + 1)
    return second if second >= 0 else text.find(part)
