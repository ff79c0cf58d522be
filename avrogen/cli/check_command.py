"""``avrogen check``: schemas against what is in use."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING, NoReturn

import click

from avrogen.cli.common import Choice, hint_explain
from avrogen.extras import CLI_EXTRA_MISSING

if TYPE_CHECKING:
    from avrogen.avro.diagnostics import Format
    from avrogen.evolution.snapshot import BaselineError

__all__ = ["check", "compare", "refuse"]

_LEVELS = (
    "NONE",
    "BACKWARD",
    "BACKWARD_TRANSITIVE",
    "FORWARD",
    "FORWARD_TRANSITIVE",
    "FULL",
    "FULL_TRANSITIVE",
)


@click.command()
@click.argument("schemas", nargs=-1, required=True, type=click.Path(exists=True, path_type=Path))
@click.option(
    "--against",
    "where",
    required=True,
    metavar="WHERE",
    help="A folder, a generated package, git:REF, or the URL of a schema registry.",
)
@click.option(
    "--level",
    type=Choice(_LEVELS, case_sensitive=False),
    metavar="LEVEL",
    help="BACKWARD (the default, but for a registry, which says it for each subject), FORWARD, "
    "FULL, each with _TRANSITIVE for all earlier versions, or NONE.",
)
@click.option("--strict", is_flag=True, help="Make errors of changes that only change values.")
@click.option(
    "--format",
    "style",
    type=Choice(["text", "json", "github"]),
    default="text",
    help="How problems are written to stderr, and verdicts to stdout.",
)
def check(
    schemas: tuple[Path, ...], where: str, level: str | None, strict: bool, style: Format
) -> None:
    """Say what changes of SCHEMAS, files and folders, break or silently change.

    \b
    Example:     avrogen check schemas/ --against git:main
    Credentials: for a registry, as avrogen registry takes them
    Exit codes:  0 compatible, 1 incompatible or schema errors, 2 usage, or nothing to compare with
    """
    try:
        from avrogen.evolution.snapshot import BaselineError
    except ModuleNotFoundError as error:
        raise click.UsageError(f"{CLI_EXTRA_MISSING} ({error.name} is missing)") from None
    try:
        passed = compare(schemas, where, level, strict=strict, style=style)
    except BaselineError as error:
        refuse(error, style)
    sys.exit(0 if passed else 1)


def compare(
    schemas: tuple[Path, ...], where: str, level: str | None, *, strict: bool, style: Format
) -> bool:
    """Do what the options of the command say, and print what was found.

    Returns:
        Whether nothing was found that is an error.

    Raises:
        WhereError: there is nothing to compare with, or nothing to compare.
        UsageError: the registry's client is not installed.
    """
    from avrogen.avro.compat.levels import Level
    from avrogen.evolution.check import check as run
    from avrogen.evolution.check_report import findings_text, verdicts_text

    try:
        result = run(schemas, where, Level(level) if level else None, strict=strict)
    except ImportError as error:
        # That of the registry's client names the extra.
        raise click.UsageError(str(error)) from None
    if result.findings or style == "json":
        click.echo(findings_text(result, style), err=True)
        hint_explain([finding.diagnostic for finding in result.findings], style)
    click.echo(verdicts_text(result, style))
    return not result.has_errors


def refuse(error: BaselineError, style: Format) -> NoReturn:
    """Print why there is no comparison, and exit."""
    from avrogen.avro.diagnostics import report

    if error.diagnostics:
        click.echo(report(error.diagnostics, style), err=True)
    click.echo(f"Error: {error}", err=True)
    sys.exit(2)
