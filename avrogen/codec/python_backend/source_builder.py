"""Python source under construction, with the values of its names, and the inlining of records."""

from __future__ import annotations

from collections import Counter
from collections.abc import Generator
from contextlib import contextmanager
from typing import Any, Final

from avrogen.codec import plan
from avrogen.codec.plan_analysis import called_records, innermost_first

__all__ = ["MAX_NESTING", "InliningPolicy", "SourceBuilder"]

MAX_NESTING = 12
"""Levels of nested blocks; deeper ones become functions of their own.

Python allows 20 nested loops, and 100 levels of indentation.
"""


class SourceBuilder:
    """Lines of a module.

    Names are generated: ``v12`` for a variable, ``t12`` for a table of functions, ``k12_digits``
    for a bound value, with the word of the code that binds it.
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
        """Number of open blocks."""
        return self._indentation

    @property
    def text(self) -> str:
        """The source."""
        return "\n".join([*self._lines, *self._tables]) + "\n"

    @property
    def bound(self) -> dict[str, object]:
        """Values of the names that the source does not assign itself."""
        return dict(self._bound)

    def line(self, text: str) -> None:
        """Add a line."""
        self._lines.append("\t" * self._indentation + text)

    @contextmanager
    def block(self, header: str) -> Generator[None]:
        """Add a line that opens a block, and indent the lines that are added in it."""
        self.line(header)
        self._indentation += 1
        length = len(self._lines)
        yield
        if len(self._lines) == length:
            self.line("pass")
        self._indentation -= 1

    def variable(self) -> str:
        """Return a new name for a variable."""
        self._count += 1
        return f"v{self._count}"

    def bind(self, value: object, word: str) -> str:
        """Return a name for a value; the same object with the same word has the same name."""
        key = (word, id(value))
        if key not in self._names:
            self._count += 1
            name = self._names[key] = f"k{self._count}_{word}"
            self._bound[name] = value
        return self._names[key]

    def table(self, expression: str) -> str:
        """Return a name for an expression that is evaluated after all functions are defined."""
        self._count += 1
        name = f"t{self._count}"
        self._tables.append(f"{name} = {expression}")
        return name

    def compile(self, function: str) -> Any:
        """Execute the source and return one of its functions."""
        namespace: dict[str, Any] = dict(self._bound)
        code = compile(self.text, "<avrogen codec>", "exec", dont_inherit=True, optimize=2)
        exec(code, namespace)
        return namespace[function]


_SMALL: Final = 24
"""Greatest weight of records that are inlined wherever they are used."""

_LARGE: Final = 300
"""Greatest weight of records that are inlined in the only place where they are used."""

_DEEP: Final = 6
"""Greatest number of records that are inlined within each other."""


class InliningPolicy:
    """The records of one plan that are inlined; the others become functions."""

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
        """Return whether a record is inlined, ``depth`` inlined records deep."""
        if depth >= _DEEP or self._records[key].recursive or key not in self._weights:
            return False
        return self._weights[key] <= (_LARGE if self._uses[key] == 1 else _SMALL)

    def _weight(self, operation: plan.Operation) -> int:
        """Return the number of steps of an operation, with those of the records inlined in it."""
        match operation:
            case plan.Call(key):
                return self._weights[key] if self.is_inline(key, 0) else 1
            case (
                plan.SkipOperation(inner)
                | plan.NamedOperation(_, inner)
                | plan.LogicalOperation(inner)
            ):
                return self._weight(inner)
            case plan.ArrayOperation(inner) | plan.MapOperation(inner):
                return 2 + self._weight(inner)
            case plan.UnionOperation(branches):
                return sum(1 + self._weight(branch.operation) for branch in branches)
            case _:
                return 1
