"""Compilation: schemas and configuration to the files of a package, as a pure function."""

from __future__ import annotations

from collections.abc import Iterable

from avrogen.avro.diagnostics import Diagnostics
from avrogen.avro.parser import parse_sources
from avrogen.avro.source import Source
from avrogen.compiler.ambiguity import report_ambiguous_unions
from avrogen.compiler.config import Config
from avrogen.compiler.endless import report_endless_records
from avrogen.compiler.format_cache import FormatCache
from avrogen.compiler.formatting import Progress, format_files
from avrogen.compiler.lowering import lower
from avrogen.compiler.rendering import render
from avrogen.compiler.topics import check_topics

__all__ = ["compile_package"]


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
    parsed = parse_sources(sources)
    diagnostics.extend(parsed.diagnostics)
    check_topics(config, parsed.types, diagnostics)
    if diagnostics.has_errors:
        return None
    report_endless_records(parsed.types, diagnostics)
    report_ambiguous_unions(parsed, diagnostics)
    package = lower(parsed, config.topics, diagnostics)
    if diagnostics.has_errors:
        return None
    return format_files(render(package), cache, progress)
