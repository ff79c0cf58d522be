"""Text of messages: safe to print, and short.

Names, schemas and messages of other programs may hold anything: line ends that forge log lines,
escape sequences that terminals act upon, characters that reverse the direction of writing. Values
may be of any size and type. :func:`printable` escapes text; :func:`shortened` shows a value on one
line, or its type only: methods of foreign types are not called.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from enum import Enum
from typing import Any, Final

__all__ = [
    "exception_text",
    "printable",
    "printable_json",
    "printable_lines",
    "shortened",
    "shortened_name",
]


def printable(text: str) -> str:
    """Return the text with every unprintable character escaped as in a Python literal."""
    if text.isprintable():
        return text
    return "".join(c if c.isprintable() else repr(c)[1:-1] for c in text)


def exception_text(error: object, text: Callable[[Any], str] = str) -> str:
    """Return the text of an exception of foreign code, whose methods may raise themselves.

    Args:
        error: the exception.
        text: ``str`` or ``repr``.
    """
    try:
        return text(error)
    except (KeyboardInterrupt, SystemExit):
        raise
    except BaseException:  # such as asyncio.CancelledError, for which a runner would take it
        return f"<{text.__name__}() of {printable(type(error).__qualname__)} failed>"


_COMMAND_START: Final = re.compile(r"^(\s*):(?=:)", re.MULTILINE)
_COMMAND: Final = re.compile(r"#(?=#\w*\[)")
"""Commands in the log of a CI job: ``::name`` at the start of a line and ``##[name]`` (GitHub),
``##vso[`` (Azure), ``##teamcity[``."""


def printable_lines(text: str, *, commands: bool = False) -> str:
    """Return a text of several lines with every character escaped that is not text.

    Args:
        text: lines, each ended by ``\\n``.
        commands: lines may start with GitHub's ``::``, as they are meant to be commands.
    """
    lines = "\n".join(map(printable, text.split("\n")))
    lines = _COMMAND.sub(r"\\x23", lines)
    return lines if commands else _COMMAND_START.sub(r"\1\\x3a", lines)


def printable_json(text: str) -> str:
    """Return a JSON text with every such character escaped as JSON does; the value is the same."""
    lines = "\n".join(
        (
            line
            if line.isprintable()
            else "".join(c if c.isprintable() else json.dumps(c)[1:-1] for c in line)
        )
        for line in text.split("\n")
    )
    return _COMMAND.sub(r"\\u0023", lines)


_SHORT: Final = 80
_NAME: Final = 100


def shortened_name(name: str) -> str:
    """Cut a name from a schema, which may be of any length."""
    return name if len(name) <= _NAME else f"{name[:_NAME]}..."


def shortened(value: object) -> str:
    """Show a value in a message, in at most some 80 characters.

    Values of Python's own types and of :mod:`avrogen.codec.values` are shown as they are, unless
    they are too long; of others it is the type.
    """
    match value:
        case str() | bytes() if type(value) in (str, bytes):
            # A character that has to be escaped takes up to ten.
            most = 60 if len(repr(value[:60])) <= _SHORT else 7
            return repr(value[:most]) + ("..." if len(value) > most else "")
        case Enum():
            return printable(shortened_name(f"{type(value).__qualname__}.{value.name}"))
        case _ if type(value).__module__ in _OWN and not isinstance(value, _CONTAINERS):
            try:
                text = printable(repr(value))
            except Exception:  # such as that of an int of too many digits
                return _kind(value)
            return text if len(text) <= _SHORT else _kind(value)
        case _:
            return _kind(value)


_OWN: Final = frozenset({"builtins", "datetime", "decimal", "uuid", "avrogen.codec.values"})
_CONTAINERS: Final = (list, dict, tuple, set, frozenset, bytearray, memoryview, type)


def _kind(value: object) -> str:
    return f"a value of type {printable(shortened_name(type(value).__qualname__))}"
