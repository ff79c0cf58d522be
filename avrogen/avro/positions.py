"""Lines and columns in JSON, worked out when a diagnostic needs one."""

from __future__ import annotations

import bisect
import json
import re
from functools import lru_cache
from typing import NamedTuple

from avrogen.avro.comments import blank_comments
from avrogen.avro.source import Location, Origin, Pointer, Source

__all__ = ["at_offset", "locate"]

_TOKEN = re.compile(r'"(?:[^"\\]|\\.)*"|[\[\]{},:]|[^\s\[\]{},:"]+', re.DOTALL)


class _Offsets(NamedTuple):
    """Where a value begins, and the key before it."""

    value: int
    key: int


def at_offset(source: Source, offset: int) -> Location:
    """The place of a character, counted from 0."""
    starts = _line_starts(source.text)
    line = bisect.bisect_right(starts, offset)
    return Location(source.path, line, offset - starts[line - 1] + 1)


def locate(origin: Origin, *, key: bool = False) -> Location:
    """Where a value begins, or its key; if it is not there, what is nearest around it.

    Args:
        origin: a value of JSON that has been read without errors, with or without comments.
        key: find the key of the last step instead.
    """
    source, pointer = origin.source, origin.pointer
    index = _index(source.text)
    if pointer in index:
        return at_offset(source, index[pointer].key if key else index[pointer].value)
    while pointer not in index and pointer:
        pointer = pointer[:-1]
    return at_offset(source, index[pointer].value if pointer in index else 0)


# A file with one problem may have thousands, so that what was found once is kept for a while.
@lru_cache(maxsize=8)
def _index(text: str) -> dict[Pointer, _Offsets]:
    """The offsets of every value of a document, in one pass over its tokens."""
    index: dict[Pointer, _Offsets] = {}
    around: list[Pointer] = []
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
            pointer = (*around[-1], steps[-1]) if around else ()
            key = key_offset if around and isinstance(steps[-1], str) else match.start()
            index[pointer] = _Offsets(match.start(), key)
            if token in "[{":
                around.append(pointer)
                steps.append(0 if token == "[" else "")
    return index


def _is_key(tokens: list[re.Match[str]], number: int) -> bool:
    return number + 1 < len(tokens) and tokens[number + 1][0] == ":"


@lru_cache(maxsize=8)
def _line_starts(text: str) -> list[int]:
    return [0, *(match.end() for match in re.finditer("\n", text))]
