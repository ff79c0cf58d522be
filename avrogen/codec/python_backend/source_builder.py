"""Python source under construction, and the values that its names stand for.

Which records of a plan are written out where they are used, and which become functions.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Generator
from contextlib import contextmanager
from typing import Any, Final

from avrogen.codec import plan
from avrogen.codec.plan_analysis import called_records, innermost_first

__all__ = ["MAX_NESTING", "InliningPolicy", "SourceBuilder"]

MAX_NESTING = 12
"""How deep blocks may lie in each other before a function of its own is made of the inner ones.

Python allows 20 loops within loops, and 100 levels of indentation.
"""


class SourceBuilder:
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


_SMALL: Final = 24
"""Steps that may be repeated wherever a record is used."""

_LARGE: Final = 300
"""Steps that may be written out in the one place where a record is used."""

_DEEP: Final = 6
"""Records within records that are written out."""


class InliningPolicy:
    """The decisions for one plan."""

    def __init__(self, plan_: plan.Plan) -> None:
        self._records = plan_.records
        self._uses = Counter(called_records(plan_.root))
        for record in plan_.records.values():
            for field in record.fields:
                self._uses.update(called_records(field.operation))
        self._weights: dict[str, int] = {}
        for key in innermost_first(plan_.records):
            fields = plan_.records[key].fields
            self._weights[key] = 1 + sum(self._weight(field.operation) for field in fields)

    def is_inline(self, key: str, depth: int) -> bool:
        """Whether a record is written out, so many records deep in those that are already."""
        if depth >= _DEEP or self._records[key].recursive or key not in self._weights:
            return False
        return self._weights[key] <= (_LARGE if self._uses[key] == 1 else _SMALL)

    def _weight(self, operation: plan.Operation) -> int:
        """The steps of an operation, with those of the records that are written out in it."""
        match operation:
            case plan.Call(key):
                return self._weights[key] if self.is_inline(key, 0) else 1
            case plan.SkipOperation(inner):
                return self._weight(inner)
            case plan.ArrayOperation(inner) | plan.MapOperation(inner):
                return 2 + self._weight(inner)
            case plan.UnionOperation(branches):
                return sum(1 + self._weight(branch.operation) for branch in branches)
            case _:
                return 1
