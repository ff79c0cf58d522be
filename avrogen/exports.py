"""Lazy exports: names of a package that are imported from its modules on first use (PEP 562)."""

from __future__ import annotations

import sys
from collections.abc import Callable, Mapping
from importlib import import_module
from importlib.util import resolve_name
from types import ModuleType

__all__ = ["lazy_exports"]


def lazy_exports(
    package: str, homes: Mapping[str, str]
) -> tuple[Callable[[str], object], Callable[[], list[str]]]:
    """Make a package's ``__getattr__`` and ``__dir__``.

    Args:
        package: ``__name__`` of the package.
        homes: the module that defines each public name, absolute or relative to the package
            (``"._order_placed"``).

    Returns:
        Functions to assign to ``__getattr__`` and ``__dir__``. A loaded name is kept in the
        package; an unknown one raises AttributeError.
    """

    def load(name: str) -> object:
        home = homes.get(name)
        if home is None:
            raise AttributeError(f"module {package!r} has no attribute {name!r}")
        value: object = getattr(_imported(resolve_name(home, package)), name)
        setattr(sys.modules[package], name, value)
        return value

    def names() -> list[str]:
        return sorted({*vars(sys.modules[package]), *homes})

    return load, names


def _imported(name: str) -> ModuleType:
    """Import a module, even if a chain of imports is longer than Python's stack.

    Each type has a module, which imports those of its fields. Some 150 in a row are too many: then
    those are imported first at which the stack ended.
    """
    waiting = [name]
    while True:
        try:
            module = import_module(waiting[-1])
        except RecursionError as error:
            last = _last_module(error)
            if last is None or last in waiting:
                raise
            waiting.append(last)
        else:
            waiting.pop()
            if not waiting:
                return module


def _last_module(error: RecursionError) -> str | None:
    """Return the name of the innermost module that was being imported."""
    found: str | None = None
    traceback = error.__traceback__
    while traceback is not None:
        frame = traceback.tb_frame
        if frame.f_code.co_name == "<module>":
            found = frame.f_globals.get("__name__")
        traceback = traceback.tb_next
    return found
