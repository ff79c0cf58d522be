"""Where in a value something is wrong, worked out while the error passes through."""

from __future__ import annotations

import re

from avrogen.avro.compat.paths import Incompatibility
from avrogen.codec.shorten import shortened, shortened_name

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

_NAME = re.compile(r"[A-Za-z_][A-Za-z0-9_]*")


class PathError(Exception):
    """Something is wrong. Each step that it leaves adds itself to ``steps``, innermost first.

    If it is an exception of the value's own that is in the way, that is the ``__cause__``.

    Attributes:
        reasons: why the reader's schema cannot read what is there, if that is the trouble.
    """

    def __init__(
        self, message: str, offset: int = 0, reasons: tuple[Incompatibility, ...] = ()
    ) -> None:
        super().__init__(message)
        self.message = message
        self.offset = offset
        self.reasons = reasons
        self.steps: list[str] = []

    def path(self) -> str:
        """Such as ``$.lines[2].price``; shortened in the middle if it is very long."""
        steps = self.steps[::-1]
        if len(steps) > 40:
            steps[20:-20] = ["..."]
        return "$" + "".join(steps)


def in_step(error: Exception, step: str) -> Exception:
    """What to raise for an exception that has passed through one more step.

    A value may have methods of its own, and these may raise whatever they like.
    """
    if isinstance(error, RecursionError | MemoryError):
        return error
    trouble = error if isinstance(error, PathError) else foreign(error)
    trouble.steps.append(step)
    return trouble


def foreign(error: Exception) -> PathError:
    """The trouble with a value that raises exceptions of its own when it is looked at."""
    trouble = PathError(f"the value cannot be looked at, it raises {type(error).__qualname__}")
    trouble.__cause__ = error
    return trouble


def name_step(name: str) -> str:
    """A field."""
    return f".{shortened_name(name)}"


def index_step(index: int) -> str:
    """An item of an array."""
    return f"[{index}]"


def key_step(key: str) -> str:
    """A value in a map."""
    return f".{key}" if _NAME.fullmatch(key) and len(key) <= 60 else f"[{shortened(key)}]"
