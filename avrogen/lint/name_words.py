"""Names in words, and lists of words with a meaning.

``orderId``, ``order_id`` and ``ORDER_ID`` are the words order and id. Lists are short on purpose: a
rule that is wrong once in a hundred files is switched off.
"""

from __future__ import annotations

import re
from collections.abc import Collection
from functools import lru_cache
from typing import Final, TypeAlias

__all__ = [
    "CURRENCIES",
    "DURATION_WORDS",
    "MONEY_WORDS",
    "RESERVED",
    "TIME_UNITS",
    "Words",
    "closest_keyword",
    "ends_with",
    "last_word",
    "name_words",
    "word_set",
]

Words: TypeAlias = tuple[str, ...]
"""The words of a name, in lower case."""

_WORD = re.compile(r"[A-Z]+(?![a-z])|[A-Z]?[a-z]+|\d+")


@lru_cache(maxsize=65536)
def name_words(name: str) -> Words:
    """Return the words of a name in snake_case, camelCase or PascalCase."""
    return tuple(word.lower() for word in _WORD.findall(name))


def ends_with(words: Words, endings: Collection[Words]) -> bool:
    """Tell if the words of a name end with one of some series of words."""
    return any(words[-len(ending) :] == ending for ending in endings)


def last_word(words: Words) -> str:
    """Return the last word of a name; "" if it has none, such as ``_``."""
    return words[-1] if words else ""


def word_set(text: str) -> frozenset[str]:
    """Return the words of a text, separated by spaces."""
    return frozenset(text.split())


MONEY_WORDS: Final = word_set(
    "price cost fee salary wage revenue refund surcharge premium invoiced payout turnover"
)
"""Words that are amounts of money on their own."""

CURRENCIES: Final = frozenset(["eur", "usd", "gbp", "chf", "jpy", "cents", "euros", "dollars"])
"""Currencies that follow an amount of money: ``amount_eur``."""

TIME_UNITS: Final = word_set(
    "ns nanos nanoseconds nanosecond us micros microseconds ms msec msecs millis millisecond "
    "milliseconds s sec secs second seconds min mins minute minutes h hr hrs hour hours day "
    "days week weeks month months year years utc epoch unix"
)
"""Words that say in which unit a duration is."""

DURATION_WORDS: Final = frozenset(["timeout", "duration", "latency", "ttl"])
"""Words that are a length of time on their own."""

_JAVA: Final = word_set(
    "abstract assert boolean break byte case catch char class const continue default do "
    "double else enum extends final finally float for goto if implements import instanceof "
    "int interface long native new package private protected public return short static "
    "strictfp super switch synchronized this throw throws transient try void volatile while "
    "true false null"
)
_CSHARP: Final = word_set(
    "abstract as base bool break byte case catch char checked class const continue decimal "
    "default delegate do double else enum event explicit extern false finally fixed float for "
    "foreach goto if implicit in int interface internal is lock long namespace new null "
    "object operator out override params private protected public readonly ref return sbyte "
    "sealed short sizeof stackalloc static string struct switch this throw true try typeof "
    "uint ulong unchecked unsafe ushort using virtual void volatile while"
)
_GO: Final = word_set(
    "break case chan const continue default defer else fallthrough for func go goto if import "
    "interface map package range return select struct switch var"
)
"""Without ``type``: fields have that name everywhere, and generators write ``Type``."""
_PYTHON: Final = word_set(
    "False None True and as assert async await break class continue def del elif else except "
    "finally for from global if import in is lambda nonlocal not or pass raise return try "
    "while with yield"
)

RESERVED: Final = {"Java": _JAVA, "C#": _CSHARP, "Go": _GO, "Python": _PYTHON}
"""Reserved words by language."""


def closest_keyword(key: str, keywords: Collection[str]) -> str | None:
    """Return the keyword that an attribute is meant to be, if it is misspelled.

    Args:
        key: name of an attribute that is no keyword.
        keywords: keywords that could be there.
    """
    if not key.replace("_", "").replace("-", "").isalpha():
        return None  # connect.name, confluent:tags
    plain = key.replace("_", "").replace("-", "").lower()
    if plain in _SYNONYMS and _SYNONYMS[plain] in keywords:
        return _SYNONYMS[plain]
    for keyword in keywords:
        if plain == keyword.lower():
            return keyword
        if len(keyword) > 4 and _is_one_typo(plain, keyword.lower()):
            return keyword
    return None


_SYNONYMS: Final = {
    "alias": "aliases",
    "docs": "doc",
    "defaults": "default",
    "defaultvalue": "default",
    "logicaltypes": "logicalType",
}


def _is_one_typo(one: str, other: str) -> bool:
    """Tell if texts differ by one character, or by two that are swapped."""
    if abs(len(one) - len(other)) > 1:
        return False
    start = 0
    while start < min(len(one), len(other)) and one[start] == other[start]:
        start += 1
    one, other = one[start:], other[start:]
    return (
        one[1:] == other
        or one == other[1:]
        or one[1:] == other[1:]
        or (one[:2] == other[:2][::-1] and one[2:] == other[2:])
    )
