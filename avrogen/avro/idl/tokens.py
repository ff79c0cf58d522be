"""Tokens of Avro IDL: words, literals, punctuation, and the doc comment before each."""

from __future__ import annotations

import math
import re
from collections.abc import Iterator
from enum import Enum
from itertools import takewhile
from typing import NamedTuple

__all__ = [
    "IdlSyntaxError",
    "Kind",
    "Token",
    "doc_text",
    "integer_value",
    "number_value",
    "string_value",
    "tokens",
]


class IdlSyntaxError(Exception):
    """A text is not Avro IDL.

    Attributes:
        message: the problem.
        offset: its place, in characters from 0.
        is_number: a number is out of range.
        is_nested: something is nested too deeply.
    """

    def __init__(
        self, message: str, offset: int, *, is_number: bool = False, is_nested: bool = False
    ) -> None:
        super().__init__(message)
        self.message = message
        self.offset = offset
        self.is_number = is_number
        self.is_nested = is_nested


class Kind(Enum):
    """Kinds of tokens."""

    WORD = "a name"
    STRING = "a string"
    INTEGER = "an integer"
    NUMBER = "a number"
    SIGN = "a sign"
    END = "the end of the file"


class Token(NamedTuple):
    """A token.

    Attributes:
        kind: kind.
        text: text in the file; of a word without backticks.
        offset: place, in characters from 0.
        doc: index of the last doc comment between the token before and this one, if there is one.
        is_quoted: a word in backticks, which is a name and no keyword.
    """

    kind: Kind
    text: str
    offset: int
    doc: int | None = None
    is_quoted: bool = False


# No alternative searches a string or a comment twice that is not closed.
_PART = r"(?:`[^\W\d]\w*`|[^\W\d]\w*)"
_TOKEN = re.compile(
    rf"""
      (?P<space>      [ \t\n\r\f]++ | //[^\n\r]*+ | /\*\*/ | /\*(?!\*)[^*]*+(?:\*(?!/)[^*]*+)*+\*/ )
    | (?P<doc>        /\*\*[^*]*+(?:\*(?!/)[^*]*+)*+\*/ )
    | (?P<string>     "(?:[^"\\\n\r\t\f\b]|\\[^\n\r])*+" )
    | (?P<number>     [+-]?(?:NaN|Infinity)\b
                    | [+-]?0[xX](?:[0-9a-fA-F]+\.?[0-9a-fA-F]*|\.[0-9a-fA-F]+)[pP][+-]?[0-9]+[fFdD]?
                    | [+-]?(?:[0-9]+\.[0-9]*|\.[0-9]+)(?:[eE][+-]?[0-9]+)?[fFdD]?
                    | [+-]?[0-9]+(?:[eE][+-]?[0-9]+[fFdD]?|[fFdD])(?!\w) )
    | (?P<integer>    -?(?:0[xX][0-9a-fA-F]+|[0-9]+)[lL]? )
    | (?P<word>       {_PART}(?:[.-]{_PART})*+ )
    | (?P<sign>       [(){{}}\[\]<>:;,@=?] )
    """,
    re.VERBOSE | re.DOTALL,
)

_LONG = range(-(1 << 63), 1 << 63)

_END_OF_TEXT = "\x1a"
"""A character that ended files on older systems: what comes after it is ignored."""


def tokens(text: str) -> tuple[list[Token], list[tuple[int, str]]]:
    """Return the tokens of a text, the last of which is its end, and its doc comments.

    Raises:
        IdlSyntaxError: there is something that is no token.
    """
    docs: list[tuple[int, str]] = []
    found: list[Token] = []
    doc: int | None = None
    for match in _matches(text):
        match match.lastgroup:
            case "space":
                continue
            case "doc":
                doc = len(docs)
                docs.append((match.start(), match[0]))
                continue
            case "string":
                token = Token(Kind.STRING, match[0], match.start(), doc)
            case "number":
                token = Token(Kind.NUMBER, match[0], match.start(), doc)
            case "integer":
                token = Token(Kind.INTEGER, match[0], match.start(), doc)
            case "word":
                name = match[0].replace("`", "")
                token = Token(Kind.WORD, name, match.start(), doc, name != match[0])
            case _:
                token = Token(Kind.SIGN, match[0], match.start(), doc)
        found.append(token)
        doc = None
    found.append(Token(Kind.END, "", len(text.rstrip()), doc))
    return found, docs


def _matches(text: str) -> Iterator[re.Match[str]]:
    at = 1 if text.startswith("\ufeff") else 0
    while at < len(text):
        match = _TOKEN.match(text, at)
        if match is None:
            if text[at] == _END_OF_TEXT:
                return
            raise IdlSyntaxError(_unknown(text, at), at)
        yield match
        at = match.end()


def _unknown(text: str, at: int) -> str:
    if text.startswith("/*", at):
        return "this comment is not closed: it lacks */"
    if text[at] == '"':
        return "this string is not closed on its line, or has a control character in it"
    if text[at] == "'":
        return "strings are in double quotation marks"
    return f"unexpected character {text[at]!r}"


_STARS = re.compile(r"(\*{1,2}).*(?:\n[^\S\n]*\1.*)*")


def doc_text(comment: str) -> str:
    """Return the text of a doc comment, without its marks and indentation.

    As in Avro Java, stars that begin all lines are removed, or else the space that all lines but
    the first begin with.
    """
    text = comment[3:-2].strip().replace("\r\n", "\n").replace("\r", "\n")
    stars = _STARS.fullmatch(text)
    if stars:
        return re.sub(rf"(?m)^[^\S\n]*{re.escape(stars[1])}[^\S\n]?", "", text)
    first, *others = text.split("\n")
    if not others:
        return text
    # What the first and the last in alphabetical order begin with, all lines do.
    pairs = zip(min(others), max(others), strict=False)
    indent = sum(1 for _ in takewhile(lambda pair: pair[0] == pair[1] and pair[0].isspace(), pairs))
    return "\n".join((first, *(line[indent:] for line in others)))


# --- literals -------------------------------------------------------------------------------------

_ESCAPE = re.compile(r"\\(u+[0-9a-fA-F]{4}|[0-3][0-7]{2}|[0-7]{1,2}|.)", re.DOTALL)
_ESCAPES = {"n": "\n", "r": "\r", "b": "\b", "f": "\f", "t": "\t", "\\": "\\", "'": "'", '"': '"'}


def string_value(token: Token) -> str:
    """Return the text of a string, in which escapes are those of Java."""

    def unescaped(match: re.Match[str]) -> str:
        escape = match[1]
        if escape[0] == "u" and len(escape) > 1:
            return chr(int(escape.lstrip("u"), 16))
        if escape[0] in "01234567":
            return chr(int(escape, 8))
        if escape not in _ESCAPES:
            raise IdlSyntaxError(f"unknown escape \\{escape} in a string", token.offset)
        return _ESCAPES[escape]

    text = token.text[1:-1]
    if "\\" not in text:
        return text
    text = _ESCAPE.sub(unescaped, text)
    # Two escapes may be the halves of one character.
    return text.encode("utf-16", "surrogatepass").decode("utf-16", "surrogatepass")


def integer_value(token: Token) -> int:
    """Return an integer: decimal, hexadecimal or octal, as Java's ``Long.decode`` reads it."""
    text = token.text.rstrip("lL")
    digits = text.removeprefix("-")
    base = 10
    if digits[:2] in ("0x", "0X"):
        digits, base = digits[2:], 16
    elif digits[0] == "0" and len(digits) > 1:
        base = 8
    try:
        value = int(digits, base) if len(digits) < 64 else _LONG.stop
    except ValueError:
        raise IdlSyntaxError(f"{text[:40]} is no octal number", token.offset) from None
    value = -value if text[0] == "-" else value
    if value not in _LONG:
        raise IdlSyntaxError(f"{text[:40]} is out of range for long", token.offset, is_number=True)
    return value


def number_value(token: Token) -> float | str:
    """Return a number; one that is not finite as text, as Avro Java writes it to JSON."""
    text = token.text
    if text.endswith(("NaN", "Infinity")):
        return "NaN" if text.endswith("NaN") else text.removeprefix("+")
    if "x" in text or "X" in text:
        value = _hexadecimal(text)
    else:
        value = float(text.rstrip("fFdD")) if len(text) < 1000 else math.inf
    if math.isinf(value):
        message = f"{text[:40]} is out of range for double"
        raise IdlSyntaxError(message, token.offset, is_number=True)
    return value


def _hexadecimal(text: str) -> float:
    try:
        return float.fromhex(text.rstrip("fFdD"))
    except OverflowError:
        return math.inf
