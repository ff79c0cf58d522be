"""The fewest bytes that values of a plan can take.

The count of a block is believed only if so many items of the least size are in what remains.
"""

from __future__ import annotations

from avrogen.codec import plan

__all__ = ["LeastSizes"]


class LeastSizes:
    """Least sizes of the operations of one plan: of what is on the wire, not of what comes out."""

    def __init__(self, plan_: plan.Plan) -> None:
        self._plan = plan_
        self._records: dict[str, int] = {}

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
                return self._of_record(key)
            case _:
                return 1

    def _of_record(self, key: str) -> int:
        # No record holds itself but through a union, an array or a map, whose size is 1 here.
        if key not in self._records:
            fields = self._plan.records[key].fields
            self._records[key] = sum(self.of(field.operation) for field in fields)
        return self._records[key]
