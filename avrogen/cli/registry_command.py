"""``avrogen registry``: compare, register and pull schemas."""

from __future__ import annotations

import sys
from collections.abc import Iterable
from pathlib import Path
from typing import TYPE_CHECKING

import click

from avrogen.cli.common import (
    SCHEMAS,
    STYLES,
    Choice,
    configured_paths,
    echo,
    echo_problems,
    exit_on_error,
)

if TYPE_CHECKING:
    from avrogen.avro.diagnostics import Diagnostic
    from avrogen.avro.reports import Format

__all__ = ["registry"]

_URL = click.option(
    "--url",
    help="URL of the schema registry (default: AVROGEN_REGISTRY_URL, then avrogen.toml).",
)
_FORMAT = click.option(
    "--format",
    "style",
    type=Choice(STYLES),
    default="text",
    help="Output format: text or json for the result on stdout; the others for problems on "
    "stderr.",
)


@click.group()
def registry() -> None:
    """Synchronize schemas with a schema registry.

    \b
    Credentials come from environment variables:
      AVROGEN_REGISTRY_USER, AVROGEN_REGISTRY_PASSWORD    basic authentication
      AVROGEN_REGISTRY_TOKEN                              bearer token
      AVROGEN_REGISTRY_KEY_PASSWORD                       password of the TLS key

    \b
    Example:     avrogen registry status schemas/
    Exit codes:  0 success, 1 errors in schemas, 2 other failure
    """


@registry.command()
@SCHEMAS
@_URL
@_FORMAT
def status(schemas: tuple[Path, ...], url: str | None, style: Format) -> None:
    """Compare the schemas of topics, and pulled schemas, with the registry.

    \b
    Example:     avrogen registry status schemas/ --url http://localhost:8081
    Exit codes:  0 compatible, 1 schema errors or incompatible schemas, 2 other failure
    """
    with exit_on_error(schema_errors=True, style=style):
        from avrogen.registry_sync.commands import run_status
        from avrogen.registry_sync.sync_report import broken_subjects, status_json, status_text

        schemas = configured_paths(schemas, style).schemas
        found = run_status(schemas, url)
    text = status_json(found) if style == "json" else status_text(found)
    _echo_result(text, broken_subjects(found.statuses, schemas[0]), style)
    sys.exit(found.exit_code)


@registry.command()
@SCHEMAS
@_URL
@click.option("--dry-run", is_flag=True, help="Register nothing; print what would be registered.")
@_FORMAT
def register(schemas: tuple[Path, ...], url: str | None, dry_run: bool, style: Format) -> None:
    """Register the schemas of all topics in SCHEMAS.

    Checks all schemas before it registers the first; if one is incompatible, none is registered.
    Registered schemas are not changed, so the command is idempotent.

    \b
    Example:     avrogen registry register schemas/ --dry-run
    Exit codes:  0 all registered, 1 schema errors or incompatible schemas, 2 other failure
    """
    with exit_on_error(schema_errors=True, style=style):
        from avrogen.registry_sync.commands import run_register
        from avrogen.registry_sync.sync_report import broken_subjects, register_json, register_text

        schemas = configured_paths(schemas, style).schemas
        done = run_register(schemas, url, dry_run=dry_run)
    text = register_json(done) if style == "json" else register_text(done)
    broken = broken_subjects((each.status for each in done.results), schemas[0])
    _echo_result(text, broken, style)
    sys.exit(done.exit_code)


@registry.command()
@click.argument("subjects", nargs=-1)
@click.option(
    "-o",
    "--out",
    required=True,
    type=click.Path(file_okay=False, path_type=Path),
    help="Schema folder to write to.",
)
@_URL
@_FORMAT
def pull(subjects: tuple[str, ...], out: Path, url: str | None, style: Format) -> None:
    """Download the latest schemas of SUBJECTS to files, one per type, and update avrogen.lock.

    SUBJECTS are names or patterns (* matches any text). Without SUBJECTS, the subjects in
    avrogen.lock are updated.

    \b
    Example:     avrogen registry pull 'shop.*' -o schemas/
    Exit codes:  0 success, 1 conflicting schemas, 2 other failure
    """
    with exit_on_error(schema_errors=True, style=style):
        from avrogen.registry_sync.commands import run_pull
        from avrogen.registry_sync.sync_report import pull_json, pull_text

        done = run_pull(subjects, out, url)
    _echo_result(pull_json(done) if style == "json" else pull_text(done, out), (), style)


def _echo_result(text: str, problems: Iterable[Diagnostic], style: Format) -> None:
    """Print the result to stdout, and problems to stderr in the formats of CI systems."""
    if style not in ("text", "json"):
        echo_problems(tuple(problems), style)
    echo(text, style="json" if style == "json" else "text")
