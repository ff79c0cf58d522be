"""Layered layout of a directed graph: coordinates in pixels.

Columns of a graph: everything stands right of what refers to it, as far as circles let it.

The order within columns, so that few lines cross: sweeps to and fro by barycentres.

Pictures of who refers to whom, from left to right, in the manner of Sugiyama.

graphs     which things a picture shows
columns    which column each thing is in: right of everything that refers to it
ordering   the order within columns, so that few lines cross
layout     coordinates of boxes and lines
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Final, Literal, TypeAlias

__all__ = [
    "Box",
    "Columns",
    "Edge",
    "Graph",
    "Node",
    "Picture",
    "Role",
    "columns_of",
    "drawn",
    "ordered",
    "without_circles",
]

_MARGIN: Final = 4.0
_BOX_HEIGHT: Final = 30.0
_PADDING: Final = 14.0
_LETTER: Final = 7.1
"""Average width of a letter in a font of 13 pixels."""

_BOLD: Final = 1.25
"""Width of the letters of the page's own type, times that."""
_LONGEST: Final = 34
"""Letters that are shown of a name."""
_BETWEEN_COLUMNS: Final = 56.0
_BETWEEN_BOXES: Final = 12.0
_BETWEEN_LINES: Final = 10.0
_PASSES: Final = 10

Role: TypeAlias = Literal["topic", "type", "here", "outside", "more"]


@dataclass(frozen=True, slots=True)
class Node:
    """A node of a graph.

    Attributes:
        id: by which edges name it.
        name: what is shown of it.
        title: what it is, in full.
        role: how it looks.
        href: where it leads; "": nowhere.
    """

    id: str
    name: str
    title: str
    role: Role
    href: str = ""

    @property
    def label(self) -> str:
        """The name, shortened if it is long."""
        return self.name if len(self.name) <= _LONGEST else f"{self.name[: _LONGEST - 1]}…"


@dataclass(frozen=True, slots=True)
class Graph:
    """Nodes and edges, each once."""

    nodes: tuple[Node, ...]
    edges: tuple[Edge, ...]


@dataclass(frozen=True, slots=True)
class Box:
    """A placed node; ``x`` and ``y`` are the upper left corner."""

    node: Node
    x: float
    y: float
    width: float
    height: float


@dataclass(frozen=True, slots=True)
class Picture:
    """Boxes, and edges between them as SVG paths."""

    width: float
    height: float
    boxes: tuple[Box, ...]
    lines: tuple[str, ...]


def drawn(graph: Graph) -> Picture:
    """Lay out a graph. Deterministic."""
    names = [node.id for node in graph.nodes]
    oriented = without_circles(names, graph.edges)
    first = {node.id for node in graph.nodes if node.role == "topic"}
    routes = _Routes(columns_of(names, oriented, first), oriented)
    columns = ordered(routes.columns, routes.steps)
    nodes = {node.id: node for node in graph.nodes}
    heights = {name: _BOX_HEIGHT if name in nodes else 0.0 for column in columns for name in column}
    middles = _middles(columns, routes.steps, heights)
    spans = _spans(columns, nodes)
    boxes = tuple(
        Box(nodes[name], left, middles[name] - _BOX_HEIGHT / 2, _width(nodes[name]), _BOX_HEIGHT)
        for column, (left, _) in zip(columns, spans, strict=True)
        for name in column
        if name in nodes
    )
    sides = {box.node.id: (box.x, box.x + box.width) for box in boxes}
    for column, span in zip(columns, spans, strict=True):
        sides |= {name: span for name in column if name not in nodes}
    turned = set(oriented) - set(graph.edges)
    lines = tuple(_line(routes.of[e], sides, middles, e in turned) for e in oriented)
    width = max((right for _, right in spans), default=0.0) + _MARGIN
    height = max((box.y + box.height for box in boxes), default=0.0) + _MARGIN
    return Picture(width, height, boxes, lines)


class _Routes:
    """Edges split into steps between neighbouring columns, with intermediate points.

    Attributes:
        columns: the nodes of each, and the points.
        steps: edges from one column to the next.
        of: what each edge leads through, its ends included.
    """

    def __init__(self, column_of: Mapping[str, int], edges: Sequence[Edge]) -> None:
        last = max(column_of.values(), default=-1)
        self.columns: list[list[str]] = [[] for _ in range(last + 1)]
        for name, column in column_of.items():
            self.columns[column].append(name)
        self.of: dict[Edge, tuple[str, ...]] = {}
        for edge in edges:
            between = range(column_of[edge[0]] + 1, column_of[edge[1]])
            points = [f"{edge[0]} {edge[1]} {column}" for column in between]
            for column, point in zip(between, points, strict=True):
                self.columns[column].append(point)
            self.of[edge] = (edge[0], *points, edge[1])
        self.steps = [step for route in self.of.values() for step in pairwise(route)]


def _width(node: Node) -> float:
    letter = _LETTER * (_BOLD if node.role == "here" else 1)
    return round(len(node.label) * letter + 2 * _PADDING, 1)


def _spans(columns: Columns, nodes: Mapping[str, Node]) -> list[tuple[float, float]]:
    """Return the vertical extent of each column."""
    spans: list[tuple[float, float]] = []
    left = _MARGIN
    for column in columns:
        right = left + max(_width(nodes[name]) for name in column if name in nodes)
        spans.append((left, right))
        left = right + _BETWEEN_COLUMNS
    return spans


def _middles(
    columns: Columns, steps: Sequence[Edge], heights: Mapping[str, float]
) -> dict[str, float]:
    """Return the y of each node's middle: near its neighbours, in the given order.

    Passes to and fro settle one column after the other.
    """
    neighbours: dict[str, list[str]] = {name: [] for name in heights}
    for source, target in steps:
        neighbours[source].append(target)
        neighbours[target].append(source)
    middles = {name: 0.0 for name in heights}
    for turn in range(_PASSES):
        for column in columns if turn % 2 == 0 else columns[::-1]:
            wanted = [
                (
                    sum(middles[n] for n in neighbours[name]) / len(neighbours[name])
                    if neighbours[name]
                    else 0.0
                )
                for name in column
            ]
            settled = _apart(wanted, [heights[name] for name in column])
            middles |= dict(zip(column, settled, strict=True))
    top = min((middles[name] - heights[name] / 2 for name in heights), default=0.0)
    return {name: round(middle - top + _MARGIN, 1) for name, middle in middles.items()}


def _apart(wanted: Sequence[float], heights: Sequence[float]) -> Iterator[float]:
    """Return the heights nearest to the wanted ones, in order and far enough apart.

    The least sum of squares, by pooling neighbours that are in each other's way.
    """
    offsets = [0.0]
    for above, below in pairwise(heights):
        gap = _BETWEEN_BOXES if above and below else _BETWEEN_LINES
        offsets.append(offsets[-1] + (above + below) / 2 + gap)
    pools: list[tuple[float, int]] = []
    for want, offset in zip(wanted, offsets, strict=False):
        mean, size = want - offset, 1
        while pools and pools[-1][0] > mean:
            other, count = pools.pop()
            mean = (mean * size + other * count) / (size + count)
            size += count
        pools.append((mean, size))
    places = (mean for mean, size in pools for _ in range(size))
    return (place + offset for place, offset in zip(places, offsets, strict=False))


def _line(
    route: Sequence[str],
    sides: Mapping[str, tuple[float, float]],
    middles: Mapping[str, float],
    is_turned: bool,
) -> str:
    """Return an SVG path along a route, or back along it."""
    points = [
        point
        for name in route
        for point in ((sides[name][0], middles[name]), (sides[name][1], middles[name]))
    ][1:-1]
    if is_turned:
        points.reverse()
    parts = [f"M{points[0][0]:g} {points[0][1]:g}"]
    for (x, y), (next_x, next_y) in pairwise(points):
        if y == next_y:
            parts.append(f"H{next_x:g}")
        else:
            middle = (x + next_x) / 2
            parts.append(f"C{middle:g} {y:g} {middle:g} {next_y:g} {next_x:g} {next_y:g}")
    return "".join(parts)


Edge: TypeAlias = tuple[str, str]
"""From what refers to what is referred to."""


def without_circles(nodes: Sequence[str], edges: Collection[Edge]) -> tuple[Edge, ...]:
    """Return the edges without cycles: back edges reversed, self-loops removed.

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
    """Return the column of each node, from 0: one after the last of its predecessors.

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


Columns: TypeAlias = tuple[tuple[str, ...], ...]

_SWEEPS: Final = 12


def ordered(columns: Sequence[Sequence[str]], edges: Sequence[Edge]) -> Columns:
    """Order the nodes of each column for few crossings. Deterministic.

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
    """Order each column by the barycentres of its nodes' neighbours in the column before."""
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
    """Count the pairs of edges that cross."""
    crossings = 0
    for left, right in pairwise(columns):
        places = {node: place for place, node in enumerate(right)}
        ends: list[int] = []
        for node in left:
            own = [places[target] for target in ahead.get(node, ())]
            crossings += sum(end > place for end in ends for place in own)
            ends += own
    return crossings
