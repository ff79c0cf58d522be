"""What generated packages and their users can call in ``avrogen.runtime.v1``, written down.

``runtime_v1.json`` has what there was at the last release. Nothing of it may go or ask for more.
``python -m tests.frozen.surface`` adds what is new, and leaves the rest as it is.
"""

from __future__ import annotations

import inspect
import json
from collections.abc import Iterator
from enum import EnumType
from pathlib import Path
from types import ModuleType
from typing import TypeAlias, cast

from avrogen.runtime import v1

__all__ = ["FILE", "Parameters", "Surface", "losses", "surface"]

FILE = Path(__file__).with_name("runtime_v1.json")

Parameters: TypeAlias = dict[str, str]
"""How each parameter is given, by its name; "?" stands behind one that may be left out."""

Surface: TypeAlias = dict[str, Parameters | None]
"""Parameters of what can be called, by its path in the module; None for anything else."""


def surface(module: ModuleType = v1) -> Surface:
    """What there is today in the ``__all__`` of a module."""
    found: Surface = {}
    for name in module.__all__:
        value = getattr(module, name)
        found[name] = _parameters(value)
        if inspect.isclass(value):
            for member in _members(value):
                found[f"{name}.{member}"] = _parameters(getattr(value, member))
    return found


def losses(old: Surface, new: Surface) -> list[str]:
    """Why a call that was right is wrong now; nothing if all are still right."""
    found: list[str] = []
    for path, parameters in old.items():
        if path not in new:
            found.append(f"{path} is gone")
        elif parameters is not None:
            found += [f"{path}: {loss}" for loss in _call_losses(parameters, new[path])]
    return found


def _call_losses(old: Parameters, new: Parameters | None) -> list[str]:
    if new is None:
        return ["cannot be called any more"]
    found: list[str] = []
    for name, kind in old.items():
        if name not in new:
            found.append(f"the parameter {name} is gone")
        elif new[name] not in (kind, f"{kind}?"):
            found.append(f"the parameter {name} was {kind} and is {new[name]}")
    added = {name: kind for name, kind in new.items() if name not in old}
    found += [
        f"the parameter {name} is new and must be given"
        for name, kind in added.items()
        if not kind.endswith("?")
    ]
    positional = [[n for n, k in p.items() if k.startswith("positional")] for p in (old, new)]
    if positional[1][: len(positional[0])] != positional[0]:
        found.append(f"positional parameters were {positional[0]} and are {positional[1]}")
    return found


def _members(cls: type) -> Iterator[str]:
    """Public members, but for those that come with Python."""
    for base in cls.__mro__:
        if base.__module__.startswith("avrogen."):
            yield from (name for name in vars(base) if not name.startswith("_"))


def _parameters(value: object) -> Parameters | None:
    if not callable(value) or isinstance(value, EnumType):  # enums are called as Python has it
        return None
    try:
        parameters = inspect.signature(value).parameters
    except ValueError:  # a class that is made as Python's own is, from int
        return None
    return {name: _kind(parameter) for name, parameter in parameters.items()}


def _kind(parameter: inspect.Parameter) -> str:
    may_be_left_out = parameter.default is not inspect.Parameter.empty or parameter.kind in (
        inspect.Parameter.VAR_KEYWORD,
        inspect.Parameter.VAR_POSITIONAL,
    )
    return f"{parameter.kind.description}{'?' if may_be_left_out else ''}"


if __name__ == "__main__":
    frozen = cast("Surface", json.loads(FILE.read_text("utf-8"))) if FILE.exists() else {}
    both = dict(sorted({**surface(), **frozen}.items()))
    FILE.write_text(json.dumps(both, indent=1) + "\n", "utf-8")
