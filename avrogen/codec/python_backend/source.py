"""Python source under construction, and the values that its names stand for."""

from __future__ import annotations

from collections.abc import Generator
from contextlib import contextmanager
from typing import Any

__all__ = ["MAX_NESTING", "Source"]

MAX_NESTING = 12
"""How deep blocks may lie in each other before a function of its own is made of the inner ones.

Python allows 20 loops within loops, and 100 levels of indentation.
"""


class Source:
    """Lines of a module, at some indentation.

    Names in it are made up here: ``v12`` for a variable, ``t12`` for a table of functions,
    ``k12_digits`` for a bound value, where the word comes from the code that binds it.
    """

    def __init__(self) -> None:
        self._lines: list[str] = []
        self._indentation = 0
        self._count = 0
        self._bound: dict[str, object] = {}
        self._names: dict[tuple[str, int], str] = {}
        self._tables: list[str] = []

    @property
    def nesting(self) -> int:
        """How many blocks are open."""
        return self._indentation

    @property
    def text(self) -> str:
        """All lines."""
        return "\n".join([*self._lines, *self._tables]) + "\n"

    @property
    def bound(self) -> dict[str, object]:
        """What the names stand for that the source does not assign itself."""
        return dict(self._bound)

    def line(self, text: str) -> None:
        """Add a line."""
        self._lines.append("\t" * self._indentation + text)

    @contextmanager
    def block(self, header: str) -> Generator[None]:
        """Add a line that opens a block, and indent what is added meanwhile."""
        self.line(header)
        self._indentation += 1
        length = len(self._lines)
        yield
        if len(self._lines) == length:
            self.line("pass")
        self._indentation -= 1

    def variable(self) -> str:
        """A new name for a variable."""
        self._count += 1
        return f"v{self._count}"

    def bind(self, value: object, word: str) -> str:
        """A name for a value; the same object gets the same name again."""
        key = (word, id(value))
        if key not in self._names:
            self._count += 1
            name = self._names[key] = f"k{self._count}_{word}"
            self._bound[name] = value
        return self._names[key]

    def table(self, expression: str) -> str:
        """A name for what an expression is once all functions are defined."""
        self._count += 1
        name = f"t{self._count}"
        self._tables.append(f"{name} = {expression}")
        return name

    def compile(self, function: str) -> Any:
        """Execute the source and return one of the functions it defines."""
        namespace: dict[str, Any] = dict(self._bound)
        code = compile(self.text, "<avrogen codec>", "exec", dont_inherit=True, optimize=2)
        exec(code, namespace)
        return namespace[function]
