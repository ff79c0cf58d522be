"""Python expressions that carry the imports they need.

An expression is text with symbols in it. A :class:`Scope` settles the local names of all symbols of
a module, and its imports, at once; finished text is never searched for names. :func:`grouped` sorts
the imports as isort does.
"""

from __future__ import annotations

import sys
from collections.abc import Collection, Iterable
from dataclasses import dataclass
from typing import TypeAlias

from avrogen.compiler.naming import FreeNames, ModuleName

__all__ = [
    "BUILTINS",
    "RUNTIME",
    "Expression",
    "Import",
    "ImportStatement",
    "Scope",
    "Symbol",
    "builtin",
    "grouped",
    "join",
    "relative",
]

BUILTINS = "builtins"
RUNTIME = "avrogen.runtime.v1"
"""The versioned interface of avrogen: the only module of it that generated code imports."""


@dataclass(frozen=True, slots=True, order=True)
class Symbol:
    """A name in a module.

    Attributes:
        module: absolute, or relative to the generated package with a leading dot: ``.`` is the
            package itself, ``.com.acme`` a module in it.
        name: name in that module.
    """

    module: str
    name: str


@dataclass(frozen=True, slots=True)
class Expression:
    """Python text with symbols in the place of names."""

    parts: tuple[str | Symbol, ...]

    @staticmethod
    def of(*parts: str | Symbol | Expression) -> Expression:
        """Join texts, symbols and expressions to one expression."""
        flat: list[str | Symbol] = []
        for part in parts:
            if isinstance(part, Expression):
                flat.extend(part.parts)
            else:
                flat.append(part)
        return Expression(tuple(flat))

    def symbols(self) -> Iterable[Symbol]:
        """Yield the symbols used, each as often as it occurs."""
        return (part for part in self.parts if isinstance(part, Symbol))


_Piece: TypeAlias = str | Symbol | Expression


def builtin(name: str) -> Expression:
    """Return a builtin, which is imported only where its name is taken."""
    return Expression((Symbol(BUILTINS, name),))


def join(separator: str, expressions: Iterable[Expression]) -> Expression:
    """Join expressions with a separator."""
    parts: list[_Piece] = []
    for expression in expressions:
        if parts:
            parts.append(separator)
        parts.append(expression)
    return Expression.of(*parts)


@dataclass(frozen=True, slots=True, order=True)
class Import:
    """``from module import name [as alias]``."""

    module: str
    name: str
    alias: str | None = None

    def __str__(self) -> str:
        return f"{self.name} as {self.alias}" if self.alias else self.name


class Scope:
    """Local names of all symbols of one module, and the imports they need.

    A symbol keeps its name unless that name is taken, by a class of the module or by a field: a
    field hides the name from the annotations after it. Then it is imported under an alias with one
    underscore in front; with two, Python would mangle it in classes.
    """

    def __init__(self, module: str, symbols: Iterable[Symbol], taken: Collection[str]) -> None:
        """Settle the names.

        Args:
            module: the module itself, as in :class:`Symbol`.
            symbols: all symbols that its expressions use.
            taken: names with another meaning anywhere in the module.
        """
        self._names: dict[Symbol, str] = {}
        imports: list[Import] = []
        used = set(taken)
        free = FreeNames(used.__contains__)
        for symbol in sorted(set(symbols)):
            if symbol.module == module:
                self._names[symbol] = symbol.name
                continue
            name = symbol.name
            if name in used:
                name = free.of(f"_{name.lstrip('_')}")
            used.add(name)
            self._names[symbol] = name
            alias = None if name == symbol.name else name
            if symbol.module != BUILTINS or alias:
                imports.append(Import(symbol.module, symbol.name, alias))
        self.imports = tuple(imports)

    def text(self, expression: Expression) -> str:
        """Return the text of an expression in this module."""
        return "".join(
            part if isinstance(part, str) else self._names[part] for part in expression.parts
        )

    def name(self, symbol: Symbol) -> str:
        """Return the name of a symbol in this module."""
        return self._names[symbol]


@dataclass(frozen=True, slots=True)
class ImportStatement:
    """``from module import names``."""

    module: str
    names: tuple[str, ...]


def grouped(
    imports: Iterable[Import], package: tuple[ModuleName, ...]
) -> list[list[ImportStatement]]:
    """Group imports: standard library, other packages, this package; each sorted as isort does.

    Args:
        imports: imports of a module.
        package: package of that module.
    """
    by_module: dict[str, list[Import]] = {}
    for item in imports:
        by_module.setdefault(relative(item.module, package), []).append(item)
    groups: dict[int, list[ImportStatement]] = {0: [], 1: [], 2: []}
    for module in sorted(by_module, key=_module_order):
        names = sorted(by_module[module], key=_name_order)
        groups[_group(module)].append(ImportStatement(module, tuple(map(str, names))))
    return [group for group in groups.values() if group]


def relative(module: str, package: tuple[ModuleName, ...]) -> str:
    """Return the relative name of a module from inside a package; absolute names stay."""
    if not module.startswith("."):
        return module
    target = module[1:].split(".") if module != "." else []
    shared = 0
    while shared < min(len(target), len(package)) and target[shared] == package[shared]:
        shared += 1
    return "." * (len(package) - shared + 1) + ".".join(target[shared:])


def _group(module: str) -> int:
    if module.startswith("."):
        return 2
    return 0 if module.split(".", maxsplit=1)[0] in sys.stdlib_module_names else 1


def _module_order(module: str) -> tuple[int, str]:
    """Sort the farthest relative imports first."""
    dots = len(module) - len(module.lstrip("."))
    return -dots, module


def _name_order(item: Import) -> tuple[int, str]:
    """Sort CONSTANTS, then Classes, then other names."""
    kind = 0 if item.name.isupper() and len(item.name) > 1 else 1 if item.name[0].isupper() else 2
    return kind, item.name
