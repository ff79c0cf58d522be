"""Which records operations call, and which call themselves through others."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence

from avrogen.codec import plan

__all__ = ["Body", "calls", "collected", "innermost_first", "recursive"]

Body = Sequence[plan.FieldOperation]


def calls(operation: plan.Operation) -> Iterator[str]:
    """Keys of the records that an operation calls itself, not through others; with repeats."""
    match operation:
        case plan.Call(key):
            yield key
        case plan.ArrayOperation(inner) | plan.MapOperation(inner) | plan.SkipOperation(inner):
            yield from calls(inner)
        case plan.UnionOperation(branches):
            for branch in branches:
                yield from calls(branch.operation)
        case _:
            return


def collected(
    keys: Iterable[str], record: Callable[[str], plan.RecordOperation]
) -> Mapping[str, plan.RecordOperation]:
    """Every record of some keys, and that these lead to, by key; each is asked for once.

    A list takes the place of the stack, as chains of records may be longer than Python's.
    """
    found: dict[str, plan.RecordOperation] = {}
    waiting = list(keys)
    while waiting:
        key = waiting.pop()
        if key not in found:
            found[key] = record(key)
            waiting.extend(_calls_of(found[key]))
    return found


def recursive(records: Mapping[str, plan.RecordOperation]) -> set[str]:
    """The keys of records that lead back to themselves."""
    # Whoever is left after taking away, again and again, what leads nowhere and what nothing
    # leads to, lies on a cycle or between two; the latter only cost a needless check of depth.
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
    """Keys of records, each after those of the records that it calls, but for those that call it.

    A list takes the place of the stack here as well.
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
        yield from calls(field.operation)
    for default in record.defaults:
        yield from calls(default.operation)
