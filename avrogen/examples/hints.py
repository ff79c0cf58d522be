"""Hints for an example value: the name and the documentation of its field.

Tables by words of names.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import TypeVar

__all__ = ["FieldHints", "by_words", "table", "words_of"]

_WORD = re.compile(r"[A-Z]+(?![a-z])|[A-Z]?[a-z]+|[0-9]+")
_QUOTED_LIST = re.compile(
    r"(?:such as|e\.g\.,?|for example,?|example:)\s+([\"“`].*)", re.IGNORECASE
)
_QUOTED = re.compile(r"[\"“`]+([^\"“”`]+)[\"”`]+(?:\s*(?:,|or|and)+\s*)?")


@dataclass(frozen=True, slots=True)
class FieldHints:
    """Name and documentation of the field that a value is for.

    Attributes:
        words: those of its field's name, in lower case; none at the top.
        record: the words of the record's or type's name around it.
        doc: what its schema says about it.
        number: which one it is of several alike: 1 is the first.
    """

    number: int
    words: tuple[str, ...] = ()
    record: tuple[str, ...] = ()
    doc: str = ""

    @property
    def noun(self) -> tuple[str, ...]:
        """Subject of the value: ``order`` for ``order_id``, the record for a bare ``id``."""
        if self.words and self.words[-1] not in {"id", "uuid", "guid", "name", "key", "code"}:
            return self.words
        return self.words[:-1] or self.record or self.words or ("example",)

    @property
    def quoted(self) -> tuple[str, ...]:
        """Quoted examples in the doc: two in ``such as "en" or "de"``."""
        found = _QUOTED_LIST.search(self.doc)
        if not found:
            return ()
        text, quoted = found[1], list[str]()
        while match := _QUOTED.match(text):
            quoted.append(match[1])
            text = text[match.end() :]
        return tuple(quoted)

    def of_item(self) -> FieldHints:
        """Return the hints for an item of this list."""
        words = (*self.words[:-1], singular(self.words[-1])) if self.words else ()
        return replace(self, words=words)


def words_of(name: str) -> tuple[str, ...]:
    """Split a name in any usual casing into lower-case words."""
    return tuple(word.lower() for word in _WORD.findall(name))


def singular(word: str) -> str:
    """Return the singular of a word, by rule."""
    if word.endswith("ies") and len(word) > 4:
        return f"{word[:-3]}y"
    if word.endswith(("sses", "xes", "ches", "shes")):
        return word[:-2]
    return word[:-1] if word.endswith("s") and not word.endswith(("ss", "us", "is")) else word


T = TypeVar("T")


def table(rows: Mapping[str, T]) -> dict[str, T]:
    """Parse a table: space-separated names per row, one value each."""
    return {name: value for names, value in rows.items() for name in names.split()}


def by_words(words: tuple[str, ...], found: Mapping[str, T]) -> T | None:
    """Look up a name in a table.

    The end of a name says what it is, so the longest end counts that is in the table:
    ``ip_address`` before ``address``. Then any other word, the last first.
    """
    for start in range(len(words)):
        value = found.get("_".join(words[start:]))
        if value is not None:
            return value
    for word in reversed(words[:-1]):
        value = found.get(word)
        if value is not None:
            return value
    return None
