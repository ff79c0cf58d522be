"""The fewest bytes that values of a plan can take, and how much may be made of few bytes.

The count of a block is believed only if so many items of the least size are in what remains. What
can have no bytes never has any: null, fixed of size 0, records of such.
"""

from __future__ import annotations

from typing import Final

from avrogen.codec import plan
from avrogen.codec.calls import innermost_first

__all__ = ["LeastSizes"]

_MANY: Final = 1_000
"""Records for each byte, which no schema makes that is not meant to do harm."""


class LeastSizes:
    """Least sizes of the operations of one plan: of what is on the wire, not of what comes out."""

    def __init__(self, plan_: plan.Plan) -> None:
        self._records: dict[str, int] = {}
        self._counts: dict[str, int] = {}
        for key in innermost_first(plan_.records):
            fields = plan_.records[key].fields
            self._records[key] = sum(self.of(field.operation) for field in fields)
            self._counts[key] = 1 + sum(self._count(field.operation) for field in fields)

    def of_item(self, operation: plan.ArrayOperation | plan.MapOperation) -> int:
        """Of an item of an array or a map."""
        if isinstance(operation, plan.ArrayOperation):
            return self.of(operation.item)
        return 1 + self.of(operation.value)

    def of(self, operation: plan.Operation) -> int:
        """Of what an operation reads."""
        match operation:
            case plan.NullOperation():
                return 0
            case plan.RealOperation(bits):
                return bits // 8
            case plan.FixedOperation(_, size):
                return size
            case plan.DecimalOperation(size=size):
                return 1 if size is None else size
            case plan.UuidOperation(binary):
                return 16 if binary else 37
            case plan.DurationOperation():
                return 12
            case plan.SkipOperation(skipped):
                return self.of(skipped)
            case plan.Call(key):
                # Unknown are records that contain themselves without end: there are none of them.
                return self._records.get(key, 1)
            case _:
                return 1

    def is_bomb(self) -> bool:
        """Whether few bytes can be read as very many records.

        Records that hold two of another, which holds two of another, and so on, are 2**40 records
        after 40 such types, and take no bytes if the innermost has none. No array is needed for
        that, so no count shows it.
        """
        return any(self._counts[key] > _MANY * (1 + self._records[key]) for key in self._records)

    def _count(self, operation: plan.Operation) -> int:
        match operation:
            case plan.Call(key) | plan.SkipOperation(plan.Call(key)):
                return self._counts.get(key, 1)
            case _:
                return 0
