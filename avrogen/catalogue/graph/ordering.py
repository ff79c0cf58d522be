"""The order within columns, so that few lines cross: sweeps to and fro by barycentres."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from itertools import pairwise
from typing import Final, TypeAlias

from avrogen.catalogue.graph.columns import Edge

__all__ = ["Columns", "ordered"]

Columns: TypeAlias = tuple[tuple[str, ...], ...]

_SWEEPS: Final = 12


def ordered(columns: Sequence[Sequence[str]], edges: Sequence[Edge]) -> Columns:
    """The columns in an order of few crossings, which depends on nothing but the arguments.

    Args:
        columns: the nodes of each.
        edges: each from one column to the next.
    """
    behind: dict[str, list[str]] = {}
    ahead: dict[str, list[str]] = {}
    for source, target in edges:
        ahead.setdefault(source, []).append(target)
        behind.setdefault(target, []).append(source)
    best = current = [list(column) for column in columns]
    fewest = _crossings(best, ahead)
    for sweep in range(_SWEEPS):
        current = _swept(current, behind) if sweep % 2 else _swept(current[::-1], ahead)[::-1]
        crossings = _crossings(current, ahead)
        if crossings < fewest:
            best, fewest = current, crossings
    return tuple(tuple(column) for column in best)


def _swept(
    columns: Sequence[Sequence[str]], neighbours: Mapping[str, Sequence[str]]
) -> list[list[str]]:
    """Each column but the first by where its nodes' neighbours are in the one before."""
    swept = [list(columns[0])] if columns else []
    for column in columns[1:]:
        places = {node: place for place, node in enumerate(swept[-1])}
        own = {node: float(place) for place, node in enumerate(column)}
        centres = {
            node: _mean((places[other] for other in neighbours.get(node, ())), own[node])
            for node in column
        }
        swept.append(sorted(column, key=centres.__getitem__))
    return swept


def _mean(places: Iterable[int], otherwise: float) -> float:
    numbers = list(places)
    return sum(numbers) / len(numbers) if numbers else otherwise


def _crossings(columns: Sequence[Sequence[str]], ahead: Mapping[str, Sequence[str]]) -> int:
    """How many pairs of edges cross."""
    crossings = 0
    for left, right in pairwise(columns):
        places = {node: place for place, node in enumerate(right)}
        ends: list[int] = []
        for node in left:
            own = [places[target] for target in ahead.get(node, ())]
            crossings += sum(end > place for end in ends for place in own)
            ends += own
    return crossings
