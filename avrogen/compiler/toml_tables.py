"""Tables of a configuration file, read key by key; what does not belong there is reported."""

from __future__ import annotations

import difflib
import math
from collections.abc import Collection, Mapping
from datetime import date, datetime, time
from typing import TypeAlias

from avrogen.avro.diagnostics import Code, Diagnostics
from avrogen.avro.source import Pointer
from avrogen.compiler.keys import Key
from avrogen.compiler.toml_positions import TomlPositions

__all__ = ["TableReader", "Toml", "near"]

Toml: TypeAlias = "bool | int | float | str | datetime | date | time | list[Toml] | dict[str, Toml]"


class TableReader:
    """Takes tables of one document apart."""

    def __init__(self, positions: TomlPositions, diagnostics: Diagnostics) -> None:
        """Prepare for a document.

        Args:
            positions: where its keys and values stand.
            diagnostics: takes what is wrong.
        """
        self.positions = positions
        self.diagnostics = diagnostics
        self._keys: dict[Pointer, Key] = {}

    def described(
        self, value: Toml, at: Pointer, keys: Mapping[str, Key], others: Collection[str] = ()
    ) -> dict[str, Toml]:
        """As :meth:`table`; where the value of a described key is wrong, its example is shown."""
        self._keys |= {(*at, name): key for name, key in keys.items()}
        return self.table(value, at, (*keys, *others))

    def table(self, value: Toml, at: Pointer, known: Collection[str] | None) -> dict[str, Toml]:
        """A value that is a table; empty if it is none.

        Args:
            value: what stands there.
            at: where that is.
            known: the keys that it may have; None for any.
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
        """A string, if the key is there."""
        value = table.get(key)
        if value is None or isinstance(value, str):
            return value
        self.wrong_value((*at, key), "a string", value)
        return None

    def flag(self, table: dict[str, Toml], key: str, at: Pointer) -> bool:
        """Whether the key is there and says true."""
        value = table.get(key, False)
        if not isinstance(value, bool):
            self.wrong_value((*at, key), "true or false", value)
        return value is True

    def seconds(self, table: dict[str, Toml], key: str, at: Pointer) -> float | None:
        """A positive number, if the key is there."""
        match table.get(key):
            case None:
                return None
            case (int() | float()) as value if value is not True and 0 < value < math.inf:
                return float(value)
            case value:
                self.wrong_value((*at, key), "a number of seconds", value)
                return None

    def wrong_value(self, at: Pointer, expected: str, value: Toml) -> None:
        """Report that something else stands there than what belongs there."""
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
    """A hint: the word that was meant, or all there are."""
    found = difflib.get_close_matches(word, known, n=1)
    return f'did you mean "{found[0]}"?' if found else "there are: " + ", ".join(known)
