"""From settings to files on disk, for a backend that packs them."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path

from avrogen.avro.diagnostics import Diagnostic, Diagnostics, report
from avrogen.avro.source import Pointer
from avrogen.build_plugins.plugin_config import PluginConfig, read_settings
from avrogen.compiler.build import build
from avrogen.compiler.discovery import read_sources
from avrogen.compiler.output import apply
from avrogen.config.config import FILE_NAME
from avrogen.config.toml_reader import Toml

__all__ = ["BuildError", "Generated", "generate", "schema_files", "settings_of"]


class BuildError(Exception):
    """A package cannot be generated. The message is for the user, over several lines."""


@dataclass(frozen=True, slots=True)
class Generated:
    """A package that was generated.

    Attributes:
        files: all its files, relative to its folder, with ``/``.
        warnings: what is to be said of the schemas; "" if nothing.
    """

    files: tuple[str, ...]
    warnings: str


def settings_of(
    project: Path, table: Mapping[str, Toml], at: Pointer, *, others: Collection[str] = ()
) -> PluginConfig:
    """Read the plugin's settings; see :func:`~avrogen.build_plugins.plugin_config.read_settings`.

    Raises:
        BuildError: something in it is wrong.
    """
    diagnostics = Diagnostics()
    settings = read_settings(project, table, at, diagnostics, others=others)
    if settings is None:
        raise _error("its settings are wrong", diagnostics)
    return settings


def schema_files(settings: PluginConfig) -> tuple[Path, ...]:
    """What an sdist must hold so that it can be built again: schemas, and what is said of topics.

    Raises:
        BuildError: a file cannot be read, or there is none.
    """
    diagnostics = Diagnostics()
    files = [Path(source.path) for source in read_sources(settings.schemas, diagnostics)]
    if diagnostics.has_errors:
        raise _error("its schemas cannot be read", diagnostics)
    if not files:
        raise _no_schemas(settings)
    configs = (folder / FILE_NAME for folder in settings.schemas)
    return (*files, *(file for file in configs if file.is_file()))


def generate(settings: PluginConfig, folder: Path) -> Generated:
    """Make a folder the package that the settings tell of, and remove what is stale in it.

    Args:
        settings: what is built.
        folder: where to; it need not exist.

    Raises:
        BuildError: the schemas have errors, or the folder cannot be written to.
    """
    result = build(settings.schemas, folder, strict=False, progress=_no_progress)
    if result.changes is None:
        only_warnings = result.warnings == len(result.diagnostics)
        found = "warnings, and strict is set" if only_warnings else "errors"
        raise _error(f"its schemas have {found}", result.diagnostics)
    if not result.sources:
        raise _no_schemas(settings)
    try:
        apply(folder, result.changes)
    except OSError as error:
        raise BuildError(f"{error.filename}: {error.strerror}") from error
    return Generated(result.files, report(result.diagnostics, "text"))


def _no_progress(done: int, total: int) -> None:
    """Whoever builds a wheel watches the backend."""


def _no_schemas(settings: PluginConfig) -> BuildError:
    return BuildError(f"there are no .avsc files in {' '.join(map(str, settings.schemas))}")


def _error(reason: str, diagnostics: Iterable[Diagnostic]) -> BuildError:
    return BuildError(f"no package was generated: {reason}\n{report(diagnostics, 'text')}")
