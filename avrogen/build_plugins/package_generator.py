"""Generation of a package for a build backend, which packs the files."""

from __future__ import annotations

import os
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path

from avrogen.avro.diagnostics import Diagnostic, Diagnostics
from avrogen.avro.reports import report
from avrogen.avro.source import Pointer
from avrogen.build_plugins.plugin_config import PluginConfig, read_plugin_config
from avrogen.compiler.build import build
from avrogen.compiler.discovery import no_schema_files, read_sources
from avrogen.compiler.output import apply
from avrogen.config.config_files import FILE_NAME, config_files
from avrogen.config.toml_reader import Toml

__all__ = ["BuildError", "Generated", "generate", "plugin_config_of", "schema_files"]


class BuildError(Exception):
    """Error of generating a package; the message has several lines."""


@dataclass(frozen=True, slots=True)
class Generated:
    """A generated package.

    Attributes:
        files: all its files, relative to its folder, with ``/``.
        warnings: report of the warnings; "" without any.
    """

    files: tuple[str, ...]
    warnings: str


def plugin_config_of(
    project: Path, table: Mapping[str, Toml], at: Pointer, *, others: Collection[str] = ()
) -> PluginConfig:
    """Read a plugin's configuration as ``read_plugin_config`` does.

    Raises:
        BuildError: the configuration is invalid.
    """
    diagnostics = Diagnostics()
    config = read_plugin_config(project, table, at, diagnostics, others=others)
    if config is None:
        raise _error("its configuration is invalid", diagnostics)
    return config


def schema_files(config: PluginConfig) -> tuple[Path, ...]:
    """Return the files that an sdist needs for another build: schemas and configuration.

    Raises:
        BuildError: a file cannot be read, or there are no schemas.
    """
    diagnostics = Diagnostics()
    files = [Path(source.path) for source in read_sources(config.schemas, diagnostics)]
    if diagnostics.has_errors:
        raise _error("its schemas cannot be read", diagnostics)
    if not files:
        raise _no_schemas(config)
    found = (file for file in config_files(config.schemas) if file.name == FILE_NAME)
    return (*files, *(file for file in found if _is_inside(config.project, file)))


def _is_inside(project: Path, file: Path) -> bool:
    # A schema folder may be a symbolic link: its files are in the project all the same.
    return Path(os.path.abspath(file)).is_relative_to(os.path.abspath(project))


def generate(config: PluginConfig, folder: Path) -> Generated:
    """Generate the package in a folder, and remove stale files there.

    Args:
        config: configuration of the plugin.
        folder: folder of the package, which need not exist.

    Raises:
        BuildError: the schemas have errors, or the folder is not writable.
    """
    try:
        return _generate(config, folder)
    except OSError as error:
        raise BuildError(f"{error.filename}: {error.strerror}") from error


def _generate(config: PluginConfig, folder: Path) -> Generated:
    """Generate the package; see :func:`generate`.

    Raises:
        OSError: a file cannot be read or written.
    """
    result = build(config.schemas, folder, strict=False, progress=_no_progress)
    if result.changes is None:
        only_warnings = result.warnings == len(result.diagnostics)
        found = "warnings, and strict is set" if only_warnings else "errors"
        raise _error(f"its schemas have {found}", result.diagnostics)
    if not result.sources:
        raise _no_schemas(config)
    apply(folder, result.changes)
    return Generated(result.files, report(result.diagnostics, "text"))


def _no_progress(done: int, total: int) -> None:
    """Report no progress: the backend reports its own."""


def _no_schemas(config: PluginConfig) -> BuildError:
    return BuildError(no_schema_files(config.schemas))


def _error(reason: str, diagnostics: Iterable[Diagnostic]) -> BuildError:
    return BuildError(f"no package was generated: {reason}\n{report(diagnostics, 'text')}")
