"""Properties of plans: the records that operations call, recursion, and minimum sizes.

A block's count is accepted only if that many items of minimum size fit the remaining bytes. Types
with a minimum size of 0 never have bytes: null, fixed of size 0, records of such.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from typing import Final

from avrogen.codec import plan

__all__ = [
    "MinimumSizes",
    "called_records",
    "innermost_first",
    "reachable_records",
    "recursive_records",
]


def called_records(operation: plan.Operation) -> Iterator[str]:
    """Yield keys of the records that an operation calls directly; with repeats."""
    match operation:
        case plan.Call(key):
            yield key
        case (
            plan.ArrayOperation(inner)
            | plan.MapOperation(inner)
            | plan.SkipOperation(inner)
            | plan.NamedOperation(_, inner)
            | plan.LogicalOperation(inner)
        ):
            yield from called_records(inner)
        case plan.UnionOperation(branches):
            for branch in branches:
                yield from called_records(branch.operation)
        case _:
            return


def reachable_records(
    keys: Iterable[str], record: Callable[[str], plan.RecordOperation]
) -> Mapping[str, plan.RecordOperation]:
    """Return the records of some keys, and all that they call, by key; each is made once.

    A list replaces recursion, as chains of records may be longer than Python's stack.
    """
    found: dict[str, plan.RecordOperation] = {}
    waiting = list(keys)
    while waiting:
        key = waiting.pop()
        if key not in found:
            found[key] = record(key)
            waiting.extend(_calls_of(found[key]))
    return found


def recursive_records(records: Mapping[str, plan.RecordOperation]) -> set[str]:
    """Return the keys of records that call themselves, also through others."""
    # Records that call none, and those that none calls, are removed repeatedly. The others are on
    # a cycle or between two cycles; the latter only cost a needless check of depth.
    graph = {key: set(_calls_of(record)) for key, record in records.items()}
    called_by: dict[str, set[str]] = {key: set() for key in graph}
    for key, called in graph.items():
        for other in called:
            called_by[other].add(key)
    for forward, backward in ((graph, called_by), (called_by, graph)):
        waiting = [key for key in graph if not forward[key]]
        while waiting:
            key = waiting.pop()
            for other in backward[key]:
                forward[other].discard(key)
                if not forward[other]:
                    waiting.append(other)
            backward[key].clear()
    return {key for key in graph if graph[key] and called_by[key]}


def innermost_first(records: Mapping[str, plan.RecordOperation]) -> Iterator[str]:
    """Yield keys of records, each after the records that it calls, except in cycles.

    A list replaces recursion here as well.
    """
    begun: set[str] = set()
    done: set[str] = set()
    waiting = list(records)
    while waiting:
        key = waiting[-1]
        inner = [] if key in begun else [k for k in _calls_of(records[key]) if k not in begun]
        begun.add(key)
        if inner:
            waiting.extend(inner)
            continue
        waiting.pop()
        if key not in done:
            done.add(key)
            yield key


def _calls_of(record: plan.RecordOperation) -> Iterator[str]:
    for field in record.fields:
        yield from called_records(field.operation)
    for default in record.defaults:
        yield from called_records(default.operation)


_MANY: Final = 1_000
"""Records per byte, more than any schema has that is not meant to do harm."""


class MinimumSizes:
    """Minimum sizes on the wire of the operations of one plan."""

    def __init__(self, plan_: plan.Plan) -> None:
        self._records: dict[str, int] = {}
        self._counts: dict[str, int] = {}
        self._made: dict[str, int] = {}
        self._plan = plan_
        for key in innermost_first(plan_.records):
            fields = plan_.records[key].fields
            self._records[key] = sum(self.of(field.operation) for field in fields)
            self._counts[key] = 1 + sum(self._count(field.operation) for field in fields)
            self._made[key] = 1 + sum(self.made(part.operation) for part in fields)
            self._made[key] += sum(self._made_of(d) for d in plan_.records[key].defaults)

    def of_item(self, operation: plan.ArrayOperation | plan.MapOperation) -> int:
        """Return the minimum size of an item of an array or a map."""
        if isinstance(operation, plan.ArrayOperation):
            return self.of(operation.item)
        return 1 + self.of(operation.value)

    def of(self, operation: plan.Operation) -> int:
        """Return the minimum size of an operation's data."""
        match operation:
            case plan.NullOperation():
                return 0
            case plan.FloatOperation(bits):
                return bits // 8
            case plan.FixedOperation(_, size):
                return size
            case plan.LogicalOperation(base, kind):
                return max(self.of(base), kind.minimum_size)
            case plan.SkipOperation(inner) | plan.NamedOperation(_, inner):
                return self.of(inner)
            case plan.Call(key):
                # Records that contain themselves without end are unknown: they have no values.
                return self._records.get(key, 1)
            case _:
                return 1

    def is_bomb(self) -> bool:
        """Return whether few bytes can be decoded to very many records.

        Records that hold two of another, which holds two of another, and so on, are 2**40 records
        after 40 such types, and have no bytes if the innermost has none. That takes no array, so no
        count shows it.
        """
        return any(self._counts[key] > _MANY * (1 + self._records[key]) for key in self._records)

    def made(self, operation: plan.Operation) -> int:
        """Return how many values an operation makes of its minimum size, or somewhat more."""
        match operation:
            case plan.Call(key):
                return self._made.get(key, 1)
            case plan.LogicalOperation(base):
                return self.made(base)
            case plan.SkipOperation():
                return 0
            case plan.NamedOperation(_, inner):
                return self.made(inner)
            case _:
                return 1

    def _made_of(self, default: plan.DefaultField) -> int:
        match default.operation:
            case (
                plan.Call()
                | plan.ArrayOperation()
                | plan.MapOperation()
                | plan.UnionOperation()
                | plan.LogicalOperation(plan.Call())
            ):
                return self.made(default.operation) + len(default.data)
            case _:
                return 1

    def values_per_byte(self) -> int:
        """Return how many values a byte of much data makes at most, rounded up.

        Items without bytes are not among the data: they are counted one by one.
        """
        operations = [self._plan.root]
        for record in self._plan.records.values():
            operations += (field.operation for field in record.fields)
        return max(map(self._rate, operations), default=1)

    def _rate(self, operation: plan.Operation) -> int:
        match operation:
            case plan.ArrayOperation(inner) | plan.MapOperation(inner):
                least = self.of_item(operation)
                return max(self._rate(inner), -(-self.made(inner) // max(least, 1)))
            case plan.UnionOperation(branches):
                return max((self._rate_of_branch(b.operation) for b in branches), default=1)
            case plan.NamedOperation(_, inner):
                return self._rate(inner)
            case _:
                return 1

    def _rate_of_branch(self, operation: plan.Operation) -> int:
        return max(self._rate(operation), -(-self.made(operation) // (1 + self.of(operation))))

    def _count(self, operation: plan.Operation) -> int:
        match operation:
            case plan.Call(key) | plan.SkipOperation(plan.Call(key)):
                return self._counts.get(key, 1)
            case plan.NamedOperation(_, inner):
                return self._count(inner)
            case plan.LogicalOperation(base):
                return self._count(base)
            case _:
                return 0
