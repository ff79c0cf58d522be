"""Import statements: grouped and sorted as people have agreed to."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from avrogen.compiler.expressions import Import
from avrogen.compiler.naming import ModuleName

__all__ = ["ImportStatement", "grouped", "relative"]


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
