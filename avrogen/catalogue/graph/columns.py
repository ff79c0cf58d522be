"""Columns of a graph: everything stands right of what refers to it, as far as circles let it."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Sequence
from typing import TypeAlias

__all__ = ["Edge", "columns_of", "without_circles"]

Edge: TypeAlias = tuple[str, str]
"""From what refers to what is referred to."""


def without_circles(nodes: Sequence[str], edges: Collection[Edge]) -> tuple[Edge, ...]:
    """The edges, with those turned round that would close a circle; none from a node to itself.

    They come in the order given. Depth first: an edge to a node that is still being walked closes
    a circle. The stack is a list, as chains may be longer than Python's.
    """
    ahead: dict[str, list[str]] = {node: [] for node in nodes}
    for source, target in edges:
        ahead[source].append(target)
    turned: set[Edge] = set()
    walking: set[str] = set()
    done: set[str] = set()
    for start in nodes:
        stack = [] if start in done else [(start, iter(ahead[start]))]
        walking.update(node for node, _ in stack)
        while stack:
            node, rest = stack[-1]
            for target in rest:
                if target in walking:
                    turned.add((node, target))
                elif target not in done:
                    walking.add(target)
                    stack.append((target, iter(ahead[target])))
                    break
            else:
                stack.pop()
                walking.discard(node)
                done.add(node)
    oriented = ((b, a) if (a, b) in turned else (a, b) for a, b in edges if a != b)
    return tuple(dict.fromkeys(oriented))


def columns_of(
    nodes: Sequence[str], edges: Iterable[Edge], first: Collection[str]
) -> dict[str, int]:
    """The column of each node, from 0: behind the last of those that lead to it.

    Args:
        nodes: all of them.
        edges: without circles.
        first: nodes that nothing leads to and that stand in column 0 all the same; other such
            nodes stand right before what they lead to.
    """
    ahead: dict[str, list[str]] = {node: [] for node in nodes}
    waiting = dict.fromkeys(nodes, 0)
    for source, target in edges:
        ahead[source].append(target)
        waiting[target] += 1
    sources = [node for node in nodes if not waiting[node]]
    columns = dict.fromkeys(nodes, 0)
    ready = list(sources)
    for node in ready:  # grows while it is walked
        for target in ahead[node]:
            columns[target] = max(columns[target], columns[node] + 1)
            waiting[target] -= 1
            if not waiting[target]:
                ready.append(target)
    for node in sources:
        if node not in first and ahead[node]:
            columns[node] = min(columns[target] for target in ahead[node]) - 1
    return columns
