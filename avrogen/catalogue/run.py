"""A whole run of ``avrogen docs``: from paths to what has to change in the output folder."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from avrogen.avro.diagnostics import Diagnostic, Diagnostics, Severity
from avrogen.catalogue.landscape import landscape_of
from avrogen.catalogue.pages import CATALOGUE_MARKS, catalogue_pages
from avrogen.compiler.build import analyse
from avrogen.compiler.config import read_config
from avrogen.compiler.discovery import read_sources
from avrogen.compiler.output import Changes, compare

__all__ = ["Run", "run"]


@dataclass(frozen=True, slots=True)
class Run:
    """What came of a run.

    Attributes:
        sources: how many schema files there are.
        diagnostics: everything found, in the order of places.
        changes: what has to change in the output folder; None if the run failed.
    """

    sources: int
    diagnostics: tuple[Diagnostic, ...]
    changes: Changes | None

    @property
    def warnings(self) -> int:
        """How many of the diagnostics are warnings."""
        return sum(d.severity is Severity.WARNING for d in self.diagnostics)


def run(schemas: Sequence[Path], out: Path) -> Run:
    """Read, describe and compare. Nothing is written yet.

    Args:
        schemas: existing files and folders.
        out: the folder of the catalogue, which need not exist.
    """
    diagnostics = Diagnostics()
    sources = read_sources(schemas, diagnostics)
    config = read_config(schemas, diagnostics)
    analysis = analyse(sources, config, diagnostics)
    changes = None
    if analysis is not None:
        pages = catalogue_pages(landscape_of(analysis, config.topics))
        changes = compare(out, pages, diagnostics, CATALOGUE_MARKS)
    found = None if diagnostics.has_errors else changes
    return Run(len(sources), tuple(diagnostics), found)
