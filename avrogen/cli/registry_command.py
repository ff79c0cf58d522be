"""``avrogen registry``: schemas to and from a schema registry."""

from __future__ import annotations

import sys
from collections.abc import Generator
from contextlib import contextmanager
from pathlib import Path
from typing import Literal, TypeAlias

import click

from avrogen.cli.common import Choice
from avrogen.extras import CLI_EXTRA_MISSING

__all__ = ["registry"]

Style: TypeAlias = Literal["text", "json"]

_SCHEMAS = click.argument(
    "schemas", nargs=-1, required=True, type=click.Path(exists=True, path_type=Path)
)
_URL = click.option(
    "--url",
    help="Where the registry is, unless AVROGEN_REGISTRY_URL or avrogen.toml say it.",
)
_FORMAT = click.option(
    "--format",
    "style",
    type=Choice(["text", "json"]),
    default="text",
    help="How the result is written.",
)


@click.group()
def registry() -> None:
    """Schemas to and from a schema registry.

    \b
    Credentials are read from the environment:
      AVROGEN_REGISTRY_USER, AVROGEN_REGISTRY_PASSWORD    basic authentication
      AVROGEN_REGISTRY_TOKEN                              a bearer token
      AVROGEN_REGISTRY_KEY_PASSWORD                       of the key for TLS

    \b
    Example:     avrogen registry status schemas/
    Exit codes:  0 done, 1 something is wrong with the schemas, 2 anything else
    """


@registry.command()
@_SCHEMAS
@_URL
@_FORMAT
def status(schemas: tuple[Path, ...], url: str | None, style: Style) -> None:
    """Compare SCHEMAS with the registry: those of topics, and those that were pulled.

    \b
    Example:     avrogen registry status schemas/ --url http://localhost:8081
    Exit codes:  0 nothing is broken, 1 schema errors or incompatible schemas, 2 anything else
    """
    with _problems():
        from avrogen.registry_sync.commands import run_status
        from avrogen.registry_sync.sync_report import status_json, status_text

        found = run_status(schemas, url)
    text = status_text(found) if style == "text" else status_json(found)
    click.echo(text)
    sys.exit(found.exit_code)


@registry.command()
@_SCHEMAS
@_URL
@click.option("--dry-run", is_flag=True, help="Write nothing; say what would be registered.")
@_FORMAT
def register(schemas: tuple[Path, ...], url: str | None, dry_run: bool, style: Style) -> None:
    """Register the schemas of all topics in SCHEMAS.

    All are checked before the first is written, and nothing is if one is incompatible. What is
    there already stays as it is, so the command can be repeated.

    \b
    Example:     avrogen registry register schemas/ --dry-run
    Exit codes:  0 all are registered, 1 schema errors or incompatible schemas, 2 anything else
    """
    with _problems():
        from avrogen.registry_sync.commands import run_register
        from avrogen.registry_sync.sync_report import register_json, register_text

        done = run_register(schemas, url, dry_run=dry_run)
    text = register_text(done) if style == "text" else register_json(done)
    click.echo(text)
    sys.exit(done.exit_code)


@registry.command()
@click.argument("subjects", nargs=-1)
@click.option(
    "-o",
    "--out",
    required=True,
    type=click.Path(file_okay=False, path_type=Path),
    help="The schema folder to write to.",
)
@_URL
@_FORMAT
def pull(subjects: tuple[str, ...], out: Path, url: str | None, style: Style) -> None:
    """Write the latest schemas of SUBJECTS to files, one for each type, and to avrogen.lock.

    SUBJECTS are names or patterns, in which * stands for any text. Without any, what avrogen.lock
    names is brought up to date.

    \b
    Example:     avrogen registry pull 'shop.*' -o schemas/
    Exit codes:  0 done, 1 schemas that do not fit together, 2 anything else
    """
    with _problems():
        from avrogen.registry_sync.commands import run_pull
        from avrogen.registry_sync.sync_report import pull_json, pull_text

        done = run_pull(subjects, out, url)
    click.echo(pull_text(done, out) if style == "text" else pull_json(done))


@contextmanager
def _problems() -> Generator[None]:
    """Print what is wrong, and exit: with 1 if schemas are at fault, else with 2."""
    try:
        from avrogen.config.registry_connection import CommandError
        from avrogen.errors import RegistryError, SchemaError

        try:
            yield
        except SchemaError as error:
            click.echo(str(error), err=True)
            sys.exit(1)
        except (CommandError, RegistryError) as error:
            click.echo(f"error: {error}", err=True)
            sys.exit(2)
        except OSError as error:
            click.echo(f"error: {error.filename}: {error.strerror}", err=True)
            sys.exit(2)
    except ModuleNotFoundError as error:
        raise click.UsageError(f"{CLI_EXTRA_MISSING} ({error.name} is missing)") from None
    except ImportError as error:
        # That of the registry's client names the extra.
        raise click.UsageError(str(error)) from None
