"""``avrogen check``: find breaking changes of schemas, compared with a baseline."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING, NoReturn

import click

from avrogen.cli.common import (
    DOCUMENTS,
    SCHEMAS,
    STYLES,
    Choice,
    cli_extra,
    configured_paths,
    echo,
    echo_problems,
    missing_option,
)

if TYPE_CHECKING:
    from avrogen.avro.reports import Format
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
@SCHEMAS
@click.option(
    "--against",
    "baseline",
    metavar="WHERE",
    help="Baseline: a folder, a generated package, git:REF, or the URL of a schema registry. "
    "Without SCHEMAS, it may be in the configuration.",
)
@click.option(
    "--level",
    type=Choice(_LEVELS, case_sensitive=False),
    metavar="LEVEL",
    help="Compatibility level: BACKWARD (default; for a registry, the level of each subject), "
    "FORWARD or FULL, each also as _TRANSITIVE (all earlier versions), or NONE.",
)
@click.option("--strict", is_flag=True, help="Treat value-changing changes (warnings) as errors.")
@click.option(
    "--format",
    "style",
    type=Choice(STYLES),
    default="text",
    help="Output format of problems on stderr and verdicts on stdout.",
)
def check(
    schemas: tuple[Path, ...],
    baseline: str | None,
    level: str | None,
    strict: bool,
    style: Format,
) -> None:
    """Check SCHEMAS (files and folders) for breaking and value-changing changes.

    Without SCHEMAS, it is the project of avrogen.toml or pyproject.toml: its keys schemas and
    against.

    \b
    Example:     avrogen check schemas/ --against git:main
    Credentials: for a registry, see avrogen registry --help
    Exit codes:  0 compatible, 1 incompatible or schema errors, 2 usage error or no baseline
    """
    with cli_extra():
        from avrogen.evolution.snapshot import BaselineError
    project = configured_paths(schemas, style)
    baseline = baseline or project.against
    if baseline is None:
        raise missing_option("'--against'", "against", project)
    try:
        passed = compare(project.schemas, baseline, level, strict=strict, style=style)
    except BaselineError as error:
        refuse(error, style)
    sys.exit(0 if passed else 1)


def compare(
    schemas: tuple[Path, ...], baseline: str, level: str | None, *, strict: bool, style: Format
) -> bool:
    """Compare schemas as the options of the command say, and print the result.

    Returns:
        True if there are no errors.

    Raises:
        BaselineError: the baseline or the schemas cannot be read.
        UsageError: the client of the registry is not installed.
    """
    from avrogen.avro.compat.levels import Level
    from avrogen.evolution.check import check as run
    from avrogen.evolution.check_report import findings_json, verdicts_text

    try:
        result = run(schemas, baseline, Level(level) if level else None, strict=strict)
    except ImportError as error:
        # A missing extra is named in the message.
        raise click.UsageError(str(error)) from None
    diagnostics = [finding.diagnostic for finding in result.findings]
    text = findings_json(result) if style == "json" else None
    echo_problems(diagnostics, style, text=text)
    echo(verdicts_text(result, style), style="json" if style == "json" else "text")
    return not result.has_errors


def refuse(error: BaselineError, style: Format) -> NoReturn:
    """Print the reason why there is no comparison, and exit with 2."""
    if error.diagnostics:
        echo_problems(error.diagnostics, style)
    # Behind a document on stderr there is nothing else.
    echo(f"Error: {error}", err=not (error.diagnostics and style in DOCUMENTS))
    sys.exit(2)
