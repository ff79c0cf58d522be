"""Where in a value something is wrong, worked out while the error passes through."""

from __future__ import annotations

import re

from avrogen.avro.incompatibility import Incompatibility

__all__ = [
    "TOO_DEEP",
    "TOO_DEEP_FOR_PYTHON",
    "Trouble",
    "index_step",
    "key_step",
    "name_step",
    "shortened",
]

TOO_DEEP = "nested more deeply than Limits.max_depth allows"
TOO_DEEP_FOR_PYTHON = "nested more deeply than Python's recursion limit allows"
TOO_MANY = "more items without content than Limits.max_empty_items allows"

_NAME = re.compile(r"[A-Za-z_][A-Za-z0-9_]*")


class Trouble(Exception):
    """Something is wrong. Each step that it leaves adds itself to ``steps``, innermost first.

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


def name_step(name: str) -> str:
    """A field."""
    return f".{name}"


def index_step(index: int) -> str:
    """An item of an array."""
    return f"[{index}]"


def key_step(key: str) -> str:
    """A value in a map."""
    return f".{key}" if _NAME.fullmatch(key) and len(key) <= 60 else f"[{shortened(key)}]"


def shortened(value: object) -> str:
    """A value as it is shown in a message: on one line of bounded length."""
    match value:
        case str() | bytes() | bytearray() if len(value) > 60:
            return repr(value[:60]) + "..."
        case list() | dict() | tuple() | set():
            return _kind(value)  # pyright: ignore[reportUnknownArgumentType] -- of anything
        case _:
            try:
                text = repr(value)
            except Exception:  # whatever a foreign __repr__ does, or an int of too many digits
                return _kind(value)
            return text if len(text) <= 80 else _kind(value)


def _kind(value: object) -> str:
    return f"a value of type {type(value).__qualname__}"
