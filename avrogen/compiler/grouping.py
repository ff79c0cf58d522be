"""Which types have to live in one module: those that need each other.

Modules import the types that their classes mention. Types that mention each other, directly or in
a circle, therefore share a module, and all imports stand at the top and never run in circles.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from avrogen.avro import model
from avrogen.avro.references import mentions

__all__ = ["circles"]


def circles(types: Mapping[str, model.NamedType]) -> list[tuple[str, ...]]:
    """The types in groups that need each other, sorted; most groups are one type.

    Kosaraju's algorithm: walk all edges and note when each type is finished; then walk the edges
    backwards from the type finished last, and what is reached is its group.
    """
    edges = {name: sorted(mentions(named)) for name, named in types.items()}
    backwards: dict[str, list[str]] = {name: [] for name in types}
    for name in sorted(types):
        for mentioned in edges[name]:
            backwards[mentioned].append(name)

    seen: set[str] = set()
    finished = [name for start in sorted(types) for name in _walk(start, edges, seen)]
    grouped: set[str] = set()
    groups = (tuple(sorted(_walk(name, backwards, grouped))) for name in reversed(finished))
    return sorted(group for group in groups if group)


def _walk(start: str, edges: Mapping[str, list[str]], seen: set[str]) -> Iterator[str]:
    """What can be reached and was not seen before, each after all that it leads to.

    The stack is a list of ours: chains of types may be longer than Python's.
    """
    if start in seen:
        return
    seen.add(start)
    path = [(start, iter(edges[start]))]
    while path:
        name, ahead = path[-1]
        for successor in ahead:
            if successor not in seen:
                seen.add(successor)
                path.append((successor, iter(edges[successor])))
                break
        else:
            path.pop()
            yield name
