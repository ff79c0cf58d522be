"""Tables by words of names."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TypeVar

__all__ = ["by_words", "table"]

T = TypeVar("T")


def table(rows: Mapping[str, T]) -> dict[str, T]:
    """A table in which several names for one value stand in one row, with spaces between them."""
    return {name: value for names, value in rows.items() for name in names.split()}


def by_words(words: tuple[str, ...], found: Mapping[str, T]) -> T | None:
    """What a table has for a name.

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
