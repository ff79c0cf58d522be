"""Which records of a plan are written out where they are used, and which become functions."""

from __future__ import annotations

from collections import Counter
from typing import Final

from avrogen.codec import plan
from avrogen.codec.planning.calls import calls

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
        self._plan = plan_
        self._weights: dict[str, int] = {}
        self._uses = Counter(calls(plan_.root))
        for record in plan_.records.values():
            for field in record.fields:
                self._uses.update(calls(field.operation))

    def is_inline(self, key: str, depth: int) -> bool:
        """Whether a record is written out, so many records deep in those that are already."""
        if depth >= _DEEP or self._plan.records[key].recursive:
            return False
        return self._weight(key) <= (_LARGE if self._uses[key] == 1 else _SMALL)

    def _weight(self, key: str) -> int:
        """The steps of a record, with those that are written out in it."""
        if key not in self._weights:
            self._weights[key] = _LARGE + 1  # what a record of too many levels counts
            weight = 1
            for field in self._plan.records[key].fields:
                weight += self._weight_of(field.operation)
            self._weights[key] = weight
        return self._weights[key]

    def _weight_of(self, operation: plan.Operation) -> int:
        match operation:
            case plan.Call(key):
                return self._weight(key) if self.is_inline(key, 0) else 1
            case plan.SkipOperation(inner):
                return self._weight_of(inner)
            case plan.ArrayOperation(inner) | plan.MapOperation(inner):
                return 2 + self._weight_of(inner)
            case plan.UnionOperation(branches):
                return sum(1 + self._weight_of(branch.operation) for branch in branches)
            case _:
                return 1
