"""Configuration of the build plugins: two keys in the table of the backend's plugin.

schemas = ["schemas"]        # files and folders, or one of them as a string
out = "src/acme/events"      # the package, as for avrogen build -o
"""

from __future__ import annotations

import os
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from pathlib import Path

from avrogen.avro.diagnostics import Code, Diagnostics
from avrogen.avro.source import Pointer
from avrogen.build_plugins.project import PROJECT_FILE
from avrogen.compiler.naming import is_package_name
from avrogen.config.keys import BUILD_KEYS
from avrogen.config.toml_reader import TableReader, Toml, TomlPositions

__all__ = ["PluginConfig", "read_plugin_config"]


@dataclass(frozen=True, slots=True)
class PluginConfig:
    """Configuration of a plugin.

    Attributes:
        project: folder of ``pyproject.toml``.
        schemas: existing files and folders inside the project.
        out: the package, relative to the project; its folder need not exist.
    """

    project: Path
    schemas: tuple[Path, ...]
    out: Path

    @property
    def package(self) -> Path:
        """Folder of the package in the source tree, which need not exist."""
        return self.project / self.out


def read_plugin_config(
    project: Path,
    table: Mapping[str, Toml],
    at: Pointer,
    diagnostics: Diagnostics,
    *,
    others: Collection[str] = (),
) -> PluginConfig | None:
    """Read a table of ``pyproject.toml``; None if anything in it is wrong.

    Args:
        project: folder of the file, as messages show it.
        table: the table as the backend read it.
        at: its position in the file.
        diagnostics: receives every mistake.
        others: further keys that the table may have, which others read.
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
        reason = _path_problem(name)
        if reason is None and not (project / name).exists():
            reason = "does not exist"
        if reason is None:
            paths.append(project / os.path.normpath(name))
        else:
            reader.diagnostics.report(
                Code.WRONG_VALUE,
                reader.positions.value(at),
                f'"{name}" {reason}',
                hint="schemas must be inside the project, as the sdist contains them; "
                "a symbolic link to a folder elsewhere works",
            )
    return tuple(paths)


def _out(value: Toml, at: Pointer, reader: TableReader) -> Path | None:
    if not isinstance(value, str):
        reader.wrong_value(at, "the path of a package", value)
        return None
    path = Path(os.path.normpath(value))
    reason = _path_problem(value)
    if reason is None and not is_package_name(path.name):
        reason = "does not end with a valid package name"
    if reason is None:
        return path
    reader.diagnostics.report(
        Code.WRONG_VALUE,
        reader.positions.value(at),
        f'"{value}" {reason}',
        hint='write the path of the package, for example "src/acme_events"',
    )
    return None


def _path_problem(name: str) -> str | None:
    """Return the reason why a path is not inside the project, or None."""
    if os.path.isabs(name):
        return "is an absolute path"
    if os.path.normpath(name).split(os.sep)[0] == os.pardir:
        return "is outside of the project"
    return None
