"""The modules of avrogen as their source has them: names, imports, docstrings, circles."""

from __future__ import annotations

import ast
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

from tests.conftest import ROOT

__all__ = ["FACE", "MODULES", "PARTS", "Module", "circles", "importers"]

PACKAGE = ROOT / "avrogen"

FACE = "avrogen"
"""The module that is the public face: ``avrogen/__init__.py``."""


@dataclass(frozen=True)
class Module:
    """A module of avrogen.

    Attributes:
        name: as it is imported; that of a package is the package's.
        path: the file, relative to ``avrogen/``.
    """

    name: str
    path: Path

    @property
    def is_package(self) -> bool:
        """True of an ``__init__.py``."""
        return self.path.stem == "__init__"

    @property
    def part(self) -> str:
        """The package or module at the top of avrogen that it belongs to."""
        return part_of(self.name)

    @cached_property
    def text(self) -> str:
        """The source."""
        return (PACKAGE / self.path).read_text("utf-8")

    @cached_property
    def tree(self) -> ast.Module:
        """The source, parsed."""
        return ast.parse(self.text)

    @cached_property
    def docstring(self) -> str:
        """The docstring; "" without one."""
        return ast.get_docstring(self.tree) or ""

    @property
    def lines(self) -> int:
        """Number of lines of the file."""
        return len(self.text.splitlines())

    @cached_property
    def imports(self) -> frozenset[str]:
        """Modules of avrogen that it imports, by name: anywhere, and under ``TYPE_CHECKING``."""
        return frozenset(_module_of(name) for name in self.imported if _is_own(name))

    @cached_property
    def third_party(self) -> frozenset[str]:
        """Top names of what it imports from elsewhere when code runs."""
        names = _imported(self.tree, when_run=True)
        return frozenset(name.partition(".")[0] for name in names if not _is_own(name))

    @cached_property
    def imported(self) -> frozenset[str]:
        """Full names of everything that it imports."""
        return frozenset(_imported(self.tree, when_run=False))


def part_of(module: str) -> str:
    """The part of avrogen that a module belongs to; the face is one of its own."""
    return module if module == FACE else module.split(".")[1]


def _is_own(name: str) -> bool:
    return name.partition(".")[0] == FACE


def _module_of(name: str) -> str:
    """The module that a full name is, or is in."""
    return name if name in MODULES else name.rpartition(".")[0]


def _imported(tree: ast.AST, *, when_run: bool) -> Iterator[str]:
    for node in ast.iter_child_nodes(tree):
        if when_run and isinstance(node, ast.If) and ast.unparse(node.test) == "TYPE_CHECKING":
            for other in node.orelse:
                yield from _imported(ast.Module([other], []), when_run=True)
        elif isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0 and node.module, "imports inside avrogen are absolute"
            yield from (f"{node.module}.{alias.name}" for alias in node.names)
        else:
            yield from _imported(node, when_run=when_run)


def _modules() -> Iterator[Module]:
    for file in sorted(PACKAGE.rglob("*.py")):
        path = file.relative_to(PACKAGE)
        parts = path.parent.parts if path.stem == "__init__" else path.with_suffix("").parts
        yield Module(".".join((FACE, *parts)), path)


MODULES: Mapping[str, Module] = {module.name: module for module in _modules()}
"""All modules by name."""

PARTS = sorted({module.part for module in MODULES.values()})
"""Packages and modules at the top of avrogen, and the face."""


def importers() -> dict[str, set[str]]:
    """Who imports a module, for each that is imported."""
    found: dict[str, set[str]] = defaultdict(set)
    for module in MODULES.values():
        for name in module.imports - {module.name}:
            found[name].add(module.name)
    return found


def circles() -> list[set[str]]:
    """Sets of modules that reach each other by imports (Tarjan's components of two and more)."""
    return list(_Components({name: MODULES[name].imports for name in MODULES}).found())


class _Components:
    def __init__(self, arrows: Mapping[str, Iterable[str]]) -> None:
        self._arrows = arrows
        self._index: dict[str, int] = {}
        self._low: dict[str, int] = {}
        self._stack: list[str] = []

    def found(self) -> Iterator[set[str]]:
        for node in self._arrows:
            if node not in self._index:
                yield from self._visit(node)

    def _visit(self, node: str) -> Iterator[set[str]]:
        self._index[node] = self._low[node] = len(self._index)
        self._stack.append(node)
        for target in self._arrows[node]:
            if target not in self._index:
                yield from self._visit(target)
                self._low[node] = min(self._low[node], self._low[target])
            elif target in self._stack:
                self._low[node] = min(self._low[node], self._index[target])
        if self._low[node] == self._index[node]:
            at = self._stack.index(node)
            component = set(self._stack[at:])
            del self._stack[at:]
            if len(component) > 1:
                yield component
