"""A project that is built: its settings as they stand there, and its paths."""

from __future__ import annotations

import os
import tomllib
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from avrogen.config.toml_reader import Toml

__all__ = ["PROJECT_FILE", "as_seen", "import_path", "tool_table"]

PROJECT_FILE = "pyproject.toml"


def tool_table(project: Path) -> dict[str, Toml]:
    """``[tool.avrogen]`` of a project, if it has one.

    A file that is no TOML has none: the backend, which reads it as well, complains.
    """
    try:
        value: Toml = tomllib.loads((project / PROJECT_FILE).read_text("utf-8"))
    except (OSError, ValueError):
        return {}
    for key in ("tool", "avrogen"):
        value = value.get(key, {}) if isinstance(value, dict) else {}
    return value if isinstance(value, dict) else {}


def as_seen(folder: Path) -> Path:
    """A folder as it is named in messages: relative to where the backend runs."""
    return Path(os.path.relpath(folder))


def import_path(out: Path, root: str | None) -> Path:
    """Where a package is below the folder that Python imports from.

    Args:
        out: the package in the project, such as ``src/acme/events``.
        root: the folder of the project that is on Python's path, if the backend knows of one. If
            not, it is ``src`` by custom, or else the project.
    """
    if root is None and len(out.parts) > 1 and out.parts[0] == "src":
        root = "src"
    return out.relative_to(root) if root and out.is_relative_to(root) else out
