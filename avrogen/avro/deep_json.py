"""JSON that is nested more deeply than Python's own reader and writer follow.

Those are in C and recursive. What is nested deeply, or read deep in a program's stack, raises
RecursionError there; then it is read and written here, with lists as stacks.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterator
from typing import Any, Final, TypeGuard

__all__ = ["decode", "encode"]

_DECODER: Final = json.JSONDecoder()
_END = {"{": "}", "[": "]"}
_WHITE_SPACE: Final = re.compile(r"[ \t\n\r]*")


def decode(text: str, decoder: json.JSONDecoder = _DECODER) -> Any:
    """Return the value of a JSON text, as ``decoder.decode`` does.

    Raises:
        JSONDecodeError: the text is not JSON.
    """
    return _Reader(text, decoder).value()


class _Reader:
    """Reader of a text whose open objects and arrays are in a list."""

    def __init__(self, text: str, decoder: json.JSONDecoder) -> None:
        self._text = text
        # Attributes of decoders that their types do not mention.
        attributes: Any = decoder
        self._scan: Callable[[str, int], tuple[Any, int]] = attributes.scan_once
        self._make: Callable[[list[Any]], Any] = attributes.object_pairs_hook or dict
        self._at = 0
        self._open: list[tuple[str, list[Any]]] = []
        self._keys: list[str] = []

    def value(self) -> Any:
        """Return the value of the text."""
        self._skip(0)
        while True:
            bracket = self._text[self._at : self._at + 1]
            if bracket in _END and bracket:
                self._skip(1)
                if not self._is_at(_END[bracket]):
                    self._begin(bracket)
                    continue
                self._at += 1
                value = self._made(bracket, [])
            else:
                value = self._scalar()
            value, is_whole = self._add(value)
            if is_whole:
                return value

    def _begin(self, bracket: str) -> None:
        self._open.append((bracket, []))
        if bracket == "{":
            self._key()

    def _add(self, value: Any) -> tuple[Any, bool]:
        """Add a value to what is open, and close all that ends after it."""
        while self._open:
            self._skip(0)
            bracket, inner = self._open[-1]
            inner.append((self._keys.pop(), value) if bracket == "{" else value)
            if self._is_at(","):
                self._skip(1)
                if bracket == "{":
                    self._key()
                return None, False
            if not self._is_at(_END[bracket]):
                raise self._error("Expecting ',' delimiter")
            self._at += 1
            self._open.pop()
            value = self._made(bracket, inner)
        self._skip(0)
        if self._at != len(self._text):
            raise self._error("Extra data")
        return value, True

    def _made(self, bracket: str, inner: list[Any]) -> Any:
        if bracket == "[":
            return inner
        return self._make(inner)

    def _key(self) -> None:
        if not self._is_at('"'):
            raise self._error("Expecting property name enclosed in double quotes")
        self._keys.append(self._scalar())
        self._skip(0)
        if not self._is_at(":"):
            raise self._error("Expecting ':' delimiter")
        self._skip(1)

    def _scalar(self) -> Any:
        try:
            value, self._at = self._scan(self._text, self._at)
        except StopIteration:
            raise self._error("Expecting value") from None
        return value

    def _is_at(self, character: str) -> bool:
        return self._text.startswith(character, self._at)

    def _skip(self, characters: int) -> None:
        """Move on by characters, and behind the white space after them."""
        match = _WHITE_SPACE.match(self._text, self._at + characters)
        assert match is not None, "white space may be empty"
        self._at = match.end()

    def _error(self, message: str) -> json.JSONDecodeError:
        return json.JSONDecodeError(message, self._text, self._at)


def encode(tree: Any) -> str:
    """Return JSON as text without spaces, in which characters are not escaped needlessly."""
    return "".join(_pieces(tree))


def _dumped(tree: Any) -> str:
    return json.dumps(tree, ensure_ascii=False, separators=(",", ":"))


def _pieces(tree: Any) -> Iterator[str]:
    # Texts that are yielded as they are, and values in lists of one.
    waiting: list[str | list[Any]] = [[tree]]
    while waiting:
        part = waiting.pop()
        if isinstance(part, str):
            yield part
            continue
        value: Any = part[0]
        inner: list[str | list[Any]] = []
        if _is_object(value) and value:
            for key, each in value.items():
                inner += (",", f"{_dumped(key)}:", [each])
            waiting += ("}", *reversed(inner[1:]), "{")
        elif _is_array(value) and value:
            for each in value:
                inner += (",", [each])
            waiting += ("]", *reversed(inner[1:]), "[")
        else:
            yield _dumped(value)


def _is_object(value: object) -> TypeGuard[dict[str, Any]]:
    return isinstance(value, dict)


def _is_array(value: object) -> TypeGuard[list[Any]]:
    return isinstance(value, list)
