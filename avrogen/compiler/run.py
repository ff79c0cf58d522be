"""A whole run: from paths to what has to change in the output folder. Nothing is written yet."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import platformdirs

from avrogen.avro.diagnostics import Diagnostic, Diagnostics, Severity
from avrogen.compiler.build import compile_package
from avrogen.compiler.config import read_config
from avrogen.compiler.discovery import read_sources
from avrogen.compiler.format_cache import FormatCache
from avrogen.compiler.formatting import Progress
from avrogen.compiler.output import Changes, compare

__all__ = ["Run", "run"]


@dataclass(frozen=True, slots=True)
class Run:
    """What came of a run.

    Attributes:
        sources: how many schema files there are.
        diagnostics: everything found, in the order of places.
        files: paths of all files of the output, relative to it; none if there are errors.
        changes: what has to change in the output folder; None if the run failed.
    """

    sources: int
    diagnostics: tuple[Diagnostic, ...]
    files: tuple[str, ...]
    changes: Changes | None

    @property
    def warnings(self) -> int:
        """How many of the diagnostics are warnings."""
        return sum(d.severity is Severity.WARNING for d in self.diagnostics)


def run(schemas: Sequence[Path], out: Path, *, strict: bool, progress: Progress) -> Run:
    """Read, compile and compare.

    Args:
        schemas: existing files and folders.
        out: the package, which need not exist.
        strict: whether warnings fail the run; the configuration may say so as well.
        progress: told how far formatting is.
    """
    diagnostics = Diagnostics()
    sources = read_sources(schemas, diagnostics)
    config = read_config(schemas, diagnostics)
    cache = FormatCache(platformdirs.user_cache_path("avrogen", appauthor=False))
    files = compile_package(sources, config, diagnostics, cache=cache, progress=progress)
    changes = None if files is None else compare(out, files, diagnostics)
    failed = diagnostics.has_errors or ((strict or config.strict) and bool(diagnostics))
    return Run(len(sources), tuple(diagnostics), tuple(files or ()), None if failed else changes)
