"""Which records of a plan are written out where they are used, and which become functions."""

from __future__ import annotations

from collections import Counter
from typing import Final

from avrogen.codec import plan
from avrogen.codec.calls import calls, innermost_first

__all__ = ["Layout"]

_SMALL: Final = 24
"""Steps that may be repeated wherever a record is used."""

_LARGE: Final = 300
"""Steps that may be written out in the one place where a record is used."""

_DEEP: Final = 6
"""Records within records that are written out."""


class Layout:
    """The decisions for one plan."""

    def __init__(self, plan_: plan.Plan) -> None:
        self._records = plan_.records
        self._uses = Counter(calls(plan_.root))
        for record in plan_.records.values():
            for field in record.fields:
                self._uses.update(calls(field.operation))
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
