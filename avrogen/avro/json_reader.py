"""JSON text to values, as strictly as schemas need it.

Python's own reader does the work, at its speed. On top of it: comments as Avro Java takes them,
and no to what it lets through (duplicate keys, NaN, numbers that change) or trips over (depth).
Values carry no positions; :mod:`avrogen.avro.source` finds them again when they are needed.
"""

from __future__ import annotations

import json
import math
import re
from enum import Enum
from typing import Any, Final, NoReturn

from avrogen.avro.diagnostics import Code, Diagnostics
from avrogen.avro.model import Json
from avrogen.avro.source import Source, at_offset, blank_comments

__all__ = ["INVALID_JSON", "MOST_DIGITS", "MOST_LEVELS", "InvalidJson", "read_json"]

MOST_LEVELS = 250
"""Objects and arrays inside one another."""

MOST_DIGITS = 1000
"""Digits of an integer; Avro's own reach 19."""

_LONGEST_SEARCHED = 200

_BRACKET = re.compile(r'"(?:[^"\\]|\\.)*"|([\[{])|[\]}]', re.DOTALL)


class InvalidJson(Enum):
    """The type of :data:`UNREADABLE`."""

    UNREADABLE = "unreadable"


INVALID_JSON: Final = InvalidJson.UNREADABLE
"""In place of a JSON value, where the text has none."""


class _Refused(Exception):
    def __init__(self, code: Code, message: str, text: str) -> None:
        super().__init__(message)
        self.code = code
        self.text = text


def read_json(source: Source, diagnostics: Diagnostics) -> Json | InvalidJson:
    """The JSON value of a schema file, if it is JSON.

    A byte order mark is passed over: editors write it, and it changes nothing.
    """
    text = blank_comments(source.text).removeprefix("\ufeff")
    shift = len(source.text) - len(text)
    deep = _first_too_deep(text)
    if deep is not None:
        message = f"nested more than {MOST_LEVELS} levels deep"
        diagnostics.report(Code.NESTING, at_offset(source, deep + shift), message)
        return INVALID_JSON
    try:
        value: Json = _decoder.decode(text)
        return value
    except json.JSONDecodeError as error:
        offset = min(error.pos, len(text.rstrip())) + shift
        message = re.sub(" (starting )?at$", "", error.msg[0].lower() + error.msg[1:])
        diagnostics.report(Code.JSON_SYNTAX, at_offset(source, offset), f"not JSON: {message}")
    except _Refused as refused:
        offset = max(_find(text, refused.text), 0) + shift
        diagnostics.report(refused.code, at_offset(source, offset), str(refused))
    return INVALID_JSON


def _object(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    members = dict(pairs)
    if len(members) < len(pairs):
        seen: set[str] = set()
        for name, _ in pairs:
            if name in seen:
                raise _Refused(
                    Code.DUPLICATE_KEY,
                    f"key {json.dumps(name)[:60]} stands twice in one object",
                    name,
                )
            seen.add(name)
    return members


def _int(text: str) -> int:
    if len(text) > MOST_DIGITS:
        raise _Refused(Code.JSON_NUMBER, f"a number of {len(text)} digits", text)
    return int(text)


def _float(text: str) -> float:
    value = float(text) if len(text) <= MOST_DIGITS else math.inf
    if math.isinf(value):
        raise _Refused(Code.JSON_NUMBER, f"{text[:40]} is out of the range of a double", text)
    return value


def _constant(text: str) -> NoReturn:
    raise _Refused(Code.JSON_SYNTAX, f"not JSON: {text} is no value", text)


_decoder = json.JSONDecoder(
    object_pairs_hook=_object, parse_int=_int, parse_float=_float, parse_constant=_constant
)


def _first_too_deep(text: str) -> int | None:
    """The offset of the bracket that opens one level too many."""
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
    """Where the text that was refused stands; of a duplicate key the second place."""
    part = part[:_LONGEST_SEARCHED]
    quoted = json.dumps(part)
    second = text.find(quoted, text.find(quoted) + 1)
    return second if second >= 0 else text.find(part)
