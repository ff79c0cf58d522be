"""The project of a build backend: its ``pyproject.toml`` and its paths.

The standard library is enough for this module: backends import plugins for whatever they build.
"""

from __future__ import annotations

import os
import tomllib
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from avrogen.config.toml_reader import Toml

__all__ = ["PROJECT_FILE", "import_path", "shown_path", "tool_table"]

PROJECT_FILE = "pyproject.toml"


def tool_table(project: Path) -> dict[str, Toml]:
    """Return ``[tool.avrogen]`` of a project; empty without one.

    A file that is not TOML has none: the backend, which reads it as well, reports it.
    """
    try:
        value: Toml = tomllib.loads((project / PROJECT_FILE).read_text("utf-8"))
    except (OSError, ValueError):
        return {}
    for key in ("tool", "avrogen"):
        value = value.get(key, {}) if isinstance(value, dict) else {}
    return value if isinstance(value, dict) else {}


def shown_path(folder: Path) -> Path:
    """Return a folder as messages show it: relative to the working directory of the backend."""
    return Path(os.path.relpath(folder))


def import_path(out: Path, root: str | None) -> Path:
    """Return the path of a package relative to the folder that Python imports from.

    Args:
        out: the package in the project, such as ``src/acme/events``.
        root: folder of the project on Python's path, if the backend has one. Without it, that is
            ``src`` by convention, or else the project.
    """
    if root is None and len(out.parts) > 1 and out.parts[0] == "src":
        root = "src"
    return out.relative_to(root) if root and out.is_relative_to(root) else out
