"""Lines and columns in JSON, worked out when a diagnostic needs one."""

from __future__ import annotations

import re

from avrogen.avro.json_text import blank_comments
from avrogen.avro.source import Location, Pointer, Source

__all__ = ["at_offset", "locate"]

_TOKEN = re.compile(r'"(?:[^"\\]|\\.)*"|[\[\]{},:]|[^\s\[\]{},:"]+', re.DOTALL)


def at_offset(source: Source, offset: int) -> Location:
    """The place of a character, counted from 0."""
    line_start = source.text.rfind("\n", 0, offset) + 1
    return Location(source.path, source.text.count("\n", 0, offset) + 1, offset - line_start + 1)


def locate(source: Source, pointer: Pointer, *, key: bool = False) -> Location:
    """Where a value begins, or its key; if it is not there, what is nearest around it.

    Args:
        source: JSON that has been read without errors, with or without comments.
        pointer: the way to the value.
        key: find the key of the last step instead.
    """
    tokens = list(_TOKEN.finditer(blank_comments(source.text)))
    found = _Search(tokens, pointer, key).run()
    return at_offset(source, found)


class _Search:
    """One pass over the tokens, down one way and over everything beside it."""

    def __init__(self, tokens: list[re.Match[str]], pointer: Pointer, key: bool) -> None:
        self._tokens = tokens
        self._pointer = pointer
        self._key = key
        self._at = 0

    def run(self) -> int:
        found = self._tokens[0].start() if self._tokens else 0
        for depth, step in enumerate(self._pointer):
            is_last = depth == len(self._pointer) - 1
            key_offset = self._enter(step)
            if key_offset is None:
                break
            found = key_offset if is_last and self._key else self._tokens[self._at].start()
        return found

    def _enter(self, step: str | int) -> int | None:
        """Go to a member or an item of the value at hand; the offset of its key or itself."""
        opening = self._text()
        self._at += 1
        if opening == "[" and isinstance(step, int):
            for _ in range(step):
                self._skip_value()
                if self._text() != ",":
                    return None
                self._at += 1
            return self._tokens[self._at].start()
        while opening == "{" and self._text().startswith('"'):
            key_offset = self._tokens[self._at].start()
            name = _unquoted(self._text())
            self._at += 2
            if name == step:
                return key_offset
            self._skip_value()
            if self._text() == ",":
                self._at += 1
        return None

    def _skip_value(self) -> None:
        depth = 0
        while True:
            text = self._text()
            depth += (text in "[{") - (text in "]}")
            self._at += 1
            if depth == 0:
                return

    def _text(self) -> str:
        return self._tokens[self._at][0]


def _unquoted(token: str) -> str:
    import json

    return str(json.loads(token, strict=False))
