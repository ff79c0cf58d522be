"""Comments in schema files, which JSON does not have and Avro Java takes."""

from __future__ import annotations

import re

__all__ = ["blank_comments"]

_STRING_OR_COMMENT = re.compile(r'"(?:[^"\\]|\\.)*"|//[^\n]*|/\*.*?\*/', re.DOTALL)


def blank_comments(text: str) -> str:
    """The text with spaces in place of ``//`` and ``/* */`` comments; nothing else moves."""
    if "/" not in text:
        return text
    return _STRING_OR_COMMENT.sub(_blank, text)


def _blank(match: re.Match[str]) -> str:
    token = match[0]
    return token if token.startswith('"') else re.sub(r"[^\n]", " ", token)
