"""Pieces of Python code that carry the imports they need.

An expression is text with symbols in it. What a symbol is called, and what has to be imported for
it, is settled once for a whole module by a :class:`Scope`; finished text is never searched for
names.

Import statements: grouped and sorted as people have agreed to.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable
from dataclasses import dataclass
from typing import TypeAlias

from avrogen.compiler.naming import ModuleName

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
"""The versioned face of avrogen that generated code imports, and nothing else of it."""


@dataclass(frozen=True, slots=True, order=True)
class Symbol:
    """A name in a module.

    ``module`` is absolute, or relative to the generated package with a leading dot: ``.`` is the
    package itself, ``.com.acme`` a module in it.
    """

    module: str
    name: str


@dataclass(frozen=True, slots=True)
class Expression:
    """Python text with symbols where names of other modules stand."""

    parts: tuple[str | Symbol, ...]

    @staticmethod
    def of(*parts: str | Symbol | Expression) -> Expression:
        """One expression of texts, symbols and other expressions, in that order."""
        flat: list[str | Symbol] = []
        for part in parts:
            if isinstance(part, Expression):
                flat.extend(part.parts)
            else:
                flat.append(part)
        return Expression(tuple(flat))

    def symbols(self) -> Iterable[Symbol]:
        """The symbols used, each as often as it is."""
        return (part for part in self.parts if isinstance(part, Symbol))


Part: TypeAlias = str | Symbol | Expression


def builtin(name: str) -> Expression:
    """A builtin, which needs an import only where something else bears its name."""
    return Expression((Symbol(BUILTINS, name),))


def join(separator: str, expressions: Iterable[Expression]) -> Expression:
    """The expressions with a text between each two."""
    parts: list[Part] = []
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
    """What every symbol of one module is called there, and the imports this takes.

    A symbol keeps its name unless that name is taken, by a class of the module or by a field: a
    field hides the name from the annotations after it. Then it is imported under an alias with
    an underscore in front: one, as Python mangles names with two in classes.
    """

    def __init__(self, module: str, symbols: Iterable[Symbol], taken: Collection[str]) -> None:
        """Settle the names.

        Args:
            module: the module itself, written as in :class:`Symbol`.
            symbols: all symbols that its expressions use.
            taken: names that mean something else anywhere in the module.
        """
        self._names: dict[Symbol, str] = {}
        imports: list[Import] = []
        used = set(taken)
        for symbol in sorted(set(symbols)):
            if symbol.module == module:
                self._names[symbol] = symbol.name
                continue
            name = symbol.name
            if name in used:
                name = f"_{name.lstrip('_')}"
            while name in used:
                name = f"{name}_"
            used.add(name)
            self._names[symbol] = name
            alias = None if name == symbol.name else name
            if symbol.module != BUILTINS or alias:
                imports.append(Import(symbol.module, symbol.name, alias))
        self.imports = tuple(imports)

    def text(self, expression: Expression) -> str:
        """The expression as it reads in this module."""
        return "".join(
            part if isinstance(part, str) else self._names[part] for part in expression.parts
        )

    def name(self, symbol: Symbol) -> str:
        """What the symbol is called in this module."""
        return self._names[symbol]


@dataclass(frozen=True, slots=True)
class ImportStatement:
    """``from module import names``."""

    module: str
    names: tuple[str, ...]


def grouped(
    imports: Iterable[Import], package: tuple[ModuleName, ...]
) -> list[list[ImportStatement]]:
    """Standard library, avrogen, this package: each group sorted as isort does, none empty.

    Args:
        imports: what is imported.
        package: the package that the importing module is in.
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
    """A module as it is named from inside a package; absolute names stay as they are."""
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
    return 1 if module.split(".", maxsplit=1)[0] == "avrogen" else 0


def _module_order(module: str) -> tuple[int, str]:
    """The farthest relative imports first."""
    dots = len(module) - len(module.lstrip("."))
    return -dots, module


def _name_order(item: Import) -> tuple[int, str]:
    """CONSTANTS, then Classes, then the rest."""
    kind = 0 if item.name.isupper() and len(item.name) > 1 else 1 if item.name[0].isupper() else 2
    return kind, item.name
