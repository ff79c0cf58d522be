"""``avrogen build``: generate a package from schemas."""

from __future__ import annotations

import sys
import time
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

import click

from avrogen.cli.common import (
    PROBLEM_FORMAT,
    SCHEMAS,
    FileError,
    cli_extra,
    configured_paths,
    counted,
    echo,
    echo_problems,
    echo_progress,
    missing_option,
)
from avrogen.message_text import printable

if TYPE_CHECKING:
    from avrogen.avro.reports import Format
    from avrogen.compiler.formatting import Progress
    from avrogen.compiler.output import Changes

__all__ = ["build", "build_package", "build_paths"]

_PROGRESS_DELAY = 1.0
"""Seconds of a build before a terminal shows its progress."""


@click.command()
@SCHEMAS
@click.option(
    "-o",
    "--out",
    type=click.Path(file_okay=False, path_type=Path),
    help="Output folder; its last path component is the package name. Without SCHEMAS, it may be "
    "in the configuration.",
)
@click.option(
    "--check", is_flag=True, help="Write nothing; print a diff and fail if OUT is out of date."
)
@click.option("--strict", is_flag=True, help="Treat warnings as errors.")
@PROBLEM_FORMAT
@click.option("-q", "--quiet", is_flag=True, help="Print neither summary nor progress.")
@click.option("--watch", "watching", is_flag=True, help="Rebuild after each change, until Ctrl-C.")
def build(
    schemas: tuple[Path, ...],
    out: Path | None,
    check: bool,
    strict: bool,
    style: Format,
    quiet: bool,
    watching: bool,
) -> None:
    """Generate a typed Python package from SCHEMAS (files and folders).

    Without SCHEMAS, it is the project of avrogen.toml or pyproject.toml: its keys schemas and out.

    \b
    Example:     avrogen build schemas/ -o src/events
    Exit codes:  0 success or up to date, 1 schema errors or drift, 2 other failure
    """
    if watching and check:
        raise click.UsageError("--watch and --check exclude each other; use one of them.")
    schemas, out = build_paths(schemas, out, style)
    if watching:
        from avrogen.cli.watch import watch

        again = partial(build_package, schemas, out, check=False, strict=strict, style=style)
        watch(schemas, again, quiet=quiet)
    changes = build_package(schemas, out, check=check, strict=strict, style=style, quiet=quiet)
    sys.exit(1 if check and changes else 0)


def build_paths(
    schemas: tuple[Path, ...], out: Path | None, style: Format
) -> tuple[tuple[Path, ...], Path]:
    """Return schemas and package of the command line, or of the configuration.

    Raises:
        UsageError: one of them is in neither.
        SystemExit: the configuration has errors, which are printed.
    """
    project = configured_paths(schemas, style)
    out = out or project.out
    if out is None:
        raise missing_option("'-o' / '--out'", "out", project)
    return project.schemas, out


def build_package(
    schemas: tuple[Path, ...], out: Path, *, check: bool, strict: bool, style: Format, quiet: bool
) -> Changes:
    """Build a package as the options of the command say, and print the result.

    Raises:
        SystemExit: the schemas have errors, which are printed.
        ClickException: there are no schemas, or the package cannot be written.
    """
    with cli_extra():
        from avrogen.compiler.build import build
        from avrogen.compiler.discovery import no_schema_files
        from avrogen.compiler.naming import is_package_name
        from avrogen.compiler.output import apply, drift, unified_diff

    name = out.resolve().name
    if not is_package_name(name):
        raise click.BadParameter(f"{name!r} is not a valid package name.", param_hint="--out")
    result = build(schemas, out, strict=strict, progress=_progress(quiet))
    if not result.sources and not result.diagnostics:
        raise click.UsageError(printable(no_schema_files(schemas)))
    drifted = drift(out, result.changes) if check and result.changes and style != "text" else ()
    echo_problems((*result.diagnostics, *drifted), style)
    if result.changes is None:
        sys.exit(1)
    if check:
        echo("".join(unified_diff(out, result.changes)), nl=False)
    else:
        try:
            apply(out, result.changes)
        except OSError as error:
            raise FileError(error) from error
    if not quiet:
        echo(_summary(out, result.sources, result.warnings, result.changes, check))
    return result.changes


def _progress(quiet: bool) -> Progress:
    """Return a callback that shows the progress of a long build on a terminal."""
    started = time.monotonic()
    is_shown = sys.stderr.isatty() and not quiet

    def show(done: int, total: int) -> None:
        if is_shown and time.monotonic() - started > _PROGRESS_DELAY:
            echo_progress(f"formatting {done} of {total}", end=done == total)

    return show


def _summary(out: Path, sources: int, warnings: int, changes: Changes, check: bool) -> str:
    written, removed = len(changes.write), len(changes.remove)
    if check:
        state = f"{written} to write, {removed} to remove" if changes else "up to date"
    else:
        state = f"{written} written, {removed} removed, {len(changes.unchanged)} unchanged"
    noted = f", {counted(warnings, 'warning')}" if warnings else ""
    return f"{counted(sources, 'schema file')} -> {printable(out.as_posix())}: {state}{noted}"
