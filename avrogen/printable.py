"""Text that is safe to print: one line, without characters that terminals act upon.

Names, schemas and messages of other programs may hold anything: line ends that forge log lines,
escape sequences, characters that reverse the direction of writing.
"""

from __future__ import annotations

__all__ = ["printable"]


def printable(text: str) -> str:
    """Return the text with every unprintable character escaped as in a Python literal."""
    if text.isprintable():
        return text
    return "".join(c if c.isprintable() else repr(c)[1:-1] for c in text)
