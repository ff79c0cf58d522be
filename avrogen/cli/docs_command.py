"""``avrogen docs``: generate an event catalogue from schemas."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING

import click

from avrogen.cli.check_command import refuse
from avrogen.cli.common import (
    PROBLEM_FORMAT,
    SCHEMAS,
    cli_extra,
    configured_paths,
    counted,
    echo,
    echo_problems,
    missing_option,
)
from avrogen.message_text import printable

if TYPE_CHECKING:
    from avrogen.avro.reports import Format
    from avrogen.compiler.output import Changes

__all__ = ["docs"]


@click.command()
@SCHEMAS
@click.option(
    "-o",
    "--out",
    type=click.Path(file_okay=False, path_type=Path),
    help="Output folder for static HTML pages, asyncapi.yaml and catalog.json. Without SCHEMAS, it "
    "may be in the configuration.",
)
@click.option(
    "--since",
    metavar="WHERE",
    multiple=True,
    help="Add a page of changes since a baseline: a folder, a generated package, git:REF, or the "
    "URL of a schema registry. Repeatable.",
)
@PROBLEM_FORMAT
@click.option("-q", "--quiet", is_flag=True, help="Print no summary.")
def docs(
    schemas: tuple[Path, ...],
    out: Path | None,
    since: tuple[str, ...],
    style: Format,
    quiet: bool,
) -> None:
    """Generate an event catalogue from SCHEMAS (files and folders).

    Without SCHEMAS, it is the project of avrogen.toml or pyproject.toml: its keys schemas and
    docs-out.

    \b
    Example:     avrogen docs schemas/ -o site
    Exit codes:  0 success, 1 schema errors, 2 other failure
    """
    with cli_extra():
        from avrogen.catalogue.site import CATALOGUE_MARKS, build_catalogue
        from avrogen.compiler.discovery import no_schema_files
        from avrogen.compiler.output import apply
        from avrogen.evolution.snapshot import BaselineError

    project = configured_paths(schemas, style)
    schemas, out = project.schemas, out or project.docs_out
    if out is None:
        raise missing_option("'-o' / '--out'", "docs-out", project)
    try:
        result = build_catalogue(schemas, out, since)
    except BaselineError as error:
        refuse(error, style)
    except ImportError as error:
        # A missing extra is named in the message.
        raise click.UsageError(str(error)) from None
    if not result.sources and not result.diagnostics:
        raise click.UsageError(printable(no_schema_files(schemas)))
    echo_problems(result.diagnostics, style)
    if result.changes is None:
        sys.exit(1)
    apply(out, result.changes, CATALOGUE_MARKS)
    if not quiet:
        echo(_summary(out, result.sources, result.warnings, result.changes))


def _summary(out: Path, sources: int, warnings: int, changes: Changes) -> str:
    noted = f", {counted(warnings, 'warning')}" if warnings else ""
    counts = f"{len(changes.write)} written, {len(changes.remove)} removed"
    index = printable((out / "index.html").as_posix())
    state = f"{counts}, {len(changes.unchanged)} unchanged{noted}"
    return f"{counted(sources, 'schema file')} -> {index}: {state}"
