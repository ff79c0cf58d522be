"""Tracebacks of handlers' exceptions as text, at a cost that a stream of failures can bear.

A handler that fails does so at the same few places, message after message. The lines of a place are
formatted once, and only the text of the exception is new.

The text is that of :mod:`traceback`, without the calls inside of avrogen that lead to a handler.
"""

from __future__ import annotations

import traceback
from collections.abc import Iterator, Sequence
from types import CodeType, TracebackType
from typing import Final

__all__ = ["exception_traceback", "foreign_traceback"]


def exception_traceback(error: BaseException) -> str:
    """Return the traceback of an exception and of those before it, as Python prints it.

    It begins where :func:`foreign_traceback` does. Attributes of the exception may raise anything:
    then the text says so.
    """
    try:
        return _format(error)
    except Exception as failure:
        return f"<formatting {type(error).__qualname__} raised {type(failure).__qualname__}>\n"


def _format(error: BaseException) -> str:
    chain = list(_chain(error))
    if any(isinstance(each, _NESTED) for each, _ in chain):
        found = traceback.TracebackException(type(error), error, foreign_traceback(error))
        return "".join(found.format())
    parts: list[str] = []
    for each, introduction in reversed(chain):
        parts.append(introduction)
        start = each.__traceback__ if each is not error else foreign_traceback(error)
        if start is not None:
            parts.append("Traceback (most recent call last):\n")
            parts.extend(_stack(start))
        parts.extend(_last_lines(each))
    return "".join(parts)


def foreign_traceback(error: BaseException) -> TracebackType | None:
    """Return the traceback of an exception from the first call that is not in avrogen.

    The calls that lead to a user's function tell nothing about its failure, and take most of the
    time to print. A traceback that is in avrogen alone is returned as it is.
    """
    found = error.__traceback__
    while found is not None and _is_own(found):
        found = found.tb_next
    return found or error.__traceback__


def _is_own(found: TracebackType) -> bool:
    module = found.tb_frame.f_globals.get("__name__")
    return isinstance(module, str) and module.startswith("avrogen.")


_NESTED: Final = BaseExceptionGroup
"""Exceptions with exceptions inside, whose tracebacks are indented: Python formats them."""

_CAUSE: Final = "\nThe above exception was the direct cause of the following exception:\n\n"
_CONTEXT: Final = "\nDuring handling of the above exception, another exception occurred:\n\n"


def _chain(error: BaseException) -> Iterator[tuple[BaseException, str]]:
    """Yield an exception and those before it, each with the text between it and the one before."""
    seen: set[int] = set()
    each: BaseException | None = error
    while each is not None:
        seen.add(id(each))
        before, introduction = each.__cause__, _CAUSE
        if before is None and not each.__suppress_context__:
            before, introduction = each.__context__, _CONTEXT
        if before is None or id(before) in seen:
            before, introduction = None, ""
        yield each, introduction
        each = before


# --- calls ----------------------------------------------------------------------------------------

_MOST: Final = 1_000
"""Places that are remembered."""

_SHOWN: Final = 3
"""Calls that are shown of many at the same place, as in :mod:`traceback`."""

_places: dict[tuple[int, int], tuple[CodeType, str]] = {}
"""Lines by the identity of the code and the instruction. The code is kept, or its identity might
become that of another."""


def _stack(found: TracebackType | None) -> Iterator[str]:
    """Yield the lines of each call."""
    last: object = None
    times = 0
    while found is not None:
        code, line = found.tb_frame.f_code, found.tb_lineno
        if last == (place := (code.co_filename, line, code.co_name)):
            times += 1
        else:
            yield _repeated(times)
            last, times = place, 1
        if times <= _SHOWN:
            yield _lines(found, code)
        found = found.tb_next
    yield _repeated(times)


def _lines(found: TracebackType, code: CodeType) -> str:
    key = id(code), found.tb_lasti
    known = _places.get(key)
    if known is None:
        if len(_places) >= _MOST:
            _places.clear()
        known = _places[key] = code, "".join(traceback.format_tb(found, limit=1))
    return known[1]


def _repeated(times: int) -> str:
    more = times - _SHOWN
    if more <= 0:
        return ""
    return f"  [Previous line repeated {more} more time{'s' if more > 1 else ''}]\n"


# --- the exception --------------------------------------------------------------------------------

_WITH_HINTS: Final = (AttributeError, ImportError, NameError, SyntaxError)
"""Exceptions that Python has more to tell of than type and text."""


def _last_lines(error: BaseException) -> Sequence[str]:
    """Return the lines of an exception itself: type, text and notes."""
    if isinstance(error, _WITH_HINTS) or getattr(error, "__notes__", None):
        return traceback.format_exception_only(error)
    kind = type(error)
    name = kind.__qualname__
    if kind.__module__ not in ("builtins", "__main__"):
        name = f"{kind.__module__}.{name}"
    try:
        text = str(error)
    except (KeyboardInterrupt, SystemExit):
        raise
    except BaseException:
        text = "<exception str() failed>"
    return (f"{name}: {text}\n" if text else f"{name}\n",)
