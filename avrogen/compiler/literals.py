"""Python literals and comments for text from schemas: the only module that quotes.

Text of a schema becomes one string token, whose value is that text again, whatever it contains.
"""

from __future__ import annotations

import re

__all__ = [
    "bytes_literal",
    "comment",
    "comment_text",
    "docstring",
    "float_literal",
    "json_block",
    "string_literal",
]

_QUOTED_NAME = re.compile(r'"[A-Za-z0-9_.]+"')

_ESCAPED = re.compile(
    "[\x00-\x1f\x7f-\xa0\xad\u061c\u180e\u200b-\u200f\u2028-\u202f\u205f-\u206f"
    "\ud800-\udfff\ufeff\ufff0-\uffff\U000e0000-\U0010ffff]"
)
"""Escaped characters: controls, odd spaces, line and paragraph separators, directional marks (they
can make code look like other code), surrogates, private planes. A fixed list, as
``str.isprintable`` follows the Unicode version of the running Python."""

_DIRECTIVE_MARK = re.compile("[#:=]")
"""Characters without which no tool finds a directive in a comment: an encoding (PEP 263), a word
with a colon (``type:``, ``pyright:``, ``fmt:``), or a second comment (``# noqa``)."""

_DIRECTIVE = re.compile(r"#(?=\s*(?:[\w.-]+\s*[:=]|no(?:qa|sec|pep8)))", re.IGNORECASE)
"""The beginning of a directive in a docstring: mypy and flake8 read lines, not tokens."""

_ESCAPE = re.compile(r"\\(?:([\\nrt])|x([0-9a-f]{2})|u([0-9a-f]{4})|U([0-9a-f]{8}))")


def string_literal(text: str) -> str:
    """Return a string literal, in the quotes that need fewer escapes; else in double quotes."""
    quote = "'" if text.count('"') > text.count("'") else '"'
    return quote + _escaped(text).replace(quote, f"\\{quote}") + quote


def float_literal(number: float) -> str:
    """Return a literal of a finite number."""
    return repr(number).replace("e+", "e")


def bytes_literal(data: bytes) -> str:
    """Return a bytes literal in double quotes."""
    body = "".join(
        chr(byte) if 0x20 <= byte < 0x7F and byte not in b'"\\' else f"\\x{byte:02x}"
        for byte in data
    )
    return f'b"{body}"'


def docstring(text: str, indent: str) -> str:
    """Return an indented docstring in triple quotes; ``inspect.getdoc`` returns the text."""
    # A class cannot have half a character in its docstring: it has to be UTF-8.
    text = text.encode("utf-8", "replace").decode()
    lines = [_DIRECTIVE.sub(_escape, _escaped(line.rstrip())) for line in _lines(text)]
    ending = '\\"' if lines[-1].endswith('"') else ""
    lines[-1] = lines[-1].removesuffix('"') if ending else lines[-1]
    lines = [line.replace('"""', '\\"\\"\\"') for line in lines]
    lines[-1] += ending
    if len(lines) == 1:
        return f'"""{lines[0]}"""'
    body = "\n".join(f"{indent}{line}" if line else "" for line in lines[1:])
    return f'"""{lines[0]}\n{body}\n{indent}"""'


def comment(text: str) -> str:
    """Return text that is safe behind a ``#``: it ends nowhere, and is a directive for no tool."""
    return _DIRECTIVE_MARK.sub(_escape, _escaped(text))


def comment_text(escaped: str) -> str:
    """Return the text that :func:`comment` was given."""
    return _ESCAPE.sub(_unescape, escaped)


def _unescape(match: re.Match[str]) -> str:
    letter, *codes = match.groups()
    if letter:
        return {"n": "\n", "r": "\r", "t": "\t"}.get(letter, letter)
    code = int(next(filter(None, codes)), 16)
    return chr(code) if code < 0x110000 else match[0]


def json_block(text: str) -> str:
    """Return JSON as a raw string in triple quotes, as readable as a schema file; a name in quotes.

    Such a literal can contain any JSON: a quotation mark inside a JSON string has a backslash
    before it, two JSON strings never touch, so three marks in a row cannot occur; and an escape of
    JSON ends where the raw string takes it to end.

    Raises:
        ValueError: the text is not a JSON object, array or name in ASCII.
    """
    stripped = text.strip()
    if _QUOTED_NAME.fullmatch(stripped):
        return f"'{stripped}'"
    if stripped.isascii() and stripped.startswith('"'):
        return string_literal(stripped)  # a name that the specification does not allow
    if not stripped.isascii() or not stripped.startswith(("{", "[")) or '"""' in stripped:
        raise ValueError("not a JSON object, array or name in ASCII")
    return f'r"""{text}"""'


def _lines(text: str) -> list[str]:
    """Return the lines of a doc without blank lines around it and common indentation."""
    lines = text.replace("\r\n", "\n").replace("\r", "\n").strip().expandtabs().split("\n")
    margins = [len(line) - len(line.lstrip()) for line in lines[1:] if line.strip()]
    margin = min(margins, default=0)
    return [lines[0], *(line[margin:] for line in lines[1:])]


def _escaped(text: str) -> str:
    return _ESCAPED.sub(_escape, text.replace("\\", "\\\\"))


def _escape(match: re.Match[str]) -> str:
    code = ord(match[0])
    if code < 0x100:
        return {"\n": "\\n", "\r": "\\r", "\t": "\\t"}.get(match[0], f"\\x{code:02x}")
    return f"\\u{code:04x}" if code < 0x10000 else f"\\U{code:08x}"
