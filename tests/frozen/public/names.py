"""Names that can be imported or installed, and names by which other tools find avrogen."""

from __future__ import annotations

import importlib
import inspect
import re
import tomllib
from collections.abc import Mapping
from importlib.metadata import entry_points
from types import ModuleType

import yaml

from tests.conftest import ROOT
from tests.frozen.surface import Parameters, surface

__all__ = ["distribution", "module_paths", "pre_commit_hooks", "public_names", "pytest_plugin"]

MODULES = (
    "avrogen",
    "avrogen.errors",
    "avrogen.kafka",
    "avrogen.runtime.v1",
    "avrogen.testing",
    "avrogen.testing.broker",
    "avrogen.testing.registry",
)
"""Modules that documentation tells users to import from."""

PINNED = (
    "avrogen.codec.classes",
    "avrogen.codec.codec",
    "avrogen.codec.schema",
    "avrogen.codec.values",
)
"""Modules whose paths stand in pickles and tracebacks of users."""


def public_names() -> Mapping[str, Mapping[str, Parameters | None]]:
    """Return the members of ``__all__`` of public modules, with parameters and members of each."""
    return {name: dict(sorted(surface(_module(name)).items())) for name in MODULES}


def module_paths() -> Mapping[str, list[str]]:
    """Return the public classes and functions that must stay in the module where they are."""
    public = {
        value.__qualname__: value
        for module in map(_module, MODULES)
        for value in (getattr(module, name) for name in module.__all__)
        if inspect.isclass(value) or inspect.isfunction(value)
    }
    return {
        path: sorted(name for name, value in public.items() if value.__module__ == path)
        for path in PINNED
    }


def distribution() -> Mapping[str, object]:
    """Return what ``pyproject.toml`` promises: entry points, extras and versions of Python.

    The command is pinned with its target, which scripts in environments refer to. Modules of
    plugins may move.
    """
    with (ROOT / "pyproject.toml").open("rb") as file:
        project = tomllib.load(file)["project"]
    return {
        "name": project["name"],
        "requires-python": project["requires-python"],
        "dependencies": project["dependencies"],
        "extras": sorted(project["optional-dependencies"]),
        "scripts": project["scripts"],
        "entry points": {
            group: sorted(points) for group, points in sorted(project["entry-points"].items())
        },
    }


def pre_commit_hooks() -> Mapping[str, object]:
    """Return the hooks that repositories name in ``.pre-commit-config.yaml``."""
    hooks = yaml.safe_load((ROOT / ".pre-commit-hooks.yaml").read_text("utf-8"))
    told = ("language", "files", "always_run", "pass_filenames", "stages")
    return {hook["id"]: {key: hook[key] for key in told} for hook in hooks}


def pytest_plugin() -> Mapping[str, list[str]]:
    """Return the fixtures and the options that the plugin adds to pytest."""
    (point,) = entry_points(group="pytest11", name="avrogen")
    plugin = point.load()
    source = inspect.getsource(plugin)
    return {
        "fixtures": sorted(plugin.__all__),
        "options": sorted(re.findall(r'"(--[a-z-]+)"', source)),
    }


def _module(name: str) -> ModuleType:
    return importlib.import_module(name)
