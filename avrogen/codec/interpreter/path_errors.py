"""Errors with the path of the faulty part, which grows while the error is raised through it."""

from __future__ import annotations

import re

from avrogen.avro.compat.paths import Incompatibility
from avrogen.message_text import shortened, shortened_name

__all__ = [
    "TOO_DEEP",
    "TOO_DEEP_FOR_PYTHON",
    "PathError",
    "foreign",
    "in_step",
    "index_step",
    "key_step",
    "name_step",
]

TOO_DEEP = "nested more deeply than Limits.max_depth allows"
TOO_DEEP_FOR_PYTHON = "nested more deeply than Python's recursion limit allows"
TOO_MANY = "more items without content than Limits.max_empty_items allows"

TOO_MANY_VALUES = "more values than Limits.max_values allows for so few bytes"

_NAME = re.compile(r"[A-Za-z_][A-Za-z0-9_]*")


class PathError(Exception):
    """A fault. Each part that it leaves adds its step to ``steps``, innermost first.

    An exception that the value itself raised is the ``__cause__``.

    Attributes:
        message: the fault.
        offset: byte at which it was found.
        reasons: incompatibilities, if the reader's schema cannot read the data there.
        cause: exception that a conversion of the user's raised.
        steps: the path, innermost first.
    """

    def __init__(
        self, message: str, offset: int = 0, reasons: tuple[Incompatibility, ...] = ()
    ) -> None:
        super().__init__(message)
        self.message = message
        self.offset = offset
        self.reasons = reasons
        self.cause: BaseException | None = None
        self.steps: list[str] = []

    def path(self) -> str:
        """Return the path, such as ``$.lines[2].price``; a very long one is cut in the middle."""
        steps = self.steps[::-1]
        if len(steps) > 40:
            steps[20:-20] = ["..."]
        return "$" + "".join(steps)


def in_step(error: Exception, step: str) -> Exception:
    """Return the exception to raise when one leaves a part of the value.

    Values may have methods of their own, which may raise anything.
    """
    if isinstance(error, RecursionError | MemoryError):
        return error
    path_error = error if isinstance(error, PathError) else foreign(error)
    path_error.steps.append(step)
    return path_error


def foreign(error: Exception) -> PathError:
    """Return the error for a value that raises an exception of its own when it is read."""
    path_error = PathError(f"the value raises {type(error).__qualname__} when it is read")
    path_error.__cause__ = error
    return path_error


def name_step(name: str) -> str:
    """Return the step to a field."""
    return f".{shortened_name(name)}"


def index_step(index: int) -> str:
    """Return the step to an item of an array."""
    return f"[{index}]"


def key_step(key: str) -> str:
    """Return the step to a value of a map."""
    return f".{key}" if _NAME.fullmatch(key) and len(key) <= 60 else f"[{shortened(key)}]"
