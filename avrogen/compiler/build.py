"""Compilation: schemas and configuration to the files of a package, as a pure function."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from avrogen.avro.diagnostics import Diagnostics
from avrogen.avro.parser import Parsed, parse_sources
from avrogen.avro.source import Source
from avrogen.compiler.ambiguity import report_ambiguous_unions
from avrogen.compiler.config import Config
from avrogen.compiler.endless import report_endless_records
from avrogen.compiler.format_cache import FormatCache
from avrogen.compiler.formatting import Progress, format_files
from avrogen.compiler.lowering import lower
from avrogen.compiler.pymodel import Package
from avrogen.compiler.rendering import render
from avrogen.compiler.topics import check_topics

__all__ = ["Analysis", "analyse", "compile_package"]


@dataclass(frozen=True, slots=True)
class Analysis:
    """Schemas and configuration without errors, in both vocabularies."""

    parsed: Parsed
    package: Package


def analyse(sources: Iterable[Source], config: Config, diagnostics: Diagnostics) -> Analysis | None:
    """Read all schemas of a run, check everything, and settle what their package will say.

    Args:
        sources: every schema file of the run.
        config: configuration, as far as it could be read.
        diagnostics: takes everything found, and may hold what was found before.

    Returns:
        None if there are errors.
    """
    parsed = parse_sources(sources)
    diagnostics.extend(parsed.diagnostics)
    check_topics(config, parsed.types, diagnostics)
    if diagnostics.has_errors:
        return None
    report_endless_records(parsed.types, diagnostics)
    report_ambiguous_unions(parsed, diagnostics)
    package = lower(parsed, config.topics, diagnostics)
    return None if diagnostics.has_errors else Analysis(parsed, package)


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
        diagnostics: takes everything found, and may hold what was found before.
        cache: formatted text of earlier builds; it changes how long this takes and nothing else.
        progress: told how far formatting is.

    Returns:
        The text of every file by its path in the package, or None if there are errors.
    """
    analysis = analyse(sources, config, diagnostics)
    return format_files(render(analysis.package), cache, progress) if analysis else None
