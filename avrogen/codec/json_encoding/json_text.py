"""Texts to trees, with bounds, and the positions of parts of a text."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from json import JSONDecodeError, JSONDecoder
from typing import TYPE_CHECKING, Any, Final

from avrogen.codec.interpreter.path_errors import TOO_DEEP_FOR_PYTHON
from avrogen.codec.json_encoding.json_forms import ExactNumber, Place
from avrogen.errors import DecodeError

if TYPE_CHECKING:
    from typing_extensions import Buffer

__all__ = ["DuplicateKeys", "decoded_text", "parse_json", "position_of", "with_position"]

_MOST_DIGITS: Final = 400
"""Digits of an int; longer ones are no values of any type but decimals."""

_SPACE: Final = re.compile(r"[ \t\n\r]*")
_SURROGATE: Final = re.compile("[\ud800-\udfff]")


class DuplicateKeys(dict[str, Any]):
    """An object with a key that it has twice.

    Attributes:
        key: the key.
    """

    key: str = ""


def decoded_text(text: str | Buffer) -> str:
    """Return the text of JSON that is UTF-8, with or without a byte order mark.

    Raises:
        DecodeError: it is not UTF-8.
        TypeError: it is neither text nor a buffer.
    """
    if isinstance(text, str):
        return text
    data = text if isinstance(text, bytes) else bytes(memoryview(text))
    try:
        return data.decode() if data[:1] != b"\xef" else data.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        before = data[: error.start].decode("utf-8-sig", "replace")
        fault = DecodeError(f"invalid UTF-8: {error.reason}")
    raise with_position(fault, before + "?", len(before))


def parse_json(text: str) -> Any:
    """Parse a text, with numbers that keep their digits, and keys that are there twice.

    Raises:
        DecodeError: it is not JSON, or nested too deeply.
    """
    try:
        return _STRICT.decode(text)
    except JSONDecodeError as error:
        fault, position = (
            DecodeError(f"invalid JSON: {error.msg[:1].lower()}{error.msg[1:]}"),
            error.pos,
        )
    except RecursionError:
        fault, position = DecodeError(TOO_DEEP_FOR_PYTHON), 0
    raise with_position(fault, text, position)


def _integer(text: str) -> int | ExactNumber:
    return int(text) if len(text) <= _MOST_DIGITS else ExactNumber(text)


def _object(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    entries = dict(pairs)
    if len(entries) == len(pairs):
        return entries
    marked = DuplicateKeys(entries)
    seen: set[str] = set()
    for key, _ in pairs:
        if key in seen:
            marked.key = key
            break
        seen.add(key)
    return marked


_STRICT: Final = JSONDecoder(
    object_pairs_hook=_object,
    parse_int=_integer,
    parse_float=ExactNumber,
    parse_constant=ExactNumber,
)
_SKIPPING: Final = JSONDecoder(parse_int=str, parse_float=str)


def with_position(error: DecodeError, text: str, position: int) -> DecodeError:
    """Return an error with the line and the column of a position in a text, and its offset."""
    error.line = text.count("\n", 0, position) + 1
    error.column = position - text.rfind("\n", 0, position)
    error.offset = position
    return error


def position_of(text: str, places: Sequence[Place], key: str | None = None) -> int:
    """Return the position of a part of a text that was parsed.

    Args:
        text: the text.
        places: the steps to the part.
        key: key of the entry of the object there; None: the part itself.
    """
    try:
        return _position(text, places, key)
    except (ValueError, IndexError, RecursionError):
        return 0


def _position(text: str, places: Iterable[Place], key: str | None) -> int:
    at = _space(text, 0)
    for place in places:
        if isinstance(place, int):
            at = _space(text, at + 1)
            for _ in range(place):
                at = _comma(text, _SKIPPING.raw_decode(text, at)[1])
        else:
            at = _entry(text, at, place)[1]
    if key is None:
        return at
    return _entry(text, at, key, last=True)[0]


def _entry(text: str, at: int, key: str, *, last: bool = False) -> tuple[int, int]:
    """Return the positions of a key and of its value in the object at a position.

    Args:
        text: the text.
        at: position of the object.
        key: the key; of several equal ones, the last counts.
        last: False: the value has no such keys, and the search ends at the first.
    """
    found: tuple[int, int] | None = None
    at = _space(text, at + 1)
    while text[at] == '"':
        name, end = _SKIPPING.raw_decode(text, at)
        value = _space(text, _space(text, end) + 1)
        if name == key:
            found = at, value
            if not last:
                break
        at = _comma(text, _SKIPPING.raw_decode(text, value)[1])
    if found is None:
        raise ValueError(key)
    return found


def _comma(text: str, at: int) -> int:
    """Return the position after a comma, if there is one."""
    at = _space(text, at)
    return _space(text, at + 1) if text[at] == "," else at


def _space(text: str, at: int) -> int:
    match = _SPACE.match(text, at)
    assert match is not None, "it matches nothing as well"
    return match.end()
