"""``avrogen build``: schemas to a package."""

from __future__ import annotations

import sys
import time
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

import click

from avrogen.cli.common import Choice, hint_explain
from avrogen.extras import CLI_EXTRA_MISSING

if TYPE_CHECKING:
    from avrogen.avro.diagnostics import Format
    from avrogen.compiler.formatting import Progress
    from avrogen.compiler.output import Changes

__all__ = ["build", "build_package"]

_PATIENCE = 1.0
"""Seconds that a build may take before a terminal shows how far it is."""


@click.command()
@click.argument("schemas", nargs=-1, required=True, type=click.Path(exists=True, path_type=Path))
@click.option(
    "-o",
    "--out",
    required=True,
    type=click.Path(file_okay=False, path_type=Path),
    help="The package to write: a folder whose last part is the package's name.",
)
@click.option("--check", is_flag=True, help="Write nothing; print a diff if OUT is not current.")
@click.option("--strict", is_flag=True, help="Let warnings fail the build.")
@click.option(
    "--format",
    "style",
    type=Choice(["text", "json", "github"]),
    default="text",
    help="How problems are written to stderr.",
)
@click.option("-q", "--quiet", is_flag=True, help="No summary and no progress.")
@click.option(
    "--watch", "watching", is_flag=True, help="Build again after each change, until Ctrl-C."
)
def build(
    schemas: tuple[Path, ...],
    out: Path,
    check: bool,
    strict: bool,
    style: Format,
    quiet: bool,
    watching: bool,
) -> None:
    """Turn SCHEMAS, files and folders, into a Python package.

    \b
    Example:     avrogen build schemas/ -o src/events
    Exit codes:  0 done, current, or no longer watched, 1 schema errors or drift, 2 usage
    """
    if watching and check:
        raise click.UsageError("--watch writes and --check does not: leave one of them out.")
    if watching:
        from avrogen.cli.watch import watch

        again = partial(build_package, schemas, out, check=False, strict=strict, style=style)
        watch(schemas, again, quiet=quiet)
    changes = build_package(schemas, out, check=check, strict=strict, style=style, quiet=quiet)
    sys.exit(1 if check and changes else 0)


def build_package(
    schemas: tuple[Path, ...], out: Path, *, check: bool, strict: bool, style: Format, quiet: bool
) -> Changes:
    """Do what the options of the command say, and print what came of it.

    Raises:
        SystemExit: the schemas have errors; they are printed.
        ClickException: the schemas or the package are not what can be built, or written.
    """
    try:
        from avrogen.avro.diagnostics import report
        from avrogen.compiler.build import build
        from avrogen.compiler.naming import is_package_name
        from avrogen.compiler.output import apply, unified_diff
    except ModuleNotFoundError as error:
        raise click.UsageError(f"{CLI_EXTRA_MISSING} ({error.name} is missing)") from None

    name = out.resolve().name
    if not is_package_name(name):
        raise click.BadParameter(f"{name!r} cannot be the name of a package.", param_hint="--out")
    result = build(schemas, out, strict=strict, progress=_progress(quiet))
    if not result.sources and not result.diagnostics:
        raise click.UsageError(f"There are no .avsc files in {' '.join(map(str, schemas))}.")
    if result.diagnostics or style == "json":
        click.echo(report(result.diagnostics, style), err=True)
        hint_explain(result.diagnostics, style)
    if result.changes is None:
        sys.exit(1)
    if check:
        click.echo("".join(unified_diff(out, result.changes)), nl=False)
    else:
        try:
            apply(out, result.changes)
        except OSError as error:
            raise click.ClickException(f"{error.filename}: {error.strerror}") from error
    if not quiet:
        click.echo(_summary(out, result.sources, result.warnings, result.changes, check))
    return result.changes


def _progress(quiet: bool) -> Progress:
    """Shows on a terminal how far a long build is, and nothing anywhere else."""
    started = time.monotonic()
    silent = quiet or not sys.stderr.isatty()

    def show(done: int, total: int) -> None:
        if not silent and time.monotonic() - started > _PATIENCE:
            end = "\r\x1b[K" if done == total else ""
            click.echo(f"\rformatting {done} of {total}{end}", err=True, nl=False)

    return show


def _summary(out: Path, sources: int, warnings: int, changes: Changes, check: bool) -> str:
    written, removed = len(changes.write), len(changes.remove)
    if check:
        state = f"{written} to write, {removed} to remove" if changes else "current"
    else:
        state = f"{written} written, {removed} removed, {len(changes.unchanged)} unchanged"
    files = "1 schema file" if sources == 1 else f"{sources} schema files"
    noted = f", {warnings} warning{'s' if warnings > 1 else ''}" if warnings else ""
    return f"{files} -> {out.as_posix()}: {state}{noted}"
