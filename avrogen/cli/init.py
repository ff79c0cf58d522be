"""``avrogen init``: a folder of schemas to begin with."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

import click

from avrogen.extras import CLI_EXTRA_MISSING

__all__ = ["init"]


@click.command()
@click.argument("folder", default=".", type=click.Path(file_okay=False, path_type=Path))
def init(folder: Path) -> None:
    """Write a starter into FOLDER, or here: an event, its topic, a hook for pre-commit.

    What is there already stays as it is.

    \b
    Example:     avrogen init shop
    Exit codes:  0 done, 1 files cannot be written, 2 usage
    """
    try:
        from avrogen.compiler import starter
    except ModuleNotFoundError as error:
        raise click.UsageError(f"{CLI_EXTRA_MISSING} ({error.name} is missing)") from None

    schemas = folder / starter.SCHEMAS
    if schemas.is_dir() and any(schemas.iterdir()):
        click.echo(f"left {schemas.as_posix()}/ alone, as there is something in it")
    else:
        _write(schemas, starter.schema_files())
    hook = folder / starter.HOOK_FILE
    if not _write(folder, {hook.name: starter.hook_text()}) and not _speaks_of_us(hook):
        click.echo(f"  this belongs under repos: in it\n\n{starter.HOOK}")
    _say_next(folder, starter.SCHEMAS, starter.PACKAGE)


def _say_next(folder: Path, schemas: str, package: str) -> None:
    build = f"avrogen build {schemas} -o {package}"
    commands = {
        build: "the package, with clients of its topics",
        f"{build} --watch": "again after each change",
        f"avrogen check {schemas} --against git:HEAD": "what a change breaks",
    }
    click.echo("next:")
    if folder != Path():
        click.echo(f"  cd {folder.as_posix()}")
    for command, meaning in commands.items():
        click.echo(f"  {command:{max(map(len, commands))}}  {meaning}")


def _write(folder: Path, files: Mapping[str, str]) -> bool:
    """Write files, and say for each what became of it.

    Returns:
        Whether none of them was there before.
    """
    from avrogen.compiler.output import create

    created: list[bool] = []
    for path, text in files.items():
        file = folder / path
        try:
            created.append(create(file, text))
        except OSError as error:
            raise click.ClickException(f"{error.filename}: {error.strerror}") from error
        name = file.as_posix()
        click.echo(f"wrote {name}" if created[-1] else f"left {name} alone, as it is there already")
    return all(created)


def _speaks_of_us(file: Path) -> bool:
    try:
        return "avrogen build" in file.read_text("utf-8")
    except (OSError, UnicodeDecodeError):
        return False
