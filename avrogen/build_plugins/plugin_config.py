"""What ``pyproject.toml`` says of the package that a build generates.

Two keys, in the table that the backend has for its plugins:

    schemas = ["schemas"]        # files and folders, or one of them as a string
    out = "src/acme/events"      # the package, as avrogen build -o has it

A project that is built: its settings as they stand there, and its paths.
"""

from __future__ import annotations

import os
import tomllib
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from pathlib import Path

from avrogen.avro.diagnostics import Code, Diagnostics
from avrogen.avro.source import Pointer
from avrogen.compiler.naming import is_package_name
from avrogen.config.keys import BUILD_KEYS
from avrogen.config.toml_reader import TableReader, Toml, TomlPositions

__all__ = ["PROJECT_FILE", "PluginConfig", "as_seen", "import_path", "read_settings", "tool_table"]


@dataclass(frozen=True, slots=True)
class PluginConfig:
    """What is generated from what.

    Attributes:
        project: the folder of ``pyproject.toml``.
        schemas: files and folders, which exist and lie in the project.
        out: the package, relative to the project; its folder need not exist.
    """

    project: Path
    schemas: tuple[Path, ...]
    out: Path

    @property
    def package(self) -> Path:
        """Where the package is in the source tree, if it is there at all."""
        return self.project / self.out


def read_settings(
    project: Path,
    table: Mapping[str, Toml],
    at: Pointer,
    diagnostics: Diagnostics,
    *,
    others: Collection[str] = (),
) -> PluginConfig | None:
    """Read a table of ``pyproject.toml``; None if anything in it is wrong.

    Args:
        project: the folder of the file, as users should see it.
        table: what the backend read.
        at: where in the file that stands.
        diagnostics: takes every mistake.
        others: keys that may stand there as well, and are read elsewhere.
    """
    file = project / PROJECT_FILE
    positions = TomlPositions(file.as_posix(), file.read_text("utf-8"))
    reader = TableReader(positions, diagnostics)
    entries = reader.described(dict(table), at, BUILD_KEYS, others)
    if not _are_present(entries, at, reader):
        return None
    schemas = _schemas(project, entries["schemas"], (*at, "schemas"), reader)
    out = _out(entries["out"], (*at, "out"), reader)
    if diagnostics.has_errors or out is None:
        return None
    return PluginConfig(project, schemas, out)


def _are_present(entries: Mapping[str, Toml], at: Pointer, reader: TableReader) -> bool:
    missing = [key for name, key in BUILD_KEYS.items() if name not in entries]
    for key in missing:
        reader.diagnostics.report(
            Code.MISSING_KEY,
            reader.positions.key(at),
            f'"{".".join(map(str, at))}" has no "{key.name}"',
            hint=f"write, for example: {key.example}",
        )
    return not missing


def _schemas(project: Path, value: Toml, at: Pointer, reader: TableReader) -> tuple[Path, ...]:
    values = value if isinstance(value, list) else [value]
    names = [name for name in values if isinstance(name, str)]
    if not names or len(names) < len(values):
        reader.wrong_value(at, "a path, or a list of them", value)
    paths: list[Path] = []
    for name in names:
        reason = _reason_against(name)
        if reason is None and not (project / name).exists():
            reason = "does not exist"
        if reason is None:
            paths.append(project / os.path.normpath(name))
        else:
            reader.diagnostics.report(
                Code.WRONG_VALUE,
                reader.positions.value(at),
                f'"{name}" {reason}',
                hint="schemas lie in the project, as they belong to the sdist; "
                "a symbolic link to a folder elsewhere will do",
            )
    return tuple(paths)


def _out(value: Toml, at: Pointer, reader: TableReader) -> Path | None:
    if not isinstance(value, str):
        reader.wrong_value(at, "the path of a package", value)
        return None
    path = Path(os.path.normpath(value))
    reason = _reason_against(value)
    if reason is None and not is_package_name(path.name):
        reason = "does not end with a name that a package can have"
    if reason is None:
        return path
    reader.diagnostics.report(
        Code.WRONG_VALUE,
        reader.positions.value(at),
        f'"{value}" {reason}',
        hint='write the path of the package, for example "src/acme_events"',
    )
    return None


def _reason_against(name: str) -> str | None:
    """Why a path cannot be one in the project; an sdist holds nothing else."""
    if os.path.isabs(name):
        return "is an absolute path"
    if os.path.normpath(name).split(os.sep)[0] == os.pardir:
        return "leads out of the project"
    return None


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
