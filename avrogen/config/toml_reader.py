"""TOML tables: a reader that reports mistakes at their positions.

``tomllib`` gives values without positions, so :class:`TomlPositions` scans the document for them.
"""

from __future__ import annotations

import difflib
import math
import re
import tomllib
from collections.abc import Collection, Iterator, Mapping
from datetime import date, datetime, time
from typing import TypeAlias

from avrogen.avro.diagnostics import Code, Diagnostics
from avrogen.avro.source import Location, Pointer
from avrogen.config.keys import ConfigKey

__all__ = ["TableReader", "Toml", "TomlPositions", "near"]

Toml: TypeAlias = "bool | int | float | str | datetime | date | time | list[Toml] | dict[str, Toml]"


class TableReader:
    """Reader of the tables of one document, key by key."""

    def __init__(self, positions: TomlPositions, diagnostics: Diagnostics) -> None:
        """Read a document.

        Args:
            positions: positions of its keys and values.
            diagnostics: receives every mistake.
        """
        self.positions = positions
        self.diagnostics = diagnostics
        self._keys: dict[Pointer, ConfigKey] = {}

    def described(
        self, value: Toml, at: Pointer, keys: Mapping[str, ConfigKey], others: Collection[str] = ()
    ) -> dict[str, Toml]:
        """Read a table as :meth:`table` does; messages about described keys show their example."""
        self._keys |= {(*at, name): key for name, key in keys.items()}
        return self.table(value, at, (*keys, *others))

    def table(self, value: Toml, at: Pointer, known: Collection[str] | None) -> dict[str, Toml]:
        """Return a value that must be a table; empty if it is something else.

        Args:
            value: value in the document.
            at: its position.
            known: allowed keys; None for any.
        """
        if not isinstance(value, dict):
            self.wrong_value(at, "a table", value)
            return {}
        for key in value:
            if known is not None and key not in known:
                self.diagnostics.report(
                    Code.UNKNOWN_KEY,
                    self.positions.key((*at, key)),
                    f'unknown key "{key}"',
                    hint=near(key, known),
                )
        return value

    def text(self, table: dict[str, Toml], key: str, at: Pointer) -> str | None:
        """Return a string, or None without the key."""
        value = table.get(key)
        if value is None or isinstance(value, str):
            return value
        self.wrong_value((*at, key), "a string", value)
        return None

    def texts(self, table: dict[str, Toml], key: str, at: Pointer) -> tuple[str, ...]:
        """Return a list of strings; empty without the key."""
        value = table.get(key, [])
        texts = [each for each in value if isinstance(each, str)] if isinstance(value, list) else []
        if not isinstance(value, list) or len(texts) < len(value):
            self.wrong_value((*at, key), "a list of strings", value)
        return tuple(texts)

    def flag(self, table: dict[str, Toml], key: str, at: Pointer) -> bool:
        """Return True if the key is present and true."""
        value = table.get(key, False)
        if not isinstance(value, bool):
            self.wrong_value((*at, key), "true or false", value)
        return value is True

    def seconds(self, table: dict[str, Toml], key: str, at: Pointer) -> float | None:
        """Return a positive number, or None without the key."""
        match table.get(key):
            case None:
                return None
            case (int() | float()) as value if value is not True and 0 < value < math.inf:
                return float(value)
            case value:
                self.wrong_value((*at, key), "a number of seconds", value)
                return None

    def wrong_value(self, at: Pointer, expected: str, value: Toml) -> None:
        """Report a value of the wrong type."""
        key = self._keys.get(at)
        self.diagnostics.report(
            Code.WRONG_VALUE,
            self.positions.value(at),
            f'"{at[-1]}" must be {expected}, not {_KINDS.get(type(value), "a date or time")}',
            hint=f"for example: {key.example}" if key else None,
        )


_KINDS: dict[type, str] = {
    bool: "true or false",
    int: "a number",
    float: "a number",
    str: "a string",
    list: "a list",
    dict: "a table",
}


def near(word: str, known: Collection[str]) -> str:
    """Return a hint for an unknown word: the nearest known one, or all of them."""
    found = difflib.get_close_matches(word, known, n=1)
    return f'did you mean "{found[0]}"?' if found else "expected one of: " + ", ".join(known)


_TOKEN = re.compile(
    r"""
      (?P<skip>[ \t]+|\#[^\n]*)
    | (?P<newline>\r?\n)
    | (?P<string>\"{3}(?:[^\\]|\\.)*?\"{3,5}|'{3}.*?'{3,5}|"(?:[^"\\\n]|\\.)*"|'[^'\n]*')
    | (?P<mark>[\[\]{}=,.])
    | (?P<bare>[^\s\[\]{}=,.\#"']+)
    """,
    re.VERBOSE | re.DOTALL,
)


class TomlPositions:
    """Positions of keys and values in a document that ``tomllib`` accepts."""

    def __init__(self, path: str, text: str) -> None:
        self._path = path
        self._text = text
        self._keys: dict[Pointer, int] = {}
        self._values: dict[Pointer, int] = {}
        self._tokens = list(_tokens(text))
        self._next = 0
        self._document()

    def key(self, pointer: Pointer) -> Location:
        """Return the position of a key, or of the nearest key around it."""
        return self._location(self._keys, pointer)

    def value(self, pointer: Pointer) -> Location:
        """Return the position of a value, or of the nearest value around it."""
        return self._location(self._values, pointer)

    def has(self, pointer: Pointer) -> bool:
        """Tell if the document has a key."""
        return pointer in self._keys

    def _location(self, offsets: dict[Pointer, int], pointer: Pointer) -> Location:
        while pointer and pointer not in offsets:
            pointer = pointer[:-1]
        offset = offsets.get(pointer, 0)
        line_start = self._text.rfind("\n", 0, offset) + 1
        return Location(self._path, self._text.count("\n", 0, offset) + 1, offset - line_start + 1)

    # --- the document, token by token; each method consumes the tokens it reads -------------------

    def _document(self) -> None:
        table: Pointer = ()
        lengths: dict[Pointer, int] = {}
        while self._next < len(self._tokens):
            kind, text, _ = self._tokens[self._next]
            if kind == "newline":
                self._next += 1
            elif text == "[" and self._text_at(1) == "[" and self._adjoining():
                self._next += 2
                table = self._header(())
                index = lengths.get(table, 0)
                lengths[table] = index + 1
                table = (*table, index)
                self._next += 1
            elif text == "[":
                self._next += 1
                table = self._header(())
            else:
                self._entry(table)

    def _header(self, around: Pointer) -> Pointer:
        table = self._dotted_key(around)
        self._next += 1
        return table

    def _entry(self, around: Pointer) -> None:
        """``key = value``"""
        pointer = self._dotted_key(around)
        self._next += 1
        self._value(pointer)

    def _dotted_key(self, around: Pointer) -> Pointer:
        pointer = around
        while True:
            kind, text, offset = self._tokens[self._next]
            name = _string(text) if kind == "string" else text
            pointer = (*pointer, name)
            self._keys.setdefault(pointer, offset)
            self._values.setdefault(pointer, offset)
            self._next += 1
            if self._text_at(0) != ".":
                return pointer
            self._next += 1

    def _value(self, pointer: Pointer) -> None:
        _, text, offset = self._tokens[self._next]
        self._values[pointer] = offset
        self._next += 1
        if text == "[":
            index = 0
            while self._skip_newlines() != "]":
                self._value((*pointer, index))
                index += 1
                self._skip_comma()
            self._next += 1
        elif text == "{":
            while self._skip_newlines() != "}":
                self._entry(pointer)
                self._skip_comma()
            self._next += 1
        else:
            # Numbers and dates hold dots, and a date may hold a space.
            while self._kind_at() in ("bare", "mark") and self._text_at(0) not in (",", "]", "}"):
                self._next += 1

    def _skip_newlines(self) -> str:
        while self._kind_at() == "newline":
            self._next += 1
        return self._text_at(0)

    def _skip_comma(self) -> None:
        if self._skip_newlines() == ",":
            self._next += 1

    def _adjoining(self) -> bool:
        """Return True if this token and the next touch."""
        return self._tokens[self._next][2] + 1 == self._tokens[self._next + 1][2]

    def _text_at(self, ahead: int) -> str:
        at = self._next + ahead
        return self._tokens[at][1] if at < len(self._tokens) else ""

    def _kind_at(self) -> str:
        return self._tokens[self._next][0] if self._next < len(self._tokens) else ""


def _tokens(text: str) -> Iterator[tuple[str, str, int]]:
    """Yield kind, text and offset of each token except white space and comments."""
    for match in _TOKEN.finditer(text):
        kind = match.lastgroup or ""
        if kind != "skip":
            yield kind, match[0], match.start()


def _string(literal: str) -> str:
    return str(tomllib.loads(f"key = {literal}")["key"])
