"""A whole run of ``avrogen docs``: from paths to what has to change in the output folder."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from avrogen.avro.diagnostics import Diagnostics
from avrogen.catalogue.landscape import landscape_of
from avrogen.catalogue.pages import CATALOGUE_MARKS, catalogue_pages
from avrogen.compiler.build import Run, analyse
from avrogen.compiler.discovery import read_sources
from avrogen.compiler.output import compare
from avrogen.config.config import read_config

__all__ = ["run"]


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
    pages = catalogue_pages(landscape_of(analysis, config.topics)) if analysis else None
    changes = None if pages is None else compare(out, pages, diagnostics, CATALOGUE_MARKS)
    failed = diagnostics.has_errors
    return Run(len(sources), tuple(diagnostics), tuple(pages or ()), None if failed else changes)
