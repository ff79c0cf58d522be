"""A build: schemas and configuration to the files of a package.

:func:`compile_package` is a pure function and the table of contents of the compiler: read, check,
lower, render, format. :func:`build` puts files around it: it reads paths and compares the result
with the output folder. Nothing is written here; :func:`avrogen.compiler.output.apply` does that.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path

from avrogen.avro.diagnostics import Diagnostic, Diagnostics, Severity
from avrogen.avro.parser import Parsed
from avrogen.avro.source import Source
from avrogen.avro.type_overrides import TypeOverrides
from avrogen.compiler.acceptances import accept_warnings
from avrogen.compiler.checks import (
    check_definitions,
    check_topics,
    report_ambiguous_unions,
    report_infinite_records,
    report_large_namespaces,
)
from avrogen.compiler.dependencies import Dependencies, read_dependencies
from avrogen.compiler.discovery import parse_schemas, read_sources
from avrogen.compiler.formatting import FormatCache, Progress, format_files, user_cache
from avrogen.compiler.lowering import lower
from avrogen.compiler.output import Changes, compare
from avrogen.compiler.override_checks import check_types
from avrogen.compiler.python_model import Package
from avrogen.compiler.python_names import check_names
from avrogen.compiler.rendering import render
from avrogen.compiler.type_mapping import NO_OVERRIDES
from avrogen.config.config import NO_NAMES, Config, NamesSection
from avrogen.config.custom_types import BuildOverrides
from avrogen.config.run_config import read_config

__all__ = ["Analysis", "BuildResult", "analyse", "build", "compile_package"]


@dataclass(frozen=True, slots=True)
class Analysis:
    """Schemas without errors, as Avro's model and as the package that they become.

    Attributes:
        parsed: the schemas.
        package: the package.
        dependencies: types of other packages.
        overrides: types of one's own.
    """

    parsed: Parsed
    package: Package
    dependencies: Dependencies
    names: NamesSection = NO_NAMES
    overrides: BuildOverrides = NO_OVERRIDES


def analyse(sources: Iterable[Source], config: Config, diagnostics: Diagnostics) -> Analysis | None:
    """Parse all schemas of a run, check them, and lower them to the model of their package.

    Args:
        sources: every schema file of the run.
        config: configuration, as far as it could be read.
        diagnostics: receives everything found; it may contain earlier diagnostics.

    Returns:
        None if there are errors.
    """
    sources = tuple(sources)
    dependencies = read_dependencies(config.packages, diagnostics)
    parsed = parse_schemas(sources, config, diagnostics, dependencies)
    analysis = _analyse(parsed, config, diagnostics, dependencies)
    whole = config.is_whole
    accept_warnings(config.lint, sources, parsed.types, diagnostics, whole=whole)
    return analysis


def _analyse(
    parsed: Parsed, config: Config, diagnostics: Diagnostics, dependencies: Dependencies
) -> Analysis | None:
    check_definitions(parsed.types, diagnostics)
    check_topics(config, parsed.types, diagnostics)
    check_types(config.types, parsed, diagnostics)
    report_large_namespaces(parsed.types, diagnostics)
    if diagnostics.has_errors:
        return None
    check_names(config.names, parsed.types, diagnostics)
    report_infinite_records(parsed.types, diagnostics)
    overrides = TypeOverrides(config.types.overrides.entries, imported=dependencies.overrides)
    report_ambiguous_unions(parsed, diagnostics, config.times, overrides)
    if diagnostics.has_errors:
        return None
    package = lower(
        parsed, config.topics, diagnostics, dependencies, config.names, config.times, overrides
    )
    if diagnostics.has_errors:
        return None
    return Analysis(parsed, package, dependencies, config.names, overrides)


def compile_package(
    sources: Iterable[Source],
    config: Config,
    diagnostics: Diagnostics,
    *,
    cache: FormatCache,
    progress: Progress,
) -> dict[str, str] | None:
    """Compile all schemas of a run into one package.

    Args:
        sources: every schema file of the run.
        config: configuration, as far as it could be read.
        diagnostics: receives everything found; it may contain earlier diagnostics.
        cache: formatted text of earlier builds; it saves time and changes no result.
        progress: called with the progress of formatting.

    Returns:
        Text of every file by its path in the package, or None if there are errors.
    """
    analysis = analyse(sources, config, diagnostics)
    return format_files(render(analysis.package), cache, progress) if analysis else None


@dataclass(frozen=True, slots=True)
class BuildResult:
    """Result of a build, before anything is written.

    Attributes:
        sources: number of schema files.
        diagnostics: everything found, in the order of files and positions.
        files: paths of all files of the output, relative to it; none if there are errors.
        changes: changes to apply to the output folder; None if the build failed.
    """

    sources: int
    diagnostics: tuple[Diagnostic, ...]
    files: tuple[str, ...]
    changes: Changes | None

    @property
    def warnings(self) -> int:
        """Number of warnings among the diagnostics."""
        return sum(d.severity is Severity.WARNING for d in self.diagnostics)


def build(schemas: Sequence[Path], out: Path, *, strict: bool, progress: Progress) -> BuildResult:
    """Read, compile and compare.

    Args:
        schemas: existing files and folders.
        out: folder of the package, which need not exist.
        strict: warnings fail the build; the configuration may set that as well.
        progress: called with the progress of formatting.
    """
    diagnostics = Diagnostics()
    sources = read_sources(schemas, diagnostics)
    config = read_config(schemas, diagnostics)
    cache = FormatCache(user_cache())
    files = compile_package(sources, config, diagnostics, cache=cache, progress=progress)
    changes = None if files is None else compare(out, files, diagnostics)
    failed = diagnostics.has_errors or ((strict or config.strict) and bool(diagnostics))
    return BuildResult(
        len(sources), tuple(diagnostics), tuple(files or ()), None if failed else changes
    )
